package saml

import (
	"bytes"
	"errors"
	"slices"
)

// verifyEnveloped verifies the signature that an element, the root of a message or a part of
// metadata, has as its child, and returns the key that it is of. All of the element is signed then.
//
// It is verified as that of a response is, by both verifiers.
func verifyEnveloped(n *node, keys []Key, sha1 bool) (Key, error) {
	s, err := envelopedSignature(n)
	if err != nil {
		return Key{}, asRefusal(err)
	}
	trusted, err := trustedKeys(keys)
	if err != nil {
		return Key{}, err
	}
	if len(trusted) == 0 {
		return Key{}, refuse(SignatureUnknownKey, "a signature of a key of the identity provider", "no key of it that is in use")
	}
	v, err := s.verify(trusted, sha1)
	if err != nil {
		return Key{}, asRefusal(err)
	}
	if _, err := v.again(); err != nil {
		return Key{}, asRefusal(err)
	}
	return keys[slices.IndexFunc(keys, func(k Key) bool { return bytes.Equal(k.Certificate, v.key.certificate.Raw) })], nil
}

// envelopedSignature returns the one signature of an element.
func envelopedSignature(n *node) (*signature, error) {
	found := 0
	for c := range n.children() {
		if c.is(nsSignature, "Signature") {
			found++
		}
	}
	if found > 1 {
		return nil, wrong(StructureSignature, "one Signature in "+n.local, "several")
	}
	if id, _ := n.attr("ID"); found == 1 && id == "" {
		return nil, wrong(StructureReference, "an ID of what is signed", "none")
	}
	s, err := gateSignature(n)
	if err == nil && s == nil {
		err = wrong(SignatureMissing, "a Signature in "+n.local, "none")
	}
	return s, err
}

// asRefusal returns what is wrong with a message that is no response.
func asRefusal(err error) error {
	if f, ok := errors.AsType[*fault](err); ok {
		return refuse(f.code, f.expected, f.actual)
	}
	return err
}
