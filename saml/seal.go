package saml

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// minSeal is the length of a key of Config.Seal at least, in bytes: a key of AES-256 comes of it.
const minSeal = 32

// maxSeals bounds the keys of Config.Seal: each is tried on what does not open with those before it.
const maxSeals = 8

// maxSealed bounds what is sealed, in bytes: browsers keep cookies of 4096, with their name and
// attributes.
const maxSealed = 3800

// sealsPending names what a key derived from one of Config.Seal is for.
const sealsPending = "gatehouse saml pending request, AES-256-GCM"

// seals make and open what a browser keeps for us and should neither read nor change.
type seals struct {
	keys []cipher.AEAD // the first one seals
	who  []byte        // the additional data of all
}

// sealedFor returns the additional data: what is sealed for one pair of providers does not open for
// another, though they share the keys.
func sealedFor(entityID, idp string) []byte { return appendParts(nil, entityID, idp) }

// newSeals derives the keys for one use.
func newSeals(secrets [][]byte, who []byte) (seals, error) {
	s := seals{who: who}
	if len(secrets) == 0 || len(secrets) > maxSeals {
		return s, misconfigured("Seal", fmt.Sprintf("1 to %d keys", maxSeals), fmt.Sprint(len(secrets)))
	}
	for i, secret := range secrets {
		field := fmt.Sprintf("Seal[%d]", i)
		if len(secret) < minSeal {
			return s, misconfigured(field, fmt.Sprintf("at least %d bytes, from a random source", minSeal), fmt.Sprintf("%d bytes", len(secret)))
		}
		aead, err := deriveAEAD(secret, sealsPending)
		if err != nil {
			return s, misconfigured(field, "a key", err.Error())
		}
		s.keys = append(s.keys, aead)
	}
	return s, nil
}

// deriveAEAD returns the cipher for one use of a secret.
func deriveAEAD(secret []byte, use string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, use, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal returns a text that a cookie can hold; ok is false if it would be too long for one.
func (s *seals) seal(text []byte) (sealed string, ok bool) {
	sealed = encodeSealed(s.keys[0].Seal(nil, nil, text, s.who))
	return sealed, len(sealed) <= maxSealed
}

// open returns what was sealed. Each has one spelling.
func (s *seals) open(sealed string) (text []byte, ok bool) {
	if len(sealed) > maxSealed {
		return nil, false
	}
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || encodeSealed(data) != sealed {
		return nil, false
	}
	for _, key := range s.keys {
		if text, err := key.Open(nil, nil, data, s.who); err == nil {
			return text, true
		}
	}
	return nil, false
}

func encodeSealed(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
