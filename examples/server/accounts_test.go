package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// newTestHost returns the host of a database, with its administrator.
func newTestHost(t *testing.T, c *clock, name string) *host {
	t.Helper()
	db, err := openDatabase(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.close() })
	cfg, err := parseConfig(t.Context(), []string{"-db", name}, new(buffer))
	if err != nil {
		t.Fatal(err)
	}
	cfg.now = c.now
	h, err := newHost(t.Context(), cfg, db, &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if h.admin, err = h.firstAdministrator(t.Context(), cfg.administrator); err != nil {
		t.Fatal(err)
	}
	if err := h.provision(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestCodes: which codes are taken, and that each is once, in order.
func TestCodes(t *testing.T) {
	t.Parallel()
	c := new(clock)
	c.awaitStep()
	h := newTestHost(t, c, inMemory)
	step := c.step()
	for _, try := range []struct {
		name string
		step int64
		ok   bool
	}{
		{"two steps ago", step - 2, false},
		{"two steps ahead", step + 2, false},
		{"a step ago", step - 1, true},
		{"again", step - 1, false},
		{"a step ahead", step + 1, true},
		{"now, after that", step, false},
	} {
		err := h.accounts.checkCode(t.Context(), h.admin.id, codeAt(t, h.admin.Factor, try.step))
		if ok := err == nil; ok != try.ok || !ok && !errors.Is(err, errWrong) {
			t.Errorf("%s: %v, want %v", try.name, err, try.ok)
		}
	}
}

// TestLock: the sixth of many attempts at once is not judged.
func TestLock(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		c := new(clock)
		h := newTestHost(t, c, b.fresh(t))
		var wrong, locked atomic.Int32
		atOnce(20, func(i int) {
			err := h.accounts.checkCode(t.Context(), h.admin.id, fmt.Sprint("wrong", i))
			if e, ok := errors.AsType[*lockedError](err); ok {
				if e.wait > lockedFor+time.Second { // it read the clock before the one that locked
					t.Errorf("locked for %v", e.wait)
				}
				locked.Add(1)
			} else if errors.Is(err, errWrong) {
				wrong.Add(1)
			} else {
				t.Error(err)
			}
		})
		if wrong.Load() != maxFailures || locked.Load() != 20-maxFailures {
			t.Errorf("%d were judged and %d were not", wrong.Load(), locked.Load())
		}
		c.advance(lockedFor)
		if err := h.accounts.checkCode(t.Context(), h.admin.id, c.code(t, h.admin.Factor)); err != nil {
			t.Error(err)
		}
		if err := h.accounts.checkPassword(t.Context(), h.admin.id, h.admin.Password); err != nil {
			t.Error(err)
		}
		if err := h.accounts.checkPassword(t.Context(), "", h.admin.Password); !errors.Is(err, errWrong) {
			t.Error(err)
		}
	})
}

// TestProver: an administrator proves with a code, the server with what only it knows, nobody else.
func TestProver(t *testing.T) {
	t.Parallel()
	c := new(clock)
	h := newTestHost(t, c, inMemory)
	admin := provider.Actor{Tenant: tenant, Name: adminName}
	code := c.code(t, h.admin.Factor)
	for _, try := range []struct {
		name  string
		actor provider.Actor
		code  string
		want  error
	}{
		{"nobody", provider.Actor{Tenant: tenant, Name: "nobody"}, code, provider.ErrWrongCode},
		{"the server with a code", serverActor(), code, provider.ErrWrongCode},
		{"the server with nothing", serverActor(), "", provider.ErrWrongCode},
		{"an administrator with what the server knows", admin, h.itself, provider.ErrWrongCode},
		{"an administrator", admin, code, nil},
		{"an administrator again", admin, code, provider.ErrWrongCode},
		{"the server", serverActor(), h.itself, nil},
	} {
		if err := h.Verify(t.Context(), try.actor, try.code); !errors.Is(err, try.want) {
			t.Errorf("%s: %v, want %v", try.name, err, try.want)
		}
	}
}

// TestActor: who may administer.
func TestActor(t *testing.T) {
	t.Parallel()
	c := new(clock)
	h := newTestHost(t, c, inMemory)
	ask := func(s session) (provider.Actor, error) {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://127.0.0.1:8080/console/", nil)
		if err := h.sessions.begin(w, r, s); err != nil {
			t.Fatal(err)
		}
		c.advance(time.Second) // a session that began when it was revoked is over
		r.AddCookie(w.Result().Cookies()[0])
		return h.actor(r)
	}
	if _, err := h.actor(httptest.NewRequest("GET", "/console/", nil)); !errors.Is(err, errSignedOut) {
		t.Error(err)
	}
	if _, err := ask(session{User: h.admin.id, Pending: true}); !errors.Is(err, errSignedOut) {
		t.Error("pending:", err)
	}
	if _, err := ask(session{User: h.admin.id, facts: facts{Factor: factorNotAsked}}); !errors.Is(err, errSignedOut) {
		t.Error("without a second factor:", err)
	}
	good := session{User: h.admin.id, facts: facts{Factor: factorGiven}}
	a, err := ask(good)
	if want := (provider.Actor{Tenant: tenant, Name: adminName, From: "192.0.2.1"}); err != nil || a != want {
		t.Error(a, err)
	}
	u, err := h.userNamed(t.Context(), adminName)
	if err != nil {
		t.Fatal(err)
	}
	u.Administrator = false
	if u, err = h.db.stores.Users.UpdateUser(t.Context(), tenant, u); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(good); !errors.Is(err, errNoAdministrator) {
		t.Error("no administrator:", err)
	}
	u.Administrator, u.Active = true, false
	if _, err = h.db.stores.Users.UpdateUser(t.Context(), tenant, u); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(good); !errors.Is(err, errSignedOut) {
		t.Error("inactive:", err)
	}
}

// TestFactorHint: the code is shown to the administrator of a first look, and to nobody else.
func TestFactorHint(t *testing.T) {
	t.Parallel()
	c := new(clock)
	h := newTestHost(t, c, inMemory)
	hint := func(user string) string {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://127.0.0.1:8080/console/", nil)
		if err := h.sessions.begin(w, r, session{User: user, Pending: true}); err != nil {
			t.Fatal(err)
		}
		c.advance(time.Second)
		r.AddCookie(w.Result().Cookies()[0])
		return h.factorHint(r)
	}
	if got := hint(h.admin.id); got != "" {
		t.Errorf("without a first look it shows %q", got)
	}
	h.admin.demo = true
	if got := hint(h.admin.id); got == "" || h.accounts.checkCode(t.Context(), h.admin.id, got) != nil {
		t.Errorf("it shows %q, which is not taken", got)
	}
	other, err := h.db.stores.Users.CreateUser(t.Context(), tenant, scim.User{Meta: scim.Meta{ID: "other"}, UserName: "other@acme.example", Active: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := hint(other.ID); got != "" {
		t.Errorf("it shows %q to somebody else", got)
	}
	if got := h.factorHint(httptest.NewRequest("GET", "/", nil)); got != "" {
		t.Errorf("it shows %q to whom nobody knows", got)
	}
}

// TestTakenName: where the administrator's name is somebody else's, nobody is given a password, and the server
// goes on.
func TestTakenName(t *testing.T) {
	t.Parallel()
	name := freshFile(t)
	db, err := openDatabase(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.stores.Users.CreateUser(t.Context(), tenant, scim.User{Meta: scim.Meta{ID: "1", ManagedBy: idpID}, UserName: adminName, SSO: true, Active: true}); err != nil {
		t.Fatal(err)
	}
	db.close()
	s := start(t, "-db", name)
	if s.ConsolePassword != "" || !strings.Contains(s.stderr.String(), "nobody can administer") {
		t.Errorf("%+v\n%s", s.ready, s.stderr)
	}
	stdout, stderr := new(buffer), new(buffer)
	if code := run(t.Context(), []string{"admin", "reset", "-db", name}, stdout, stderr); code != exitFailed || !oneSentence(stderr.String()) || !strings.Contains(stderr.String(), "not an administrator") {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestKill: which sessions end.
func TestKill(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		h := newTestHost(t, new(clock), b.fresh(t))
		for _, c := range []struct {
			kill provider.Kill
			left string
		}{
			{provider.Kill{User: "u"}, "v-p-1 v-q-2"},
			{provider.Kill{Provider: "p"}, "u--  u-q-1 v-q-2"},
			{provider.Kill{User: "u", Provider: "p"}, "u--  u-q-1 v-p-1 v-q-2"},
			{provider.Kill{Provider: "p", User: "u", Sessions: []string{"2", "3"}}, "u--  u-p-1 u-q-1 v-p-1 v-q-2"},
			{provider.Kill{User: "nobody"}, "u--  u-p-1 u-p-2 u-q-1 v-p-1 v-q-2"},
		} {
			if _, err := h.db.own.Exec("DELETE FROM server_sessions"); err != nil {
				t.Fatal(err)
			}
			for _, s := range []session{{User: "u"}, {User: "u", Provider: "p", SessionIndex: "1"}, {User: "u", Provider: "p", SessionIndex: "2"},
				{User: "u", Provider: "q", SessionIndex: "1"}, {User: "v", Provider: "p", SessionIndex: "1"}, {User: "v", Provider: "q", SessionIndex: "2"}} {
				if err := h.sessions.begin(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), s); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.sessions.Kill(t.Context(), c.kill); err != nil {
				t.Fatal(err)
			}
			rows, err := h.db.own.Query("SELECT user_id, provider, session_index FROM server_sessions")
			if err != nil {
				t.Fatal(err)
			}
			var left []string
			for rows.Next() {
				var u, p, i string
				if err := rows.Scan(&u, &p, &i); err != nil {
					t.Fatal(err)
				}
				left = append(left, u+"-"+p+"-"+i)
			}
			rows.Close()
			slices.Sort(left)
			if got, want := strings.Join(left, " "), strings.Join(strings.Fields(c.left), " "); got != want {
				t.Errorf("after %+v there are %s, want %s", c.kill, got, want)
			}
		}
		if err := h.sessions.Kill(t.Context(), provider.Kill{}); err == nil {
			t.Error("everything was killed")
		}
	})
}

// TestRoles: those from an identity provider are replaced, others stay.
func TestRoles(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		h := newTestHost(t, new(clock), b.fresh(t))
		if _, err := h.db.own.Exec("INSERT INTO server_roles (user_id, role, provisioned) VALUES ('u', 'viewer', 0)"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			set     []string
			changed bool
			want    string
		}{
			{nil, false, "Viewer"},
			{[]string{"auditor", "help-desk"}, true, "Auditor, Help desk, Viewer"},
			{[]string{"help-desk", "auditor"}, false, "Auditor, Help desk, Viewer"},
			{[]string{"help-desk", "viewer"}, true, "Help desk, Viewer"},
			{nil, true, "Viewer"},
		} {
			changed, err := h.roles.SetProvisioned(t.Context(), tenant, "u", c.set)
			if err != nil || changed != c.changed {
				t.Errorf("%v: %v %v", c.set, changed, err)
			}
			names, err := h.roles.of(t.Context(), "u")
			if got := strings.Join(names, ", "); err != nil || got != c.want {
				t.Errorf("%v: %s %v, want %s", c.set, got, err, c.want)
			}
		}
	})
}

// TestPrune: what is over is forgotten.
func TestPrune(t *testing.T) {
	t.Parallel()
	c := new(clock)
	h := newTestHost(t, c, inMemory)
	if err := h.sessions.begin(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), session{User: "u"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.accounts.newLink(t.Context(), "u"); err != nil {
		t.Fatal(err)
	}
	left := func() (n int) {
		t.Helper()
		if err := h.db.own.QueryRow("SELECT (SELECT count(*) FROM server_sessions) + (SELECT count(*) FROM server_links)").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, want := range []int{2, 0} {
		if err := errors.Join(h.sessions.prune(t.Context()), h.accounts.prune(t.Context())); err != nil {
			t.Fatal(err)
		}
		if n := left(); n != want {
			t.Errorf("%d are left, want %d", n, want)
		}
		c.advance(sessionFor)
	}
}

// TestSealed: a secret is that of one user and one use.
func TestSealed(t *testing.T) {
	seal := []byte(strings.Repeat("s", 32))
	ring := provider.KeyRing{Seal: [][]byte{seal}}
	s := newSealer(ring, "one")
	sealed := s.seal("secret", "ada")
	rotated := newSealer(provider.KeyRing{Seal: [][]byte{[]byte(strings.Repeat("t", 32)), seal}}, "one")
	if text, err := rotated.open(sealed, "ada"); err != nil || text != "secret" {
		t.Error(text, err)
	}
	for name, open := range map[string]func() (string, error){
		"another user": func() (string, error) { return s.open(sealed, "grace") },
		"another use":  func() (string, error) { return newSealer(ring, "two").open(sealed, "ada") },
		"not sealed":   func() (string, error) { return s.open("secret", "ada") },
		"cut off":      func() (string, error) { return s.open(sealed[:8], "ada") },
	} {
		if text, err := open(); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// TestHashes: of the same password they differ, and match it alone.
func TestHashes(t *testing.T) {
	h := newHasher()
	a, err1 := h.hash(t.Context(), "correct horse")
	b, err2 := h.hash(t.Context(), "correct horse")
	if err1 != nil || err2 != nil || a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(a, b, err1, err2)
	}
	for _, c := range []struct {
		hash, password string
		want, broken   bool
	}{
		{a, "correct horse", true, false}, {a, "correct horse ", false, false}, {a, "", false, false}, {"", "", false, false},
		{"$argon2id$v=19$m=1,t=2,p=1$AAAA$AAAA", "", false, true}, {strings.TrimSuffix(a, a[len(a)-4:]), "correct horse", false, true},
	} {
		if got, err := h.matches(t.Context(), c.hash, c.password); got != c.want || (err != nil) != c.broken {
			t.Errorf("%q %q: %v %v", c.hash, c.password, got, err)
		}
	}
	for range maxHashing {
		h.free <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := h.hash(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("more are hashed at once than there is memory for:", err)
	}
}

// TestLimiter: a burst, then one at a time; memory is bounded.
func TestLimiter(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimiter(2, time.Second, func() time.Time { return now })
	for i, c := range []struct {
		later, wait time.Duration
	}{{0, 0}, {0, 0}, {0, time.Second}, {500 * time.Millisecond, 500 * time.Millisecond}, {500 * time.Millisecond, 0}, {0, time.Second}, {time.Hour, 0}, {0, 0}, {0, time.Second}} {
		now = now.Add(c.later)
		if wait := l.take("a"); wait != c.wait {
			t.Errorf("%d: wait %v, want %v", i, wait, c.wait)
		}
	}
	if l.forget("a"); l.take("a") != 0 {
		t.Error("not forgotten")
	}
	for i := range 3 * maxBuckets {
		l.take(fmt.Sprint(i))
	}
	if len(l.full) > maxBuckets {
		t.Errorf("%d are remembered", len(l.full))
	}
}

func TestAddressKey(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "pipe": "pipe",
	} {
		if got := addressKey(addr); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

// TestFrom: only proxies that are trusted are believed, and nothing that stands before what they say.
func TestFrom(t *testing.T) {
	h := &host{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	for _, c := range []struct {
		remote, header, want string
	}{
		{"192.0.2.1:1", "", "192.0.2.1"},
		{"192.0.2.1:1", "198.51.100.1", "192.0.2.1"},
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"[::1]:1", "198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:1", "203.0.113.9, 198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "evil", "10.0.0.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"198.51.100.1", "", "198.51.100.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.header != "" {
			r.Header = http.Header{"X-Forwarded-For": {c.header}, "X-Forwarded-Host": {"acme.example.com"}}
		}
		if got := h.from(r); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
		believed := h.requestHost(r) == "acme.example.com"
		if want := c.header != "" && !strings.HasPrefix(c.remote, "192"); believed != want {
			t.Errorf("%+v: the host is believed: %v", c, believed)
		}
	}
}
