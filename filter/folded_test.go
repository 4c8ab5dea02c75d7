package filter

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestFolded(t *testing.T) {
	g := testRegistry(t)
	for _, tt := range []struct{ why, resource, want string }{
		{"nothing", `{}`, `{}`},
		{"strings are folded, unless they are caseExact", `{"id":"a","userName":"é"}`, `{"id":"a","userName":"É"}`},
		{"a binary is caseExact", `{"picture":"qQ=="}`, `{"picture":"qQ=="}`},
		{"what JSON escapes", `{"id":"\"\\\u0001\u007f\u2028\t"}`, `{"id":"\"\\\u0001` + "\x7f\u2028" + `\u0009"}`},
		{"no database keeps a NUL", `{"id":"a\u0000"}`, `{"id":"a` + "\uFFFD" + `"}`},
		{"booleans", `{"active":false,"emails":[{"primary":true}]}`, `{"active":"0","emails":[{"primary":"1"}]}`},
		{"numbers", `{"loginCount":-1,"score":-0.5}`, `{"loginCount":"7fffffffffffffff","score":"401fffffffffffff"}`},
		{"a time", `{"meta":{"created":"1970-01-01T00:00:01.5Z"}}`, `{"meta":{"created":"80000000000000019dcd6500"}}`},
		{"an element keeps its place", `{"tags":["a","","b"],"emails":[{},{"type":"x"}]}`,
			`{"emails":[{},{"type":"X"}],"tags":["A",null,"B"]}`},
		{"an empty list is none", `{"tags":[],"emails":[]}`, `{}`},
		{"a complex attribute may be empty", `{"name":{},"prefs":{"lists":["x"]}}`, `{"name":{},"prefs":{"lists":["X"]}}`},
		{"what is derived is left out", `{"name":{"formatted":"x"},"groups":[{"value":"x"}],"meta":{"version":"x","resourceType":"User"}}`,
			`{"name":{},"meta":{"resourceType":"User"}}`},
		{"extensions", `{"` + enterpriseURN + `":{"manager":{"value":"x"},"department":"d"},"` + acmeURN + `":{},"` + acme2URN + `":{"zone":"z"}}`,
			`{"` + enterpriseURN + `":{"department":"D","manager":{"value":"x"}},"` + acme2URN + `":{"zone":"Z"}}`},
	} {
		var m map[string]any
		d := json.NewDecoder(strings.NewReader(tt.resource))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		got := g.Folded(newDoc(g, m))
		if got != tt.want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s\n got %s\nwant %s", tt.why, tt.resource, got, tt.want)
		}
	}
}

// TestFoldedHost: a host may have what JSON has not.
func TestFoldedHost(t *testing.T) {
	g := testRegistry(t)
	d := newDoc(g, map[string]any{})
	for path, v := range map[string]Value{
		"id": {Kind: String, Text: "a\xff"}, "userName": {Kind: String, Text: "é\xff\x00"},
		"displayName": {Kind: String}, "score": {Kind: Decimal, Float: math.NaN()},
	} {
		r, _ := g.Ref(path)
		d.values[r.Index()] = []Value{v}
	}
	want := `{"id":"a` + "\uFFFD" + `","userName":"É` + "\uFFFD\uFFFD" + `","displayName":"","score":"0000000000000000"}`
	if got := g.Folded(d); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
