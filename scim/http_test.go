package scim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A site is an endpoint under test, with what it logged.
type site struct {
	testing.TB
	handler http.Handler
	store   *scim.MemoryStore
	log     *bytes.Buffer
	ids     map[string]string // of what populate stored, by "{name}"
}

type option func(*scim.Stores, *scim.Config)

func newSite(t testing.TB, options ...option) *site {
	t.Helper()
	auth := new(scim.Tokens)
	auth.Add(token, scim.Principal{Tenant: "acme", Manager: "entra", Key: "key-1"})
	return newSiteFor(t, auth, options...)
}

func newSiteFor(t testing.TB, auth scim.Authenticator, options ...option) *site {
	t.Helper()
	s := &site{TB: t, store: new(scim.MemoryStore), log: new(bytes.Buffer), ids: map[string]string{}}
	stores := scim.Stores{Users: s.store, Groups: s.store}
	config := scim.Config{
		BaseURL: func(*http.Request) string { return base },
		Schemas: [][]byte{[]byte(badgeSchema)},
		Logger:  slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, o := range options {
		o(&stores, &config)
	}
	h, err := scim.New(stores, auth, config)
	if err != nil {
		t.Fatal(err)
	}
	s.handler = h
	return s
}

// badgeSchema has an attribute of every kind that the schemas of the RFC lack.
const badgeSchema = `{"id": "urn:example:Badge:User", "name": "Badge", "attributes": [
	{"name": "number", "type": "integer", "mutability": "immutable"},
	{"name": "level", "type": "decimal"},
	{"name": "expires", "type": "dateTime"},
	{"name": "key", "type": "binary"},
	{"name": "tags", "type": "string", "multiValued": true},
	{"name": "floors", "type": "integer", "multiValued": true},
	{"name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
		{"name": "id", "type": "string", "required": true},
		{"name": "note", "type": "string"},
		{"name": "primary", "type": "boolean"}]}]}`

func limited(l scim.Limits) option {
	return func(_ *scim.Stores, c *scim.Config) { c.Limits = l }
}

func strictly(_ *scim.Stores, c *scim.Config)  { c.Strict = true }
func groupless(s *scim.Stores, _ *scim.Config) { s.Groups = nil }

// A reply is what came back, and to what.
type reply struct {
	testing.TB
	request string
	status  int
	header  http.Header
	body    string
}

// request makes a request with the token. Header holds names and values in turn; an empty value
// removes the header.
func (s *site) request(method, target string, body io.Reader, header ...string) *http.Request {
	s.Helper()
	for name, id := range s.ids {
		target = strings.ReplaceAll(target, name, id)
	}
	if !strings.HasPrefix(target, "http") {
		target = base + target
	}
	r := httptest.NewRequest(method, strings.ReplaceAll(target, " ", "%20"), body)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json")
	for i := 0; i < len(header); i += 2 {
		if r.Header.Del(header[i]); header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	return r
}

func (s *site) serve(r *http.Request) reply {
	s.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	a := reply{s.TB, r.Method + " " + r.URL.RequestURI(), w.Code, w.Header(), w.Body.String()}
	if len(a.request) > 200 {
		a.request = a.request[:200] + "…"
	}
	return a
}

func (s *site) send(method, target, body string, header ...string) reply {
	s.Helper()
	for name, id := range s.ids {
		body = strings.ReplaceAll(body, name, id)
	}
	return s.serve(s.request(method, target, strings.NewReader(body), header...))
}

// is expects a status other than that of an error.
func (a reply) is(status int) reply {
	a.Helper()
	if a.status != status {
		a.Fatalf("%s: %d %.500s, want %d", a.request, a.status, a.body, status)
	}
	return a
}

// refused expects an error of RFC 7644 §3.12, fit to be shown, whose detail has all of the parts.
func (a reply) refused(status int, scimType string, parts ...string) reply {
	a.Helper()
	var e struct {
		Schemas                  []string
		Status, ScimType, Detail string
	}
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		a.Fatalf("%s: %d %.500q is no SCIM error: %v", a.request, a.status, a.body, err)
	}
	if len(e.Schemas) != 1 || e.Schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error" {
		a.Errorf("%s: schemas %q", a.request, e.Schemas)
	}
	if a.status != status || e.Status != strconv.Itoa(status) || e.ScimType != scimType {
		a.Errorf("%s: %d, status %q, scimType %q, want %d %q\n%.500s", a.request, a.status, e.Status, e.ScimType, status, scimType, a.body)
	}
	if len(e.Detail) < 15 || len(e.Detail) > 700 {
		a.Errorf("%s: the detail has %d bytes: %.800s", a.request, len(e.Detail), e.Detail)
	}
	for _, part := range parts {
		if !strings.Contains(e.Detail, part) {
			a.Errorf("%s: the detail does not say %q: %s", a.request, part, e.Detail)
		}
	}
	for name, want := range map[string]string{"Content-Type": "application/scim+json", "Cache-Control": "no-store",
		"Content-Length": strconv.Itoa(len(a.body)), "ETag": "", "Location": ""} {
		if got := a.header.Get(name); got != want {
			a.Errorf("%s: %s is %q, want %q", a.request, name, got, want)
		}
	}
	return a
}

// id returns the id of the resource in the answer.
func (a reply) id() string {
	a.Helper()
	var res struct{ ID string }
	if err := json.Unmarshal([]byte(a.body), &res); err != nil || res.ID == "" {
		a.Fatalf("%s: %d %.300s has no id", a.request, a.status, a.body)
	}
	return res.ID
}

// populate stores two users and two groups, {ada}, {grace} and {eng} among them.
func (s *site) populate() *site {
	s.Helper()
	s.ids["{ada}"] = s.send("POST", "/Users", `{"userName": "ada@example.com", "externalId": "a1", "active": true,
		"name": {"givenName": "Ada", "familyName": "Lovelace"}, "title": "Countess",
		"emails": [{"value": "ada@example.com", "type": "work", "primary": true}, {"value": "ada@home.example.com", "type": "home"}],
		"addresses": [{"type": "work", "country": "GB"}], "roles": [{"value": "admin"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Engines", "manager": {"value": "m1"}},
		"urn:example:Badge:User": {"number": 7, "level": 1.5, "expires": "2027-01-01T00:00:00Z", "key": "AQID", "tags": ["a", "b"], "doors": [{"id": "1", "note": "front"}]}}`).is(201).id()
	s.ids["{grace}"] = s.send("POST", "/Users", `{"userName": "grace@example.com"}`).is(201).id()
	s.ids["{eng}"] = s.send("POST", "/Groups", `{"displayName": "Engineers", "members": [{"value": "{ada}"}]}`).is(201).id()
	s.send("POST", "/Groups", `{"displayName": "Poets"}`).is(201)
	return s
}

// state is all that is stored, as the endpoint shows it, with versions.
func (s *site) state() string {
	s.Helper()
	return s.send("GET", "/Users?count=200", "").is(200).body + s.send("GET", "/Groups?count=200", "").is(200).body
}

func TestAuthentication(t *testing.T) {
	s := newSite(t)
	auth := &scim.Tokens{AcceptBare: true}
	auth.Add(token, scim.Principal{Tenant: "acme", Manager: "entra", Key: "1"})
	auth.Add("", scim.Principal{Tenant: "acme", Manager: "nobody", Key: "2"})
	bare := newSiteFor(t, auth)
	for _, c := range []struct {
		header       string
		normal, bare bool
	}{
		{"", false, false},
		{" ", false, false},
		{"Bearer", false, false},
		{"Bearer ", false, false},
		{"Bearer  ", false, false},
		{"Bearer wrong", false, false},
		{"Bearer " + token + "x", false, false},
		{"Bearer " + token[1:], false, false},
		{"Bearer " + strings.ToUpper(token), false, false},
		{"Bearer " + token + " " + token, false, false},
		{"Bearer x " + token, false, false},
		{"Bearer\t" + token, false, false},
		{"Bearer" + token, false, false},
		{"Bearer=" + token, false, false},
		{"Bearer, " + token, false, false},
		{`Bearer "` + token + `"`, false, false},
		{"Basic " + token, false, false},
		{"Token " + token, false, false},
		{token + ",", false, false},
		{"wrong", false, false},
		{token, false, true},
		{token + " ", false, true},
		{"Bearer " + token, true, true},
		{"bearer " + token, true, true},
		{"BEARER " + token, true, true},
		{"Bearer    " + token + "  ", true, true},
		{"  Bearer " + token, true, true},
	} {
		for _, one := range []struct {
			*site
			ok bool
		}{{s, c.normal}, {bare, c.bare}} {
			a := one.send("GET", "/Users", "", "Authorization", c.header)
			if one.ok {
				a.is(200)
				continue
			}
			a.refused(401, "", "token")
			if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
				t.Errorf("%q: WWW-Authenticate is %q", c.header, got)
			}
		}
	}
	if strings.Contains(s.log.String()+bare.log.String(), token) {
		t.Error("the log has the token")
	}
}

// Without a token nothing is said about what is there or served.
func TestAuthenticationComesFirst(t *testing.T) {
	s := newSite(t).populate()
	before := s.state()
	for _, r := range [][3]string{
		{"GET", "/Users/{ada}"}, {"DELETE", "/Users/{ada}"}, {"PUT", "/Users/{ada}", `{"userName":"x"}`}, {"PATCH", "/Users/{ada}", `]`},
		{"POST", "/Users", `{"userName":"x"}`}, {"POST", "/Users", `{`}, {"TRACE", "/Users"}, {"OPTIONS", "/"}, {"GET", "/nothing"},
		{"GET", "/Users?filter=%zz"}, {"GET", "/ServiceProviderConfig"}, {"GET", "/Schemas"}, {"POST", "/Bulk"}, {"DELETE", "/Groups/{eng}"},
	} {
		s.send(r[0], r[1], r[2], "Authorization", "Bearer wrong").refused(401, "")
	}
	if s.state() != before {
		t.Error("something was changed without a token")
	}
}

type authenticator func(context.Context, http.Header) (scim.Principal, error)

func (f authenticator) Authenticate(ctx context.Context, h http.Header) (scim.Principal, error) {
	return f(ctx, h)
}

// canary stands in errors and panics of the host. It may be logged, and is never sent.
const canary = "postgres://scim:hunter2@10.0.0.7/prod"

func TestAuthenticatorFails(t *testing.T) {
	for _, c := range []struct {
		who     scim.Principal
		err     error
		status  int
		retries bool
	}{
		{scim.Principal{Tenant: "acme", Manager: "entra"}, nil, 200, false},
		{scim.Principal{}, fmt.Errorf("vault: %w", scim.ErrUnauthenticated), 401, false},
		{scim.Principal{}, errors.New(canary), 503, true},
		{scim.Principal{}, &scim.Refusal{Status: 403, Detail: "provisioning is turned off for this tenant"}, 403, false},
		{scim.Principal{}, nil, 500, false},
		{scim.Principal{Tenant: "acme"}, nil, 500, false},
		{scim.Principal{Manager: "entra"}, nil, 500, false},
	} {
		s := newSiteFor(t, authenticator(func(context.Context, http.Header) (scim.Principal, error) { return c.who, c.err }))
		a := s.send("GET", "/Users", "")
		if c.status == 200 {
			a.is(200)
			continue
		}
		a.refused(c.status, "")
		if strings.Contains(a.body, canary) || (a.header.Get("Retry-After") != "") != c.retries {
			t.Errorf("%v: %v %s", c.err, a.header, a.body)
		}
	}
}

// ticking is a clock that stands still until it is set.
type ticking struct{ atomic.Int64 }

func (c *ticking) read() time.Time         { return time.Unix(1_800_000_000, c.Load()) }
func (c *ticking) forward(d time.Duration) { c.Add(int64(d)) }

func TestRateLimit(t *testing.T) {
	clock := new(ticking)
	auth := new(scim.Tokens)
	auth.Add(token, scim.Principal{Tenant: "acme", Manager: "entra", Key: "1"})
	auth.Add("second", scim.Principal{Tenant: "acme", Manager: "entra", Key: "2"})
	s := newSiteFor(t, auth, limited(scim.Limits{Rate: 25}), func(_ *scim.Stores, c *scim.Config) { c.Now = clock.read })
	burst := func(n int) {
		t.Helper()
		for range n {
			s.send("GET", "/Users?count=0", "").is(200)
		}
		a := s.send("POST", "/Users", `{"userName":"late"}`).refused(429, "", "slow down")
		if a.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
		}
	}
	burst(250)
	burst(0)
	s.send("GET", "/Users?count=0", "", "Authorization", "Bearer second").is(200)
	s.send("GET", "/Users", "", "Authorization", "Bearer third").refused(401, "")

	clock.forward(39 * time.Millisecond)
	burst(0)
	clock.forward(time.Millisecond) // one request, at 25 a second
	burst(1)
	clock.forward(time.Second)
	burst(25)
	clock.forward(-time.Hour) // a clock that is set back gives nothing, and takes nothing
	burst(0)
	clock.forward(2 * time.Hour)
	burst(250)
	if a := s.send("GET", "/Users", "", "Authorization", "Bearer second").is(200); strings.Contains(a.body, "late") {
		t.Error("a refused request was carried out")
	}
}

type limiter func(context.Context, scim.Principal) time.Duration

func (f limiter) Allow(ctx context.Context, who scim.Principal) time.Duration { return f(ctx, who) }

func TestLimiterOfTheHost(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		1: "1", time.Second: "1", time.Second + 1: "2", 90 * time.Second: "90", 48 * time.Hour: "172800",
	} {
		var asked scim.Principal
		s := newSite(t, func(_ *scim.Stores, c *scim.Config) {
			c.Limiter = limiter(func(_ context.Context, who scim.Principal) time.Duration { asked = who; return wait })
		})
		a := s.send("GET", "/Users", "").refused(429, "")
		if got := a.header.Get("Retry-After"); got != want || asked.Key != "key-1" {
			t.Errorf("%v: Retry-After %q, asked about %+v", wait, got, asked)
		}
	}
}

// failing is a store whose calls for users fail.
type failing struct {
	*scim.MemoryStore
	fail func() error
}

func (s failing) User(context.Context, scim.TenantID, string) (scim.User, error) {
	return scim.User{}, s.fail()
}

func (s failing) Users(context.Context, scim.TenantID, scim.Query) (scim.Page[scim.User], error) {
	return scim.Page[scim.User]{}, s.fail()
}

func (s failing) CreateUser(context.Context, scim.TenantID, scim.User) (scim.User, error) {
	return scim.User{}, s.fail()
}

func failsWith(fail func() error) option {
	return func(s *scim.Stores, _ *scim.Config) { s.Users = failing{s.Users.(*scim.MemoryStore), fail} }
}

// What goes wrong behind the endpoint is a 5xx with an incident, by which the log has the reason.
func TestStoreFails(t *testing.T) {
	for _, c := range []struct {
		name       string
		fail       func() error
		status     int
		retryAfter string
	}{
		{"any error", func() error { return errors.New(canary) }, 500, ""},
		{"wrapped", func() error { return fmt.Errorf("%s: %w", canary, io.ErrUnexpectedEOF) }, 500, ""},
		{"panic", func() error { panic(canary) }, 500, ""},
		{"panic with an error", func() error { panic(errors.New(canary)) }, 500, ""},
		{"unavailable", func() error { return &scim.UnavailableError{Cause: errors.New(canary)} }, 503, "5"},
		{"unavailable, says when", func() error {
			return fmt.Errorf("%s: %w", canary, &scim.UnavailableError{Cause: errors.New(canary), RetryAfter: 1500 * time.Millisecond})
		}, 503, "2"},
		{"refusal without status", func() error { return &scim.Refusal{Detail: canary} }, 500, ""},
		{"refusal with a success", func() error { return &scim.Refusal{Status: 200, Detail: canary} }, 500, ""},
		{"refusal out of range", func() error { return &scim.Refusal{Status: 1000, Detail: canary} }, 500, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, failsWith(c.fail))
			for _, r := range [][3]string{
				{"GET", "/Users"}, {"GET", "/Users/1"}, {"DELETE", "/Users/1"}, {"POST", "/Users", `{"userName":"ada"}`},
				{"PUT", "/Users/1", `{"userName":"ada"}`}, {"PATCH", "/Users/1", `{"Operations":[]}`},
			} {
				s.log.Reset()
				a := s.send(r[0], r[1], r[2]).refused(c.status, "")
				_, incident, _ := strings.Cut(a.body, "ncident ")
				incident, _, _ = strings.Cut(incident, `"`)
				log := s.log.String()
				switch {
				case strings.Contains(a.body, "hunter2"):
					t.Errorf("%s leaks: %s", a.request, a.body)
				case len(incident) < 20 || !strings.Contains(log, incident):
					t.Errorf("%s: the log does not have incident %q: %s", a.request, incident, log)
				case !strings.Contains(log, "hunter2"):
					t.Errorf("%s: the log does not say why: %s", a.request, log)
				case a.header.Get("Retry-After") != c.retryAfter:
					t.Errorf("%s: Retry-After is %q", a.request, a.header.Get("Retry-After"))
				}
			}
		})
	}
}

func TestStoredFails(t *testing.T) {
	s := newSite(t, func(_ *scim.Stores, c *scim.Config) {
		c.Policy.Stored = func(context.Context, scim.Change) error { return errors.New(canary) }
	})
	a := s.send("POST", "/Users", `{"userName":"ada"}`).refused(503, "", "try again")
	if strings.Contains(a.body, "hunter2") || a.header.Get("Retry-After") != "5" {
		t.Errorf("%v %s", a.header, a.body)
	}
}

// No resource has such an ID, so no store is asked, which might not bear the question.
func TestImpossibleIDs(t *testing.T) {
	s := newSite(t, failsWith(func() error { return errors.New(canary) }))
	for _, id := range []string{"%00", "a%00b", "%ff", "%c0%af", strings.Repeat("x", 65), strings.Repeat("%C3%A9", 33)} {
		s.send("GET", "/Users/"+id, "").refused(404, "")
		s.send("DELETE", "/Users/"+id, "").refused(404, "")
		s.send("PATCH", "/Users/"+id, `{"Operations":[]}`).refused(404, "")
	}
	s.send("GET", "/Users/"+strings.Repeat("x", 64), "").refused(500, "")
}

func TestBaseURLPanics(t *testing.T) {
	s := newSite(t, func(_ *scim.Stores, c *scim.Config) { c.BaseURL = func(*http.Request) string { panic(canary) } })
	if a := s.send("GET", "/Users", "").refused(500, "", "incident"); strings.Contains(a.body, canary) {
		t.Errorf("leaks: %s", a.body)
	}
}

func TestAbortedHandlerStaysAborted(t *testing.T) {
	s := newSite(t, failsWith(func() error { panic(http.ErrAbortHandler) }))
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("recovered %v", p)
		}
	}()
	s.send("GET", "/Users", "")
	t.Error("it answered")
}

func TestCancelledRequest(t *testing.T) {
	s := newSite(t).populate()
	before := s.state()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, r := range [][3]string{
		{"GET", "/Users"}, {"GET", "/Users/{ada}"}, {"POST", "/Users", `{"userName":"x"}`}, {"DELETE", "/Users/{ada}"},
		{"PATCH", "/Users/{ada}", `{"Operations":[{"op":"remove","path":"title"}]}`}, {"PUT", "/Groups/{eng}", `{"displayName":"x"}`},
	} {
		s.serve(s.request(r[0], r[1], strings.NewReader(r[2])).WithContext(ctx)).refused(503, "", "try again")
	}
	if s.state() != before {
		t.Error("a cancelled request changed something")
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t).populate()
	before := s.state()
	for path, allow := range map[string]string{
		"/Users": "GET, POST", "/Groups": "GET, POST", "/Users/": "GET, POST", "/Users/{ada}": "GET, PUT, PATCH, DELETE",
		"/Groups/{eng}": "GET, PUT, PATCH, DELETE", "/Schemas": "GET", "/ResourceTypes": "GET", "/ServiceProviderConfig": "GET", "/ResourceTypes/User": "GET",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "PROPFIND", strings.Repeat("X", 1000)} {
			if strings.Contains(allow, method) {
				continue
			}
			a := s.send(method, path, `{"userName":"x"}`).refused(405, "", "is not served here; "+allow)
			if got := a.header.Get("Allow"); got != allow {
				t.Errorf("%s: Allow is %q", a.request, got)
			}
		}
	}
	if s.state() != before {
		t.Error("a wrong method changed something")
	}
}

func TestPaths(t *testing.T) {
	s := newSite(t).populate()
	ada := s.ids["{ada}"]
	const host = "https://tenant.example.com"
	for path, want := range map[string]int{
		"/Users": 200, "//Users": 200, "/Users/": 200, "/Users//": 200, "///Users///": 200,
		"/Users/" + ada: 200, "/Users//" + ada: 200, "/Users/" + ada + "/": 200, "//Users//" + ada + "//": 200,
		"/Users/%" + fmt.Sprintf("%x", ada[0]) + ada[1:]: 200,
		"/users": 404, "/USERS": 404, "/User": 404, "/Usersx": 404,
		"": 404, "/": 404, "/nothing": 404, "/Users/" + ada + "/emails": 404, "/Users/" + ada + "%2Femails": 404,
		"/Users/" + ada + "x": 404, "/Users/..": 404, "/Users/%2e%2e": 404, "/Users/../Groups": 404,
		"/Users/%2e%2e%2fGroups": 404, "/Users/%00": 404, "/Users/%ff": 404, "/Users/%25": 404,
		"/Users/a%20b": 404, "/Users/" + strings.Repeat("x", 64): 404, "/Users/" + strings.Repeat("x", 100_000): 404,
		"/SchemasX/urn:x": 404, "/Schemas/urn:nothing": 404, "/Schemas/a/b": 404, "/ServiceProviderConfig/x": 404,
		"/Me": 501, "/Bulk": 501, "/.search": 501, "/Users/.search": 501, "/Groups/.search": 501,
		host + "/ws/scim/v2x/Users": 404, host + "/ws/scim/v2Users": 404, host + "/ws/scim/Users": 404, host + "/WS/scim/v2/Users": 404, host + "/ws/scim/v2/ws/scim/v2/Users": 404,
		host + "/Users": 200, host + "/Users/" + ada: 200, // as behind http.StripPrefix
		"https://elsewhere.example.com/ws/scim/v2/Users": 200,
	} {
		a := s.send("GET", path, "")
		switch want {
		case 200:
			a.is(200)
		default:
			a.refused(want, "")
		}
	}
}

func TestStripPrefix(t *testing.T) {
	s := newSite(t)
	mux := http.NewServeMux()
	mux.Handle("/ws/scim/v2/", http.StripPrefix("/ws/scim/v2", s.handler))
	s.handler = mux
	a := s.send("POST", "/Users", `{"userName":"ada"}`).is(201)
	if want := base + "/Users/" + a.id(); a.header.Get("Location") != want {
		t.Errorf("Location is %s, want %s", a.header.Get("Location"), want)
	}
	s.send("GET", a.header.Get("Location"), "").is(200)
	s.send("GET", "/nothing", "").refused(404, "", base)
}

// naming is a store that chooses the ID.
type naming struct {
	*scim.MemoryStore
	id string
}

func (s naming) CreateUser(ctx context.Context, t scim.TenantID, u scim.User) (scim.User, error) {
	u.ID = s.id
	return s.MemoryStore.CreateUser(ctx, t, u)
}

// A resource is found at its location, whatever the store's IDs look like.
func TestLocationsOfAwkwardIDs(t *testing.T) {
	for _, id := range []string{"7", "a b", "a+b", "50%", "%2F", "a/b", "../x", ".", "..", "é", "日本", "a?b#c", `a"b\c`, "a&b=c;d",
		"urn:x:y", "~!$'()*,@", "/", "//", strings.Repeat("x", 64), "😀"} {
		s := newSite(t, func(stores *scim.Stores, _ *scim.Config) { stores.Users = naming{stores.Users.(*scim.MemoryStore), id} })
		a := s.send("POST", "/Users", `{"userName":"ada"}`).is(201)
		at := a.header.Get("Location")
		if a.id() != id || !strings.Contains(a.body, `"location":"`+at+`"`) {
			t.Errorf("%q: %s at %s", id, a.body, at)
			continue
		}
		if got := s.send("GET", at, ""); got.status != 200 || got.body != a.body {
			t.Errorf("%q at %s: %d %s", id, at, got.status, got.body)
		}
		s.send("DELETE", at, "").is(204)
	}
}

func TestQueryParameters(t *testing.T) {
	s := newSite(t).populate()
	s.send("POST", "/Users", `{"userName":"ada+test@example.com"}`).is(201)
	s.send("POST", "/Users", `{"userName":"ada test@example.com"}`).is(201)
	for query, want := range map[string][2]int{ // how many there are, how many are on the page
		"":                                {4, 4},
		"COUNT=1":                         {4, 1},
		"Count=1&STARTINDEX=2":            {4, 1},
		"count=0":                         {4, 0},
		"count=-5":                        {4, 0},
		"count=":                          {4, 4},
		"count=+2":                        {4, 2},
		"count=%202%20":                   {4, 2},
		"count=9223372036854775807":       {4, 4},
		"startIndex=0":                    {4, 4},
		"startIndex=-9223372036854775808": {4, 4},
		"startIndex=5":                    {4, 0},
		"startIndex=9223372036854775807":  {4, 0},
		"filter":                          {4, 4},
		"filter=":                         {4, 4},
		"&&&count=1&":                     {4, 1},
		"=x&count=1":                      {4, 1},
		"unknown=1&unknown=2":             {4, 4},
		"aadOptscim062020":                {4, 4},
		"aadOptscim062020&count=1":        {4, 1},
		"FILTER=userName%20eq%20%22ada@example.com%22": {1, 1},
		"%66ilter=userName%20eq%20%22x%22":             {0, 0},
		`filter=userName+eq+"ada@example.com"`:         {1, 1},
		`filter=userName eq "ada@example.com"`:         {1, 1},
		// + is a space unless spaces are written otherwise.
		`filter=userName+eq+"ada%2Btest@example.com"`:   {1, 1},
		`filter=userName%20eq%20"ada+test@example.com"`: {1, 1},
		`filter=userName eq "ada+test@example.com"`:     {1, 1},
		`filter=userName+eq+"ada+test@example.com"`:     {1, 1},
	} {
		r := s.request("GET", "/Users", nil)
		r.URL.RawQuery = query
		a := s.serve(r).is(200)
		var list struct {
			TotalResults, ItemsPerPage int
			Resources                  []struct{ UserName string }
		}
		if err := json.Unmarshal([]byte(a.body), &list); err != nil {
			t.Fatal(err)
		}
		if list.TotalResults != want[0] || list.ItemsPerPage != want[1] || len(list.Resources) != want[1] {
			t.Errorf("%s: %d, %d on the page, want %v", query, list.TotalResults, len(list.Resources), want)
		}
		for _, name := range []string{"ada+test", "ada test"} {
			if strings.Contains(query, "test") && strings.Contains(a.body, name) != (strings.Contains(name, "+") == !strings.Contains(query, "+eq+\"ada+")) {
				t.Errorf("%s: found %v", query, list.Resources)
			}
		}
	}
}

func TestContentTypeOfAnswers(t *testing.T) {
	s := newSite(t, func(_ *scim.Stores, c *scim.Config) { c.ContentType = "application/json" })
	for _, r := range [][3]string{
		{"POST", "/Users", `{"userName":"ada"}`}, {"POST", "/Users", `{"userName":"ada"}`}, {"GET", "/Users"}, {"GET", "/Users/x"},
		{"GET", "/Schemas"}, {"GET", "/ServiceProviderConfig"}, {"GET", "/nothing"}, {"DELETE", "/Users"},
	} {
		a := s.send(r[0], r[1], r[2], "Accept", "text/html")
		if a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", a.request, a.header)
		}
	}
}

// What a client sends as a secret is in no log, in whatever spelling, also when it is refused.
func TestSecretsAreNotLogged(t *testing.T) {
	const secret, core = "correct-horse-battery", "urn:ietf:params:scim:schemas:core:2.0:User"
	s := newSite(t).populate()
	for _, r := range [][3]string{
		{"POST", "/Users", `{"userName":"p1","password":"SECRET"}`},
		{"POST", "/Users", `{"userName":"p1","PassWord":"SECRET"}`},
		{"POST", "/Users", `{"password":"SECRET"}`},
		{"POST", "/Users", `{"userName":5,"password":{"a":["SECRET"]}}`},
		{"POST", "/Users", `{"userName":"p2","` + core + `:password":"SECRET"}`},
		{"POST", "/Users", `{"userName":"p3","` + core + `":{"password":"SECRET"}}`},
		{"PUT", "/Users/{ada}", `{"userName":"ada@example.com","password":"SECRET","active":"x"}`},
		{"PATCH", "/Users/{ada}", `{"Operations":[{"op":"replace","path":"password","value":"SECRET"}]}`},
		{"PATCH", "/Users/{ada}", `{"Operations":[{"op":"replace","path":" Password ","value":"SECRET"},{"op":"remove","path":"userName"}]}`},
		{"PATCH", "/Users/{ada}", `{"Operations":[{"op":"replace","value":{"password":"SECRET"}},{"op":"replace","path":"active","value":"x"}]}`},
		{"PATCH", "/Users/{ada}", `{"Operations":[{"op":"replace","path":"` + core + `:password","value":"SECRET"}]}`},
		{"PATCH", "/Users/{ada}", `{"Operations":[{"op":"replace","path":"password.value","value":"SECRET"}]}`},
	} {
		if a := s.send(r[0], r[1], strings.ReplaceAll(r[2], "SECRET", secret)); strings.Contains(a.body, secret) || a.status >= 500 {
			t.Errorf("%s %s: %d %s", a.request, r[2], a.status, a.body)
		}
	}
	if state := s.state(); strings.Contains(state, secret) {
		t.Errorf("stored: %s", state)
	}
	for _, secret := range []string{secret, token} {
		if log := s.log.String(); strings.Contains(log, secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
}

// Identity providers change how they write operations. The log says which were refused, also
// where the refusal is about the whole.
func TestRefusedPatchIsLogged(t *testing.T) {
	s := newSite(t).populate()
	for operations, parts := range map[string][]string{
		`{"op":"Replace","path":"shoeSize","value":"S3cret"}`:                                                       {"replace shoeSize", "invalidPath"},
		`{"op":"add","path":"title","value":"x"},{"op":"remove","path":"userName"}`:                                 {"add title, remove userName", "is required"},
		`{"op":"replace","path":"userName","value":"grace@example.com"}`:                                            {`"operations":"replace userName"`, "uniqueness"},
		`{"op":"replace","value":{"active":"perhaps"}}`:                                                             {"replace", "active"},
		strings.Repeat(`{"op":"add","path":"title","value":"x"},`, 20) + `{"op":"add","path":"active","value":"x"}`: {"add title, …", "Operations[20] add active"},
	} {
		s.log.Reset()
		s.send("PATCH", "/Users/{ada}", `{"Operations":[`+operations+`]}`)
		log := s.log.String()
		for _, part := range append(parts, `"method":"PATCH"`, `"path":"/ws/scim/v2/Users/`+s.ids["{ada}"], `"tenant":"acme"`, `"manager":"entra"`, `"key":"key-1"`) {
			if !strings.Contains(log, part) {
				t.Errorf("%s: the log does not have %s:\n%s", operations, part, log)
			}
		}
		if strings.Contains(log, "S3cret") {
			t.Errorf("%s: the log has the value:\n%s", operations, log)
		}
	}
}
