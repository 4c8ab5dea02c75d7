package provider_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// begin begins a sign-in, and returns the request for the identity provider, which is not asked.
func begin(t *testing.T, client *http.Client, at string) samltest.AuthnRequest {
	t.Helper()
	return providertest.Requested(t, client, at)
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
