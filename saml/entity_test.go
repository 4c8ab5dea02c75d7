package saml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"
)

// noon is when the tests of messages take place.
var noon = time.Date(2026, time.January, 15, 12, 0, 0, 0, time.UTC)

// certificateFor returns a certificate that is in force at noon.
func certificateFor(key crypto.Signer, name string) []byte {
	der, err := NewCertificate(key, name, noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0))
	if err != nil {
		panic(err)
	}
	return der
}

// testCertificate is of the key of the identity provider in tests, rsaTestKeys()[0]. That of the
// service provider is rsaTestKeys()[1].
var testCertificate = sync.OnceValue(func() []byte { return certificateFor(rsaTestKeys()[0], "identity provider") })

// ecdsaTestKeys are one of each curve.
var ecdsaTestKeys = sync.OnceValue(func() (keys []*ecdsa.PrivateKey) {
	for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			panic(err)
		}
		keys = append(keys, k)
	}
	return keys
})

// weakCertificate returns a certificate of a key that is not used.
func weakCertificate(t testing.TB, kind string) []byte {
	t.Helper()
	var public crypto.PublicKey
	switch kind {
	case "rsa":
		n := new(big.Int).Lsh(big.NewInt(1), 1023)
		public = &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}
	case "p224":
		k, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		public = &k.PublicKey
	case "ed25519":
		public = ed25519.PublicKey(make([]byte, ed25519.PublicKeySize))
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: kind}, NotBefore: noon, NotAfter: noon}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, rsaTestKeys()[2])
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// manyKeys returns so many certificates as KeyDescriptors.
func manyKeys(t testing.TB, n int) (out string) {
	t.Helper()
	for i := range n {
		der, err := NewCertificate(rsaTestKeys()[0], "one", noon, noon.Add(time.Duration(i+1)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		out += keyXML(der)
	}
	return out
}

// idpEndpoints are those of the identity provider in tests.
const idpEndpoints = `<SingleLogoutService Binding="` + bindingRedirect + `" Location="https://idp.example.com/slo" ResponseLocation="https://idp.example.com/slo/answers?a=b&amp;c"/>` +
	`<SingleLogoutService Binding="` + bindingPOST + `" Location="https://idp.example.com/slo/post"/>` +
	`<SingleSignOnService Binding="` + bindingRedirect + `" Location="https://idp.example.com/sso?tenant=a&amp;b=%20c"/>` +
	`<SingleSignOnService Binding="` + bindingPOST + `" Location="https://idp.example.com/sso/post"/>`

// hostConfig returns a configuration with all that is optional.
func hostConfig(t testing.TB) Config {
	t.Helper()
	key := rsaTestKeys()[1]
	return Config{
		EntityID:            "https://app.example.com/saml?a=1&b=2",
		IdP:                 mustMetadata(t, []byte(idpMetadata(entityID, "", keyXML(testCertificate())+idpEndpoints)), ""),
		ACS:                 []string{"https://app.example.com/saml/acs", "https://app.example.com/saml/acs?x=1&y=2"},
		SLO:                 "https://app.example.com/saml/slo",
		Replays:             NewMemoryReplays(0, func() time.Time { return noon }),
		Now:                 func() time.Time { return noon },
		Sign:                key,
		SignCertificate:     certificateFor(key, "app"),
		Decrypt:             []crypto.Decrypter{key},
		DecryptCertificates: [][]byte{certificateFor(key, "app")},
		Seal:                [][]byte{bytes.Repeat([]byte{1}, minSeal)},
	}
}

// newProvider returns the service provider of hostConfig with changes.
func newProvider(t testing.TB, changes ...func(*Config)) *ServiceProvider {
	t.Helper()
	c := hostConfig(t)
	for _, change := range changes {
		change(&c)
	}
	sp, err := New(c)
	if err != nil {
		t.Fatal(err, explain(err))
	}
	return sp
}

// signingWith makes a key the one that signs.
func signingWith(key crypto.Signer) func(*Config) {
	return func(c *Config) { c.Sign, c.SignCertificate = key, certificateFor(key, "app") }
}

func without(c *Config) { c.Sign, c.SignCertificate, c.SLO = nil, nil, "" }

func TestNewNamesWhatIsWrong(t *testing.T) {
	long := strings.Repeat("a", 2048)
	for want, change := range map[string]func(*Config){
		"Config.EntityID: 1 to 1024 bytes":        func(c *Config) { c.EntityID = "" },
		"Config.EntityID: 1 to 1024 bytes of":     func(c *Config) { c.EntityID = "a\x00" },
		"Config.EntityID":                         func(c *Config) { c.EntityID = long },
		"Config.IdP: metadata that was read":      func(c *Config) { c.IdP = &Metadata{} },
		"Config.IdP":                              func(c *Config) { c.IdP = nil },
		"Config.Replays: a cache":                 func(c *Config) { c.Replays = nil },
		"Config.Now: a clock":                     func(c *Config) { c.Now = nil },
		"Config.ACS: 1 to 32 URLs":                func(c *Config) { c.ACS = nil },
		"Config.ACS: 1 to 32":                     func(c *Config) { c.ACS = make([]string, 33) },
		"Config.ACS[1]: an endpoint with https":   func(c *Config) { c.ACS = []string{c.ACS[0], "http://app.example.com/"} },
		"Config.ACS[1]: each URL once":            func(c *Config) { c.ACS = []string{c.ACS[0], c.ACS[0]} },
		"Config.SLO: an endpoint that is":         func(c *Config) { c.SLO = "/slo" },
		"Config.SLO: none without Config.Sign":    func(c *Config) { c.Sign, c.SignCertificate = nil, nil },
		"Config.Policy":                           func(c *Config) { c.Policy = SignedBoth + 1 },
		"Config.Skew: 0 to 10m0s":                 func(c *Config) { c.Skew = -1 },
		"Config.Skew":                             func(c *Config) { c.Skew = time.Hour },
		"Config.MaxResponse: 0 to 2097152":        func(c *Config) { c.MaxResponse = 3 << 20 },
		"Config.MaxAuthnAge":                      func(c *Config) { c.MaxAuthnAge = -1 },
		"Config.NameIDFormat":                     func(c *Config) { c.NameIDFormat = "\x01" },
		"Config.AuthnContexts":                    func(c *Config) { c.AuthnContexts = []string{""} },
		"Config.Sign: RSA of at least":            func(c *Config) { c.Sign = ed25519.NewKeyFromSeed(make([]byte, 32)) },
		"Config.SignCertificate: the certificate": func(c *Config) { c.SignCertificate = testCertificate() },
		"Config.SignCertificate: an X.509":        func(c *Config) { c.SignCertificate = []byte("a") },
		"NewCertificate makes one":                func(c *Config) { c.SignCertificate = nil },
		"Config.SignCertificate: none without":    func(c *Config) { c.SLO, c.Sign = "", nil },
		"Config.NextSignCertificates: an X.509":   func(c *Config) { c.NextSignCertificates = [][]byte{[]byte("a")} },
		"Config.NextSignCertificates: at most 8":  func(c *Config) { c.NextSignCertificates = make([][]byte, 9) },
		"Config.Decrypt[0]: a key":                func(c *Config) { c.Decrypt = []crypto.Decrypter{nil} },
		"Config.DecryptCertificates: none":        func(c *Config) { c.Decrypt = nil },
		"Config.DecryptCertificates: the":         func(c *Config) { c.DecryptCertificates = [][]byte{testCertificate()} },
		"Config.Seal: 1 to 8 keys":                func(c *Config) { c.Seal = nil },
		"Config.Seal: 1 to 8":                     func(c *Config) { c.Seal = make([][]byte, 9) },
		"Config.Seal[1]: at least 32 bytes":       func(c *Config) { c.Seal = append(c.Seal, make([]byte, 31)) },
	} {
		c := hostConfig(t)
		change(&c)
		_, err := New(c)
		wantCode(t, err, ConfigInvalid, want)
	}
}

func TestNewWithoutWhatIsOptional(t *testing.T) {
	sp := newProvider(t, without, func(c *Config) { c.Decrypt, c.DecryptCertificates = nil, nil })
	if sp.config.Skew != time.Minute || sp.config.MaxResponse != 256<<10 || sp.config.NameIDFormat != EmailFormat {
		t.Errorf("%+v", sp.config)
	}
}

// Keys of the replay cache differ if anything does that they are made of.
func TestReplayKeys(t *testing.T) {
	seen := make(map[string]string)
	for name, key := range map[string]string{
		"one":          newProvider(t).replayKey("a", "bc"),
		"kind":         newProvider(t).replayKey("ab", "c"),
		"ID":           newProvider(t).replayKey("a", "bd"),
		"entity":       newProvider(t, func(c *Config) { c.EntityID += "x" }).replayKey("a", "bc"),
		"other issuer": newProvider(t, func(c *Config) { c.IdP = mustMetadata(t, metadataFile(t, "okta.xml"), "") }).replayKey("a", "bc"),
	} {
		if other, ok := seen[key]; ok || len(key) != 64 {
			t.Errorf("%s has the key of %s", name, other)
		}
		seen[key] = name
	}
	first, second := newProvider(t).replayKey("a", "bc"), newProvider(t).replayKey("a", "bc")
	if first != second {
		t.Error("a key changes")
	}
}

func TestNewCertificate(t *testing.T) {
	for _, key := range []crypto.Signer{rsaTestKeys()[0], ecdsaTestKeys()[0], ecdsaTestKeys()[1], ecdsaTestKeys()[2]} {
		der := certificateFor(key, "app.example.com")
		k, err := readKey(der)
		if err != nil || k.Subject != "CN=app.example.com" || !k.NotAfter.Equal(noon.AddDate(1, 0, 0)) || !k.goodAt(noon, 0) {
			t.Fatal(k, err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil || c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil {
			t.Error(err)
		}
		again, _ := x509.ParseCertificate(certificateFor(key, "another name"))
		if c.SerialNumber.Sign() <= 0 || c.SerialNumber.Cmp(again.SerialNumber) != 0 {
			t.Error(c.SerialNumber, again.SerialNumber)
		}
	}
	key := rsaTestKeys()[0]
	for name, err := range map[string]error{
		"no key":     second(NewCertificate(nil, "a", noon, noon.Add(1))),
		"other key":  second(NewCertificate(ed25519.NewKeyFromSeed(make([]byte, 32)), "a", noon, noon.Add(1))),
		"no name":    second(NewCertificate(key, "", noon, noon.Add(time.Hour))),
		"backwards":  second(NewCertificate(key, "a", noon, noon)),
		"no signing": second(NewCertificate(brokenSigner{key}, "a", noon, noon.Add(time.Hour))),
	} {
		if err == nil {
			t.Error(name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestGoodAt(t *testing.T) {
	k := Key{NotBefore: noon, NotAfter: noon.Add(time.Hour)}
	for d, want := range map[time.Duration]bool{-61 * time.Second: false, -60 * time.Second: true, time.Hour: true, time.Hour + time.Minute: true, time.Hour + 61*time.Second: false} {
		if k.goodAt(noon.Add(d), time.Minute) != want {
			t.Error(d)
		}
	}
}
