package saml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"
)

// FuzzDecrypt encrypts anything in any way, changes one byte of what is sent or none, and decrypts.
// What was not changed is what was encrypted; what was changed under GCM or OAEP is not believed; and
// there is one error.
func FuzzDecrypt(f *testing.F) {
	f.Add(secret, uint8(5), uint8(0), uint16(0), byte(0))
	f.Add(secret, uint8(0), uint8(19), uint16(3), byte(1))
	f.Add([]byte{}, uint8(2), uint8(5), uint16(300), byte(0x80))
	f.Fuzz(func(t *testing.T, plaintext []byte, cipher, transport uint8, index uint16, mask byte) {
		e := testTransports[int(transport)%len(testTransports)].e
		e.cipher = testCiphers[int(cipher)%len(testCiphers)]
		enc := e.sealed(t, plaintext)
		changed, inKey := tamper(enc, int(index), mask)
		got, err := decryptElement(enc, testKeys(0), decryptOptions{allowRSA15: true, read: readAny})
		var refused *Error
		switch {
		case err != nil && (!errors.As(err, &refused) || refused.Code != DecryptionFailed || err.Error() != errDecryption().Error()):
			t.Fatalf("got error %v, want %s", err, DecryptionFailed)
		case !changed && len(plaintext) > 0 && plaintext[len(plaintext)-1] == 0:
			// readAny refuses it
		case !changed && (err != nil || !bytes.Equal(got, plaintext)):
			t.Fatalf("got %q, %v; want %q", got, err, plaintext)
		case changed && err == nil && bytes.HasSuffix([]byte(e.cipher), []byte("-gcm")):
			t.Fatalf("changed under GCM, and got %q", got)
		case changed && err == nil && inKey && e.transport != rsa15 && len(plaintext) >= telling && bytes.Equal(got, plaintext):
			t.Fatal("the wrapped key was changed, and nobody noticed")
		}
	})
}

// telling is how long a plaintext is that no other key makes by chance. Under CBC one key in 256 makes
// nothing at all of anything.
const telling = 8

// tamper changes a byte of what is sent, of the key or of the content behind it, if there are so many.
func tamper(enc *node, index int, mask byte) (changed, inKey bool) {
	content := at(enc, "EncryptedData", "CipherData", "CipherValue")
	key := at(enc, append(keyPath, "CipherData", "CipherValue")...)
	for _, n := range []*node{key, content} {
		text, _ := n.text()
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			panic(err)
		}
		if index < len(b) {
			b[index] ^= mask
			n.items = []item{{text: base64.StdEncoding.EncodeToString(b)}}
			return mask != 0, n == key
		}
		index -= len(b)
	}
	return false, false
}
