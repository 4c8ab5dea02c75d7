package provider_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestUsers: each part of a query chooses, and pages follow each other.
func TestUsers(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	h.User(scim.User{UserName: "ada@acme.test", Active: true, Name: scim.Name{FamilyName: "Lovelace"}, NinjaOne: extension.User{UserType: extension.EndUser, OrganizationID: "1"}})
	h.User(scim.User{UserName: "bob@acme.test", DisplayName: `Bob "the" B.`, NinjaOne: extension.User{UserType: extension.Technician}})
	h.User(scim.User{Meta: scim.Meta{ManagedBy: "p"}, UserName: "cy@acme.test", Active: true, Emails: []scim.MultiValue{{Type: "work", Value: "c@mail.test"}}, NinjaOne: extension.User{UserType: extension.EndUser, OrganizationID: "2"}})
	for _, c := range []struct {
		name string
		q    provider.PeopleQuery
		want []string
	}{
		{"all", provider.PeopleQuery{}, []string{"ada@acme.test", "bob@acme.test", "cy@acme.test"}},
		{"user name", provider.PeopleQuery{Search: "ADA@"}, []string{"ada@acme.test"}},
		{"family name", provider.PeopleQuery{Search: "lovel"}, []string{"ada@acme.test"}},
		{"display name with quotes", provider.PeopleQuery{Search: `"the"`}, []string{"bob@acme.test"}},
		{"no filter comes in by the search", provider.PeopleQuery{Search: `" or active eq true or userName eq "`}, nil},
		{"e-mail", provider.PeopleQuery{Search: "mail.test"}, []string{"cy@acme.test"}},
		{"type", provider.PeopleQuery{UserType: extension.Technician}, []string{"bob@acme.test"}},
		{"organization", provider.PeopleQuery{Organization: "2"}, []string{"cy@acme.test"}},
		{"active", provider.PeopleQuery{Active: new(false)}, []string{"bob@acme.test"}},
		{"provider", provider.PeopleQuery{Provider: "p"}, []string{"cy@acme.test"}},
		{"several", provider.PeopleQuery{Search: "acme", UserType: extension.EndUser, Active: new(true), Organization: "1"}, []string{"ada@acme.test"}},
	} {
		page, err := h.Users(ctx, providertest.Admin, c.q)
		if got := userNames(page.Items); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	first, err := h.Users(ctx, providertest.Admin, provider.PeopleQuery{Limit: 2})
	if err != nil || len(first.Items) != 2 || first.Next == "" {
		t.Fatalf("first page: %v, %v", userNames(first.Items), err)
	}
	second, err := h.Users(ctx, providertest.Admin, provider.PeopleQuery{Limit: 2, After: first.Next})
	if got := userNames(second.Items); err != nil || !slices.Equal(got, []string{"cy@acme.test"}) {
		t.Errorf("second page: %v, %v", got, err)
	}
	if _, err := h.Users(ctx, providertest.Admin, provider.PeopleQuery{After: "nowhere"}); !isProblem(err, provider.ProblemPage) {
		t.Errorf("no such page: %v", err)
	}
	if other, err := h.Users(ctx, provider.Actor{Tenant: "other"}, provider.PeopleQuery{}); err != nil || len(other.Items) > 0 {
		t.Errorf("another tenant sees %v, %v", userNames(other.Items), err)
	}
}

// TestSearchBound: what is searched for is bounded in characters, as the problem says.
func TestSearchBound(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	for length, fits := range map[int]bool{256: true, 257: false} {
		word := strings.Repeat("é", length)
		_, users := h.Users(t.Context(), providertest.Admin, provider.PeopleQuery{Search: word})
		_, groups := h.Groups(t.Context(), providertest.Admin, provider.GroupQuery{Search: word})
		for _, err := range []error{users, groups} {
			if fits && err != nil || !fits && !isProblem(err, provider.ProblemPage) {
				t.Errorf("%d characters: %v", length, err)
			}
		}
	}
}

func userNames(list []scim.User) (names []string) {
	for _, u := range list {
		names = append(names, u.UserName)
	}
	return names
}

// TestGroupsOfTenant: groups are found by name and provider, with their members.
func TestGroupsOfTenant(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	u := h.User(scim.User{Meta: scim.Meta{ManagedBy: "p"}, UserName: "ada@acme.test", Active: true})
	make := func(manager, name string, members ...string) scim.Group {
		g, err := h.Config.Stores.Groups.CreateGroup(ctx, providertest.Tenant, scim.Group{Meta: scim.Meta{ID: manager + name, ManagedBy: manager}, DisplayName: name}, scim.MemberChange{Add: members})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	desk := make("p", "Service desk", u.ID)
	make("q", "Field service")
	for _, c := range []struct {
		q    provider.GroupQuery
		want int
	}{{provider.GroupQuery{}, 2}, {provider.GroupQuery{Search: "SERVICE d"}, 1}, {provider.GroupQuery{Provider: "q"}, 1}, {provider.GroupQuery{Provider: "r"}, 0}} {
		if page, err := h.Groups(ctx, providertest.Admin, c.q); err != nil || len(page.Items) != c.want {
			t.Errorf("%+v: %d groups, %v, want %d", c.q, len(page.Items), err, c.want)
		}
	}
	if page, err := h.Members(ctx, providertest.Admin, desk.ID, "", 10); err != nil || len(page.Items) != 1 || page.Items[0].Value != u.ID {
		t.Errorf("members %+v, %v", page, err)
	}
	if _, err := h.Members(ctx, provider.Actor{Tenant: "other"}, desk.ID, "", 10); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("members for another tenant: %v", err)
	}
	if list, err := h.GroupsOf(ctx, providertest.Admin, u.ID); err != nil || len(list) != 1 || list[0].Display != "Service desk" {
		t.Errorf("groups of the user: %v, %v", list, err)
	}
}

// TestAwaiting: an administrator whom the provider was refused is listed until approved.
func TestAwaiting(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p := h.Connect(h.IdP(), "Acme", "acme.test")
	_, client := h.Provision(p.ID)
	boss := h.User(scim.User{UserName: "boss@acme.test", Active: true, Administrator: true})
	h.User(scim.User{UserName: "other@acme.test", Active: true, Administrator: true})
	h.User(scim.User{UserName: "plain@acme.test", Active: true})
	for _, name := range []string{"boss@acme.test", "plain@acme.test"} {
		if status, body := h.Ask(client, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+name+`"}`); status != 409 {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, body := h.Ask(client, "PATCH", "/Users/"+boss.ID, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"B"}]}`); status != 409 {
		t.Fatalf("%d %s", status, body)
	}
	if list, err := h.Awaiting(ctx, providertest.Admin, p.ID); err != nil || !slices.Equal(userNames(list), []string{"boss@acme.test"}) {
		t.Errorf("awaiting %q, %v", userNames(list), err)
	}
	if _, err := h.Approve(ctx, providertest.Admin, p.ID, boss.ID, h.Proof(provider.ActionApprove, p.ID)); err != nil {
		t.Fatal(err)
	}
	if list, err := h.Awaiting(ctx, providertest.Admin, p.ID); err != nil || len(list) > 0 {
		t.Errorf("awaiting %q after the approval, %v", userNames(list), err)
	}
}
