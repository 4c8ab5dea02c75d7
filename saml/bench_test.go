package saml_test

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	saml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// unlimited is a replay cache that lets a benchmark use one response again and again.
type unlimited struct{}

func (unlimited) Use(context.Context, string, time.Time) error { return nil }

// entraPerson is somebody as Microsoft Entra ID describes people: a dozen claims, most of them under
// long names, and groups by their object IDs.
func entraPerson(nameID string) samltest.Person {
	const (
		microsoft = "http://schemas.microsoft.com/identity/claims/"
		soap      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
		ws        = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
	)
	claim := func(name string, values ...string) samltest.Attribute {
		return samltest.Attribute{Name: name, Values: values}
	}
	groups := make([]string, 8)
	for i := range groups {
		groups[i] = fmt.Sprintf("%08x-7c1d-4e5a-9b30-5f2e8a61%04x", 0x9e3779b1*uint32(i+1), i)
	}
	return samltest.Person{NameID: nameID, Attributes: []samltest.Attribute{
		claim(microsoft+"tenantid", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
		claim(microsoft+"objectidentifier", "0b5d8f2e-6c41-4d0a-8e57-93a1f4c7d260"),
		claim(microsoft+"displayname", "Alice Söhne"),
		claim(microsoft+"identityprovider", "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/"),
		samltest.EntraMFA(),
		claim(soap+"givenname", "Alice"),
		claim(soap+"surname", "Söhne"),
		claim(soap+"emailaddress", nameID),
		claim(soap+"name", nameID),
		claim(ws+"role", "Engineer"),
		claim(ws+"groups", groups...),
		claim("department", "Research & Development"),
	}}
}

// entraResponse returns a response about that person as Entra ID writes it: 6 KB, the assertion signed,
// the certificate in KeyInfo, no prefixes.
func entraResponse(p samltest.Params, faults ...samltest.Fault) []byte {
	idp := samltest.NewIdP(samltest.Options{EntityID: p.IdPEntityID, Now: func() time.Time { return p.Now }})
	for {
		response := idp.Response(samltest.ResponseOptions{
			ACS: p.ACS, Audience: p.EntityID, InResponseTo: p.RequestID,
			Person: entraPerson(p.NameID), NoPrefixes: true, Faults: faults,
		})
		if isBelow(response, p.Keys.IdP) {
			return response
		}
	}
}

// isBelow reports whether the signature of a response is, as a number, below the modulus of a key. One by
// another key may not be, and is then refused without an exponentiation, which is too cheap for a
// comparison.
func isBelow(response []byte, key samltest.Key) bool {
	_, rest, _ := strings.Cut(string(response), "SignatureValue>")
	text, _, _ := strings.Cut(rest, "</")
	value, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return new(big.Int).SetBytes(value).Cmp(key.Certificate.PublicKey.(*rsa.PublicKey).N) < 0
}

// caseOf returns a case of the corpus.
func caseOf(tb testing.TB, id string) samltest.Case {
	for _, c := range samltest.Corpus() {
		if c.ID == id {
			return c
		}
	}
	tb.Fatalf("no case %s", id)
	return samltest.Case{}
}

// TestEntraResponse holds that the documents of the benchmarks are what they are said to be.
func TestEntraResponse(t *testing.T) {
	p := samltest.TestParams()
	document := entraResponse(p)
	if len(document) < 5700 || len(document) > 6300 {
		t.Errorf("%d bytes, want 6000 ± 300", len(document))
	}
	validate := impls[0].open(t, caseOf(t, "A1"), p)
	for want, faults := range map[saml.Code][]samltest.Fault{
		"": nil, saml.SignatureUnknownKey: {samltest.UnknownKey}, saml.SignatureInvalid: {samltest.Tampered},
	} {
		var got saml.Code
		err := validate(base64.StdEncoding.EncodeToString(entraResponse(p, faults...)))
		if refused, ok := errors.AsType[*saml.Error](err); ok {
			got = refused.Code
		}
		if got != want {
			t.Errorf("%v: %v, want %q", faults, err, want)
		}
	}
}

// An impl decides the responses that a case of the corpus, which gives the keys, is about.
type impl struct {
	name string
	open func(testing.TB, samltest.Case, samltest.Params) (validate func(encoded string) error)
}

// impls are this package and gosaml2. Both are set up once and decide from the text of the form field
// on. gosaml2 has no replay cache and does not know the pending requests, so here the cache remembers
// nothing, and opening the pending request of the browser counts for us.
var impls = [...]impl{{"gatehouse", func(tb testing.TB, c samltest.Case, p samltest.Params) func(string) error {
	sp := newSP(tb, c, p, func(config *saml.Config) {
		config.Replays = unlimited{}
		if c.Option != "" {
			options[c.Option](config)
		}
	})
	pending, err := sp.SealPending(p.RequestID, p.ACS, nil, p.Now)
	if err != nil {
		tb.Fatal(err)
	}
	return func(encoded string) error {
		_, err := sp.Validate(tb.Context(), saml.Response{Encoded: encoded, PostedTo: p.ACS, Pending: []string{pending}})
		return err
	}
}}, {"gosaml2", func(_ testing.TB, c samltest.Case, p samltest.Params) func(string) error {
	sp := &saml2.SAMLServiceProvider{
		IdentityProviderIssuer: p.IdPEntityID, ServiceProviderIssuer: p.EntityID, AudienceURI: p.EntityID,
		AssertionConsumerServiceURL: p.ACS, Clock: dsig.NewFakeClockAt(p.Now),
		IDPCertificateStore: &dsig.MemoryX509CertificateStore{Roots: c.Certificates(p)},
	}
	return func(encoded string) error {
		_, err := sp.RetrieveAssertionInfo(encoded)
		return err
	}
}}}

// BenchmarkValidate decides what is signed, what another key has signed, and what was changed after it
// was signed, beside what gosaml2 takes for the very same text:
//
//	go test -run '^$' -bench 'Validate/' -cpu 1 -count 6 ./saml | benchstat -col /impl -
//
// The documents of 6 KB are of entraResponse, those of 4 KB cases of the corpus, which have prefixes
// and three attributes. All are signed with RSA of 2048 bits by the one key that is trusted, or by
// another of the same size, and all have a certificate in KeyInfo. MB/s are of the decoded document.
func BenchmarkValidate(b *testing.B) {
	p := samltest.TestParams()
	c := caseOf(b, "A1")
	for _, d := range []struct {
		name     string
		document []byte
		accepted bool
	}{
		{"accepted/6KB", entraResponse(p), true},
		{"forged/6KB", entraResponse(p, samltest.UnknownKey), false},
		{"changed/6KB", entraResponse(p, samltest.Tampered), false},
		{"accepted/4KB", c.Make(p), true},
		{"forged/4KB", caseOf(b, "A5").Make(p), false},
		{"changed/4KB", caseOf(b, "S8").Make(p), false},
	} {
		encoded := base64.StdEncoding.EncodeToString(d.document)
		for _, i := range impls {
			b.Run(d.name+"/impl="+i.name, func(b *testing.B) {
				validate := i.open(b, c, p)
				b.ReportAllocs()
				b.SetBytes(int64(len(d.document)))
				for b.Loop() {
					if err := validate(encoded); (err == nil) != d.accepted {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkValidateMuch decides the responses with which a stranger could make work, and one that is
// so large because the person is in 15,000 groups, which an option accepts.
func BenchmarkValidateMuch(b *testing.B) {
	p := samltest.TestParams()
	for _, id := range []string{"Z11", "Z13", "Z14", "Z17", "Z17b", "Z18", "Z19"} {
		b.Run(id, func(b *testing.B) {
			c := caseOf(b, id)
			encoded := base64.StdEncoding.EncodeToString(c.Make(p))
			validate := impls[0].open(b, c, p)
			b.ReportAllocs()
			for b.Loop() {
				if err := validate(encoded); (err == nil) != (c.With == samltest.Accept) {
					b.Fatal(err)
				}
			}
		})
	}
}
