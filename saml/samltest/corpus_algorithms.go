package samltest

import (
	"crypto"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
)

var algorithmCases = []row{{
	Case: Case{
		ID: "B1", Title: "signature with RSA and SHA-1, digest with SHA-1", Want: "signature.algorithm",
		Option: "AllowSHA1Insecure", With: Accept,
		Why: "two documents with one SHA-1 can be had for money",
	},
	make: assertionBy(func(m *maker) signature { return signature{key: m.Keys.IdP, hash: crypto.SHA1} }),
}, {
	Case: Case{
		ID: "B2", Title: "HMAC-SHA256 with the public certificate as its key", Want: "signature.algorithm",
		Why: "whoever takes the key of the metadata for the secret of an HMAC believes everybody who knows it",
	},
	make: func(m *maker) string {
		return m.response(m.assertion(m.Attacker).element().signed(signature{
			key:    m.Keys.IdP,
			method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
			sign: func(info []byte) []byte {
				mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{
					Type: "CERTIFICATE", Bytes: m.Keys.IdP.Certificate.Raw,
				}))
				mac.Write(info)
				return mac.Sum(nil)
			},
		}).String()).element().String()
	},
}, {
	Case: Case{
		ID: "B3", Title: "signature with RSA and MD5", Want: "signature.algorithm",
		Why: "MD5 has been broken for twenty years",
	},
	make: assertionBy(func(m *maker) signature {
		return signature{
			key: m.Keys.IdP, method: "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
			sign: func(info []byte) []byte {
				sum := md5.Sum(info)
				value, err := rsa.SignPKCS1v15(nil, m.Keys.IdP.Private.(*rsa.PrivateKey), crypto.MD5, sum[:])
				if err != nil {
					panic("samltest: signing: " + err.Error())
				}
				return value
			},
		}
	}),
}, {
	Case: Case{
		ID: "B4", Title: "the identifier of ECDSA on a signature with RSA", Want: "signature.algorithm",
		Why: "the algorithm is that of the key, whatever the message says",
	},
	make: assertionBy(func(m *maker) signature {
		return signature{key: m.Keys.IdP, method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}
	}),
}, {
	Case: Case{
		ID: "B5", Title: "the certificate of the trusted key has expired", Want: "certificate.expired",
		Option: "IgnoreCertificateDatesInsecure", With: Accept,
		Why:   "a key that was not replaced in time is one that nobody looks after",
		trust: func(k Keys) []*x509.Certificate { return []*x509.Certificate{k.Expired.Certificate} },
	},
	make: assertionBy(func(m *maker) signature { return signature{key: m.Keys.Expired} }),
}, {
	Case: Case{
		ID: "B6", Title: "signature with ECDSA on P-256, as ASN.1", Want: Accept,
		Why:   "it is not the form of XML Signature, but there are identity providers that send it",
		trust: func(k Keys) []*x509.Certificate { return []*x509.Certificate{k.ECDSA.Certificate} },
	},
	make: assertionBy(func(m *maker) signature { return signature{key: m.Keys.ECDSA} }),
}, {
	Case: Case{
		ID: "B7", Title: `the Reference of the signed assertion has an empty URI`, Want: "structure",
		Why: "an empty URI means the whole document; a verifier that takes it for the parent can be led to another element",
	},
	make: assertionBy(func(m *maker) signature { return signature{key: m.Keys.IdP, uri: emptyURI} }),
}, {
	Case: Case{
		ID: "B9", Title: "exclusive canonicalization with comments", Want: "signature.algorithm",
		Why: "SAML core §5.4.3 asks for canonicalization without comments",
	},
	make: assertionBy(func(m *maker) signature { return signature{key: m.Keys.IdP, c14n: exclusive + "WithComments"} }),
}}
