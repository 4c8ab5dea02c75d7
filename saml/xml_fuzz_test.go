package saml

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// addSeeds adds all documents that the tests know, and calls add for each.
func addSeeds(t testing.TB, add func(text string)) {
	for _, v := range accepted {
		add(v.text)
	}
	for _, v := range refused {
		add(v.text)
	}
	for _, v := range canonicalForms {
		add(v.text)
	}
	for _, data := range realFiles(t) {
		add(string(data))
	}
}

// FuzzXML compares the parser with encoding/xml and etree: what it accepts, they read identically.
func FuzzXML(f *testing.F) {
	addSeeds(f, func(text string) { f.Add([]byte(text), false); f.Add([]byte(text), true) })
	f.Fuzz(func(t *testing.T, data []byte, metadata bool) { checkXML(t, data, metadata) })
}

func checkXML(t *testing.T, data []byte, metadata bool) {
	t.Helper()
	l := xmlLimits{metadata: metadata}
	n, err := parseXML(data, l)
	if err != nil {
		refusal(t, string(data), l)
		return
	}
	if metadata {
		data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	} else if loose, err := parseXML(data, xmlLimits{metadata: true}); err != nil || outline(loose) != outline(n) {
		t.Fatalf("%q as metadata: %v\n%s, want\n%s", data, err, outline(loose), outline(n))
	}
	want := outline(n)
	if got := outlineOf(t, data); got != blank(want) {
		t.Fatalf("%q: encoding/xml:\n%s, want\n%s", data, got, want)
	}
	if got := outlineEtree(t, data); got != blank(want) {
		t.Fatalf("%q: etree:\n%s, want\n%s", data, got, want)
	}
	// Written canonically, white space in attributes stands for itself to all readers.
	canonical := canonicalize(nil, n, c14nInclusive, nil, nil)
	again := mustParse(t, string(canonical), l)
	if outline(again) != want || string(canonicalize(nil, again, c14nInclusive, nil, nil)) != string(canonical) {
		t.Fatalf("%q: canonical %q reads as\n%s, want\n%s", data, canonical, outline(again), want)
	}
	if got := outlineOf(t, canonical); got != blank(want) || bytes.ContainsAny(canonical, "\r") {
		t.Fatalf("%q: canonical %q: encoding/xml:\n%s, want\n%s", data, canonical, got, want)
	}
}

// An outline is a document as lines: one for each tag, attribute (sorted, they have no order) and text.
type outliner struct {
	b    strings.Builder
	text string
}

func (o *outliner) flush() {
	if o.text != "" {
		fmt.Fprintf(&o.b, "text %q\n", o.text)
	}
	o.text = ""
}

func (o *outliner) start(space, local string, attrs []string) {
	o.flush()
	slices.Sort(attrs)
	fmt.Fprintf(&o.b, "<%s %s\n%s", space, local, strings.Join(attrs, ""))
}

func (o *outliner) end() {
	o.flush()
	o.b.WriteString(">\n")
}

func outlinedAttr(space, local, value string) string {
	return fmt.Sprintf("@%s %s %q\n", space, local, value)
}

// blank makes spaces of the white space in attributes: encoding/xml and etree do not normalise it.
func blank(outline string) string {
	lines := strings.SplitAfter(outline, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "@") {
			lines[i] = strings.NewReplacer(`\\`, `\\`, `\t`, " ", `\n`, " ", `\r`, " ").Replace(line)
		}
	}
	return strings.Join(lines, "")
}

func outline(n *node) string {
	if n == nil {
		return ""
	}
	var o outliner
	var walk func(n *node)
	walk = func(n *node) {
		var attrs []string
		for _, a := range n.attrs {
			attrs = append(attrs, outlinedAttr(a.space, a.local, a.value))
		}
		o.start(n.space, n.local, attrs)
		for _, it := range n.items {
			if o.text += it.text; it.node != nil {
				walk(it.node)
			}
		}
		o.end()
	}
	walk(n)
	return o.b.String()
}

// outlineOf is the outline of what encoding/xml reads.
func outlineOf(t *testing.T, data []byte) string {
	t.Helper()
	var o outliner
	depth := 0
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return blank(o.b.String())
		}
		if err != nil {
			t.Fatalf("%q: encoding/xml: %v", data, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			var attrs []string
			for _, a := range token.Attr {
				if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
					attrs = append(attrs, outlinedAttr(a.Name.Space, a.Name.Local, a.Value))
				}
			}
			o.start(token.Name.Space, token.Name.Local, attrs)
		case xml.EndElement:
			depth--
			o.end()
		case xml.CharData:
			if depth > 0 {
				o.text += string(token)
			}
		case xml.Directive:
			t.Fatalf("%q: %q", data, token)
		}
	}
}

// outlineEtree is the outline of what etree reads. Names are resolved here, as etree only looks up
// what an element's own prefix means.
func outlineEtree(t *testing.T, data []byte) string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		t.Fatalf("%q: etree: %v", data, err)
	}
	var o outliner
	var walk func(e *etree.Element)
	walk = func(e *etree.Element) {
		var attrs []string
		for _, a := range e.Attr {
			if a.Space != "xmlns" && (a.Space != "" || a.Key != "xmlns") {
				attrs = append(attrs, outlinedAttr(etreeNamespace(e, a.Space, false), a.Key, a.Value))
			}
		}
		o.start(etreeNamespace(e, e.Space, true), e.Tag, attrs)
		for _, c := range e.Child {
			switch c := c.(type) {
			case *etree.Element:
				walk(c)
			case *etree.CharData:
				o.text += c.Data
			}
		}
		o.end()
	}
	walk(doc.Root())
	return blank(o.b.String())
}

func etreeNamespace(e *etree.Element, prefix string, element bool) string {
	if prefix == "xml" {
		return nsXML
	}
	space, key := "xmlns", prefix
	if prefix == "" {
		if !element {
			return ""
		}
		space, key = "", "xmlns"
	}
	for ; e != nil; e = e.Parent() {
		for _, a := range e.Attr {
			if a.Space == space && a.Key == key {
				return a.Value
			}
		}
	}
	return ""
}

// FuzzC14N compares with goxmldsig: both methods, for the root and for another element, with and
// without a PrefixList, with one element left out.
func FuzzC14N(f *testing.F) {
	addSeeds(f, func(text string) { f.Add([]byte(text), "p q xs", uint16(1), uint16(2)) })
	f.Fuzz(func(t *testing.T, data []byte, list string, apex, without uint16) {
		checkC14N(t, data, list, int(apex), int(without))
	})
}

func checkC14N(t *testing.T, data []byte, list string, apex, without int) {
	t.Helper()
	root, err := parseXML(data, xmlLimits{})
	if err != nil {
		return
	}
	var all []*node
	every(root, func(n *node) { all = append(all, n) })
	prefixes := slices.DeleteFunc(strings.Fields(list), func(p string) bool { return p == "#default" })
	for _, n := range []*node{root, all[apex%len(all)]} {
		for _, list := range [][]string{nil, prefixes} {
			for _, m := range []c14nMethod{c14nExclusive, c14nInclusive} {
				checkCanonical(t, n, m, list, all[without%len(all)])
			}
		}
	}
}

func checkCanonical(t *testing.T, n *node, m c14nMethod, prefixes []string, without *node) {
	t.Helper()
	got := canonicalize(nil, n, m, prefixes, nil)
	if want := canonicalByEtree(t, n, m, prefixes); string(got) != want {
		t.Fatalf("method %d, %q:\n%q, want\n%q", m, prefixes, got, want)
	}
	// What was written is the canonical form of itself, and is the element.
	again := mustParse(t, string(got), xmlLimits{metadata: true})
	if twice := canonicalize(nil, again, m, prefixes, nil); !bytes.Equal(twice, got) || outline(again) != outline(withInherited(n, m)) {
		t.Fatalf("method %d, %q:\n%q, from\n%q", m, prefixes, twice, got)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(got); err != nil {
		t.Fatal(err)
	}
	if !etreeIs(doc.Root(), got) {
		t.Fatalf("etree does not write again\n%q", got)
	}
	read, err := nodeOf(doc.Root())
	if err != nil || !bytes.Equal(canonicalize(nil, read, m, prefixes, nil), got) || outline(read) != outline(again) {
		t.Fatalf("of what etree has read: %v\n%q, want\n%q", err, canonicalize(nil, read, m, prefixes, nil), got)
	}
	if m == c14nExclusive {
		less, err := etreeCanonical(n.etreeExclusive(prefixes), m, prefixes)
		if err != nil || !bytes.Equal(less, got) {
			t.Fatalf("%q: with the namespaces in use: %v\n%q, want\n%q", prefixes, err, less, got)
		}
	}
	if without != n {
		checkWithout(t, n, m, prefixes, without)
	}
}

// withInherited is the element with what the inclusive method adds to an apex.
func withInherited(n *node, m c14nMethod) *node {
	if m == c14nExclusive {
		return n
	}
	apex := *n
	for _, a := range n.inherited() {
		apex.attrs = append(slices.Clip(apex.attrs), *a)
	}
	return &apex
}

// checkWithout leaves an element out, which is to be as if it had never been there.
func checkWithout(t *testing.T, n *node, m c14nMethod, prefixes []string, without *node) {
	t.Helper()
	got := canonicalize(nil, n, m, prefixes, without)
	parent := without.parent
	if parent == nil {
		return // the root is above n
	}
	whole := parent.items
	parent.items = slices.DeleteFunc(slices.Clone(whole), func(it item) bool { return it.node == without })
	want := canonicalize(nil, n, m, prefixes, nil)
	if parent.items = whole; !bytes.Equal(got, want) {
		t.Fatalf("without %s:\n%q, want\n%q", without.local, got, want)
	}
}
