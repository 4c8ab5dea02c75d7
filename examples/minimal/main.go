// Minimal is a host in thirty lines: users in memory, one customer with one identity provider, one
// token.
//
// It reads the token from GATEHOUSE_TOKEN, or makes one up and shows it:
//
//	go run ./examples/minimal
//
// It speaks plain HTTP, and therefore on the loopback interface only. A host in earnest serves TLS,
// keeps its users in a store of its own and knows which organizations exist; the calls stay the
// same.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
)

// base is the tenant URL, as the customer's administrator enters it at the identity provider.
const base = "http://127.0.0.1:8080/ws/scim/v2"

func main() {
	token := os.Getenv("GATEHOUSE_TOKEN")
	if token == "" {
		token = rand.Text()
		fmt.Println("secret token:", token)
	}
	endpoint, err := newEndpoint(token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("tenant URL:", base)
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: endpoint, ReadTimeout: time.Minute}
	log.Fatal(server.ListenAndServe())
}

// newEndpoint returns the SCIM endpoint of a host whose organizations are decimal numbers. Every
// end user has to be placed in one.
func newEndpoint(token string) (*scim.Handler, error) {
	auth := new(scim.Tokens)
	auth.Add(token, scim.Principal{Tenant: "acme", Manager: "entra", Key: "1"})

	rules := extension.Rules{RequireOrganization: true, Resolve: extension.DecimalID}
	store := new(scim.MemoryStore)
	return scim.New(scim.Stores{Users: store, Groups: store}, auth, scim.Config{
		BaseURL: func(*http.Request) string { return base },
		Policy: scim.Policy{
			NinjaOne: func(context.Context, scim.Principal) (extension.Rules, error) { return rules, nil },
		},
	})
}
