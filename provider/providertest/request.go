package providertest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// maxRequest bounds a request that is unpacked, in bytes.
const maxRequest = 64 << 10

// Requested begins a sign-in at a URL of a host, and returns the request that it sends the browser to the
// identity provider with, by HTTP-Redirect. The identity provider is not asked.
func Requested(t testing.TB, client *http.Client, begin string) samltest.AuthnRequest {
	t.Helper()
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := c.Get(begin)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	to, err := response.Location()
	if err != nil {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("a sign-in does not begin: %s %s", response.Status, body)
	}
	return ReadRequest(t, to)
}

// ReadRequest reads the request in a URL of the identity provider.
func ReadRequest(t testing.TB, at *url.URL) samltest.AuthnRequest {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(at.Query().Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxRequest))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		ID         string `xml:"ID,attr"`
		ACS        string `xml:"AssertionConsumerServiceURL,attr"`
		Issuer     string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
		ForceAuthn bool   `xml:"ForceAuthn,attr"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return samltest.AuthnRequest{
		ID: doc.ID, Issuer: doc.Issuer, ACS: doc.ACS, ForceAuthn: doc.ForceAuthn, RelayState: at.Query().Get("RelayState"), XML: text,
	}
}
