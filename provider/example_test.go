package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A host brings its stores and ports, and mounts single sign-on and provisioning as one handler.
func Example() {
	users, tokens := new(scim.MemoryStore), new(scim.Tokens)
	ring, _ := provider.NewKeyRing("acme", time.Now())
	keys, _ := provider.NewStaticKeys(ring)
	service, err := provider.New(provider.Config{
		Store: new(provider.MemoryStore), Stores: scim.Stores{Users: users, Groups: users},
		Replays: saml.NewMemoryReplays(saml.DefaultReplays, time.Now), Keys: keys, Provision: tokens,
		URLs: func(context.Context, scim.TenantID) (provider.URLs, error) {
			return provider.URLs{Native: "https://app.example.com"}, nil
		},
		Sessions: cookies{}, Prover: codes{},
	})
	if err != nil {
		panic(err)
	}
	http.Handle("/sso/", service.Handler())
	http.Handle("/ws/scim/v2/", service.Handler())

	p, err := service.Begin(context.Background(), provider.Actor{Tenant: "acme", Name: "root"}, provider.Draft{Name: "acme.example"})
	fmt.Println(p.State(), err)
	// Output: draft <nil>
}

// cookies are the sessions of a host.
type cookies struct{}

func (cookies) Start(w http.ResponseWriter, _ *http.Request, s provider.SignIn) error {
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "…", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return nil
}

func (cookies) Kill(context.Context, provider.Kill) error { return nil }

// codes are the second factors of a host.
type codes struct{}

func (codes) Verify(_ context.Context, _ provider.Actor, code string) error {
	return provider.ErrWrongCode
}

// A host that refuses cross-site requests lets those of identity providers through.
func ExampleService_Exempt() {
	var service *provider.Service // of New
	protection := http.NewCrossOriginProtection()
	service.Exempt(protection, "/auth") // where Handler is mounted
	http.ListenAndServe("localhost:8080", protection.Handler(http.DefaultServeMux))
}
