package console_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/console"
)

// service stands for that of a host.
func service() *provider.Service { return new(provider.Service) }

// A host mounts the pages at a path of its own, says who asks, and gives them its name.
func ExampleNew() {
	pages, err := console.New(service(), console.Options{
		Base: "/admin/identity",
		Actor: func(r *http.Request) (provider.Actor, error) {
			cookie, err := r.Cookie("session")
			if err != nil || cookie.Value != "of an administrator" {
				return provider.Actor{}, errors.New("nobody is signed in")
			}
			return provider.Actor{Tenant: "acme", Name: "root@acme.example", From: r.RemoteAddr}, nil
		},
		Denied: func(w http.ResponseWriter, r *http.Request, _ error) {
			http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		},
		Theme: console.Theme{Product: "Acme", CSS: ":root { --accent: #0a6b52; }"},
		Texts: map[string]string{"Identity Providers": "Fournisseurs d'identité"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/identity/", pages)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/admin/identity/providers", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))

	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/admin/identity/assets/console.css", nil))
	fmt.Println(w.Code, strings.Contains(w.Body.String(), "#0a6b52"))
	// Output:
	// 303 /sign-in
	// 200 true
}
