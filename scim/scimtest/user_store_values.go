package scimtest

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
)

// fullUser returns a user with a value in every field, always the same and never shared.
func fullUser() scim.User {
	values := func(kind string) []scim.MultiValue {
		return []scim.MultiValue{
			{Value: kind + "-1", Display: "the first", Type: "work", Primary: true},
			{Value: kind + "-2", Type: "home"},
			{Value: kind + "-1", Type: "other"},
		}
	}
	return scim.User{
		Meta: scim.Meta{
			ManagedBy: entra, ExternalID: "b3f1d6ce", Created: epoch.Add(-time.Hour), LastModified: epoch.Add(time.Millisecond),
		},
		UserName: "Ada@Example.com",
		Name: scim.Name{
			Formatted: "The Hon. Ada B. Lovelace, FRS", FamilyName: "Lovelace", GivenName: "Ada", MiddleName: "B.",
			HonorificPrefix: "The Hon.", HonorificSuffix: "FRS",
		},
		DisplayName: "Ada Lovelace", NickName: "AAL", ProfileURL: "https://example.com/ada", Title: "Analyst",
		UserType: "Employee", PreferredLanguage: "en-GB", Locale: "en-GB", Timezone: "Europe/London",
		Emails: values("ada@example.com"), PhoneNumbers: values("+44 20"), IMs: values("ims"), Photos: values("https://example.com/photo"),
		Entitlements: values("entitlement"), Roles: values("role"), X509Certificates: values("MIIB"),
		Addresses: []scim.Address{
			{
				Formatted: "12 St James's Square\nLondon", StreetAddress: "12 St James's Square", Locality: "London", Region: "England",
				PostalCode: "SW1Y 4JH", Country: "GB", Type: "work", Primary: true,
			},
			{Locality: "Ockham", Type: "home"},
		},
		Enterprise: scim.Enterprise{
			EmployeeNumber: "1815", CostCenter: "C1", Organization: "Analytical", Division: "Engines", Department: "Notes",
			Manager: scim.Manager{Value: "babbage", Ref: "https://example.com/Users/babbage", DisplayName: "Charles Babbage"},
		},
		NinjaOne:   extension.User{OrganizationID: extension.All, UserType: extension.EndUser},
		Extensions: map[string]scim.Object{hostURN: dynamic()},
		Active:     true, SSO: true, Administrator: true, Adopted: true,
	}
}

// dynamic returns an object with every kind of dynamic value.
func dynamic() scim.Object {
	return scim.Object{
		"badge": "b-7É\"\n", "level": int64(math.MaxInt64), "lowest": int64(math.MinInt64), "none": int64(0),
		"ratio": 0.1, "huge": math.MaxFloat64, "whole": 3.0, "tiny": math.SmallestNonzeroFloat64,
		"remote": true, "local": false,
		"since": time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC), "before": time.Date(1969, 12, 31, 23, 59, 59, 1e6, time.UTC),
		"seal": []byte{0, 1, 0xFE, 0xFF}, "looks": "2026-02-03T04:05:06Z", "digits": "42",
		"desk":    scim.Object{"floor": int64(3), "code": "D", "deep": scim.Object{"er": []any{"x"}}},
		"tags":    []any{"red", "blue", "red"},
		"parcels": []any{scim.Object{"kind": "box", "weight": 2.5}, scim.Object{"kind": "bag"}},
		"mixed":   []any{"1", int64(1), 1.0, true, []byte("1"), epoch, scim.Object{"one": int64(1)}},
	}
}

func longValues(t *trial) {
	u := scim.User{UserName: "ada", Title: strings.Repeat("ö", 5_000), Extensions: map[string]scim.Object{hostURN: {"badge": strings.Repeat("%", 10_000)}}}
	for n := range 100 {
		u.Emails = append(u.Emails, scim.MultiValue{Value: fmt.Sprintf("ada%d@example.com", n)})
	}
	got := t.makeUser(u)
	t.keeps(got, u, "created")
	t.equal(t.found(red, t.equals("title", u.Title)), []string{"ada"}, "found by the long value")
	t.equal(t.found(red, t.equals("emails.value", "ADA77@example.com")), []string{"ada"}, "found by the 78th address")
}

// spoil changes everything that a copy of u might share with u.
func spoil(u *scim.User) {
	for _, l := range [][]scim.MultiValue{u.Emails, u.PhoneNumbers, u.IMs, u.Photos, u.Entitlements, u.Roles, u.X509Certificates} {
		for i := range l {
			l[i] = scim.MultiValue{Value: "spoilt"}
		}
	}
	for i := range u.Addresses {
		u.Addresses[i] = scim.Address{Locality: "spoilt"}
	}
	for _, o := range u.Extensions {
		spoilObject(o)
	}
	u.Extensions["urn:example:spoilt"] = scim.Object{"spoilt": true}
}

func spoilObject(o scim.Object) {
	for name, v := range o {
		o[name] = spoilt(v)
	}
	o["spoilt"] = true
}

func spoilt(v any) any {
	switch v := v.(type) {
	case []byte:
		clear(v)
	case scim.Object:
		spoilObject(v)
	case []any:
		for i := range v {
			v[i] = spoilt(v[i])
		}
	}
	return "spoilt"
}

func usersCopiedIn(t *trial) {
	given := fullUser()
	given.ID = t.newID()
	passed := given
	created, err := t.users.CreateUser(t.Context(), red, passed)
	t.must(err, "create")
	want := fullUser()
	want.ID = given.ID
	t.equal(passed, want, "the user CreateUser was given, afterwards")
	spoil(&passed)
	t.keeps(created, fullUser(), "after what CreateUser was given was changed")

	given = fullUser()
	given.ID, given.Version, given.Title = created.ID, created.Version, "Countess"
	passed, want = given, fullUser()
	want.ID, want.Version, want.Title = created.ID, created.Version, "Countess"
	updated, err := t.users.UpdateUser(t.Context(), red, passed)
	t.must(err, "update")
	t.equal(passed, want, "the user UpdateUser was given, afterwards")
	spoil(&passed)
	t.keeps(updated, want, "after what UpdateUser was given was changed")
}

func usersCopiedOut(t *trial) {
	created := t.makeUser(fullUser())
	want := fullUser()
	want.ID, want.Version = created.ID, created.Version
	spoil(&created)
	t.equal(t.readUser(want.ID), want, "read, after what CreateUser returned was changed")

	read := t.readUser(want.ID)
	spoil(&read)
	t.equal(t.readUser(want.ID), want, "read, after what User returned was changed")

	for _, q := range []scim.Query{{Scope: everyone}, {Scope: everyone, Filter: t.equals("userName", want.UserName)}} {
		listed := t.listUsers(q)
		for i := range listed {
			spoil(&listed[i])
		}
		t.equal(t.listUsers(q), []scim.User{want}, "listed, after what Users returned was changed")
	}

	updated := t.changeUser(t.readUser(want.ID))
	want.Version = updated.Version
	spoil(&updated)
	t.equal(t.readUser(want.ID), want, "read, after what UpdateUser returned was changed")
}
