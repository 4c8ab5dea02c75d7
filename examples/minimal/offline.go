package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// idp believes everybody, and answers whoever asks. Its key is public: it is for a first look, on this
// machine, and users in memory.
var idp = samltest.NewIdP(samltest.Options{
	URL: "http://localhost:8080/idp", Now: time.Now, AnyServiceProvider: true, People: []samltest.Person{{NameID: "ada@example.com"}},
})

// beside serves the identity provider beside the service.
func beside(service http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/idp/") {
			http.StripPrefix("/idp", idp.Handler()).ServeHTTP(w, r)
			return
		}
		service.ServeHTTP(w, r)
	})
}

// connect does what an administrator does with an identity provider: add, import, test, save, enable.
func connect(service *provider.Service) {
	ctx, admin := context.Background(), provider.Actor{Tenant: "acme", Name: "the host itself"}
	p, err := service.Begin(ctx, admin, provider.Draft{ID: "entra", Name: "example.com"})
	if err == nil {
		_, err = service.Import(ctx, admin, p.ID, provider.Given{Data: idp.Metadata()})
	}
	if err == nil {
		err = test(ctx, service, admin, p.ID)
	}
	if err == nil {
		_, err = service.Save(ctx, admin, p.ID)
	}
	if err == nil {
		_, err = service.Enable(ctx, admin, p.ID)
	}
	if err != nil {
		log.Fatal("the identity provider is not connected: ", err)
	}
	fmt.Println("sign in, once ada@example.com was provisioned:", base+"/sso/entra/start")
}

// test signs in, as an administrator does to try a connection.
func test(ctx context.Context, service *provider.Service, admin provider.Actor, id provider.ID) error {
	_, url, err := service.Test(ctx, admin, id, provider.TestOptions{})
	if err != nil {
		return err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	_, _, err = idp.SignIn(&http.Client{Jar: jar}, url, "ada@example.com")
	return err
}
