package saml

import (
	"errors"
	"testing"

	"github.com/beevik/etree"
)

// TestNodeOf turns every element of real documents into one of etree and back.
func TestNodeOf(t *testing.T) {
	for name, data := range realFiles(t) {
		every(mustParse(t, string(data), xmlLimits{}), func(n *node) {
			got, err := nodeOf(n.etree())
			if err != nil || outline(got) != outline(n) {
				t.Fatalf("%s: %s: %v\n%s, want\n%s", name, n.local, err, outline(got), outline(n))
			}
			if a, b := canonicalize(nil, got, c14nExclusive, nil, nil), canonicalize(nil, n, c14nExclusive, nil, nil); string(a) != string(b) {
				t.Errorf("%s: %s:\n%s, want\n%s", name, n.local, a, b)
			}
			every(got, func(c *node) {
				for _, below := range c.elements() {
					if below.parent != c {
						t.Errorf("%s: %s has another parent than %s", name, below.local, c.local)
					}
				}
			})
		})
	}
}

// TestNodeOfRefused has in an element what a verified one has not.
func TestNodeOfRefused(t *testing.T) {
	for name, change := range map[string]func(e *etree.Element){
		"comment":                func(e *etree.Element) { e.CreateComment("c") },
		"processing instruction": func(e *etree.Element) { e.CreateProcInst("p", "") },
		"prefix":                 func(e *etree.Element) { e.Space = "p" },
		"prefix of an attribute": func(e *etree.Element) { e.CreateAttr("p:a", "") },
		"prefix of a sibling":    func(e *etree.Element) { e.Parent().CreateElement("q:b"); e.CreateAttr("xmlns:q", "urn:q") },
	} {
		root := etree.NewElement("a")
		change(root.CreateElement("b"))
		_, err := nodeOf(root)
		if f, ok := errors.AsType[*fault](err); !ok || f.code != VerifierDisagreement {
			t.Errorf("%s: %v", name, err)
		}
	}
}
