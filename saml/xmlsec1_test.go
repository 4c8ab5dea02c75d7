package saml_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// The responses in testdata/xmlsec1 were signed by xmlsec1, an implementation that shares nothing with
// those that verify here:
//
//	XMLSEC1_UPDATE=1 go test -run TestXMLSec1 ./saml

// A foreign is one of them.
type foreign struct {
	key, method, digest       string
	infoC14N, c14n            string
	infoPrefixes, refPrefixes string
	want                      string
}

const (
	moreURI      = "http://www.w3.org/2001/04/xmldsig-more#"
	encURI       = "http://www.w3.org/2001/04/xmlenc#"
	exclusiveURI = "http://www.w3.org/2001/10/xml-exc-c14n#"
	inclusiveURI = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
)

// foreigns are all algorithms with exclusive C14N, the inclusive one, and lists of prefixes. One on
// the CanonicalizationMethod adds declarations to what is signed that only one of the two verifiers
// writes: they disagree, and so it is refused.
func foreigns() map[string]foreign {
	all := map[string]foreign{
		"inclusive":       {"rsa", moreURI + "rsa-sha256", encURI + "sha256", inclusiveURI, inclusiveURI, "", "", samltest.Accept},
		"inclusive-info":  {"rsa", moreURI + "rsa-sha256", encURI + "sha256", inclusiveURI, exclusiveURI, "", "", samltest.Accept},
		"inclusive-ecdsa": {"ecdsa", moreURI + "ecdsa-sha256", encURI + "sha256", exclusiveURI, inclusiveURI, "", "", samltest.Accept},
		"prefixes":        {"rsa", moreURI + "rsa-sha256", encURI + "sha256", exclusiveURI, exclusiveURI, "", "saml samlp", samltest.Accept},
		"prefixes-info":   {"rsa", moreURI + "rsa-sha256", encURI + "sha256", exclusiveURI, exclusiveURI, "samlp", "", string(saml.SignatureUnsupported)},
	}
	for _, key := range []string{"rsa", "ecdsa"} {
		for bits, digest := range map[string]string{"256": encURI + "sha256", "384": moreURI + "sha384", "512": encURI + "sha512"} {
			all[key+"-"+bits] = foreign{key, moreURI + key + "-sha" + bits, digest, exclusiveURI, exclusiveURI, "", "", samltest.Accept}
		}
	}
	return all
}

// template is the empty signature that xmlsec1 fills in.
func (f foreign) template(id string) string {
	method := func(name, algorithm, prefixes string) string {
		inner := ""
		if prefixes != "" {
			inner = `<ec:InclusiveNamespaces xmlns:ec="` + exclusiveURI + `" PrefixList="` + prefixes + `"/>`
		}
		return `<ds:` + name + ` Algorithm="` + algorithm + `">` + inner + `</ds:` + name + `>`
	}
	return `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>` +
		method("CanonicalizationMethod", f.infoC14N, f.infoPrefixes) + method("SignatureMethod", f.method, "") +
		`<ds:Reference URI="#` + id + `"><ds:Transforms>` + method("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature", "") +
		method("Transform", f.c14n, f.refPrefixes) + `</ds:Transforms>` + method("DigestMethod", f.digest, "") +
		`<ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>`
}

func TestXMLSec1(t *testing.T) {
	p := samltest.TestParams()
	for name, f := range foreigns() {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata/xmlsec1", name+".xml")
			key := p.Keys.IdP
			if f.key == "ecdsa" {
				key = p.Keys.ECDSA
			}
			if os.Getenv("XMLSEC1_UPDATE") != "" {
				signByXMLSec1(t, file, f, key, p)
			}
			document, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := baseline(t)
			metadata, err := saml.MetadataFromParts(p.IdPEntityID, samltest.SSOURL, key.Certificate.Raw)
			if err != nil {
				t.Fatal(err)
			}
			sp := newSP(t, c, p, func(c *saml.Config) { c.IdP = metadata })
			pending, err := sp.SealPending(p.RequestID, p.ACS, nil, p.Now)
			if err != nil {
				t.Fatal(err)
			}
			got := samltest.Accept
			a, err := sp.Validate(t.Context(), saml.Response{Encoded: base64.StdEncoding.EncodeToString(document), PostedTo: p.ACS, Pending: []string{pending}})
			var e *saml.Error
			if errors.As(err, &e) {
				got = string(e.Code)
			}
			if got != f.want {
				t.Fatalf("%s, want %s: %v", got, f.want, err)
			}
			if err == nil && a.NameID().Value != p.NameID {
				t.Errorf("signed in %q", a.NameID().Value)
			}
		})
	}
}

// signByXMLSec1 makes a file.
func signByXMLSec1(t *testing.T, file string, f foreign, key samltest.Key, p samltest.Params) {
	t.Helper()
	idp := samltest.NewIdP(samltest.Options{EntityID: p.IdPEntityID, Now: func() time.Time { return p.Now }})
	unsigned := string(idp.Response(samltest.ResponseOptions{
		ACS: p.ACS, Audience: p.EntityID, InResponseTo: p.RequestID, Person: samltest.TestPeople()[0], Sign: samltest.SignNothing,
	}))
	_, assertion, ok := strings.Cut(unsigned, "<saml:Assertion")
	if !ok {
		t.Fatal("no assertion in " + unsigned)
	}
	id := between(assertion, ` ID="`, `"`)
	head, tail, _ := strings.Cut(assertion, "</saml:Issuer>")
	before, _, _ := strings.Cut(unsigned, "<saml:Assertion")
	text := before + "<saml:Assertion" + head + "</saml:Issuer>" + f.template(id) + tail
	private, err := x509.MarshalPKCS8PrivateKey(key.Private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), "in.xml": []byte(text)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("xmlsec1", "--sign", "--privkey-pem", filepath.Join(dir, "key.pem"), "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
		"--output", filepath.Join(dir, "out.xml"), filepath.Join(dir, "in.xml")).CombinedOutput()
	if err != nil {
		t.Fatalf("xmlsec1: %v: %s", err, out)
	}
	signed, err := os.ReadFile(filepath.Join(dir, "out.xml"))
	if err != nil {
		t.Fatal(err)
	}
	signed = bytes.TrimPrefix(signed, []byte("<?xml version=\"1.0\"?>\n"))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, signed, 0o644); err != nil {
		t.Fatal(err)
	}
}
