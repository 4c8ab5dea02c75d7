package scim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
)

// An odd store bends the contract in one way: each field that is set replaces a method.
type odd struct {
	*MemoryStore
	user    func(id string) (User, error)
	create  func(User) (User, error)
	update  func(User) (User, error)
	users   func(Query) (Page[User], error)
	members func(after string) (Page[Member], error)
}

func (s odd) User(ctx context.Context, t TenantID, id string) (User, error) {
	if s.user != nil {
		return s.user(id)
	}
	return s.MemoryStore.User(ctx, t, id)
}

func (s odd) CreateUser(ctx context.Context, t TenantID, u User) (User, error) {
	if s.create != nil {
		return s.create(u)
	}
	return s.MemoryStore.CreateUser(ctx, t, u)
}

func (s odd) UpdateUser(ctx context.Context, t TenantID, u User) (User, error) {
	if s.update != nil {
		return s.update(u)
	}
	return s.MemoryStore.UpdateUser(ctx, t, u)
}

func (s odd) Users(ctx context.Context, t TenantID, q Query) (Page[User], error) {
	if s.users != nil {
		return s.users(q)
	}
	return s.MemoryStore.Users(ctx, t, q)
}

func (s odd) Members(ctx context.Context, t TenantID, group, after string, limit int) (Page[Member], error) {
	if s.members != nil {
		return s.members(after)
	}
	return s.MemoryStore.Members(ctx, t, group, after, limit)
}

// over puts an odd store over that of a rig.
func over(s *odd) func(*Stores, *Config) {
	return func(stores *Stores, _ *Config) {
		s.MemoryStore = stores.Users.(*MemoryStore)
		stores.Users, stores.Groups = s, s
	}
}

// Another user than the one asked for is no answer, and nor is none at all.
func TestAStoreThatFindsAnotherUser(t *testing.T) {
	adopting := withPolicy(Policy{Adopt: func(context.Context, Principal, User) error { return nil }})
	for name, user := range map[string]User{
		"zero":    {},
		"another": {Meta: Meta{ID: "ab", Version: "1", ManagedBy: "entra"}, UserName: "ada"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, over(&odd{user: func(string) (User, error) { return user, nil }}), adopting)
			r.do("GET", "/Users/AB", "").want(404)
			r.do("PATCH", "/Users/AB", patchBody("")).want(404)
			r.do("DELETE", "/Users/AB", "").want(404)
		})
	}
}

// What a store returns of a write is what the client is told, so it is that resource or an error.
func TestAStoreThatAnswersAWriteWithNothing(t *testing.T) {
	s := &odd{}
	r := newRig(t, over(s))
	u := r.user(ada)
	s.create = func(User) (User, error) { return User{}, nil }
	s.update = s.create
	r.do("POST", "/Users", userNamed("grace")).want(500)
	r.do("PUT", "/Users/"+u, `{"userName":"grace"}`).want(500)
	r.do("PATCH", "/Users/"+u, patchBody(`{"op":"replace","path":"title","value":"Poet"}`)).want(500)
}

func TestPagesOfMembersThatHaveNoEnd(t *testing.T) {
	for name, next := range map[string]func(after string) string{
		"the same": func(string) string { return "b" },
		"a circle": func(after string) string { return map[string]string{"": "a", "a": "b", "b": "a"}[after] },
	} {
		t.Run(name, func(t *testing.T) {
			s := &odd{}
			r := newRig(t, over(s))
			g := r.group(`{"displayName":"Engineers"}`)
			s.members = func(after string) (Page[Member], error) {
				return Page[Member]{Items: []Member{{Value: "x"}}, Total: -1, Next: next(after)}, nil
			}
			r.do("GET", "/Groups/"+g, "").want(500)
			r.do("PATCH", "/Groups/"+g, patchBody(`{"op":"remove","path":"members[display eq \"x\"]"}`)).want(500)
		})
	}
}

// A member is chosen by what the store says of it, also when the filter names it by id.
func TestMembersChosenByIDAndName(t *testing.T) {
	s := &odd{}
	r := newRig(t, over(s))
	ada := r.user(ada)
	g := r.group(`{"displayName":"Engineers","members":[{"value":"` + ada + `"}]}`)
	s.members = func(string) (Page[Member], error) {
		return Page[Member]{Items: []Member{{Value: ada, Display: "Ada"}}, Total: -1}, nil
	}
	for f, want := range map[string]string{
		`value eq \"` + ada + `\" and display ne \"Ada\"`:     "same",
		`value eq \"` + ada + `\" and not (Display sw \"a\")`: "same",
		`value eq \"` + ada + `\" and display eq \"ada\"`:     "new",
	} {
		before := r.do("GET", "/Groups/"+g, "").want(200).version()
		r.do("PATCH", "/Groups/"+g, patchBody(`{"op":"remove","path":"members[`+f+`]"}`)).want(204)
		after := r.do("GET", "/Groups/"+g, "").want(200).version()
		if (before == after) != (want == "same") {
			t.Errorf("%s: version %s, then %s", f, before, after)
		}
	}
}

// No verdict of the host's own code is a 404 or a 401, whatever its error wraps: one would make an
// identity provider forget the user, the other give up on the token.
func TestNoVerdictIs503WhateverItsCause(t *testing.T) {
	for _, cause := range []error{ErrNotFound, ErrUnauthenticated, ErrStale} {
		wrapped := fmt.Errorf("the host's own look-up: %w", cause)
		r := newRig(t, withPolicy(Policy{
			NinjaOne: func(context.Context, Principal) (extension.Rules, error) { return extension.Rules{}, wrapped },
		}))
		r.do("POST", "/Users", ada).want(503)

		r = newRig(t)
		u := r.user(ada)
		r.h.engine.policy.Stored = func(context.Context, Change) error { return wrapped }
		r.do("PATCH", "/Users/"+u, patchBody("")).want(503)
		r.do("DELETE", "/Users/"+u, "").want(503)
	}
	r := newRig(t, over(&odd{user: func(string) (User, error) { return User{}, ErrUnauthenticated }}))
	r.do("GET", "/Users/1", "").want(500) // the token is good; it is the store's that is not
}

// A look-up that finds more users than the policy is asked about is refused, not cut off.
func TestALookUpThatFindsTooMany(t *testing.T) {
	r := newRig(t, withPolicy(Policy{Adopt: covering}))
	for i := range maxNative + 1 {
		if i == maxNative {
			r.do("GET", "/Users?count=1&filter="+escaped(`emails eq "all@acme.example.com"`), "").want(200).is("1000", "totalResults")
		}
		u := User{Meta: Meta{ManagedBy: "entra"}, UserName: strconv.Itoa(i), Emails: []MultiValue{{Value: "all@acme.example.com"}}}
		r.native(u)
	}
	r.do("GET", "/Users?count=1&filter="+escaped(`emails eq "all@acme.example.com"`), "").refused(400, "tooMany", "more than 1000")
}

// An attribute has the type its schema gives it, or it is absent: also where a host kept something
// else, and then it can be written.
func TestObjectsWithValuesOfOtherTypes(t *testing.T) {
	for name, badge := range map[string]Object{
		"other types": {
			"number": "7", "level": 1, "floors": []any{"first", int64(2), nil}, "tags": []any{true, "", "red"},
			"doors": []any{map[string]any{"id": "A"}, "B", nil, Object(nil)}, "photo": "x", "key": "AA==",
		},
		"other forms": {"number": []any{int64(7)}, "floors": int64(2), "tags": Object{}, "doors": Object{"id": "A"}, "photo": []any{}},
		"nil":         {"floors": []any(nil), "doors": []any{Object(nil)}, "photo": Object(nil)},
		"no object":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(_ *Stores, c *Config) { c.Schemas = [][]byte{[]byte(oddBadge)} })
			u := r.native(User{Meta: Meta{ManagedBy: "entra"}, UserName: "ada", Extensions: map[string]Object{oddURN: badge, "urn:of:nobody": nil}})
			a := r.do("GET", "/Users/"+u.ID, "").want(200).is("", oddURN, "number").is("", oddURN, "photo").is("", oddURN, "doors")
			if name == "other types" {
				a.is("[2]", oddURN, "floors").is(`["red"]`, oddURN, "tags")
			}
			for _, f := range []string{"number eq 7", "floors eq 2", `doors[id eq "A"]`, `photo.camera pr`} {
				r.do("GET", "/Users?filter="+escaped(oddURN+":"+f), "").want(200)
			}
			for _, path := range []string{"doors.id", `doors[id eq \"Z\"].id`, "photo.camera", "number", "floors", "doors", "photo"} {
				value := map[string]string{"number": "7", "floors": "[3]", "doors": `[{"id":"Z"}]`, "photo": `{"camera":"Z"}`}[path]
				if value == "" {
					value = `"Z"`
				}
				r.do("PATCH", "/Users/"+u.ID, patchBody(fmt.Sprintf(`{"op":"replace","path":"%s:%s","value":%s}`, oddURN, path, value))).want(200)
			}
			r.do("GET", "/Users/"+u.ID, "").want(200).is(`[{"id":"Z"}]`, oddURN, "doors").is(`{"camera":"Z"}`, oddURN, "photo").is("7", oddURN, "number")
		})
	}
}

const (
	oddURN   = "urn:example:Odd"
	oddBadge = `{"id":"` + oddURN + `","name":"Odd","attributes":[
		{"name":"number","type":"integer"},
		{"name":"level","type":"decimal"},
		{"name":"key","type":"binary"},
		{"name":"tags","type":"string","multiValued":true},
		{"name":"floors","type":"integer","multiValued":true},
		{"name":"doors","type":"complex","multiValued":true,"subAttributes":[{"name":"id","type":"string"}]},
		{"name":"photo","type":"complex","subAttributes":[{"name":"camera","type":"string"}]}]}`
)

// What a host came to require after a user was stored is no fault of a request that is about
// something else: it must not keep a leaver.
func TestWhatWasMissingBeforeIsNotAskedFor(t *testing.T) {
	r := newRig(t, hostSchemas)
	u := r.native(User{Meta: Meta{ManagedBy: "entra"}, UserName: "ada", Active: true,
		Extensions: map[string]Object{"urn:example:Badge": {"doors": []any{"A"}}}}) // without its number
	r.do("PATCH", "/Users/"+u.ID, patchBody(`{"op":"replace","path":"active","value":false}`)).want(200).is("false", "active")
	r.do("PATCH", "/Users/"+u.ID, patchBody(`{"op":"remove","path":"userName"}`)).refused(400, "invalidValue", "userName is required")
	r.do("PATCH", "/Users/"+u.ID, patchBody(`{"op":"add","path":"urn:example:Badge:number","value":7}`)).want(200)
	r.do("PATCH", "/Users/"+u.ID, patchBody(`{"op":"remove","path":"urn:example:Badge:number"}`)).refused(400, "invalidValue", "number is required")
}

// A second try of a transaction gets the members the request named, whatever Check did to its own.
func TestASecondTryHasItsOwnMembers(t *testing.T) {
	var l ledger
	r := newRig(t, func(s *Stores, _ *Config) {
		l.MemoryStore = s.Users.(*MemoryStore)
		s.Transact = func(ctx context.Context, tenant TenantID, f func(context.Context, Stores) error) error {
			refusing := Stores{Users: l.MemoryStore, Groups: refusingGroups{l.MemoryStore}}
			if err := f(ctx, refusing); !errors.Is(err, errDeadlock) {
				return err
			}
			return f(ctx, Stores{Users: l.MemoryStore, Groups: l.MemoryStore})
		}
	}, withPolicy(Policy{Check: func(_ context.Context, _ Stores, c *Change) error {
		c.Members.Add = slices.DeleteFunc(c.Members.Add, func(id string) bool { return strings.HasPrefix(id, "leaver") })
		return nil
	}}))
	for _, id := range []string{"leaver", "ada", "grace"} {
		r.native(User{Meta: Meta{ID: id, ManagedBy: "entra"}, UserName: id})
	}
	body := `{"displayName":"Engineers","members":[{"value":"leaver"},{"value":"ada"},{"value":"grace"}]}`
	want := `["ada","grace"]`
	members := func(id string) string {
		var out []any
		list, _ := r.do("GET", "/Groups/"+id, "").want(200).at("members").([]any)
		for _, m := range list {
			out = append(out, m.(map[string]any)["value"])
		}
		return compactJSON(out)
	}
	g := r.group(body)
	if got := members(g); got != want {
		t.Errorf("POST: members %s, want %s", got, want)
	}
	r.do("PUT", "/Groups/"+g, body).want(200)
	if got := members(g); got != want {
		t.Errorf("PUT: members %s, want %s", got, want)
	}
}

var errDeadlock = errors.New("deadlock")

// refusingGroups fails every write, as a database does that has chosen its victim.
type refusingGroups struct{ GroupStore }

func (refusingGroups) CreateGroup(context.Context, TenantID, Group, MemberChange) (Group, error) {
	return Group{}, errDeadlock
}

func (refusingGroups) UpdateGroup(context.Context, TenantID, Group, MemberChange) (Group, error) {
	return Group{}, errDeadlock
}

// A conflict names the value where there is only one it can be about, and a store need not say more
// than that there is one.
func TestConflictsOfHosts(t *testing.T) {
	for attribute, want := range map[string]string{
		"":             "a value is in use",
		"badge number": "badge number is in use",
		"emails.value": "emails.value is in use",
		"externalId":   `externalId "7" is in use outside this provider`,
	} {
		r := newRig(t, over(&odd{create: func(User) (User, error) { return User{}, &ConflictError{attribute} }}))
		a := r.do("POST", "/Users", `{"userName":"ada","externalId":"7","emails":[{"value":"a@x"},{"value":"b@x"}]}`).refused(409, "uniqueness")
		a.is(strconv.Quote(want), "detail")
	}
}

// An ID that no resource can have is not asked for: databases answer text they cannot hold with an
// error.
func TestMembersThatCannotBe(t *testing.T) {
	s := &odd{users: func(q Query) (Page[User], error) { return Page[User]{}, fmt.Errorf("value too long: %q", q.IDs) }}
	r := newRig(t, over(s))
	r.do("POST", "/Groups", `{"displayName":"Engineers","members":[{"value":"`+strings.Repeat("x", maxID+1)+`"}]}`).
		refused(400, "invalidValue", "no user has the id")
}
