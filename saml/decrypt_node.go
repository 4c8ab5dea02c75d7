package saml

import (
	"crypto"
	"errors"
)

var errOtherContent = errors.New("saml: another element was encrypted")

// decryptNode decrypts an element and reads what was in it: one of the elements of SAML's assertion
// namespace called local, as if it stood where the EncryptedData does, with the namespaces in scope
// there (XML Encryption §4.4). The parent of what is returned is enc, of which nothing is changed.
//
// A plaintext that is something else, or nothing that can be read, was not decrypted.
func decryptNode(enc *node, keys []crypto.Decrypter, opt decryptOptions, local ...string) (*node, error) {
	var found *node
	opt.read = func(plaintext []byte) error {
		n, err := parseXML(plaintext, xmlLimits{within: enc})
		if err != nil {
			return err
		}
		for _, name := range local {
			if found == nil && n.is(nsAssertion, name) {
				found = n
				return nil
			}
		}
		return errOtherContent
	}
	if _, err := decryptElement(enc, keys, opt); err != nil {
		return nil, err
	}
	return found, nil
}
