package saml

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"strings"
)

// A blockCipher is an algorithm for content (XML Encryption §5.2). Its key has one size and no other.
type blockCipher struct {
	keySize int // bytes
	gcm     bool
}

var blockCiphers = map[string]blockCipher{
	nsEncrypt + "aes128-cbc":   {16, false},
	nsEncrypt + "aes192-cbc":   {24, false},
	nsEncrypt + "aes256-cbc":   {32, false},
	nsEncrypt11 + "aes128-gcm": {16, true},
	nsEncrypt11 + "aes192-gcm": {24, true},
	nsEncrypt11 + "aes256-gcm": {32, true},
}

// wantedCiphers names the setting that an administrator has to change.
const wantedCiphers = "assertions encrypted with AES-GCM or AES-CBC (set the assertion encryption algorithm of the identity provider to AES-256-GCM, or to AES-256-CBC)"

// readCipher returns the algorithm of an EncryptedData.
func readCipher(data *node) (blockCipher, error) {
	method := data.child(nsEncrypt, "EncryptionMethod")
	if method == nil {
		return blockCipher{}, decryptError(DecryptionAlgorithm, wantedCiphers, "no EncryptionMethod")
	}
	name, _ := method.attr("Algorithm")
	c, ok := blockCiphers[name]
	if !ok {
		return c, decryptError(DecryptionAlgorithm, wantedCiphers, calledAlgorithm(name))
	}
	if size := method.child(nsEncrypt, "KeySize"); size != nil {
		text, _ := size.text()
		if text = strings.Trim(text, xmlSpace); text != fmt.Sprint(8*c.keySize) {
			return c, decryptError(DecryptionAlgorithm, fmt.Sprintf("a KeySize of %d for %s", 8*c.keySize, name), text)
		}
	}
	return c, nil
}

// calledAlgorithm names an algorithm as administrators know it.
func calledAlgorithm(name string) string {
	switch name {
	case nsEncrypt + "tripledes-cbc":
		return "Triple DES (" + name + ")"
	case nsEncrypt + "rsa-1_5":
		return "RSA 1.5 (" + name + ")"
	case "":
		return "no Algorithm"
	}
	return name
}

// open decrypts content. It is ok if there can be a plaintext: its length is one, and the tag of GCM
// is right. session has the size of the key.
func (c blockCipher) open(session, ciphertext []byte) (plaintext []byte, ok bool) {
	block, err := aes.NewCipher(session)
	if err != nil {
		return nil, false // not with a size of blockCiphers
	}
	if c.gcm {
		return openGCM(block, ciphertext)
	}
	return openCBC(block, ciphertext)
}

// openGCM decrypts: a nonce of 96 bits, the content, a tag of 128 bits (§5.2.4).
func openGCM(block cipher.Block, ciphertext []byte) ([]byte, bool) {
	aead, err := cipher.NewGCM(block)
	if err != nil || len(ciphertext) < aead.NonceSize() {
		return nil, false
	}
	n := aead.NonceSize()
	plaintext, err := aead.Open(nil, ciphertext[:n], ciphertext[n:], nil)
	return plaintext, err == nil
}

// openCBC decrypts: an initialisation vector, and blocks of which the last is padded (§5.2.1).
func openCBC(block cipher.Block, ciphertext []byte) ([]byte, bool) {
	n := len(ciphertext) - aes.BlockSize
	if n < aes.BlockSize || n%aes.BlockSize != 0 {
		return nil, false
	}
	plaintext := make([]byte, n)
	cipher.NewCBCDecrypter(block, ciphertext[:aes.BlockSize]).CryptBlocks(plaintext, ciphertext[aes.BlockSize:])
	return unpad(plaintext), true
}

// unpad removes the padding: its last byte says how many bytes it has, and the others may be
// anything. Where that byte says what cannot be, or zero, nothing is removed and the text ends in a
// NUL, which is in no XML document: so wrong padding fails where garbage fails, in the parser, which
// reads just as far.
func unpad(plaintext []byte) []byte {
	last := len(plaintext) - 1
	n := int(plaintext[last])
	good := subtle.ConstantTimeLessOrEq(n, aes.BlockSize)
	plaintext[last] = 0 // is removed with the padding, if that is good
	return plaintext[:len(plaintext)-subtle.ConstantTimeSelect(good, n, 0)]
}
