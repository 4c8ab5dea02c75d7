package provider_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
)

// A request is what a browser was sent to the identity provider with.
type request struct {
	ID, ACS, RelayState string
	ForceAuthn          bool
	URL                 *url.URL
}

// begin begins a sign-in, and returns the request for the identity provider, which is not asked.
func begin(t *testing.T, client *http.Client, at string) request {
	t.Helper()
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := c.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	to, err := response.Location()
	if err != nil {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("a sign-in does not begin: %s %s", response.Status, body)
	}
	return readRequest(t, to)
}

// readRequest reads a request by HTTP-Redirect.
func readRequest(t *testing.T, to *url.URL) request {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(to.Query().Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		ID         string `xml:"ID,attr"`
		ACS        string `xml:"AssertionConsumerServiceURL,attr"`
		ForceAuthn bool   `xml:"ForceAuthn,attr"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return request{doc.ID, doc.ACS, to.Query().Get("RelayState"), doc.ForceAuthn, to}
}

// read reads an answer to its end.
func read(t *testing.T, response *http.Response) (int, string) {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// answerOf is what a service answers to a request without a connection.
func answerOf(s *provider.Service, method, address string) *http.Response {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(method, address, nil))
	return w.Result()
}

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }
