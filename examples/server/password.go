package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What a password costs: the first of the settings that OWASP names for argon2id, about 25 ms and 19 MiB.
const (
	hashMemory = 19 << 10 // KiB
	hashPasses = 2
	hashLength = 32
	saltLength = 16
	// maxHashing bounds the memory that strangers can have us use at once.
	maxHashing = 4
)

var hashPrefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$", argon2.Version, hashMemory, hashPasses)

// A hasher hashes passwords, a few at once.
type hasher struct{ free chan struct{} }

func newHasher() *hasher { return &hasher{make(chan struct{}, maxHashing)} }

// hash returns what is kept of a password, in the form that libraries of argon2 agree on.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	key, err := h.key(ctx, password, salt)
	if err != nil {
		return "", err
	}
	return hashPrefix + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key), nil
}

// matches reports whether a password has a hash. None has the hash "", which takes as long.
func (h *hasher) matches(ctx context.Context, hash, password string) (bool, error) {
	salt, want := make([]byte, saltLength), make([]byte, hashLength)
	known := hash != ""
	if known {
		rest, ok := strings.CutPrefix(hash, hashPrefix)
		first, second, both := strings.Cut(rest, "$")
		var err1, err2 error
		salt, err1 = base64.RawStdEncoding.DecodeString(first)
		want, err2 = base64.RawStdEncoding.DecodeString(second)
		if !ok || !both || err1 != nil || err2 != nil || len(want) != hashLength {
			return false, fmt.Errorf("a stored password is in no form that this release reads")
		}
	}
	got, err := h.key(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (h *hasher) key(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case h.free <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.free }()
	return argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, 1, hashLength), nil
}
