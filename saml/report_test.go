package saml

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestReportMarkdown(t *testing.T) {
	r := &Report{Checks: []Check{
		{Code: SignatureInvalid, OK: true, Expected: "a good signature", Actual: "RSA-SHA256", Verified: true},
		{Code: AudienceMismatch, Expected: "https://us.example/saml", Actual: "https://us.example/saml/", Verified: true},
		{Code: IssuerMismatch, OK: true},
		{Code: DestinationMismatch, Expected: "https://us.example/acs", Actual: "https://them.example/acs"},
		{Code: "signin.blocked"},
	}}
	want := "## 1. `audience.mismatch`\n\n" + AudienceMismatch.Entry().Meaning + "\n\n" +
		"- Expected: `https://us.example/saml`\n" +
		"- Received: `https://us.example/saml/`\n" +
		"- Who can fix it: identity provider\n" +
		"- What to do: " + AudienceMismatch.Entry().Action + "\n" +
		"- Where (Okta): " + AudienceMismatch.Entry().Path(VendorOkta) + "\n\n" +
		"## 2. `destination.mismatch`\n\n" + DestinationMismatch.Entry().Meaning + "\n\n" +
		"- Expected: `https://us.example/acs`\n" +
		"- Received: `https://them.example/acs` (not verified)\n" +
		"- Who can fix it: identity provider\n" +
		"- What to do: " + DestinationMismatch.Entry().Action + "\n" +
		"- Where (Okta): " + DestinationMismatch.Entry().Path(VendorOkta) + "\n\n" +
		"## 3. `signin.blocked`\n\n" +
		"- Received: nothing\n\n" +
		"## Kept\n\n" +
		"- `signature.invalid`: `RSA-SHA256`\n" +
		"- `issuer.mismatch`\n"
	if got := r.Markdown(VendorOkta); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReportMarkdownOfNothing(t *testing.T) {
	var none *Report
	if got := none.Markdown(VendorGeneric) + new(Report).Markdown(VendorGeneric); got != "" {
		t.Errorf("got %q", got)
	}
	kept := &Report{Checks: []Check{{Code: Replay, OK: true}}}
	if got := kept.Markdown(VendorGeneric); got != "## Kept\n\n- `replay`\n" {
		t.Errorf("got %q", got)
	}
}

func TestReportNamesTheVendorOfAPath(t *testing.T) {
	for v, want := range map[Vendor]string{VendorGeneric: "- Where: ", VendorGoogle: "- Where: ", "somebody": "- Where: ", VendorADFS: "- Where (AD FS): AD FS Management"} {
		r := &Report{Checks: []Check{{Code: SignatureAlgorithm}}}
		if got := r.Markdown(v); !strings.Contains(got, want) {
			t.Errorf("%q: got\n%s", v, got)
		}
	}
}

func TestShown(t *testing.T) {
	long := strings.Repeat("a", maxShown-1) + "é" + "b"
	for value, want := range map[string]string{
		"plain":                       "`plain`",
		"Zoë Müller":                  "`Zoë Müller`",
		"":                            "`\"\"`",
		" a":                          "`\" a\"`",
		"a\n## b":                     "`\"a\\n## b\"`",
		"a\u00a0b":                    "`\"a\\u00a0b\"`",
		"a\u202eb":                    "`\"a\\u202eb\"`",
		"a\x00\xff":                   "`\"a\\x00\\xff\"`",
		`a"b`:                         "`\"a\\\"b\"`",
		"` [x](https://y)":            "`\\x60 [x](https://y)`",
		"<script>":                    "`\\x3cscript>`",
		long:                          "`" + long[:maxShown-1] + "` … (202 bytes in all)",
		"\n" + long:                   "`\"\\n" + long[:maxShown-1] + "\"` … (203 bytes in all)",
		strings.Repeat("x", maxShown): "`" + strings.Repeat("x", maxShown) + "`",
	} {
		if got := shown(value); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

// FuzzReportMarkdown holds what is received in the one line and the one span that it is shown in.
func FuzzReportMarkdown(f *testing.F) {
	f.Add("https://us", "``` \n# x <b>")
	f.Add("\\`", "\\")
	f.Add("`", "\xf0\x9f")
	f.Fuzz(func(t *testing.T, expected, actual string) {
		plain := (&Report{Checks: []Check{{Code: Replay, Expected: "x", Actual: "y"}, {Code: Replay, OK: true, Actual: "y"}}}).Markdown(VendorGeneric)
		got := (&Report{Checks: []Check{{Code: Replay, Expected: expected + ".", Actual: actual + "."}, {Code: Replay, OK: true, Actual: actual + "."}}}).Markdown(VendorGeneric)
		for _, s := range []string{"\n", "`", "<"} {
			if strings.Count(got, s) != strings.Count(plain, s) {
				t.Fatalf("%q is in it %d times, want %d:\n%s", s, strings.Count(got, s), strings.Count(plain, s), got)
			}
		}
		for _, c := range got {
			if c != '\n' && !unicode.IsPrint(c) || c == utf8.RuneError && !strings.ContainsRune(expected+actual, c) {
				t.Fatalf("%q is in it:\n%s", c, got)
			}
		}
		if limit := len(plain) + 3*4*maxShown + 200; len(got) > limit {
			t.Fatalf("%d bytes, want at most %d", len(got), limit)
		}
	})
}
