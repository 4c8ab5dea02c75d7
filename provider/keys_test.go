package provider_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
)

func newRing(t *testing.T) provider.KeyRing {
	t.Helper()
	k, err := provider.NewKeyRing("test", providertest.Began)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestKeyRing: what cannot be used is said, and what is written can be read.
func TestKeyRing(t *testing.T) {
	t.Parallel()
	a, b := newRing(t), newRing(t)
	for what, k := range map[string]provider.KeyRing{
		"none":                     {},
		"a short seal":             {Seal: [][]byte{make([]byte, 31)}},
		"no signer":                {Seal: a.Seal, Sign: []provider.SigningKey{{Certificate: a.Sign[0].Certificate}}},
		"the certificate of b":     {Seal: a.Seal, Sign: []provider.SigningKey{{Signer: a.Sign[0].Signer, Certificate: b.Sign[0].Certificate}}},
		"no certificate":           {Seal: a.Seal, Sign: []provider.SigningKey{{Signer: a.Sign[0].Signer}}},
		"a decryption key of b":    {Seal: a.Seal, Decrypt: []provider.DecryptionKey{{Decrypter: a.Decrypt[0].Decrypter, Certificate: b.Decrypt[0].Certificate}}},
		"no decrypter":             {Seal: a.Seal, Decrypt: []provider.DecryptionKey{{Certificate: b.Decrypt[0].Certificate}}},
		"a certificate of nothing": {Seal: a.Seal, Sign: []provider.SigningKey{{Signer: a.Sign[0].Signer, Certificate: []byte("x")}}},
	} {
		if _, err := provider.NewStaticKeys(k); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := new(provider.StaticKeys).Keys(t.Context(), providertest.Tenant); err == nil {
		t.Error("keys that were never set are no error")
	}
	both := a.Announce(b).Rotate(b)
	both.Decrypt[1].Certificate = nil
	text, err := both.ExportSecret()
	if err != nil {
		t.Fatal(err)
	}
	again, err := provider.ImportKeyRing(text)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := again.ExportSecret(); err != nil || !bytes.Equal(second, text) || len(again.Sign) != 2 || len(again.Decrypt) != 2 || len(again.Seal) != 2 {
		t.Errorf("a ring that was written and read is another one: %v", err)
	}
	for _, bad := range []string{"", "{", "{}", `{"seal":["!"]}`, `{"seal":["AAAA"]}`, strings.Replace(string(text), `"key": "MII`, `"key": "XXX`, 1)} {
		if _, err := provider.ImportKeyRing([]byte(bad)); err == nil || len(bad) > 9 && strings.Contains(err.Error(), bad[4:9]) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

// TestKeysDoNotPrint: neither fmt nor slog shows a key.
func TestKeysDoNotPrint(t *testing.T) {
	t.Parallel()
	k := newRing(t)
	k.Seal[0] = []byte(strings.Repeat("SECRET-SEAL-", 4))
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("keys", "ring", k, "in", struct{ K provider.KeyRing }{k})
	logger = slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("keys", "ring", k)
	for what, text := range map[string]string{
		"%v": fmt.Sprintf("%v %v", k, &k), "%+v": fmt.Sprintf("%+v", struct{ K provider.KeyRing }{k}), "%#v": fmt.Sprintf("%#v", k), "%x": fmt.Sprintf("%x", k), "%s": fmt.Sprintf("%s", k), "slog": log.String(),
	} {
		if strings.Contains(text, "SECRET") || strings.Contains(text, "534543524554") || len(text) > 400 {
			t.Errorf("%s: %.200s", what, text)
		}
	}
}
