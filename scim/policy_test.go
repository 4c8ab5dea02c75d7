package scim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
)

// covering is a Policy.Adopt: entra covers acme.example.com, but for administrators, and who
// covers somewhere.example.com cannot be told.
func covering(_ context.Context, p Principal, u User) error {
	switch _, domain, _ := strings.Cut(u.UserName, "@"); {
	case domain == "somewhere.example.com":
		return errors.New("the directory of domains is down")
	case p.Manager != "entra" || domain != "acme.example.com":
		return ErrNotFound
	case u.Administrator:
		return &Refusal{Status: 409, Type: "uniqueness", Detail: "needs approval in the console"}
	}
	return nil
}

func nativeAda() User {
	long := time.Date(2020, 5, 1, 8, 0, 0, 0, time.UTC)
	return User{
		Meta:     Meta{ExternalID: "hr-7", Created: long, LastModified: long},
		UserName: "ada@acme.example.com", Active: true, DisplayName: "Ada",
		Emails: []MultiValue{{Value: "ada.l@acme.example.com", Type: "work"}},
	}
}

func TestNativeUsersAreInvisibleWithoutAdopt(t *testing.T) {
	r := newRig(t)
	u := r.native(nativeAda())
	for _, f := range []string{`userName eq "ada@acme.example.com"`, `id eq "` + u.ID + `"`, `emails eq "ada.l@acme.example.com"`, `active eq true`} {
		same(t, f, r.do("GET", "/Users?filter="+escaped(f), "").is("0", "totalResults").found("id"), none())
	}
	r.do("GET", "/Users/"+u.ID, "").want(404)
	r.do("PATCH", "/Users/"+u.ID, patchBody("")).want(404)
	r.do("PUT", "/Users/"+u.ID, ada).want(404)
	r.do("DELETE", "/Users/"+u.ID, "").want(404)
	r.do("POST", "/Users", ada).refused(409, "uniqueness", "in use outside this provider")
	if got := r.stored(u.ID); got.Version != u.Version {
		t.Errorf("%+v", got)
	}
}

func TestAdoptFindsByLookUpsOnly(t *testing.T) {
	r := newRig(t, withPolicy(Policy{Adopt: covering}))
	u := r.native(nativeAda())
	r.native(User{UserName: "eve@elsewhere.example.com", Emails: []MultiValue{{Value: "ada.l@acme.example.com"}}})
	mine := r.user(userNamed("grace@acme.example.com"))
	native, only := []string{u.ID}, []string{mine}
	for _, c := range []struct {
		filter string
		want   []string
	}{
		{`userName eq "ADA@acme.example.com"`, native},
		{`id eq "` + u.ID + `"`, native},
		{`emails eq "ada.l@acme.example.com"`, native},
		{`emails.value eq "ada.l@acme.example.com"`, native},
		{`emails[type eq "work" and value eq "ada.l@acme.example.com"]`, native},
		{`emails[type eq "work"].value eq "ada.l@acme.example.com"`, native},
		{`userName eq "ada@acme.example.com" and active eq true`, native},
		{`displayName eq "Ada" and userName eq "ada@acme.example.com"`, native},
		{`userName eq "ada@acme.example.com" and not (externalId pr)`, native},
		{`userName eq "ada@acme.example.com" and active eq false`, none()},
		{`userName eq "ada@acme.example.com" and externalId eq "hr-7"`, none()},
		{`userName eq "eve@elsewhere.example.com"`, none()},
		{`externalId eq "hr-7"`, none()},
		{`userName eq null`, none()},
		{`userName sw "ada"`, none()},
		{`userName eq "ada@acme.example.com" or userName eq "x"`, none()},
		{`not (userName ne "ada@acme.example.com")`, none()},
		{`displayName eq "Ada"`, none()},
		{`emails.value eq null`, only},
		{`active eq true`, only},
		{``, only},
	} {
		target := "/Users"
		if c.filter != "" {
			target += "?filter=" + escaped(c.filter)
		}
		a := r.do("GET", target, "")
		same(t, c.filter, a.found("id"), c.want)
		a.is(fmt.Sprint(len(c.want)), "totalResults")
		same(t, "okta: "+c.filter, r.as("okta", "GET", target, "").found("id"), none())
	}

	byName := "filter=" + escaped(`userName eq "ada@acme.example.com"`)
	r.do("GET", "/Users?"+byName, "").want(200).is("", "Resources", 0, "externalId").is(`"Ada"`, "Resources", 0, "displayName")
	r.do("GET", "/Users/"+u.ID, "").want(200).is("", "externalId")
	r.do("GET", "/Users?count=0&"+byName, "").is("1", "totalResults").is("[]", "Resources")
	r.do("GET", "/Users?startIndex=2&"+byName, "").is("1", "totalResults").is("[]", "Resources")
	if got := r.stored(u.ID); got.ManagedBy != "" || got.ExternalID != "hr-7" || got.Version != u.Version {
		t.Errorf("looking at a native user changed it: %+v", got.Meta)
	}
}

// A store that leaves out what Query.Omit lists leaves nothing out that the policy, or the filter
// after it, needs.
func TestAdoptSeesWholeUsers(t *testing.T) {
	r := newRig(t, withPolicy(Policy{Adopt: covering}), func(s *Stores, _ *Config) { s.Users = sparing{s.Users} })
	u := r.native(nativeAda())
	mine := r.user(userNamed("grace@acme.example.com"))
	for _, name := range []string{"ada@acme.example.com", "grace@acme.example.com"} {
		a := r.do("GET", "/Users?attributes=displayName&filter="+escaped(`userName eq "`+name+`"`), "")
		if got := a.found("id"); len(got) != 1 || got[0] != u.ID && got[0] != mine {
			t.Errorf("%s: found %q", name, got)
		}
	}
}

// sparing is a store that takes Query.Omit at its word.
type sparing struct{ UserStore }

func (s sparing) Users(ctx context.Context, t TenantID, q Query) (Page[User], error) {
	page, err := s.UserStore.Users(ctx, t, q)
	for i := range page.Items {
		for _, ref := range q.Omit {
			if !ref.Derived() && ref.Name() != "meta" {
				clearAttribute(&page.Items[i], ref)
			}
		}
	}
	return page, err
}

func TestAdoptByTheFirstWrite(t *testing.T) {
	for name, write := range map[string]func(r *rig, path string) answer{
		"PUT": func(r *rig, path string) answer { return r.do("PUT", path, ada) },
		"PATCH": func(r *rig, path string) answer {
			return r.do("PATCH", path, patchBody(`{"op":"add","path":"externalId","value":"ada"}`))
		},
		"PATCH that changes nothing": func(r *rig, path string) answer {
			return r.do("PATCH", path, patchBody(`{"op":"replace","path":"active","value":true}`))
		},
		"PATCH without operations": func(r *rig, path string) answer { return r.do("PATCH", path, patchBody("")) },
	} {
		t.Run(name, func(t *testing.T) {
			var changes []Change
			r := newRig(t, withPolicy(Policy{Adopt: covering, Check: func(_ context.Context, _ Stores, c *Change) error {
				changes = append(changes, *c)
				return nil
			}}))
			was := nativeAda()
			was.NinjaOne.UserType = extension.EndUser
			u := r.native(was)
			a := write(r, "/Users/"+u.ID).want(200)
			got := r.stored(u.ID)
			if got.ManagedBy != "entra" || got.ExternalID == "hr-7" || got.Version == u.Version || a.version() != etag(got.Version) {
				t.Errorf("stored %+v, ETag %s", got.Meta, a.version())
			}
			if !got.Created.Equal(u.Created) || !got.LastModified.After(u.LastModified) {
				t.Errorf("created %v, lastModified %v", got.Created, got.LastModified)
			}
			if len(changes) != 1 || !changes[0].Adopts || changes[0].Before.ManagedBy != "" || changes[0].After.ManagedBy != "entra" {
				t.Errorf("%d changes: %+v", len(changes), changes)
			}
			// It is now like any other: found by a list, and an idle write changes nothing.
			same(t, "list", r.do("GET", "/Users", "").found("id"), []string{u.ID})
			if b := r.do("PATCH", "/Users/"+u.ID, patchBody("")); b.version() != a.version() || len(changes) != 1 {
				t.Errorf("the second write makes version %s of %s, %d changes", b.version(), a.version(), len(changes))
			}
		})
	}
}

func TestAdoptRefuses(t *testing.T) {
	r := newRig(t, withPolicy(Policy{Adopt: covering}))
	boss := r.native(User{UserName: "boss@acme.example.com", Administrator: true, Active: true})
	lost := r.native(User{UserName: "lost@somewhere.example.com", Active: true})
	byName := func(name string) string { return "/Users?filter=" + escaped(`userName eq "`+name+`"`) }

	same(t, "an administrator", r.do("GET", byName(boss.UserName), "").found("id"), []string{boss.ID})
	r.do("GET", "/Users/"+boss.ID, "").want(200)
	for _, a := range []answer{
		r.do("PUT", "/Users/"+boss.ID, userNamed(boss.UserName)), r.do("PATCH", "/Users/"+boss.ID, patchBody("")), r.do("DELETE", "/Users/"+boss.ID, ""),
	} {
		a.refused(409, "uniqueness", "needs approval in the console")
	}
	if got := r.stored(boss.ID); got.Version != boss.Version {
		t.Errorf("a refused write changed %+v", got)
	}
	for _, a := range []answer{
		r.do("GET", byName(lost.UserName), ""), r.do("GET", "/Users/"+lost.ID, ""),
		r.do("PATCH", "/Users/"+lost.ID, patchBody("")), r.do("DELETE", "/Users/"+lost.ID, ""),
	} {
		if a.want(503); a.header.Get("Retry-After") == "" || strings.Contains(a.text, "directory of domains") {
			t.Errorf("%s: %v %s", a.asked, a.header, a.text)
		}
	}
}

func TestConflictsSayWhoCanActOnThem(t *testing.T) {
	r := newRig(t, withPolicy(Policy{Adopt: covering}))
	r.native(nativeAda())
	r.native(User{UserName: "eve@elsewhere.example.com"})
	r.as("okta", "POST", "/Users", userNamed("olga@acme.example.com")).want(201)
	r.user(userNamed("grace@acme.example.com"))

	const exists, outside = "exists already; find it by a filter on userName and update it", "is in use outside this provider"
	for name, want := range map[string]string{
		"ADA@acme.example.com": exists, "grace@ACME.example.com": exists, "eve@elsewhere.example.com": outside, "Olga@acme.example.com": outside,
	} {
		r.do("POST", "/Users", userNamed(name)).refused(409, "uniqueness", want, `userName "`+name+`"`)
	}
	me := r.user(userNamed("me@acme.example.com"))
	r.do("PATCH", "/Users/"+me, patchBody(`{"op":"replace","path":"userName","value":"Olga@acme.example.com"}`)).refused(409, "uniqueness", outside)
	r.do("PUT", "/Users/"+me, userNamed("grace@acme.example.com")).refused(409, "uniqueness", exists)
	r.do("GET", "/Users/"+me, "").is(`"me@acme.example.com"`, "userName")

	// The names of groups are the provider's own.
	mine := r.group(`{"displayName":"Engineers"}`)
	r.do("POST", "/Groups", `{"displayName":"ENGINEERS"}`).refused(409, "uniqueness", `displayName "ENGINEERS" exists already`)
	if theirs := r.as("okta", "POST", "/Groups", `{"displayName":"Engineers"}`).want(201).id(); theirs == mine {
		t.Error("two groups with one ID")
	}
}

func TestCheckAndStoredSeeEveryChange(t *testing.T) {
	var checked, stored []Change
	r := newRig(t, withPolicy(Policy{
		Check: func(_ context.Context, s Stores, c *Change) error {
			if s.Users == nil || s.Groups == nil {
				t.Error("Check got no stores")
			}
			checked = append(checked, *c)
			return nil
		},
		Stored: func(_ context.Context, c Change) error { stored = append(stored, c); return nil },
	}))
	next := func(what string) Change {
		t.Helper()
		if len(checked) != 1 || len(stored) != 1 {
			t.Fatalf("%s: Check %d times, Stored %d times", what, len(checked), len(stored))
		}
		c, s := checked[0], stored[0]
		checked, stored = nil, nil
		if c.By != entra || s.By != entra || (c.Before == nil) != (s.Before == nil) || (c.After == nil) != (s.After == nil) ||
			(c.GroupBefore == nil) != (s.GroupBefore == nil) || (c.GroupAfter == nil) != (s.GroupAfter == nil) {
			t.Errorf("%s: Check saw %+v, Stored %+v", what, c, s)
		}
		if s.After != nil && s.After.Version == "" || s.GroupAfter != nil && s.GroupAfter.Version == "" {
			t.Errorf("%s: Stored sees no version", what)
		}
		return c
	}

	u := r.user(ada)
	if c := next("create"); c.Before != nil || c.After.UserName != "ada@acme.example.com" || c.After.ManagedBy != "entra" || c.Adopts || !c.Members.IsZero() {
		t.Errorf("create: %+v", c)
	}
	poet := patchBody(`{"op":"replace","path":"title","value":"Poet"}`)
	r.do("PATCH", "/Users/"+u, poet).want(200)
	if c := next("update"); c.Before.Title != "Countess" || c.After.Title != "Poet" || c.Before == c.After {
		t.Errorf("update: %+v", c)
	}
	g := r.group(`{"displayName":"Poets","members":[{"value":"` + u + `"}]}`)
	if c := next("group"); c.GroupBefore != nil || c.GroupAfter.DisplayName != "Poets" || !slices.Equal(c.Members.Add, []string{u}) || c.After != nil {
		t.Errorf("create of a group: %+v", c)
	}
	v := r.user(userNamed("grace"))
	next("create")
	r.do("PATCH", "/Groups/"+g, patchBody(`{"op":"add","path":"members","value":[{"value":"`+v+`"}]},{"op":"remove","path":"members[value eq \"`+u+`\"]"}`)).want(204)
	if c := next("members"); c.GroupBefore.DisplayName != "Poets" || !slices.Equal(c.Members.Add, []string{v}) || !slices.Equal(c.Members.Remove, []string{u}) || c.Members.Replace {
		t.Errorf("members: %+v", c)
	}
	r.do("PUT", "/Groups/"+g, `{"displayName":"Writers","members":[]}`).want(200)
	if c := next("PUT of a group"); c.GroupAfter.DisplayName != "Writers" || !c.Members.Replace || len(c.Members.Add) != 0 {
		t.Errorf("PUT of a group: %+v", c)
	}
	r.do("DELETE", "/Groups/"+g, "").want(204)
	if c := next("delete"); c.GroupBefore.DisplayName != "Writers" || c.GroupAfter != nil {
		t.Errorf("delete of a group: %+v", c)
	}

	// What changes nothing is not asked about, but told again: it may be a repetition.
	r.do("PATCH", "/Users/"+u, poet).want(200)
	if len(checked) != 0 || len(stored) != 1 || stored[0].Before.Version != stored[0].After.Version {
		t.Errorf("an idle PATCH: Check %d times, Stored %+v", len(checked), stored)
	}
	stored = nil
	r.do("PUT", "/Users/"+u, `{"userName":""}`).want(400)
	r.do("PATCH", "/Users/nobody", patchBody("")).want(404)
	if len(checked)+len(stored) != 0 {
		t.Error("Check or Stored were told of what was refused")
	}
	r.do("DELETE", "/Users/"+u, "").want(204)
	if c := next("delete"); c.Before.Title != "Poet" || c.After != nil {
		t.Errorf("delete: %+v", c)
	}
}

func TestCheckCorrectsAndVetoes(t *testing.T) {
	var veto error
	r := newRig(t, withPolicy(Policy{Check: func(_ context.Context, _ Stores, c *Change) error {
		if c.After != nil {
			c.After.SSO = true
			c.After.DisplayName = strings.ToUpper(c.After.DisplayName)
		}
		if c.GroupAfter != nil {
			c.GroupAfter.DisplayName += " (acme)"
		}
		return veto
	}}))
	u := r.do("POST", "/Users", `{"userName":"ada","displayName":"Ada"}`).want(201).is(`"ADA"`, "displayName")
	if !r.stored(u.id()).SSO {
		t.Error("the correction was not stored")
	}
	g := r.do("POST", "/Groups", `{"displayName":"Poets"}`).want(201).is(`"Poets (acme)"`, "displayName")

	veto = &Refusal{Status: 403, Type: "sensitive", Detail: "no seat is left", RetryAfter: 90 * time.Second}
	for _, a := range []answer{
		r.do("POST", "/Users", userNamed("grace")),
		r.do("PUT", "/Users/"+u.id(), userNamed("ada")),
		r.do("PATCH", "/Users/"+u.id(), patchBody(`{"op":"add","path":"title","value":"Poet"}`)),
		r.do("DELETE", "/Users/"+u.id(), ""),
		r.do("POST", "/Groups", `{"displayName":"Writers"}`),
		r.do("PATCH", "/Groups/"+g.id(), patchBody(`{"op":"replace","path":"displayName","value":"Writers"}`)),
		r.do("DELETE", "/Groups/"+g.id(), ""),
	} {
		if a.refused(403, "sensitive", "no seat is left"); a.header.Get("Retry-After") != "90" {
			t.Errorf("%s: Retry-After %q", a.asked, a.header.Get("Retry-After"))
		}
	}
	veto = errors.New("seats: no rows")
	if a := r.do("POST", "/Users", userNamed("grace")).want(500); strings.Contains(a.text, "no rows") {
		t.Error(a.text)
	}
	same(t, "users", r.do("GET", "/Users", "").found("userName"), []string{"ada"})
	same(t, "groups", r.do("GET", "/Groups", "").found("displayName"), []string{"Poets (acme)"})
	r.do("GET", "/Users/"+u.id(), "").is("", "title")
}

func TestStored(t *testing.T) {
	var fail error
	r := newRig(t)
	r.h.engine.policy.Stored = func(_ context.Context, c Change) error {
		if c.After != nil && r.stored(c.After.ID).Title != c.After.Title {
			t.Error("Stored was called before the change was there")
		}
		return fail
	}
	u := r.user(ada)
	poet := patchBody(`{"op":"replace","path":"title","value":"Poet"}`)
	fail = errors.New("the session killer is down")
	a := r.do("PATCH", "/Users/"+u, poet).want(503)
	if a.header.Get("Retry-After") == "" || strings.Contains(a.text, "killer") || !strings.Contains(r.log.String(), "killer") {
		t.Errorf("%v %s; log %s", a.header, a.text, r.log)
	}
	if r.stored(u).Title != "Poet" {
		t.Error("the change was not committed")
	}
	r.do("PATCH", "/Users/"+u, poet).want(503) // the repetition is told again …
	fail = nil
	r.do("PATCH", "/Users/"+u, poet).want(200) // … until it is heard
	fail = &Refusal{Status: 409, Detail: "done, but look at it"}
	r.do("PATCH", "/Users/"+u, poet).refused(409, "", "done, but look at it")
	r.do("DELETE", "/Users/"+u, "").refused(409, "", "done, but look at it")
	r.do("GET", "/Users/"+u, "").want(404)
}

// keepsSome manages what the vendor's table has, for entra.
func keepsSome(p Principal, ref filter.Ref) bool {
	switch ref.String() {
	case "userName", "active", "emails", "name", "externalId", extension.URN + ":organizationId", extension.URN + ":userType":
		return true
	}
	return p.Manager != "entra"
}

func TestKeeps(t *testing.T) {
	r := newRig(t, withPolicy(Policy{Keeps: keepsSome}), hostSchemas)
	body := `{"userName":"ada","title":"Countess","phoneNumbers":[{"value":"1","type":"work"}],"emails":[{"value":"a@x","type":"work"}],
		"urn:example:Badge":{"number":7,"doors":["A"]},"` + EnterpriseURN + `":{"department":"Engines","manager":{"value":"1"}},"name":{"givenName":"Ada"}}`
	a := r.do("POST", "/Users", body).want(201)
	a.is("", "title").is("", "phoneNumbers").is("", EnterpriseURN)
	a.is(`{"number":7}`, "urn:example:Badge") // what a schema requires is always kept
	a.is(`{"givenName":"Ada"}`, "name").is(`[{"value":"a@x","type":"work","primary":false}]`, "emails")
	path := "/Users/" + a.id()

	// The host fills in what it manages itself; PUT and PATCH leave it alone, and show it.
	u := r.stored(a.id())
	u.Title, u.PhoneNumbers, u.Enterprise.Department = "Director", []MultiValue{{Value: "2", Type: "home"}}, "Board"
	if _, err := r.store.UpdateUser(context.Background(), "acme", u); err != nil {
		t.Fatal(err)
	}
	kept := func(a answer) answer {
		t.Helper()
		return a.want(200).is(`"Director"`, "title").is(`[{"value":"2","type":"home","primary":false}]`, "phoneNumbers").is(`{"department":"Board"}`, EnterpriseURN)
	}
	kept(r.do("PUT", path, body))
	kept(r.do("PUT", path, userNamed("ada")))
	b := kept(r.do("PATCH", path, patchBody(`{"op":"replace","path":"title","value":"Poet"},{"op":"remove","path":"phoneNumbers"},{"op":"add","path":"`+EnterpriseURN+`:department","value":"x"}`)))
	c := kept(r.do("PATCH", path, patchBody(`{"op":"replace","path":"title","value":"Poet"}`)))
	if b.version() != c.version() {
		t.Error("a write that is not kept changed the version")
	}
	r.as("okta", "POST", "/Users", `{"userName":"olga","title":"Poet"}`).want(201).is(`"Poet"`, "title")
}

func TestKeepsIsDiscovered(t *testing.T) {
	r := newRig(t, hostSchemas, withPolicy(Policy{Keeps: func(p Principal, ref filter.Ref) bool {
		if !ref.Parent().IsZero() || slices.Contains([]string{"members", "number", "userName", "id", "groups"}, ref.Name()) {
			t.Errorf("Keeps is asked of %s", ref)
		}
		return keepsSome(p, ref)
	}}))
	for _, c := range []struct{ token, urn, attribute, want string }{
		{"entra", userURN, "userName", "readWrite"}, {"entra", userURN, "emails", "readWrite"}, {"entra", userURN, "emails.value", "readWrite"},
		{"entra", userURN, "title", "readOnly"}, {"entra", userURN, "phoneNumbers", "readOnly"}, {"entra", userURN, "phoneNumbers.value", "readOnly"},
		{"okta", userURN, "title", "readWrite"}, {"okta", userURN, "phoneNumbers.value", "readWrite"}, {"okta", userURN, "groups", "readOnly"},
		{"entra", EnterpriseURN, "department", "readOnly"}, {"entra", EnterpriseURN, "manager.value", "readOnly"}, {"okta", EnterpriseURN, "manager.value", "readWrite"},
		{"entra", "urn:example:Badge", "number", "readWrite"}, {"entra", "urn:example:Badge", "issued", "readOnly"},
		{"entra", groupURN, "displayName", "readWrite"}, {"entra", groupURN, "members", "readWrite"},
	} {
		a := r.as(c.token, "GET", "/Schemas/"+c.urn, "").want(200)
		if got := attributesOf(a)[c.attribute]["mutability"]; got != c.want {
			t.Errorf("%s: %s is %v, want %s", c.token, c.attribute, got, c.want)
		}
	}
	if n := len(r.h.discovery.narrower); n != 2 {
		t.Errorf("%d variations for two principals", n)
	}
	list := r.do("GET", "/Schemas", "").want(200)
	r.do("GET", "/Schemas/"+userURN, "").want(200).is(compactJSON(list.at("Resources", 0)))
}

func TestKeepsRemembersFewVariations(t *testing.T) {
	n := 0
	r := newRig(t, withPolicy(Policy{Keeps: func(_ Principal, ref filter.Ref) bool { return n>>(ref.Index()%8)&1 == 0 }}))
	title, _ := r.h.types[0].registry.Ref("title")
	for n = range 2 * maxNarrower {
		want := "readWrite"
		if n>>(title.Index()%8)&1 == 1 {
			want = "readOnly"
		}
		if got := attributesOf(r.do("GET", "/Schemas/"+userURN, ""))["title"]["mutability"]; got != want {
			t.Errorf("set %d: title is %v, want %s", n, got, want)
		}
	}
	if got := len(r.h.discovery.narrower); got != maxNarrower {
		t.Errorf("%d variations are remembered, want %d", got, maxNarrower)
	}
}

// ninja knows the organizations 7 and 8, gives okta a default, and cannot ask about 503.
func ninja(_ context.Context, p Principal) (extension.Rules, error) {
	rules := extension.Rules{RequireOrganization: true, Resolve: func(_ context.Context, id string) (string, error) {
		switch id {
		case "7", "8":
			return id, nil
		case "503":
			return "", errors.New("organizations: connection refused")
		}
		return "", extension.ErrUnknownOrganization
	}}
	switch {
	case p.Manager == "okta":
		rules.DefaultOrganization = "8"
	case p.Tenant == "globex":
		return rules, errors.New("rules: connection refused")
	}
	return rules, nil
}

func ninjaUser(name, organization, userType, more string) string {
	return fmt.Sprintf(`{"userName":%q,%q:{"organizationId":%q,"userType":%q}%s}`, name, extension.URN, organization, userType, more)
}

func ninjaSet(attribute, value string) string {
	return fmt.Sprintf(`{"op":"replace","path":"%s:%s","value":%s}`, extension.URN, attribute, value)
}

func TestNinjaOneRules(t *testing.T) {
	r := newRig(t, withPolicy(Policy{NinjaOne: ninja}))
	r.do("POST", "/Users", userNamed("ada")).refused(400, "invalidValue", extension.URN+":organizationId cannot be empty")
	r.as("okta", "POST", "/Users", userNamed("olga")).want(201).is(`{"organizationId":"8","userType":"endUser"}`, extension.URN)
	r.do("POST", "/Users", ninjaUser("ada", "9", "", "")).refused(400, "invalidValue", `organizationId cannot be "9"`)
	r.do("POST", "/Users", ninjaUser("ada", "7", "enduser", "")).refused(400, "invalidValue", `userType cannot be "enduser"`)
	for _, a := range []answer{r.do("POST", "/Users", ninjaUser("ada", "503", "", "")), r.as("strange", "POST", "/Users", userNamed("ada"))} {
		if a.want(503); strings.Contains(a.text, "refused") || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %v %s", a.asked, a.header, a.text)
		}
	}
	same(t, "nobody was created", r.do("GET", "/Users", "").found("id"), none())

	path := "/Users/" + r.user(ninjaUser("ada", "7", "Technician", ""))
	set := func(attribute, value string) answer {
		return r.do("PATCH", path, patchBody(ninjaSet(attribute, value)))
	}
	set("organizationId", `"503"`).want(200) // a technician's has no meaning
	set("userType", `"endUser"`).want(503)   // now it would get one
	set("organizationId", `"9"`).want(200)
	// A demotion is never refused: an end user without organization sees nothing.
	set("userType", `"endUser"`).want(200).is(`{"userType":"endUser"}`, extension.URN)
	set("organizationId", `7`).want(200).is(`"7"`, extension.URN, "organizationId")
	set("organizationId", `"9"`).refused(400, "invalidValue", `"9"`)
	r.do("PUT", path, userNamed("ada")).want(200).is(`{"organizationId":"7","userType":"endUser"}`, extension.URN)
	r.do("PATCH", path, patchBody(`{"op":"remove","path":"`+extension.URN+`:organizationId"}`)).refused(400, "invalidValue", "organizationId")
}

func TestALeaverIsNeverKept(t *testing.T) {
	r := newRig(t, withPolicy(Policy{NinjaOne: ninja}))
	const leaves, returns = `,{"op":"Replace","path":"active","value":"False"}`, `,{"op":"replace","path":"active","value":true}`
	for name, c := range map[string]struct {
		op   string
		back int
	}{
		"organizationId": {ninjaSet("organizationId", `"9"`), 400},
		"userType":       {ninjaSet("userType", `"enduser"`), 400},
		"the resolver":   {ninjaSet("organizationId", `"503"`), 503},
		"removed":        {`{"op":"remove","path":"` + extension.URN + `:organizationId"}`, 400},
	} {
		u := r.user(ninjaUser("ada", "7", "", ""))
		a := r.do("PATCH", "/Users/"+u, patchBody(c.op+leaves)).want(200)
		a.is("false", "active").is(`{"organizationId":"7","userType":"endUser"}`, extension.URN)
		if got := r.stored(u); got.Active || got.NinjaOne.OrganizationID != "7" {
			t.Errorf("%s: stored %v %+v", name, got.Active, got.NinjaOne)
		}
		r.do("PUT", "/Users/"+u, ninjaUser("ada", "9", "enduser", `,"active":false`)).want(200).is(`{"organizationId":"7","userType":"endUser"}`, extension.URN)
		// The same values are refused to who comes back with them.
		r.do("PATCH", "/Users/"+u, patchBody(c.op+returns)).want(c.back)
		r.do("GET", "/Users/"+u, "").is("false", "active")
		r.do("DELETE", "/Users/"+u, "").want(204)
	}
}

func TestWithheldValuesAreReported(t *testing.T) {
	var checked, told []Change
	r := newRig(t, withPolicy(Policy{
		NinjaOne: ninja,
		Check:    func(_ context.Context, _ Stores, c *Change) error { checked = append(checked, *c); return nil },
		Stored:   func(_ context.Context, c Change) error { told = append(told, c); return nil },
	}))
	u := r.user(ninjaUser("ada", "7", "", ""))
	leave := patchBody(ninjaSet("organizationId", `"9"`) + "," + ninjaSet("userType", `["endUser","Technician"]`) + `,{"op":"replace","path":"active","value":false}`)
	for range 2 { // the second time nothing changes, and it is told all the same
		r.do("PATCH", "/Users/"+u, leave).want(200)
	}
	if len(checked) != 2 || len(told) != 3 {
		t.Fatalf("%d checked, %d told; a create and an update are checked, and the repetition is told too", len(checked), len(told))
	}
	for _, c := range []Change{checked[1], told[1], told[2]} {
		if len(c.Withheld) != 2 || !strings.Contains(c.Withheld[0].Error(), `"9"`) || !strings.Contains(c.Withheld[1].Error(), "userType") {
			t.Errorf("withheld: %v", c.Withheld)
		}
	}
	if len(told[0].Withheld) != 0 {
		t.Errorf("withheld by the create: %v", told[0].Withheld)
	}
}

func TestDeleteOfANativeUser(t *testing.T) {
	r := newRig(t, withPolicy(Policy{Adopt: covering}))
	u := r.native(nativeAda())
	r.do("DELETE", "/Users/"+u.ID, "").refused(403, "", "does not manage")
	if got := r.stored(u.ID); got.Version != u.Version {
		t.Errorf("a refused delete changed %+v", got)
	}
	r.do("PUT", "/Users/"+u.ID, ada).want(200)
	r.do("DELETE", "/Users/"+u.ID, "").want(204)
}

// A ledger is a store that undoes what was written in a transaction that failed.
type ledger struct {
	*MemoryStore
	mu            sync.Mutex
	begun, undone int
	again         bool // try everything twice, as a database does after a deadlock
}

func (l *ledger) transact(ctx context.Context, t TenantID, f func(context.Context, Stores) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	try := func() (undo []func(), err error) {
		l.begun++
		err = f(ctx, Stores{Users: ledgerUsers{l, &undo}, Groups: ledgerGroups{l}})
		return undo, err
	}
	undo, err := try()
	if l.again {
		l.rollback(undo)
		undo, err = try()
	}
	if err != nil {
		l.rollback(undo)
	}
	return err
}

func (l *ledger) rollback(undo []func()) {
	l.undone += len(undo)
	for _, f := range slices.Backward(undo) {
		f()
	}
}

type ledgerUsers struct {
	*ledger
	undo *[]func()
}

func (s ledgerUsers) CreateUser(ctx context.Context, t TenantID, u User) (User, error) {
	out, err := s.MemoryStore.CreateUser(ctx, t, u)
	if err == nil {
		*s.undo = append(*s.undo, func() { s.MemoryStore.DeleteUser(ctx, t, out.ID, "") })
	}
	return out, err
}

func (s ledgerUsers) UpdateUser(ctx context.Context, t TenantID, u User) (User, error) {
	before, _ := s.MemoryStore.User(ctx, t, u.ID)
	out, err := s.MemoryStore.UpdateUser(ctx, t, u)
	if err == nil {
		before.Version = ""
		*s.undo = append(*s.undo, func() { s.MemoryStore.UpdateUser(ctx, t, before) })
	}
	return out, err
}

func (s ledgerUsers) DeleteUser(ctx context.Context, t TenantID, id, version string) error {
	before, _ := s.MemoryStore.User(ctx, t, id)
	err := s.MemoryStore.DeleteUser(ctx, t, id, version)
	if err == nil {
		*s.undo = append(*s.undo, func() { s.MemoryStore.CreateUser(ctx, t, before) })
	}
	return err
}

type ledgerGroups struct{ *ledger }

func (s ledgerGroups) Forget(context.Context, TenantID, string) error {
	return errors.New("groups: the disk is full")
}

func TestTransact(t *testing.T) {
	var l ledger
	var check func(Stores, *Change) error
	stored := 0
	r := newRig(t, func(s *Stores, _ *Config) {
		l.MemoryStore = s.Users.(*MemoryStore)
		*s = Stores{Users: &l, Groups: &l, Transact: l.transact}
	}, withPolicy(Policy{
		Check:  func(_ context.Context, s Stores, c *Change) error { return check(s, c) },
		Stored: func(context.Context, Change) error { stored++; return nil },
	}))
	ctx := context.Background()
	check = func(s Stores, _ *Change) error {
		_, users := s.Users.(ledgerUsers)
		_, groups := s.Groups.(ledgerGroups)
		if !users || !groups {
			t.Errorf("Check got %T and %T, not the transaction's", s.Users, s.Groups)
		}
		return nil
	}
	u := r.user(ada)
	if l.begun != 1 || stored != 1 {
		t.Errorf("%d transactions, Stored %d times", l.begun, stored)
	}

	// A delete that half fails leaves the user; a veto takes back what Check itself wrote.
	r.do("DELETE", "/Users/"+u, "").want(500)
	r.do("GET", "/Users/"+u, "").want(200)
	check = func(s Stores, c *Change) error {
		if _, err := s.Users.CreateUser(ctx, "acme", User{UserName: "row of the host"}); err != nil {
			t.Error(err)
		}
		return &Refusal{Status: 403, Detail: "no"}
	}
	r.do("PATCH", "/Users/"+u, patchBody(`{"op":"replace","path":"title","value":"Poet"}`)).want(403)
	r.do("POST", "/Users", userNamed("grace")).want(403)
	page, err := l.MemoryStore.Users(ctx, "acme", Query{Scope: Scope{All: true}, Limit: 10, Total: true})
	if err != nil || page.Total != 1 || page.Items[0].Title != "Countess" {
		t.Errorf("left behind: %+v, %v", page, err)
	}
	if l.undone != 3 || stored != 1 {
		t.Errorf("%d writes undone, Stored %d times", l.undone, stored)
	}

	// A second try starts from the request, not from the first.
	l.again = true
	check = func(_ Stores, c *Change) error {
		c.After.Title += "!"
		return nil
	}
	r.do("POST", "/Users", `{"userName":"grace","title":"Rear Admiral"}`).want(201).is(`"grace"`, "userName").is(`"Rear Admiral!"`, "title")
	r.do("PATCH", "/Users/"+u, patchBody(`{"op":"replace","path":"title","value":"Poet"}`)).want(200).is(`"Poet!"`, "title")
}

// Two identity providers of one tenant, and one of another tenant, do not exist for each other.
func TestIsolation(t *testing.T) {
	r := newRig(t)
	u := r.user(ada)
	g := r.group(`{"displayName":"Poets","externalId":"g","members":[{"value":"` + u + `"}]}`)
	for _, token := range []string{"okta", "strange"} {
		for path, body := range map[string]string{"/Users/" + u: ada, "/Groups/" + g: `{"displayName":"Poets"}`} {
			r.as(token, "GET", path, "").want(404)
			r.as(token, "GET", path, "", "If-None-Match", "*").want(404)
			r.as(token, "PUT", path, body).want(404)
			r.as(token, "PATCH", path, patchBody("")).want(404)
			r.as(token, "PATCH", path, patchBody(""), "If-Match", `W/"x"`).want(404)
			r.as(token, "DELETE", path, "", "If-Match", "*").want(404)
			r.as(token, "DELETE", path, "").want(404)
		}
		for _, f := range []string{``, `id eq "` + u + `"`, `userName eq "ada@acme.example.com"`, `externalId eq "ada"`, `emails eq "ada@acme.example.com"`, `userName pr`, `not (userName eq "x")`} {
			same(t, token+": "+f, r.as(token, "GET", "/Users?filter="+escaped(f), "").is("0", "totalResults").found("id"), none())
		}
		for _, f := range []string{``, `id eq "` + g + `"`, `displayName eq "Poets"`, `externalId eq "g"`, `members eq "` + u + `"`} {
			same(t, token+": "+f, r.as(token, "GET", "/Groups?filter="+escaped(f), "").is("0", "totalResults").found("id"), none())
		}
		theirs := r.as(token, "POST", "/Groups", `{"displayName":"Poets","externalId":"g"}`).want(201).id()
		for _, a := range []answer{
			r.as(token, "POST", "/Groups", `{"displayName":"Spies","members":[{"value":"`+u+`"}]}`),
			r.as(token, "PUT", "/Groups/"+theirs, `{"displayName":"Poets","members":[{"value":"`+u+`"}]}`),
			r.as(token, "PATCH", "/Groups/"+theirs, patchBody(`{"op":"add","path":"members","value":[{"value":"`+u+`"}]}`)),
			r.as(token, "PATCH", "/Groups/"+theirs, patchBody(`{"op":"add","value":{"members":["`+u+`"]}}`)),
		} {
			a.refused(400, "invalidValue", u, "provision the user before its membership")
		}
		r.as(token, "PATCH", "/Groups/"+theirs, patchBody(`{"op":"remove","path":"members[value eq \"`+u+`\"]"}`)).want(204)
		r.as(token, "GET", "/Groups/"+theirs, "").want(200).is("", "members")
		r.as(token, "DELETE", "/Groups/"+theirs, "").want(204)
	}
	r.as("okta", "POST", "/Users", ada).want(409)
	r.as("strange", "POST", "/Users", ada).want(201)
	// A user may be in groups of the host, or of an earlier provider: they are not this one's to see.
	for _, manager := range []string{"", "okta"} {
		other := Group{Meta: Meta{ManagedBy: manager}, DisplayName: "Auditors"}
		if _, err := r.store.CreateGroup(context.Background(), "acme", other, MemberChange{Add: []string{u}}); err != nil {
			t.Fatal(err)
		}
	}
	r.do("GET", "/Users/"+u, "").want(200).is(`"`+g+`"`, "groups", 0, "value").is("", "groups", 1)
	r.do("GET", "/Groups/"+g, "").want(200).is(`"`+u+`"`, "members", 0, "value")
	if a := r.as("nobody", "GET", "/Users", "").want(401); a.header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
}
