package scim

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// racers is how many requests are sent at once. It stays below maxTries: each try that fails
// means that another request succeeded, so that none of these can run out of tries.
const racers = 24

// race sends n requests at the same moment and counts the answers by status.
func race(n int, send func(i int) answer) map[int]int {
	codes := make([]int, n)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() {
			<-start
			codes[i] = send(i).code
		})
	}
	close(start)
	done.Wait()
	count := map[int]int{}
	for _, c := range codes {
		count[c]++
	}
	return count
}

func counts(t testing.TB, what string, got, want map[int]int) {
	t.Helper()
	for code := range want {
		if got[code] != want[code] {
			t.Errorf("%s: statuses %v, want %v", what, got, want)
			return
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: statuses %v, want %v", what, got, want)
	}
}

// withYields lets other requests in between the read and the write of each change.
func withYields(s *Stores, _ *Config) { s.Users = yielding{s.Users} }

type yielding struct{ UserStore }

func (y yielding) UpdateUser(ctx context.Context, t TenantID, u User) (User, error) {
	runtime.Gosched()
	return y.UserStore.UpdateUser(ctx, t, u)
}

func TestConcurrentPatchesLoseNothing(t *testing.T) {
	r := newRig(t, withYields)
	for _, attribute := range []string{"emails", "roles"} {
		u := r.user(userNamed(attribute))
		value := func(i int) string { return fmt.Sprintf("%s-%02d@acme.example.com", attribute, i) }
		got := race(racers, func(i int) answer {
			return r.do("PATCH", "/Users/"+u, patchBody(`{"op":"add","path":"`+attribute+`","value":[{"value":"`+value(i)+`"}]}`))
		})
		counts(t, attribute, got, map[int]int{200: racers})
		a := r.do("GET", "/Users/"+u, "")
		var have, want []string
		for i := range racers {
			have, want = append(have, a.string(attribute, i, "value")), append(want, value(i))
		}
		slices.Sort(have)
		same(t, attribute, have, want)
	}
}

func TestConcurrentPatchesWithOneVersion(t *testing.T) {
	r := newRig(t, withYields)
	a := r.do("POST", "/Users", ada).want(201)
	got := race(racers, func(i int) answer {
		return r.do("PATCH", "/Users/"+a.id(), patchBody(fmt.Sprintf(`{"op":"add","path":"roles","value":[{"value":"r%d"}]}`, i)), "If-Match", a.version())
	})
	counts(t, "If-Match", got, map[int]int{200: 1, 412: racers - 1})
	if n := len(r.stored(a.id()).Roles); n != 1 {
		t.Errorf("%d roles after one success", n)
	}
}

func TestConcurrentMembers(t *testing.T) {
	r := newRig(t)
	g := r.group(`{"displayName":"Poets"}`)
	var want []string
	for i := range racers {
		want = append(want, r.user(userNamed(fmt.Sprintf("u%02d", i))))
	}
	path := "/Groups/" + g
	got := race(racers, func(i int) answer {
		return r.do("PATCH", path, patchBody(`{"op":"add","path":"members","value":[{"value":"`+want[i]+`"}]}`))
	})
	counts(t, "add", got, map[int]int{204: racers})
	members := func() []string {
		list := none()
		a := r.do("GET", path, "").want(200)
		for i := range racers {
			if v := a.string("members", i, "value"); v != "" {
				list = append(list, v)
			}
		}
		return list
	}
	same(t, "members", members(), want)

	// Half of them leave while the group is renamed.
	got = race(racers, func(i int) answer {
		if i%2 == 0 {
			return r.do("PATCH", path, patchBody(`{"op":"remove","path":"members[value eq \"`+want[i]+`\"]"}`))
		}
		return r.do("PATCH", path, patchBody(fmt.Sprintf(`{"op":"replace","path":"displayName","value":"Poets %d"}`, i)))
	})
	counts(t, "remove and rename", got, map[int]int{204: racers})
	var stay []string
	for i := 1; i < racers; i += 2 {
		stay = append(stay, want[i])
	}
	same(t, "members who stay", members(), stay)
}

func TestConcurrentCreates(t *testing.T) {
	r := newRig(t)
	spellings := []string{"ada@acme.example.com", "ADA@acme.example.com", "Ada@Acme.example.com"}
	got := race(racers, func(i int) answer { return r.do("POST", "/Users", userNamed(spellings[i%len(spellings)])) })
	counts(t, "users", got, map[int]int{201: 1, 409: racers - 1})
	got = race(racers, func(i int) answer { return r.do("POST", "/Groups", `{"displayName":"Poets"}`) })
	counts(t, "groups", got, map[int]int{201: 1, 409: racers - 1})
	r.do("GET", "/Users", "").is("1", "totalResults")
	r.do("GET", "/Groups", "").is("1", "totalResults")
}

// Of a PUT and a PATCH at once the outcome is that of one after the other.
func TestConcurrentPutAndPatch(t *testing.T) {
	r := newRig(t, withYields)
	for range 8 {
		u := r.user(userNamed("ada"))
		got := race(racers, func(i int) answer {
			if i == 0 {
				return r.do("PUT", "/Users/"+u, `{"userName":"ada","title":"Countess","roles":[{"value":"put"}]}`)
			}
			return r.do("PATCH", "/Users/"+u, patchBody(fmt.Sprintf(`{"op":"add","path":"roles","value":[{"value":"r%d"}]},{"op":"add","path":"nickName","value":"n"}`, i)))
		})
		counts(t, "PUT and PATCH", got, map[int]int{200: racers})
		got2 := r.stored(u)
		at := slices.IndexFunc(got2.Roles, func(m MultiValue) bool { return m.Value == "put" })
		// The PUT is in, in front of whatever came after it: nothing it replaced is left.
		if at != 0 || got2.Title != "Countess" || got2.NickName != "n" && len(got2.Roles) > 1 || got2.NickName == "n" && len(got2.Roles) == 1 {
			t.Errorf("roles %v, title %q, nickName %q", got2.Roles, got2.Title, got2.NickName)
		}
		r.do("DELETE", "/Users/"+u, "").want(204)
	}
}

// What was deleted stays deleted, and its name is free.
func TestConcurrentDeleteAndPatch(t *testing.T) {
	r := newRig(t, withYields)
	for range 8 {
		u := r.user(userNamed("ada"))
		got := race(racers, func(i int) answer {
			if i%8 == 0 {
				return r.do("DELETE", "/Users/"+u, "")
			}
			return r.do("PATCH", "/Users/"+u, patchBody(fmt.Sprintf(`{"op":"replace","path":"title","value":"t%d"}`, i)))
		})
		if got[204] != 1 || got[200]+got[204]+got[404] != racers {
			t.Errorf("DELETE and PATCH: statuses %v", got)
		}
		r.do("GET", "/Users/"+u, "").want(404)
		r.do("GET", "/Users", "").is("0", "totalResults")
	}
}

// A change that never gets its turn is given up, and says so.
func TestAChangeThatIsAlwaysLate(t *testing.T) {
	r := newRig(t, func(s *Stores, _ *Config) { s.Users = &busy{UserStore: s.Users} })
	b := r.h.engine.stores.Users.(*busy)
	u := r.do("POST", "/Users", ada).want(201)
	idle := patchBody(`{"op":"replace","path":"title","value":"Poet"}`)
	for _, send := range []func() answer{
		func() answer { return r.do("PATCH", "/Users/"+u.id(), idle) },
		func() answer { return r.do("DELETE", "/Users/"+u.id(), "") },
	} {
		b.tries = 0
		if a := send().want(503); a.header.Get("Retry-After") == "" || b.tries != maxTries {
			t.Errorf("%s: %v after %d tries", a.asked, a.header, b.tries)
		}
	}
	b.tries = 0
	r.do("PATCH", "/Users/"+u.id(), idle, "If-Match", u.version()).want(412)
	r.do("DELETE", "/Users/"+u.id(), "", "If-Match", u.version()).want(412)
	if b.tries != 2 {
		t.Errorf("%d tries with If-Match", b.tries)
	}
}

// busy is a store in which somebody else is always faster.
type busy struct {
	UserStore
	tries int
}

func (b *busy) UpdateUser(context.Context, TenantID, User) (User, error) {
	b.tries++
	return User{}, fmt.Errorf("users: %w", ErrStale)
}

func (b *busy) DeleteUser(context.Context, TenantID, string, string) error {
	b.tries++
	return ErrStale
}

// A delete removes the version it was asked about, not the one that came meanwhile.
func TestADeleteThatIsLate(t *testing.T) {
	var m *meddling
	r := newRig(t, func(s *Stores, _ *Config) {
		m = &meddling{UserStore: s.Users}
		s.Users = m
	})
	u := r.do("POST", "/Users", ada).want(201)
	m.left = 1
	r.do("DELETE", "/Users/"+u.id(), "", "If-Match", u.version()).want(412)
	r.do("GET", "/Users/"+u.id(), "").want(200).is(`"changed meanwhile"`, "title")
	m.left = 2
	r.do("DELETE", "/Users/"+u.id(), "").want(204) // without a condition it is done again
	if m.left != 0 {
		t.Errorf("%d changes came too late", m.left)
	}
}

// meddling changes a user just before it is deleted.
type meddling struct {
	UserStore
	left int
}

func (m *meddling) DeleteUser(ctx context.Context, t TenantID, id, version string) error {
	if m.left > 0 {
		m.left--
		u, err := m.User(ctx, t, id)
		if err != nil {
			return err
		}
		u.Title = "changed meanwhile"
		if _, err := m.UpdateUser(ctx, t, u); err != nil {
			return err
		}
	}
	return m.UserStore.DeleteUser(ctx, t, id, version)
}
