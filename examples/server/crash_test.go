package main

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// crashesVariable says how often the server is killed, for those who have more time than a few
// seconds.
const crashesVariable = "GATEHOUSE_TEST_CRASHES"

func crashes(t *testing.T) int {
	n := 8
	if more := os.Getenv(crashesVariable); more != "" {
		var err error
		if n, err = strconv.Atoi(more); err != nil {
			t.Fatalf("%s: %v", crashesVariable, err)
		}
	}
	return n
}

// writers is how many write at once.
const writers = 6

// TestCrash kills the server in the middle of writes, again and again. What was acknowledged is
// there when it starts again, and what was not is there as a whole or not at all.
func TestCrash(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		p := spawn(t, db)
		shared := createShared(t, newClient(t, p.ready))
		journals := make([]*journal, writers)
		for i := range journals {
			journals[i] = newJournal(fmt.Sprintf("w%d", i), shared, uint64(i))
		}
		var acknowledged, open, made int
		rounds := crashes(t)
		for round := range rounds {
			acknowledged += writeAndKill(t, p, journals, 20+round*13%150)
			b.settle(t, db)
			p = spawn(t, db)
			o, m := checkJournals(t, newClient(t, p.ready), journals)
			open, made = open+o, made+m
			if t.Failed() {
				t.Fatalf("after crash %d", round+1)
			}
		}
		if open == 0 {
			t.Error("no crash hit a write: nothing was tested")
		}
		t.Logf("%d crashes; %d writes were acknowledged, and of %d without an answer %d were carried out", rounds, acknowledged, open, made)
	})
}

func createShared(t *testing.T, c *client) string {
	t.Helper()
	a, err := c.ask(t.Context(), "POST", "/Groups", encode(crowd{ExternalID: "shared", DisplayName: "Everybody", Members: []value{}}))
	if err != nil || a.status != 201 {
		t.Fatalf("%d %s (%v)", a.status, a.body, err)
	}
	return readUser(t, a.body).ID
}

// writeAndKill has all write at once, and kills the server when so many writes are acknowledged. It
// returns how many were.
func writeAndKill(t *testing.T, p *process, journals []*journal, limit int) int {
	t.Helper()
	c := newClient(t, p.ready)
	var count atomic.Int64
	done := func() bool {
		n := count.Add(1)
		if n == int64(limit) {
			p.kill()
		}
		return n >= int64(limit)
	}
	var all sync.WaitGroup
	for _, j := range journals {
		all.Go(func() {
			if err := j.run(t.Context(), c, done); err != nil {
				t.Errorf("%s: %v", j.name, err)
			}
		})
	}
	all.Wait()
	p.kill() // if some writer failed
	if log := p.stderr.String(); strings.Contains(log, "status=500") {
		t.Errorf("the server failed:\n%s", log)
	}
	return int(count.Load())
}

// checkJournals compares what there is with what every writer knows, and brings the journals up to
// date. It returns how many writes were without an answer, and how many of these were carried out.
func checkJournals(t *testing.T, c *client, journals []*journal) (open, made int) {
	t.Helper()
	users, groups := everything[person](t, c, "/Users"), everything[crowd](t, c, "/Groups")
	external := map[string]string{}
	for _, u := range users {
		external[u.ID] = u.ExternalID
		checkUser(t, c, u, groups)
	}
	found := map[string]*state{}
	for _, j := range journals {
		found[j.name] = &state{users: map[string]human{}, groups: map[string]team{}}
	}
	for _, u := range users {
		s := found[owner(u.ExternalID)]
		if s == nil {
			t.Fatalf("nobody made %+v", u)
		}
		if len(u.Emails) != 1 || u.Emails[0].Value != u.DisplayName+"@example.com" {
			t.Errorf("half a change: %+v", u)
		}
		s.users[u.ExternalID] = human{u.UserName, u.DisplayName}
	}
	for _, g := range groups {
		checkGroup(t, c, g, external)
		in := map[string][]string{}
		for _, m := range g.Members {
			in[owner(external[m.Value])] = append(in[owner(external[m.Value])], external[m.Value])
		}
		for name, s := range found {
			slices.Sort(in[name])
			members := strings.Join(in[name], " ")
			if g.ExternalID == "shared" {
				s.shared = members
			} else if name == owner(g.ExternalID) {
				s.groups[g.ExternalID] = team{g.DisplayName, members}
			}
		}
	}
	ids := map[string]string{}
	for _, u := range users {
		ids[u.ExternalID] = u.ID
	}
	for _, g := range groups {
		ids[g.ExternalID] = g.ID
	}
	for _, j := range journals {
		got := *found[j.name]
		switch {
		case j.next != nil && got.equal(*j.next):
			open, made = open+1, made+1
		case j.next != nil:
			open++
			fallthrough
		default:
			if !got.equal(j.now) {
				t.Errorf("%s: there is\n%+v, acknowledged was\n%+v, and without an answer\n%+v", j.name, got, j.now, j.next)
			}
		}
		for id, was := range j.ids {
			if now, ok := ids[id]; ok && now != was {
				t.Errorf("%s was %s and is %s", id, was, now)
			}
		}
		checkGone(t, c, j, got)
		j.now, j.next = got, nil
		maps.Copy(j.ids, ids)
	}
	return open, made
}

// owner returns the name of the writer that something is of.
func owner(external string) string {
	name, _, _ := strings.Cut(external, "-")
	return name
}

// checkUser checks that every way to a user leads to the same, and that the groups it says it is in
// say so too.
func checkUser(t *testing.T, c *client, u person, groups []crowd) {
	t.Helper()
	var got person
	if c.read(t, "/Users/"+u.ID, &got); !reflect.DeepEqual(got, u) {
		t.Errorf("by ID there is %+v, and in the list %+v", got, u)
	}
	for attribute, v := range map[string]string{"userName": u.UserName, "externalId": u.ExternalID, "emails.value": u.Emails[0].Value} {
		var list listOf[person]
		if c.read(t, equal("/Users", attribute, v), &list); list.Total != 1 || !reflect.DeepEqual(list.Resources, []person{u}) {
			t.Errorf("by %s there is %+v, and in the list %+v", attribute, list, u)
		}
	}
	for _, g := range groups {
		if slices.Contains(g.Members, value{u.ID}) != slices.Contains(u.Groups, value{g.ID}) {
			t.Errorf("user and group do not agree: %+v, %+v", u, g)
		}
	}
}

// checkGroup does so for groups, and checks that nobody is in it who is not there.
func checkGroup(t *testing.T, c *client, g crowd, users map[string]string) {
	t.Helper()
	var got crowd
	if c.read(t, "/Groups/"+g.ID, &got); !reflect.DeepEqual(got, g) {
		t.Errorf("by ID there is %+v, and in the list %+v", got, g)
	}
	var list listOf[crowd]
	if c.read(t, equal("/Groups", "displayName", g.DisplayName), &list); list.Total != 1 || !reflect.DeepEqual(list.Resources, []crowd{g}) {
		t.Errorf("by name there is %+v, and in the list %+v", list, g)
	}
	for _, m := range g.Members {
		if users[m.Value] == "" {
			t.Errorf("a member is no user: %s in %+v", m.Value, g)
		}
	}
}

// checkGone checks that names and addresses nobody has any more lead nowhere.
func checkGone(t *testing.T, c *client, j *journal, got state) {
	t.Helper()
	has := map[string]bool{}
	for _, u := range got.users {
		has[u.name], has[u.mark] = true, true
	}
	for _, used := range j.used[max(0, len(j.used)-10):] {
		for path, v := range map[string]string{"userName": used, "emails.value": used + "@example.com"} {
			var list listOf[person]
			if c.read(t, equal("/Users", path, v), &list); !has[used] && list.Total != 0 {
				t.Errorf("%s %s leads to %+v", path, v, list.Resources)
			}
		}
	}
}
