package provider_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"

	_ "modernc.org/sqlite"
)

// eachKind runs a test with stores whose transactions hold all, with stores whose transactions hold the
// users alone, and with stores that have none.
func eachKind(t *testing.T, f func(t *testing.T, h *providertest.Host)) {
	for _, kind := range []string{"joined", "apart", "none"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f(t, providertest.NewHost(t, func(c *provider.Config) {
				c.Organizations = providertest.Organizations{"1", "2"}
				if kind == "none" {
					return
				}
				store := newSQLite(t)
				c.Stores = store.Stores()
				if kind == "joined" {
					c.Store = store.Providers()
				}
			}))
		})
	}
}

func newSQLite(t *testing.T) *sqlstore.Store {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "users.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	store, err := sqlstore.NewSQLite(t.Context(), db, sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return store
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
		if page, err := h.Events(ctx, providertest.Admin, provider.EventQuery{Types: []provider.EventType{provider.EventUserEdited}}); err != nil || len(page.Events) != 1 {
			t.Errorf("recorded %d times, %v", len(page.Events), err)
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

// TestEditAdministrators: administrators who sign in elsewhere are counted alike with every kind of stores.
func TestEditAdministrators(t *testing.T) {
	eachKind(t, func(t *testing.T, h *providertest.Host) {
		one := h.User(scim.User{UserName: "one", Active: true, Administrator: true, SSO: true})
		two := h.User(scim.User{UserName: "two", Active: true, Administrator: true, SSO: true})
		if _, err := h.EditUser(t.Context(), providertest.Admin, one.ID, provider.UserEdit{Active: new(false)}); err != nil {
			t.Errorf("one of two: %v", err)
		}
		if _, err := h.EditUser(t.Context(), providertest.Admin, two.ID, provider.UserEdit{Active: new(false)}); !isProblem(err, provider.ProblemLastNative) {
			t.Errorf("the last one: %v", err)
		}
	})
}

// A meddler is a store of users in which something happens whenever one of them is about to be changed.
type meddler struct {
	scim.UserStore
	meanwhile func(scim.UserStore)
}

func (m *meddler) UpdateUser(ctx context.Context, tenant scim.TenantID, u scim.User) (scim.User, error) {
	if f := m.meanwhile; f != nil {
		m.meanwhile = nil
		f(m.UserStore)
	}
	return m.UserStore.UpdateUser(ctx, tenant, u)
}

func meddled(t *testing.T) (*providertest.Host, *meddler) {
	m := &meddler{}
	h := providertest.NewHost(t, func(c *provider.Config) {
		m.UserStore = c.Stores.Users
		c.Stores.Users = m
	})
	return h, m
}

// TestEditAtOnce: without transactions, an edit is undone if the administrator who was left has left too.
func TestEditAtOnce(t *testing.T) {
	t.Parallel()
	h, m := meddled(t)
	one := h.User(scim.User{UserName: "one", Active: true, Administrator: true})
	two := h.User(scim.User{UserName: "two", Active: true, Administrator: true})
	m.meanwhile = func(users scim.UserStore) {
		two.Active = false
		if _, err := users.UpdateUser(t.Context(), providertest.Tenant, two); err != nil {
			t.Error(err)
		}
	}
	if _, err := h.EditUser(t.Context(), providertest.Admin, one.ID, provider.UserEdit{Active: new(false)}); !isProblem(err, provider.ProblemLastNative) || errors.Is(err, scim.ErrStale) {
		t.Errorf("both at once: %v", err)
	}
	if u, err := h.Service.User(t.Context(), providertest.Admin, one.ID); err != nil || !u.Active {
		t.Errorf("nobody is left: %+v, %v", u, err)
	}
	if kills := h.Kills(); len(kills) != 0 {
		t.Errorf("sessions ended: %v", kills)
	}
}

// TestEditAdopted: who is adopted while an edit is on its way is the identity provider's.
func TestEditAdopted(t *testing.T) {
	t.Parallel()
	h, m := meddled(t)
	p := h.Connect(h.IdP(), "Acme", "acme.test")
	h.Provision(p.ID)
	u := h.User(scim.User{UserName: "ada@acme.test", Active: true})
	m.meanwhile = func(users scim.UserStore) {
		u.ManagedBy = string(p.ID)
		if _, err := users.UpdateUser(t.Context(), providertest.Tenant, u); err != nil {
			t.Error(err)
		}
	}
	if _, err := h.EditUser(t.Context(), providertest.Admin, u.ID, provider.UserEdit{Active: new(false)}); !isProblem(err, provider.ProblemState) {
		t.Errorf("adopted meanwhile: %v", err)
	}
}

// TestEditDeleted: the row that is left of who was deleted is nobody's to see, or to revive.
func TestEditDeleted(t *testing.T) {
	eachKind(t, func(t *testing.T, h *providertest.Host) {
		h.User(scim.User{UserName: "ada@acme.test", Active: true})
		u := h.User(scim.User{Meta: scim.Meta{ManagedBy: provider.Deleted}, UserName: "x@deleted.invalid", Administrator: true})
		page, err := h.Users(t.Context(), providertest.Admin, provider.PeopleQuery{})
		if names := userNames(page.Items); err != nil || !slices.Equal(names, []string{"ada@acme.test"}) {
			t.Errorf("listed %q, %v", names, err)
		}
		if _, err := h.Service.User(t.Context(), providertest.Admin, u.ID); !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("shown: %v", err)
		}
		for _, edit := range []provider.UserEdit{{Active: new(true)}, {Phone: new("1")}} {
			if _, err := h.EditUser(t.Context(), providertest.Admin, u.ID, edit); !errors.Is(err, provider.ErrNotFound) {
				t.Errorf("edited: %v", err)
			}
		}
	})
}

// A resolver is organizations with an answer.
type resolver func(id string) (string, error)

func (r resolver) Resolve(_ context.Context, _ scim.TenantID, _ provider.ID, id string) (string, error) {
	return r(id)
}

// TestEditOrganization: organizations are judged as provisioning judges them.
func TestEditOrganization(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	h := providertest.NewHost(t, func(c *provider.Config) {
		c.Organizations = resolver(func(id string) (string, error) {
			switch id {
			case "down":
				return "", down
			case "9":
				return "", extension.ErrUnknownOrganization
			}
			return "", nil // as it is
		})
	})
	edit := func(was extension.User, e provider.UserEdit) (extension.User, error) {
		u := h.User(scim.User{UserName: rand.Text(), Active: true, NinjaOne: was})
		u, err := h.EditUser(t.Context(), providertest.Admin, u.ID, e)
		return u.NinjaOne, err
	}
	placed := extension.User{UserType: extension.EndUser, OrganizationID: "1"}
	if n, err := edit(placed, provider.UserEdit{Organization: new("2")}); err != nil || n.OrganizationID != "2" {
		t.Errorf("a resolver without another form: %+v, %v", n, err)
	}
	if n, err := edit(placed, provider.UserEdit{Organization: new("ALL")}); err != nil || n.OrganizationID != extension.All {
		t.Errorf("all: %+v, %v", n, err)
	}
	if _, err := edit(placed, provider.UserEdit{Organization: new("down")}); !errors.Is(err, down) || isProblem(err, provider.ProblemPolicy) {
		t.Errorf("a resolver that does not know: %v", err)
	}
	for _, id := range []string{"9", "1,2", "a\x00b", strings.Repeat("x", 129)} {
		if _, err := edit(placed, provider.UserEdit{Organization: &id}); !isProblem(err, provider.ProblemPolicy) {
			t.Errorf("%q: %v", id, err)
		}
	}
	tech := extension.User{UserType: extension.Technician, OrganizationID: "9"}
	if n, err := edit(tech, provider.UserEdit{UserType: new(extension.EndUser)}); !isProblem(err, provider.ProblemPolicy) {
		t.Errorf("an end user of what only a technician could have: %+v, %v", n, err)
	}
	if n, err := edit(extension.User{}, provider.UserEdit{UserType: new(extension.EndUser), Organization: new(""), DisplayName: new("A")}); err != nil || n != (extension.User{}) {
		t.Errorf("who has no type stays so: %+v, %v", n, err)
	}
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
