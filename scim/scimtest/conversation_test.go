package scimtest

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// A recorder is a testing.TB that is not made to fail by what fails.
type recorder struct {
	testing.TB
	failures []string
}

func (*recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

const base = "https://tenant.example.com/ws/scim/v2"

// An answer is all that the toy server of these tests says.
type answer struct {
	status      int
	contentType string // "": application/scim+json
	header      http.Header
	body        string
}

func (a answer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/scim+json")
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// converse runs a conversation of one GET that expects what is given, and returns the failures.
func converse(t *testing.T, expected string, h http.Handler) []string {
	t.Helper()
	c, err := Parse("toy.txt", []byte("protects: toys\nsource: us\n\n> GET /Toys/1\n"+expected))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{TB: t}
	c.Run(r, Host{Handler: h, Base: base})
	return r.failures
}

func TestConversationsParse(t *testing.T) {
	all, err := Conversations()
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)
	for i, c := range all {
		if !name.MatchString(c.Name) {
			t.Errorf("%s: want a name of the form client-behavior", c.Name)
		}
		if i > 0 && all[i-1].Name >= c.Name {
			t.Errorf("%s comes after %s", c.Name, all[i-1].Name)
		}
	}
	if len(all) < 100 {
		t.Errorf("%d conversations are embedded; where are the others?", len(all))
	}
}

func TestConversationHolds(t *testing.T) {
	matches := []struct {
		name, expected string
		answer         answer
	}{
		{"nothing is compared", "< 200\n", answer{status: 200, body: `{"a": 1}`}},
		{"an extension", "< 200\n" + `{"a": 1}`, answer{status: 200, body: `{"b": {"c": []}, "a": 1}`}},
		{"no body", "< 204\n", answer{status: 204}},
		{"not modified", "< 304\n", answer{status: 304}},
		{"anything", "< 200\n" + `{"a": "<any>", "b": ["<any>"]}`, answer{status: 200, body: `{"a": {}, "b": [1]}`}},
		{"absent", "< 200\n< ETag: <absent>\n" + `{"a": "<absent>"}`, answer{status: 200, body: `{"b": 1}`}},
		{"a time", "< 200\n" + `{"a": "<time>"}`, answer{status: 200, body: `{"a": "2026-01-02T03:04:05.678Z"}`}},
		{"contained", "< 200\n" + `{"a": "<contains: two>"}`, answer{status: 200, body: `{"a": "one two three"}`}},
		{"anything else", "< 200\n" + `{"a": "<not: {{base}}>"}`, answer{status: 200, body: `{"a": "x"}`}},
		{"any order", "< 200\n" + `["<any order>", 1, {"a": 2}]`, answer{status: 200, body: `[{"a": 2, "b": 3}, 1]`}},
		{"at least", "< 200\n" + `["<at least>", 2]`, answer{status: 200, body: `[1, 2, 3]`}},
		{"a name twice", "< 200\n" + `{"id": "{{id}}", "at": "{{base}}/Toys/{{id}}"}`, answer{status: 200, body: `{"at": "` + base + `/Toys/7", "id": "7"}`}},
		{"a name within a text", "< 200\n" + `{"at": "{{base}}/Toys/{{id}}", "id": "{{id}}"}`, answer{status: 200, body: `{"at": "` + base + `/Toys/7", "id": "7"}`}},
		{"a header", "< 200\n< ETag: W/\"{{v}}\"\n" + `{"v": "{{v}}"}`, answer{status: 200, header: http.Header{"Etag": {`W/"3"`}}, body: `{"v": "3"}`}},
		{"one of the headers", "< 200\n< Allow: PUT\n", answer{status: 200, header: http.Header{"Allow": {"GET", "PUT"}}}},
		{"charset", "< 200\n", answer{status: 200, contentType: "application/scim+json;charset=UTF-8", body: `{}`}},
		{"an error", "< 404\n", answer{status: 404, body: `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404", "detail": "no such toy"}`}},
	}
	for _, m := range matches {
		t.Run(m.name, func(t *testing.T) {
			if failures := converse(t, m.expected, m.answer); len(failures) > 0 {
				t.Error(failures[0])
			}
		})
	}
}

func TestConversationFails(t *testing.T) {
	breaks := []struct {
		name, expected string
		answer         answer
		want           string // in the report
	}{
		{"status", "< 201\n", answer{status: 200, body: `{}`}, "the status: is 200, want 201"},
		{"missing key", "< 200\n" + `{"a": {"b": 1}}`, answer{status: 200, body: `{"a": {}}`}, "a.b: is missing, want 1"},
		{"case of a key", "< 200\n" + `{"a": 1}`, answer{status: 200, body: `{"A": 1}`}, "a: is missing"},
		{"text", "< 200\n" + `{"a": "b"}`, answer{status: 200, body: `{"a": "c"}`}, `a: is "c", want "b"`},
		{"kind", "< 200\n" + `{"a": 1}`, answer{status: 200, body: `{"a": "1"}`}, `a: is "1", want 1`},
		{"number", "< 200\n" + `{"a": 1}`, answer{status: 200, body: `{"a": 1.0}`}, "a: is 1.0, want 1"},
		{"boolean", "< 200\n" + `{"a": true}`, answer{status: 200, body: `{"a": false}`}, "a: is false, want true"},
		{"length", "< 200\n" + `{"a": [1]}`, answer{status: 200, body: `{"a": [1, 2]}`}, "a: has 2 elements, want 1"},
		{"order", "< 200\n" + `{"a": [1, 2]}`, answer{status: 200, body: `{"a": [2, 1]}`}, "a[0]: is 2, want 1"},
		{"any order", "< 200\n" + `["<any order>", 1, 1]`, answer{status: 200, body: `[1, 2]`}, "no element like the expected one with index 1"},
		{"any order, length", "< 200\n" + `["<any order>", 1]`, answer{status: 200, body: `[1, 2]`}, "has 2 elements, want 1"},
		{"at least", "< 200\n" + `["<at least>", 3]`, answer{status: 200, body: `[1, 2]`}, "no element like the expected one with index 0"},
		{"not absent", "< 200\n" + `{"a": "<absent>"}`, answer{status: 200, body: `{"a": 1}`}, "a: is there, with 1"},
		{"absent", "< 200\n" + `{"a": "<any>"}`, answer{status: 200, body: `{}`}, "a: is missing"},
		{"null", "< 200\n" + `{"a": "<any>"}`, answer{status: 200, body: `{"a": null}`}, "a: is null"},
		{"no time", "< 200\n" + `{"a": "<time>"}`, answer{status: 200, body: `{"a": "2026-01-02"}`}, "want an RFC 3339 time"},
		{"no time in UTC", "< 200\n" + `{"a": "<time>"}`, answer{status: 200, body: `{"a": "2026-01-02T03:04:05+01:00"}`}, "want an RFC 3339 time in UTC"},
		{"not contained", "< 200\n" + `{"a": "<contains: {{base}}>"}`, answer{status: 200, body: `{"a": "b"}`}, "want something that contains \"" + base},
		{"the same", "< 200\n" + `{"a": "<not: b>"}`, answer{status: 200, body: `{"a": "b"}`}, "want anything else"},
		{"two values of a name", "< 200\n" + `{"a": "{{x}}", "b": "{{x}}"}`, answer{status: 200, body: `{"a": "1", "b": "2"}`}, `b: is "2", want "1"`},
		{"two values in a text", "< 200\n" + `{"a": "{{x}}/{{x}}"}`, answer{status: 200, body: `{"a": "1/2"}`}, "{{x}} has two values"},
		{"header", "< 200\n< ETag: 1\n", answer{status: 200, header: http.Header{"Etag": {"2"}}}, `the header ETag: is ["2"], want "1"`},
		{"no header", "< 200\n< ETag: 1\n", answer{status: 200}, "the header ETag: is missing"},
		{"a header too many", "< 200\n< ETag: <absent>\n", answer{status: 200, header: http.Header{"Etag": {"2"}}}, "the header ETag: is there"},
		{"no body", "< 200\n{}", answer{status: 200}, "the body: is empty"},
		{"a body too many", "< 204\n", answer{status: 204, body: "{}"}, "an answer 204 has none"},
		{"no JSON", "< 200\n", answer{status: 200, body: "{"}, "not JSON"},
		{"more than JSON", "< 200\n", answer{status: 200, body: "{}{}"}, "there is more after the JSON value"},
		{"a key twice", "< 200\n", answer{status: 200, body: `{"a": 1, "a": 1}`}, `the key "a" is there twice`},
		{"null, unasked", "< 200\n", answer{status: 200, body: `{"a": [{"b": null}]}`}, "a[0].b: is null"},
		{"media type", "< 200\n", answer{status: 200, contentType: "application/json", body: `{}`}, `Content-Type: is "application/json"`},
		{"charset", "< 200\n", answer{status: 200, contentType: "application/scim+json; charset=latin1", body: `{}`}, "Content-Type: is"},
		{"error without body", "< 400\n", answer{status: 400}, "the body: is empty"},
		{"error status", "< 400\n", answer{status: 400, body: `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": 400, "detail": "x"}`}, `status: is 400, want "400"`},
		{"error schema", "< 400\n", answer{status: 400, body: `{"schemas": [], "status": "400", "detail": "x"}`}, "schemas: has 0 elements, want 1"},
		{"error detail", "< 400\n", answer{status: 400, body: `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "detail": " "}`}, "detail: does not say what is wrong"},
	}
	for _, b := range breaks {
		t.Run(b.name, func(t *testing.T) {
			failures := converse(t, b.expected, b.answer)
			if len(failures) != 1 {
				t.Fatalf("%d failures, want 1: %q", len(failures), failures)
			}
			if !strings.Contains(failures[0], b.want) {
				t.Errorf("the report does not say %q:\n%s", b.want, failures[0])
			}
		})
	}
}

func TestConversationReport(t *testing.T) {
	c, err := Parse("some/where/toys-are-kept.txt", []byte(`protects: a toy that was put away is found
source: us

> POST /Toys
{"name": "robot"}
< 201
{"id": "{{robot}}"}

> GET /Toys?filter=name eq "{{robot}}"
< 200
{"id": "{{robot}}", "x": true}

> GET /Toys/never
< 200
`))
	if err != nil {
		t.Fatal(err)
	}
	var calls int
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		a := answer{status: 201, body: `{"id": "t1"}`}
		if calls > 1 {
			a = answer{status: 200, body: `{"id": "t2", "long": "` + strings.Repeat("y", 4000) + `"}`}
		}
		a.ServeHTTP(w, r)
	})
	r := &recorder{TB: t}
	c.Run(r, Host{Handler: h, Base: base, Header: http.Header{"Authorization": {"Bearer hunter2"}}})
	if calls != 2 || len(r.failures) != 1 {
		t.Fatalf("%d calls and %d failures, want 2 and 1: the step after one that failed is not taken", calls, len(r.failures))
	}
	report := r.failures[0]
	for _, want := range []string{
		"toys-are-kept.txt:9: step 2", "a toy that was put away is found",
		`id: is "t2", want "t1"`, "x: is missing",
		"> GET /ws/scim/v2/Toys?filter=name%20eq%20%22t1%22", "< 200", `"id": "t1"`, `"id": "t2"`, "bytes more",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report does not say %q:\n%s", want, report)
		}
	}
	if len(report) > 4000 {
		t.Errorf("the report has %d bytes", len(report))
	}
	if strings.Contains(report, "hunter2") {
		t.Error("the report shows the token")
	}
}

func TestConversationRequests(t *testing.T) {
	c, err := Parse("toy", []byte(`protects: toys
source: us

# Ampersands, pluses and percent signs are the client's.
> GET /Toys?filter=name eq "é"&a=%zz+b
> X-Toy: {{base}}
< 200
< ETag: {{v}}

> PATCH /Toys/{{v}}
> authorization: Basic eA==
> Content-Type: text/plain
{"a":
# a comment
"{{v}}"}
< 204

> DELETE {{base}}/Toys/1
> Authorization:
< 204

> POST /Toys
> Content-Type:
not JSON
< 204
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprintf("%s %s|%s|%v|%v|%v|%s", r.Method, r.RequestURI, r.Host, r.Header["Authorization"], r.Header["Content-Type"], r.Header["X-Toy"], body))
		if r.TLS == nil || int(r.ContentLength) != len(body) || r.URL.Host != "" {
			t.Errorf("%s: TLS %v, length %d, host in URL %q", r.Method, r.TLS, r.ContentLength, r.URL.Host)
		}
		if r.Method == "GET" {
			w.Header().Set("ETag", `W/"1"`)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	c.Run(t, Host{Handler: h, Base: base + "/", Header: http.Header{"Authorization": {"Bearer x"}}})
	want := []string{
		`GET /ws/scim/v2/Toys?filter=name%20eq%20%22%C3%A9%22&a=%zz+b|tenant.example.com|[Bearer x]|[]|[` + base + `]|`,
		`PATCH /ws/scim/v2/Toys/W/%221%22|tenant.example.com|[Basic eA==]|[text/plain]|[]|{"a":` + "\n\n" + `"W/\"1\""}`,
		`DELETE /ws/scim/v2/Toys/1|tenant.example.com|[]|[]|[]|`,
		`POST /ws/scim/v2/Toys|tenant.example.com|[Bearer x]|[]|[]|not JSON`,
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("request %d of %d: got\n%q\nwant\n%q", i+1, len(got), got, want[i])
		}
	}
}

func TestConversationNeedsABase(t *testing.T) {
	c, err := Parse("toy", []byte("protects: toys\nsource: us\n> GET /Toys\n< 200\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{TB: t}
	c.Run(r, Host{Handler: answer{status: 200}})
	if len(r.failures) != 1 || !strings.Contains(r.failures[0], "absolute URL") {
		t.Errorf("failures: %q", r.failures)
	}
}

func TestParse(t *testing.T) {
	c, err := Parse("dir/toy-found.txt", []byte("protects: toys: all\r\nsource: us\r\nneeds: groups, strict\r\n\r\n> GET /Toys\r\n< 200\r\n{\"a\": 1}\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "toy-found" || c.Protects != "toys: all" || c.Source != "us" || fmt.Sprint(c.Needs) != "[groups strict]" {
		t.Errorf("got %+v", c)
	}
	if len(c.Steps) != 1 || c.Steps[0].Line != 5 || c.Steps[0].Status != 200 || c.Steps[0].Want != `{"a": 1}` {
		t.Errorf("got %+v", c.Steps)
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "protects: toys\nsource: us\n\n"
	slips := []struct{ name, text, want string }{
		{"empty", "", "1: there is no line \"protects"},
		{"no protects", "source: us\n> GET /\n< 200\n", "2: there is no line \"protects"},
		{"no source", "protects: toys\n> GET /\n< 200\n", "2: there is no line \"source"},
		{"empty protects", "protects:\nsource: us\n", "1: \"protects:\" is not a line"},
		{"unknown key", "protects: toys\nexpects: fun\n", "2: unknown key \"expects\""},
		{"key twice", "protects: toys\nprotects: toys\n", "2: protects is given twice"},
		{"no key", "toys\n", "1: \"toys\" is not a line"},
		{"unknown need", "needs: magic\n", "1: unknown need \"magic\""},
		{"no steps", head, "there are no steps"},
		{"no target", head + "> GET\n< 200\n", "4: \"> GET\" is not a request"},
		{"method", head + "> get /\n< 200\n", "4: \"> get /\" is not a request"},
		{"relative target", head + "> GET Toys\n< 200\n", "4: the target \"Toys\""},
		{"no answer", head + "> GET /\n\n> GET /\n< 200\n", "6: \"> GET /\" stands where a line \"< …\" is due"},
		{"nothing", head + "> GET /\n", "the file ends where a line \"< …\" is due"},
		{"answer first", head + "> GET /\n< 200\n\n< 200\n", "7: \"< 200\" stands where a line \"> …\" is due"},
		{"status", head + "> GET /\n< OK\n", "5: \"< OK\" is not an answer"},
		{"unknown status", head + "> GET /\n< 299\n", "5: \"< 299\" is not an answer"},
		{"header", head + "> GET /\n> Accept\n< 200\n", "5: \"> Accept\" is not a header"},
		{"header of an answer", head + "> GET /\n< 200\n< E Tag: 1\n", "6: \"< E Tag: 1\" is not a header"},
		{"unbound in a target", head + "> GET /{{toy}}\n< 200\n", "4: {{toy}} is not bound"},
		{"unbound in a header", head + "> GET /\n> If-Match: {{v}}\n< 200\n", "5: {{v}} is not bound"},
		{"unbound in a body", head + "> POST /\n{\n\"a\": \"{{b}}\"}\n< 200\n", "6: {{b}} is not bound"},
		{"unbound in a mark", head + "> GET /\n< 200\n{\"a\": \"<not: {{b}}>\"}\n", "6: {{b}} is not bound"},
		{"bound too late", head + "> GET /\n< 200\n{\"a\": \"<not: {{b}}>\", \"b\": \"{{b}}\"}\n", "6: {{b}} is not bound"},
		{"no name", head + "> GET /{{\n< 200\n", "4: \"/{{\" has a {{"},
		{"no name in an answer", head + "> GET /\n< 200\n{\"a\": \"{{1}}\"}", "6: \"{{1}}\" has a {{"},
		{"unknown mark", head + "> GET /\n< 200\n{\n\"a\": \"<some>\"}", "7: unknown mark \"<some>\""},
		{"mark in a header", head + "> GET /\n< 200\n< ETag: <some>\n", "6: unknown mark \"<some>\""},
		{"argument of a mark", head + "> GET /\n< 200\n[\"<any: 1>\"]", "6: unknown mark \"<any: 1>\""},
		{"mark without argument", head + "> GET /\n< 200\n[\"<contains>\"]", "6: unknown mark \"<contains>\""},
		{"order outside of an array", head + "> GET /\n< 200\n{\"a\": \"<any order>\"}", "6: \"<any order>\" may only begin an array"},
		{"order in the middle", head + "> GET /\n< 200\n[1, \"<at least>\"]", "6: \"<at least>\" may only begin an array"},
		{"absent element", head + "> GET /\n< 200\n[\"<absent>\"]", "6: only a member of an object can be \"<absent>\""},
		{"absent body", head + "> GET /\n< 200\n\"<absent>\"", "6: only a member of an object can be \"<absent>\""},
		{"no JSON", head + "> GET /\n< 200\n{\n\"a\": 1,\n\"b\": }\n", "8: not JSON"},
		{"more than JSON", head + "> GET /\n< 200\n{}\n{}\n", "7: there is more"},
		{"cut off", head + "> GET /\n< 200\n{\"a\": 1\n", "6: not JSON"},
		{"a key twice", head + "> GET /\n< 200\n\n# here\n{\"a\": 1,\n\"a\": 1}", "9: the key \"a\" is there twice"},
		{"a body for 204", head + "> GET /\n< 204\n\n{}\n", "7: an answer 204 has no body"},
	}
	for _, s := range slips {
		t.Run(s.name, func(t *testing.T) {
			_, err := Parse("toy.txt", []byte(s.text))
			if err == nil {
				t.Fatal("parsed")
			}
			want := s.want
			if want[0] >= '0' && want[0] <= '9' {
				want = "scimtest: toy.txt:" + want
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error is\n%v\nwant\n%s", err, want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	all, err := embedded.ReadDir("conversations")
	if err != nil {
		f.Fatal(err)
	}
	for _, entry := range all {
		text, err := embedded.ReadFile("conversations/" + entry.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("fuzz", text)
		if err != nil {
			return
		}
		// What parses can be run: it fails or holds, but it does not crash.
		c.Run(&recorder{TB: t}, Host{Handler: answer{status: 200, body: `{"a": ["b"]}`}, Base: base})
	})
}
