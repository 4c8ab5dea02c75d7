package samltest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"strings"
)

// Namespaces of XML Encryption 1.0 and 1.1.
const (
	nsEncryption   = "http://www.w3.org/2001/04/xmlenc#"
	nsEncryption11 = "http://www.w3.org/2009/xmlenc11#"
)

// Identifiers of XML Encryption: for [Encryption.Data] and [Encryption.Transport].
const (
	AES128CBC = nsEncryption + "aes128-cbc"
	AES192CBC = nsEncryption + "aes192-cbc"
	AES256CBC = nsEncryption + "aes256-cbc"
	AES128GCM = nsEncryption11 + "aes128-gcm"
	AES192GCM = nsEncryption11 + "aes192-gcm"
	AES256GCM = nsEncryption11 + "aes256-gcm"

	RSAOAEP   = nsEncryption + "rsa-oaep-mgf1p" // with MGF1 and SHA-1
	RSAOAEP11 = nsEncryption11 + "rsa-oaep"     // with any MGF
	RSA15     = nsEncryption + "rsa-1_5"
)

// An Encryption says how an assertion is encrypted.
type Encryption struct {
	Certificate *x509.Certificate // of the service provider; its key has to be RSA
	Data        string            // what the assertion is encrypted with; "" = AES256GCM
	Transport   string            // what the key is encrypted with; "" = RSAOAEP
	Digest      crypto.Hash       // of OAEP; 0 = SHA-1
	MGF         crypto.Hash       // of OAEP; 0 = SHA-1
}

// An encryption is one with all that the corpus bends.
type encryption struct {
	Encryption
	random       io.Reader
	keySize      int                                     // bytes, if not those of Data
	digestMethod string                                  // the identifier, if not that of Digest
	layout       func(base64 string) string              // of CipherValue
	pad          func(b []byte, random io.Reader) []byte // to whole blocks of CBC
}

func (e encryption) withDefaults() encryption {
	if e.Data == "" {
		e.Data = AES256GCM
	}
	if e.Transport == "" {
		e.Transport = RSAOAEP
	}
	if e.Digest == 0 {
		e.Digest = crypto.SHA1
	}
	if e.MGF == 0 {
		e.MGF = crypto.SHA1
	}
	if e.keySize == 0 {
		sizes := map[string]int{AES128CBC: 16, AES192CBC: 24, AES256CBC: 32, AES128GCM: 16, AES192GCM: 24, AES256GCM: 32}
		e.keySize = sizes[e.Data]
	}
	if e.digestMethod == "" {
		e.digestMethod = digestMethods[e.Digest]
	}
	if e.layout == nil {
		e.layout = func(s string) string { return s }
	}
	if e.pad == nil {
		e.pad = padded
	}
	return e
}

// of returns an EncryptedAssertion.
func (e encryption) of(assertion string) string {
	e = e.withDefaults()
	key := read(e.random, e.keySize)
	method := ""
	if e.Transport != RSA15 {
		method = `<ds:DigestMethod` + attribute("Algorithm", e.digestMethod) + "/>"
	}
	if e.Transport == RSAOAEP11 && e.MGF != crypto.SHA1 {
		method += `<xenc11:MGF xmlns:xenc11="` + nsEncryption11 + `"` + attribute("Algorithm", maskMethods[e.MGF]) + "/>"
	}
	return `<saml:EncryptedAssertion xmlns:saml="` + nsAssertion + `"><xenc:EncryptedData xmlns:xenc="` + nsEncryption +
		`" xmlns:ds="` + nsSignature + `" Type="` + nsEncryption + `Element"><xenc:EncryptionMethod` +
		attribute("Algorithm", e.Data) + "/><ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod" +
		attribute("Algorithm", e.Transport) + ">" + method + "</xenc:EncryptionMethod>" + x509Data(e.Certificate) +
		e.cipherData(e.wrap(key)) + "</xenc:EncryptedKey></ds:KeyInfo>" + e.cipherData(e.encrypt(key, []byte(assertion))) +
		"</xenc:EncryptedData></saml:EncryptedAssertion>"
}

func (e encryption) cipherData(b []byte) string {
	return "<xenc:CipherData><xenc:CipherValue>" + e.layout(base64.StdEncoding.EncodeToString(b)) +
		"</xenc:CipherValue></xenc:CipherData>"
}

// encrypt encrypts with AES (XML Encryption §5.2).
func (e encryption) encrypt(key, plaintext []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(fmt.Sprintf("samltest: encrypting with %s: %v", e.Data, err))
	}
	if !strings.HasSuffix(e.Data, "-cbc") {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			panic(err) // AES has the block size of GCM
		}
		nonce := read(e.random, gcm.NonceSize())
		return gcm.Seal(nonce, nonce, plaintext, nil)
	}
	iv := read(e.random, aes.BlockSize)
	out := e.pad(plaintext, e.random)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return append(iv, out...)
}

// padded returns a plaintext with the padding of XML Encryption §5.2: any bytes, then their number.
func padded(plaintext []byte, _ io.Reader) []byte {
	n := aes.BlockSize - len(plaintext)%aes.BlockSize
	out := append([]byte(nil), plaintext...)
	out = append(out, make([]byte, n)...)
	out[len(out)-1] = byte(n)
	return out
}

// wrap encrypts the key of the data. It is written out because an identity provider may take other
// hashes than a library likes, and to be the same each time.
func (e encryption) wrap(key []byte) []byte {
	public, ok := e.Certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		panic("samltest: encrypting for a key that is not RSA")
	}
	var message []byte
	if e.Transport == RSA15 {
		message = e.pkcs1(key, public.Size())
	} else {
		message = e.oaep(key, public.Size())
	}
	c := new(big.Int).Exp(new(big.Int).SetBytes(message), big.NewInt(int64(public.E)), public.N)
	return c.FillBytes(make([]byte, public.Size()))
}

// pkcs1 encodes a message as RFC 8017 §7.2.1 has it: 0, 2, bytes other than 0, 0, the message.
func (e encryption) pkcs1(message []byte, size int) []byte {
	out := read(e.random, size)
	for i := range out {
		if out[i] == 0 {
			out[i] = 1
		}
	}
	out[0], out[1], out[size-len(message)-1] = 0, 2, 0
	copy(out[size-len(message):], message)
	return out
}

// oaep encodes a message as RFC 8017 §7.1.1 has it.
func (e encryption) oaep(message []byte, size int) []byte {
	n := e.Digest.Size()
	out := make([]byte, size)
	seed, block := out[1:1+n], out[1+n:]
	copy(seed, read(e.random, n))
	copy(block, e.Digest.New().Sum(nil)) // of the empty label
	block[len(block)-len(message)-1] = 1
	copy(block[len(block)-len(message):], message)
	mask(block, seed, e.MGF)
	mask(seed, block, e.MGF)
	return out
}

// mask adds the mask that MGF1 makes of a seed.
func mask(b, seed []byte, hash crypto.Hash) {
	for counter := uint32(0); len(b) > 0; counter++ {
		h := hash.New()
		h.Write(seed)
		h.Write(binary.BigEndian.AppendUint32(nil, counter))
		for _, x := range h.Sum(nil)[:min(len(b), h.Size())] {
			b[0] ^= x
			b = b[1:]
		}
	}
}

var maskMethods = map[crypto.Hash]string{
	crypto.SHA1:   nsEncryption11 + "mgf1sha1",
	crypto.SHA256: nsEncryption11 + "mgf1sha256",
	crypto.SHA384: nsEncryption11 + "mgf1sha384",
	crypto.SHA512: nsEncryption11 + "mgf1sha512",
}

// read reads n bytes.
func read(r io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		panic(fmt.Sprintf("samltest: reading random bytes: %v", err))
	}
	return b
}
