package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestJoin: a test and a refusal say who may be meant by a name that nobody has, and which claim to change.
func TestJoin(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP(func(o *samltest.Options) { o.EntityID = "https://sts.windows.net/8f7a-tenant/" })
	p := h.Connect(idp, "A", "acme.example", "acme.onmicrosoft.com")
	other := h.Connect(h.IdP(), "B", "b.example")
	add := func(manager provider.ID, name, mail, externalID string) {
		u := providertest.Managed(manager, name)
		u.ExternalID = externalID
		if mail != "" {
			u.Emails = []scim.MultiValue{{Value: mail, Type: "work"}}
		}
		h.User(u)
	}
	add(p.ID, "jane@acme.onmicrosoft.com", "jane.doe@acme.example", "jane")
	add(p.ID, "joe@acme.local", "", "")
	add(p.ID, "guest@partner.example", "", "")
	add(p.ID, "emp7", "", "E007")
	add(other.ID, "secret@b.example", "secret@acme.example", "secret")
	h.User(scim.User{UserName: "native@acme.example", Active: true, SSO: true, Emails: []scim.MultiValue{{Value: "n.ative@acme.example", Type: "work"}}})
	h.User(scim.User{UserName: "far@elsewhere.example", Active: true, Emails: []scim.MultiValue{{Value: "far@acme.example", Type: "work"}}})
	for name, want := range map[string]struct{ user, how, advice string }{
		"JANE.DOE@acme.example": {"jane@acme.onmicrosoft.com", "work e-mail", "userName"},
		"jane@acme.example":     {"jane@acme.onmicrosoft.com", "externalId", "userName"},
		"joe@acme.example":      {"joe@acme.local", "same part before the @", ".local"},
		"E007":                  {"emp7", "externalId", "userName"},
		"emp7@acme.example":     {"emp7", "before the @ as user name", "userName"},
		"n.ative@acme.example":  {"native@acme.example", "work e-mail", "userName"},
		"guest_partner.example#EXT#@acme.onmicrosoft.com": {"guest@partner.example", "guest", "guest"},
		"secret@acme.example":                             {"", "", ""}, // another provider's
		"far@acme.example":                                {"", "", ""}, // not of its domains
		"nobody@acme.example":                             {"", "", ""},
	} {
		run, address, err := h.Test(t.Context(), providertest.Admin, p.ID, provider.TestOptions{})
		if err != nil {
			t.Fatal(err)
		}
		client := providertest.Browser(t)
		r := begin(t, client, address)
		value := idp.FormValue(samltest.ResponseOptions{ACS: r.ACS, Audience: r.Issuer, InResponseTo: r.ID, Person: samltest.Person{NameID: name}})
		post(t, client, r.ACS, map[string][]string{"SAMLResponse": {value}, "RelayState": {r.RelayState}})
		if run, err = h.TestResult(t.Context(), providertest.Admin, p.ID, run.ID); err != nil {
			t.Fatal(err)
		}
		j := run.Join
		if !strings.Contains(name, "@") { // a test wants an e-mail address; a sign-in does not
			client := providertest.Browser(t)
			assert(t, h, idp, client, p, false, func(o *samltest.ResponseOptions) { o.Person.NameID = name })
			list, err := h.Refusals(t.Context(), providertest.Admin, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			j = list[0].Join
		}
		switch {
		case j == nil || j.Reason != provider.ReasonUnknownUser:
			t.Errorf("%s: %+v", name, j)
		case want.user == "":
			if len(j.Nearest) != 0 || j.Advice != "" {
				t.Errorf("%s: may be %+v, want nobody", name, j.Nearest)
			}
		case len(j.Nearest) == 0 || j.Nearest[0].UserName != want.user || !strings.Contains(j.Nearest[0].How, want.how) || !strings.Contains(j.Advice, want.advice):
			t.Errorf("%s: %+v %q, want %+v", name, j.Nearest, j.Advice, want)
		case strings.Contains(name, "@") && !strings.Contains(run.Markdown(""), want.user):
			t.Errorf("%s: the report does not name %s:\n%s", name, want.user, run.Markdown(""))
		}
	}
}

// TestMaintainJoins: people whom the identity provider has vouched for and who have neighbours make one
// event a day.
func TestMaintainJoins(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "A", "acme.example")
	u := providertest.Managed(p.ID, "jane@acme.local")
	h.User(u)
	mismatches := func() []provider.Event {
		if _, err := h.Maintain(t.Context()); err != nil {
			t.Error(err)
		}
		page, err := h.Events(t.Context(), providertest.Admin, provider.EventQuery{Types: []provider.EventType{provider.EventJoinMismatch}})
		if err != nil {
			t.Fatal(err)
		}
		return page.Events
	}
	try := func(name string) {
		assert(t, h, idp, providertest.Browser(t), p, false, func(o *samltest.ResponseOptions) { o.Person.NameID = name })
	}
	try("nobody@acme.example")
	if list := mismatches(); len(list) != 0 {
		t.Errorf("without neighbours: %v", list)
	}
	for range 3 {
		try("jane@acme.example")
	}
	mismatches()
	list := mismatches()
	if len(list) != 1 || list[0].Details["unknown"] != "2" || list[0].Details["near"] != "1" || list[0].Details["user_name"] != "jane@acme.local" || list[0].Details["advice"] == "" {
		t.Fatalf("mismatches %v %v", list, list[0].Details)
	}
	h.Clock.Add(25 * time.Hour)
	if list := mismatches(); len(list) != 1 {
		t.Errorf("a day without anybody: %v", list)
	}
	try("jane@acme.example")
	if list := mismatches(); len(list) != 2 {
		t.Errorf("the next day: %v", list)
	}
}
