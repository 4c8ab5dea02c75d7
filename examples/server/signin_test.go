package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
)

// TestSignInByLink: the first five minutes. The printed link signs in once, after a button is pressed, and the
// page has the code.
func TestSignInByLink(t *testing.T) {
	t.Parallel()
	c := new(clock)
	c.awaitStep()
	s := startWith(t, c.into)
	link := linkIn(t, s.stdout.String())
	preview := newBrowser(t, s.base())
	for range 2 { // a program that looks at links
		preview.wants(preview.get(link), 200, linkPath, "<button")
	}
	preview.wants(preview.get("/"), 200, "/", "SCIM 2.0 is served at")

	b := newBrowser(t, s.base())
	got := b.post(linkPath, "t", tokenIn(link))
	code := codeAt(t, s.TOTPSecret, c.step())
	b.wants(got, 200, factorPath, "First look on this machine", code)
	b.wants(b.get("/console/"), 200, factorPath)
	b.wants(b.get(homePath), 200, factorPath) // nothing else is open yet
	before := b.cookie(sessionCookie)
	b.wants(b.post(factorPath, "code", code[:3]+" "+code[3:]), 200, checklistPath)
	if after := b.cookie(sessionCookie); after == before || after == "" {
		t.Error("the token of the session is the one from before the second factor")
	}
	b.wants(b.get(homePath), 200, homePath, "You are "+adminName, "a sign-in link", "given here", "Technician")
	b.wants(b.get(factorPath), 200, checklistPath)

	again := newBrowser(t, s.base())
	again.wants(again.post(linkPath, "t", tokenIn(link)), 403, linkPath, "works once")
	again.wants(again.get("/sign-in/link?t=%22%3E%3Cscript%3E"), 200, linkPath, "&#34;&gt;&lt;script&gt;")

	// The code was used, so the page shows the next one, and then none.
	b = newBrowser(t, s.base())
	got = b.password(s.ConsolePassword)
	next := codeAt(t, s.TOTPSecret, c.step()+1)
	b.wants(got, 200, factorPath, next)
	b.wants(b.post(factorPath, "code", code), 401, factorPath, "each works once")
	b.wants(b.post(factorPath, "code", next), 200, checklistPath)
	b = newBrowser(t, s.base())
	b.wants(b.password(s.ConsolePassword), 200, factorPath, "Reload this page in half a minute")
	c.advance(30 * time.Second)
	b.wants(b.get(factorPath), 200, factorPath, codeAt(t, s.TOTPSecret, c.step()+1))
}

// cookie returns the value of a cookie, "" if there is none.
func (b *browser) cookie(name string) string {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.http.Jar.Cookies(r.URL) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// TestOldLink: a link is good for fifteen minutes.
func TestOldLink(t *testing.T) {
	t.Parallel()
	c := new(clock)
	s := startWith(t, c.into)
	c.advance(linkFor + time.Second)
	b := newBrowser(t, s.base())
	b.wants(b.post(linkPath, "t", tokenIn(linkIn(t, s.stdout.String()))), 403, linkPath)
}

// TestSignInByPassword: whatever is wrong is one sentence, and five wrong codes lock the account.
func TestSignInByPassword(t *testing.T) {
	t.Parallel()
	c := new(clock)
	c.awaitStep()
	s := startWith(t, c.into)
	createAda(t, s)
	b := newBrowser(t, s.base())
	b.wants(b.get("/sign-in?way=password&return=/console/x%3Fa=b"), 200, signInPath, `<label for="password">`, `value="/console/x?a=b"`)
	for _, login := range []string{adminName, "nobody@acme.example", "ada@example.com"} {
		got := b.post(signInPath, "login", login, "password", "wrong")
		b.wants(got, 401, signInPath, notSignedIn)
	}
	b.wants(b.post(signInPath, "login", adminName, "password", s.ConsolePassword, "return", "/console/x?a=b"), 200, factorPath)
	for range maxFailures - 1 { // the password that was wrong counts too
		b.wants(b.post(factorPath, "code", "00000x"), 401, factorPath, "was not taken")
	}
	got := b.post(factorPath, "code", c.code(t, s.TOTPSecret))
	b.wants(got, 429, factorPath, "Wait 5 minutes")
	if got.header.Get("Retry-After") == "" {
		t.Errorf("there is no Retry-After: %v", got.header)
	}
	other := newBrowser(t, s.base())
	other.wants(other.password(s.ConsolePassword), 401, signInPath, notSignedIn)
	c.advance(lockedFor + time.Second)
	b.wants(b.post(factorPath, "code", c.code(t, s.TOTPSecret), "return", "/console/x?a=b"), 404, "/console/x")
}

// TestPasswordBuysNoCodes: who knows the password has no more attempts at the code than five.
func TestPasswordBuysNoCodes(t *testing.T) {
	t.Parallel()
	c := new(clock)
	s := startWith(t, c.into)
	b := newBrowser(t, s.base())
	for n := range maxFailures {
		b.post(signOutPath)
		b.wants(b.password(s.ConsolePassword), 200, factorPath)
		b.wants(b.post(factorPath, "code", fmt.Sprint("wrong", n)), 401, factorPath)
	}
	b.post(signOutPath)
	b.wants(b.password(s.ConsolePassword), 401, signInPath)
}

// TestDiscovery: the e-mail address says which way, and a form is never redirected to another site.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t, s.base())
	b.wants(b.get(signInPath), 200, signInPath, `<label for="login">`, "way=password")
	start := s.base() + "/sso/entra/start?return=%2Fhome"
	got := b.post(signInPath, "login", "nobody@example.com", "return", "/home")
	b.wants(got, 200, signInPath, "Continue to your identity provider", `href="`+start+`"`, `content="0;url=`+start+`"`)
	b.wants(b.post(signInPath, "login", " "), 422, signInPath, "Enter your e-mail address")
}

// TestSSO: somebody who was provisioned comes home through the offline identity provider, and is out as soon as
// SCIM says so.
func TestSSO(t *testing.T) {
	t.Parallel()
	db := filepath.Join(t.TempDir(), "test.db")
	s := start(t, "-db", db)
	createAda(t, s)
	client, status, page := browse(t, s, "ada@example.com")
	if status != 200 {
		t.Fatalf("%d %s", status, page)
	}
	for _, want := range []string{"Ada Lovelace", "Harbor Dental", "End user", "single sign-on through example.com", "NameID", "not asked for", "here alone"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %q:\n%s", want, page)
		}
	}
	b := newBrowser(t, s.base())
	b.http.Jar = client.Jar
	b.wants(b.get("/"), 200, homePath)

	rows := func() (n int) {
		if err := openDB(t, "sqlite", sqlstore.DSN(db)).QueryRow("SELECT count(*) FROM server_sessions").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := rows(); n != 1 {
		t.Errorf("%d sessions are kept, want 1", n)
	}
	_, list := s.send(t, "GET", "/Users?filter=userName%20eq%20%22ada@example.com%22", "")
	id := list[strings.Index(list, `"id":"`)+6:]
	id = id[:strings.Index(id, `"`)]
	if status, body := s.send(t, "PATCH", "/Users/"+id, `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}`); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if n := rows(); n != 0 {
		t.Errorf("%d sessions are kept, want none", n)
	}
	b.wants(b.get(homePath), 200, signInPath)
}

// TestEnrollment: a technician who comes through the identity provider chooses a second factor, once.
func TestEnrollment(t *testing.T) {
	t.Parallel()
	c := new(clock)
	s := startWith(t, c.into)
	if status, body := s.send(t, "POST", "/Users", strings.ReplaceAll(strings.Replace(newcomer, "endUser", "Technician", 1), `"organizationId": "101", `, "")); status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	client, _, page := browse(t, s, "ada@example.com")
	_, secret, _ := strings.Cut(page, "secret=")
	secret, _, _ = strings.Cut(secret, "&")
	b := newBrowser(t, s.base())
	b.http.Jar = client.Jar
	b.wants(b.get(homePath), 200, factorPath, "Set up your second factor", "otpauth://totp/Acme:ada@example.com?secret="+secret, "data:image/png;base64,")
	b.wants(b.post(factorPath, "code", "1"), 401, factorPath, secret)
	b.wants(b.post(factorPath, "code", c.code(t, secret), "return", homePath), 200, homePath, "given here")

	c.advance(time.Minute)
	client, _, page = browse(t, s, "ada@example.com")
	if strings.Contains(page, "secret") || !strings.Contains(page, "authenticator app shows for ada@example.com") {
		t.Errorf("the second time it shows\n%s", page)
	}
	b.http.Jar = client.Jar
	b.wants(b.post(factorPath, "code", c.code(t, secret), "return", homePath), 200, homePath)
}

// TestTwoServers: they share sessions, and of two that are given one code at once, one takes it.
func TestTwoServers(t *testing.T) {
	onEach(t, func(t *testing.T, backend backend) {
		c := new(clock)
		c.awaitStep()
		db := backend.fresh(t)
		one := startWith(t, c.into, "-db", db)
		two := startWith(t, c.into, "-db", db)
		if two.ConsolePassword != "" || !strings.Contains(two.stdout.String(), "server admin reset") || strings.Contains(two.stdout.String(), linkPath) {
			t.Errorf("the second one takes the database for new: %+v\n%s", two.ready, two.stdout)
		}
		browsers := [2]*browser{newBrowser(t, one.base()), newBrowser(t, two.base())}
		for _, b := range browsers {
			b.wants(b.password(one.ConsolePassword), 200, factorPath)
		}
		for range 3 {
			code := c.code(t, one.TOTPSecret)
			var all sync.WaitGroup
			var passed [2]bool
			for i, b := range browsers {
				all.Go(func() { passed[i] = b.post(factorPath, "code", code).path == checklistPath })
			}
			all.Wait()
			if passed[0] == passed[1] {
				t.Fatalf("%v took the code", passed)
			}
			first := browsers[0]
			if passed[1] {
				first = browsers[1]
			}
			first.wants(first.get(one.base()+homePath), 200, homePath, "You are "+adminName)
			first.wants(first.get(two.base()+homePath), 200, homePath, "You are "+adminName)
			first.wants(first.post(one.base()+signOutPath), 200, "/")
			first.wants(first.get(two.base()+homePath), 200, signInPath)
			first.wants(first.password(one.ConsolePassword), 200, factorPath)
			c.advance(30 * time.Second)
		}
	})
}

// TestStartTogether: of servers that start at once on an empty database, one makes the administrator.
func TestStartTogether(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		p, file := launch(t, db)
		q, other := launch(t, db)
		p.await(t, file)
		q.await(t, other)
		if (p.ConsolePassword == "") == (q.ConsolePassword == "") {
			t.Errorf("%q and %q; want one password", p.ConsolePassword, q.ConsolePassword)
		}
	})
}

// TestSessionEnds: by time, and where it waits for the second factor soon.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	c := new(clock)
	s := startWith(t, c.into)
	b := newBrowser(t, s.base())
	b.wants(b.password(s.ConsolePassword), 200, factorPath)
	c.advance(pendingFor + time.Second)
	b.wants(b.post(factorPath, "code", c.code(t, s.TOTPSecret)), 200, signInPath)
	b.wants(b.password(s.ConsolePassword), 200, factorPath)
	b.wants(b.post(factorPath, "code", c.code(t, s.TOTPSecret)), 200, checklistPath)
	c.advance(sessionFor - time.Minute)
	b.wants(b.get(homePath), 200, homePath)
	c.advance(2 * time.Minute)
	b.wants(b.get(homePath), 200, signInPath)
}

// TestAdminResetWhileManaged: who was taken over by an identity provider, and signs in with a password still, is
// not locked out when that provider is down.
func TestAdminResetWhileManaged(t *testing.T) {
	t.Parallel()
	h := newTestHost(t, new(clock), freshFile(t))
	u, err := administratorOf(t.Context(), h.db.stores, h.now())
	if err != nil {
		t.Fatal(err)
	}
	u.ManagedBy = idpID
	if _, err := h.db.stores.Users.UpdateUser(t.Context(), tenant, u); err != nil {
		t.Fatal(err)
	}
	if got, err := administratorOf(t.Context(), h.db.stores, h.now()); err != nil || got.ID != u.ID {
		t.Errorf("%q %v", got.ID, err)
	}
}

// TestAdminReset: a running server takes the new credentials, and not the old ones; sessions are over.
func TestAdminReset(t *testing.T) {
	onEach(t, func(t *testing.T, backend backend) {
		db := backend.fresh(t)
		s := start(t, "-db", db)
		c := new(clock)
		b := newBrowser(t, s.base())
		b.wants(b.password(s.ConsolePassword), 200, factorPath)
		b.wants(b.post(factorPath, "code", c.code(t, s.TOTPSecret)), 200, checklistPath)

		stdout, stderr := new(buffer), new(buffer)
		if code := run(t.Context(), []string{"admin", "reset", "-db", db, "-base-url", s.base()}, stdout, stderr); code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		b.wants(b.get(homePath), 200, signInPath)
		b.wants(b.password(s.ConsolePassword), 401, signInPath)
		old := linkIn(t, s.stdout.String())
		b.wants(b.post(linkPath, "t", tokenIn(old)), 403, linkPath)

		fields := strings.Fields(stdout.String())
		word := func(after string) string {
			for i, f := range fields {
				if f == after && i+1 < len(fields) {
					return fields[i+1]
				}
			}
			return ""
		}
		b.wants(b.password(word("Password")), 200, factorPath)
		b.wants(b.post(signOutPath), 200, "/")
		link := linkIn(t, stdout.String())
		if !strings.HasPrefix(link, s.base()) {
			t.Errorf("the link is %s", link)
		}
		b.wants(b.post(linkPath, "t", tokenIn(link)), 200, factorPath)
		b.wants(b.post(factorPath, "code", c.code(t, word("secret"))), 200, checklistPath)
	})
}

// TestAdminCommand: what cannot be reset is a sentence.
func TestAdminCommand(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
		code int
	}{
		{"admin", "server admin reset", exitUsage},
		{"admin delete", "server admin reset", exitUsage},
		{"admin reset -db memory", "nobody else can reset", exitUsage},
		{"admin reset -db /does/not/exist", "there is no database", exitFailed},
	} {
		stdout, stderr := new(buffer), new(buffer)
		if code := run(t.Context(), strings.Fields(c.args), stdout, stderr); code != c.code || !oneSentence(stderr.String()) || !strings.Contains(stderr.String(), c.want) || stdout.String() != "" {
			t.Errorf("%s: exit code %d, %q", c.args, code, stderr)
		}
	}
}

// TestRateLimit: an address has so many attempts, whoever it says it is; a proxy that is trusted speaks for
// others.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	c := &clock{frozen: time.Now()}
	s := startWith(t, c.into, "-trust-proxy", "127.0.0.0/8")
	b := newBrowser(t, s.base())
	try := func(from string, n int) seen {
		return b.send("POST", signInPath, []string{"login", fmt.Sprintf("somebody%d@acme.example", n), "password", "wrong"}, http.Header{"X-Forwarded-For": {from}})
	}
	for n := range addressBurst {
		if got := try("192.0.2.1, 198.51.100.1", n); got.status != 401 {
			t.Fatalf("attempt %d: %d", n, got.status)
		}
	}
	got := try("192.0.2.2, 198.51.100.1", 0) // what the proxy has not seen itself does not count
	b.wants(got, 429, signInPath, "Too many attempts")
	if got.header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
	}
	b.wants(try("198.51.100.2", 0), 401, signInPath)
	c.advance(addressEvery)
	b.wants(try("198.51.100.1", 1), 401, signInPath)

	// One name, known or not, has fewer.
	for _, login := range []string{adminName, "nobody@acme.example"} {
		for n := range loginBurst + 1 {
			from := http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d", n)}}
			got = b.send("POST", signInPath, []string{"login", login, "password", "wrong"}, from)
		}
		b.wants(got, 429, signInPath)
	}
}

// TestSecretsAreNotLogged signs in in all ways with -v.
func TestSecretsAreNotLogged(t *testing.T) {
	t.Parallel()
	c := new(clock)
	s := startWith(t, c.into, "-v")
	createAda(t, s)
	link := linkIn(t, s.stdout.String())
	b := newBrowser(t, s.base())
	b.get(link)
	b.post(linkPath, "t", tokenIn(link))
	secrets := []string{tokenIn(link), s.ConsolePassword, s.TOTPSecret, s.SCIMToken, b.cookie(sessionCookie), "mistyped"}
	code := c.code(t, s.TOTPSecret)
	b.post(factorPath, "code", code)
	secrets = append(secrets, b.cookie(sessionCookie), code)
	b.post(signOutPath)
	b.post(signInPath, "login", "mistyped", "password", "mistyped")
	b.password(s.ConsolePassword)
	secrets = append(secrets, b.cookie(sessionCookie))
	b.post(factorPath, "code", code)
	browse(t, s, "ada@example.com")
	b.get(consolePath + "/setup/open/ghsetup_p.l.NOBODYKNOWS")
	secrets = append(secrets, "NOBODYKNOWS")
	s.stop(t)
	log := s.stderr.String()
	if !strings.Contains(log, "path="+linkPath) {
		t.Errorf("the log has no requests:\n%s", log)
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(log, secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
}

// TestSignOut: the session ends here at once, and then at the identity provider, which is asked by a page since
// no form may lead to another site.
func TestSignOut(t *testing.T) {
	t.Parallel()
	s := start(t)
	createAda(t, s)
	client, _, _ := browse(t, s, "ada@example.com")
	b := newBrowser(t, s.base())
	b.http.Jar = client.Jar
	var visited []string
	b.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		visited = append(visited, r.URL.Path)
		return nil
	}
	b.wants(b.post(signOutPath), 200, signOutPath, "You have signed out here", `content="0;url=`+leavePath+`"`)
	b.wants(b.get(homePath), 200, signInPath)
	visited = nil
	got := b.get(leavePath)
	if way := fmt.Sprint(visited, got.body); !strings.Contains(way, idpPath) {
		t.Errorf("the identity provider is not asked: %s", way)
	}
	if b.cookie(leavingCookie) != "" {
		t.Error("the cookie is still there")
	}
	b.wants(b.get(leavePath), 200, "/", "Sign in")
}
