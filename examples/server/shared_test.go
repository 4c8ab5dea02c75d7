package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// pair starts two servers at the same moment on an empty database, and returns a client of each.
func pair(t *testing.T, b backend) [2]*client {
	t.Helper()
	db := b.fresh(t)
	p, file := launch(t, db)
	q, other := launch(t, db)
	p.await(t, file)
	q.await(t, other)
	t.Cleanup(func() {
		if got := p.stderr.String() + q.stderr.String(); t.Failed() {
			t.Logf("the servers said:\n%s", got)
		}
	})
	return [2]*client{newClient(t, p.ready), newClient(t, q.ready)}
}

// atOnce calls f n times at once.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// must sends a write until it is not told to come again, and wants one of some answers.
func must(t *testing.T, c *client, method, path, body string, want ...int) answer {
	t.Helper()
	a, err := c.insist(t.Context(), method, path, body)
	if err != nil || !slices.Contains(want, a.status) {
		t.Errorf("%s %s %s: %d %s (%v), want %v", method, path, body, a.status, a.body, err, want)
	}
	return a
}

func newPerson(name string) string {
	p := person{ExternalID: name, UserName: name, DisplayName: name, Emails: []value{{name + "@example.com"}}}
	p.Extension.OrganizationID = "101"
	return encode(p)
}

// TestSharedNames has two servers asked for the same names at once. Each is given once.
func TestSharedNames(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		servers := pair(t, b)
		for _, kind := range []string{"/Users", "/Groups"} {
			const names, rivals = 20, 6
			for n := range names {
				body := newPerson(fmt.Sprint("name", n))
				if kind == "/Groups" {
					body = encode(crowd{DisplayName: fmt.Sprint("name", n), Members: []value{}})
				}
				var given atomic.Int64
				atOnce(rivals, func(i int) {
					if must(t, servers[i%2], "POST", kind, body, 201, 409).status == 201 {
						given.Add(1)
					}
				})
				if given.Load() != 1 {
					t.Errorf("%s: name %d was given %d times", kind, n, given.Load())
				}
			}
			for _, c := range servers {
				if all := everything[value](t, c, kind); len(all) != names {
					t.Errorf("%s: there are %d, want %d", kind, len(all), names)
				}
			}
		}
	})
}

// TestSharedUser has two servers change one user at once: each change adds an address, and says so in
// an attribute that is its writer's own. None of them is lost.
func TestSharedUser(t *testing.T) {
	attributes := []string{"displayName", "nickName", "title", "locale", "timezone", "preferredLanguage", "profileUrl", "userName"}
	const changes = 12
	onEach(t, func(t *testing.T, b backend) {
		servers := pair(t, b)
		id := readUser(t, must(t, servers[0], "POST", "/Users", newPerson("ada"), 201).body).ID
		atOnce(len(attributes), func(i int) {
			for n := range changes {
				mark := fmt.Sprintf("%d-%d", i, n)
				must(t, servers[(i+n)%2], "PATCH", "/Users/"+id, patch(
					operation{"add", "emails", []value{{mark + "@example.com"}}},
					operation{"replace", attributes[i], mark}), 200)
			}
		})
		for _, c := range servers {
			var u map[string]any
			c.read(t, "/Users/"+id, &u)
			for i, a := range attributes {
				if want := fmt.Sprintf("%d-%d", i, changes-1); u[a] != want {
					t.Errorf("%s is %v, want %s", a, u[a], want)
				}
				for n := range changes {
					var list listOf[value]
					if c.read(t, equal("/Users", "emails.value", fmt.Sprintf("%d-%d@example.com", i, n)), &list); list.Total != 1 {
						t.Errorf("change %d of %s is lost", n, a)
					}
				}
			}
			if emails, _ := u["emails"].([]any); len(emails) != 1+len(attributes)*changes {
				t.Errorf("there are %d addresses, want %d", len(emails), 1+len(attributes)*changes)
			}
		}
	})
}

// TestSharedVersion has two servers asked to change what a client saw. One change is made, and all
// others are told that it was.
func TestSharedVersion(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		servers := pair(t, b)
		made := must(t, servers[0], "POST", "/Users", newPerson("ada"), 201)
		id, etag := readUser(t, made.body).ID, made.header.Get("ETag")
		for n := range 20 {
			var next atomic.Pointer[string]
			var changed atomic.Int64
			atOnce(6, func(i int) {
				body := patch(operation{"replace", "title", fmt.Sprintf("%d-%d", n, i)})
				if a := must(t, servers[i%2].matching(etag), "PATCH", "/Users/"+id, body, 200, 412); a.status == 200 {
					changed.Add(1)
					etag := a.header.Get("ETag")
					next.Store(&etag)
				}
			})
			if changed.Load() != 1 {
				t.Fatalf("%d changes were made to one version, want 1", changed.Load())
			}
			etag = *next.Load()
		}
	})
}

// TestSharedGroup has two servers put users into one group, and take some out again, while it gets
// new names.
func TestSharedGroup(t *testing.T) {
	const movers, each, names = 6, 5, 10
	onEach(t, func(t *testing.T, b backend) {
		servers := pair(t, b)
		group := readUser(t, must(t, servers[0], "POST", "/Groups", encode(crowd{DisplayName: "Staff", Members: []value{}}), 201).body).ID
		var in [movers][]value // who stays
		atOnce(movers+1, func(i int) {
			if i == movers {
				for n := range names {
					must(t, servers[n%2], "PATCH", "/Groups/"+group, patch(operation{"replace", "displayName", fmt.Sprint("Staff ", n+1)}), 204)
				}
				return
			}
			for n := range each {
				c := servers[(i+n)%2]
				id := readUser(t, must(t, c, "POST", "/Users", newPerson(fmt.Sprintf("%d-%d", i, n)), 201).body).ID
				must(t, c, "PATCH", "/Groups/"+group, patch(operation{"add", "members", []value{{id}}}), 204)
				switch n {
				case 0:
					must(t, c, "PATCH", "/Groups/"+group, patch(operation{"remove", fmt.Sprintf("members[value eq %q]", id), nil}), 204)
				case 1:
					must(t, c, "DELETE", "/Users/"+id, "", 204)
				default:
					in[i] = append(in[i], value{id})
				}
			}
		})
		want := slices.Concat(in[:]...)
		slices.SortFunc(want, func(a, b value) int { return strings.Compare(a.Value, b.Value) })
		for _, c := range servers {
			var g crowd
			if c.read(t, "/Groups/"+group, &g); !slices.Equal(g.Members, want) || g.DisplayName != fmt.Sprint("Staff ", names) {
				t.Errorf("the group is %+v, want %d members %v", g, len(want), want)
			}
			for _, m := range want {
				var u person
				if c.read(t, "/Users/"+m.Value, &u); !slices.Equal(u.Groups, []value{{group}}) {
					t.Errorf("%s is in %v, want %s", m.Value, u.Groups, group)
				}
			}
		}
	})
}

// TestDeletedMember deletes users through one process while they join a group through the other:
// nobody stays a member who is no user any more.
func TestDeletedMember(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		servers := pair(t, b)
		group := readUser(t, must(t, servers[0], "POST", "/Groups", encode(crowd{DisplayName: "Staff", Members: []value{}}), 201).body).ID
		for n := range 50 {
			id := readUser(t, must(t, servers[0], "POST", "/Users", newPerson(fmt.Sprint("u", n)), 201).body).ID
			atOnce(2, func(i int) {
				if i == 0 {
					must(t, servers[0], "DELETE", "/Users/"+id, "", 204)
				} else {
					must(t, servers[1], "PATCH", "/Groups/"+group, patch(operation{"add", "members", []value{{id}}}), 204, 400)
				}
			})
		}
		var g crowd
		if servers[0].read(t, "/Groups/"+group, &g); len(g.Members) != 0 {
			t.Errorf("%d members are no users", len(g.Members))
		}
	})
}

// TestSharedCursor reads pages in turns from two servers that have one token.
func TestSharedCursor(t *testing.T) {
	t.Setenv(tokenVariable, "ghs_shared-0123456789")
	onEach(t, func(t *testing.T, b backend) {
		servers := pair(t, b)
		for n := range 7 {
			must(t, servers[n%2], "POST", "/Users", newPerson(fmt.Sprint("u", n)), 201)
		}
		var seen []string
		for n, cursor := 0, ""; n == 0 || cursor != ""; n++ {
			var page struct {
				NextCursor string
				Resources  []struct{ UserName string }
			}
			servers[n%2].read(t, "/Users?sortBy=userName&count=2&cursor="+cursor, &page)
			for _, u := range page.Resources {
				seen = append(seen, u.UserName)
			}
			cursor = page.NextCursor
		}
		if want := []string{"u0", "u1", "u2", "u3", "u4", "u5", "u6"}; !slices.Equal(seen, want) {
			t.Errorf("read %q, want %q", seen, want)
		}
	})
}
