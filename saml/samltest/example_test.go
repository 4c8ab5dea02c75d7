package samltest_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// The cases of one family, as a verifier has to decide them.
func ExampleCorpus() {
	for _, c := range samltest.Corpus() {
		if c.Family() == "B" {
			fmt.Printf("%s  %s: %s\n", c.ID, c.Title, c.Want)
		}
	}
	// Output:
	// B1  signature with RSA and SHA-1, digest with SHA-1: signature.algorithm
	// B2  HMAC-SHA256 with the public certificate as its key: signature.algorithm
	// B3  signature with RSA and MD5: signature.algorithm
	// B4  the identifier of ECDSA on a signature with RSA: signature.algorithm
	// B5  the certificate of the trusted key has expired: certificate.expired
	// B6  signature with ECDSA on P-256, as ASN.1: accept
	// B7  the Reference of the signed assertion has an empty URI: structure
	// B9  exclusive canonicalization with comments: signature.algorithm
}

// A response for a unit test, with something wrong in it.
func ExampleIdP_Response() {
	idp := samltest.NewIdP(samltest.Options{
		Now: func() time.Time { return time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC) },
	})
	response := idp.Response(samltest.ResponseOptions{
		ACS: "https://app.example.com/saml/acs", Audience: "https://app.example.com/saml", InResponseTo: "_request",
		Person: samltest.TestPeople()[0],
		Faults: []samltest.Fault{samltest.WrongAudience},
	})
	fmt.Println(bytes.Contains(response, []byte("<saml:Audience>https://other.example.com/saml</saml:Audience>")))
	// Output: true
}
