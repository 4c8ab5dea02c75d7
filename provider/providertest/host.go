package providertest

import (
	"context"
	"crypto/rand"
	"maps"
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
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// Tenant is the one that a [Host] is about.
const Tenant scim.TenantID = "acme"

// Code is the second factor of everybody.
const Code = "123456"

// Admin is an administrator of Tenant.
var Admin = Actor(Tenant)

// Actor is an administrator of a tenant.
func Actor(tenant scim.TenantID) provider.Actor {
	return provider.Actor{Tenant: tenant, Name: "root@" + string(tenant) + ".example", From: "192.0.2.1"}
}

// Began is when the clock of a [Host] begins.
var Began = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// A Clock stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// keys are made once: it takes a while.
var keys = sync.OnceValue(func() provider.KeyRing {
	k, err := provider.NewKeyRing("test", Began)
	if err != nil {
		panic(err)
	}
	return k
})

// A Host is a backend with a [provider.Service], for tests: it serves it on a loopback address, keeps
// sessions in memory, and takes [Code] for the second factor of everybody. Its clock stands still.
type Host struct {
	*provider.Service
	t      testing.TB
	Clock  *Clock
	Config provider.Config
	server *httptest.Server
	URL    string
	Keys   *provider.StaticKeys

	// Wrap is middleware of the host around [provider.Service.Handler]. Optional.
	Wrap func(http.Handler) http.Handler

	KillError  error // of the next [provider.Sessions.Kill]
	StartError error // of the next [provider.Sessions.Start]

	mu       sync.Mutex
	sessions map[string]provider.SignIn // by cookie
	kills    []provider.Kill
}

// NewHost returns a host that is served on a loopback address. change may change its configuration.
func NewHost(t testing.TB, change ...func(*provider.Config)) *Host {
	t.Helper()
	h := &Host{t: t, Clock: &Clock{now: Began}, sessions: map[string]provider.SignIn{}}
	h.server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.server.Close)
	h.URL = h.server.URL
	users := new(scim.MemoryStore)
	var err error
	if h.Keys, err = provider.NewStaticKeys(keys()); err != nil {
		t.Fatal(err)
	}
	h.Config = provider.Config{
		Store: new(provider.MemoryStore), Stores: scim.Stores{Users: users, Groups: users},
		Replays: saml.NewMemoryReplays(0, h.Clock.Now),
		URLs: func(_ context.Context, id scim.TenantID) (provider.URLs, error) {
			return provider.URLs{Native: h.URL}, nil
		},
		Keys: h.Keys, Sessions: h, Prover: h, Tenant: func(*http.Request) (scim.TenantID, error) { return Tenant, nil },
		Now: h.Clock.Now, AllowLoopbackInsecure: true,
	}
	for _, f := range change {
		f(&h.Config)
	}
	if h.Service, err = provider.New(h.Config); err != nil {
		t.Fatal(err)
	}
	return h
}

const sessionCookie = "session"

// serve is the host's own pages around the service: /whoami says who is signed in.
func (h *Host) serve(w http.ResponseWriter, r *http.Request) {
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
	service := h.Handler()
	if h.Wrap != nil {
		service = h.Wrap(service)
	}
	service.ServeHTTP(w, r)
}

// Start implements provider.Sessions.
func (h *Host) Start(w http.ResponseWriter, r *http.Request, s provider.SignIn) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.StartError != nil {
		return h.StartError
	}
	id := rand.Text()
	h.sessions[id] = s
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true})
	return nil
}

// Kill implements provider.Sessions.
func (h *Host) Kill(_ context.Context, k provider.Kill) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.KillError != nil {
		return h.KillError
	}
	h.kills = append(h.kills, k)
	for id, s := range h.sessions {
		if s.Tenant == k.Tenant && (k.User == "" || k.User == s.User.ID) && (k.Provider == "" || k.Provider == s.Provider) &&
			(len(k.Sessions) == 0 || slices.Contains(k.Sessions, s.SessionIndex)) {
			delete(h.sessions, id)
		}
	}
	return nil
}

// Verify implements provider.Prover.
func (h *Host) Verify(_ context.Context, _ provider.Actor, code string) error {
	if code != Code {
		return provider.ErrWrongCode
	}
	return nil
}

// Session returns the session of a browser.
func (h *Host) Session(c *http.Client) (provider.SignIn, bool) {
	h.t.Helper()
	request, err := http.NewRequest(http.MethodGet, h.URL+"/", nil)
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

// User creates a user of Tenant.
func (h *Host) User(u scim.User) scim.User {
	h.t.Helper()
	if u.ID == "" {
		u.ID = rand.Text()
	}
	u, err := h.Config.Stores.Users.CreateUser(h.t.Context(), Tenant, u)
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

// Managed is an end user of a provider, of type SSO.
func Managed(id provider.ID, name string) scim.User {
	return scim.User{
		Meta: scim.Meta{ManagedBy: string(id)}, UserName: name, Active: true, SSO: true,
		NinjaOne: extension.User{UserType: extension.EndUser, OrganizationID: "1"},
	}
}

// Browser returns a new one.
func Browser(t testing.TB) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// IdP starts an identity provider that knows everybody's service provider.
func (h *Host) IdP(change ...func(*samltest.Options)) *samltest.IdP {
	o := samltest.Options{Now: h.Clock.Now, AnyServiceProvider: true}
	for _, f := range change {
		f(&o)
	}
	return samltest.StartIdP(h.t, o)
}

// Connect adds an identity provider in the way an administrator does, up to enabled.
func (h *Host) Connect(idp *samltest.IdP, name string, domains ...string) provider.Provider {
	h.t.Helper()
	p, err := h.Begin(h.t.Context(), Admin, provider.Draft{Name: name})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.ConnectFor(Admin, idp, p.ID, domains...)
}

// ConnectFor does the same for an administrator of whatever tenant, with a draft.
func (h *Host) ConnectFor(a provider.Actor, idp *samltest.IdP, id provider.ID, domains ...string) (p provider.Provider) {
	h.t.Helper()
	ctx := h.t.Context()
	for _, step := range []func() error{
		func() error { _, err := h.Change(ctx, a, id, provider.Change{Domains: &domains}); return err },
		func() error { _, err := h.Import(ctx, a, id, provider.Given{Data: idp.Metadata()}); return err },
		func() error { h.Pass(a, idp, id); return nil },
		func() error { _, err := h.Save(ctx, a, id); return err },
		func() (err error) { p, err = h.Enable(ctx, a, id); return err },
	} {
		if err := step(); err != nil {
			h.t.Fatal(err)
		}
	}
	return p
}

// Pass runs a test that has to pass.
func (h *Host) Pass(a provider.Actor, idp *samltest.IdP, id provider.ID) provider.Test {
	h.t.Helper()
	test, url, err := h.Test(h.t.Context(), a, id, provider.TestOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	if _, page, err := idp.SignIn(Browser(h.t), url, "alice@example.com"); err != nil {
		h.t.Fatalf("%v: %s", err, page)
	}
	test, err = h.TestResult(h.t.Context(), a, id, test.ID)
	if err != nil || test.State != provider.TestPassed {
		h.t.Fatalf("test %+v, %v", test, err)
	}
	return test
}

// StartURL is the start link of a provider.
func (h *Host) StartURL(id provider.ID) string { return h.URL + "/sso/" + string(id) + "/start" }

// Reasons returns why the last sign-ins of a provider were refused, the latest first.
func (h *Host) Reasons(id provider.ID) []provider.Reason {
	h.t.Helper()
	list, err := h.Refusals(h.t.Context(), Admin, id)
	if err != nil {
		h.t.Fatal(err)
	}
	var reasons []provider.Reason
	for _, r := range list {
		reasons = append(reasons, r.Reason)
	}
	return reasons
}

// Kills returns how the service has ended sessions.
func (h *Host) Kills() []provider.Kill {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.kills)
}

// Sessions returns the sessions of all browsers.
func (h *Host) Sessions() []provider.SignIn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.sessions))
}

// Proof is a second factor of Admin for an act on a provider.
func (h *Host) Proof(action provider.Action, id provider.ID) provider.Proof {
	h.t.Helper()
	proof, err := h.Service.Prove(h.t.Context(), Admin, action, id, Code)
	if err != nil {
		h.t.Fatal(err)
	}
	return proof
}

// Provision enables SCIM for a provider, and returns a token and a client with it.
func (h *Host) Provision(id provider.ID) (token string, client scimtest.Host) {
	h.t.Helper()
	if _, err := h.EnableSCIM(h.t.Context(), Admin, id, h.Proof(provider.ActionEnableSCIM, id)); err != nil {
		h.t.Fatal(err)
	}
	secret, _, err := h.NewToken(h.t.Context(), Admin, id, h.Proof(provider.ActionNewToken, id))
	if err != nil {
		h.t.Fatal(err)
	}
	return secret.Reveal(), h.Client(secret.Reveal())
}

// Client is who sends SCIM requests with a token.
func (h *Host) Client(token string) scimtest.Host {
	return scimtest.Host{
		Handler: http.HandlerFunc(h.serve), Base: h.URL + "/ws/scim/v2", Header: http.Header{"Authorization": {"Bearer " + token}},
	}
}

// Ask sends a SCIM request, and returns the status and the body of the answer.
func (h *Host) Ask(c scimtest.Host, method, path, body string) (int, string) {
	h.t.Helper()
	r := httptest.NewRequest(method, c.Base+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	r.Header = c.Header.Clone()
	r.Header.Set("Content-Type", "application/scim+json")
	w := httptest.NewRecorder()
	c.Handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
