package scim

import (
	"encoding/json"
	"testing"
)

// Strings reach the encoder from hosts too, so it cannot rely on what bodies are checked for.
func TestAppendString(t *testing.T) {
	for in, want := range map[string]string{
		"":                       `""`,
		"Ada":                    `"Ada"`,
		`"\` + "\x00\n\t\r\x1f/": `"\"\\\u0000\n\t\r\u001f/"`,
		"É 😀 \u2028 <&>":         "\"É 😀 \u2028 <&>\"",
		"a\uFFFDb\uFFFD":         "\"a\uFFFDb\uFFFD\"",
		"a\x80b\xC3":             "\"a\uFFFDb\uFFFD\"",
	} {
		if got := string(appendString(nil, in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if got := string(appendString([]byte("x"), "a\n", "", "\x80é")); got != "x\"a\\n\uFFFDé\"" {
		t.Errorf("parts: %s", got)
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("a\"b\\c\x00\x80\xC3\uFFFD😀")
	f.Fuzz(func(t *testing.T, s string) {
		var ours, theirs string
		if err := json.Unmarshal(appendString(nil, s), &ours); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		text, _ := json.Marshal(s)
		if json.Unmarshal(text, &theirs); ours != theirs {
			t.Errorf("%q reads back as %q, and through encoding/json as %q", s, ours, theirs)
		}
	})
}
