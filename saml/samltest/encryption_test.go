package samltest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// decrypted returns the plaintext of an EncryptedAssertion for the test service provider, or nil. It
// tries what is written there, and both hashes for the mask.
func decrypted(e *etree.Element) []byte {
	data, key := e.FindElement("./EncryptedData"), e.FindElement(".//EncryptedKey")
	wrapped := cipherValue(key)
	if algorithm(key) == RSA15 {
		return opened(algorithm(data), pkcs1(wrapped), cipherValue(data))
	}
	for _, options := range decrypters(key.SelectElement("EncryptionMethod")) {
		k, err := TestDecrypter().Decrypt(nil, wrapped, options)
		if err == nil {
			return opened(algorithm(data), k, cipherValue(data))
		}
	}
	return nil
}

// pkcs1 returns the message of PKCS #1 v1.5: what comes after 0, 2, padding and 0.
func pkcs1(wrapped []byte) []byte {
	key := TestDecrypter()
	m := new(big.Int).Exp(new(big.Int).SetBytes(wrapped), key.D, key.N).FillBytes(make([]byte, key.Size()))
	_, message, _ := bytes.Cut(m[1:], []byte{0})
	return message
}

func algorithm(e *etree.Element) string {
	return e.SelectElement("EncryptionMethod").SelectAttrValue("Algorithm", "")
}

func decrypters(method *etree.Element) []crypto.DecrypterOpts {
	digest := crypto.SHA1
	if strings.HasSuffix(method.SelectElement("DigestMethod").SelectAttrValue("Algorithm", ""), "sha256") {
		digest = crypto.SHA256
	}
	var all []crypto.DecrypterOpts
	for _, mgf := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		all = append(all, &rsa.OAEPOptions{Hash: digest, MGFHash: mgf})
	}
	return all
}

func cipherValue(e *etree.Element) []byte {
	text := e.SelectElement("CipherData").SelectElement("CipherValue").Text()
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil
	}
	return b
}

func opened(algorithm string, key, sealed []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	if strings.HasSuffix(algorithm, "-gcm") {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil
		}
		plaintext, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], nil)
		if err != nil {
			return nil
		}
		return plaintext
	}
	out := make([]byte, len(sealed)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, sealed[:aes.BlockSize]).CryptBlocks(out, sealed[aes.BlockSize:])
	n := int(out[len(out)-1])
	if n < 1 || n > aes.BlockSize {
		return nil
	}
	return out[:len(out)-n]
}

// TestEncryptedRefused holds what is wrong with those that are refused: only that.
func TestEncryptedRefused(t *testing.T) {
	p := TestParams()
	for _, test := range []struct {
		id        string
		plaintext bool // there is one
		named     string
	}{
		{"E2", true, p.Attacker}, {"E5", true, p.NameID}, {"E12", true, p.NameID},
		{"E14", false, ""}, {"E15", true, ""}, {"E17", true, p.NameID}, {"E18", false, ""},
	} {
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(caseOf(t, test.id).Make(p)); err != nil {
			t.Fatal(err)
		}
		plaintext := decrypted(doc.FindElement("//EncryptedAssertion"))
		if (plaintext != nil) != test.plaintext {
			t.Errorf("%s: decrypts: %t", test.id, plaintext != nil)
		}
		if test.named != "" && !strings.Contains(string(plaintext), name(test.named)) {
			t.Errorf("%s: it is not about %s", test.id, test.named)
		}
	}
}

// caseOf returns the case with an ID.
func caseOf(t *testing.T, id string) Case {
	t.Helper()
	for _, c := range Corpus() {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no case %s", id)
	return Case{}
}
