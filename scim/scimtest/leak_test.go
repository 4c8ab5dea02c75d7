package scimtest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
)

const siteBase = "https://tenant.example.com/scim/v2"

// siteOf returns the site of a handler whose tokens are those of siteTokens.
func siteOf(h http.Handler) Site {
	host := func(token string) Host {
		return Host{Handler: h, Base: siteBase, Header: http.Header{"Authorization": {"Bearer " + token}}}
	}
	return Site{First: host("first"), Second: host("second"), Neighbor: host("neighbor")}
}

func siteTokens() *scim.Tokens {
	t := new(scim.Tokens)
	t.Add("first", scim.Principal{Tenant: red, Manager: entra, Key: "1"})
	t.Add("second", scim.Principal{Tenant: red, Manager: okta, Key: "2"})
	t.Add("neighbor", scim.Principal{Tenant: blue, Manager: entra, Key: "3"})
	return t
}

func siteHandler(t testing.TB, s scim.Stores, auth scim.Authenticator, policy scim.Policy) http.Handler {
	t.Helper()
	h, err := scim.New(s, auth, scim.Config{
		BaseURL: func(*http.Request) string { return siteBase },
		Policy:  policy, Limits: scim.Limits{Rate: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestIsolationOfMemoryStore(t *testing.T) {
	TestIsolation(t, func(t *testing.T, o *Overlaps) Site {
		s := new(scim.MemoryStore)
		return siteOf(siteHandler(t, o.Wrap(scim.Stores{Users: s, Groups: s}), siteTokens(), scim.Policy{}))
	})
}

// The reference has transactions, in which one request is at a time, and sorts.
func TestIsolationOfReference(t *testing.T) {
	TestIsolation(t, func(t *testing.T, o *Overlaps) Site {
		return siteOf(siteHandler(t, o.Wrap(new(reference).stores()), siteTokens(), scim.Policy{}))
	})
}

// IDs that are short are no canaries: they may stand anywhere.
func TestIsolationOfStoreWithShortIDs(t *testing.T) {
	Isolation{Overlaps: 500}.Test(t, func(t *testing.T, o *Overlaps) Site {
		return siteOf(siteHandler(t, o.Wrap(keyed()), siteTokens(), scim.Policy{}))
	})
}

func TestIsolationWithoutGroups(t *testing.T) {
	Isolation{Overlaps: 500}.Test(t, func(t *testing.T, o *Overlaps) Site {
		return siteOf(siteHandler(t, o.Wrap(scim.Stores{Users: new(scim.MemoryStore)}), siteTokens(), scim.Policy{}))
	})
}

func TestCanaries(t *testing.T) {
	c := new(canaries)
	mine, theirs := c.make(0, 'n'), c.make(1, 't')
	const id, twice = "0197a3c4-k3v9q0zt", "0197A3C4-twice-00"
	c.learn(2, id)
	c.learn(0, twice)
	c.learn(1, twice)
	c.learn(1, "17")
	for _, text := range []string{
		mine, strings.ToUpper(mine), `"` + mine + `@example.com"`, "x" + mine + "x", "%63" + mine[1:], `\u0063` + mine[1:], `\u0043` + strings.ToUpper(mine[1:]),
		"Location: https://tenant.example.com/Users?filter=userName+eq+%22" + mine + "%22",
	} {
		if got := c.in(text); len(got) != 1 || got[mine] != (canary{'a', 'n'}) {
			t.Errorf("in %q: %v", text, got)
		}
	}
	for _, text := range []string{"/Users/" + id, `"` + strings.ToUpper(id) + `"`, "%2FUsers%2F" + id + "%22"} {
		if got := c.in(text); len(got) != 1 || got[id] != (canary{'c', 'i'}) {
			t.Errorf("in %q: %v", text, got)
		}
	}
	if got := c.in(mine + " " + theirs + " " + id); len(got) != 3 {
		t.Errorf("of three: %v", got)
	}
	for _, text := range []string{"", "canary", "canarya1", "canary-a1n", id + "0", twice, "17", "100%"} {
		if got := c.in(text); len(got) != 0 {
			t.Errorf("in %q: %v", text, got)
		}
	}
}

// Two requests that meet twice have met once, and two of one side do not meet.
func TestOverlaps(t *testing.T) {
	o := new(Overlaps)
	request := func(side int) context.Context {
		return context.WithValue(t.Context(), underwayKey{}, &underway{side: side})
	}
	a, b, c := request(0), request(1), request(0)
	count := func(want int, when string) {
		t.Helper()
		if got := o.Count(); got != want {
			t.Errorf("%s: %d overlaps, want %d", when, got, want)
		}
	}
	leave := o.enter(a)
	o.enter(c)()
	count(0, "two of one side")
	o.enter(b)()
	count(1, "two of two sides")
	o.enter(b)()
	count(1, "the same again")
	o.enter(request(2))()
	count(2, "a third")
	leave()
	o.enter(t.Context())()
	count(2, "a call that is nobody's")
	done := o.enter(b)
	o.enter(a)()
	count(2, "the same the other way round")
	o.enter(c)()
	count(3, "another one of the first side")
	done()
	if len(o.inside) != 0 || o.company(2) {
		t.Errorf("somebody is left inside: %v", o.inside)
	}
}
