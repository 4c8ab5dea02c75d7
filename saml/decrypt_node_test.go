package saml

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// realKey is the key that the messages in testdata are encrypted for.
func realKey(t testing.TB) crypto.Decrypter {
	t.Helper()
	data, err := os.ReadFile("testdata/real/sp.key")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Decrypter)
}

// encryptedIn returns the encrypted elements of a document.
func encryptedIn(n *node) (found []*node) {
	for _, c := range n.elements() {
		if c.space == nsAssertion && strings.HasPrefix(c.local, "Encrypted") {
			found = append(found, c)
		}
		found = append(found, encryptedIn(c)...)
	}
	return found
}

func TestDecryptReal(t *testing.T) {
	for file, want := range map[string]string{
		"ssp-enc.xml":        "Assertion",
		"samlidp-enc.xml":    "Assertion",
		"ssp-enc-nameid.xml": "NameID",
	} {
		data, err := os.ReadFile(filepath.Join("testdata/real", file))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := parseXML(data, xmlLimits{})
		if err != nil {
			t.Fatal(err)
		}
		encs := encryptedIn(doc)
		if len(encs) != 1 {
			t.Fatalf("%s: %d encrypted elements", file, len(encs))
		}
		n, err := decryptNode(encs[0], []crypto.Decrypter{realKey(t)}, decryptOptions{}, want)
		if err != nil || !n.is(nsAssertion, want) || n.parent != encs[0] {
			t.Errorf("%s: got %+v, %v", file, n, err)
		}
		if _, err := decryptNode(encs[0], testKeys(0, 1), decryptOptions{}, want); !reflect.DeepEqual(err, errDecryption()) {
			t.Errorf("%s with other keys: got %v", file, err)
		}
	}
}

func TestDecryptNodeScope(t *testing.T) {
	for name, c := range map[string]struct{ plaintext, value string }{
		"from outside":  {`<saml:NameID x:a="1">u</saml:NameID>`, "u"},
		"rebound":       {`<x:NameID xmlns:x="urn:oasis:names:tc:SAML:2.0:assertion">u</x:NameID>`, "u"},
		"by default":    {`<NameID xmlns="urn:oasis:names:tc:SAML:2.0:assertion">u</NameID>`, "u"},
		"no such scope": {`<y:NameID>u</y:NameID>`, ""},
		"another name":  {`<saml:Issuer>u</saml:Issuer>`, ""},
		"no name":       {`<NameID>u</NameID>`, ""},
		"two":           {`<saml:NameID>u</saml:NameID><saml:NameID>u</saml:NameID>`, ""},
		"content":       {`u`, ""},
		"nothing":       {``, ""},
		"document type": {`<!DOCTYPE NameID><saml:NameID>u</saml:NameID>`, ""},
	} {
		enc := gcm256.sealed(t, []byte(c.plaintext))
		enc.decls = []decl{{"saml", nsAssertion}, {"x", "urn:x"}}
		n, err := decryptNode(enc, testKeys(0), decryptOptions{}, "BaseID", "NameID")
		if c.value == "" {
			if n != nil || !reflect.DeepEqual(err, errDecryption()) {
				t.Errorf("%s: got %+v, %v", name, n, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, _ := n.text(); got != c.value {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// With the parser behind it, what fails still fails alike.
func TestDecryptNodeFailsAlike(t *testing.T) {
	for _, cipher := range testCiphers {
		for name, enc := range failures(t, cipher, oaepMGF1P) {
			if n, err := decryptNode(enc, testKeys(0), decryptOptions{}, "Assertion"); n != nil || !reflect.DeepEqual(err, errDecryption()) {
				t.Errorf("%s, %s: got %+v, %v", cipher, name, n, err)
			}
		}
	}
}

// FuzzDecryptNode decrypts what is encrypted in any document that can be read.
func FuzzDecryptNode(f *testing.F) {
	for _, name := range []string{"ssp-enc.xml", "samlidp-enc.xml", "ssp-enc-nameid.xml"} {
		data, err := os.ReadFile(filepath.Join("testdata/real", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	codes := []Code{StructureChild, StructureReference, StructureText, EncodingBase64, XMLLimits, DecryptionAlgorithm, DecryptionFailed}
	key := &countingKey{Decrypter: realKey(f)}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := parseXML(data, xmlLimits{})
		if err != nil {
			return
		}
		for _, enc := range encryptedIn(doc) {
			key.n = 0
			n, err := decryptNode(enc, []crypto.Decrypter{key}, decryptOptions{allowRSA15: true}, "Assertion", "NameID")
			var refused *Error
			if err != nil && (!errors.As(err, &refused) || !slices.Contains(codes, refused.Code)) || (n == nil) == (err == nil) {
				t.Fatalf("got %+v, %v", n, err)
			}
			if key.n > maxKeyDecryptions {
				t.Fatalf("%d operations with the key", key.n)
			}
		}
	})
}
