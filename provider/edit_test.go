package provider_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// eachKind runs a test with stores that have transactions and with stores that have none.
func eachKind(t *testing.T, f func(t *testing.T, h *providertest.Host)) {
	for name, transact := range map[string]bool{"transactions": true, "none": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, providertest.NewHost(t, func(c *provider.Config) {
				c.Organizations = providertest.Organizations{"1", "2"}
				if !transact {
					c.Stores.Transact = nil
				}
			}))
		})
	}
}

// TestEditUser: what an administrator changes here, and what not.
func TestEditUser(t *testing.T) {
	eachKind(t, func(t *testing.T, h *providertest.Host) {
		ctx := t.Context()
		u := h.User(scim.User{UserName: "ada@acme.test", Active: true, NinjaOne: extension.User{UserType: extension.EndUser, OrganizationID: "1"},
			Emails: []scim.MultiValue{{Type: "home", Value: "a@home.test"}, {Type: "work", Value: "old@acme.test", Primary: true}}})
		got, err := h.EditUser(ctx, providertest.Admin, u.ID, provider.UserEdit{
			Version: u.Version, GivenName: new(" Ada "), FamilyName: new("Lovelace"), DisplayName: new("Ada L."), WorkEmail: new("ada@acme.test"),
			UserType: new(extension.Technician), Organization: new("2"), Phone: new("+1 555"), Language: new("en-GB"),
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []scim.MultiValue{{Type: "home", Value: "a@home.test"}, {Type: "work", Value: "ada@acme.test", Primary: true}}
		if got.Name.GivenName != "Ada" || got.Name.FamilyName != "Lovelace" || got.DisplayName != "Ada L." || !slices.Equal(got.Emails, want) ||
			got.NinjaOne != (extension.User{UserType: extension.Technician, OrganizationID: "2"}) || got.PhoneNumbers[0].Value != "+1 555" || got.PreferredLanguage != "en-GB" {
			t.Errorf("stored %+v", got)
		}
		if _, err := h.EditUser(ctx, providertest.Admin, u.ID, provider.UserEdit{Version: u.Version, GivenName: new("Eve")}); !errors.Is(err, provider.ErrStale) {
			t.Errorf("seen before: %v", err)
		}
		if e := latest(t, h, provider.EventUserEdited); !strings.Contains(e.Details["attributes"], "userType") || e.User != u.ID || e.By != providertest.Admin.Name {
			t.Errorf("event %+v", e)
		}
		for name, edit := range map[string]provider.UserEdit{
			"no such type":         {UserType: new("technician")},
			"no such organization": {Organization: new("9")},
			"nowhere":              {UserType: new(extension.EndUser), Organization: new("")},
			"control character":    {GivenName: new("a\x00b")},
			"too long":             {GivenName: new(strings.Repeat("x", 257))},
		} {
			if _, err := h.EditUser(ctx, providertest.Admin, u.ID, edit); !isProblem(err, provider.ProblemPolicy) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.EditUser(ctx, providertest.Admin, "nobody", provider.UserEdit{Phone: new("1")}); !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		if _, err := h.EditUser(ctx, provider.Actor{Tenant: "other"}, u.ID, provider.UserEdit{Phone: new("1")}); !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("another tenant: %v", err)
		}
	})
}

// TestEditLeaver: sessions of who is deactivated or demoted end, and the last administrator stays.
func TestEditLeaver(t *testing.T) {
	eachKind(t, func(t *testing.T, h *providertest.Host) {
		ctx := t.Context()
		tech := h.User(scim.User{UserName: "tech", Active: true, NinjaOne: extension.User{UserType: extension.Technician}})
		one := h.User(scim.User{UserName: "one", Active: true, Administrator: true})
		two := h.User(scim.User{UserName: "two", Active: true, Administrator: true})
		if _, err := h.EditUser(ctx, providertest.Admin, tech.ID, provider.UserEdit{UserType: new(extension.EndUser), Organization: new("1")}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.EditUser(ctx, providertest.Admin, one.ID, provider.UserEdit{Active: new(false)}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.EditUser(ctx, providertest.Admin, two.ID, provider.UserEdit{Active: new(false)}); !isProblem(err, provider.ProblemLastNative) {
			t.Errorf("the last administrator: %v", err)
		}
		if u, err := h.Service.User(ctx, providertest.Admin, two.ID); err != nil || !u.Active {
			t.Errorf("the last administrator is %+v, %v", u, err)
		}
		var ended []string
		for _, k := range h.Kills() {
			ended = append(ended, k.User)
		}
		if !slices.Equal(ended, []string{tech.ID, one.ID}) {
			t.Errorf("sessions of %q ended", ended)
		}
		h.KillError = errors.New("down")
		again := h.User(scim.User{UserName: "three", Active: true})
		if _, err := h.EditUser(ctx, providertest.Admin, again.ID, provider.UserEdit{Active: new(false)}); err == nil {
			t.Error("a killer that fails is not told of")
		}
		if u, err := h.Service.User(ctx, providertest.Admin, again.ID); err != nil || u.Active {
			t.Errorf("a killer that fails keeps the user: %+v, %v", u, err)
		}
	})
}

// TestEditManaged: what an identity provider manages is changed there, but for minor settings.
func TestEditManaged(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p := h.Connect(h.IdP(), "Acme", "acme.test")
	h.Provision(p.ID)
	u := h.User(scim.User{Meta: scim.Meta{ManagedBy: string(p.ID)}, UserName: "ada@acme.test", Active: true})
	if _, err := h.EditUser(ctx, providertest.Admin, u.ID, provider.UserEdit{GivenName: new("Ada")}); !isProblem(err, provider.ProblemState) {
		t.Errorf("a name: %v", err)
	}
	if u, err := h.EditUser(ctx, providertest.Admin, u.ID, provider.UserEdit{Phone: new("1"), Language: new("de")}); err != nil || u.PreferredLanguage != "de" {
		t.Errorf("minor settings: %v", err)
	}
	if _, err := h.DisableSCIM(ctx, providertest.Admin, p.ID, h.Proof(provider.ActionDisableSCIM, p.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.EditUser(ctx, providertest.Admin, u.ID, provider.UserEdit{GivenName: new("Ada")}); err != nil {
		t.Errorf("a name, while provisioning is off: %v", err)
	}
}

// latest returns the last event of a type.
func latest(t *testing.T, h *providertest.Host, kind provider.EventType) provider.Event {
	t.Helper()
	page, err := h.Events(context.WithoutCancel(t.Context()), providertest.Admin, provider.EventQuery{Types: []provider.EventType{kind}, Limit: 1})
	if err != nil || len(page.Events) == 0 {
		t.Fatalf("no event %s: %v", kind, err)
	}
	return page.Events[0]
}
