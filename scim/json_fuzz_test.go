package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDecodeJSON compares the decoder with encoding/json.
func FuzzDecodeJSON(f *testing.F) {
	for _, text := range []string{
		`{"userName":"ada","emails":[{"value":"a@b","primary":true},{}],"n":-1.5e+3,"x":null}`,
		`["\u00e9\ud83d\ude00\ud83d","\\u0000","\u0000","\"\\\/\b\f\n\r\t"]`, "[\"\xff\xed\xa0\xbd\"]",
		`{"a":1,"A":2}`, `{"a":1,"\u0061":2}`, nested(33, "0"), ` [1 , 2 ] x`, `[01,1.,-,+1,1e5]`, objectOf(20),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkDecodeJSON(t, text) })
}

// checkDecodeJSON holds the decoder to this: what it accepts, encoding/json accepts, as the same
// value; and what only encoding/json accepts breaks one of the rules jsonDecoder is documented
// with.
func checkDecodeJSON(t *testing.T, text []byte) {
	t.Helper()
	v, err := decodeJSON(text)
	want, refErr := reference(text)
	switch {
	case err == nil && refErr != nil:
		t.Fatalf("%q is accepted; encoding/json: %v", text, refErr)
	case err == nil:
		if got := plain(v); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is %#v, want %#v", text, got, want)
		}
		if n := countJSON(text); n != inside(v) {
			t.Fatalf("%q: %d values counted, there are %d", text, n, inside(v))
		}
		return
	}
	r, ok := errors.AsType[*Refusal](err)
	if !ok || r.Status != 400 && r.Status != 413 || !utf8.ValidString(r.Detail) || len(r.Detail) > 300 {
		t.Fatalf("%q is refused with %#v", text, err)
	}
	if refErr == nil && !breaksRule(text, r.Detail) {
		t.Fatalf("%q is refused and should not be: %v", text, err)
	}
}

func inside(v jsonValue) int {
	n := len(v.list)
	for _, m := range v.list {
		n += inside(m.jsonValue)
	}
	return n
}

// breaksRule reports whether valid JSON breaks the rule that a refusal names.
func breaksRule(text []byte, detail string) bool {
	has := func(s string) bool { return strings.Contains(detail, s) }
	switch {
	case has("UTF-8"):
		return !utf8.Valid(text)
	case has("used twice"):
		return repeats(json.NewDecoder(bytes.NewReader(text)))
	case has("levels of nesting"):
		return depth(text) > maxJSONDepth
	case has("NUL"):
		return strings.Contains(string(text), `\u0000`)
	case has("half a character"): // encoding/json makes U+FFFD of it
		all, _ := reference(text)
		return strings.Contains(mustJSON(all), "\uFFFD")
	case has("names, more than"):
		return len(text) > 4*maxNames
	case has("values in"):
		return len(text) > fewValues
	}
	return false
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// depth returns how deeply valid JSON is nested.
func depth(text []byte) int {
	d := json.NewDecoder(bytes.NewReader(text))
	deepest, now := 0, 0
	for {
		switch token, err := d.Token(); {
		case err != nil:
			return deepest
		case token == json.Delim('[') || token == json.Delim('{'):
			now++
			deepest = max(deepest, now)
		case token == json.Delim(']') || token == json.Delim('}'):
			now--
		}
	}
}

// repeats reports whether an object in the next value has two names that are equal but for case.
func repeats(d *json.Decoder) (found bool) {
	switch token, _ := d.Token(); token {
	case json.Delim('['):
		for d.More() {
			found = repeats(d) || found
		}
	case json.Delim('{'):
		var seen []string
		for d.More() {
			token, _ := d.Token()
			name := token.(string)
			found = found || slices.ContainsFunc(seen, func(s string) bool { return strings.EqualFold(s, name) })
			seen = append(seen, name)
			found = repeats(d) || found
		}
	default:
		return false
	}
	d.Token() // ] or }
	return found
}
