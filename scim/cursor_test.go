package scim

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
)

// secret returns a key of Config.Seal.
func secret(b byte) []byte { return bytes.Repeat([]byte{b}, minSeal) }

func sealing(keys ...[]byte) func(*Stores, *Config) {
	return func(_ *Stores, c *Config) { c.Seal = keys }
}

func testSeals(t testing.TB, now func() time.Time, secrets ...[]byte) *seals {
	t.Helper()
	s, err := newSeals(secrets, time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A cursor is good for the listing that gave it out, and for nobody and nothing else. What is said
// of one that is not good is always the same.
func TestCursorOfAnotherListing(t *testing.T) {
	r := newRig(t, hostSchemas)
	for _, who := range []string{"entra", "okta", "strange"} {
		for _, name := range []string{"ada", "grace", "mary"} {
			r.as(who, "POST", "/Users", `{"userName":"`+name+who+`","externalId":"`+name+`","displayName":"`+name+`"}`).want(201)
			r.as(who, "POST", "/Groups", `{"displayName":"`+name+`","externalId":"`+name+`"}`).want(201)
		}
	}
	const listing = "/Users?count=1&sortBy=displayName&filter=externalId%20pr"
	cursor := r.do("GET", listing+"&cursor=", "").want(200).string("nextCursor")
	good := func() {
		t.Helper()
		r.do("GET", listing+"&cursor="+cursor, "").want(200)
		r.do("GET", listing+"&sortOrder=ASCENDING&cursor="+cursor, "").want(200)
		r.do("GET", listing+"&attributes=userName&cursor="+cursor, "").want(200)
	}
	good()
	for what, a := range map[string]answer{
		"another manager":    r.as("okta", "GET", listing+"&cursor="+cursor, ""),
		"another tenant":     r.as("strange", "GET", listing+"&cursor="+cursor, ""),
		"another type":       r.do("GET", strings.Replace(listing, "Users", "Groups", 1)+"&cursor="+cursor, ""),
		"another filter":     r.do("GET", strings.Replace(listing, "pr", "sw%20%22a%22", 1)+"&cursor="+cursor, ""),
		"no filter":          r.do("GET", "/Users?count=1&sortBy=displayName&cursor="+cursor, ""),
		"another order":      r.do("GET", strings.Replace(listing, "displayName", "userName", 1)+"&cursor="+cursor, ""),
		"no order":           r.do("GET", "/Users?count=1&filter=externalId%20pr&cursor="+cursor, ""),
		"the other way":      r.do("GET", listing+"&sortOrder=descending&cursor="+cursor, ""),
		"a part of it":       r.do("GET", listing+"&cursor="+cursor[:len(cursor)-1], ""),
		"more than it":       r.do("GET", listing+"&cursor="+cursor+"A", ""),
		"with padding":       r.do("GET", listing+"&cursor="+cursor+"=", ""),
		"with a line break":  r.do("GET", listing+"&cursor="+cursor+"%0A", ""),
		"with a space":       r.do("GET", listing+"&cursor=%20"+cursor, ""),
		"nonsense":           r.do("GET", listing+"&cursor=2", ""),
		"another alphabet":   r.do("GET", listing+"&cursor=%2B%2F", ""),
		"nonsense of length": r.do("GET", listing+"&cursor="+strings.Repeat("A", maxCursor), ""),
		"too long":           r.do("GET", listing+"&cursor="+strings.Repeat("A", maxCursor+1), ""),
	} {
		a.refused(400, "invalidCursor").is(compactJSON(errCursor.Detail), "detail")
		if a.header.Get("Content-Type") != mediaSCIM {
			t.Errorf("%s: %v", what, a.header)
		}
	}
	good()
}

func TestCursorIsSealed(t *testing.T) {
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	s := testSeals(t, func() time.Time { return now }, secret(1))
	listing := []byte("a listing")
	cursor, err := s.seal(listing, sideBefore, "a position")
	if err != nil {
		t.Fatal(err)
	}
	if side, position, err := s.open(listing, cursor); side != sideBefore || position != "a position" || err != nil {
		t.Fatalf("opened: %q, %q, %v", side, position, err)
	}
	if again, _ := s.seal(listing, sideBefore, "a position"); again == cursor {
		t.Error("two cursors for one position are equal: the nonce does not change")
	}
	refused := func(what, cursor string) {
		t.Helper()
		if side, position, err := s.open(listing, cursor); err != errCursor || side != 0 || position != "" {
			t.Errorf("%s: %q, %q, %v", what, side, position, err)
		}
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=\n+/"
	for i := range cursor {
		for _, c := range []byte(alphabet) {
			if c != cursor[i] {
				refused("changed", cursor[:i]+string(c)+cursor[i+1:])
			}
		}
		refused("cut", cursor[:i])
		refused("cut in front", cursor[i+1:])
		refused("longer", cursor[:i]+"\n"+cursor[i:])
	}

	// A cursor may be so long and no longer, whoever sealed it.
	for n, want := range map[int]error{maxCursor * 3 / 4: nil, maxCursor*3/4 + 1: errCursor} {
		position := strings.Repeat("x", n-s.keys[0].Overhead()-len("\x01--------b"))
		long, err := s.seal(listing, sideBefore, position)
		if (err == nil) != (want == nil) || err == nil && len(long) != maxCursor {
			t.Errorf("a position of %d bytes: a cursor of %d bytes, %v", len(position), len(long), err)
		}
		long = encodeCursor(s.keys[0].Seal(nil, nil, []byte("\x01\x00\x00\x00\x7f\x00\x00\x00\x00b"+position), listing))
		if _, _, err := s.open(listing, long); err != want {
			t.Errorf("a cursor of %d bytes: %v, want %v", len(long), err, want)
		}
	}

	// Under our own key, but not of this form.
	for _, text := range []string{"", "\x01", "\x01\x00\x00\x00\x7f\x00\x00\x00\x00a", "\x02\x00\x00\x00\x7f\x00\x00\x00\x00ax"} {
		refused("another form", encodeCursor(s.keys[0].Seal(nil, nil, []byte(text), listing)))
	}
	if _, _, err := s.open(listing, encodeCursor(s.keys[0].Seal(nil, nil, []byte("\x01\x00\x00\x00\x7f\x00\x00\x00\x00ax"), listing))); err != nil {
		t.Errorf("this form: %v", err)
	}

	// A key of another use of the same secret opens nothing.
	other, err := deriveAEAD(secret(1), "another use")
	if err != nil {
		t.Fatal(err)
	}
	refused("another use", encodeCursor(other.Seal(nil, nil, []byte("\x01\x00\x00\x00\x7f\x00\x00\x00\x00ax"), listing)))
}

func TestCursorExpires(t *testing.T) {
	sealed := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	now := sealed
	s := testSeals(t, func() time.Time { return now }, secret(1))
	for _, c := range []struct{ at, good time.Duration }{
		{0, time.Hour - time.Nanosecond},
		{time.Nanosecond, time.Hour - time.Nanosecond},
		{999 * time.Millisecond, time.Hour},
	} {
		now = sealed.Add(c.at)
		cursor, err := s.seal(nil, sideAfter, "x")
		if err != nil {
			t.Fatal(err)
		}
		now = sealed.Add(c.at + c.good)
		if _, _, err := s.open(nil, cursor); err != nil {
			t.Errorf("sealed at %v: %v after %v", c.at, err, c.good)
		}
		now = now.Add(time.Second)
		if _, _, err := s.open(nil, cursor); err != errCursorExpired {
			t.Errorf("sealed at %v: %v after %v, want that it has expired", c.at, err, c.good+time.Second)
		}
		if _, _, err := s.open([]byte("another listing"), cursor); err != errCursor {
			t.Errorf("an old one of another listing: %v", err)
		}
	}
	now = sealed
	cursor, _ := s.seal(nil, sideAfter, "x")
	now = sealed.Add(time.Hour)
	if _, _, err := s.open(nil, cursor); err != errCursorExpired {
		t.Errorf("%v exactly after its lifetime, want that it has expired", err)
	}
	now = sealed.Add(time.Hour - time.Second)
	if _, _, err := s.open(nil, cursor); err != nil {
		t.Errorf("%v a second before", err)
	}
}

// The lifetime is the one that was configured, by the clock that was.
func TestCursorLifetime(t *testing.T) {
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	r := newPoets(t, func(_ *Stores, c *Config) {
		c.Limits.CursorLifetime = 10 * time.Second
		c.Now = func() time.Time { return now }
	})
	cursor := r.do("GET", "/Users?cursor&count=2", "").want(200).string("nextCursor")
	now = now.Add(9 * time.Second)
	next := r.do("GET", "/Users?count=2&cursor="+cursor, "").want(200).string("nextCursor")
	now = now.Add(time.Second)
	r.do("GET", "/Users?count=2&cursor="+cursor, "").refused(400, "expiredCursor", "too long ago")
	r.as("okta", "GET", "/Users?count=2&cursor="+cursor, "").refused(400, "invalidCursor")
	r.do("GET", "/Users?count=2&cursor="+next, "").want(200) // it was given out later

	for lifetime, want := range map[time.Duration]string{
		-1: "negative", time.Second - 1: "CursorLifetime is 999.999999ms", time.Second: "", time.Duration(1<<63 - 1): "",
	} {
		_, err := New(Stores{Users: r.store}, new(Tokens), Config{BaseURL: func(*http.Request) string { return rigBase }, Limits: Limits{CursorLifetime: lifetime}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("lifetime %v: %v, want %q", lifetime, err, want)
		}
	}
}

func TestSealKeys(t *testing.T) {
	of := func(keys ...[]byte) *rig { return newPoets(t, sealing(keys...)) }
	old, older, fresh := secret(1), secret(2), append(secret(3), 4)
	next := func(r *rig) string { return r.do("GET", "/Users?cursor&count=2", "").want(200).string("nextCursor") }
	ask := func(r *rig, cursor string) answer { return r.do("GET", "/Users?count=2&cursor="+cursor, "") }

	both := of(fresh, old)
	ask(both, next(of(old))).want(200)
	ask(both, next(both)).want(200)
	ask(of(fresh), next(both)).want(200) // the first key seals
	ask(of(old), next(both)).refused(400, "invalidCursor")
	ask(of(older, fresh), next(of(old))).refused(400, "invalidCursor")
	ask(of(old, older, fresh), next(of(fresh))).want(200)
	ask(of(), next(of())).refused(400, "invalidCursor") // each has a key of its own
	alone := of()
	ask(alone, next(alone)).want(200)
	ask(alone, next(of(make([]byte, minSeal)))).refused(400, "invalidCursor") // which is not the zero key

	for _, keys := range [][][]byte{{secret(1)[1:]}, {secret(1), nil}, {{}}} {
		_, err := New(Stores{Users: both.store}, new(Tokens), Config{BaseURL: func(*http.Request) string { return rigBase }, Seal: keys})
		if err == nil || !strings.Contains(err.Error(), "Config.Seal[") || !strings.Contains(err.Error(), "at least 32") {
			t.Errorf("%d keys: %v", len(keys), err)
		}
	}
	key := secret(5)
	kept := of(key)
	cursor := next(kept)
	clear(key) // which is the caller's
	ask(kept, cursor).want(200)
}

// Whatever the parts are, the identity of a listing tells them: they can be read from it again.
func TestIdentityTellsListings(t *testing.T) {
	users, err := userType(nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := func(b []byte) (all []string) {
		for len(b) > 0 {
			n, size := binary.Uvarint(b)
			all, b = append(all, string(b[size:size+int(n)])), b[size+int(n):]
		}
		return all
	}
	title, _ := users.registry.Ref("title")
	family, _ := users.registry.Ref("name.familyName")
	seen := make(map[string][]string)
	for _, tenant := range []string{"a", "ab", "a\x01b", "", strings.Repeat("t", 200)} {
		for _, manager := range []string{"b", "", "\x01b", "entra"} {
			for _, text := range []string{"", `title eq "a"`, `title  eq "a"`, `title eq "b"`} {
				for _, sort := range []Order{{}, {By: title}, {By: title, Descending: true}, {By: family}} {
					q := Query{Sort: sort}
					want := []string{tenant, manager, "User", text, sort.By.String(), "ascending"}
					if sort.Descending {
						want[5] = "descending"
					}
					if text != "" {
						q.Filter = mustBind(t, users.registry, text)
					}
					got := q.identity(Principal{Tenant: TenantID(tenant), Manager: manager, Key: "k"}, users)
					if p := parts(got); !slices.Equal(p, want) {
						t.Fatalf("identity %q has the parts %q, want %q", got, p, want)
					}
					if other, taken := seen[string(got)]; taken {
						t.Fatalf("%q and %q have one identity", other, want)
					}
					seen[string(got)] = want
				}
			}
		}
	}
}

func mustBind(t testing.TB, g *filter.Registry, text string) *filter.Bound {
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

// FuzzCursor: nothing opens but what was sealed, for the listing it was sealed for.
func FuzzCursor(f *testing.F) {
	f.Add("acme", "entra", "acme", "entra", "\x00\x00id-1", "", uint16(0), byte(0))
	f.Add("a", "bc", "ab", "c", "k\x01xid-1", "AAAA", uint16(7), byte(1))
	f.Add("", "\x01a", "\x01", "a", "x", strings.Repeat("A", 60), uint16(60), byte('\n'))
	users, err := userType(nil)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	s := testSeals(f, func() time.Time { return now })
	f.Fuzz(func(t *testing.T, tenant, manager, tenant2, manager2, position, noise string, at uint16, with byte) {
		if position == "" || len(position) > 2*maxKey {
			return // no page names such a one
		}
		q := Query{}
		mine := q.identity(Principal{Tenant: TenantID(tenant), Manager: manager}, users)
		other := q.identity(Principal{Tenant: TenantID(tenant2), Manager: manager2}, users)
		cursor, err := s.seal(mine, sideAfter, position)
		if err != nil {
			t.Fatal(err)
		}
		opens := func(listing []byte, text string) bool {
			side, got, err := s.open(listing, text)
			switch {
			case err == nil && (side != sideAfter || got != position):
				t.Fatalf("%q opens to %q, %q, want %q", text, side, got, position)
			case err != nil && err != errCursor:
				t.Fatalf("%q: %v", text, err)
			}
			return err == nil
		}
		i := int(at) % (len(cursor) + 1)
		for _, text := range []string{cursor, noise, cursor + noise, noise + cursor, cursor[:i], cursor[:i] + string(rune(with)) + cursor[min(i+1, len(cursor)):], cursor[:i] + noise + cursor[i:]} {
			if got, want := opens(mine, text), text == cursor; got != want {
				t.Fatalf("%q opens: %t, want %t", text, got, want)
			}
		}
		if got, want := opens(other, cursor), tenant == tenant2 && manager == manager2; got != want {
			t.Fatalf("a cursor of %q, %q opens for %q, %q: %t, want %t", tenant, manager, tenant2, manager2, got, want)
		}
	})
}
