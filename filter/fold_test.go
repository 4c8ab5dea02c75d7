package filter

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestFoldRune goes through all of Unicode: the fold of a character is the smallest that
// strings.EqualFold takes for it.
func TestFoldRune(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		got := foldRune(r)
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			if foldRune(f) != got {
				t.Fatalf("%U folds to %U, but %U to %U", r, got, f, foldRune(f))
			}
		}
		if got > r || utf8.ValidRune(r) && got != r && !strings.EqualFold(string(got), string(r)) {
			t.Fatalf("%U folds to %U", r, got)
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "abcXYZ": "ABCXYZ", "BOB@1": "BOB@1", "é": "É", "Éa": "ÉA", "aé": "AÉ",
		"ſ": "S", "\u212a": "K", "İ": "İ", "ı": "ı", "ß": "ß", "ẞ": "ß", "µ": "µ", "μ": "µ", "ς": "Σ", "e\u0301": "E\u0301",
		"a\xffb": "A\uFFFDB", "`{@[": "`{@[",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestEqualFoldLengths: neither side may be the beginning of the other.
func TestEqualFoldLengths(t *testing.T) {
	for _, tt := range []struct {
		s, folded string
		want      bool
	}{
		{"a", "A", true}, {"a", "AB", false}, {"ab", "A", false}, {"", "A", false}, {"a", "", false}, {"", "", true},
		{"ſ", "S", true}, {"aſ", "AS", true}, {"aé", "A", false}, {"a", "AÉ", false}, {"ab", "Aé", false},
	} {
		if got := equalFold(tt.s, tt.folded); got != tt.want {
			t.Errorf("equalFold(%q, %q) is %t", tt.s, tt.folded, got)
		}
	}
}

func TestEqualFoldEveryLetter(t *testing.T) {
	for c := byte(0); c < 0x80; c++ {
		for n := 1; n <= 17; n++ { // eight bytes at a time, and the rest
			s := strings.Repeat(string(c), n)
			for other := byte(0); other < 0x80; other++ {
				folded := Fold(s[:n-1] + string(other))
				if want := Fold(s) == folded; equalFold(s, folded) != want {
					t.Fatalf("equalFold(%q, %q) is %v", s, folded, !want)
				}
			}
		}
	}
}
