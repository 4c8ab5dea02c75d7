package provider_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// signedIn is a browser in which the person of a site is signed in.
func (s *site) signedIn() *http.Client {
	s.t.Helper()
	client := providertest.Browser(s.t)
	r := begin(s.t, client, s.StartURL(s.p.ID))
	post(s.t, client, r.ACS, s.answer(r))
	s.in(client, true, "to begin with")
	return client
}

// TestLogoutFromThere: the identity provider ends sessions of its own people, by both bindings, and nobody
// else does.
func TestLogoutFromThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := s.IdP()
	stranger := s.Connect(other, "B", "b.example")
	s.User(providertest.Managed(stranger.ID, "bob@b.example"))
	options := samltest.LogoutOptions{SLO: s.ids.LogoutURL, Person: samltest.Person{NameID: person}}
	for binding, send := range map[string]func(*http.Client, *samltest.IdP, samltest.LogoutOptions) (*http.Response, error){
		"Redirect": func(c *http.Client, idp *samltest.IdP, o samltest.LogoutOptions) (*http.Response, error) {
			return c.Get(s.ids.LogoutURL + "?" + idp.LogoutQuery(o))
		},
		"POST": func(c *http.Client, idp *samltest.IdP, o samltest.LogoutOptions) (*http.Response, error) {
			return c.PostForm(s.ids.LogoutURL, url.Values{"SAMLRequest": {idp.LogoutFormValue(o)}})
		},
	} {
		client := s.signedIn()
		unsigned := options
		unsigned.Unsigned = true
		if response, err := send(client, s.idp, unsigned); err != nil || response.StatusCode != http.StatusForbidden {
			t.Errorf("%s, unsigned: %v, %v", binding, response, err)
		}
		if response, err := send(client, other, options); err != nil || response.StatusCode != http.StatusForbidden {
			t.Errorf("%s, from another identity provider: %v, %v", binding, response, err)
		}
		s.in(client, true, binding+", nobody has signed out")
		response, err := send(client, s.idp, options)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s: %v, %v; %v", binding, response, err, s.Reasons(s.p.ID))
		}
		s.in(client, false, binding)
		s.Clock.Add(time.Second)
	}
	// Somebody whom this identity provider could not sign in.
	kills := len(s.Kills())
	o := options
	o.Person.NameID = "bob@b.example"
	if response, err := http.Get(s.ids.LogoutURL + "?" + s.idp.LogoutQuery(o)); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("about a stranger: %v, %v", response, err)
	}
	if n := len(s.Kills()); n != kills {
		t.Errorf("an identity provider has ended the sessions of another one's people: %v", s.Kills()[kills:])
	}
}

// TestLogoutFails: a host that cannot end sessions says so, and is asked again until it can.
func TestLogoutFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := s.signedIn()
	s.KillError = errors.New("no connection")
	issued := s.Clock.Now()
	s.Clock.Add(time.Second)
	response, err := http.Get(s.ids.LogoutURL + "?" + s.idp.LogoutQuery(samltest.LogoutOptions{SLO: s.ids.LogoutURL, Person: samltest.Person{NameID: person}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, page := read(t, response); strings.Contains(page, "status:Success") {
		t.Errorf("it says that it has ended sessions: %s", page)
	}
	users := s.Sessions()
	if len(users) != 1 {
		t.Fatalf("sessions %v", users)
	}
	if err := s.Check(t.Context(), providertest.Tenant, users[0].User.ID, s.p.ID, issued); !errors.Is(err, provider.ErrOver) {
		t.Errorf("a stateless token is good: %v", err)
	}
	if next, err := s.Maintain(t.Context()); err != nil || next.Sub(s.Clock.Now()) > time.Hour {
		t.Errorf("before it is due: %s, %v", next, err)
	}
	s.Clock.Add(time.Minute)
	if _, err := s.Maintain(t.Context()); err == nil {
		t.Error("a killer that fails is no error")
	}
	s.in(client, true, "while the host cannot")
	s.KillError = nil
	s.Clock.Add(time.Minute)
	if _, err := s.Maintain(t.Context()); err != nil {
		t.Error(err)
	}
	s.in(client, false, "when it can")
	kills := len(s.Kills())
	s.Clock.Add(time.Hour)
	if _, err := s.Maintain(t.Context()); err != nil || len(s.Kills()) != kills {
		t.Errorf("and once more: %v, %v", s.Kills(), err)
	}
}

// TestLogoutFromHere: the host ends its own session, and then the one at the identity provider.
func TestLogoutFromHere(t *testing.T) {
	t.Parallel()
	s := &site{Host: providertest.NewHost(t), t: t}
	draft, err := s.Begin(t.Context(), providertest.Admin, provider.Draft{Name: "A"})
	if err != nil {
		t.Fatal(err)
	}
	if s.ids, err = s.Identifiers(t.Context(), providertest.Admin, draft.ID); err != nil {
		t.Fatal(err)
	}
	s.idp = samltest.StartIdP(t, samltest.Options{Now: s.Clock.Now, ServiceProviders: []samltest.ServiceProvider{
		{EntityID: s.ids.EntityID, ACS: s.ids.ReplyURLs, SLO: s.ids.LogoutURL},
	}})
	s.p = s.ConnectFor(providertest.Admin, s.idp, draft.ID, "a.example")
	s.User(providertest.Managed(s.p.ID, person))
	var ticket, returnTo string
	var failed error
	s.Wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/sign-out" {
				next.ServeHTTP(w, r)
				return
			}
			if failed = s.StartLogout(w, r, providertest.Tenant, ticket, returnTo); failed != nil {
				w.WriteHeader(http.StatusTeapot)
			}
		})
	}
	client := s.signedIn()
	in, _ := s.Session(client)
	ticket, returnTo = in.Logout, "/app/bye"
	response, err := client.Get(s.URL + "/sign-out")
	if err != nil {
		t.Fatal(err)
	}
	status, page := read(t, response)
	if failed != nil || !strings.HasPrefix(response.Request.URL.String(), s.URL+returnTo) {
		t.Fatalf("%d %s at %s: %v", status, page, response.Request.URL, failed)
	}
	for what, c := range map[string]struct{ ticket, returnTo string }{
		"no ticket":           {"", "/"},
		"made up":             {"x", "/"},
		"changed":             {in.Logout[:len(in.Logout)-3] + "AAA", "/"},
		"to somewhere else":   {in.Logout, "https://evil.example"},
		"to another protocol": {in.Logout, "//evil.example"},
	} {
		ticket, returnTo = c.ticket, c.returnTo
		if response, err := client.Get(s.URL + "/sign-out"); err != nil || response.StatusCode != http.StatusTeapot || failed == nil {
			t.Errorf("%s: %v, %v, %v", what, response, err, failed)
		}
	}
	if err := s.StartLogout(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), "blue", in.Logout, ""); err == nil {
		t.Error("a ticket works in another tenant")
	}
}

// TestLogoutWithoutKey: where nothing is signed there is no single logout, and asking for it is no fault
// of ours.
func TestLogoutWithoutKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ring, err := s.Keys.Keys(t.Context(), providertest.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	ring.Sign = nil
	if err := s.Keys.Set(ring); err != nil {
		t.Fatal(err)
	}
	response, err := providertest.Browser(t).Get(s.URL + "/sso/" + string(s.p.ID) + "/slo?SAMLRequest=x")
	if err != nil {
		t.Fatal(err)
	}
	if status, page := read(t, response); status != http.StatusForbidden || s.Reasons(s.p.ID)[0] == provider.ReasonStore {
		t.Errorf("%d %s; %v", status, page, s.Reasons(s.p.ID))
	}
}
