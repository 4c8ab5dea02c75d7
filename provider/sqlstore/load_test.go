package sqlstore_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

var epoch = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// entraUser is the n-th of many users as Microsoft Entra ID creates them.
func entraUser(n int) scim.User {
	when := epoch.Add(time.Duration(n) * time.Millisecond)
	name := fmt.Sprintf("Ada.Lovelace%07d@contoso.example.com", n)
	return scim.User{
		Meta: scim.Meta{
			ID: fmt.Sprintf("0197a3c4-5b1e-7c3d-9a2f-%012d", n), ManagedBy: "entra",
			ExternalID: fmt.Sprintf("b3f1d6ce-61f3-4c0b-8e0e-%012d", n),
			Created:    when, LastModified: when,
		},
		UserName: name, DisplayName: fmt.Sprintf("Ada Lovelace %d", n), Active: true,
		Name:              scim.Name{Formatted: fmt.Sprintf("Ada Lovelace %d", n), GivenName: "Ada", FamilyName: fmt.Sprintf("Lovelace %d", n)},
		Title:             "Senior Engineer",
		PreferredLanguage: "en-US",
		Emails:            []scim.MultiValue{{Value: name, Type: "work", Primary: true}},
		PhoneNumbers:      []scim.MultiValue{{Value: fmt.Sprintf("+1 425 555 %07d", n), Type: "work"}},
		Enterprise: scim.Enterprise{
			EmployeeNumber: fmt.Sprintf("E%07d", n), Department: "Analytical Engines",
			Manager: scim.Manager{Value: fmt.Sprintf("0197a3c4-5b1e-7c3d-9a2f-%012d", n/10)},
		},
		NinjaOne: extension.User{OrganizationID: fmt.Sprint(n % 50), UserType: extension.EndUser},
	}
}

// entraUsers yields the users from, from+1, …, to-1.
func entraUsers(from, to int) func(func(scim.User) bool) {
	return func(yield func(scim.User) bool) {
		for n := from; n < to; n++ {
			if !yield(entraUser(n)) {
				return
			}
		}
	}
}

func TestLoad(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s, ctx := newStore(t, e, sqlstore.Config{}), t.Context()
		if n, err := s.Load(ctx, "acme", entraUsers(0, 1_234)); n != 1_234 || err != nil {
			t.Fatalf("%d users stored, %v", n, err)
		}
		g, err := scim.UserRegistry()
		if err != nil {
			t.Fatal(err)
		}
		mail, _ := g.Ref("emails.value")
		p, err := s.Users(ctx, "acme", scim.Query{Scope: scim.Scope{Manager: "entra"}, Limit: 10, Total: true, Filter: filter.Equal(g, mail, entraUser(1_000).UserName)})
		if err != nil || p.Total != 1 || len(p.Items) != 1 || p.Items[0].ID != entraUser(1_000).ID || p.Items[0].Version == "" {
			t.Errorf("look one up: %+v, %v", p, err)
		}

		for what, c := range map[string]struct {
			change    func(*scim.User)
			attribute string
		}{
			"a name that is stored": {func(u *scim.User) { u.ID = "other" }, "userName"},
			"an ID that is stored":  {func(u *scim.User) { u.UserName = "other" }, "id"},
		} {
			last := entraUser(7)
			c.change(&last)
			users := slices.Collect(entraUsers(2_000, 2_600))
			users = append(users, last)
			n, err := s.Load(ctx, "acme", slices.Values(users))
			var conflict *scim.ConflictError
			if n != 500 || !errors.As(err, &conflict) || conflict.Attribute != c.attribute {
				t.Errorf("%s: %d users stored, %v; want 500 and a conflict for %s", what, n, err, c.attribute)
			}
			for _, u := range users[:500] {
				if err := s.DeleteUser(ctx, "acme", u.ID, ""); err != nil {
					t.Fatal(err)
				}
			}
			if p, err := s.Users(ctx, "acme", scim.Query{Scope: scim.Scope{All: true}, Total: true}); err != nil || p.Total != 1_234 {
				t.Errorf("%s: %d users left, %v", what, p.Total, err)
			}
		}
		if n, err := s.Load(ctx, "acme", slices.Values([]scim.User{entraUser(5_000), entraUser(5_000)})); n != 0 || err == nil {
			t.Errorf("one user twice: %d stored, %v", n, err)
		}
	})
}
