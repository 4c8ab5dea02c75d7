// Minimal is a host in thirty lines: users in memory, one customer with one identity provider, one
// token.
//
// It reads the token from GATEHOUSE_TOKEN, or makes one up and shows it:
//
//	go run ./examples/minimal
//
// An identity provider that believes everybody runs beside it, so that somebody who was provisioned
// can sign in: see offline.go. It speaks plain HTTP, and therefore on the loopback interface only. A
// host in earnest serves TLS, keeps users and sessions in a store of its own, asks its administrators
// for second factors and knows which organizations exist; the calls stay the same.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// base is where the service is mounted. With /ws/scim/v2 behind it, it is the tenant URL that the
// customer's administrator enters at the identity provider.
const base = "http://127.0.0.1:8080"

func main() {
	token := os.Getenv("GATEHOUSE_TOKEN")
	if token == "" {
		token = rand.Text()
		fmt.Println("secret token:", token)
	}
	service, err := newService(token)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: beside(service.Handler()), ReadTimeout: time.Minute}
	go connect(service)
	fmt.Println("tenant URL:", base+"/ws/scim/v2")
	log.Fatal(server.Serve(listener))
}

// newService returns what signs in and provisions the people of a host whose organizations are decimal
// numbers. Every end user has to be placed in one.
func newService(token string) (*provider.Service, error) {
	auth, users := new(scim.Tokens), new(scim.MemoryStore)
	auth.Add(token, scim.Principal{Tenant: "acme", Manager: "entra", Key: "1"})
	ring, err := provider.NewKeyRing("Acme", time.Now())
	if err != nil {
		return nil, err
	}
	return provider.New(provider.Config{
		Store: new(provider.MemoryStore), Replays: saml.NewMemoryReplays(saml.DefaultReplays, time.Now),
		Stores: scim.Stores{Users: users, Groups: users}, Keys: ring,
		URLs:     func(context.Context, scim.TenantID) (provider.URLs, error) { return provider.URLs{Native: base}, nil },
		Sessions: cookies{}, Prover: noFactor{}, AllowLoopbackInsecure: true,
		Provision: auth, SCIM: scim.Config{Policy: scim.Policy{NinjaOne: placed, Check: signInThere}},
	})
}

// placed are the rules for organizations.
func placed(context.Context, scim.Principal) (extension.Rules, error) {
	return extension.Rules{RequireOrganization: true, Resolve: extension.DecimalID}, nil
}

// signInThere has users whom the identity provider creates sign in through it.
func signInThere(_ context.Context, _ scim.Stores, c *scim.Change) error {
	if c.Before == nil && c.After != nil {
		c.After.SSO = true
	}
	return nil
}

// cookies are sessions of a host that only shows who has signed in.
type cookies struct{}

// Start implements provider.Sessions.
func (cookies) Start(w http.ResponseWriter, _ *http.Request, s provider.SignIn) error {
	http.SetCookie(w, &http.Cookie{Name: "name", Value: s.User.ID, Path: "/", HttpOnly: true})
	fmt.Println("signed in:", s.User.UserName)
	return nil
}

// Kill implements provider.Sessions.
func (cookies) Kill(context.Context, provider.Kill) error { return nil }

// noFactor takes no second factor: this host has no administrators.
type noFactor struct{}

// Verify implements provider.Prover.
func (noFactor) Verify(context.Context, provider.Actor, string) error { return provider.ErrWrongCode }
