package saml_test

import (
	"context"
	"encoding/base64"
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

// BenchmarkValidate decides a response that is signed, and one that another key has signed, beside
// what gosaml2 takes for the same:
//
//	go test -run '^$' -bench Validate -count 6 ./saml | benchstat -col /impl -
func BenchmarkValidate(b *testing.B) {
	p := samltest.TestParams()
	for _, which := range []struct{ id, name string }{{"A1", "accepted"}, {"A5", "forged"}} {
		var c samltest.Case
		for _, other := range samltest.Corpus() {
			if other.ID == which.id {
				c = other
			}
		}
		document := c.Make(p)
		encoded := base64.StdEncoding.EncodeToString(document)
		b.Run(which.name+"/impl=gatehouse", func(b *testing.B) {
			sp := newSP(b, c, p, func(c *saml.Config) { c.Replays = unlimited{} })
			pending, err := sp.SealPending(p.RequestID, p.ACS, nil, p.Now)
			if err != nil {
				b.Fatal(err)
			}
			r := saml.Response{Encoded: encoded, PostedTo: p.ACS, Pending: []string{pending}}
			b.ReportAllocs()
			b.SetBytes(int64(len(document)))
			for b.Loop() {
				if _, err := sp.Validate(b.Context(), r); (err == nil) != (c.Want == samltest.Accept) {
					b.Fatal(err)
				}
			}
		})
		b.Run(which.name+"/impl=gosaml2", func(b *testing.B) {
			sp := &saml2.SAMLServiceProvider{
				IdentityProviderIssuer: p.IdPEntityID, ServiceProviderIssuer: p.EntityID, AudienceURI: p.EntityID,
				AssertionConsumerServiceURL: p.ACS, Clock: dsig.NewFakeClockAt(p.Now),
				IDPCertificateStore: &dsig.MemoryX509CertificateStore{Roots: c.Certificates(p)},
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(document)))
			for b.Loop() {
				if _, err := sp.RetrieveAssertionInfo(encoded); (err == nil) != (c.Want == samltest.Accept) {
					b.Fatal(err)
				}
			}
		})
	}
}
