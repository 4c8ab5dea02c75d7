package sqlstore_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// planned is how many users there are when plans are looked at: so many that no database finds it
// cheaper to read them all.
const planned = 8_000

// TestPlans reads how the databases answer look-ups and pages: by which index, and without reading a
// table or sorting.
func TestPlans(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db := e.open(t)
		s, err := e.new(t.Context(), db, sqlstore.Config{Index: []string{"phoneNumbers.value"}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Load(t.Context(), "acme", entraUsers(0, planned)); err != nil {
			t.Fatal(err)
		}
		var members []string
		for n := range 1_000 {
			g := scim.Group{Meta: scim.Meta{ID: fmt.Sprintf("g%04d", n), ManagedBy: "entra", ExternalID: fmt.Sprint("x", n)}, DisplayName: fmt.Sprint("Group ", n)}
			members = append(members, entraUser(n).ID)
			if _, err := s.CreateGroup(t.Context(), "acme", g, scim.MemberChange{Add: members[max(0, n-20):]}); err != nil {
				t.Fatal(err)
			}
		}
		if e.name == postgresEngine.name {
			if _, err := db.Exec("VACUUM ANALYZE"); err != nil {
				t.Fatal(err)
			}
		}
		// Twice for SQLite: as it plans a new database, and as it does after ANALYZE.
		for _, when := range []string{"", " analyzed"} {
			if when != "" {
				if _, err := db.Exec("ANALYZE"); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range plans {
				t.Run(c.name+when, func(t *testing.T) { checkPlan(t, e, db, s, c) })
			}
		}
	})
}

// A plan is a query and the index that is to answer it.
type plan struct {
	name   string
	groups bool
	filter string
	native bool // as a look-up that may find native users
	sort   string
	order  scim.Order
	after  bool
	offset int
	index  string
	sorts  bool // a few rows that were found are put in order
}

var plans = []plan{
	{name: "id", filter: fmt.Sprintf(`id eq "%s"`, entraUser(77).ID), index: "scim_users_"},
	{name: "userName", filter: fmt.Sprintf(`userName eq "%s"`, entraUser(77).UserName), index: "scim_users_name", sorts: true},
	{name: "userName, native too", native: true, filter: fmt.Sprintf(`userName eq "%s"`, entraUser(77).UserName), index: "scim_users_name", sorts: true},
	{name: "externalId", filter: fmt.Sprintf(`externalId eq "%s"`, entraUser(77).ExternalID), index: "scim_users_external", sorts: true},
	{name: "e-mail", filter: fmt.Sprintf(`emails.value eq "%s"`, entraUser(77).UserName), index: "scim_values", sorts: true},
	{name: "e-mail of a type", filter: fmt.Sprintf(`emails[type eq "work" and value eq "%s"]`, entraUser(77).UserName), index: "scim_values", sorts: true},
	{name: "e-mail and type apart", native: true, filter: fmt.Sprintf(`emails eq "%s" and active eq true`, entraUser(77).UserName), index: "scim_values", sorts: true},
	{name: "what the host lists", filter: `phoneNumbers.value eq "+1 425 555 0000077"`, index: "scim_values", sorts: true},
	{name: "first page", index: "scim_users_managed"},
	{name: "page after", after: true, index: "scim_users_managed"},
	{name: "page by offset", offset: planned * 3 / 4, index: "scim_users_managed", sorts: true},
	{name: "page by name", sort: "userName", index: "scim_users_name"},
	{name: "page by name, after", sort: "userName", after: true, index: "scim_users_name"},
	{name: "page by name, downwards", sort: "userName", order: scim.Order{Descending: true}, after: true, index: "scim_users_name"},
	{name: "group by id", groups: true, filter: `id eq "g0077"`, index: "scim_groups_"},
	{name: "group by name", groups: true, filter: `displayName eq "group 77"`, index: "scim_groups_name", sorts: true},
	{name: "group by external ID", groups: true, filter: `externalId eq "x77"`, index: "scim_groups_external", sorts: true},
	{name: "groups of a member", groups: true, filter: fmt.Sprintf(`members eq "%s"`, entraUser(77).ID), index: "scim_members_member", sorts: true},
	{name: "page of groups", groups: true, index: "scim_groups_"},
}

func checkPlan(t *testing.T, e engine, db *sql.DB, s *sqlstore.Store, c plan) {
	registry, err := scim.UserRegistry()
	if c.groups {
		registry, err = scim.GroupRegistry()
	}
	if err != nil {
		t.Fatal(err)
	}
	q := scim.Query{Scope: scim.Scope{Manager: "entra", AndNative: c.native}, Offset: c.offset, Limit: 100, Sort: c.order}
	if c.filter != "" {
		q.Filter = bind(t, registry, c.filter)
	}
	if c.sort != "" {
		q.Sort.By, _ = registry.Ref(c.sort)
	}
	if c.after {
		u := entraUser(planned * 3 / 4)
		q.After = q.Sort.Position(&u, u.ID)
	}
	page, _, args, _, err := s.Statements(c.groups, "acme", q)
	if err != nil {
		t.Fatal(err)
	}
	lines := explain(t, e, db, page, args)
	text := strings.Join(lines, "\n")
	used := strings.Contains(text, c.index) ||
		c.index == "scim_values" && strings.Contains(text, "SEARCH v USING PRIMARY KEY") // which has no name in SQLite
	if !used {
		t.Errorf("%s is not used:\n%s\n%s", c.index, page, text)
	}
	for _, l := range lines {
		reads := strings.HasPrefix(l, "SCAN r") || strings.HasPrefix(l, "SCAN v") || strings.HasPrefix(l, "SCAN m") || strings.Contains(l, "Seq Scan on")
		// PostgreSQL's Incremental Sort orders those that tie in an index, of which there is one.
		sorted := strings.Contains(l, "TEMP B-TREE FOR ORDER BY") || strings.Contains(l, "Sort  (cost=") && !strings.Contains(l, "Incremental")
		if reads || sorted && !c.sorts {
			t.Errorf("%s:\n%s\n%s", l, page, text)
		}
	}
}

// explain returns the lines of a plan.
func explain(t *testing.T, e engine, db *sql.DB, text string, args []any) (lines []string) {
	t.Helper()
	command, column := "EXPLAIN QUERY PLAN ", 3
	if e.name == postgresEngine.name {
		command, column = "EXPLAIN ", 0
	}
	rows, err := db.Query(command+text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		line := make([]string, column+1)
		into := make([]any, len(line))
		for i := range line {
			into[i] = &line[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line[column])
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func bind(t testing.TB, g *filter.Registry, text string) *filter.Bound {
	t.Helper()
	f, err := filter.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Bind(g)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
