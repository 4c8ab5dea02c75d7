package provider_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// tenant is the one that tests are about, where one will do.
const tenant scim.TenantID = "acme"

// goodCode is the second factor of everybody.
const goodCode = "123456"

var admin = provider.Actor{Tenant: tenant, Name: "root@acme.example", From: "192.0.2.1"}

// began is when tests begin.
var began = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// A clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// keys are made once: it takes a while.
var keys = sync.OnceValue(func() provider.KeyRing {
	k, err := provider.NewKeyRing("test", began)
	if err != nil {
		panic(err)
	}
	return k
})

// A host is a backend with a Service.
type host struct {
	*provider.Service
	t      testing.TB
	clock  *clock
	config provider.Config
	server *httptest.Server
	url    string
	keys   *provider.StaticKeys

	mu       sync.Mutex
	sessions map[string]provider.SignIn // by cookie
	killed   []provider.Kill
	killFail error // of the next kills
	starts   error // of the next sessions
}

// newHost returns a host that is served on a loopback address. change may change its configuration.
func newHost(t testing.TB, change ...func(*provider.Config)) *host {
	t.Helper()
	h := &host{t: t, clock: &clock{now: began}, sessions: map[string]provider.SignIn{}}
	h.server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.server.Close)
	h.url = h.server.URL
	users := new(scim.MemoryStore)
	var err error
	if h.keys, err = provider.NewStaticKeys(keys()); err != nil {
		t.Fatal(err)
	}
	h.config = provider.Config{
		Store: new(provider.MemoryStore), Stores: scim.Stores{Users: users, Groups: users},
		Replays: saml.NewMemoryReplays(0, h.clock.Now),
		URLs: func(_ context.Context, id scim.TenantID) (provider.URLs, error) {
			return provider.URLs{Native: h.url}, nil
		},
		Keys: h.keys, Sessions: h, Prover: h, Tenant: func(*http.Request) (scim.TenantID, error) { return tenant, nil },
		Now: h.clock.Now, AllowLoopbackInsecure: true,
	}
	for _, f := range change {
		f(&h.config)
	}
	if h.Service, err = provider.New(h.config); err != nil {
		t.Fatal(err)
	}
	return h
}

const sessionCookie = "session"

// serve is the host's own pages around the service: /whoami says who is signed in.
func (h *host) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/whoami" || r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/app") {
		if c, err := r.Cookie(sessionCookie); err == nil {
			h.mu.Lock()
			defer h.mu.Unlock()
			if s, ok := h.sessions[c.Value]; ok {
				w.Write([]byte(s.User.UserName))
				return
			}
		}
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	h.Handler().ServeHTTP(w, r)
}

// Start implements provider.Sessions.
func (h *host) Start(w http.ResponseWriter, r *http.Request, s provider.SignIn) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.starts != nil {
		return h.starts
	}
	id := rand.Text()
	h.sessions[id] = s
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true})
	return nil
}

// Kill implements provider.Sessions.
func (h *host) Kill(_ context.Context, k provider.Kill) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.killFail != nil {
		return h.killFail
	}
	h.killed = append(h.killed, k)
	for id, s := range h.sessions {
		if s.Tenant == k.Tenant && (k.User == "" || k.User == s.User.ID) && (k.Provider == "" || k.Provider == s.Provider) &&
			(len(k.Sessions) == 0 || slices.Contains(k.Sessions, s.SessionIndex)) {
			delete(h.sessions, id)
		}
	}
	return nil
}

// Verify implements provider.Prover.
func (h *host) Verify(_ context.Context, _ provider.Actor, code string) error {
	if code != goodCode {
		return provider.ErrWrongCode
	}
	return nil
}

// signedIn returns the last session that has begun, of those that are.
func (h *host) session(c *http.Client) (provider.SignIn, bool) {
	h.t.Helper()
	request, err := http.NewRequest(http.MethodGet, h.url+"/", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, cookie := range c.Jar.Cookies(request.URL) {
		if s, ok := h.sessions[cookie.Value]; ok && cookie.Name == sessionCookie {
			return s, true
		}
	}
	return provider.SignIn{}, false
}

// user creates a user.
func (h *host) user(u scim.User) scim.User {
	h.t.Helper()
	if u.ID == "" {
		u.ID = rand.Text()
	}
	u, err := h.config.Stores.Users.CreateUser(h.t.Context(), tenant, u)
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

// managed is a user of a provider.
func managed(id provider.ID, name string) scim.User {
	return scim.User{
		Meta: scim.Meta{ManagedBy: string(id)}, UserName: name, Active: true, SSO: true,
		NinjaOne: extension.User{UserType: extension.EndUser, OrganizationID: "1"},
	}
}

// browser returns a new one.
func browser(t testing.TB) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// idp starts an identity provider that knows everybody's service provider.
func (h *host) idp(change ...func(*samltest.Options)) *samltest.IdP {
	o := samltest.Options{Now: h.clock.Now, AnyServiceProvider: true}
	for _, f := range change {
		f(&o)
	}
	return samltest.StartIdP(h.t, o)
}

// connect adds an identity provider in the way an administrator does, up to enabled.
func (h *host) connect(idp *samltest.IdP, name string, domains ...string) provider.Provider {
	h.t.Helper()
	ctx := h.t.Context()
	p, err := h.Begin(ctx, admin, provider.Draft{Name: name})
	if err != nil {
		h.t.Fatal(err)
	}
	if p, err = h.Change(ctx, admin, p.ID, provider.Change{Domains: &domains}); err != nil {
		h.t.Fatal(err)
	}
	if p, err = h.Import(ctx, admin, p.ID, provider.Given{Data: idp.Metadata()}); err != nil {
		h.t.Fatal(err)
	}
	h.pass(idp, p.ID)
	if p, err = h.Save(ctx, admin, p.ID); err != nil {
		h.t.Fatal(err)
	}
	if p, err = h.Enable(ctx, admin, p.ID); err != nil {
		h.t.Fatal(err)
	}
	return p
}

// pass runs a test that has to pass.
func (h *host) pass(idp *samltest.IdP, id provider.ID) provider.Test {
	h.t.Helper()
	test, url, err := h.Test(h.t.Context(), admin, id, provider.TestOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	if _, page, err := idp.SignIn(browser(h.t), url, "alice@example.com"); err != nil {
		h.t.Fatalf("%v: %s", err, page)
	}
	test, err = h.TestResult(h.t.Context(), admin, id, test.ID)
	if err != nil || test.State != provider.TestPassed {
		h.t.Fatalf("test %+v, %v", test, err)
	}
	return test
}

// begin is the start link of a provider.
func (h *host) begin(id provider.ID) string { return h.url + "/sso/" + string(id) + "/start" }

// reasons returns why the last sign-ins of a provider were refused, the latest first.
func (h *host) reasons(id provider.ID) []provider.Reason {
	h.t.Helper()
	list, err := h.Refusals(h.t.Context(), admin, id)
	if err != nil {
		h.t.Fatal(err)
	}
	var reasons []provider.Reason
	for _, r := range list {
		reasons = append(reasons, r.Reason)
	}
	return reasons
}
