package saml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

var secret = []byte(`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a"/>`)

func testKeys(indexes ...int) (keys []crypto.Decrypter) {
	for _, i := range indexes {
		keys = append(keys, rsaTestKeys()[i])
	}
	return keys
}

var testCiphers = []string{
	"http://www.w3.org/2001/04/xmlenc#aes128-cbc",
	"http://www.w3.org/2001/04/xmlenc#aes192-cbc",
	"http://www.w3.org/2001/04/xmlenc#aes256-cbc",
	"http://www.w3.org/2009/xmlenc11#aes128-gcm",
	"http://www.w3.org/2009/xmlenc11#aes192-gcm",
	"http://www.w3.org/2009/xmlenc11#aes256-gcm",
}

// testTransports are the ways in which identity providers wrap keys.
var testTransports = []struct {
	name string
	e    encryption
}{
	{"mgf1p", encryption{transport: oaepMGF1P, hash: crypto.SHA1, mask: crypto.SHA1}},
	{"mgf1p, SHA-1 named", encryption{transport: oaepMGF1P, digest: "http://www.w3.org/2000/09/xmldsig#sha1", hash: crypto.SHA1, mask: crypto.SHA1}},
	{"mgf1p, SHA-256", encryption{transport: oaepMGF1P, digest: "http://www.w3.org/2001/04/xmlenc#sha256", hash: crypto.SHA256, mask: crypto.SHA1}},
	{"mgf1p, SHA-384", encryption{transport: oaepMGF1P, digest: "http://www.w3.org/2001/04/xmldsig-more#sha384", hash: crypto.SHA384, mask: crypto.SHA1}},
	{"mgf1p, SHA-512", encryption{transport: oaepMGF1P, digest: "http://www.w3.org/2001/04/xmlenc#sha512", hash: crypto.SHA512, mask: crypto.SHA1}},
	{"mgf1p, SHA-256 also in the mask", encryption{transport: oaepMGF1P, digest: "http://www.w3.org/2001/04/xmlenc#sha256", hash: crypto.SHA256, mask: crypto.SHA256}},
	{"mgf1p, SHA-512 also in the mask", encryption{transport: oaepMGF1P, digest: "http://www.w3.org/2001/04/xmlenc#sha512", hash: crypto.SHA512, mask: crypto.SHA512}},
	{"mgf1p, mask named", encryption{transport: oaepMGF1P, digest: "http://www.w3.org/2001/04/xmlenc#sha512", mgf: "http://www.w3.org/2009/xmlenc11#mgf1sha256", hash: crypto.SHA512, mask: crypto.SHA256}},
	{"mgf1p, mask named and not used", encryption{transport: oaepMGF1P, mgf: "http://www.w3.org/2009/xmlenc11#mgf1sha256", hash: crypto.SHA1, mask: crypto.SHA1}},
	{"SHA-256 by the name of XML Signature", encryption{transport: oaepMGF1P, digest: "http://www.w3.org/2000/09/xmldsig#sha256", hash: crypto.SHA256, mask: crypto.SHA256}},
	{"SHA-256 by the name of xmldsig-more", encryption{transport: oaepMGF1P, digest: "http://www.w3.org/2001/04/xmldsig-more#sha256", hash: crypto.SHA256, mask: crypto.SHA1}},
	{"oaep", encryption{transport: oaep11, hash: crypto.SHA1, mask: crypto.SHA1}},
	{"oaep, SHA-256", encryption{transport: oaep11, digest: "http://www.w3.org/2001/04/xmlenc#sha256", hash: crypto.SHA256, mask: crypto.SHA1}},
	{"oaep, SHA-256 also in the mask, unnamed", encryption{transport: oaep11, digest: "http://www.w3.org/2001/04/xmlenc#sha256", hash: crypto.SHA256, mask: crypto.SHA256}},
	{"oaep, SHA-256 and mask", encryption{transport: oaep11, digest: "http://www.w3.org/2001/04/xmlenc#sha256", mgf: "http://www.w3.org/2009/xmlenc11#mgf1sha256", hash: crypto.SHA256, mask: crypto.SHA256}},
	{"oaep, SHA-512 and mask SHA-384", encryption{transport: oaep11, digest: "http://www.w3.org/2001/04/xmlenc#sha512", mgf: "http://www.w3.org/2009/xmlenc11#mgf1sha384", hash: crypto.SHA512, mask: crypto.SHA384}},
	{"oaep, SHA-384 and mask SHA-512", encryption{transport: oaep11, digest: "http://www.w3.org/2001/04/xmlenc#sha384", mgf: "http://www.w3.org/2009/xmlenc11#mgf1sha512", hash: crypto.SHA384, mask: crypto.SHA512}},
	{"oaep, SHA-256 and mask SHA-1", encryption{transport: oaep11, digest: "http://www.w3.org/2001/04/xmlenc#sha256", mgf: "http://www.w3.org/2009/xmlenc11#mgf1sha1", hash: crypto.SHA256, mask: crypto.SHA1}},
	{"oaep, label", encryption{transport: oaep11, label: []byte("for us"), hash: crypto.SHA1, mask: crypto.SHA1}},
	{"RSA 1.5", encryption{transport: rsa15}},
}

func TestDecrypt(t *testing.T) {
	for _, tr := range testTransports {
		for _, c := range testCiphers {
			t.Run(tr.name+" "+c[strings.Index(c, "#"):], func(t *testing.T) {
				e := tr.e.with(func(e *encryption) { e.cipher = c })
				got, err := decryptElement(e.sealed(t, secret), testKeys(1, 0), decryptOptions{allowRSA15: true, read: readElement})
				if err != nil || !bytes.Equal(got, secret) {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
	}
}

// Every length up to two blocks, for the padding, and one that is long.
func TestDecryptLengths(t *testing.T) {
	for _, c := range testCiphers {
		for n := range 34 {
			if n == 33 {
				n = 300_000
			}
			want := bytes.Repeat([]byte("é"), n)[:n]
			got, err := decryptElement(gcm256.with(func(e *encryption) { e.cipher = c }).sealed(t, want), testKeys(0), decryptOptions{read: readAny})
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %d bytes: got %d, %v", c, n, len(got), err)
			}
		}
	}
}

// The forms in which the same may be written.
func TestDecryptForms(t *testing.T) {
	id := func(k *node, v string) *node {
		k.attrs = append(k.attrs, attr{local: "Id", value: v})
		return k
	}
	recipient := func(k *node, v string) *node {
		k.attrs = append(k.attrs, attr{local: "Recipient", value: v})
		return k
	}
	pointer := func(uri string) *node {
		return build(nsSignature, "RetrievalMethod", attr{local: "Type", value: typeEncryptedKey}, attr{local: "URI", value: uri})
	}
	forUs, other := &rsaTestKeys()[0].PublicKey, &rsaTestKeys()[2].PublicKey
	e := gcm256.with(func(e *encryption) { e.session = random(32) })
	forms := map[string]func(t *testing.T, data, key *node) *node{
		"key in KeyInfo":   func(t *testing.T, data, key *node) *node { return inside(data, key) },
		"key beside":       func(t *testing.T, data, key *node) *node { return beside(data, key) },
		"key of this name": func(t *testing.T, data, key *node) *node { return inside(data, recipient(key, "https://other")) },
		"RetrievalMethod": func(t *testing.T, data, key *node) *node {
			return beside(inside(data, pointer("#k")).items[0].node, e.wrap(t, other), id(key, "k"))
		},
		"one key of two": func(t *testing.T, data, key *node) *node {
			return inside(data, e.wrap(t, other), key)
		},
		"one Recipient of six": func(t *testing.T, data, key *node) *node {
			var keys []*node
			for range 5 {
				keys = append(keys, recipient(e.wrap(t, other), "https://other"))
			}
			return inside(data, append(keys, recipient(key, "https://us"))...)
		},
		"an unknown transport beside": func(t *testing.T, data, key *node) *node {
			unknown := build(nsEncrypt, "EncryptedKey", build(nsEncrypt, "EncryptionMethod", algorithm("urn:x")), cipherData([]byte("x")))
			return inside(data, unknown, key)
		},
		"white space": func(t *testing.T, data, key *node) *node {
			for _, n := range []*node{data, key} {
				value := n.child(nsEncrypt, "CipherData").child(nsEncrypt, "CipherValue")
				text, _ := value.text()
				value.items = []item{{text: "\n\t  " + text[:10] + "\r\n "}, {text: text[10:] + "  \n"}}
				n.items = append(n.items, item{text: "\n  "})
			}
			return inside(data, key)
		},
		"all that may be there": func(t *testing.T, data, key *node) *node {
			for _, n := range []*node{data, key} {
				n.items = append(n.items, item{node: build(nsEncrypt, "EncryptionProperties")})
			}
			key.items = append(key.items, item{node: build(nsEncrypt, "ReferenceList")}, item{node: build(nsEncrypt, "CarriedKeyName", "k")})
			data.items[0].node.items = []item{{node: build(nsEncrypt, "KeySize", " 256 ")}}
			return inside(data, key)
		},
		"no Type": func(t *testing.T, data, key *node) *node {
			data.attrs = nil
			return inside(data, key)
		},
		"hint that is none": func(t *testing.T, data, key *node) *node {
			hint := build(nsSignature, "KeyInfo", build(nsSignature, "X509Data", build(nsSignature, "X509Certificate", "%")))
			key.items = append(key.items, item{node: hint})
			return inside(data, key)
		},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			data, key := e.encrypt(t, secret, forUs)
			got, err := decryptElement(form(t, data, key), testKeys(0), decryptOptions{entityID: "https://us", read: readElement})
			if err != nil || !bytes.Equal(got, secret) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// at follows names from an element down. The namespace is the first that fits.
func at(n *node, names ...string) *node {
	for _, name := range names {
		for _, c := range n.elements() {
			if c.local == name {
				n = c
				break
			}
		}
		if n.local != name {
			panic("no " + name)
		}
	}
	return n
}

func (n *node) without(local string) {
	var items []item
	for _, it := range n.items {
		if it.node == nil || it.node.local != local {
			items = append(items, it)
		}
	}
	n.items = items
}

func (n *node) and(c *node) { n.items = append(n.items, item{node: c}) }

var keyPath = []string{"EncryptedData", "KeyInfo", "EncryptedKey"}

// refusals are what anybody can see who looks at the element.
var refusals = []struct {
	name   string
	code   Code
	names  string // in the check
	change func(enc *node)
}{
	{"no data", StructureChild, "EncryptedData", func(n *node) { n.items = nil }},
	{"two data", StructureChild, "EncryptedData", func(n *node) { n.and(n.items[0].node) }},
	{"another child", StructureChild, "Assertion", func(n *node) { n.and(build(nsAssertion, "Assertion")) }},
	{"text beside the data", StructureText, "x", func(n *node) { n.items = append(n.items, item{text: " x "}) }},
	{"data in another namespace", StructureChild, "EncryptedData", func(n *node) { at(n, "EncryptedData").space = nsEncrypt11 }},
	{"content", StructureChild, "#Content", func(n *node) { at(n, "EncryptedData").attrs[0].value = nsEncrypt + "Content" }},
	{"two KeyInfo", StructureChild, "KeyInfo", func(n *node) { at(n, "EncryptedData").and(build(nsSignature, "KeyInfo")) }},
	{"two methods", StructureChild, "EncryptionMethod", func(n *node) { at(n, "EncryptedData").and(build(nsEncrypt, "EncryptionMethod")) }},
	{"no key", StructureChild, "EncryptedKey", func(n *node) { at(n, "EncryptedData").without("KeyInfo") }},
	{"an empty KeyInfo", StructureChild, "EncryptedKey", func(n *node) { at(n, "EncryptedData", "KeyInfo").items = nil }},
	{"nine keys", StructureChild, "9", func(n *node) {
		info := at(n, "EncryptedData", "KeyInfo")
		for range 8 {
			info.and(info.items[0].node)
		}
	}},
	{"nine keys beside", StructureChild, "EncryptedKey", func(n *node) {
		for range 9 {
			n.and(at(n, keyPath...))
		}
	}},
	{"another child of a key", StructureChild, "Key", func(n *node) { at(n, keyPath...).and(build(nsEncrypt, "Key")) }},
	{"RetrievalMethod to nothing", StructureReference, "#x", func(n *node) {
		at(n, "EncryptedData", "KeyInfo").and(build(nsSignature, "RetrievalMethod", attr{local: "URI", value: "#x"}))
	}},
	{"RetrievalMethod to elsewhere", StructureReference, "https://x", func(n *node) {
		at(n, "EncryptedData", "KeyInfo").and(build(nsSignature, "RetrievalMethod", attr{local: "URI", value: "https://x"}))
	}},
	{"RetrievalMethod to all without Id", StructureReference, "#", func(n *node) {
		at(n, "EncryptedData", "KeyInfo").and(build(nsSignature, "RetrievalMethod", attr{local: "URI", value: "#"}))
	}},
	{"RetrievalMethod of something else", StructureReference, "#k", func(n *node) {
		at(n, keyPath...).attrs = []attr{{local: "Id", value: "k"}}
		at(n, "EncryptedData", "KeyInfo").and(build(nsSignature, "RetrievalMethod", attr{local: "URI", value: "#k"}, attr{local: "Type", value: nsSignature + "X509Data"}))
	}},
	{"RetrievalMethod with transforms", StructureReference, "#k", func(n *node) {
		at(n, keyPath...).attrs = []attr{{local: "Id", value: "k"}}
		at(n, "EncryptedData", "KeyInfo").and(build(nsSignature, "RetrievalMethod", attr{local: "URI", value: "#k"}, build(nsSignature, "Transforms")))
	}},
	{"RetrievalMethod to two", StructureReference, "#k", func(n *node) {
		at(n, keyPath...).attrs = []attr{{local: "Id", value: "k"}}
		n.and(at(n, keyPath...))
		at(n, "EncryptedData", "KeyInfo").and(build(nsSignature, "RetrievalMethod", attr{local: "URI", value: "#k"}))
	}},
	{"CipherReference", StructureReference, "CipherReference", func(n *node) {
		at(n, "EncryptedData", "CipherData").items = []item{{node: build(nsEncrypt, "CipherReference", attr{local: "URI", value: "https://x"})}}
	}},
	{"CipherReference of a key", StructureReference, "CipherReference", func(n *node) {
		at(n, keyPath...).items[1].node.items = []item{{node: build(nsEncrypt, "CipherReference")}}
	}},
	{"no CipherData", StructureChild, "CipherData", func(n *node) { at(n, "EncryptedData").without("CipherData") }},
	{"no CipherData of a key", StructureChild, "CipherData", func(n *node) { at(n, keyPath...).without("CipherData") }},
	{"no CipherValue", StructureChild, "CipherValue", func(n *node) { at(n, "EncryptedData", "CipherData").items = nil }},
	{"two CipherValues", StructureChild, "CipherValue", func(n *node) {
		d := at(n, "EncryptedData", "CipherData")
		d.and(d.items[0].node)
	}},
	{"an element in CipherValue", StructureText, "CipherValue", func(n *node) { at(n, "EncryptedData", "CipherData", "CipherValue").and(build("", "x")) }},
	{"no base64", EncodingBase64, "CipherValue", func(n *node) {
		at(n, "EncryptedData", "CipherData", "CipherValue").items = []item{{text: "AAA*"}}
	}},
	{"too long", XMLLimits, "2097152", func(n *node) {
		at(n, "EncryptedData", "CipherData", "CipherValue").items = []item{{text: strings.Repeat("AAAA", maxCiphertext/3+2)}}
	}},
	{"a key too long", XMLLimits, "1024", func(n *node) {
		at(n, append(keyPath, "CipherData", "CipherValue")...).items = []item{{text: strings.Repeat("AAAA", maxWrappedKey/3+2)}}
	}},
	{"a label too long", XMLLimits, "OAEPparams", func(n *node) {
		at(n, append(keyPath, "EncryptionMethod")...).and(build(nsEncrypt, "OAEPparams", strings.Repeat("AAAA", maxOAEPLabel)))
	}},
	{"Triple DES", DecryptionAlgorithm, "Triple DES", func(n *node) {
		at(n, "EncryptedData", "EncryptionMethod").attrs[0].value = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
	}},
	{"no algorithm", DecryptionAlgorithm, "no Algorithm", func(n *node) { at(n, "EncryptedData", "EncryptionMethod").attrs = nil }},
	{"no method", DecryptionAlgorithm, "no EncryptionMethod", func(n *node) { at(n, "EncryptedData").without("EncryptionMethod") }},
	{"another KeySize", DecryptionAlgorithm, "128", func(n *node) {
		at(n, "EncryptedData", "EncryptionMethod").and(build(nsEncrypt, "KeySize", "128"))
	}},
	{"RSA 1.5", DecryptionAlgorithm, "RSA 1.5", func(n *node) {
		at(n, append(keyPath, "EncryptionMethod")...).attrs[0].value = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
	}},
	{"key agreement", DecryptionAlgorithm, "kw-aes256", func(n *node) {
		at(n, append(keyPath, "EncryptionMethod")...).attrs[0].value = "http://www.w3.org/2001/04/xmlenc#kw-aes256"
	}},
	{"no method of a key", DecryptionAlgorithm, "no EncryptionMethod", func(n *node) { at(n, keyPath...).without("EncryptionMethod") }},
	{"an unknown digest", DecryptionAlgorithm, "md5", func(n *node) {
		at(n, append(keyPath, "EncryptionMethod")...).and(build(nsSignature, "DigestMethod", algorithm("http://www.w3.org/2001/04/xmldsig-more#md5")))
	}},
	{"an unknown mask", DecryptionAlgorithm, "MGF", func(n *node) {
		at(n, append(keyPath, "EncryptionMethod")...).and(build(nsEncrypt11, "MGF", algorithm("urn:x")))
	}},
	{"two digests", StructureChild, "DigestMethod", func(n *node) {
		m := at(n, append(keyPath, "EncryptionMethod")...)
		m.and(build(nsSignature, "DigestMethod", algorithm(nsSignature+"sha1")))
		m.and(build(nsSignature, "DigestMethod", algorithm(nsEncrypt+"sha256")))
	}},
}

func TestDecryptRefusals(t *testing.T) {
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			enc := gcm256.sealed(t, secret)
			r.change(enc)
			key := &countingKey{Decrypter: rsaTestKeys()[0]}
			p, err := decryptElement(enc, []crypto.Decrypter{key}, decryptOptions{read: readElement})
			c := checkOf(t, err)
			if p != nil || c.Code != r.code || !strings.Contains(c.Expected+" "+c.Actual, r.names) {
				t.Errorf("got %q, %+v; want %s, naming %s", p, c, r.code, r.names)
			}
			if key.n != 0 {
				t.Errorf("%d operations with the key", key.n)
			}
		})
	}
}

// checkOf returns the check of a verdict.
func checkOf(t *testing.T, err error) Check {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Report == nil || len(e.Report.Checks) != 1 {
		t.Fatalf("got error %v, want a verdict with one check", err)
	}
	c := e.Report.Checks[0]
	if c.Code != e.Code || c.OK || c.Verified || c.Expected == "" || c.Actual == "" {
		t.Errorf("%s with %+v", e.Code, c)
	}
	return c
}

func TestDecryptNamesTheSetting(t *testing.T) {
	enc := gcm256.sealed(t, secret)
	at(enc, "EncryptedData", "EncryptionMethod").attrs[0].value = nsEncrypt + "tripledes-cbc"
	_, err := decryptElement(enc, testKeys(0), decryptOptions{read: readElement})
	if c := checkOf(t, err); !strings.Contains(c.Expected, "AES-256-GCM") || !strings.Contains(c.Actual, nsEncrypt+"tripledes-cbc") {
		t.Errorf("got %+v", c)
	}
}

func TestDecryptWithoutKey(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string][]crypto.Decrypter{"none": nil, "nil": {nil}, "not RSA": {otherKey{public: &curve.PublicKey}}} {
		_, err := decryptElement(gcm256.sealed(t, secret), keys, decryptOptions{read: readElement})
		if c := checkOf(t, err); c.Code != DecryptionNoKey {
			t.Errorf("%s: got %s, want %s", name, c.Code, DecryptionNoKey)
		}
	}
}

// An otherKey is a key that is not RSA.
type otherKey struct {
	crypto.Decrypter
	public crypto.PublicKey
}

func (k otherKey) Public() crypto.PublicKey { return k.public }

// failures are what can be learned only with a key: E12, E14, E15, E18 and their like. Whatever is
// wrong, the answer is one, and so are the steps to it.
func failures(t *testing.T, cipher, transport string) map[string]*node {
	e := gcm256.with(func(e *encryption) { e.cipher, e.transport = cipher, transport })
	forUs, other := &rsaTestKeys()[0].PublicKey, &rsaTestKeys()[1].PublicKey
	tampered := func(path []string, index func(b []byte) int, mask byte) *node {
		enc := e.sealed(t, secret)
		value := at(enc, path...)
		text, _ := value.text()
		b, _ := base64.StdEncoding.DecodeString(text)
		b[index(b)] ^= mask
		value.items = []item{{text: base64.StdEncoding.EncodeToString(b)}}
		return enc
	}
	content, wrapped := []string{"EncryptedData", "CipherData", "CipherValue"}, append(keyPath, "CipherData", "CipherValue")
	last := func(b []byte) int { return len(b) - 1 }
	another := 16 // a size that AES has too
	if e.keySize() == another {
		another = 32
	}
	short, uneven := e.sealed(t, secret), e.sealed(t, secret)
	at(short, content...).items = []item{{text: "AAAA"}}
	at(uneven, content...).items = []item{{text: base64.StdEncoding.EncodeToString(random(41))}}
	empty := e.sealed(t, secret)
	at(empty, content...).items = nil
	noKey := e.sealed(t, secret)
	at(noKey, wrapped...).items = nil
	longKey := e.sealed(t, secret)
	at(longKey, wrapped...).items = []item{{text: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 257))}}
	all := map[string]*node{
		"a key of another size":       withSession(t, e, random(another), forUs),
		"a session key too long":      withSession(t, e, random(e.keySize()+1), forUs),
		"another's key":               inside(e.encrypt(t, secret, other)),
		"a wrapped key changed":       tampered(wrapped, last, 1),
		"a wrapped key of zero":       noKey,
		"a wrapped key too long":      longKey,
		"garbage inside":              e.sealed(t, []byte("no element at all")),
		"content cut":                 short,
		"content not in blocks":       uneven,
		"the key of a smaller cipher": e.with(func(e *encryption) { e.session = random(another) }).sealed(t, secret),
		"content empty":               empty,
		"first block changed":         tampered(content, func([]byte) int { return 0 }, 1),
	}
	if strings.HasSuffix(cipher, "-gcm") {
		all["tag changed"] = tampered(content, last, 1)
		return all
	}
	for _, pad := range []byte{0, 17, 32, '>', 255} {
		all[fmt.Sprintf("padding of %d", pad)] = e.with(func(e *encryption) {
			e.pad = func(padded []byte, n int) { padded[len(padded)-1] = pad }
		}).sealed(t, secret)
	}
	return all
}

// withSession wraps another key than the one that was used.
func withSession(t *testing.T, e encryption, session []byte, to *rsa.PublicKey) *node {
	t.Helper()
	data, _ := e.encrypt(t, secret, to)
	e.session = session
	return inside(data, e.wrap(t, to))
}

func TestDecryptFailsAlike(t *testing.T) {
	want := errDecryption()
	for _, transport := range []string{oaepMGF1P, rsa15} {
		for _, cipher := range testCiphers {
			for name, enc := range failures(t, cipher, transport) {
				key, reads := &countingKey{Decrypter: rsaTestKeys()[0]}, 0
				p, err := decryptElement(enc, []crypto.Decrypter{key}, decryptOptions{allowRSA15: true, read: func(p []byte) error {
					reads++
					return readElement(p)
				}})
				if p != nil || !reflect.DeepEqual(err, want) {
					t.Errorf("%s, %s, %s: got %q, %#v; want %v", transport, cipher, name, p, err, want)
				}
				if key.n != 1 || reads != 1 {
					t.Errorf("%s, %s, %s: %d operations with the key and %d plaintexts read, want one each", transport, cipher, name, key.n, reads)
				}
			}
		}
	}
}

// Whatever the reader makes of nothing, content whose tag is wrong is not decrypted.
func TestDecryptTagIsWrong(t *testing.T) {
	enc := gcm256.sealed(t, secret)
	at(enc, "EncryptedData", "CipherData", "CipherValue").items = []item{{text: base64.StdEncoding.EncodeToString(random(60))}}
	got, err := decryptElement(enc, testKeys(0), decryptOptions{read: func([]byte) error { return nil }})
	if got != nil || !reflect.DeepEqual(err, errDecryption()) {
		t.Errorf("got %q, %v", got, err)
	}
}

// What the padding hides from a reader it does not hide from the parser: the text before it is read
// to its end, good or bad.
func TestUnpad(t *testing.T) {
	for last := range 256 {
		p := append(bytes.Repeat([]byte("x"), 31), byte(last))
		got := unpad(p)
		switch {
		case 1 <= last && last <= 16:
			if !bytes.Equal(got, bytes.Repeat([]byte("x"), 32-last)) {
				t.Errorf("padding of %d: got %q", last, got)
			}
		case len(got) != 32 || got[31] != 0:
			t.Errorf("padding of %d: got %q, want all of it, and a NUL", last, got)
		}
	}
}

// However many keys there are on either side, the work has an end.
func TestDecryptOperations(t *testing.T) {
	e := gcm256.with(func(e *encryption) { e.digest, e.hash = nsEncrypt+"sha256", crypto.SHA256 })
	other := &rsaTestKeys()[2].PublicKey
	data, key := e.encrypt(t, secret, other)
	keys := []*node{key}
	for range maxEncryptedKeys - 1 {
		keys = append(keys, e.wrap(t, other))
	}
	ours := []*countingKey{{Decrypter: rsaTestKeys()[0]}, {Decrypter: rsaTestKeys()[1]}}
	_, err := decryptElement(inside(data, keys...), []crypto.Decrypter{ours[0], ours[1]}, decryptOptions{read: readElement})
	if c := checkOf(t, err); c.Code != DecryptionFailed {
		t.Errorf("got %s, want %s", c.Code, DecryptionFailed)
	}
	if n := ours[0].n + ours[1].n; n != maxKeyDecryptions {
		t.Errorf("%d operations, want %d", n, maxKeyDecryptions)
	}
}

// The certificate in an EncryptedKey says which of our keys is tried first.
func TestDecryptHint(t *testing.T) {
	e := gcm256.with(func(e *encryption) { e.digest, e.hash, e.mask = nsEncrypt+"sha256", crypto.SHA256, crypto.SHA256 })
	data, key := e.encrypt(t, secret, &rsaTestKeys()[1].PublicKey)
	key.and(certificateOf(t, rsaTestKeys()[1]))
	first, second := &countingKey{Decrypter: rsaTestKeys()[0]}, &countingKey{Decrypter: rsaTestKeys()[1]}
	p, err := decryptElement(inside(data, key), []crypto.Decrypter{first, second}, decryptOptions{read: readElement})
	if err != nil || !bytes.Equal(p, secret) {
		t.Fatalf("got %q, %v", p, err)
	}
	if first.n != 0 || second.n != 2 {
		t.Errorf("%d and %d operations, want 0 and 2", first.n, second.n)
	}
}

// RSA 1.5 does not say which key was right. All are tried, whether one was or not.
func TestDecryptRSA15Keys(t *testing.T) {
	for i, name := range []string{"first key", "second key", "another's key"} {
		e := gcm256.with(func(e *encryption) { e.cipher, e.transport = nsEncrypt+"aes128-cbc", rsa15 })
		enc := inside(e.encrypt(t, secret, &rsaTestKeys()[i].PublicKey))
		first, second := &countingKey{Decrypter: rsaTestKeys()[0]}, &countingKey{Decrypter: rsaTestKeys()[1]}
		p, err := decryptElement(enc, []crypto.Decrypter{first, second}, decryptOptions{allowRSA15: true, read: readElement})
		if ok := err == nil && bytes.Equal(p, secret); ok != (i < 2) {
			t.Errorf("%s: got %q, %v", name, p, err)
		}
		if first.n != 1 || second.n != 1 {
			t.Errorf("%s: %d and %d operations, want one each", name, first.n, second.n)
		}
	}
}
