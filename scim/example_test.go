package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// call sends one request to a server and returns the status with some attributes of the answer.
func call(server *httptest.Server, token, method, path, body string, show ...string) string {
	r, err := http.NewRequest(method, server.URL+"/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json")
	w, err := server.Client().Do(r)
	if err != nil {
		return err.Error()
	}
	defer w.Body.Close()
	text, _ := io.ReadAll(w.Body)
	var answer map[string]any
	json.Unmarshal(text, &answer)
	line := fmt.Sprint(method, " ", w.StatusCode)
	for _, name := range show {
		line += fmt.Sprintf(" %s=%v", name, answer[name])
	}
	return line
}

// What an identity provider does in the life of a user, against a host that keeps its users in
// memory.
func ExampleNew() {
	tokens := new(scim.Tokens)
	tokens.Add("a token of at least 128 random bits", scim.Principal{Tenant: "acme", Manager: "entra"})
	store := new(scim.MemoryStore)
	handler, err := scim.New(scim.Stores{Users: store, Groups: store}, tokens, scim.Config{
		BaseURL: func(r *http.Request) string { return "https://" + r.Host + "/scim/v2" },
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/scim/v2/", handler)
	server := httptest.NewServer(mux)
	defer server.Close()
	send := func(method, path, body string, show ...string) {
		fmt.Println(call(server, "a token of at least 128 random bits", method, path, body, show...))
	}

	send("GET", "/Users?filter=userName+eq+%22ada@acme.example.com%22", "", "totalResults")
	send("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@acme.example.com"}`, "userName", "active")

	page, err := store.Users(context.Background(), "acme", scim.Query{Scope: scim.Scope{All: true}, Limit: 1})
	if err != nil {
		log.Fatal(err)
	}
	path := "/Users/" + page.Items[0].ID
	send("PATCH", path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, "userName", "active")
	send("DELETE", path, "")
	send("GET", path, "", "detail")

	// Output:
	// GET 200 totalResults=0
	// POST 201 userName=ada@acme.example.com active=true
	// PATCH 200 userName=ada@acme.example.com active=false
	// DELETE 204
	// GET 404 detail=no such resource exists for this token
}

// Tokens serve a host whose secrets are in its configuration. One whose customers make their own
// implements Authenticator over a table of digests.
func ExampleTokens() {
	tokens := new(scim.Tokens)
	tokens.Add("secret of entra", scim.Principal{Tenant: "acme", Manager: "entra", Key: "2026-01"})

	for _, header := range []string{"Bearer secret of entra", "bearer secret of entra", "Bearer guess", "secret of entra", ""} {
		who, err := tokens.Authenticate(context.Background(), http.Header{"Authorization": {header}})
		fmt.Printf("%q: %s %t\n", header, who.Manager, errors.Is(err, scim.ErrUnauthenticated))
	}

	// Output:
	// "Bearer secret of entra": entra false
	// "bearer secret of entra": entra false
	// "Bearer guess":  true
	// "secret of entra":  true
	// "":  true
}

// A policy that requires an organization, lets the identity provider take over the host's own
// users of its domain, and keeps the last administrator.
func ExamplePolicy() {
	store := new(scim.MemoryStore)
	policy := scim.Policy{
		NinjaOne: func(context.Context, scim.Principal) (extension.Rules, error) {
			return extension.Rules{DefaultOrganization: "7", Resolve: extension.DecimalID}, nil
		},
		Adopt: func(_ context.Context, _ scim.Principal, u scim.User) error {
			if !strings.HasSuffix(filter.Fold(u.UserName), filter.Fold("@acme.example.com")) {
				return scim.ErrNotFound
			}
			return nil
		},
		Check: func(_ context.Context, _ scim.Stores, c *scim.Change) error {
			if c.Before != nil && c.Before.Administrator && (c.After == nil || !c.After.Active) {
				return &scim.Refusal{Status: http.StatusForbidden, Detail: "the last administrator stays"}
			}
			return nil
		},
	}
	tokens := new(scim.Tokens)
	tokens.Add("secret", scim.Principal{Tenant: "acme", Manager: "entra"})
	handler, err := scim.New(scim.Stores{Users: store}, tokens, scim.Config{
		BaseURL: func(*http.Request) string { return "https://acme.example.com/scim/v2" },
		Policy:  policy,
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	ada, err := store.CreateUser(context.Background(), "acme", scim.User{UserName: "ada@acme.example.com", Active: true, Administrator: true})
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(call(server, "secret", "POST", "/Users", `{"userName":"ADA@acme.example.com"}`, "detail"))
	const leave = `{"Operations":[{"op":"replace","path":"active","value":false}]}`
	fmt.Println(call(server, "secret", "PATCH", "/Users/"+ada.ID, leave, "detail"))
	const move = `{"Operations":[{"op":"replace","value":{"displayName":"Ada","` + extension.URN + `:organizationId":8}}]}`
	fmt.Println(call(server, "secret", "PATCH", "/Users/"+ada.ID, move, "displayName"))
	ada, err = store.User(context.Background(), "acme", ada.ID)
	fmt.Println(ada.ManagedBy, ada.NinjaOne, ada.Administrator, err)

	// Output:
	// POST 409 detail=userName "ADA@acme.example.com" exists already; find it by a filter on userName and update it
	// PATCH 403 detail=the last administrator stays
	// PATCH 200 displayName=Ada
	// entra {8 endUser} true <nil>
}

// A filter of the host's own, as a store gets one from the endpoint.
func ExampleUserRegistry() {
	registry, err := scim.UserRegistry()
	if err != nil {
		log.Fatal(err)
	}
	f, err := filter.Parse(`emails[type eq "work" and value ew "@acme.example.com"] and active eq true`)
	if err != nil {
		log.Fatal(err)
	}
	bound, err := f.Bind(registry)
	if err != nil {
		log.Fatal(err)
	}
	ada := scim.User{Active: true, Emails: []scim.MultiValue{{Value: "ada@ACME.example.com", Type: "Work"}}}
	fmt.Println(bound.Match(&ada))

	// Output:
	// true
}
