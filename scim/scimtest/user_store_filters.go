package scimtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// hostURN is the schema of a host with an attribute of every type.
const hostURN = "urn:example:gatehouse:store:2.0:User"

var hostSchema = []byte(`{"id": "` + hostURN + `", "name": "Host", "description": "What a host adds.", "attributes": [
	{"name": "badge", "type": "string", "caseExact": true},
	{"name": "team", "type": "string"},
	{"name": "level", "type": "integer"},
	{"name": "ratio", "type": "decimal"},
	{"name": "remote", "type": "boolean"},
	{"name": "since", "type": "dateTime"},
	{"name": "seal", "type": "binary", "caseExact": true},
	{"name": "tags", "type": "string", "multiValued": true},
	{"name": "desk", "type": "complex", "subAttributes": [
		{"name": "floor", "type": "integer"}, {"name": "code", "type": "string"}]},
	{"name": "parcels", "type": "complex", "multiValued": true, "subAttributes": [
		{"name": "kind", "type": "string"}, {"name": "weight", "type": "decimal"}]}
]}`)

// filteredUsers are the users that filters are asked about.
func filteredUsers() []scim.User {
	ninja := func(organization, kind string) extension.User {
		return extension.User{OrganizationID: organization, UserType: kind}
	}
	host := func(o scim.Object) map[string]scim.Object { return map[string]scim.Object{hostURN: o} }
	return []scim.User{
		{UserName: "ada@example.com", Meta: scim.Meta{ManagedBy: entra, ExternalID: "x1"}, Active: true, Title: "Analyst",
			Name:       scim.Name{GivenName: "Ada", FamilyName: "Lovelace"},
			Emails:     []scim.MultiValue{{Value: "Ada@Work.example", Type: "work", Primary: true}, {Value: "ada@home.example", Type: "home"}},
			Enterprise: scim.Enterprise{Department: "Notes", Manager: scim.Manager{Value: "babbage"}},
			NinjaOne:   ninja("all", extension.EndUser),
			Extensions: host(scim.Object{"badge": "A1", "team": "Engine", "level": int64(9007199254740993), "ratio": 0.5, "remote": true,
				"since": epoch, "seal": []byte{1, 2, 3}, "tags": []any{"red", "green"}, "desk": scim.Object{"floor": int64(3), "code": "D"},
				"parcels": []any{scim.Object{"kind": "box", "weight": 2.5}, scim.Object{"kind": "bag", "weight": 0.5}}})},
		{UserName: "grace@example.com", Meta: scim.Meta{ManagedBy: entra, ExternalID: "X1"}, Active: true, Title: "Rear admiral",
			Name:       scim.Name{GivenName: "Grace", FamilyName: "Hopper"},
			Emails:     []scim.MultiValue{{Value: "ada@home.example", Type: "work"}, {Value: "grace@home.example", Type: "home", Primary: true}},
			Enterprise: scim.Enterprise{Department: "Compilers", EmployeeNumber: "1906"},
			Extensions: host(scim.Object{"badge": "a1", "team": "ENGINE", "level": int64(9007199254740992), "ratio": 1.5, "remote": false,
				"since": epoch.Add(time.Millisecond), "tags": []any{"Blue"}, "parcels": []any{scim.Object{"kind": "box", "weight": 0.5}}})},
		{UserName: "edsger", Meta: scim.Meta{ManagedBy: okta}, Title: "100% sure", Name: scim.Name{FamilyName: "Dijkstra"},
			PhoneNumbers: []scim.MultiValue{{Value: "+31 1", Type: "mobile"}}, NinjaOne: ninja("7", extension.Technician),
			Extensions: host(scim.Object{"level": int64(-1), "ratio": -2.0, "desk": scim.Object{"code": "E"}})},
		{UserName: "Émilie", Meta: scim.Meta{ManagedBy: okta, ExternalID: "x2"}, Active: true, Title: "1000 sure", DisplayName: "ﬁrst ﬂoor",
			Emails: []scim.MultiValue{{Value: "émilie@example.fr", Type: "work"}}},
		{UserName: "a_b", Title: `back\slash "quoted"`, Active: true, Addresses: []scim.Address{{Locality: "London", Country: "GB"}}},
		{UserName: "axb", Title: "o'neil; --", Roles: []scim.MultiValue{{Value: "admin", Primary: true}, {Value: "reader"}}},
		{UserName: "İlker", Title: "straße", Addresses: []scim.Address{{Locality: "London", Country: "TR"}, {Locality: "Ankara", Country: "GB"}}},
		{UserName: "kelvin", Title: "\u212A", Active: true, Roles: []scim.MultiValue{{Value: "reader", Primary: true}}},
	}
}

// filtersOfUsers are asked of filteredUsers. Each finds some of them, but not all.
var filtersOfUsers = []string{
	`userName eq "ADA@Example.COM"`, `userName eq "émilie"`, `USERNAME Eq "Kelvin"`, `userName ne "ada@example.com"`,
	`userName eq "ada@example.com" and active eq true`, `active eq false and userName eq "axb"`,
	`userName eq "ada@example.com" or userName eq "EDSGER"`, `not (userName eq "ada@example.com")`,
	`userName eq "a_b"`, `userName sw "a_"`, `userName sw "É"`, `userName ew "EXAMPLE.com"`, `userName co "@"`, `userName gt "e"`, `userName le "b"`,
	`externalId eq "x1"`, `externalId eq "X1"`, `externalId pr`, `not (externalId pr)`, `externalId ne "x1"`, `externalId sw "x"`,
	`emails.value eq "ADA@home.example"`, `emails[type eq "work"].value eq "ada@home.example"`, `emails[type eq "work" and value eq "ada@work.example"]`,
	`emails[type eq "home" and value co "GRACE"]`, `emails[type eq "work" and primary eq true]`, `emails.type eq "work"`, `emails.value ew ".fr"`,
	`emails pr`, `not (emails pr)`, `not (emails.type eq "home")`, `emails[not (type eq "home")]`, `emails.value ne "ada@home.example"`,
	`emails.value eq "ada@home.example" and externalId eq "X1"`, `emails.value eq "ada@home.example" and not (active eq true and title co "admiral")`,
	`title co "100%"`, `title co "%"`, `title co "\\"`, `title co "\"quoted\""`, `title co "'"`, `title eq "K"`, `title eq "STRAßE"`, `title ew "SURE"`, `title pr and active eq false`,
	`displayName sw "ﬁ"`, `displayName eq null`, `name.familyName pr`, `name pr`, `name.givenName sw "g" or name.familyName eq "dijkstra"`,
	`addresses[locality eq "london" and country eq "gb"]`, `addresses.locality eq "London" and addresses.country eq "TR"`,
	`roles[value eq "reader" and primary eq true]`, `roles.primary eq false`, `phoneNumbers[type eq "mobile"]`,
	scim.EnterpriseURN + `:department eq "notes"`, scim.EnterpriseURN + `:manager.value eq "babbage"`, scim.EnterpriseURN + `:employeeNumber pr`,
	extension.URN + `:organizationId eq "all"`, extension.URN + `:userType eq "Technician"`, extension.URN + `:userType pr`,
	hostURN + `:badge eq "a1"`, hostURN + `:badge sw "A"`, hostURN + `:team eq "engine"`, hostURN + `:level eq 9007199254740993`,
	hostURN + `:level ge 9007199254740993`, hostURN + `:level lt 0`, hostURN + `:ratio gt 0.75`, hostURN + `:ratio eq 0.5`, hostURN + `:remote eq true`,
	hostURN + `:remote ne true`, hostURN + `:since gt "2026-01-15T10:00:00.123Z"`, hostURN + `:since eq "2026-01-15T11:00:00.123+01:00"`,
	hostURN + `:seal eq "AQID"`, hostURN + `:tags eq "RED"`, hostURN + `:tags co "l"`, hostURN + `:desk pr`, hostURN + `:desk.floor eq 3`,
	hostURN + `:parcels[kind eq "box" and weight gt 1]`, hostURN + `:parcels.weight lt 1`,
	`meta.lastModified gt "2026-01-15T10:00:03.123Z"`, `meta.created le "2026-01-15T11:00:02.1230+01:00"`, `meta.created eq "2026-01-15T10:00:01.123Z"`,
	`(active eq true or title co "sure") and not (externalId pr and userName co "a")`,
}

func userFilters(t *trial) {
	for n, u := range filteredUsers() {
		u.Created = epoch.Add(time.Duration(n) * time.Second)
		u.LastModified = u.Created
		t.makeUser(u)
	}
	all := t.listUsers(scim.Query{Scope: everyone})
	if len(all) != len(filteredUsers()) {
		t.broken("of %d users %d are listed", len(filteredUsers()), len(all))
		return
	}
	text := slices.Concat(filtersOfUsers, []string{fmt.Sprintf("id eq %q", all[2].ID), fmt.Sprintf("id eq %q and active eq true", all[0].ID), fmt.Sprintf("id ne %q", all[1].ID)})
	for _, f := range text {
		t.judge(f, len(all), func(b *filter.Bound) []string {
			var want []string
			for _, u := range all {
				if b.Match(&u) {
					want = append(want, u.UserName)
				}
			}
			return want
		})
	}
}

// judge compares what a filter finds with what it should, under several pages and scopes.
func (t *trial) judge(text string, n int, match func(*filter.Bound) []string) {
	t.Helper()
	b := t.filter(text)
	want := match(b)
	if len(want) == 0 || len(want) == n {
		t.broken("%s finds %d of %d here and cannot tell a store from another; were the values kept?", text, len(want), n)
	}
	t.equal(t.found(red, b), want, "%s", text)
	p := t.page(red, scim.Query{Filter: b, Scope: everyone, Offset: 1, Limit: 1, Total: true})
	t.equal(namesOf(p.Items), want[min(1, len(want)):min(2, len(want))], "%s: the second alone", text)
	if p.Total != len(want) {
		t.broken("%s: the total is %d, want %d", text, p.Total, len(want))
	}
	for _, q := range []scim.Query{{Filter: b}, {Filter: b, Scope: everyone, IDs: []string{"nobody"}}} {
		t.equal(namesOf(t.all(red, q)), []string(nil), "%s, of nobody", text)
	}
}
