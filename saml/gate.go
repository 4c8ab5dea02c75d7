package saml

import (
	"slices"
	"strings"
)

// A fault is why a document is refused before anything in it is believed.
type fault struct {
	code             Code
	expected, actual string
}

// Error is for the log.
func (f *fault) Error() string { return string(f.code) + ": " + f.expected + "; " + f.actual }

func wrong(code Code, expected, actual string) error { return &fault{code, expected, clip(actual)} }

// maxActual bounds what a report repeats of a document, in bytes.
const maxActual = 200

func clip(s string) string {
	if len(s) <= maxActual {
		return s
	}
	return strings.ToValidUTF8(s[:maxActual], "") + "…"
}

// A shape is a response whose elements are where the protocol has them, and nowhere else. There is
// one assertion in it, readable or encrypted, unless the identity provider refused.
type shape struct {
	response  *node
	status    *node
	assertion *node // or
	encrypted *node
	signature *signature // of the response, nil if it has none
}

// allowed are the children an element may have, and how many of each at most; 0 is any number.
type allowed []child

type child struct {
	space, local string
	most         int
}

var (
	responseChildren = allowed{
		{nsAssertion, "Issuer", 1}, {nsSignature, "Signature", 1}, {nsProtocol, "Extensions", 1}, {nsProtocol, "Status", 1},
		{nsAssertion, "Assertion", 1}, {nsAssertion, "EncryptedAssertion", 1},
	}
	assertionChildren = allowed{
		{nsAssertion, "Issuer", 1}, {nsSignature, "Signature", 1}, {nsAssertion, "Subject", 1}, {nsAssertion, "Conditions", 1},
		{nsAssertion, "Advice", 1}, {nsAssertion, "AuthnStatement", 0}, {nsAssertion, "AttributeStatement", 0}, {nsAssertion, "AuthzDecisionStatement", 0},
	}
	signatureChildren  = []string{"SignedInfo", "SignatureValue", "KeyInfo"}
	signedInfoChildren = []string{"CanonicalizationMethod", "SignatureMethod", "Reference"}
	referenceChildren  = []string{"Transforms", "DigestMethod", "DigestValue"}
)

// only refuses children that are not allowed, or too many, or stray text.
func (a allowed) only(n *node) error {
	seen := make([]int, len(a))
	for i := range n.items {
		c := n.items[i].node
		if c == nil {
			if strings.TrimSpace(n.items[i].text) != "" {
				return wrong(StructureText, "no text in "+n.local, n.items[i].text)
			}
			continue
		}
		k := slices.IndexFunc(a, func(want child) bool { return c.is(want.space, want.local) })
		if k < 0 {
			return wrong(StructureChild, "no such element in "+n.local, c.local+" of "+c.space)
		}
		if seen[k]++; a[k].most > 0 && seen[k] > a[k].most {
			return wrong(StructureChild, "one "+c.local+" in "+n.local, "more than one")
		}
	}
	return nil
}

// gateResponse finds the parts of a response, and refuses one that is built otherwise.
func gateResponse(root *node) (*shape, error) {
	if !root.is(nsProtocol, "Response") {
		return nil, wrong(StructureRoot, "samlp:Response", root.local+" of "+root.space)
	}
	if err := gateVersion(root); err != nil {
		return nil, err
	}
	s := &shape{response: root, status: root.child(nsProtocol, "Status")}
	s.assertion, s.encrypted = root.child(nsAssertion, "Assertion"), root.child(nsAssertion, "EncryptedAssertion")
	if err := countAssertions(root); err != nil {
		return nil, err
	}
	if err := responseChildren.only(root); err != nil {
		return nil, err
	}
	if s.status == nil || s.status.child(nsProtocol, "StatusCode") == nil {
		return nil, wrong(StructureChild, "a Status with a StatusCode", "none")
	}
	if err := onlyHere(root, s.assertion); err != nil {
		return nil, err
	}
	if s.assertion != nil {
		if err := gateAssertion(s.assertion); err != nil {
			return nil, err
		}
	}
	var err error
	s.signature, err = gateSignature(root)
	return s, err
}

// countAssertions refuses more than one, readable or encrypted.
func countAssertions(root *node) error {
	n := 0
	for c := range root.children() {
		if c.is(nsAssertion, "Assertion") || c.is(nsAssertion, "EncryptedAssertion") {
			n++
		}
	}
	if n > 1 {
		return wrong(StructureAssertion, "one Assertion or EncryptedAssertion", "several")
	}
	return nil
}

func gateVersion(n *node) error {
	if v, _ := n.attr("Version"); v != "2.0" {
		return wrong(StructureVersion, `Version="2.0" of `+n.local, v)
	}
	if id, _ := n.attr("ID"); id == "" {
		return wrong(StructureReference, "an ID of "+n.local, "none")
	}
	return nil
}

// gateAssertion judges the form of an assertion.
func gateAssertion(n *node) error {
	if !n.is(nsAssertion, "Assertion") {
		return wrong(StructureRoot, "saml:Assertion", n.local+" of "+n.space)
	}
	if err := gateVersion(n); err != nil {
		return err
	}
	if err := assertionChildren.only(n); err != nil {
		return err
	}
	if n.child(nsAssertion, "Issuer") == nil {
		return wrong(StructureChild, "an Issuer of the Assertion", "none")
	}
	return nil
}

// onlyHere refuses, anywhere in a document, what a verifier or a reader could take for a part of the
// protocol that is in its place: another signature, assertion or message, an ID that is there twice.
func onlyHere(root, assertion *node) error {
	ids := map[string]bool{}
	var walk func(n *node) error
	walk = func(n *node) error {
		if id, ok := n.attr("ID"); ok {
			if ids[id] {
				return wrong(StructureReference, "each ID once", id)
			}
			ids[id] = true
		}
		for c := range n.children() {
			if err := inPlace(root, assertion, c); err != nil {
				return err
			}
			if err := walk(c); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(root)
}

// inPlace reports an element that stands where it must not.
func inPlace(root, assertion, c *node) error {
	switch {
	case c.is(nsSignature, "Signature"):
		if c.parent != root && c.parent != assertion {
			return wrong(StructureSignature, "a Signature in the Response or the Assertion", "one in "+c.parent.local)
		}
	case c.is(nsAssertion, "Assertion"), c.is(nsAssertion, "EncryptedAssertion"):
		if c.parent != root {
			return wrong(StructureAssertion, "an Assertion in the Response", "one in "+c.parent.local)
		}
	case c.space == nsProtocol && (c.local == "Response" || strings.HasSuffix(c.local, "Request")):
		return wrong(StructureChild, "one message in a document", c.local+" in "+c.parent.local)
	case c.is(nsSignature, "Object"), c.is(nsSignature, "Manifest"):
		return wrong(StructureSignature, "no "+c.local, "one in "+c.parent.local)
	}
	return nil
}
