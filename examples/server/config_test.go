package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestEnvironment: each flag may be in the environment, and a flag wins.
func TestEnvironment(t *testing.T) {
	t.Setenv("GATEHOUSE_BASE_URL", "https://Acme.example.com:443/")
	t.Setenv("GATEHOUSE_RATE", "30")
	t.Setenv("GATEHOUSE_DEMO", "true")
	t.Setenv("GATEHOUSE_TRUST_PROXY", "10.1.2.3/8, ::1")
	t.Setenv("GATEHOUSE_DB", "other.db")
	c, err := parseConfig(t.Context(), []string{"-db", "mine.db"}, new(buffer))
	if err != nil || c.base != "https://acme.example.com" || c.url != "https://acme.example.com/ws/scim/v2" || c.rate != 30 || !c.demo || c.db != "mine.db" {
		t.Errorf("%+v %v", c, err)
	}
	if len(c.proxies) != 2 || c.proxies[0].String() != "10.0.0.0/8" || c.proxies[1].String() != "::1/128" {
		t.Errorf("proxies %v", c.proxies)
	}
	t.Setenv("GATEHOUSE_RATE", "secret")
	if _, err := parseConfig(t.Context(), nil, new(buffer)); err == nil || !strings.Contains(err.Error(), "GATEHOUSE_RATE") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// TestGivenCredentials: what a container is given for a new database is used, and not printed.
func TestGivenCredentials(t *testing.T) {
	const password, factor = "correct horse battery", "JBSWY3DPEHPK3PXPJBSWY3DPEH"
	t.Setenv(passwordVariable, password)
	t.Setenv(factorVariable, strings.ToLower(factor[:4])+" "+factor[4:])
	db := filepath.Join(t.TempDir(), "test.db")
	s := start(t, "-db", db)
	if s.ConsolePassword != password || s.TOTPSecret != factor {
		t.Errorf("the ready file has %q and %q", s.ConsolePassword, s.TOTPSecret)
	}
	if out := s.stdout.String(); strings.Contains(out, password) || strings.Contains(out, factor) || !strings.Contains(out, passwordVariable) {
		t.Errorf("it printed\n%s", out)
	}
	b := newBrowser(t, s.base())
	b.wants(b.password(password), 200, factorPath)
	b.wants(b.post(factorPath, "code", new(clock).code(t, factor)), 200, checklistPath)
	s.stop(t)

	t.Setenv(passwordVariable, "another one that is long enough")
	again := start(t, "-db", db) // it is not new any more
	if again.ConsolePassword != "" || again.TOTPSecret != "" {
		t.Errorf("the second start says %+v", again.ready)
	}
	b = newBrowser(t, again.base())
	b.wants(b.password("another one that is long enough"), 401, signInPath)
	got := b.password(password)
	b.wants(got, 200, factorPath)
	if strings.Contains(got.body, "First look") {
		t.Error("a database that is not new shows codes")
	}
	for _, c := range []struct{ name, value, want string }{
		{passwordVariable, "short", "5 characters"}, {passwordVariable, strings.Repeat("x", maxPassword+1), "more than"},
		{factorVariable, "not base32!", "base32"}, {factorVariable, "JBSWY3DP", "base32"},
	} {
		t.Setenv(passwordVariable, "")
		t.Setenv(factorVariable, "")
		t.Setenv(c.name, c.value)
		if _, err := parseConfig(t.Context(), nil, new(buffer)); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), c.value) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestBehindProxy: what others can reach shows no code, prints no link, and has no identity provider that
// believes everybody, unless somebody asks for that; the token works.
func TestBehindProxy(t *testing.T) {
	t.Parallel()
	s := start(t, "-base-url", "https://acme.example.com")
	out := s.stdout.String()
	if s.LoginURL != "" || s.IdPURL != "" || strings.Contains(out, linkPath) || s.ConsoleURL != "https://acme.example.com/console/" || !strings.Contains(out, s.ConsolePassword) {
		t.Errorf("%+v\n%s", s.ready, out)
	}
	s.SCIMURL = "http://" + s.Addr + scimPath
	if status, body := s.send(t, "POST", "/Users", newcomer); status != 201 {
		t.Errorf("%d %s", status, body)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+s.Addr+signInPath, strings.NewReader("login="+adminName+"&password="+s.ConsolePassword))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "acme.example.com" // as a proxy preserves it
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	if w.StatusCode != 303 || w.Header.Get("Location") != factorPath || len(w.Cookies()) != 1 || !w.Cookies()[0].Secure {
		t.Errorf("%d %v", w.StatusCode, w.Header)
	}

	demo := start(t, "-addr", "0.0.0.0:0", "-base-url", "http://127.0.0.1:1", "-demo", "-drain", "0")
	if demo.LoginURL == "" || strings.Contains(demo.stdout.String(), linkPath) {
		t.Errorf("%+v\n%s", demo.ready, demo.stdout)
	}
}

// TestProbes: what a container runtime asks.
func TestProbes(t *testing.T) {
	t.Parallel()
	c := new(clock)
	h := newTestHost(t, c, inMemory)
	handler := newHandler(h, nil, false)
	ask := func(path string) (int, string) { return probe(t, handler, path) }
	if status, body := ask(livePath); status != 200 || body != "ok\n" {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := ask(readyPath); status != 200 {
		t.Errorf("ready: %d", status)
	}
	h.ending.Store(true)
	if status, _ := ask(readyPath); status != 503 {
		t.Errorf("while it ends: %d", status)
	}
	h.ending.Store(false)
	if err := h.db.own.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := ask(readyPath); status != 503 {
		t.Errorf("without a database: %d", status)
	}
	if status, _ := ask(livePath); status != 200 {
		t.Errorf("alive without a database: %d", status)
	}
}

// TestProvisionOnce: what was said at a start is the provider's, until another start says otherwise;
// what an administrator has turned off stays off.
func TestProvisionOnce(t *testing.T) {
	t.Parallel()
	h := newTestHost(t, new(clock), inMemory)
	actor := serverActor()
	organization := func() string {
		p, err := h.Provider(t.Context(), actor, idpID)
		if err != nil {
			t.Fatal(err)
		}
		return p.Provisioning.DefaultOrganization
	}
	for _, c := range []struct{ given, want string }{{"102", "102"}, {"", "102"}, {"103", "103"}} {
		if err := h.provision(t.Context(), c.given); err != nil || organization() != c.want {
			t.Errorf("%q: %q, %v", c.given, organization(), err)
		}
	}
	proof, err := h.Prove(t.Context(), actor, "disable_scim", idpID, h.itself)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.DisableSCIM(t.Context(), actor, idpID, proof); err != nil {
		t.Fatal(err)
	}
	if err := h.provision(t.Context(), "103"); err != nil {
		t.Fatal(err)
	}
	if p, err := h.Provider(t.Context(), actor, idpID); err != nil || p.SCIM {
		t.Errorf("provisioning is on again: %v", err)
	}
}

// TestPrintsSoon: the first five minutes begin within a second or two, on a machine that does other things too.
func TestPrintsSoon(t *testing.T) {
	began := time.Now()
	start(t, "-db", filepath.Join(t.TempDir(), "test.db"))
	t.Logf("it printed after %v", time.Since(began))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestServiceTokens: a token that an administrator makes works beside the one of the demo.
func TestServiceTokens(t *testing.T) {
	t.Parallel()
	c := new(clock)
	h := newTestHost(t, c, inMemory)
	proof, err := h.Prove(t.Context(), serverActor(), "new_token", idpID, h.itself)
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := h.NewToken(t.Context(), serverActor(), idpID, proof)
	if err != nil {
		t.Fatal(err)
	}
	handler := newHandler(h, nil, false)
	for token, want := range map[string]int{secret.Reveal(): 200, "ghs_AAAAAAAAAAAAAAAAAAAA": 401} {
		if status := probeWith(t, handler, "/ws/scim/v2/Users", token); status != want {
			t.Errorf("%d, want %d", status, want)
		}
	}
}

// probe asks a handler for a path at its own address.
func probe(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:8080"+path, nil))
	return w.Code, w.Body.String()
}

// probeWith asks with a token.
func probeWith(t *testing.T, h http.Handler, path, token string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:8080"+path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}
