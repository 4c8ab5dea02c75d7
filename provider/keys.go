package provider

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Sizes of new keys.
const (
	newKeyBits  = 2048
	newSealSize = 32
)

// keyYears is how long the certificates of new keys are good: some identity providers look at the dates.
const keyYears = 10

// NewKeyRing makes a key of each use. name is in the certificates.
func NewKeyRing(name string, now time.Time) (KeyRing, error) {
	var k KeyRing
	sign, err := rsa.GenerateKey(rand.Reader, newKeyBits)
	if err != nil {
		return k, err
	}
	decrypt, err := rsa.GenerateKey(rand.Reader, newKeyBits)
	if err != nil {
		return k, err
	}
	begin, end := now.Add(-time.Hour), now.AddDate(keyYears, 0, 0)
	signed, err := saml.NewCertificate(sign, name, begin, end)
	if err != nil {
		return k, err
	}
	encrypted, err := saml.NewCertificate(decrypt, name, begin, end)
	if err != nil {
		return k, err
	}
	seal := make([]byte, newSealSize)
	rand.Read(seal)
	return KeyRing{[]SigningKey{{sign, signed}}, []DecryptionKey{{decrypt, encrypted}}, [][]byte{seal}}, nil
}

// Check says what of a key ring cannot be used.
func (k KeyRing) Check() error {
	if len(k.Seal) == 0 {
		return errors.New("provider: a key ring needs a seal")
	}
	for i, seal := range k.Seal {
		if len(seal) < newSealSize {
			return fmt.Errorf("provider: seal %d has %d bytes: it needs %d at least, from a random source", i, len(seal), newSealSize)
		}
	}
	for i, key := range k.Sign {
		if key.Signer == nil || !certifies(key.Certificate, key.Signer.Public()) {
			return fmt.Errorf("provider: signing key %d and its certificate do not belong together", i)
		}
	}
	for i, key := range k.Decrypt {
		if key.Decrypter == nil || key.Certificate != nil && !certifies(key.Certificate, key.Decrypter.Public()) {
			return fmt.Errorf("provider: decryption key %d and its certificate do not belong together", i)
		}
	}
	return nil
}

// certifies reports whether a certificate is that of a key.
func certifies(der []byte, key crypto.PublicKey) bool {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return false
	}
	same, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && same.Equal(key)
}

// Announce returns the ring with the signing key of next published behind those that sign now: give
// identity providers time to read the metadata before [KeyRing.Rotate].
func (k KeyRing) Announce(next KeyRing) KeyRing {
	k.Sign = append(slices.Clone(k.Sign), next.Sign...)
	return k
}

// Rotate returns the ring with the keys of next in the first place of each use. Those before them stay,
// so that nothing which is under way fails: they still open and decrypt, and their certificates are
// published. [KeyRing.Retire] ends that.
func (k KeyRing) Rotate(next KeyRing) KeyRing {
	sign := slices.Clone(next.Sign)
	for _, old := range k.Sign {
		if !slices.ContainsFunc(sign, func(s SigningKey) bool { return bytes.Equal(s.Certificate, old.Certificate) }) {
			sign = append(sign, old)
		}
	}
	return KeyRing{sign, append(slices.Clone(next.Decrypt), k.Decrypt...), append(slices.Clone(next.Seal), k.Seal...)}
}

// Retire returns the ring with the first key of each use alone.
func (k KeyRing) Retire() KeyRing {
	return KeyRing{k.Sign[:min(1, len(k.Sign))], k.Decrypt[:min(1, len(k.Decrypt))], k.Seal[:min(1, len(k.Seal))]}
}

// Format prints nothing of the keys.
func (k KeyRing) Format(w fmt.State, _ rune) { io.WriteString(w, "[keys]") }

// LogValue is Format.
func (k KeyRing) LogValue() slog.Value { return slog.StringValue("[keys]") }

// keyFile is how a ring is written: texts are base64.
type keyFile struct {
	Sign    []keyEntry `json:"sign,omitempty"`
	Decrypt []keyEntry `json:"decrypt,omitempty"`
	Seal    []string   `json:"seal"`
}

type keyEntry struct {
	Key         string `json:"key"` // PKCS #8
	Certificate string `json:"certificate,omitempty"`
}

// ExportSecret returns the ring as JSON, for a host that keeps it in a file that nobody else reads. Keys
// that cannot leave where they are, as in a hardware module, are an error.
func (k KeyRing) ExportSecret() ([]byte, error) {
	var f keyFile
	add := func(list *[]keyEntry, key any, certificate []byte) error {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err == nil {
			*list = append(*list, keyEntry{base64.StdEncoding.EncodeToString(der), base64.StdEncoding.EncodeToString(certificate)})
		}
		return err
	}
	for _, key := range k.Sign {
		if err := add(&f.Sign, key.Signer, key.Certificate); err != nil {
			return nil, fmt.Errorf("provider: export a signing key: %w", err)
		}
	}
	for _, key := range k.Decrypt {
		if err := add(&f.Decrypt, key.Decrypter, key.Certificate); err != nil {
			return nil, fmt.Errorf("provider: export a decryption key: %w", err)
		}
	}
	for _, seal := range k.Seal {
		f.Seal = append(f.Seal, base64.StdEncoding.EncodeToString(seal))
	}
	return json.MarshalIndent(f, "", "\t")
}

// ImportKeyRing reads what [KeyRing.ExportSecret] has written. Its errors say nothing of what is in it.
func ImportKeyRing(text []byte) (KeyRing, error) {
	var f keyFile
	if err := json.Unmarshal(text, &f); err != nil {
		return KeyRing{}, errors.New("provider: this is not a key ring")
	}
	var k KeyRing
	for i, e := range f.Sign {
		key, certificate, err := e.read()
		signer, ok := key.(crypto.Signer)
		if err != nil || !ok {
			return KeyRing{}, fmt.Errorf("provider: signing key %d of the ring cannot be read", i)
		}
		k.Sign = append(k.Sign, SigningKey{signer, certificate})
	}
	for i, e := range f.Decrypt {
		key, certificate, err := e.read()
		decrypter, ok := key.(crypto.Decrypter)
		if err != nil || !ok {
			return KeyRing{}, fmt.Errorf("provider: decryption key %d of the ring cannot be read", i)
		}
		k.Decrypt = append(k.Decrypt, DecryptionKey{decrypter, certificate})
	}
	for i, text := range f.Seal {
		seal, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return KeyRing{}, fmt.Errorf("provider: seal %d of the ring cannot be read", i)
		}
		k.Seal = append(k.Seal, seal)
	}
	return k, k.Check()
}

func (e keyEntry) read() (key any, certificate []byte, err error) {
	der, err := base64.StdEncoding.DecodeString(e.Key)
	if err != nil {
		return nil, nil, err
	}
	if key, err = x509.ParsePKCS8PrivateKey(der); err != nil {
		return nil, nil, err
	}
	if e.Certificate == "" {
		return key, nil, nil
	}
	certificate, err = base64.StdEncoding.DecodeString(e.Certificate)
	return key, certificate, err
}

// Keys makes a ring that is never exchanged the [Keys] of every tenant.
func (k KeyRing) Keys(context.Context, scim.TenantID) (KeyRing, error) { return k, k.Check() }

// StaticKeys are the same [Keys] for every tenant, and can be exchanged while they are in use.
type StaticKeys struct{ ring atomic.Pointer[KeyRing] }

// NewStaticKeys returns the keys of a ring, if they can be used.
func NewStaticKeys(k KeyRing) (*StaticKeys, error) {
	s := new(StaticKeys)
	return s, s.Set(k)
}

// Set exchanges the keys: [KeyRing.Rotate] makes a ring with which nothing under way fails.
func (s *StaticKeys) Set(k KeyRing) error {
	if err := k.Check(); err != nil {
		return err
	}
	s.ring.Store(&k)
	return nil
}

// Keys implements [Keys].
func (s *StaticKeys) Keys(context.Context, scim.TenantID) (KeyRing, error) {
	ring := s.ring.Load()
	if ring == nil {
		return KeyRing{}, errors.New("provider: there are no keys")
	}
	return *ring, nil
}

var _ Keys = (*StaticKeys)(nil)
