package console_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/console"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A site is a host with its console, and the browser of an administrator.
type site struct {
	*providertest.Host
	t       testing.TB
	url     string // of the console
	browser *http.Client
	out     bool // the administrator is signed out
}

var organizations = []console.Organization{{ID: "1", Name: "Harbor Dental"}, {ID: "2", Name: "Maple Street Books"}}

// newSite serves a console at /admin/identity.
func newSite(t testing.TB, change ...func(*console.Options)) *site {
	t.Helper()
	s := &site{t: t}
	s.Host = providertest.NewHost(t, func(c *provider.Config) {
		c.Organizations = providertest.Organizations{"1", "2"}
		c.Roles = &roles{"Auditor"}
	})
	o := console.Options{
		Base: "/admin/identity",
		Actor: func(*http.Request) (provider.Actor, error) {
			if s.out {
				return provider.Actor{}, errors.New("signed out")
			}
			return providertest.Admin, nil
		},
		Organizations: func(context.Context, scim.TenantID) ([]console.Organization, error) { return organizations, nil },
		Now:           s.Clock.Now,
		Logger:        slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range change {
		f(&o)
	}
	pages, err := console.New(s.Host.Service, o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.url, s.browser = server.URL+"/admin/identity", &http.Client{Jar: jar}
	return s
}

// get returns a page, which has to have a status.
func (s *site) get(path string, status int) string {
	s.t.Helper()
	r, err := s.browser.Get(s.url + path)
	return s.read("GET "+path, r, err, status)
}

// post sends a form.
func (s *site) post(path string, form url.Values, status int) string {
	s.t.Helper()
	r, err := s.browser.PostForm(s.url+path, form)
	return s.read("POST "+path, r, err, status)
}

func (s *site) read(what string, r *http.Response, err error, status int) string {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if r.StatusCode != status {
		s.t.Fatalf("%s: %d, want %d\n%s", what, r.StatusCode, status, data)
	}
	return string(data)
}

// contains fails unless a page has all the texts.
func (s *site) contains(page string, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			s.t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

// TestPages: each page of a provider in whatever state it is answers.
func TestPages(t *testing.T) {
	s := newSite(t)
	s.contains(s.get("/", 200), "No identity provider yet")
	page := s.post("/providers", url.Values{"name": {"Acme"}}, 200)
	s.contains(page, "<h1>Acme</h1>", "Draft", "Reply URL")
	p := s.Connect(s.IdP(), "Other", "other.test")
	_, client := s.Provision(p.ID)
	if status, body := s.Ask(client, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User"],"userName":"ada@other.test","urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User":{"organizationId":"1"}}`); status != 201 {
		t.Fatal(status, body)
	}
	root := "/providers/" + string(p.ID)
	for _, path := range []string{"/providers", root, root + "/scim", root + "/scim/enable", root + "/scim/token", root + "/scim/grants", root + "/scim/disable",
		root + "/roles", root + "/sheet", root + "/sheet?client=okta", root + "/links", root + "/disable", root + "/delete", "/users", "/organizations", "/groups", "/activity", "/activity?provider=" + string(p.ID)} {
		s.contains(s.get(path, 200), "</html>")
	}
	users, err := s.Users(t.Context(), providertest.Admin, provider.PeopleQuery{})
	if err != nil {
		t.Fatal(err)
	}
	s.contains(s.get("/users/"+users.Items[0].ID, 200), "ada@other.test", "manages this user", "Harbor Dental")
	s.get("/nowhere", 404)
	s.contains(s.get("/activity?incident=AAAAA-AAAAA", 404), "Nothing is kept under this incident ID")
	s.get("/providers/nobody", 404)
	s.get("/users/nobody", 404)
}

// roles are those of the host.
type roles struct{ name string }

func (r *roles) List(context.Context, scim.TenantID) ([]provider.Role, error) {
	return []provider.Role{{ID: "named", Name: r.name, UserType: "endUser"}, {ID: "desk", Name: "Help desk", UserType: "Technician"}, {ID: "viewer", Name: "Viewer", UserType: "endUser"}, {ID: "root", Name: "Root", UserType: "Technician", Administrator: true}}, nil
}

func (*roles) SetProvisioned(context.Context, scim.TenantID, string, []string) (bool, error) {
	return false, nil
}
