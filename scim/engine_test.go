package scim

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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
)

// A rig is an endpoint under test with what it stands on. Its tokens are named for who sends
// them: entra and okta are two identity providers of the tenant acme, strange is one of globex
// that happens to be called entra too.
type rig struct {
	t     testing.TB
	h     *Handler
	store *MemoryStore
	clock *clock
	log   *bytes.Buffer
}

const rigBase = "https://acme.example.com/ws/scim/v2"

var entra = Principal{Tenant: "acme", Manager: "entra", Key: "1"}

// newRig builds an endpoint over an empty MemoryStore; each option may change its parts before.
func newRig(t testing.TB, options ...func(*Stores, *Config)) *rig {
	t.Helper()
	r := &rig{t: t, store: new(MemoryStore), log: new(bytes.Buffer)}
	r.clock = &clock{now: time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)}
	stores := Stores{Users: r.store, Groups: r.store}
	config := Config{
		BaseURL: func(*http.Request) string { return rigBase },
		Now:     r.clock.read,
		Logger:  slog.New(slog.NewTextHandler(&lockedWriter{w: r.log}, nil)),
		Limits:  Limits{Rate: -1},
	}
	for _, o := range options {
		o(&stores, &config)
	}
	tokens := new(Tokens)
	tokens.Add("entra", entra)
	tokens.Add("okta", Principal{Tenant: "acme", Manager: "okta", Key: "2"})
	tokens.Add("strange", Principal{Tenant: "globex", Manager: "entra", Key: "3"})
	h, err := New(stores, tokens, config)
	if err != nil {
		t.Fatal(err)
	}
	r.h = h
	return r
}

func withPolicy(p Policy) func(*Stores, *Config) {
	return func(_ *Stores, c *Config) { c.Policy = p }
}

func strict(_ *Stores, c *Config)        { c.Strict = true }
func withoutGroups(s *Stores, _ *Config) { s.Groups = nil }

// A clock moves on by a second whenever it is read.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// An answer is what came back, with its body decoded.
type answer struct {
	t      testing.TB
	asked  string
	code   int
	header http.Header
	text   string
	body   map[string]any
}

// as sends a request; headers are names and values in turn.
func (r *rig) as(token, method, path, body string, headers ...string) answer {
	r.t.Helper()
	req := httptest.NewRequest(method, rigBase+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.h.ServeHTTP(w, req)
	a := answer{t: r.t, asked: token + ": " + method + " " + path, code: w.Code, header: w.Result().Header, text: w.Body.String()}
	if a.text != "" {
		if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
			r.t.Fatalf("%s: %d with a body that is no JSON object: %v\n%s", a.asked, a.code, err, a.text)
		}
	}
	return a
}

// do is as for the identity provider most tests speak for.
func (r *rig) do(method, path, body string, headers ...string) answer {
	r.t.Helper()
	return r.as("entra", method, path, body, headers...)
}

// user and group create a resource and return its ID.
func (r *rig) user(body string) string {
	r.t.Helper()
	return r.do("POST", "/Users", body).want(201).id()
}

func (r *rig) group(body string) string {
	r.t.Helper()
	return r.do("POST", "/Groups", body).want(201).id()
}

// native stores a user nobody manages, as the host does.
func (r *rig) native(u User) User {
	r.t.Helper()
	u, err := r.store.CreateUser(context.Background(), "acme", u)
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

// stored reads a user behind the endpoint's back.
func (r *rig) stored(id string) User {
	r.t.Helper()
	u, err := r.store.User(context.Background(), "acme", id)
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

func (a answer) want(code int) answer {
	a.t.Helper()
	if a.code != code {
		a.t.Fatalf("%s: %d, want %d\n%s", a.asked, a.code, code, a.text)
	}
	return a
}

// refused checks an error: its status, its scimType and that its detail has the given parts.
func (a answer) refused(code int, scimType string, detail ...string) answer {
	a.t.Helper()
	a.want(code)
	if got, _ := a.body["scimType"].(string); got != scimType {
		a.t.Errorf("%s: scimType %q, want %q\n%s", a.asked, got, scimType, a.text)
	}
	for _, d := range detail {
		if got, _ := a.body["detail"].(string); !strings.Contains(got, d) {
			a.t.Errorf("%s: detail %q, want it to contain %q", a.asked, got, d)
		}
	}
	return a
}

// at follows names and indexes into the body; nil means that nothing is there.
func (a answer) at(path ...any) any {
	var v any = a.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// is compares what is at a place with JSON; "" means that nothing is there.
func (a answer) is(want string, path ...any) answer {
	a.t.Helper()
	got := ""
	if v := a.at(path...); v != nil {
		got = compactJSON(v)
	}
	if want != "" {
		var v any
		if err := json.Unmarshal([]byte(want), &v); err != nil {
			a.t.Fatalf("%s is no JSON: %v", want, err)
		}
		want = compactJSON(v)
	}
	if got != want {
		a.t.Errorf("%s: %v is %s, want %s", a.asked, path, got, want)
	}
	return a
}

func compactJSON(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func (a answer) string(path ...any) string {
	s, _ := a.at(path...).(string)
	return s
}

func (a answer) id() string       { return a.string("id") }
func (a answer) version() string  { return a.header.Get("ETag") }
func (a answer) modified() string { return a.string("meta", "lastModified") }

// found lists one string of each listed resource.
func (a answer) found(path ...any) []string {
	a.t.Helper()
	a.want(200)
	list := []string{}
	resources, ok := a.body["Resources"].([]any)
	if !ok {
		a.t.Fatalf("%s: no Resources\n%s", a.asked, a.text)
	}
	for i := range resources {
		list = append(list, a.string(append([]any{"Resources", i}, path...)...))
	}
	return list
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// patchBody wraps operations.
func patchBody(operations string) string {
	return `{"schemas":["` + patchURN + `"],"Operations":[` + operations + `]}`
}

const ada = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@acme.example.com","externalId":"ada",` +
	`"name":{"givenName":"Ada","familyName":"Lovelace"},"title":"Countess","active":true,` +
	`"emails":[{"type":"work","value":"ada@acme.example.com","primary":true}]}`

func userNamed(name string) string { return fmt.Sprintf(`{"userName":%q}`, name) }

func TestCreatedAndLastModified(t *testing.T) {
	r := newRig(t)
	a := r.do("POST", "/Users", ada).want(201)
	a.is(`"2026-01-15T10:00:01Z"`, "meta", "created").is(`"2026-01-15T10:00:01Z"`, "meta", "lastModified")
	if got, want := a.header.Get("Location"), rigBase+"/Users/"+a.id(); got != want || a.string("meta", "location") != want {
		t.Errorf("Location %q and meta.location %q, want %q", got, a.string("meta", "location"), want)
	}
	if a.version() != a.string("meta", "version") || !strings.HasPrefix(a.version(), `W/"`) {
		t.Errorf("ETag %q, meta.version %q", a.version(), a.string("meta", "version"))
	}

	b := r.do("PATCH", "/Users/"+a.id(), patchBody(`{"op":"replace","path":"title","value":"Analyst"}`)).want(200)
	b.is(`"2026-01-15T10:00:01Z"`, "meta", "created").is(`"2026-01-15T10:00:02Z"`, "meta", "lastModified")
	c := r.do("PUT", "/Users/"+a.id(), strings.Replace(ada, "Countess", "Poet", 1)).want(200)
	c.is(`"2026-01-15T10:00:01Z"`, "meta", "created").is(`"2026-01-15T10:00:03Z"`, "meta", "lastModified")
	if a.version() == b.version() || b.version() == c.version() {
		t.Errorf("versions %s, %s, %s after three changes", a.version(), b.version(), c.version())
	}
}

// Times are cut to the milliseconds an answer shows, so that what is stored is what was told.
func TestTimesAreWholeMilliseconds(t *testing.T) {
	r := newRig(t, func(_ *Stores, c *Config) {
		c.Now = func() time.Time { return time.Date(2026, 1, 15, 12, 0, 0, 123_456_789, time.FixedZone("", 2*3600)) }
	})
	a := r.do("POST", "/Users", ada).want(201).is(`"2026-01-15T10:00:00.123Z"`, "meta", "created")
	if got := r.stored(a.id()).Created; got.Nanosecond() != 123_000_000 || got.Location() != time.UTC {
		t.Errorf("stored as %v", got)
	}
}

func TestIdleChangesKeepTheVersion(t *testing.T) {
	r := newRig(t)
	first := r.do("POST", "/Users", ada).want(201)
	for name, send := range map[string]func() answer{
		"PUT of the same": func() answer { return r.do("PUT", "/Users/"+first.id(), ada) },
		"PUT of what was answered": func() answer {
			return r.do("PUT", "/Users/"+first.id(), first.text)
		},
		"PATCH without operations": func() answer { return r.do("PATCH", "/Users/"+first.id(), patchBody("")) },
		"PATCH to the same value": func() answer {
			return r.do("PATCH", "/Users/"+first.id(), patchBody(`{"op":"replace","path":"title","value":"Countess"}`))
		},
		"PATCH there and back": func() answer {
			return r.do("PATCH", "/Users/"+first.id(), patchBody(`{"op":"replace","path":"title","value":"Poet"},{"op":"replace","path":"title","value":"Countess"}`))
		},
		"PATCH that adds what is there": func() answer {
			return r.do("PATCH", "/Users/"+first.id(), patchBody(`{"op":"add","path":"emails","value":[{"type":"work","value":"ADA@acme.example.com"}]}`))
		},
		"PATCH that removes what is not there": func() answer {
			return r.do("PATCH", "/Users/"+first.id(), patchBody(`{"op":"remove","path":"phoneNumbers[type eq \"fax\"]"}`))
		},
		"PATCH of the other type for active": func() answer {
			return r.do("PATCH", "/Users/"+first.id(), patchBody(`{"op":"Replace","path":"active","value":"True"}`))
		},
	} {
		a := send()
		if name == "PATCH that adds what is there" {
			// The address is the same one in other letters: the value sent last is kept.
			a.want(200).is(`"ADA@acme.example.com"`, "emails", 0, "value").is("", "emails", 1)
			r.do("PUT", "/Users/"+first.id(), ada).want(200)
			first = r.do("GET", "/Users/"+first.id(), "").want(200)
			continue
		}
		a.want(200)
		if a.version() != first.version() || a.modified() != first.modified() {
			t.Errorf("%s: version %s of %s, was %s of %s", name, a.version(), a.modified(), first.version(), first.modified())
		}
	}
}

func TestIdleGroupChangesKeepTheVersion(t *testing.T) {
	r := newRig(t)
	u := r.user(ada)
	body := `{"displayName":"Engineers","members":[{"value":"` + u + `"}]}`
	first := r.do("POST", "/Groups", body).want(201)
	path := "/Groups/" + first.id()
	for name, a := range map[string]answer{
		"PUT":                     r.do("PUT", path, body).want(200),
		"PUT without members":     r.do("PUT", path, `{"displayName":"Engineers"}`).want(200),
		"PATCH of a member":       r.do("PATCH", path, patchBody(`{"op":"add","path":"members","value":[{"value":"`+u+`"}]}`)).want(204),
		"PATCH of the name":       r.do("PATCH", path, patchBody(`{"op":"replace","path":"displayName","value":"Engineers"}`)).want(204),
		"PATCH that removes none": r.do("PATCH", path, patchBody(`{"op":"remove","path":"members[value eq \"nobody\"]"}`)).want(204),
	} {
		if a.version() != first.version() {
			t.Errorf("%s: version %s, was %s", name, a.version(), first.version())
		}
	}
	if a := r.do("GET", path, ""); a.modified() != first.modified() {
		t.Errorf("lastModified %s, was %s", a.modified(), first.modified())
	}
}

func TestIfMatch(t *testing.T) {
	r := newRig(t)
	a := r.do("POST", "/Users", ada).want(201)
	path, bare := "/Users/"+a.id(), strings.Trim(strings.TrimPrefix(a.version(), "W/"), `"`)
	stale := `W/"nothing of ours"`
	for _, c := range []struct {
		name    string
		headers []string
		code    int
	}{
		{"the weak tag it was given", []string{"If-Match", a.version()}, 200},
		{"the same tag as a strong one", []string{"If-Match", `"` + bare + `"`}, 200},
		{"the version without quotes", []string{"If-Match", bare}, 200},
		{"any", []string{"If-Match", "*"}, 200},
		{"a list", []string{"If-Match", stale + ` , ` + a.version()}, 200},
		{"two headers", []string{"If-Match", stale, "If-Match", a.version()}, 200},
		{"another", []string{"If-Match", stale}, 412},
		{"a list of others", []string{"If-Match", stale + `,"x"`}, 412},
		{"an empty tag", []string{"If-Match", `""`}, 412},
		{"a tag with a comma in it", []string{"If-Match", `"x,` + bare + `"`}, 412},
	} {
		t.Run(c.name, func(t *testing.T) {
			idle := patchBody(`{"op":"replace","path":"title","value":"Countess"}`)
			r.do("PATCH", path, idle, c.headers...).want(c.code)
			r.do("PUT", path, ada, c.headers...).want(c.code)
			if c.code == 412 {
				r.do("DELETE", path, "", c.headers...).refused(412, "", "If-Match")
			}
		})
	}
	r.do("PUT", path, ada, "If-None-Match", "*").refused(412, "", "If-None-Match")
	r.do("DELETE", path, "", "If-Match", a.version()).want(204)
	r.do("DELETE", path, "", "If-Match", a.version()).want(404)
}

func TestIfNoneMatch(t *testing.T) {
	r := newRig(t)
	a := r.do("POST", "/Users", ada).want(201)
	path := "/Users/" + a.id()
	strong := strings.TrimPrefix(a.version(), "W/")
	for _, c := range []struct {
		tag  string
		code int
	}{{a.version(), 304}, {strong, 304}, {"*", 304}, {`"x", ` + strong, 304}, {`"x"`, 200}, {"", 200}} {
		got := r.do("GET", path, "", "If-None-Match", c.tag).want(c.code)
		if got.version() != a.version() || c.code == 304 && got.text != "" {
			t.Errorf("If-None-Match %s: ETag %s and %d bytes", c.tag, got.version(), len(got.text))
		}
	}
	// The groups of a user are outside its version.
	r.group(`{"displayName":"Engineers","members":[{"value":"` + a.id() + `"}]}`)
	grouped := r.do("GET", path, "", "If-None-Match", a.version()).want(200).is(`"Engineers"`, "groups", 0, "display")
	if grouped.version() != "" {
		t.Errorf("an answer that shows groups has the entity tag %s, which would outlive them", grouped.version())
	}
	r.do("GET", path+"?excludedAttributes=groups", "", "If-None-Match", a.version()).want(304)
}

func TestPatchOfAGroup(t *testing.T) {
	r := newRig(t)
	u, g := r.user(ada), r.group(`{"displayName":"Engineers"}`)
	add := patchBody(`{"op":"add","path":"members","value":[{"value":"` + u + `"}]}`)
	a := r.do("PATCH", "/Groups/"+g, add).want(204)
	if a.text != "" || a.version() == "" {
		t.Errorf("body %q, ETag %q", a.text, a.version())
	}
	r.do("PATCH", "/Groups/"+g+"?attributes=members", add).want(200).
		is(`[{"value":"`+u+`","$ref":"`+rigBase+"/Users/"+u+`","type":"User"}]`, "members").is("", "displayName")
	r.do("PATCH", "/Groups/"+g+"?excludedAttributes=members", add).want(200).is(`"Engineers"`, "displayName").is("", "members")
	r.do("PATCH", "/Groups/"+g+"?aadOptscim062020", add).want(204)
	r.do("GET", "/Groups/"+g, "").want(200).is(`"`+u+`"`, "members", 0, "value")
}

func TestGroupsOfAUser(t *testing.T) {
	r := newRig(t)
	u, other := r.user(ada), r.user(userNamed("grace@acme.example.com"))
	var want []string
	for _, n := range []string{"Engineers", "Poets"} {
		want = append(want, r.group(`{"displayName":"`+n+`","members":[{"value":"`+u+`"}]}`))
	}
	for _, a := range []answer{
		r.do("GET", "/Users/"+u, "").want(200),
		r.do("PUT", "/Users/"+u, ada).want(200),
		r.do("PATCH", "/Users/"+u, patchBody(`{"op":"replace","path":"title","value":"Analyst"}`)).want(200),
		r.do("GET", "/Users/"+u+"?attributes=groups", "").want(200),
	} {
		for i, n := range []string{"Engineers", "Poets"} {
			a.is(`{"value":"`+want[i]+`","$ref":"`+rigBase+"/Groups/"+want[i]+`","display":"`+n+`","type":"direct"}`, "groups", i)
		}
	}
	list := r.do("GET", "/Users?attributes=groups.value", "").want(200)
	list.is(`[{"value":"`+want[0]+`"},{"value":"`+want[1]+`"}]`, "Resources", 0, "groups").is("", "Resources", 1, "groups")
	r.do("DELETE", "/Users/"+u, "").want(204)
	r.do("GET", "/Groups/"+want[0], "").want(200).is("", "members")
	r.do("GET", "/Users/"+other, "").want(200).is("", "groups")

	none := newRig(t, withoutGroups)
	none.do("GET", "/Users/"+none.user(ada), "").want(200).is("", "groups")
}

func TestEnterpriseExtension(t *testing.T) {
	r := newRig(t)
	u := r.user(`{"userName":"ada","` + EnterpriseURN + `":{"department":"Engines","manager":{"value":"26118915","displayName":"John"}}}`)
	a := r.do("GET", "/Users/"+u, "").want(200)
	a.is(`{"department":"Engines","manager":{"value":"26118915"}}`, EnterpriseURN)
	a.is(`["urn:ietf:params:scim:schemas:core:2.0:User","`+EnterpriseURN+`"`+
		`,"urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User"]`, "schemas")

	r.do("PATCH", "/Users/"+u, patchBody(`{"op":"add","path":"`+EnterpriseURN+`:manager","value":"8"},
		{"op":"replace","path":"`+EnterpriseURN+`:manager.$ref","value":"../Users/8"}`)).want(200).
		is(`{"value":"8","$ref":"../Users/8"}`, EnterpriseURN, "manager")
	r.do("PATCH", "/Users/"+u, patchBody(`{"op":"replace","path":"`+EnterpriseURN+`:manager.displayName","value":"Jane"}`)).
		refused(400, "mutability", "Operations[0]", "manager.displayName is read-only")
	// A manager without value is none, whatever else the host knew of the last one.
	named := r.stored(u)
	named.Enterprise.Manager.DisplayName = "Jane"
	if _, err := r.store.UpdateUser(context.Background(), "acme", named); err != nil {
		t.Fatal(err)
	}
	r.do("PATCH", "/Users/"+u, patchBody(`{"op":"replace","path":"`+EnterpriseURN+`:manager","value":{"value":""}}`)).want(200).is("", EnterpriseURN, "manager")
	r.do("PATCH", "/Users/"+u, patchBody(`{"op":"remove","path":"`+EnterpriseURN+`"}`)).want(200).is("", EnterpriseURN)
}

const hostUserSchema = `{"id":"urn:example:Badge","name":"Badge","attributes":[
	{"name":"number","type":"integer","required":true},
	{"name":"issued","type":"dateTime"},
	{"name":"doors","type":"string","multiValued":true,"caseExact":true},
	{"name":"photo","type":"complex","subAttributes":[{"name":"value","type":"binary"},{"name":"camera","type":"string","mutability":"readOnly"}]}]}`

const hostGroupSchema = `{"id":"urn:example:Team:group","name":"Team","attributes":[{"name":"budget","type":"decimal"},{"name":"public","type":"boolean"}]}`

func hostSchemas(_ *Stores, c *Config) {
	c.Schemas = [][]byte{[]byte(hostUserSchema), []byte(hostGroupSchema)}
}

func TestHostSchemaOfUsers(t *testing.T) {
	r := newRig(t, hostSchemas)
	plain := r.do("POST", "/Users", userNamed("grace")).want(201).is("", "urn:example:Badge") // the extension is not required …
	r.do("POST", "/Users", `{"userName":"eve","URN:example:badge":{"doors":["A"]}}`).
		refused(400, "invalidValue", "number is required") // … but a part of it is
	r.do("PATCH", "/Users/"+plain.id(), patchBody(`{"op":"replace","path":"title","value":"Rear Admiral"}`)).want(200)
	r.do("PATCH", "/Users/"+plain.id(), patchBody(`{"op":"add","path":"urn:example:Badge:doors","value":"A"}`)).
		refused(400, "invalidValue", "urn:example:Badge:number is required")

	u := r.user(`{"userName":"ada","urn:example:Badge":{"number":9007199254740993,"issued":"2026-01-31T10:00:00.050+01:00","doors":["A","a"],"photo":{"value":"AAECAw==","camera":"c"}}}`)
	a := r.do("GET", "/Users/"+u, "").want(200)
	if !strings.Contains(a.text, `"number":9007199254740993`) {
		t.Errorf("an integer beyond 2^53 was rounded: %s", a.text)
	}
	a.is(`"2026-01-31T09:00:00.05Z"`, "urn:example:Badge", "issued").is(`["A","a"]`, "urn:example:Badge", "doors").
		is(`{"value":"AAECAw=="}`, "urn:example:Badge", "photo")
	if got := r.stored(plain.id()).Extensions; len(got) != 0 {
		t.Errorf("%v is stored of a user without extensions", got)
	}
	stored := r.stored(u).Extensions["urn:example:Badge"]
	if n, ok := stored["number"].(int64); !ok || n != 9007199254740993 {
		t.Errorf("stored number is %T %v", stored["number"], stored["number"])
	}
	if _, ok := stored["issued"].(time.Time); !ok {
		t.Errorf("stored issued is %T", stored["issued"])
	}
	same(t, "filter on an integer", r.do("GET", `/Users?filter=urn:example:Badge:number+gt+9007199254740992`, "").found("userName"), []string{"ada"})
	same(t, "filter on an integer", r.do("GET", `/Users?filter=urn:example:Badge:number+gt+9007199254740993`, "").found("userName"), none())

	r.do("PATCH", "/Users/"+u, patchBody(`{"op":"remove","path":"urn:example:Badge:number"}`)).refused(400, "invalidValue", "number is required")
	r.do("PATCH", "/Users/"+u, patchBody(`{"op":"remove","path":"urn:example:Badge"}`)).want(200).is("", "urn:example:Badge")
	if got := r.stored(u).Extensions; len(got) != 0 {
		t.Errorf("%v is left of an extension that was removed", got)
	}
}

func none() []string { return []string{} }

func TestHostSchemaOfGroups(t *testing.T) {
	r := newRig(t, hostSchemas)
	g := r.group(`{"displayName":"Engineers","urn:example:Team:group":{"budget":12.5,"public":"True"}}`)
	r.do("GET", "/Groups/"+g, "").want(200).is(`{"budget":12.5,"public":true}`, "urn:example:Team:group").
		is(`["urn:ietf:params:scim:schemas:core:2.0:Group","urn:example:Team:group"]`, "schemas")
	r.do("PATCH", "/Groups/"+g+"?attributes=urn:example:Team:group", patchBody(`{"op":"replace","path":"urn:example:team:Group:budget","value":-1e2}`)).
		want(200).is(`{"budget":-100,"public":true}`, "urn:example:Team:group")
	same(t, "filter", r.do("GET", `/Groups?filter=urn:example:Team:group:budget+lt+0`, "").found("displayName"), []string{"Engineers"})
	r.do("GET", `/Users?filter=urn:example:Team:group:budget+lt+0`, "").refused(400, "invalidFilter")
}

func TestNewRefuses(t *testing.T) {
	store, auth := new(MemoryStore), new(Tokens)
	base := func(*http.Request) string { return rigBase }
	schemas := func(texts ...string) (c Config) {
		c.BaseURL = base
		for _, s := range texts {
			c.Schemas = append(c.Schemas, []byte(s))
		}
		return c
	}
	limits := func(l Limits) Config { return Config{BaseURL: base, Limits: l} }
	whole := Stores{Users: store, Groups: store}
	for _, c := range []struct {
		says   string
		stores Stores
		auth   Authenticator
		config Config
	}{
		{"Stores.Users is nil", Stores{Groups: store}, auth, Config{BaseURL: base}},
		{"the Authenticator is nil", whole, nil, Config{BaseURL: base}},
		{"Config.BaseURL is nil", whole, auth, Config{}},
		{"Config.ContentType", whole, auth, Config{BaseURL: base, ContentType: "text/json"}},
		{"Config.Limits: a limit is negative", whole, auth, limits(Limits{Body: -1})},
		{"Config.Limits: a limit is negative", whole, auth, limits(Limits{GroupBody: -1})},
		{"Config.Limits: a limit is negative", whole, auth, limits(Limits{Operations: -1})},
		{"Config.Limits: a limit is negative", whole, auth, limits(Limits{PageSize: -1})},
		{"at least 25 requests a second", whole, auth, limits(Limits{Rate: 24})},
		{"Config.Schemas[0]", whole, auth, schemas(`{`)},
		{"Config.Schemas[1]", whole, auth, schemas(hostUserSchema, `[]`)},
		{"needs an id and attributes", whole, auth, schemas(`{"id":"urn:example:Badge"}`)},
		{"needs an id and attributes", whole, auth, schemas(`{"attributes":[{"name":"a","type":"string"}]}`)},
		{"given twice", whole, auth, schemas(hostUserSchema, strings.Replace(hostUserSchema, "urn:example", "URN:EXAMPLE", 1))},
		{"is served anyway", whole, auth, schemas(strings.Replace(hostUserSchema, "urn:example:Badge", EnterpriseURN, 1))},
		{"is served anyway", whole, auth, schemas(strings.Replace(hostUserSchema, "urn:example:Badge", strings.ToUpper(extension.URN), 1))},
		{"defined twice", whole, auth, schemas(`{"id":"urn:example:X","attributes":[{"name":"a","type":"string"},{"name":"A","type":"string"}]}`)},
		{"unknown attribute type", whole, auth, schemas(`{"id":"urn:example:X","attributes":[{"name":"a","type":"text"}]}`)},
		{"unknown mutability", whole, auth, schemas(`{"id":"urn:example:X","attributes":[{"name":"a","type":"string","mutability":"rw"}]}`)},
		{"a complex attribute has sub-attributes", whole, auth, schemas(`{"id":"urn:example:X","attributes":[{"name":"a","type":"complex"}]}`)},
	} {
		h, err := New(c.stores, c.auth, c.config)
		if err == nil || h != nil || !strings.HasPrefix(err.Error(), "scim: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("New: %v and handler %v, want an error that says %q", err, h != nil, c.says)
		}
	}
	for _, l := range []Limits{{}, {Rate: 25}, {Rate: -1}, {Body: 1, GroupBody: 1, Operations: 1, PageSize: 1}} {
		if _, err := New(whole, auth, limits(l)); err != nil {
			t.Errorf("Limits %+v: %v", l, err)
		}
	}
}

func TestRegistries(t *testing.T) {
	users, err := UserRegistry([]byte(hostUserSchema), []byte(hostGroupSchema))
	if err != nil {
		t.Fatal(err)
	}
	groups, err := GroupRegistry([]byte(hostUserSchema), []byte(hostGroupSchema))
	if err != nil {
		t.Fatal(err)
	}
	_, badge := users.Ref("urn:example:Badge:number")
	_, team := users.Ref("urn:example:Team:group:budget")
	_, budget := groups.Ref("urn:example:Team:group:budget")
	_, password := users.Ref("password")
	if !badge || team || !budget || password {
		t.Errorf("users know number %t, budget %t, password %t; groups know budget %t", badge, team, password, budget)
	}
	if _, err := UserRegistry([]byte("{")); err == nil {
		t.Error("UserRegistry takes half a schema")
	}
	if _, err := GroupRegistry([]byte("{")); err == nil {
		t.Error("GroupRegistry takes half a schema")
	}
}

func TestPasswordIsDropped(t *testing.T) {
	r := newRig(t)
	const secret = "correct horse battery staple"
	a := r.do("POST", "/Users", `{"userName":"ada","password":"`+secret+`"}`).want(201)
	b := r.do("PUT", "/Users/"+a.id(), `{"userName":"ada","PassWord":{"not":["even","a","string"]}}`).want(200)
	c := r.do("PATCH", "/Users/"+a.id(), patchBody(`{"op":"replace","path":"password","value":"`+secret+`"},{"op":"add","value":{"password":"`+secret+`"}}`)).want(200)
	if a.version() != b.version() || b.version() != c.version() {
		t.Error("a password changed the user")
	}
	r.do("GET", `/Users?filter=password+pr`, "").refused(400, "invalidFilter")
	if stored := fmt.Sprintf("%+v", r.stored(a.id())); strings.Contains(stored+r.log.String()+a.text+c.text, secret) {
		t.Error("a password was kept")
	}
}

func TestTextsOfErrors(t *testing.T) {
	cause := errors.New("connection refused")
	down := &UnavailableError{Cause: cause}
	if !errors.Is(down, cause) {
		t.Error("an UnavailableError does not unwrap to its cause")
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&Refusal{Status: 409, Type: "uniqueness", Detail: "it is in use"}, "scim: refused with 409: it is in use"},
		{&ConflictError{"userName"}, "scim: userName is taken"},
		{down, "scim: store unavailable: connection refused"},
		{ErrNotFound, "scim: not found"},
		{ErrStale, "scim: the resource was changed meanwhile"},
		{ErrUnauthenticated, "scim: unauthenticated"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%T: %q, want %q", c.err, got, c.want)
		}
	}
}

// What a host's own code says goes to its log and never out.
func TestErrorsOfStores(t *testing.T) {
	const inner = "pq: relation users does not exist"
	for _, c := range []struct {
		err   error
		code  int
		retry string
	}{
		{errors.New(inner), 500, ""},
		{fmt.Errorf("users: %w", &UnavailableError{Cause: errors.New(inner)}), 503, "5"},
		{&UnavailableError{Cause: errors.New(inner), RetryAfter: 1500 * time.Millisecond}, 503, "2"},
		{fmt.Errorf("users: %w", ErrNotFound), 404, ""},
		{&Refusal{Status: 507, Detail: "no seat is left", RetryAfter: time.Minute}, 507, "60"},
	} {
		r := newRig(t, func(s *Stores, _ *Config) { s.Users = brokenStore{s.Users, c.err} })
		a := r.do("GET", "/Users/1", "").want(c.code)
		if got := a.header.Get("Retry-After"); got != c.retry {
			t.Errorf("%v: Retry-After %q, want %q", c.err, got, c.retry)
		}
		if strings.Contains(a.text, inner) {
			t.Errorf("%v is told to the client: %s", c.err, a.text)
		}
		if c.code >= 500 && c.code != 507 {
			_, incident, _ := strings.Cut(strings.ToLower(a.string("detail")), "incident ")
			if log := strings.ToLower(r.log.String()); incident == "" || !strings.Contains(log, incident) || !strings.Contains(log, inner) {
				t.Errorf("incident %q is not in the log with its reason: %s", incident, log)
			}
		}
	}
}

// brokenStore fails to read users.
type brokenStore struct {
	UserStore
	err error
}

func (s brokenStore) User(context.Context, TenantID, string) (User, error) { return User{}, s.err }

func TestPanicsAreAnsweredWithoutText(t *testing.T) {
	r := newRig(t, func(s *Stores, _ *Config) { s.Users = turningStore{s.Users} })
	a := r.do("GET", "/Users/1", "").want(500)
	if strings.Contains(a.text, "the tables have turned") || !strings.Contains(r.log.String(), "the tables have turned") || !strings.Contains(r.log.String(), "turningStore.User") {
		t.Errorf("answer %s, log %s", a.text, r.log)
	}
}

type turningStore struct{ UserStore }

func (turningStore) User(context.Context, TenantID, string) (User, error) {
	panic("the tables have turned")
}

func TestNewID(t *testing.T) {
	now := time.Date(2026, 1, 15, 10, 0, 0, 999_000_000, time.UTC)
	seen := map[string]bool{}
	last := ""
	for i := range 1_000 {
		at := now.Add(time.Duration(i) * time.Millisecond)
		id := newID(at)
		// RFC 9562 §5.7: version 7, variant 10, and 48 bits of milliseconds in front.
		if len(id) != 36 || id[14] != '7' || !strings.Contains("89ab", id[19:20]) || strings.Trim(id, "0123456789abcdef-") != "" {
			t.Fatalf("%s is no UUID of version 7", id)
		}
		var ms int64
		if _, err := fmt.Sscanf(id[:8]+id[9:13], "%x", &ms); err != nil || ms != at.UnixMilli() {
			t.Fatalf("%s has the time %d, want %d", id, ms, at.UnixMilli())
		}
		if id <= last || seen[newID(at)] {
			t.Fatalf("%s follows %s", id, last)
		}
		last, seen[id] = id, true
	}
	for range 1_000 {
		id := newID(now)
		if seen[id] {
			t.Fatalf("%s occurs twice", id)
		}
		seen[id] = true
	}
}

func TestAStoreMayChooseIDs(t *testing.T) {
	r := newRig(t, func(s *Stores, _ *Config) { s.Users = numbering{s.Users} })
	a := r.do("POST", "/Users", ada).want(201).is(`"a/b 7"`, "id")
	want := rigBase + "/Users/a%2Fb%207"
	if got := a.header.Get("Location"); got != want || a.string("meta", "location") != want {
		t.Errorf("Location %q, meta.location %q, want %q", got, a.string("meta", "location"), want)
	}
	r.do("GET", "/Users/a%2Fb%207", "").want(200).is(`"a/b 7"`, "id")
	r.do("DELETE", "/Users/a%2Fb%207", "").want(204)
}

// numbering is a store with IDs of its own.
type numbering struct{ UserStore }

func (s numbering) CreateUser(ctx context.Context, t TenantID, u User) (User, error) {
	u.ID = "a/b 7"
	return s.UserStore.CreateUser(ctx, t, u)
}
