package saml

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// realFiles returns the documents that identity providers made.
func realFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/real/*.xml")
	if err != nil || len(names) == 0 {
		t.Fatal("no documents", err)
	}
	files := make(map[string][]byte)
	for _, name := range names {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestRealDocuments(t *testing.T) {
	for name, data := range realFiles(t) {
		n, err := parseXML(data, xmlLimits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, ok := n.attr("ID"); !ok && !strings.Contains(name, "metadata") {
			t.Errorf("%s: no ID", name)
		}
	}
}

// mustParse reads a document that is accepted.
func mustParse(t testing.TB, text string, l xmlLimits) *node {
	t.Helper()
	n, err := parseXML([]byte(text), l)
	if err != nil {
		t.Fatalf("%.300q: %v", text, err)
	}
	return n
}

// refusal returns the code and the rule that a document is refused with.
func refusal(t testing.TB, text string, l xmlLimits) (Code, string) {
	t.Helper()
	n, err := parseXML([]byte(text), l)
	refused, ok := errors.AsType[*xmlError](err)
	if !ok || n != nil || refused.offset < 0 || refused.offset > len(text) {
		t.Fatalf("%.300q: %v, %#v", text, n, err)
	}
	return refused.code, refused.rule
}

func TestXMLError(t *testing.T) {
	_, err := parseXML([]byte("<secret>\n<?a?></secret>"), xmlLimits{})
	const want = "saml: xml.forbidden at byte 9: processing instruction"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
