package saml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

func ourMetadata(t testing.TB) []byte {
	t.Helper()
	data, err := newProvider(t).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// brokenSigner returns something that is no signature.
type brokenSigner struct{ crypto.Signer }

func (brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("the key is away")
}

func TestMetadataGolden(t *testing.T) {
	const golden = "testdata/sp-metadata.xml"
	sp := newProvider(t, func(c *Config) {
		// The certificates alone would differ from one run to the next.
		c.Sign, c.SignCertificate, c.SLO = nil, nil, ""
		c.Decrypt, c.DecryptCertificates = nil, nil
	})
	data, err := sp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(data)+"\n" != string(want) {
		t.Errorf("%s\nwant\n%s", data, want)
	}
}

func TestOurMetadata(t *testing.T) {
	data := ourMetadata(t)
	if !bytes.Equal(data, ourMetadata(t)) {
		t.Error("bytes change")
	}
	next := certificateFor(rsaTestKeys()[2], "next")
	sp := newProvider(t, func(c *Config) {
		c.NextSignCertificates = [][]byte{next}
		c.DecryptCertificates = append(c.DecryptCertificates, certificateFor(rsaTestKeys()[1], "again"))
	})
	data, err := sp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	root := mustParse(t, string(data), xmlLimits{})
	if id, _ := root.attr("entityID"); id != sp.config.EntityID {
		t.Errorf("entityID %q", id)
	}
	role := root.child(nsMetadata, "SPSSODescriptor")
	var got []string
	for _, c := range role.elements() {
		text := c.local
		for _, name := range []string{"use", "index", "isDefault", "Location"} {
			if v, ok := c.attr(name); ok {
				text += " " + v
			}
		}
		got = append(got, text)
	}
	want := []string{
		"KeyDescriptor signing", "KeyDescriptor signing", "KeyDescriptor encryption", "KeyDescriptor encryption",
		"SingleLogoutService https://app.example.com/saml/slo", "SingleLogoutService https://app.example.com/saml/slo", "NameIDFormat",
		"AssertionConsumerService 0 true https://app.example.com/saml/acs", "AssertionConsumerService 1 https://app.example.com/saml/acs?x=1&y=2",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if !strings.Contains(string(data), base64.StdEncoding.EncodeToString(next)) {
		t.Error("the next certificate is not published")
	}
}

func TestOurMetadataByPolicy(t *testing.T) {
	for policy, want := range map[SignaturePolicy]string{SignedEither: "true", SignedAssertion: "true", SignedResponse: "false", SignedBoth: "true"} {
		data, err := newProvider(t, func(c *Config) { c.Policy = policy }).Metadata()
		if err != nil || !strings.Contains(string(data), `AuthnRequestsSigned="true" WantAssertionsSigned="`+want+`"`) {
			t.Errorf("%d: %s", policy, data)
		}
	}
}

func TestSignedMetadata(t *testing.T) {
	for name, key := range signingKeys() {
		t.Run(name, func(t *testing.T) {
			sp := newProvider(t, signingWith(key))
			data, err := sp.SignedMetadata()
			if err != nil {
				t.Fatal(err)
			}
			root := mustParse(t, string(data), xmlLimits{})
			if first := root.elements()[0]; !first.is(nsSignature, "Signature") {
				t.Errorf("the first element is %s", first.local)
			}
			verifyByOthers(t, data, "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor", sp.config.SignCertificate)
			verifyByUs(t, data, sp.config.SignCertificate)
		})
	}
	_, err := newProvider(t, without).SignedMetadata()
	wantCode(t, err, ConfigInvalid, "Config.Sign")
	if _, err := newProvider(t, func(c *Config) { c.Sign = brokenSigner{c.Sign} }).SignedMetadata(); err == nil {
		t.Error("signed without a key")
	}
}

// signingKeys are of each kind that signs.
func signingKeys() map[string]crypto.Signer {
	return map[string]crypto.Signer{
		"RSA": rsaTestKeys()[1], "P-256": ecdsaTestKeys()[0], "P-384": ecdsaTestKeys()[1], "P-521": ecdsaTestKeys()[2],
	}
}

// verifyByUs verifies a signature with our own code, and wants it to fail if anything changes.
func verifyByUs(t testing.TB, document, certificate []byte) {
	t.Helper()
	key, err := readKey(certificate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifyEnveloped(mustParse(t, string(document), xmlLimits{}), []Key{key}, false); err != nil {
		t.Fatalf("%v, %s\n%s", err, explain(err), document)
	}
	other := strings.Replace(string(document), "app.example.com", "bpp.example.com", 1)
	if _, err := verifyEnveloped(mustParse(t, other, xmlLimits{}), []Key{key}, false); err == nil {
		t.Error("a change goes unnoticed")
	}
}

// verifyByOthers verifies a signature with xmlsec1, or with goxmldsig where there is none. element is
// the namespace and name of what has the ID.
func verifyByOthers(t testing.TB, document []byte, element string, certificate []byte) {
	t.Helper()
	tool, err := exec.LookPath("xmlsec1")
	if err != nil {
		verifyByGoxmldsig(t, document, certificate)
		return
	}
	dir := t.TempDir()
	key, xml := filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "document.xml")
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(xml, document, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "--verify", "--enabled-key-data", "rsa,ec", "--pubkey-cert-pem", key, "--id-attr:ID", element, xml).CombinedOutput()
	if err != nil {
		t.Fatalf("xmlsec1: %v\n%s\n%s", err, out, document)
	}
}

// verifyByGoxmldsig verifies a signature; that of ECDSA is turned into what it reads before.
func verifyByGoxmldsig(t testing.TB, document, certificate []byte) {
	t.Helper()
	d := etree.NewDocument()
	if err := d.ReadFromBytes(document); err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(certificate)
	if err != nil {
		t.Fatal(err)
	}
	if k, ok := c.PublicKey.(*ecdsa.PublicKey); ok {
		value := d.FindElement("//SignatureValue")
		raw, err := base64.StdEncoding.DecodeString(value.Text())
		if err != nil || len(raw) != 2*((k.Curve.Params().BitSize+7)/8) {
			t.Fatalf("%d bytes, %v", len(raw), err)
		}
		value.SetText(base64.StdEncoding.EncodeToString(inASN1(k, raw)))
	}
	v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
	v.Clock = dsig.NewFakeClockAt(noon)
	if _, err := v.Validate(d.Root()); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
}
