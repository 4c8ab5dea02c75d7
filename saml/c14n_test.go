package saml

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// find returns the first element of a local name, in the order of the document, nil for none.
func find(n *node, local string) *node {
	if n.local == local {
		return n
	}
	for _, c := range n.elements() {
		if found := find(c, local); found != nil {
			return found
		}
	}
	return nil
}

// canonicalForms are elements of documents with both of their canonical forms.
var canonicalForms = []struct {
	name, text, apex, prefixes string
	exclusive, inclusive       string
}{{
	name:      "unused declarations",
	text:      `<p:a xmlns:p="u:p" xmlns:q="u:q" xmlns="u:d"><p:b/></p:a>`,
	apex:      "a",
	exclusive: `<p:a xmlns:p="u:p"><p:b></p:b></p:a>`,
	inclusive: `<p:a xmlns="u:d" xmlns:p="u:p" xmlns:q="u:q"><p:b></p:b></p:a>`,
}, {
	name:      "an apex below the declarations",
	text:      `<p:a xmlns:p="u:p" xmlns:q="u:q" xmlns="u:d"><b p:c=""/></p:a>`,
	apex:      "b",
	exclusive: `<b xmlns="u:d" xmlns:p="u:p" p:c=""></b>`,
	inclusive: `<b xmlns="u:d" xmlns:p="u:p" xmlns:q="u:q" p:c=""></b>`,
}, {
	name:      "an apex that binds a prefix again",
	text:      `<p:a xmlns:p="u:p" xmlns="u:d"><p:b xmlns:p="u:r" xmlns="u:e"/></p:a>`,
	apex:      "b",
	exclusive: `<p:b xmlns:p="u:r"></p:b>`,
	inclusive: `<p:b xmlns="u:e" xmlns:p="u:r"></p:b>`,
}, {
	name:      "declared where it is used first, and again in the sibling",
	text:      `<a xmlns:p="u:p"><p:b><p:c/></p:b><p:b/></a>`,
	apex:      "a",
	exclusive: `<a><p:b xmlns:p="u:p"><p:c></p:c></p:b><p:b xmlns:p="u:p"></p:b></a>`,
	inclusive: `<a xmlns:p="u:p"><p:b><p:c></p:c></p:b><p:b></p:b></a>`,
}, {
	name:      "declared again to the same",
	text:      `<p:a xmlns:p="u:p"><p:b xmlns:p="u:p" xmlns:q="u:q"><p:c xmlns:q="u:q" q:d=""/></p:b></p:a>`,
	apex:      "a",
	exclusive: `<p:a xmlns:p="u:p"><p:b><p:c xmlns:q="u:q" q:d=""></p:c></p:b></p:a>`,
	inclusive: `<p:a xmlns:p="u:p"><p:b xmlns:q="u:q"><p:c q:d=""></p:c></p:b></p:a>`,
}, {
	name:      "bound to another and back",
	text:      `<p:a xmlns:p="u:p"><p:b xmlns:p="u:q"><p:c xmlns:p="u:p"/></p:b><p:d/></p:a>`,
	apex:      "a",
	exclusive: `<p:a xmlns:p="u:p"><p:b xmlns:p="u:q"><p:c xmlns:p="u:p"></p:c></p:b><p:d></p:d></p:a>`,
	inclusive: `<p:a xmlns:p="u:p"><p:b xmlns:p="u:q"><p:c xmlns:p="u:p"></p:c></p:b><p:d></p:d></p:a>`,
}, {
	name:      "nested defaults",
	text:      `<a xmlns="u:a"><b xmlns="u:b"><c xmlns="u:a"/><d xmlns=""><e/><f xmlns="u:b"/></d></b></a>`,
	apex:      "a",
	exclusive: `<a xmlns="u:a"><b xmlns="u:b"><c xmlns="u:a"></c><d xmlns=""><e></e><f xmlns="u:b"></f></d></b></a>`,
	inclusive: `<a xmlns="u:a"><b xmlns="u:b"><c xmlns="u:a"></c><d xmlns=""><e></e><f xmlns="u:b"></f></d></b></a>`,
}, {
	name:      "an apex without a default below one with",
	text:      `<a xmlns="u:a"><b xmlns=""><c/></b></a>`,
	apex:      "b",
	exclusive: `<b><c></c></b>`,
	inclusive: `<b><c></c></b>`,
}, {
	name:      "a default emptied where nothing has it",
	text:      `<a xmlns="u:a" xmlns:p="u:p"><p:b xmlns=""><p:c/></p:b></a>`,
	apex:      "a",
	exclusive: `<a xmlns="u:a"><p:b xmlns:p="u:p"><p:c></p:c></p:b></a>`,
	inclusive: `<a xmlns="u:a" xmlns:p="u:p"><p:b xmlns=""><p:c></p:c></p:b></a>`,
}, {
	name:      "order of declarations and attributes",
	text:      `<a z="" b="" p:y="" p:c="" xmlns:p="u:p" xmlns:b="u:b" xmlns:a="u:c" xmlns="u:z" B=""/>`,
	apex:      "a",
	exclusive: `<a xmlns="u:z" xmlns:p="u:p" B="" b="" z="" p:c="" p:y=""></a>`,
	inclusive: `<a xmlns="u:z" xmlns:a="u:c" xmlns:b="u:b" xmlns:p="u:p" B="" b="" z="" p:c="" p:y=""></a>`,
}, {
	name:      "prefixes that are listed",
	text:      `<a xmlns:p="u:p" xmlns:q="u:q" xmlns:r="u:r"><b xmlns:s="u:s"><c xmlns:q="u:q" xmlns:s="u:s"/></b></a>`,
	apex:      "b",
	prefixes:  "q s x xml xmlns",
	exclusive: `<b xmlns:q="u:q" xmlns:s="u:s"><c></c></b>`,
	inclusive: `<b xmlns:p="u:p" xmlns:q="u:q" xmlns:r="u:r" xmlns:s="u:s"><c></c></b>`,
}, {
	name:      "a listed prefix that a descendant declares",
	text:      `<a xmlns:p="u:p"><b xmlns:p="u:q"><c xmlns:p="u:p" xmlns:q="u:q"/></b></a>`,
	apex:      "a",
	prefixes:  "p",
	exclusive: `<a xmlns:p="u:p"><b xmlns:p="u:q"><c xmlns:p="u:p"></c></b></a>`,
	inclusive: `<a xmlns:p="u:p"><b xmlns:p="u:q"><c xmlns:p="u:p" xmlns:q="u:q"></c></b></a>`,
}, {
	name:      "the default is not listed",
	text:      `<p:a xmlns:p="u:p" xmlns="u:d"><p:b/></p:a>`,
	apex:      "b",
	prefixes:  "default",
	exclusive: `<p:b xmlns:p="u:p"></p:b>`,
	inclusive: `<p:b xmlns="u:d" xmlns:p="u:p"></p:b>`,
}, {
	name:      "attributes xml: of ancestors",
	text:      `<a xml:lang="de" xml:space="preserve" xml:base="/a"><b xml:lang="en"><c xml:base="/c" d="" p:z="" xmlns:p="u:p"><e xml:lang="de"/></c></b></a>`,
	apex:      "c",
	exclusive: `<c xmlns:p="u:p" d="" xml:base="/c" p:z=""><e xml:lang="de"></e></c>`,
	inclusive: `<c xmlns:p="u:p" d="" xml:base="/c" xml:lang="en" xml:space="preserve" p:z=""><e xml:lang="de"></e></c>`,
}, {
	name:      "characters",
	text:      "<a b='&#9;&#10;&#13;&lt;&gt;&amp;&quot;\t\r\n&apos;é'>&#9;&#10;&#13;&lt;&gt;&amp;&quot;\t\r\n&apos;é</a>",
	apex:      "a",
	exclusive: "<a b=\"&#x9;&#xA;&#xD;&lt;>&amp;&quot;  'é\">\t\n&#xD;&lt;&gt;&amp;\"\t\n'é</a>",
	inclusive: "<a b=\"&#x9;&#xA;&#xD;&lt;>&amp;&quot;  'é\">\t\n&#xD;&lt;&gt;&amp;\"\t\n'é</a>",
}}

func TestCanonicalForms(t *testing.T) {
	for _, v := range canonicalForms {
		n := find(mustParse(t, v.text, xmlLimits{}), v.apex)
		prefixes := strings.Fields(v.prefixes)
		for m, want := range map[c14nMethod]string{c14nExclusive: v.exclusive, c14nInclusive: v.inclusive} {
			got := string(canonicalize([]byte("dst"), n, m, prefixes, nil))
			if got != "dst"+want {
				t.Errorf("%s, method %d:\n%s, want\n%s", v.name, m, got, want)
			}
			if other := canonicalByEtree(t, n, m, prefixes); other != want {
				t.Errorf("%s, method %d: goxmldsig:\n%s, want\n%s", v.name, m, other, want)
			}
		}
	}
}

// TestDefaultPrefix has "#default" in the list, where the default namespace is not visibly used.
func TestDefaultPrefix(t *testing.T) {
	prefixes := []string{"#default"}
	for _, v := range []struct{ text, want string }{
		{`<p:a xmlns:p="u:p" xmlns="u:d"><p:b/></p:a>`, `<p:b xmlns="u:d" xmlns:p="u:p"></p:b>`},
		{`<p:a xmlns:p="u:p"><p:b xmlns="u:d"><p:c xmlns="u:e"/><p:c xmlns=""/><p:c xmlns="u:d"/></p:b></p:a>`,
			`<p:b xmlns="u:d" xmlns:p="u:p"><p:c xmlns="u:e"></p:c><p:c xmlns=""></p:c><p:c></p:c></p:b>`},
		{`<p:a xmlns:p="u:p" xmlns="u:d"><p:b xmlns=""><p:c xmlns=""/></p:b></p:a>`,
			`<p:b xmlns:p="u:p"><p:c></p:c></p:b>`},
		{`<p:a xmlns:p="u:p"><p:b/></p:a>`, `<p:b xmlns:p="u:p"></p:b>`},
	} {
		n := find(mustParse(t, v.text, xmlLimits{}), "b")
		if got := string(canonicalize(nil, n, c14nExclusive, prefixes, nil)); got != v.want {
			t.Errorf("%s: %s, want %s", v.text, got, v.want)
		}
	}
}

// TestWithout leaves an element out, and what stands around it in.
func TestWithout(t *testing.T) {
	n := mustParse(t, `<a> <s xmlns:p="u:p"><p:b/></s> <c><s/></c></a>`, xmlLimits{})
	const want = `<a>  <c><s></s></c></a>`
	for _, m := range []c14nMethod{c14nExclusive, c14nInclusive} {
		if got := string(canonicalize(nil, n, m, nil, n.child("", "s"))); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// canonicalByEtree is what goxmldsig writes of an element.
func canonicalByEtree(t testing.TB, n *node, m c14nMethod, prefixes []string) string {
	t.Helper()
	e := n.etree()
	if m == c14nInclusive {
		e = n.etreeInclusive()
	}
	out, err := etreeCanonical(e, m, prefixes)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// every calls f for an element and all in it.
func every(n *node, f func(*node)) {
	f(n)
	for _, c := range n.elements() {
		every(c, f)
	}
}

// TestCanonicalRealDocuments compares every element of real documents with goxmldsig.
func TestCanonicalRealDocuments(t *testing.T) {
	for name, data := range realFiles(t) {
		every(mustParse(t, string(data), xmlLimits{}), func(n *node) {
			for _, prefixes := range [][]string{nil, {"xs", "saml", "samlp"}} {
				for _, m := range []c14nMethod{c14nExclusive, c14nInclusive} {
					got := string(canonicalize(nil, n, m, prefixes, nil))
					if want := canonicalByEtree(t, n, m, prefixes); got != want {
						t.Errorf("%s: %s, method %d:\n%s, want\n%s", name, n.local, m, got, want)
					}
				}
			}
		})
	}
}

// TestOtherReaders compares whole documents with goxmldsig and, where it is installed, with libxml2.
func TestOtherReaders(t *testing.T) {
	var texts []string
	addSeeds(t, func(text string) {
		if _, err := parseXML([]byte(text), xmlLimits{}); err == nil {
			texts = append(texts, text)
		}
	})
	if len(texts) < len(accepted)+len(canonicalForms) {
		t.Fatal(len(texts), "documents")
	}
	compareReaders(t, texts)
}

// compareReaders compares the canonical forms of documents.
func compareReaders(t *testing.T, texts []string) {
	t.Helper()
	for m, option := range map[c14nMethod]string{c14nExclusive: "--exc-c14n", c14nInclusive: "--c14n"} {
		var all []string
		for _, text := range texts {
			n := mustParse(t, text, xmlLimits{})
			got := string(canonicalize(nil, n, m, nil, nil))
			if want := canonicalByEtree(t, n, m, nil); got != want {
				t.Errorf("%q, method %d:\n%q, want\n%q", text, m, got, want)
			}
			all = append(all, got)
		}
		compareXMLLint(t, option, texts, all)
	}
}

// compareXMLLint has xmllint write the canonical forms of documents, if it is there.
func compareXMLLint(t *testing.T, option string, texts, canonical []string) {
	t.Helper()
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		return
	}
	args, dir := []string{"--nonet", option}, t.TempDir()
	for i, text := range texts {
		file := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	var errs strings.Builder
	cmd := exec.Command(tool, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output() // the forms, one after the other
	if err != nil {
		t.Errorf("xmllint %s: %v: %s", option, err, errs.String())
	}
	rest := string(out)
	for i, want := range canonical {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, want); !ok {
			t.Fatalf("%q: xmllint %s:\n%q, want\n%q", texts[i], option, rest[:min(len(rest), len(want)+50)], want)
		}
	}
	if rest != "" {
		t.Errorf("xmllint %s: %q is left", option, rest)
	}
}
