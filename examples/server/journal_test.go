package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// A journal is what one writer knows about its own users and groups, by their external IDs.
type journal struct {
	name   string // begins everything that is its own
	shared string // ID of a group that all writers have
	rng    *rand.Rand
	n      int               // numbers what it makes
	ids    map[string]string // ID by external ID
	now    state             // what was acknowledged
	next   *state            // and with the write that was sent and not answered
	used   []string          // every name and mark there was
}

// A state is what a writer has.
type state struct {
	users  map[string]human
	groups map[string]team
	shared string // who is in the shared group, as in team
}

// human is a user: the mark is in the display name and in the e-mail address.
type human struct{ name, mark string }

// team is a group: members are external IDs in order, with a space between.
type team struct{ name, members string }

func newJournal(name, shared string, seed uint64) *journal {
	return &journal{name: name, shared: shared, rng: rand.New(rand.NewPCG(seed, 1)), ids: map[string]string{},
		now: state{users: map[string]human{}, groups: map[string]team{}}}
}

func (s state) clone() state {
	return state{users: maps.Clone(s.users), groups: maps.Clone(s.groups), shared: s.shared}
}

func (s state) equal(o state) bool {
	return maps.Equal(s.users, o.users) && maps.Equal(s.groups, o.groups) && s.shared == o.shared
}

// forget takes a user out of everything.
func (s *state) forget(user string) {
	delete(s.users, user)
	without := func(members string) string {
		return strings.Join(slices.DeleteFunc(strings.Fields(members), func(m string) bool { return m == user }), " ")
	}
	for id, g := range s.groups {
		s.groups[id] = team{g.name, without(g.members)}
	}
	s.shared = without(s.shared)
}

// A write is a request, and what there is when it was carried out.
type write struct {
	method, path, body string
	made               string // the external ID of what it creates
	next               state
}

// label makes a name that was never used.
func (j *journal) label(kind string) string {
	j.n++
	name := fmt.Sprintf("%s-%s%d", j.name, kind, j.n)
	j.used = append(j.used, name)
	return name
}

// pick returns one of the keys of a map.
func pick[V any](j *journal, m map[string]V) string {
	return slices.Sorted(maps.Keys(m))[j.rng.IntN(len(m))]
}

// some returns a part of the writer's users.
func (j *journal) some() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(j.now.users)), func(string) bool { return j.rng.IntN(2) == 0 })
}

func (j *journal) members(users []string) []value {
	out := []value{}
	for _, u := range users {
		out = append(out, value{j.ids[u]})
	}
	return out
}

// write makes up what to do next.
func (j *journal) write() write {
	w := write{next: j.now.clone()}
	switch k := j.rng.IntN(12); {
	case len(j.now.users) < 3 || k < 3 && len(j.now.users) < 10:
		j.createUser(&w)
	case k < 5:
		j.markUser(&w)
	case k == 5:
		j.renameUser(&w)
	case k == 6:
		j.deleteUser(&w)
	case len(j.now.groups) == 0 || k == 7 && len(j.now.groups) < 4:
		j.createGroup(&w)
	case k == 8 && len(j.now.groups) > 2:
		group := pick(j, j.now.groups)
		w.method, w.path = http.MethodDelete, "/Groups/"+j.ids[group]
		delete(w.next.groups, group)
	case k < 10:
		j.changeGroup(&w)
	default:
		j.changeShared(&w)
	}
	return w
}

func (j *journal) createUser(w *write) {
	p := person{ExternalID: j.label("user"), UserName: j.label("name"), DisplayName: j.label("mark")}
	p.Emails = []value{{p.DisplayName + "@example.com"}}
	p.Extension.OrganizationID = "101"
	w.method, w.path, w.body, w.made = http.MethodPost, "/Users", encode(p), p.ExternalID
	w.next.users[p.ExternalID] = human{p.UserName, p.DisplayName}
}

func (j *journal) markUser(w *write) {
	user, mark := pick(j, j.now.users), j.label("mark")
	w.method, w.path = http.MethodPatch, "/Users/"+j.ids[user]
	w.body = patch(operation{"replace", "displayName", mark}, operation{"replace", "emails", []value{{mark + "@example.com"}}})
	w.next.users[user] = human{j.now.users[user].name, mark}
}

func (j *journal) renameUser(w *write) {
	user, name := pick(j, j.now.users), j.label("name")
	w.method, w.path, w.body = http.MethodPatch, "/Users/"+j.ids[user], patch(operation{"replace", "userName", name})
	w.next.users[user] = human{name, j.now.users[user].mark}
}

func (j *journal) deleteUser(w *write) {
	user := pick(j, j.now.users)
	w.method, w.path = http.MethodDelete, "/Users/"+j.ids[user]
	w.next.forget(user)
}

func (j *journal) createGroup(w *write) {
	in := j.some()
	g := crowd{ExternalID: j.label("group"), DisplayName: j.label("team"), Members: j.members(in)}
	w.method, w.path, w.body, w.made = http.MethodPost, "/Groups", encode(g), g.ExternalID
	w.next.groups[g.ExternalID] = team{g.DisplayName, strings.Join(in, " ")}
}

// changeGroup replaces a group, or renames it and replaces its members.
func (j *journal) changeGroup(w *write) {
	group, in := pick(j, j.now.groups), j.some()
	g := crowd{ExternalID: group, DisplayName: j.label("team"), Members: j.members(in)}
	w.method, w.path, w.body = http.MethodPut, "/Groups/"+j.ids[group], encode(g)
	if j.rng.IntN(2) == 0 {
		w.method, w.body = http.MethodPatch, patch(operation{"replace", "displayName", g.DisplayName}, operation{"replace", "members", g.Members})
	}
	w.next.groups[group] = team{g.DisplayName, strings.Join(in, " ")}
}

// changeShared adds some to the group that all writers change, and takes all others out.
func (j *journal) changeShared(w *write) {
	in := j.some()
	var out []operation
	for user := range j.now.users {
		if !slices.Contains(in, user) {
			out = append(out, operation{"remove", fmt.Sprintf("members[value eq %q]", j.ids[user]), nil})
		}
	}
	if len(in) > 0 {
		out = append(out, operation{"add", "members", j.members(in)})
	}
	w.method, w.path, w.body = http.MethodPatch, "/Groups/"+j.shared, patch(out...)
	w.next.shared = strings.Join(in, " ")
}

// run writes until there is no answer, or done says so. It fails if the server says anything else
// than yes, or come again.
func (j *journal) run(ctx context.Context, c *client, done func() bool) error {
	for {
		w := j.write()
		a, err := c.insist(ctx, w.method, w.path, w.body)
		switch {
		case err != nil && a.status == http.StatusServiceUnavailable:
			return err
		case err != nil:
			j.next = &w.next
			return nil
		case a.status/100 != 2:
			return fmt.Errorf("%s %s %s: %d %s", w.method, w.path, w.body, a.status, a.body)
		}
		j.now = w.next
		if w.made != "" {
			var made value
			if err := json.Unmarshal([]byte(strings.Replace(a.body, `"id"`, `"value"`, 1)), &made); err != nil {
				return err
			}
			j.ids[w.made] = made.Value
		}
		if done() {
			return nil
		}
	}
}
