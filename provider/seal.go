package provider

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
)

// A sealUse names what a key derived from one of [KeyRing.Seal] is for: what is sealed for one use does
// not open for another.
type sealUse string

const (
	sealLogout sealUse = "gatehouse provider logout, AES-256-GCM"
	sealCode   sealUse = "gatehouse provider code, AES-256-GCM"
)

// errSealed is returned for a text that is none of ours.
var errSealed = errors.New("provider: this was not sealed here, or with a key that is gone")

// seal returns v as a text that whoever carries it can neither read nor change.
func (k KeyRing) seal(use sealUse, v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	aead, err := use.cipher(k.Seal[0])
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nil, nil, text, nil)), nil
}

// open reads what was sealed for the same use into v.
func (k KeyRing) open(use sealUse, sealed string, v any) error {
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return errSealed
	}
	for _, secret := range k.Seal {
		aead, err := use.cipher(secret)
		if err != nil {
			return err
		}
		if text, err := aead.Open(nil, nil, data, nil); err == nil {
			return json.Unmarshal(text, v)
		}
	}
	return errSealed
}

// cipher returns the cipher for a use of a secret.
func (use sealUse) cipher(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, string(use), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
