package sqlstore_test

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// crowd makes users of all sorts, and accounts that nothing is beside, and returns them as they are
// read.
func crowd(t *testing.T, db *sql.DB, b *sqlstore.Beside) (all []scim.User) {
	t.Helper()
	var ids []string
	for n := range 26 {
		if n%4 == 3 {
			var id string
			err := db.QueryRow("INSERT INTO people (tenant, login, login_key, given, given_key, badge) VALUES ('acme', $1, upper($1), $2, upper($2), $3) RETURNING CAST(id AS text)",
				fmt.Sprint("native", n), []any{nil, "Ada"}[n/4%2], []any{nil, "b1", "B1"}[n%3]).Scan(&id)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
			continue
		}
		u := scim.User{
			Meta:     scim.Meta{ManagedBy: []string{"entra", "entra", "okta", "", "entra"}[n%5], ExternalID: []string{"", "x1", "X1"}[n%3], Created: epoch, LastModified: epoch},
			UserName: fmt.Sprintf("User%d@example.com", n*7%26), Title: []string{"", "Analyst", "admiral"}[n%3], Active: n%3 > 0,
			Name:        scim.Name{GivenName: []string{"Ada", "", "grace"}[n/2%3], FamilyName: []string{"", "Hopper"}[n%2]},
			DisplayName: []string{"", "one", "Two"}[n/3%3],
			Enterprise:  scim.Enterprise{Manager: scim.Manager{Value: []string{"", "babbage"}[n/3%2], DisplayName: []string{"", "", "Charles"}[n%3]}},
			Extensions:  map[string]scim.Object{storeURN: {"badge": []string{"B1", "b1"}[n%2], "desk": scim.Object{"floor": int64(n % 4), "code": "D"}, "level": int64(n)}},
		}
		if n%2 == 0 {
			u.Emails = []scim.MultiValue{{Value: "shared@example.com", Type: "work"}, {Value: u.UserName, Type: "home"}}
		}
		ids = append(ids, mustCreate(t, b, u).ID)
	}
	mustCreate(t, b, scim.User{UserName: "gone"})
	mustExec(t, db, "UPDATE people SET state = 'deleted' WHERE login = 'gone'")
	mustExec(t, db, "INSERT INTO people (tenant, login, login_key) VALUES ('other', 'user1@example.com', 'USER1@EXAMPLE.COM')")
	for _, id := range ids {
		u, err := b.User(t.Context(), "acme", id)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

// besideFilters are about what is held, with a column and without, what is beside, and both.
var besideFilters = []string{
	"", `userName eq "USER7@example.com"`, `userName sw "user1"`, `userName eq "native3"`, `active eq true`, `active eq false and title pr`,
	`title eq "ANALYST"`, `not (title pr)`, `title co "a" or displayName eq "two"`, `name pr`, `not (name pr)`, `name[givenName eq "ada"]`, `name.familyName pr`,
	`name.givenName eq "Ada" and name.familyName eq "hopper"`, `externalId eq "x1"`, `externalId eq "x1" and title eq "analyst"`, `emails.value eq "shared@example.com"`,
	`active eq true and emails.value eq "shared@example.com"`, `emails.value eq "shared@example.com" and title eq "admiral"`, `emails[type eq "home" and value co "user2"]`, `not (emails pr)`,
	scim.EnterpriseURN + `:manager pr`, `not (` + scim.EnterpriseURN + `:manager pr)`, scim.EnterpriseURN + `:manager.value eq "BABBAGE"`, scim.EnterpriseURN + `:manager.displayName pr`,
	storeURN + `:badge eq "b1"`, storeURN + `:desk pr`, storeURN + `:desk.floor eq 2`, storeURN + `:desk[floor gt 1 and code eq "d"]`, storeURN + `:level gt 12`,
	`meta pr`, `meta.resourceType eq "User"`, `not (meta.resourceType eq "user")`, `meta.version pr`, `meta.created pr`, `id pr`, `id eq "3"`, `id eq "4" and userName co "native"`, `id gt "2"`,
	`userName co "e" and (title eq "analyst" or not (name.givenName pr))`,
}

// TestBesideListings compares lists with what Go says of each user: by filter, scope, order and
// page, with columns and without.
func TestBesideListings(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		for name, columns := range map[string]map[string]string{"columns": accountTable().Columns, "no columns": nil} {
			t.Run(name, func(t *testing.T) {
				table := accountTable()
				table.Columns = columns
				db, b := newBeside(t, e, table)
				all := crowd(t, db, b)
				for _, text := range besideFilters {
					var f *filter.Bound
					if text != "" {
						f = bind(t, storeRegistry(t), text)
					}
					for _, scope := range []scim.Scope{{All: true}, {Manager: "entra"}, {Manager: "okta", AndNative: true}, {AndNative: true}, {}} {
						compareListing(t, b, all, scim.Query{Filter: f, Scope: scope, Total: true})
					}
				}
				for _, by := range []string{"userName", "active", "title", "name.givenName", "displayName", "externalId", "id", "emails", "meta.created", storeURN + ":badge", storeURN + ":level"} {
					for _, scope := range []scim.Scope{{All: true}, {Manager: "entra"}} {
						for _, descending := range []bool{false, true} {
							ref, _ := storeRegistry(t).Ref(by)
							compareListing(t, b, all, scim.Query{Scope: scope, Sort: scim.Order{By: ref, Descending: descending}, Total: true})
						}
					}
				}
			})
		}
	})
}

// compareListing walks through a listing, there and back, by offset and by position.
func compareListing(t *testing.T, b *sqlstore.Beside, all []scim.User, q scim.Query) {
	t.Helper()
	var want []string
	for _, u := range sorted(all, q.Sort) {
		if q.Scope.Sees(u.ManagedBy) && q.Filter.Match(&u) {
			want = append(want, u.ID)
		}
	}
	what := fmt.Sprintf("filter %s, scope %+v, sorted by %s, descending %t", q.Filter, q.Scope, q.Sort.By, q.Sort.Descending)
	page := func(q scim.Query) (scim.Page[scim.User], []string) {
		t.Helper()
		p, err := b.Users(t.Context(), "acme", q)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if p.Total != len(want) {
			t.Fatalf("%s: the total is %d, want %d", what, p.Total, len(want))
		}
		var ids []string
		for _, u := range p.Items {
			ids = append(ids, u.ID)
		}
		return p, ids
	}
	q.Limit = 100
	if _, got := page(q); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
	q.Limit, q.Offset = 3, 2
	if _, got := page(q); !slices.Equal(got, want[min(2, len(want)):min(5, len(want))]) {
		t.Errorf("%s: after two %q of %q", what, got, want)
	}
	q.Offset, q.Limit = 0, 4
	var there, back []string
	last := ""
	for first := true; first || q.After != ""; first = false {
		p, ids := page(q)
		there = append(there, ids...)
		q.After, last = p.Next, cmp.Or(p.Previous, last)
	}
	if !slices.Equal(there, want) {
		t.Errorf("%s: by position %q, want %q", what, there, want)
	}
	for q.Before = last; q.Before != ""; {
		p, ids := page(q)
		back = append(ids, back...)
		q.Before = p.Previous
	}
	if n := max(len(want)-1, 0) / 4 * 4; !slices.Equal(back, want[:n]) {
		t.Errorf("%s: back by position %q, want %q", what, back, want[:n])
	}
}

// sorted puts users in the order of a listing.
func sorted(all []scim.User, o scim.Order) []scim.User {
	place := func(u scim.User) (int, string) {
		if o.By.IsZero() {
			return 0, ""
		}
		key, ok := o.By.SortKey(&u)
		if !ok {
			return 1, ""
		}
		return 0, key
	}
	all = slices.SortedFunc(slices.Values(all), func(a, b scim.User) int {
		absentA, keyA := place(a)
		absentB, keyB := place(b)
		return cmp.Or(cmp.Compare(absentA, absentB), strings.Compare(keyA, keyB), strings.Compare(a.ID, b.ID))
	})
	if o.Descending {
		slices.Reverse(all)
	}
	return all
}

// TestBesideScanLimit looks at as many users as may be looked at, and at one more.
func TestBesideScanLimit(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		table := accountTable()
		table.ScanLimit = 600 // more than one batch
		db, b := newBeside(t, e, table)
		tx := beginTx(t, db)
		for n := range 600 {
			u := scim.User{Meta: scim.Meta{ManagedBy: "entra"}, UserName: fmt.Sprint("u", n), Title: fmt.Sprint("T", n%2)}
			u.ExternalID = fmt.Sprint("x", n%300)
			mustCreate(t, b.WithTx(tx), u)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		h := besideHandler(t, b, nil)
		byTitle := filterOf(`title eq "t1"`)
		if list := h.ask(t, 200, "GET", byTitle, ""); list.TotalResults != 300 {
			t.Errorf("%d found at the limit, want 300", list.TotalResults)
		}
		h.ask(t, 200, "GET", "/Users?sortBy=title", "")
		mustCreate(t, b, scim.User{Meta: scim.Meta{ManagedBy: "okta"}, UserName: "another provider's"})
		h.ask(t, 200, "GET", byTitle, "")

		mustCreate(t, b, scim.User{Meta: scim.Meta{ManagedBy: "entra"}, UserName: "one more"})
		for _, target := range []string{byTitle, "/Users?sortBy=title", "/Users?cursor&sortBy=title", "/Users?filter=" + url.QueryEscape(`title pr or externalId eq "x1"`)} {
			if r := h.ask(t, 400, "GET", target, ""); r.ScimType != "tooMany" {
				t.Errorf("%s: refused with %q, want tooMany", target, r.ScimType)
			}
		}
		if list := h.ask(t, 200, "GET", filterOf(`externalId eq "x1" and title eq "t1"`), ""); list.TotalResults != 2 {
			t.Errorf("%d found among those who have one external ID, want 2", list.TotalResults)
		}
		h.ask(t, 200, "GET", "/Users?sortBy=userName", "")
	})
}

// TestBesidePositions gives positions that cannot be.
func TestBesidePositions(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		_, b := newBeside(t, e, accountTable())
		long := scim.User{UserName: "ada", Title: strings.Repeat("long", 500)}
		long = mustCreate(t, b, long)
		after := mustCreate(t, b, scim.User{UserName: "grace", Title: "zoologist"})
		title, _ := storeRegistry(t).Ref("title")
		q := scim.Query{Scope: scim.Scope{All: true}, Sort: scim.Order{By: title}, Limit: 1}
		page, err := b.Users(t.Context(), "acme", q)
		if err != nil {
			t.Fatal(err)
		}
		q.After = page.Next
		page, err = b.Users(t.Context(), "acme", q)
		if err != nil || len(page.Items) != 1 || page.Items[0].ID != after.ID {
			t.Errorf("behind a long key: %d users, %v", len(page.Items), err)
		}
		if err := b.DeleteUser(t.Context(), "acme", long.ID, ""); err != nil {
			t.Fatal(err)
		}
		for _, position := range []string{q.After, "nonsense"} {
			q.After = position
			if _, err := b.Users(t.Context(), "acme", q); !errors.Is(err, scim.ErrPosition) {
				t.Errorf("after %.20q: %v, want ErrPosition", position, err)
			}
		}
	})
}
