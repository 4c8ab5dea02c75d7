package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"

	"github.com/seed-30109bde/gatehouse/provider"
)

// derive makes a key for one use of a seal.
func derive(seal []byte, use string) []byte {
	key, err := hkdf.Key(sha256.New, seal, nil, use+" of the reference server", 32)
	if err != nil {
		panic(err) // the length is fixed
	}
	return key
}

// A sealer keeps secrets in the database that whoever has a copy of it alone cannot read: the first key
// seals, all open.
type sealer []cipher.AEAD

// newSealer makes the keys of one use of the seals of a ring.
func newSealer(ring provider.KeyRing, use string) (s sealer) {
	for _, seal := range ring.Seal {
		block, err := aes.NewCipher(derive(seal, use))
		if err != nil {
			panic(err) // the length is fixed
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			panic(err)
		}
		s = append(s, aead)
	}
	return s
}

// seal seals a text that is about somebody: it cannot be opened as that of another.
func (s sealer) seal(text, about string) string {
	return base64.RawURLEncoding.EncodeToString(s[0].Seal(nil, nil, []byte(text), []byte(about)))
}

func (s sealer) open(sealed, about string) (string, error) {
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", errUnsealed
	}
	for _, key := range s {
		if text, err := key.Open(nil, nil, data, []byte(about)); err == nil {
			return string(text), nil
		}
	}
	return "", errUnsealed
}

var errUnsealed = errors.New("what was sealed cannot be opened with the keys of this database")

// digest is what is kept of a random token.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
