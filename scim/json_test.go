package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// plain is a decoded value as encoding/json would return it, with UseNumber.
func plain(v jsonValue) any {
	switch v.kind {
	case jsonBool:
		return v.text == "true"
	case jsonNumber:
		return json.Number(v.text)
	case jsonString:
		return v.text
	case jsonArray:
		list := []any{}
		for _, m := range v.list {
			list = append(list, plain(m.jsonValue))
		}
		return list
	case jsonObject:
		object := map[string]any{}
		for _, m := range v.list {
			object[m.key] = plain(m.jsonValue)
		}
		return object
	}
	return nil
}

// reference decodes one JSON text with encoding/json.
func reference(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows")
	}
	return v, nil
}

func nested(n int, inner string) string {
	return strings.Repeat("[", n) + inner + strings.Repeat("]", n)
}

func objectOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"n%d":0`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// zeros is an array of n zeros, padded with spaces so that it is allowed to be as long.
func zeros(n, pad int) string {
	return "[0" + strings.Repeat(",0", n-1) + strings.Repeat(" ", pad) + "]"
}

func TestDecodeJSON(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-0`, `-1.50e+10`, `1E400`, `12345678901234567890123`, `""`, `"a"`, `[]`, `{}`,
		" \t\r\n[ ] \n", `[1, 2 ,3]`, `{"a":1,"b":[{"c":null}],"":""}`, `[[],[[]],{},[{}]]`,
		`"\"\\\/\b\f\n\r\t"`, `"\u00e9\u00E9\u20ac"`, `"\ud83d\ude00"`, `"\uD83D\uDE00x"`, `"\uffff"`, `"é€😀"`, "\"\u2028\x7f\"",
		`"\\u0000"`, `["a,b]","c\"]"]`, `{"a]":"}"}`, nested(maxJSONDepth, ""), nested(maxJSONDepth, "1"),
		objectOf(fewMembers), objectOf(fewMembers + 1), objectOf(maxNames),
		zeros(fewValues, 0), zeros(2*fewValues, 6*fewValues), `{"a":1,"aa":2,"ſ":3,"t":4}`,
	} {
		want, err := reference([]byte(text))
		if err != nil {
			t.Fatalf("%.60q is no example: %v", text, err)
		}
		v, err := decodeJSON([]byte(text))
		if err != nil {
			t.Errorf("%.60q: %v", text, err)
		} else if got := plain(v); !reflect.DeepEqual(got, want) {
			t.Errorf("%.60q: %#v, want %#v", text, got, want)
		}
	}
}

func TestDecodeJSONKeepsOrder(t *testing.T) {
	v, err := decodeJSON([]byte(`{"b":1,"a":[1.0,2],"c":{"z":0,"y":0}}`))
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, m := range v.list {
		order = append(order, m.key)
		for _, m := range m.list {
			order = append(order, m.key+m.text)
		}
	}
	if got := strings.Join(order, " "); got != "b a 1.0 2 c z0 y0" {
		t.Errorf("order is %s", got)
	}
}

func TestDecodeJSONRefusals(t *testing.T) {
	for _, c := range []struct{ text, rule string }{
		{``, "a JSON value is expected"},
		{` `, "a JSON value is expected"},
		{`nul`, "at byte 0"},
		{`nullx`, "at byte 4: something follows"},
		{`tru`, "a JSON value is expected"},
		{`True`, "a JSON value is expected"},
		{`NaN`, "a JSON value is expected"},
		{`+1`, "a JSON value is expected"},
		{`.5`, "a JSON value is expected"},
		{`01`, "this is no number"},
		{`1.`, "this is no number"},
		{`1e`, "this is no number"},
		{`-`, "this is no number"},
		{`1-2`, "this is no number"},
		{`0x10`, "at byte 1: something follows"},
		{`'a'`, "a JSON value is expected"},
		{`"a`, "the string is not closed"},
		{`"a\`, "not one of RFC 8259"},
		{`"a\"`, "the string is not closed"},
		{"\"a\nb\"", "at byte 2: a control character"},
		{"\"\\n\nb\"", "at byte 3: a control character"},
		{"\"a\x00b\"", "a control character"},
		{"\x00", "a JSON value is expected"},
		{"1\x00", "something follows"},
		{"[1\x00]", "a comma"},
		{`"\u0000"`, "NUL"},
		{`"\x41"`, "at byte 1: the escape"},
		{`"\u12"`, "the escape"},
		{`"\u12g4"`, "the escape"},
		{`"\ud83d"`, "half a character"},
		{`"\ude00"`, "half a character"},
		{`"\ud83d\ud83d"`, "half a character"},
		{`"\ud83dx\ude00"`, "half a character"},
		{`"\ud83d\n"`, "half a character"},
		{"\"\xff\"", "not valid UTF-8"},
		{"\"\xc0\x80\"", "not valid UTF-8"},
		{"\"\xed\xa0\xbd\"", "not valid UTF-8"},
		{"\xef\xbb\xbf{}", "a JSON value is expected"},
		{`[`, "a JSON value is expected"},
		{`[1`, "a comma or ']'"},
		{`[1 2]`, "at byte 3: a comma or ']'"},
		{`[1,]`, "at byte 3: a JSON value"},
		{`[,1]`, "a JSON value is expected"},
		{`[}`, "a JSON value is expected"},
		{`[1}`, "a comma or ']'"},
		{`]`, "a JSON value is expected"},
		{`[]]`, "something follows"},
		{`{`, "a name in quotes"},
		{`{"a"`, "a colon"},
		{`{"a" 1}`, "a colon"},
		{`{"a":}`, "a JSON value is expected"},
		{`{"a":1`, "a comma or '}'"},
		{`{"a":1,}`, "a name in quotes"},
		{`{,}`, "a name in quotes"},
		{`{a:1}`, "a name in quotes"},
		{`{1:1}`, "a name in quotes"},
		{`{"a":1;"b":2}`, "a comma or '}'"},
		{`{} {}`, "something follows"},
		{`{}//`, "something follows"},
		{`/**/{}`, "a JSON value is expected"},
		{`{"a":1,"b":2,"a":3}`, `the name "a" is used twice`},
		{`[{"a":1,"\u0061":3}]`, `the name "a" is used twice`},
		{`{"op":1,"OP":2}`, `the name "OP" is used twice`},
		{objectOf(100)[:len(objectOf(100))-1] + `,"n7":1}`, `the name "n7" is used twice`},
		{objectOf(100)[:len(objectOf(100))-1] + `,"N99":1}`, `the name "N99" is used twice`},
		{nested(maxJSONDepth+1, ""), "at byte 32: more than 32 levels"},
		{nested(5000, ""), "more than 32 levels"},
		{strings.Repeat(`{"a":`, 100), "more than 32 levels"},
		{objectOf(maxNames + 1), "an object with 1001 names"},
		{zeros(2*fewValues, 2*fewValues), "values in 24"},
	} {
		_, err := decodeJSON([]byte(c.text))
		r, ok := errors.AsType[*Refusal](err)
		switch {
		case !ok:
			t.Errorf("%.60q: error %v, want one with %q", c.text, err, c.rule)
		case r.Status != 400 && r.Status != 413 || !strings.Contains(r.Detail, c.rule):
			t.Errorf("%.60q: %d %q, want a refusal with %q", c.text, r.Status, r.Detail, c.rule)
		case !utf8.ValidString(r.Detail) || len(r.Detail) > 300:
			t.Errorf("%.60q: the detail is %q", c.text, r.Detail)
		}
	}
}

// A text may have one value for every bytesPerValue bytes beyond the first few, and not one more.
func TestDecodeJSONValues(t *testing.T) {
	const n, length = 10_000, (10_000 - fewValues) * bytesPerValue
	for values, ok := range map[int]bool{n: true, n + 1: false} {
		text := zeros(values, length-len(zeros(values, 0)))
		if _, err := decodeJSON([]byte(text)); (err == nil) != ok {
			t.Errorf("%d values in %d bytes: %v", values, len(text), err)
		}
	}
}

// What is cut off or damaged is refused without a panic, wherever that happens: the slice that
// holds the members is made for the whole text, and filled only up to the mistake.
func TestDecodeJSONDamaged(t *testing.T) {
	const text = `{"a":[1,[2,{"b":[]},{}],"\"[,{"],"c":{"d":{"e":[[],[[]]]},"f":"g\\"},"h":[null,true,-1.5e3]}`
	for i := range len(text) {
		if _, err := decodeJSON([]byte(text[:i])); err == nil {
			t.Errorf("accepted %s", text[:i])
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		damaged := []byte(text)
		for range 1 + random.IntN(4) {
			damaged[random.IntN(len(damaged))] = `{}[]",:\0 `[random.IntN(10)]
		}
		checkDecodeJSON(t, damaged)
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{strings.Repeat("a", maxShown), strings.Repeat("a", maxShown)},
		{strings.Repeat("a", maxShown+1), strings.Repeat("a", maxShown) + "…"},
		{strings.Repeat("a", maxShown-1) + "é", strings.Repeat("a", maxShown-1) + "…"},
		{strings.Repeat("a", maxShown-3) + "😀", strings.Repeat("a", maxShown-3) + "…"},
		{strings.Repeat("\x80", maxShown+1), "…"},
	} {
		if got := shorten(c.in); got != c.want {
			t.Errorf("shorten(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// The characters around the surrogates are characters.
func TestDecodeJSONBesideSurrogates(t *testing.T) {
	for in, want := range map[string]string{`"\ud7ff"`: "\uD7FF", `"\ue000"`: "\uE000", `"\uE000x"`: "\uE000x", `"\ud83d\ude00"`: "😀"} {
		if v, err := decodeJSON([]byte(in)); err != nil || v.text != want {
			t.Errorf("%s: %q, %v", in, v.text, err)
		}
	}
	for _, in := range []string{`"\udc00"`, `"\udfff"`, `"\ud800"`, `"\ud800\ue000"`, `"\ud800x"`} {
		if v, err := decodeJSON([]byte(in)); err == nil {
			t.Errorf("%s: accepted as %q", in, v.text)
		}
	}
}
