package main

import (
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
)

// TestSignIn: the identity provider that runs beside the host signs in who was provisioned.
func TestSignIn(t *testing.T) {
	service, err := newService("test-token")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(beside(service.Handler()))
	t.Cleanup(server.Close)
	// Whoever asks for the address of the example is led here: that one may be in use.
	usual := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = usual })
	http.DefaultTransport = &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}}
	connect(service)
	admin := provider.Actor{Tenant: "acme", Name: "root"}
	if p, err := service.Provider(t.Context(), admin, "entra"); err != nil || !p.Enabled {
		t.Fatalf("%+v, %v", p, err)
	}
	r := httptest.NewRequest("POST", base+"/ws/scim/v2/Users", strings.NewReader(`{"userName": "ada@example.com", "urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User": {"organizationId": "1"}}`))
	r.Header.Set("Authorization", "Bearer test-token")
	w := httptest.NewRecorder()
	if service.Handler().ServeHTTP(w, r); w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	response, page, err := idp.SignIn(&http.Client{Jar: jar}, base+"/sso/entra/start", "ada@example.com")
	if err != nil {
		t.Fatalf("%v: %s", err, page)
	}
	if cookies := jar.Cookies(response.Request.URL); len(cookies) != 1 || cookies[0].Name != "name" {
		t.Errorf("cookies %v", cookies)
	}
}
