package saml

import (
	"crypto"
	"crypto/rsa"
)

// Limits on one encrypted element. Identity providers encrypt for one service provider, now and then
// for two of its keys; these leave room.
const (
	maxEncryptedKeys  = 8        // EncryptedKey elements
	maxKeyDecryptions = 4        // operations with a private key, a millisecond each
	maxWrappedKey     = 1024     // bytes: an RSA key of 8192 bits
	maxOAEPLabel      = 256      // bytes of OAEPparams; nobody is known to use them
	maxKeyHint        = 16 << 10 // bytes of a certificate
	maxCiphertext     = 2 << 20  // bytes, as many as the largest response
)

// decryptOptions is what decryptElement has to know besides the keys.
type decryptOptions struct {
	entityID   string // ours: the Recipient of a key that is for us
	allowRSA15 bool
	// read judges the plaintext. What it does not read was not decrypted: wrong padding and a
	// document that is none are one failure, and nobody can ask which of them it was. Required.
	read func(plaintext []byte) error
}

// decryptElement decrypts an EncryptedAssertion, EncryptedID or EncryptedAttribute (SAML core §2.2.4,
// §2.3.4, §2.7.3.2) and returns the plaintext that opt.read has read. keys are tried in order.
//
// What anybody can see who looks at the element, its form and its algorithms, is refused by name.
// All that depends on a key fails alike, with [DecryptionFailed], after the same steps.
func decryptElement(enc *node, keys []crypto.Decrypter, opt decryptOptions) (plaintext []byte, err error) {
	e, err := readEncrypted(enc)
	if err != nil {
		return nil, err
	}
	wrapped, err := e.keysFor(opt)
	if err != nil {
		return nil, err
	}
	keys = rsaKeys(keys)
	if len(keys) == 0 {
		return nil, decryptError(DecryptionNoKey, "an assertion that is not encrypted, or a key to decrypt it with", "an encrypted one, and no key")
	}
	size, read := e.cipher.keySize, false
	for _, session := range sessionKeys(attempts(wrapped, keys, size), size) {
		p, ok := e.cipher.open(session, e.ciphertext)
		if opt.read(p) == nil && ok && !read {
			plaintext, read = p, true
		}
	}
	if !read {
		return nil, errDecryption()
	}
	return plaintext, nil
}

// errDecryption is the one answer to everything that can be learned only with a key.
func errDecryption() error {
	return decryptError(DecryptionFailed, "content encrypted with the certificate of our metadata", "content that none of our keys decrypts")
}

// decryptError returns a verdict with the check that failed. What was received is not signed.
func decryptError(code Code, expected, actual string) error {
	return &Error{Code: code, Report: &Report{Checks: []Check{{Code: code, Expected: expected, Actual: actual}}}}
}

// rsaKeys returns the keys that can be used.
func rsaKeys(keys []crypto.Decrypter) []crypto.Decrypter {
	var usable []crypto.Decrypter
	for _, k := range keys {
		if k == nil {
			continue
		}
		if _, ok := k.Public().(*rsa.PublicKey); ok {
			usable = append(usable, k)
		}
	}
	return usable
}

// sessionKeys makes the attempts and returns the keys to try on the content, of the size its
// algorithm needs. A key that OAEP has unwrapped is the only one. Where no attempt succeeds, there is
// a random key in the place of the right one, and all goes on as if it were (implicit rejection).
func sessionKeys(attempts []attempt, size int) [][]byte {
	var sessions [][]byte
	for _, a := range attempts {
		session, sure := a.unwrap(size)
		if sure {
			return [][]byte{session}
		}
		if session != nil {
			sessions = append(sessions, session)
		}
	}
	if sessions == nil {
		sessions = [][]byte{randomKey(size)}
	}
	return sessions
}
