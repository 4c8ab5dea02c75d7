package filter_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

const hostURN = "urn:example:2.0:User"

var hostSchema = []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Schema"],"id":"` + hostURN + `","name":"Host","attributes":[
	{"name":"seats","type":"integer","multiValued":true},{"name":"rate","type":"decimal"},{"name":"until","type":"dateTime"},
	{"name":"badge","type":"complex","subAttributes":[{"name":"code","type":"string","caseExact":true},{"name":"on","type":"boolean"}]}]}`)

// TestSQLUsers asks for real users, kept as a folded document and two columns.
func TestSQLUsers(t *testing.T) {
	g, err := scim.UserRegistry(hostSchema)
	if err != nil {
		t.Fatal(err)
	}
	created := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	users := []filter.Resource{
		&scim.User{Meta: scim.Meta{ID: "1", ExternalID: "Ä", Created: created, LastModified: created}, UserName: "Émile", Active: true,
			Emails:   []scim.MultiValue{{Value: "e@example.com", Type: "work", Primary: true}, {Value: "x@example.com", Type: "home"}},
			NinjaOne: extension.User{OrganizationID: "7", UserType: "TECHNICIAN"},
			Extensions: map[string]scim.Object{hostURN: {"seats": []any{int64(1), int64(-3)}, "rate": 0.1, "until": created,
				"badge": scim.Object{"code": "aB", "on": false}}}},
		&scim.User{Meta: scim.Meta{ID: "2", Created: created.Add(time.Millisecond)}, UserName: "bob",
			Enterprise: scim.Enterprise{Department: "R&D", Manager: scim.Manager{Value: "1"}}},
		&scim.User{Meta: scim.Meta{ID: "3"}},
	}
	column := func(r filter.Ref) string {
		return map[string]string{"id": "t.id", "userName": "t.name"}[r.String()]
	}
	askAll(t, g, users, filter.Layout{Folded: "t.folded", Column: column}, nil, []string{
		`userName eq "éMILE"`, `userName ne "bob"`, `id gt "1"`, `externalId eq "ä"`, `active eq false`, `not (active eq true)`,
		`emails[type eq "work" and value ew "EXAMPLE.com"].primary eq true`, `emails.type eq "home"`, `emails ne "e@example.com"`,
		`meta.created gt "2026-01-02T03:04:05.006Z"`, `meta.created le "2026-01-02T03:04:05.006Z"`, `meta.resourceType eq "User"`,
		extension.URN + `:organizationId eq "7"`, extension.URN + `:userType sw "tech"`, `department co "&"`, `manager eq "1"`, `manager pr`,
		hostURN + `:seats lt 0`, hostURN + `:seats[value gt 0 and value lt 0]`, `rate le 0.1`, `rate gt 0.1`, `until pr`,
		`badge[code eq "aB" and on eq false]`, `badge.code eq "AB"`, `badge[not (on eq true)]`, `name pr or emails pr`,
	})
}

// TestSQLGroups asks for groups whose members are rows.
func TestSQLGroups(t *testing.T) {
	g, err := scim.GroupRegistry()
	if err != nil {
		t.Fatal(err)
	}
	members := [][]scim.Member{{{Value: "u1"}, {Value: "u2"}}, {{Value: "U1"}}, nil}
	var groups []filter.Resource
	for i, name := range []string{"Straße", "admins", "empty"} {
		group := &scim.Group{Meta: scim.Meta{ID: string(rune('1' + i))}, DisplayName: name}
		groups = append(groups, group.WithMembers(members[i]))
	}
	layout := filter.Layout{
		Folded: "t.folded",
		Column: func(r filter.Ref) string {
			return map[string]string{"id": "t.id", "members.value": "m.id", "members.type": "'USER'"}[r.String()]
		},
		Rows: func(r filter.Ref) (from, where string) {
			if r.String() == "members" {
				return "members AS m", "m.parent = t.n"
			}
			return "", ""
		},
	}
	askAll(t, g, groups, layout, members, []string{
		`members eq "u1"`, `members.value eq "u1"`, `members[value eq "u1"]`, `members[value eq "u1" and type eq "user"]`,
		`members[value eq "u1" or value eq "U1"].type ne "Group"`, `members ne "u1"`, `not (members.value sw "u")`, `members pr`,
		`not (members pr)`, `members.type eq "User"`, `members.type gt "U" and members.value lt "a"`, `displayName eq "STRAẞE"`, `displayName co "m" and members pr`,
	})
}

// askAll holds what databases find against what Match says.
func askAll(t *testing.T, g *filter.Registry, resources []filter.Resource, l filter.Layout, members [][]scim.Member, texts []string) {
	t.Helper()
	for _, e := range filter.Engines(t) {
		e.Exec(t, "CREATE TEMP TABLE t (n integer, id text, name text, folded "+e.JSON()+")")
		e.Exec(t, "CREATE TEMP TABLE members (parent integer, id text)")
		for n, res := range resources {
			e.Exec(t, "INSERT INTO t VALUES ($1, $2, $3, $4)", n, key(g, res, "id"), key(g, res, "userName"), g.Folded(res))
		}
		for n, list := range members {
			for _, m := range list {
				e.Exec(t, "INSERT INTO members VALUES ($1, $2)", n, m.Value)
			}
		}
		for _, text := range texts {
			b := bind(t, g, text)
			condition, args := b.SQL(e.Dialect, l, nil)
			for n, res := range resources {
				var got bool
				if err := e.Conn.QueryRowContext(context.Background(), "SELECT "+condition+" FROM t WHERE t.n = "+string(rune('0'+n)), args...).Scan(&got); err != nil {
					t.Fatalf("%s: %s: %v\n%s", e.Name, text, err, condition)
				}
				if want := b.Match(res); got != want {
					t.Errorf("%s: %s: resource %d: %t, want %t\n%s", e.Name, text, n, got, want, condition)
				}
			}
		}
	}
	filter.AllEngines(t)
}

func key(g *filter.Registry, res filter.Resource, path string) any {
	r, ok := g.Ref(path)
	if !ok || !res.Value(r, 0).Present() {
		return nil
	}
	return r.Key(res.Value(r, 0))
}

func bind(t *testing.T, g *filter.Registry, text string) *filter.Bound {
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
