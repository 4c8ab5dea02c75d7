package scim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

func TestMemoryStoreUsers(t *testing.T) {
	scimtest.TestUserStore(t, func(*testing.T) scim.UserStore { return new(scim.MemoryStore) })
}

func TestMemoryStoreGroups(t *testing.T) {
	scimtest.TestGroupStore(t, func(*testing.T) scim.GroupStore { return new(scim.MemoryStore) })
}

// entraUser is the n-th of many users as Microsoft Entra ID creates them.
func entraUser(n int) scim.User {
	when := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Millisecond)
	name := fmt.Sprintf("ada.lovelace%06d@contoso.example.com", n)
	return scim.User{
		Meta: scim.Meta{
			ID: fmt.Sprintf("0197a3c4-%012d-k3v9q0zt", n), ManagedBy: "entra-7f3a",
			ExternalID: fmt.Sprintf("b3f1d6ce-61f3-4c0b-8e0e-%012d", n),
			Created:    when, LastModified: when,
		},
		UserName: name, DisplayName: fmt.Sprintf("Ada Lovelace %d", n), Active: true,
		Name:              scim.Name{Formatted: fmt.Sprintf("Ada Lovelace %d", n), GivenName: "Ada", FamilyName: fmt.Sprintf("Lovelace %d", n)},
		Title:             "Senior Engineer",
		PreferredLanguage: "en-US",
		Emails:            []scim.MultiValue{{Value: name, Type: "work", Primary: true}},
		PhoneNumbers:      []scim.MultiValue{{Value: fmt.Sprintf("+1 425 555 %06d", n), Type: "work"}},
		Enterprise: scim.Enterprise{
			EmployeeNumber: fmt.Sprintf("E%06d", n), Department: "Analytical Engines",
			Manager: scim.Manager{Value: fmt.Sprintf("0197a3c4-%012d-k3v9q0zt", n/10)},
		},
		NinjaOne: extension.User{OrganizationID: fmt.Sprint(n % 50), UserType: extension.EndUser},
	}
}

func fill(t testing.TB, s *scim.MemoryStore, from, to int) {
	for n := from; n < to; n++ {
		if _, err := s.CreateUser(context.Background(), "acme", entraUser(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// many users are enough for what is slow among many to be seen.
const many = 100_000

// userBytes returns what each of n users costs, the indexes included.
func userBytes(t testing.TB, n int) float64 {
	s := new(scim.MemoryStore)
	before := heap()
	fill(t, s, 0, n)
	after := heap()
	runtime.KeepAlive(s)
	return float64(after-before) / float64(n)
}

func TestMemoryPerUser(t *testing.T) {
	const most = 1_000 // bytes; 640 when this was written
	if got := userBytes(t, 20_000); got > most {
		t.Errorf("a user costs %.0f bytes, want at most %d", got, most)
	}
}

func BenchmarkMemoryPerUser(b *testing.B) {
	var bytes float64
	for b.Loop() {
		bytes = userBytes(b, many)
	}
	b.ReportMetric(bytes, "B/user")
}

// TestMemoryStoreLarge compares a store of some thousand users, made in no order and changed and
// deleted, with what it should be. It is large enough for lists of many parts.
func TestMemoryStoreLarge(t *testing.T) {
	ctx, random := t.Context(), rand.New(rand.NewPCG(1, 2))
	s := new(scim.MemoryStore)
	model := make(map[string]scim.User)
	managers := []string{"", "entra", "okta"}
	for range 12_000 {
		n := random.IntN(4_000)
		u := entraUser(n)
		u.ManagedBy = managers[random.IntN(3)]
		_, there := model[u.ID]
		var err error
		switch {
		case !there:
			u, err = s.CreateUser(ctx, "acme", u)
		case random.IntN(3) == 0:
			err = s.DeleteUser(ctx, "acme", u.ID, "")
		default:
			u.Emails[0].Value = fmt.Sprintf("shared%d@example.com", n%100)
			u, err = s.UpdateUser(ctx, "acme", u)
		}
		if err != nil {
			t.Fatal(err)
		}
		if model[u.ID] = u; u.Version == "" {
			delete(model, u.ID)
		}
	}

	registry, err := scim.UserRegistry()
	if err != nil {
		t.Fatal(err)
	}
	ref, _ := registry.Ref("emails.value")
	for _, scope := range []scim.Scope{{All: true}, {Manager: "okta"}, {Manager: "entra", AndNative: true}} {
		for _, f := range []*filter.Bound{nil, filter.Equal(registry, ref, "Shared42@example.com")} {
			var want []string
			for _, u := range model {
				if scope.Sees(u.ManagedBy) && f.Match(&u) {
					want = append(want, u.ID)
				}
			}
			slices.Sort(want)
			for _, offset := range []int{0, 1, 511, 512, 513, len(want) - 1, len(want)} {
				offset = max(offset, 0)
				p, err := s.Users(ctx, "acme", scim.Query{Filter: f, Scope: scope, Offset: offset, Limit: 600, Total: true})
				if err != nil {
					t.Fatal(err)
				}
				from := min(offset, len(want))
				want := want[from:min(from+600, len(want))]
				if !slices.EqualFunc(p.Items, want, func(u scim.User, id string) bool { return u.ID == id && u.Version == model[id].Version }) {
					t.Errorf("scope %+v, filter %q, offset %d: %d users, want %d, or others", scope, f, offset, len(p.Items), len(want))
				}
			}
			for _, size := range []int{7, 512, 600} {
				walkUsers(t, s, scim.Query{Scope: scope, Filter: f, Limit: size}, want)
			}
		}
	}
}

// walkUsers reads a listing by position, from one end to the other and back.
func walkUsers(t *testing.T, s *scim.MemoryStore, q scim.Query, want []string) {
	t.Helper()
	var there, back []string
	read := func() scim.Page[scim.User] {
		p, err := s.Users(t.Context(), "acme", q)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var last scim.Page[scim.User]
	for more := true; more && len(there) <= len(want); more = q.After != "" {
		last = read()
		for i := range last.Items {
			there = append(there, last.Items[i].ID)
		}
		q.After = last.Next
	}
	for i := range last.Items {
		back = append(back, last.Items[i].ID)
	}
	for q.Before = last.Previous; q.Before != "" && len(back) <= len(want); q.Before = last.Previous {
		last = read()
		ids := make([]string, len(last.Items))
		for i := range last.Items {
			ids[i] = last.Items[i].ID
		}
		back = append(ids, back...)
	}
	if !slices.Equal(there, want) || !slices.Equal(back, want) {
		t.Errorf("scope %+v, filter %q, in pages of %d: %d users there and %d back, want %d, or others", q.Scope, q.Filter, q.Limit, len(there), len(back), len(want))
	}
}

func TestMemoryStoreMakesIDs(t *testing.T) {
	s := new(scim.MemoryStore)
	last := ""
	for n := range 1_000 {
		u, err := s.CreateUser(t.Context(), "acme", scim.User{UserName: fmt.Sprint(n)})
		if err != nil {
			t.Fatal(err)
		}
		if u.ID <= last || len(u.ID) > 64 {
			t.Fatalf("the ID %q follows %q", u.ID, last)
		}
		last = u.ID
	}
}

func BenchmarkMemoryStore(b *testing.B) {
	ctx := b.Context()
	s := new(scim.MemoryStore)
	fill(b, s, 0, many)
	registry, err := scim.UserRegistry()
	if err != nil {
		b.Fatal(err)
	}
	all, entra := scim.Scope{All: true}, scim.Scope{Manager: "entra-7f3a"}
	equal := func(attribute, value string) *filter.Bound {
		ref, ok := registry.Ref(attribute)
		if !ok {
			b.Fatal(attribute)
		}
		return filter.Equal(registry, ref, value)
	}
	u := entraUser(70_000)
	after := func(n int) string { return scim.Order{}.Position(nil, entraUser(n).ID) }
	name, _ := registry.Ref("userName")

	for name, q := range map[string]scim.Query{
		"userName":                {Filter: equal("userName", u.UserName), Scope: entra, Limit: 100, Total: true},
		"externalId":              {Filter: equal("externalId", u.ExternalID), Scope: entra, Limit: 100, Total: true},
		"email":                   {Filter: equal("emails.value", u.UserName), Scope: entra, Limit: 100, Total: true},
		"first page of 100":       {Scope: entra, Limit: 100, Total: true},
		"last page of 100":        {Scope: all, Offset: many - 100, Limit: 100, Total: true},
		"second page by position": {Scope: entra, After: after(99), Limit: 100, Total: true},
		"last page by position":   {Scope: entra, After: after(many - 101), Limit: 100, Total: true},
		"page before":             {Scope: entra, Before: after(many - 100), Limit: 100, Total: true},
		"page sorted by name":     {Scope: entra, Sort: scim.Order{By: name}, Limit: 100, Total: true},
		"scan by department":      {Filter: equal(scim.EnterpriseURN+":department", "none"), Scope: entra, Limit: 100, Total: true},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Users(ctx, "acme", q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("user", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.User(ctx, "acme", u.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("update", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			u.Active = !u.Active
			if _, err := s.UpdateUser(ctx, "acme", u); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("create", func(b *testing.B) {
		b.ReportAllocs()
		s, n := new(scim.MemoryStore), 0
		for b.Loop() {
			if _, err := s.CreateUser(ctx, "acme", entraUser(n)); err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
	b.Run("member", func(b *testing.B) {
		b.ReportAllocs()
		ids := make([]string, many)
		for i := range ids {
			ids[i] = entraUser(i).ID
		}
		g, err := s.CreateGroup(ctx, "acme", scim.Group{DisplayName: fmt.Sprint("Everyone ", b.N)}, scim.MemberChange{Add: ids})
		if err != nil {
			b.Fatal(err)
		}
		g.Version = ""
		for n := 0; b.Loop(); n++ {
			m := scim.MemberChange{Add: ids[70_000:70_001]}
			if n%2 == 0 {
				m = scim.MemberChange{Remove: ids[70_000:70_001]}
			}
			if _, err := s.UpdateGroup(ctx, "acme", g, m); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.DeleteGroup(ctx, "acme", g.ID, ""); err != nil {
			b.Fatal(err)
		}
	})
}
