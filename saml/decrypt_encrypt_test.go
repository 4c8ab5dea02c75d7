package saml

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"sync"
	"testing"
	"time"
)

// rsaTestKeys are made once: three, and none is better than another.
var rsaTestKeys = sync.OnceValue(func() (keys [3]*rsa.PrivateKey) {
	for i := range keys {
		var err error
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return keys
})

// build makes an element of attributes, texts and elements.
func build(space, local string, parts ...any) *node {
	n := &node{space: space, local: local}
	for _, p := range parts {
		switch p := p.(type) {
		case attr:
			n.attrs = append(n.attrs, p)
		case string:
			n.items = append(n.items, item{text: p})
		case *node:
			if p != nil {
				p.parent = n
				n.items = append(n.items, item{node: p})
			}
		}
	}
	return n
}

func algorithm(name string) attr { return attr{local: "Algorithm", value: name} }

// An encryption says how to encrypt. It is a program of its own, written from the specification
// and not from what decrypts.
type encryption struct {
	cipher    string
	transport string
	digest    string // DigestMethod, "" for none
	mgf       string // MGF, "" for none
	label     []byte

	hash, mask crypto.Hash // what is really done
	session    []byte      // "" for a random key of the size that fits
	pad        func(block []byte, n int)
}

// gcm256 is what the best senders do.
var gcm256 = encryption{
	cipher:    nsEncrypt11 + "aes256-gcm",
	transport: nsEncrypt + "rsa-oaep-mgf1p",
	hash:      crypto.SHA1, mask: crypto.SHA1,
}

func (e encryption) with(change func(*encryption)) encryption {
	change(&e)
	return e
}

// keySize reads the size in the name of the cipher.
func (e encryption) keySize() int {
	for name, size := range map[string]int{"128": 16, "192": 24, "256": 32} {
		if bytes.Contains([]byte(e.cipher), []byte("aes"+name)) {
			return size
		}
	}
	return 16
}

// encrypt returns the content and the key of an EncryptedAssertion.
func (e encryption) encrypt(t testing.TB, plaintext []byte, to *rsa.PublicKey) (data, key *node) {
	t.Helper()
	if e.session == nil {
		e.session = random(e.keySize())
	}
	content := e.content(t, plaintext)
	data = build(nsEncrypt, "EncryptedData",
		attr{local: "Type", value: "http://www.w3.org/2001/04/xmlenc#Element"},
		build(nsEncrypt, "EncryptionMethod", algorithm(e.cipher)), cipherData(content))
	return data, e.wrap(t, to)
}

func cipherData(b []byte) *node {
	return build(nsEncrypt, "CipherData", build(nsEncrypt, "CipherValue", base64.StdEncoding.EncodeToString(b)))
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func (e encryption) content(t testing.TB, plaintext []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(e.session)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasSuffix([]byte(e.cipher), []byte("-gcm")) {
		aead, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		nonce := random(12)
		return aead.Seal(nonce, nonce, plaintext, nil)
	}
	n := 16 - len(plaintext)%16
	padded := append(bytes.Clone(plaintext), random(n)...)
	padded[len(padded)-1] = byte(n)
	if e.pad != nil {
		e.pad(padded, n)
	}
	iv := random(16)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return append(iv, padded...)
}

// wrap returns the EncryptedKey.
func (e encryption) wrap(t testing.TB, to *rsa.PublicKey) *node {
	t.Helper()
	var wrapped []byte
	var err error
	if e.transport == nsEncrypt+"rsa-1_5" {
		//lint:ignore SA1019 it is what some senders do
		wrapped, err = rsa.EncryptPKCS1v15(rand.Reader, to, e.session)
	} else {
		wrapped, err = rsa.EncryptOAEPWithOptions(rand.Reader, to, e.session, &rsa.OAEPOptions{Hash: e.hash, MGFHash: e.mask, Label: e.label})
	}
	if err != nil {
		t.Fatal(err)
	}
	method := build(nsEncrypt, "EncryptionMethod", algorithm(e.transport))
	add := func(name string, n *node) {
		if name != "" {
			n.parent = method
			method.items = append(method.items, item{node: n})
		}
	}
	add(string(e.label), build(nsEncrypt, "OAEPparams", base64.StdEncoding.EncodeToString(e.label)))
	add(e.digest, build(nsSignature, "DigestMethod", algorithm(e.digest)))
	add(e.mgf, build(nsEncrypt11, "MGF", algorithm(e.mgf)))
	return build(nsEncrypt, "EncryptedKey", method, cipherData(wrapped))
}

// inside puts keys into the KeyInfo of the data, beside puts them next to it.
func inside(data *node, keys ...*node) *node {
	info := build(nsSignature, "KeyInfo")
	for _, k := range keys {
		k.parent = info
		info.items = append(info.items, item{node: k})
	}
	info.parent = data
	data.items = append(data.items, item{})
	copy(data.items[2:], data.items[1:])
	data.items[1] = item{node: info}
	return build(nsAssertion, "EncryptedAssertion", data)
}

func beside(data *node, keys ...*node) *node {
	n := build(nsAssertion, "EncryptedAssertion", data)
	for _, k := range keys {
		k.parent = n
		n.items = append(n.items, item{node: k})
	}
	return n
}

// sealed encrypts for the first test key in the usual form.
func (e encryption) sealed(t testing.TB, plaintext []byte) *node {
	t.Helper()
	return inside(e.encrypt(t, plaintext, &rsaTestKeys()[0].PublicKey))
}

// certificateOf returns a certificate for a key, as hints have it.
func certificateOf(t testing.TB, key *rsa.PrivateKey) *node {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return build(nsSignature, "KeyInfo", build(nsSignature, "X509Data",
		build(nsSignature, "X509Certificate", "\n"+base64.StdEncoding.EncodeToString(der)+"\n")))
}

// A countingKey counts the operations with a private key.
type countingKey struct {
	crypto.Decrypter
	n int
}

func (k *countingKey) Decrypt(r io.Reader, c []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	k.n++
	return k.Decrypter.Decrypt(r, c, opts)
}

// readAny accepts what may be the end of a document.
func readAny(p []byte) error {
	if len(p) > 0 && p[len(p)-1] == 0 {
		return errors.New("a NUL")
	}
	return nil
}

// readElement accepts what begins and ends as an element does.
func readElement(p []byte) error {
	if !bytes.HasPrefix(p, []byte("<")) || !bytes.HasSuffix(p, []byte(">")) {
		return errors.New("no element")
	}
	return nil
}
