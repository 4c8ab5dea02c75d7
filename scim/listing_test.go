package scim

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// poets are users for listings: by name in the order of their creation, with what they are sorted by.
var poets = []string{
	`{"userName":"delta","title":"b","active":true,"emails":[{"value":"z@example.com"},{"value":"a@example.com","primary":true}],"name":{"familyName":"Ziegler"}}`,
	`{"userName":"Alpha","title":"B","active":false,"emails":[{"value":"b@example.com"},{"value":"a@example.com"}]}`,
	`{"userName":"echo","active":true,"urn:example:Badge":{"number":-2,"colour":"red"}}`,
	`{"userName":"bravo","title":"a","active":false,"name":{"familyName":"ábel"},"urn:example:Badge":{"number":10}}`,
	`{"userName":"Charlie","title":"C","active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x"}}`,
}

func newPoets(t testing.TB, options ...func(*Stores, *Config)) *rig {
	t.Helper()
	r := newRig(t, append([]func(*Stores, *Config){hostSchemas}, options...)...)
	for _, p := range poets {
		r.user(p)
	}
	return r
}

func TestSortBy(t *testing.T) {
	r := newPoets(t)
	for query, want := range map[string]string{
		"":                                     "delta Alpha echo bravo Charlie",
		"sortBy=":                              "delta Alpha echo bravo Charlie",
		"sortOrder=descending":                 "delta Alpha echo bravo Charlie",
		"sortOrder=sideways":                   "delta Alpha echo bravo Charlie",
		"sortBy=userName":                      "Alpha bravo Charlie delta echo",
		"sortBy=userName&sortOrder=":           "Alpha bravo Charlie delta echo",
		"SORTBY=USERNAME&sortorder=Descending": "echo delta Charlie bravo Alpha",
		"sortBy=" + userURN + ":userName":      "Alpha bravo Charlie delta echo",
		"sortBy=id":                            "delta Alpha echo bravo Charlie",
		"sortBy=meta.created&sortOrder=DESCENDING": "Charlie bravo echo Alpha delta",
		// Without a value last, ties in the order of IDs; descending is the reverse.
		"sortBy=title&sortOrder=ascending":  "bravo delta Alpha Charlie echo",
		"sortBy=title&sortOrder=descending": "echo Charlie Alpha delta bravo",
		"sortBy=name.familyName":            "delta bravo Alpha echo Charlie",
		"sortBy=active":                     "Alpha bravo delta echo Charlie",
		// The primary address, else the first.
		"sortBy=emails": "delta Alpha echo bravo Charlie",
		"sortBy=emails.value&sortOrder=descending":                     "Charlie bravo echo Alpha delta",
		"sortBy=urn:example:Badge:number":                              "echo bravo delta Alpha Charlie",
		"sortBy=department":                                            "Charlie delta Alpha echo bravo",
		"sortBy=" + EnterpriseURN + ":department&sortOrder=descending": "bravo echo Alpha delta Charlie",
		"sortBy=userName&filter=active eq true":                        "Charlie delta echo",
		"sortBy=userName&startIndex=2&count=2":                         "bravo Charlie",
		"sortBy=title&sortOrder=descending&startIndex=4&count=9":       "delta bravo",
		"sortBy=title&startIndex=6":                                    "",
	} {
		a := r.do("GET", "/Users?"+strings.ReplaceAll(query, " ", "%20"), "")
		same(t, query, a.found("userName"), strings.Fields(want))
		if !strings.Contains(query, "filter") {
			a.is("5", "totalResults")
		}
	}
	for _, name := range []string{"Beta", "alpha", "gamma"} {
		r.group(fmt.Sprintf(`{"displayName":%q}`, name))
	}
	same(t, "groups", r.do("GET", "/Groups?sortBy=displayName&sortOrder=descending", "").found("displayName"), []string{"gamma", "Beta", "alpha"})
}

func TestSortByIsRefused(t *testing.T) {
	r := newRig(t, hostSchemas)
	for _, name := range []string{"nickname2", "userName.value", "emails[type eq \"work\"].value", "urn:example:Nothing:x", "userName,title"} {
		r.do("GET", "/Users?sortBy="+url.QueryEscape(name), "").refused(400, "invalidPath", "no schema here has", name[:8])
	}
	for _, name := range []string{"name", "groups", "schemas", "meta", "meta.location", "addresses", "groups.value"} {
		r.do("GET", "/Users?sortBy="+name, "").refused(400, "invalidPath", "cannot be sorted by "+name)
	}
	r.do("GET", "/Users?sortBy=password", "").refused(400, "invalidPath", "password")
	for _, name := range []string{"members", "members.value", "members.display", "meta.location"} {
		r.do("GET", "/Groups?sortBy="+name, "").refused(400, "invalidPath", "cannot be sorted by "+name)
	}
	r.do("GET", "/Users?sortBy=userName&sortOrder=up", "").refused(400, "invalidValue", `sortOrder: "up" received`)
	newRig(t, strict).do("GET", "/Users?sortBy=department", "").refused(400, "invalidPath", `"department"`)
	newRig(t, strict).do("GET", "/Users?sortBy="+EnterpriseURN+":department", "").want(200)
}

// An order tells what is in an attribute, so one that is never shown has none.
func TestNothingIsSortedByASecret(t *testing.T) {
	secret := func(_ *Stores, c *Config) {
		c.Schemas = [][]byte{[]byte(`{"id":"urn:example:Safe","name":"Safe","attributes":[
			{"name":"pin","type":"string","mutability":"writeOnly","returned":"never"},
			{"name":"box","type":"complex","returned":"never","subAttributes":[{"name":"code","type":"string"},{"name":"value","type":"string"}]},
			{"name":"lock","type":"complex","subAttributes":[{"name":"value","type":"string","returned":"never"},{"name":"maker","type":"string"}]}]}`)}
	}
	r := newRig(t, secret)
	for _, name := range []string{"pin", "box", "box.code", "lock", "lock.value"} {
		r.do("GET", "/Users?sortBy=urn:example:Safe:"+name, "").refused(400, "invalidPath", "cannot be sorted by")
	}
	r.do("GET", "/Users?sortBy=urn:example:Safe:lock.maker", "").want(200)
}

// follow walks through a listing by one of its cursors, and returns what each page listed.
func (r *rig) follow(target, cursor, name string) (pages [][]string, last answer) {
	r.t.Helper()
	for range 100 {
		last = r.do("GET", target+"&cursor="+cursor, "")
		pages = append(pages, last.found("userName"))
		if cursor = last.string(name); cursor == "" {
			return pages, last
		}
	}
	r.t.Fatalf("%s: %s never ends", target, name)
	return nil, last
}

func TestCursors(t *testing.T) {
	r := newPoets(t)
	for query, want := range map[string]string{
		"count=2":              "delta Alpha echo bravo Charlie",
		"count=1":              "delta Alpha echo bravo Charlie",
		"count=5":              "delta Alpha echo bravo Charlie",
		"count=9":              "delta Alpha echo bravo Charlie",
		"count=2&sortBy=title": "bravo delta Alpha Charlie echo",
		"count=1&sortBy=title&sortOrder=descending":         "echo Charlie Alpha delta bravo",
		"count=2&sortBy=active":                             "Alpha bravo delta echo Charlie",
		"count=1&filter=active%20eq%20true":                 "delta echo Charlie",
		"count=2&filter=active%20eq%20true&sortBy=userName": "Charlie delta echo",
		"count=1&filter=userName%20eq%20%22BRAVO%22":        "bravo",
		"filter=userName%20eq%20%22nobody%22":               "",
	} {
		names := strings.Fields(want)
		pages, last := r.follow("/Users?"+query, "", "nextCursor")
		same(t, query, slices.Concat(pages...), names)
		last.is(fmt.Sprint(len(names)), "totalResults").is("", "startIndex").is(fmt.Sprint(len(pages[len(pages)-1])), "itemsPerPage")
		back, first := r.follow("/Users?"+query, last.string("previousCursor"), "previousCursor")
		if len(pages) == 1 {
			continue // there was nowhere to go back to, so back began anew
		}
		slices.Reverse(back)
		same(t, query+", back", append(slices.Concat(back...), pages[len(pages)-1]...), names)
		first.is(fmt.Sprint(len(names)), "totalResults").is("", "startIndex")
		same(t, query+", forth again", r.do("GET", "/Users?"+query+"&cursor="+first.string("nextCursor"), "").found("userName"), pages[1])
	}
	r.do("GET", "/Users?count=2", "").want(200).is("1", "startIndex").is("", "nextCursor").is("", "previousCursor")
	r.do("GET", "/Users?count=2&startIndex=3", "").want(200).is("3", "startIndex").is("", "nextCursor").is("", "previousCursor")
	first := r.do("GET", "/Users?count=2&CURSOR", "").want(200).is("", "previousCursor")
	if c := first.string("nextCursor"); c == "" || url.QueryEscape(c) != c {
		t.Errorf("the cursor %q cannot stand in a URL as it is", c)
	}
	// The next page may have another size.
	same(t, "another size", r.do("GET", "/Users?count=3&cursor="+first.string("nextCursor"), "").found("userName"), []string{"echo", "bravo", "Charlie"})
}

// Who is created, deleted or renamed between two pages makes nobody else come twice or not at all.
func TestCursorsHoldWhileUsersChange(t *testing.T) {
	r := newPoets(t)
	first := r.do("GET", "/Users?sortBy=userName&count=3&cursor=", "")
	same(t, "first", first.found("userName"), []string{"Alpha", "bravo", "Charlie"})
	r.do("DELETE", "/Users/"+first.string("Resources", 0, "id"), "").want(204)
	r.do("DELETE", "/Users/"+first.string("Resources", 2, "id"), "").want(204)
	r.user(userNamed("aaron"))
	r.user(userNamed("dan"))
	second := r.do("GET", "/Users?sortBy=userName&count=3&cursor="+first.string("nextCursor"), "")
	same(t, "second", second.found("userName"), []string{"dan", "delta", "echo"})
	second.is("5", "totalResults").is("", "nextCursor")
	back := r.do("GET", "/Users?sortBy=userName&count=3&cursor="+second.string("previousCursor"), "")
	same(t, "back", back.found("userName"), []string{"aaron", "bravo"})
	back.is("", "previousCursor")
}

func TestCountWithCursor(t *testing.T) {
	r := newPoets(t, func(_ *Stores, c *Config) { c.Limits.PageSize = 3 })
	for _, count := range []string{"0", "-1", "many", "1.5", "9223372036854775808"} {
		r.do("GET", "/Users?cursor=&count="+count, "").refused(400, "invalidCount", "count: \""+count, "from 1 to 3")
	}
	r.do("GET", "/Users?cursor&count=4", "").want(200).is("3", "itemsPerPage").is("5", "totalResults")
	r.do("GET", "/Users?cursor&count=", "").want(200).is("3", "itemsPerPage")
	r.do("GET", "/Users?cursor", "").want(200).is("3", "itemsPerPage")
	r.do("GET", "/Users?cursor=&startIndex=1", "").refused(400, "invalidValue", "cursor and startIndex")
	r.do("GET", "/Users?cursor=&startIndex=", "").want(200).is("", "startIndex")

	exact := newRig(t, strict, func(_ *Stores, c *Config) { c.Limits.PageSize = 3 })
	exact.do("GET", "/Users?cursor&count=4", "").refused(400, "invalidCount", `"4" received`)
	exact.do("GET", "/Users?cursor&count=3", "").want(200)
	exact.do("GET", "/Users?count=4", "").want(200)
}

func TestCursorsWithoutGroups(t *testing.T) {
	r := newRig(t, withoutGroups)
	r.do("GET", "/Groups?cursor&count=2", "").want(200).is("0", "totalResults").is("[]", "Resources").is("", "startIndex").is("", "nextCursor")
	r.do("GET", "/Groups?cursor=x", "").refused(400, "invalidCursor")
	r.do("GET", "/Groups?sortBy=members", "").refused(400, "invalidPath")
}

// A look-up that may find native users is sorted and paged like any other: the engine does it.
func TestSharedAddressInPages(t *testing.T) {
	r := newRig(t, withPolicy(Policy{Adopt: func(_ context.Context, _ Principal, u User) error {
		if u.Title == "hidden" {
			return ErrNotFound
		}
		return nil
	}}))
	long := strings.Repeat("y", maxKey+1)
	for i, name := range []string{"echo", "alpha", "delta", "bravo", "charlie"} {
		u := User{UserName: name, Emails: []MultiValue{{Value: "team@example.com"}}, Meta: Meta{ID: fmt.Sprint("id-", i), ExternalID: fmt.Sprint(9 - i)}}
		if i%2 == 0 {
			u.ManagedBy = "entra"
		}
		if name == "bravo" {
			u.Title = long
		}
		r.native(u)
	}
	r.native(User{UserName: "aaa", Title: "hidden", Meta: Meta{ID: "id-9"}, Emails: []MultiValue{{Value: "team@example.com"}}})
	const team = "/Users?filter=emails.value%20eq%20%22team@example.com%22"
	for query, want := range map[string]string{
		"":                                      "echo alpha delta bravo charlie",
		"&sortBy=userName":                      "alpha bravo charlie delta echo",
		"&sortBy=userName&sortOrder=descending": "echo delta charlie bravo alpha",
		"&sortBy=externalId":                    "charlie delta echo alpha bravo", // of native users it is not shown
		"&sortBy=title":                         "bravo echo alpha delta charlie",
	} {
		names := strings.Fields(want)
		same(t, query, r.do("GET", team+query, "").found("userName"), names)
		same(t, query+", one", r.do("GET", team+query+"&startIndex=2&count=1", "").found("userName"), names[1:2])
		for _, count := range []string{"&count=1", "&count=2", "&count=5"} {
			pages, last := r.follow(team+query+count, "", "nextCursor")
			same(t, query+count, slices.Concat(pages...), names)
			last.is("5", "totalResults")
			if len(pages) > 1 {
				back, _ := r.follow(team+query+count, last.string("previousCursor"), "previousCursor")
				slices.Reverse(back)
				same(t, query+count+", back", append(slices.Concat(back...), pages[len(pages)-1]...), names)
			}
		}
	}
	first := r.do("GET", team+"&sortBy=title&count=1&cursor=", "").want(200)
	if err := r.store.DeleteUser(t.Context(), "acme", first.string("Resources", 0, "id"), ""); err != nil {
		t.Fatal(err)
	}
	r.do("GET", team+"&sortBy=title&count=1&cursor="+first.string("nextCursor"), "").refused(400, "invalidCursor")
}

// A key that is too long to be carried is read again from who has it, and nobody else has it.
func TestLongSortKey(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("m", maxKey)
	var ids []string
	for _, title := range []string{long + "c", "a", long + "a", "z", long + "b", long} {
		ids = append(ids, r.user(fmt.Sprintf(`{"userName":"u%d","title":%q}`, len(ids), title)))
	}
	pages, last := r.follow("/Users?sortBy=title&count=1", "", "nextCursor")
	same(t, "pages", slices.Concat(pages...), []string{"u1", "u5", "u2", "u4", "u0", "u3"})
	back, _ := r.follow("/Users?sortBy=title&count=1", last.string("previousCursor"), "previousCursor")
	same(t, "back", slices.Concat(back...), []string{"u0", "u4", "u2", "u5", "u1"})

	at := r.do("GET", "/Users?sortBy=title&count=3&cursor=", "") // up to u2
	r.do("PATCH", "/Users/"+ids[2], patchBody(`{"op":"replace","path":"title","value":"y"}`)).want(200)
	same(t, "moved", r.do("GET", "/Users?sortBy=title&cursor="+at.string("nextCursor"), "").found("userName"), []string{"u3"})
	r.do("DELETE", "/Users/"+ids[2], "").want(204)
	r.do("GET", "/Users?sortBy=title&cursor="+at.string("nextCursor"), "").refused(400, "invalidCursor")
}

// A store that does not know the position it is asked for is told nothing of to the client; one
// that was asked for none is out of order.
func TestPositionsAStoreRefuses(t *testing.T) {
	refuse := false
	s := &odd{}
	s.users = func(q Query) (Page[User], error) {
		if refuse {
			return Page[User]{}, fmt.Errorf("page: %w", ErrPosition)
		}
		return s.MemoryStore.Users(context.Background(), "acme", q)
	}
	r := newPoets(t, over(s))
	cursor := r.do("GET", "/Users?cursor&count=2", "").string("nextCursor")
	back := r.do("GET", "/Users?count=2&cursor="+cursor, "").string("previousCursor")
	refuse = true
	for _, c := range []string{cursor, back} {
		r.do("GET", "/Users?count=2&cursor="+c, "").refused(400, "invalidCursor").is(compactJSON(errCursor.Detail), "detail")
	}
	r.do("GET", "/Users?count=2&cursor=", "").want(500)

	s.users = func(q Query) (Page[User], error) {
		return Page[User]{Items: []User{{}}, Next: strings.Repeat("x", maxCursor)}, nil
	}
	r.do("GET", "/Users?cursor=", "").want(500)
	if !strings.Contains(r.log.String(), "too long for a cursor") {
		t.Errorf("the log does not say what is wrong:\n%s", r.log)
	}
	s.users = func(Query) (Page[User], error) { return Page[User]{}, &UnavailableError{Cause: errors.New("down")} }
	r.do("GET", "/Users?count=2&cursor="+cursor, "").want(503)
}
