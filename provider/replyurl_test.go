package provider_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestReplyURLOfOthers: a reply URL is at a host of its tenant. At another's it would sign people in
// there, as whom its identity provider likes.
func TestReplyURLOfOthers(t *testing.T) {
	t.Parallel()
	victim := "https://victim.example"
	mallory := providertest.Actor("mallory")
	gone := false
	h := providertest.NewHost(t)
	h.Config.URLs = func(_ context.Context, tenant scim.TenantID) (provider.URLs, error) {
		switch {
		case tenant == providertest.Tenant:
			return provider.URLs{Native: victim}, nil
		case gone:
			return provider.URLs{Native: "https://mallory.example"}, nil
		}
		return provider.URLs{Native: h.URL}, nil
	}
	var err error
	if h.Service, err = provider.New(h.Config); err != nil {
		t.Fatal(err)
	}
	theirs := victim + "/old/saml"
	if _, err := h.Begin(t.Context(), mallory, provider.Draft{ReplyURL: theirs}); !isProblem(err, provider.ProblemIdentifiers) {
		t.Errorf("Begin: %v", err)
	}
	p, err := h.Begin(t.Context(), mallory, provider.Draft{Name: "m", ReplyURL: h.URL + "/old/saml"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Change(t.Context(), mallory, p.ID, provider.Change{ReplyURL: &theirs}); !isProblem(err, provider.ProblemIdentifiers) {
		t.Errorf("Change: %v", err)
	}
	// The host was theirs, and is another's by now.
	idp := h.IdP()
	p = h.ConnectFor(mallory, idp, p.ID, "m.example")
	u := providertest.Managed(p.ID, "m@m.example")
	u.ID = "m"
	if _, err := h.Config.Stores.Users.CreateUser(t.Context(), "mallory", u); err != nil {
		t.Fatal(err)
	}
	for _, lost := range []bool{false, true} {
		client := providertest.Browser(t)
		r := begin(t, client, h.StartURL(p.ID))
		gone = lost
		value := idp.FormValue(samltest.ResponseOptions{ACS: r.ACS, Audience: p.EntityID, InResponseTo: r.ID, Person: samltest.Person{NameID: "m@m.example"}})
		post(t, client, r.ACS, url.Values{"SAMLResponse": {value}, "RelayState": {r.RelayState}})
		if _, ok := h.Session(client); ok == lost {
			t.Errorf("a host that is lost %v: signed in %v", lost, ok)
		}
	}
}

// TestAnywhere: an answer that is posted to an address which is none of a reply URL is none, though the
// browser has the request.
func TestAnywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := providertest.Browser(t)
	r := begin(t, client, s.StartURL(s.p.ID))
	post(t, client, s.URL+"/old/saml", s.answer(r))
	s.in(client, false, "elsewhere")
	post(t, client, r.ACS, s.answer(r))
	s.in(client, true, "where it belongs")
}
