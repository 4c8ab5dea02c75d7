package samltest

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/pem"
	"fmt"
	"sync"
)

// A Key is a private key and the certificate of its public half.
type Key struct {
	Private     crypto.Signer
	Certificate *x509.Certificate
}

// Keys are those of all sides of a sign-in.
type Keys struct {
	IdP      Key // of the identity provider
	Second   Key // its next one, published beside IdP at a rollover
	Expired  Key // one whose certificate has expired
	ECDSA    Key // one on P-256
	Attacker Key // of somebody whom nobody trusts

	Authority *x509.Certificate // has issued the certificate of IdP
	SP        *x509.Certificate // the RSA key that assertions are encrypted for
	Stranger  *x509.Certificate // the same of another service provider
}

//go:embed testdata/keys/*.pem
var keyFiles embed.FS

// TestKeys returns the keys that the files of the corpus were made with. Everybody has them.
func TestKeys() Keys { return testKeys() }

// testKeys reads them once: to check a private key takes a while.
var testKeys = sync.OnceValue(func() Keys {
	return Keys{
		IdP: readKey("idp"), Second: readKey("second"), Expired: readKey("expired"),
		ECDSA: readKey("ecdsa"), Attacker: readKey("attacker"),
		Authority: readKey("authority").Certificate,
		SP:        readKey("sp").Certificate,
		Stranger:  readKey("stranger").Certificate,
	}
})

// TestDecrypter returns the private key of [Keys.SP] of [TestKeys].
func TestDecrypter() *rsa.PrivateKey {
	return readKey("sp").Private.(*rsa.PrivateKey)
}

// readKey reads a certificate and, if there is one, its key. The files are part of the package, so
// one that does not read is a mistake here.
func readKey(name string) Key {
	rest, err := keyFiles.ReadFile("testdata/keys/" + name + ".pem")
	var key Key
	for block, more := pem.Decode(rest); block != nil && err == nil; block, more = pem.Decode(more) {
		if block.Type == "CERTIFICATE" {
			key.Certificate, err = x509.ParseCertificate(block.Bytes)
			continue
		}
		var private any
		if private, err = x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			key.Private = private.(crypto.Signer)
		}
	}
	if err != nil || key.Certificate == nil {
		panic(fmt.Sprintf("samltest: key %s: %v", name, err))
	}
	return key
}
