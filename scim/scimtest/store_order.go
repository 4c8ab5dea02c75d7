package scimtest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// by is the order of an attribute; that of "" is the one of IDs.
func (t *trial) by(attribute string, descending bool) scim.Order {
	t.Helper()
	o := scim.Order{Descending: descending}
	if attribute != "" {
		var ok bool
		if o.By, ok = t.registry().Ref(attribute); !ok {
			t.must(fmt.Errorf("no such attribute"), "%s", attribute)
		}
	}
	return o
}

// inOrder puts a listing, which is in the order of IDs, in another one. SortKey says in which.
func inOrder[E any](listing []E, o scim.Order, view func(E) filter.Resource) []E {
	sorted := slices.Clone(listing)
	slices.SortStableFunc(sorted, func(a, b E) int {
		x, has := o.By.SortKey(view(a))
		y, hasToo := o.By.SortKey(view(b))
		switch {
		case has && hasToo:
			return cmp.Compare(x, y)
		case has:
			return -1
		case hasToo:
			return 1
		}
		return 0
	})
	if o.Descending {
		slices.Reverse(sorted)
	}
	return sorted
}

// assorted makes 24 items, in no order, whose values tie, differ in case or are not there.
func (t *trial) assorted() {
	for k := range 24 {
		n := k * 7 % 24
		i := t.newItem([]string{entra, entra, okta, native}[k%4], fmt.Sprintf("%s%d", []string{"b", "A", "É", "é", "a", "Z"}[n%6], n))
		i.ExternalID = []string{"", "x1", "X1", "x2", "", "x10", "É", "é"}[n%8]
		i.Created = epoch.Add(time.Duration(n%5) * 877 * time.Millisecond / 2) // one is a whole second
		i.LastModified = epoch.AddDate(0, 0, -n%3)
		t.store(red, i)
	}
	t.make(blue, entra, "A0")
}

// orders calls check with queries for what assorted made, and what each must find, in order.
func (t *trial) orders(orders []scim.Order, check func(q scim.Query, want []string)) {
	t.assorted()
	all := t.all(red, scim.Query{Scope: everyone})
	if len(all) != 24 {
		t.broken("of 24 resources %d are listed", len(all))
		t.FailNow()
	}
	for _, o := range orders {
		sorted := inOrder(all, o, t.view)
		for _, scope := range []scim.Scope{everyone, {Manager: entra}} {
			for _, f := range []*filter.Bound{nil, t.filter(t.nameAttribute() + ` co "1"`)} {
				var want []string
				for _, i := range sorted {
					if scope.Sees(i.ManagedBy) && f.Match(t.view(i)) {
						want = append(want, i.ID)
					}
				}
				check(scim.Query{Sort: o, Scope: scope, Filter: f}, want)
			}
		}
	}
}

// wording says in a failure what was asked.
func wording(q scim.Query) string {
	return fmt.Sprintf("sort by %q, descending %t, scope %+v, filter %q", q.Sort.By, q.Sort.Descending, q.Scope, q.Filter)
}

func sortedListings(t *trial) {
	var orders []scim.Order
	for _, attribute := range []string{t.nameAttribute(), "externalId", "meta.created", "meta.lastModified", "id", ""} {
		orders = append(orders, t.by(attribute, false), t.by(attribute, true))
	}
	t.orders(orders, func(q scim.Query, want []string) {
		t.equal(idsOf(t.all(red, q)), want, "%s", wording(q))
		for _, offset := range []int{0, 1, 4, 23, 24, math.MaxInt32} {
			for _, limit := range []int{0, 1, 5, math.MaxInt32} {
				from := min(offset, len(want))
				q.Offset, q.Limit, q.Total = offset, limit, limit != 1
				p := t.page(red, q)
				t.equal(idsOf(p.Items), slices.Clip(want[from:min(from+limit, len(want))]), "%s, offset %d, limit %d", wording(q), offset, limit)
				total := len(want)
				if !q.Total {
					total = -1
				}
				if p.Total != total {
					t.broken("%s, offset %d, limit %d: the total is %d, want %d", wording(q), offset, limit, p.Total, total)
				}
			}
		}
		q.IDs, q.Offset = want[:len(want)/2], 0
		t.equal(idsOf(t.all(red, q)), want[:len(want)/2], "%s, with IDs", wording(q))
	})
}

// sortedBy are the attributes users are sorted by, beside those that groups have too.
var sortedBy = []string{
	"active", "title", "displayName", "name.familyName", "emails", "emails.type", "emails.primary", "phoneNumbers", "roles", "addresses.country",
	scim.EnterpriseURN + ":department", scim.EnterpriseURN + ":manager", extension.URN + ":organizationId",
	hostURN + ":badge", hostURN + ":team", hostURN + ":level", hostURN + ":ratio", hostURN + ":remote", hostURN + ":since", hostURN + ":seal",
	hostURN + ":tags", hostURN + ":desk.floor", hostURN + ":parcels.weight",
}

func sortedUsers(t *trial) {
	users := append(filteredUsers(),
		scim.User{UserName: "ten", Extensions: map[string]scim.Object{hostURN: {"level": int64(10), "tags": []any{"lime"}}}},
		scim.User{UserName: "nine", Extensions: map[string]scim.Object{hostURN: {"level": int64(9), "tags": []any{"white", "amber"}}}})
	for _, u := range users {
		t.makeUser(u)
	}
	all := t.listUsers(scim.Query{Scope: everyone})
	if len(all) != len(users) {
		t.broken("of %d users %d are listed", len(users), len(all))
		return
	}
	for _, attribute := range sortedBy {
		for _, descending := range []bool{false, true} {
			q := scim.Query{Sort: t.by(attribute, descending), Scope: everyone}
			sorted := inOrder(all, q.Sort, func(u scim.User) filter.Resource { return &u })
			want := each(sorted, func(u scim.User) string { return u.ID })
			t.equal(idsOf(t.all(red, q)), want, "%s", wording(q))
			t.leads(q, want, 3)
		}
	}
}

func longSortKeys(t *trial) {
	long := strings.Repeat("m", 5_000)
	for n, title := range []string{long + "c", "a", long + "A", "z", "", long + "b", long} {
		t.makeUser(scim.User{UserName: fmt.Sprint("u", n), Title: title})
	}
	all := t.listUsers(scim.Query{Scope: everyone})
	for _, descending := range []bool{false, true} {
		q := scim.Query{Sort: t.by("title", descending), Scope: everyone}
		want := each(inOrder(all, q.Sort, func(u scim.User) filter.Resource { return &u }), func(u scim.User) string { return u.ID })
		t.leads(q, want, 1)
		t.leads(q, want, 2)
	}
	// The key of who is gone cannot be read again; a store that has kept it goes on.
	q := scim.Query{Sort: t.by("title", false), Scope: everyone, Limit: 3}
	p := t.page(red, q)
	t.drop(red, p.Items[2].ID)
	q.After = p.Next
	rest := inOrder(all, q.Sort, func(u scim.User) filter.Resource { return &u })[3:6]
	switch p, err := t.list(t.Context(), red, q); {
	case err == nil:
		t.equal(idsOf(p.Items), each(rest, func(u scim.User) string { return u.ID }), "behind a user with a long key who is gone")
	default:
		t.refused(err, scim.ErrPosition, "behind a user with a long key who is gone")
	}
}
