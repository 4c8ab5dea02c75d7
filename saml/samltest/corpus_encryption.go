package samltest

import (
	"crypto"
	"crypto/aes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
)

// random returns bytes that are the same for the same case and sign-in. Nothing here has to be kept
// secret.
func (m *maker) random() io.Reader {
	return rand.NewChaCha8(sha256.Sum256([]byte(m.id("random"))))
}

// encrypted returns an EncryptedAssertion for the service provider.
func (m *maker) encrypted(e encryption, assertion string) string {
	e.random = m.random()
	if e.Certificate == nil {
		e.Certificate = m.Keys.SP
	}
	return e.of(assertion)
}

// encrypting returns a case with a signed assertion, encrypted.
func encrypting(e encryption) func(m *maker) string {
	return func(m *maker) string {
		assertion := m.ownAssertion().signed(m.idp()).String()
		return m.response(m.encrypted(e, assertion)).element().String()
	}
}

// aesWith is an encryption with an algorithm for the data.
func aesWith(data string) encryption { return encryption{Encryption: Encryption{Data: data}} }

// oaepWith is an encryption with hashes for OAEP.
func oaepWith(digest, mgf crypto.Hash) Encryption { return Encryption{Digest: digest, MGF: mgf} }

const (
	common  = "identity providers send it"
	oracle  = "what tells one failure from another, in text or in time, decrypts for an attacker"
	sealing = "anybody can encrypt for the service provider: encryption is no signature"
)

var encryptionCases = []row{{
	Case: Case{ID: "E1", Title: "a signed assertion encrypted with AES-256-GCM, RSA-OAEP with SHA-1", Want: Accept, Why: common},
	make: encrypting(encryption{}),
}, {
	Case: Case{ID: "E2", Title: "an unsigned assertion encrypted, in an unsigned response", Want: "signature.missing", Why: sealing},
	make: func(m *maker) string {
		return m.response(m.encrypted(encryption{}, m.assertion(m.Attacker).element().String())).element().String()
	},
}, {
	Case: Case{
		ID: "E3", Title: "an unsigned assertion encrypted, in a signed response", Want: Accept,
		Why: "the signature over the response covers the encrypted assertion in it",
	},
	make: func(m *maker) string {
		return m.response(m.encrypted(encryption{}, m.ownAssertion().String())).element().signed(m.idp()).String()
	},
}, {
	Case: Case{ID: "E4", Title: "AES-256-CBC and RSA-OAEP", Want: Accept, Why: common},
	make: encrypting(aesWith(AES256CBC)),
}, {
	Case: Case{
		ID: "E5", Title: "AES-256-CBC and RSA PKCS #1 v1.5", Want: "decryption.algorithm",
		Option: "AllowRSA15Insecure", With: Accept,
		Why: "whoever tries often enough, and learns a little each time, decrypts what others have sent",
	},
	make: encrypting(encryption{Encryption: Encryption{Data: AES256CBC, Transport: RSA15}}),
}, {
	Case: Case{
		ID: "E6", Title: "rsa-oaep-mgf1p with SHA-256, MGF1 with SHA-1", Want: Accept,
		Why: "this is what rsa-oaep-mgf1p means: MGF1 is with SHA-1 whatever the digest (XML Encryption 1.1 §5.5.2)",
	},
	make: encrypting(encryption{Encryption: oaepWith(crypto.SHA256, crypto.SHA1)}),
}, {
	Case: Case{
		ID: "E7", Title: "rsa-oaep-mgf1p with SHA-256, MGF1 with SHA-256", Want: Accept,
		Why: "it is not what the identifier means, but what libraries with one hash for both make of it",
	},
	make: encrypting(encryption{Encryption: oaepWith(crypto.SHA256, crypto.SHA256)}),
}, {
	Case: Case{
		ID: "E8", Title: "SHA-256 by an identifier in the namespace of XML Signature", Want: Accept,
		Why: "no specification has it, but programs send it",
	},
	make: encrypting(encryption{Encryption: oaepWith(crypto.SHA256, crypto.SHA256), digestMethod: nsSignature + "sha256"}),
}, {
	Case: Case{
		ID: "E9", Title: "CipherValue in lines that are indented", Want: Accept,
		Why: "xs:base64Binary may have white space anywhere",
	},
	make: encrypting(encryption{layout: func(s string) string { return lines(s, "\n        ") + "\n      " }}),
}, {
	Case: Case{ID: "E10", Title: "AES-192-CBC", Want: Accept, Why: common},
	make: encrypting(aesWith(AES192CBC)),
}, {
	Case: Case{ID: "E11", Title: "AES-192-GCM", Want: Accept, Why: common},
	make: encrypting(aesWith(AES192GCM)),
}, {
	Case: Case{
		ID: "E12", Title: "AES-256-GCM by name, but with a key of 128 bits", Want: "decryption.failed",
		Why: "the algorithm says how long its key is; who believes the key lets others choose the algorithm",
	},
	make: encrypting(encryption{keySize: 16}),
}, {
	Case: Case{
		ID: "E13", Title: "rsa-oaep of XML Encryption 1.1 with SHA-1 and without an MGF", Want: Accept,
		Why: "MGF1 with SHA-1 is the default (XML Encryption 1.1 §5.5.2)",
	},
	make: encrypting(encryption{Encryption: Encryption{Transport: RSAOAEP11}}),
}, {
	Case: Case{ID: "E14", Title: "AES-256-CBC with a padding that is none", Want: "decryption.failed", Why: oracle},
	make: encrypting(encryption{Encryption: Encryption{Data: AES256CBC}, pad: func(b []byte, random io.Reader) []byte {
		out := padded(b, random)
		out[len(out)-1] = aes.BlockSize + 1
		return out
	}}),
}, {
	Case: Case{ID: "E15", Title: "AES-256-CBC with a good padding, of garbage", Want: "decryption.failed", Why: oracle},
	make: encrypting(encryption{Encryption: Encryption{Data: AES256CBC}, pad: func(b []byte, random io.Reader) []byte {
		return padded(read(random, len(b)), random)
	}}),
}, {
	Case: Case{ID: "E17", Title: "an evil assertion, unsigned, and a signed one, encrypted", Want: "structure", Why: whichOne},
	make: forged(func(f forgery) string {
		return f.in(f.evil.String(), f.encrypted(encryption{}, f.signed()))
	}),
}, {
	Case: Case{
		ID: "E18", Title: "encrypted for another service provider", Want: "decryption.failed",
		Why: "it is not for us, and what was not decrypted was not read",
	},
	make: func(m *maker) string {
		return encrypting(encryption{Encryption: Encryption{Certificate: m.Keys.Stranger}})(m)
	},
}}
