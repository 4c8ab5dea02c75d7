package sqlstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

func TestWrongAccountTable(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, _ := newBeside(t, e, accountTable())
		s, err := e.new(t.Context(), db, sqlstore.Config{Schemas: scimtest.Schemas()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, c := range []struct {
			what   string
			change func(*sqlstore.AccountTable)
			want   string
		}{
			{"no table", func(a *sqlstore.AccountTable) { a.From = "" }, "From is missing"},
			{"no tenant", func(a *sqlstore.AccountTable) { a.Tenant = "" }, "Tenant is missing"},
			{"no ID", func(a *sqlstore.AccountTable) { a.ID = "" }, "ID is missing"},
			{"no join", func(a *sqlstore.AccountTable) { a.Join = "" }, "Join is missing"},
			{"an argument", func(a *sqlstore.AccountTable) { a.Live = "a.state <> $1" }, "Live: a.state <> $1 has a ? or a $"},
			{"an argument of a column", func(a *sqlstore.AccountTable) { a.Columns["userName"] = "a.login_key || ?" }, `Columns["userName"]`},
			{"a negative limit", func(a *sqlstore.AccountTable) { a.ScanLimit = -1 }, "ScanLimit is -1"},
			{"an unknown attribute", func(a *sqlstore.AccountTable) { a.Held = append(a.Held, "shoeSize") }, `"shoeSize" is no attribute`},
			{"a list", func(a *sqlstore.AccountTable) { a.Held = append(a.Held, "emails") }, `"emails" is multi-valued`},
			{"a part of a list", func(a *sqlstore.AccountTable) { a.Held = append(a.Held, "emails.value") }, `"emails.value" is multi-valued`},
			{"a whole", func(a *sqlstore.AccountTable) { a.Held = append(a.Held, "name") }, `"name" has parts`},
			{"the ID", func(a *sqlstore.AccountTable) { a.Held = append(a.Held, "id") }, `"id" is the store's`},
			{"the external ID", func(a *sqlstore.AccountTable) { a.Held = append(a.Held, "externalId") }, `"externalId" is the store's`},
			{"a time", func(a *sqlstore.AccountTable) { a.Held = append(a.Held, "meta.created") }, `"meta.created" is the store's`},
			{"what is made for answers", func(a *sqlstore.AccountTable) { a.Held = append(a.Held, "meta.location") }, `"meta.location" is the store's`},
			{"a column of what is not held", func(a *sqlstore.AccountTable) { a.Columns["nickName"] = "a.given" }, `"nickName" is not one of the paths`},
			{"an empty column", func(a *sqlstore.AccountTable) { a.Columns["title"] = "" }, `"title" is not one of the paths`},
			{"a table that is not there", func(a *sqlstore.AccountTable) { a.From = "persons AS a" }, "does not understand AccountTable"},
			{"a column that is not there", func(a *sqlstore.AccountTable) { a.Columns["title"] = "a.title" }, "does not understand AccountTable"},
			{"a join that is none", func(a *sqlstore.AccountTable) { a.Join = "a.id = CAST(r.nobody AS bigint)" }, "does not understand AccountTable"},
		} {
			table := accountTable()
			c.change(&table)
			if _, err := sqlstore.NewBeside(t.Context(), s, people{}, table); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", c.what, err, c.want)
			}
		}
		if _, err := sqlstore.NewBeside(t.Context(), s, nil, accountTable()); err == nil {
			t.Error("a store without accounts")
		}
		// Said twice, and in other case, it is still one attribute.
		table := accountTable()
		table.Held = append(table.Held, "username", "Title", "active")
		if _, err := sqlstore.NewBeside(t.Context(), s, people{}, table); err != nil {
			t.Error(err)
		}
	})
}

// TestWrongColumnType has PostgreSQL refuse a column that is no text, which no key would equal.
func TestWrongColumnType(t *testing.T) {
	db, _ := newBeside(t, postgresEngine, accountTable())
	s, err := sqlstore.NewPostgres(t.Context(), db, sqlstore.Config{Schemas: scimtest.Schemas()})
	if err != nil {
		t.Fatal(err)
	}
	table := accountTable()
	table.Columns["active"] = "a.admin"
	if _, err := sqlstore.NewBeside(t.Context(), s, people{}, table); err == nil || !strings.Contains(err.Error(), "does not understand AccountTable") {
		t.Errorf("a column of type boolean: %v", err)
	}
}

// TestBesideRefold gives a store more that the host holds, and then a list to look up by, which it did
// not know when the users came.
func TestBesideRefold(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		small := accountTable()
		small.Held = []string{"name.givenName"}
		small.Columns = map[string]string{"userName": "a.login_key", "name.givenName": "a.given_key"}
		db, b := newBeside(t, e, small)
		var before scim.User
		tx := beginTx(t, db)
		const users = 1_203 // more than two batches
		for n := range users {
			before = mustCreate(t, b.WithTx(tx), scim.User{
				UserName: fmt.Sprint("u", n), NickName: "AAL", Title: "before", Active: true,
				PhoneNumbers: []scim.MultiValue{{Value: fmt.Sprint("+44 ", n)}},
				Extensions:   map[string]scim.Object{storeURN: {"badge": "before"}},
			})
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		mustExec(t, db, "UPDATE people SET job = 'Analyst', badge = NULL") // which was not asked for yet

		b = reopenBeside(t, e, db, sqlstore.Config{Schemas: scimtest.Schemas()}, accountTable())
		var folded int
		if err := db.QueryRow("SELECT count(*) FROM scim_beside WHERE lower(CAST(folded AS text)) LIKE '%before%'").Scan(&folded); err != nil || folded != 0 {
			t.Errorf("%d rows have keys of what the host holds now, %v", folded, err)
		}
		u, err := b.User(t.Context(), "acme", before.ID)
		if err != nil || u.NickName != "AAL" || u.Title != "Analyst" || u.Extensions != nil {
			t.Errorf("read %+v, %v", u, err)
		}
		q := scim.Query{Scope: scim.Scope{All: true}, Filter: bind(t, storeRegistry(t), `title eq "analyst"`), Limit: 2, Total: true}
		if p, err := b.Users(t.Context(), "acme", q); err != nil || p.Total != users {
			t.Errorf("%s: %d users, %v", q.Filter, p.Total, err)
		}

		b = reopenBeside(t, e, db, sqlstore.Config{Schemas: scimtest.Schemas(), Index: []string{"phoneNumbers"}}, accountTable())
		phone, _ := storeRegistry(t).Ref("phoneNumbers.value")
		q.Filter = filter.Equal(storeRegistry(t), phone, "+44 1202")
		if p, err := b.Users(t.Context(), "acme", q); err != nil || p.Total != 1 || p.Items[0].ID != before.ID || p.Items[0].Version != u.Version {
			t.Errorf("found %+v, %v", p.Items, err)
		}
	})
}

// besidePlans are queries and the indexes that are to answer them: of what is beside the accounts,
// and of the accounts.
var besidePlans = []struct {
	name   string
	filter string
	native bool
	after  bool
	sort   string
	index  string
	sorts  bool // a few rows that were found are put in order
}{
	{name: "userName, native too", filter: `userName eq "ada.lovelace0000077@contoso.example.com"`, native: true, index: "people_login", sorts: true},
	{name: "userName", filter: `userName eq "ada.lovelace0000077@contoso.example.com"`, index: "people_login", sorts: true},
	{name: "e-mail", filter: `emails.value eq "ada.lovelace0000077@contoso.example.com"`, index: "scim_beside_values", sorts: true},
	{name: "e-mail, native too", filter: `emails.value eq "ada.lovelace0000077@contoso.example.com"`, native: true, index: "scim_beside_values", sorts: true},
	{name: "e-mail and state", filter: `active eq true and emails[type eq "work" and value eq "ada.lovelace0000077@contoso.example.com"]`, index: "scim_beside_values", sorts: true},
	{name: "externalId", filter: `externalId eq "b3f1d6ce-61f3-4c0b-8e0e-000000000077"`, index: "scim_beside_external", sorts: true},
	{name: "id", filter: `id eq "77"`, index: "scim_beside_", sorts: true},
	{name: "page by userName", sort: "userName", index: "people_login"},
	{name: "page by userName, downwards", sort: "-userName", index: "people_login"},
	{name: "page of a manager", index: "scim_beside_"},
	{name: "page of a manager, after", after: true, index: "scim_beside_"},
}

// besidePlanned is how many users there are then: enough for an index to be cheaper than a table.
const besidePlanned = 5_000

// TestBesidePlans reads how the databases answer look-ups and pages beside a table of the host.
func TestBesidePlans(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, b := newBeside(t, e, accountTable())
		s, err := e.new(t.Context(), db, sqlstore.Config{Schemas: scimtest.Schemas()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Load(t.Context(), "acme", entraUsers(0, besidePlanned)); err != nil {
			t.Fatal(err)
		}
		overriding := ""
		if e.name == postgresEngine.name {
			overriding = "OVERRIDING SYSTEM VALUE "
		}
		for _, text := range []string{
			"INSERT INTO people (id, tenant, login, login_key) " + overriding + "SELECT n, tenant, user_name, user_name FROM scim_users",
			"INSERT INTO scim_beside (n, tenant, id, managed_by, external_id, version, listed, folded, document) " + overriding +
				"SELECT n, tenant, CAST(n AS text), managed_by, external_id, version, listed, folded, document FROM scim_users",
			"INSERT INTO scim_beside_values SELECT * FROM scim_values",
		} {
			mustExec(t, db, text)
		}
		if e.name == postgresEngine.name {
			mustExec(t, db, "VACUUM ANALYZE")
		}
		// Twice for SQLite: as it plans a new database, and as it does after ANALYZE.
		for _, when := range []string{"", " analyzed"} {
			if when != "" {
				mustExec(t, db, "ANALYZE")
			}
			for _, c := range besidePlans {
				t.Run(c.name+when, func(t *testing.T) {
					q := scim.Query{Scope: scim.Scope{Manager: "entra", AndNative: c.native}, Limit: 100}
					if c.filter != "" {
						q.Filter = bind(t, storeRegistry(t), c.filter)
					}
					if c.after {
						q.After = q.Sort.Position(&scim.User{}, "3000")
					}
					if c.sort != "" {
						q.Sort.By, _ = storeRegistry(t).Ref(strings.TrimPrefix(c.sort, "-"))
						q.Sort.Descending = c.sort[0] == '-'
					}
					page, args, err := b.Statement("acme", q)
					if err != nil {
						t.Fatal(err)
					}
					lines := explain(t, e, db, page, args)
					text := strings.Join(lines, "\n")
					if !strings.Contains(text, c.index) && !(c.index == "scim_beside_values" && strings.Contains(text, "SEARCH v USING PRIMARY KEY")) {
						t.Errorf("%s is not used:\n%s\n%s", c.index, page, text)
					}
					for _, l := range lines {
						reads := strings.HasPrefix(l, "SCAN r") || strings.HasPrefix(l, "SCAN v") || strings.HasPrefix(l, "SCAN a") || strings.Contains(l, "Seq Scan on")
						sorts := strings.Contains(l, "TEMP B-TREE FOR ORDER BY") || strings.Contains(l, "Sort  (cost=") && !strings.Contains(l, "Incremental")
						if reads || sorts && !c.sorts {
							t.Errorf("%s:\n%s\n%s", l, page, text)
						}
					}
				})
			}
		}
	})
}
