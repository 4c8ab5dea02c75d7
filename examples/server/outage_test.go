package main

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var incident = regexp.MustCompile(`Incident ([A-Z2-7]{26})`)

// unavailable checks that a client was told to come again, and that the log has the cause.
func unavailable(t *testing.T, s *running, a answer, cause string) {
	t.Helper()
	found := incident.FindStringSubmatch(a.body)
	if a.status != 503 || a.header.Get("Retry-After") == "" || found == nil {
		t.Errorf("%d %s %v, want a 503 with Retry-After and an incident", a.status, a.body, a.header)
		return
	}
	for line := range strings.Lines(s.stderr.String()) {
		if strings.Contains(line, "incident="+found[1]) {
			if !strings.Contains(line, cause) {
				t.Errorf("the log has no %q: %s", cause, line)
			}
			return
		}
	}
	t.Errorf("incident %s is not in the log:\n%s", found[1], s.stderr)
}

// ask is client.ask where there has to be an answer.
func ask(t *testing.T, c *client, method, path, body string) answer {
	t.Helper()
	a, err := c.ask(t.Context(), method, path, body)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
	}
	return a
}

// TestLockedFile has another program hold the lock for longer than the server waits.
func TestLockedFile(t *testing.T) {
	t.Parallel()
	file := freshFile(t)
	db := impatient(file, 100*time.Millisecond)
	s := start(t, "-db", db)
	c := newClient(t, s.ready)
	ada := readUser(t, must(t, c, "POST", "/Users", newPerson("ada"), 201).body)

	release := onSQLite.hold(t, file)
	unavailable(t, s, ask(t, c, "POST", "/Users", newPerson("grace")), "database is locked")
	unavailable(t, s, ask(t, c, "PATCH", "/Users/"+ada.ID, patch(operation{"replace", "userName", "lovelace"})), "database is locked")
	if a := ask(t, c, "GET", "/Users/"+ada.ID, ""); a.status != 200 || !strings.Contains(a.body, `"userName":"ada"`) {
		t.Errorf("while another program writes, a user is read as %d %s", a.status, a.body)
	}
	refused(t, db, exitFailed, "is locked by another program")

	release()
	must(t, c, "POST", "/Users", newPerson("grace"), 201)
	must(t, c, "PATCH", "/Users/"+ada.ID, patch(operation{"replace", "userName", "lovelace"}), 200)
}

// TestFullDisk lets the file grow no further while many write at once. What was acknowledged is
// there, and when there is room again, everything works.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	file := freshFile(t)
	s := start(t, "-db", impatient(file, 100*time.Millisecond)+"&_pragma=max_page_count(200)")
	c := newClient(t, s.ready)
	var made [8][]string
	var full sync.Once
	atOnce(len(made), func(i int) {
		for n := range 200 {
			a := ask(t, c, "POST", "/Users", newPerson(fmt.Sprintf("%d-%d", i, n)))
			if a.status != 201 {
				full.Do(func() { unavailable(t, s, a, "database or disk is full") })
				return
			}
			made[i] = append(made[i], readUser(t, a.body).ID)
		}
		t.Error("the file has no limit")
	})
	there := map[string]bool{}
	for _, u := range everything[person](t, c, "/Users") {
		there[u.ID] = true
	}
	n := 0
	for _, ids := range made {
		for _, id := range ids {
			if n++; !there[id] {
				t.Errorf("%s was acknowledged and is not there", id)
			}
		}
	}
	if len(there) != n {
		t.Errorf("%d users are there, and %d were acknowledged", len(there), n)
	}
	// A deletion is an event and ends sessions, which needs room too: somebody has to see to it.
	runSQL(t, onSQLite.open(t, file), "DELETE FROM sso_events")
	n = 0
	for id := range there {
		if n++; n > 20 {
			break
		}
		must(t, c, "DELETE", "/Users/"+id, "", 204)
	}
	must(t, c, "POST", "/Users", newPerson("room"), 201)
}

// role is a role of PostgreSQL that a test can take rights from, and a schema of its own.
type role struct {
	*sql.DB        // an administrator's
	name    string // of both
	url     string
}

func newRole(t *testing.T) *role {
	t.Helper()
	dsn := testPostgres(t)
	r := &role{DB: openDB(t, "pgx", dsn), name: "gatehouse_test_" + strings.ToLower(rand.Text())}
	runSQL(t, r, "CREATE ROLE "+r.name+" LOGIN PASSWORD 'test'")
	t.Cleanup(func() {
		for _, text := range []string{"DROP SCHEMA IF EXISTS %s CASCADE", "DROP ROLE %s"} {
			if _, err := r.Exec(fmt.Sprintf(text, r.name)); err != nil {
				t.Error(err)
			}
		}
	})
	runSQL(t, r, "CREATE SCHEMA AUTHORIZATION "+r.name)
	u, err := url.Parse(withParameter(t, dsn, "search_path", r.name))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(r.name, "test")
	r.url = u.String()
	return r
}

// terminate ends all sessions of the role, and returns when they are gone.
func (r *role) terminate(t *testing.T) {
	t.Helper()
	const sessions = "FROM pg_stat_activity WHERE usename = $1"
	if _, err := r.Exec("SELECT pg_terminate_backend(pid) "+sessions, r.name); err != nil {
		t.Fatal(err)
	}
	await(t, r.DB, "SELECT count(*) = 0 "+sessions, r.name)
}

// TestLostSessions ends the sessions of the server, as a restart of PostgreSQL does, in the middle of
// writes. Each is made as a whole or not at all, and the next requests find new sessions.
func TestLostSessions(t *testing.T) {
	t.Parallel()
	r := newRole(t)
	s := start(t, "-db", r.url)
	c := newClient(t, s.ready)
	group := readUser(t, must(t, c, "POST", "/Groups", encode(crowd{DisplayName: "Staff", Members: []value{}}), 201).body).ID
	ada := readUser(t, must(t, c, "POST", "/Users", newPerson("ada"), 201).body)

	lock, err := r.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Rollback()
	// The name and the version of the group are written before its members, who have to wait.
	runSQL(t, lock, "LOCK TABLE "+r.name+".scim_members IN EXCLUSIVE MODE")
	answers := make(chan answer)
	go func() {
		answers <- ask(t, c, "PUT", "/Groups/"+group, encode(crowd{DisplayName: "Everybody", Members: []value{{ada.ID}}}))
	}()
	await(t, r.DB, "SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'", r.name)
	r.terminate(t)
	unavailable(t, s, <-answers, "SQLSTATE 57P01")
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}

	must(t, c, "GET", "/Groups/"+group, "", 200)
	var g crowd
	if c.read(t, "/Groups/"+group, &g); g.DisplayName != "Staff" || len(g.Members) != 0 {
		t.Errorf("half a change: %+v", g)
	}
	for n := range 5 { // with sessions at rest
		r.terminate(t)
		must(t, c, "POST", "/Users", newPerson(fmt.Sprint("next", n)), 201)
	}
}

// TestReadOnlyPostgres has PostgreSQL refuse writes for a while, as a standby does.
func TestReadOnlyPostgres(t *testing.T) {
	t.Parallel()
	r := newRole(t)
	s := start(t, "-db", r.url)
	c := newClient(t, s.ready)
	ada := readUser(t, must(t, c, "POST", "/Users", newPerson("ada"), 201).body)

	runSQL(t, r, "ALTER ROLE "+r.name+" SET default_transaction_read_only = on")
	r.terminate(t)
	must(t, c, "GET", "/Users/"+ada.ID, "", 200) // with a new session
	unavailable(t, s, ask(t, c, "POST", "/Users", newPerson("grace")), "SQLSTATE 25006")
	unavailable(t, s, ask(t, c, "DELETE", "/Users/"+ada.ID, ""), "SQLSTATE 25006")
	refused(t, r.url, exitFailed, "read-only")
	must(t, c, "GET", "/Users/"+ada.ID, "", 200)

	runSQL(t, r, "ALTER ROLE "+r.name+" RESET default_transaction_read_only")
	r.terminate(t)
	must(t, c, "POST", "/Users", newPerson("grace"), 201)
	must(t, c, "DELETE", "/Users/"+ada.ID, "", 204)
}

// TestNoSessions has PostgreSQL admit nobody for a while.
func TestNoSessions(t *testing.T) {
	t.Parallel()
	r := newRole(t)
	s := start(t, "-db", r.url)
	c := newClient(t, s.ready)
	runSQL(t, r, "ALTER ROLE "+r.name+" CONNECTION LIMIT 0")
	r.terminate(t)
	ask(t, c, "GET", "/Users?count=0", "") // what is at rest is found to be gone
	unavailable(t, s, ask(t, c, "GET", "/Users?count=0", ""), "SQLSTATE 53300")
	unavailable(t, s, ask(t, c, "POST", "/Users", newPerson("ada")), "SQLSTATE 53300")
	refused(t, r.url, exitFailed, "too many connections")

	runSQL(t, r, "ALTER ROLE "+r.name+" CONNECTION LIMIT 1")
	var made atomic.Int64
	atOnce(8, func(i int) {
		if a := must(t, c, "POST", "/Users", newPerson(fmt.Sprint("one", i)), 201); a.status == 201 {
			made.Add(1)
		}
	})
	if made.Load() != 8 {
		t.Errorf("with one session, %d of 8 users were made", made.Load())
	}
}

// TestSessionLostAfterFailure ends sessions of PostgreSQL after a statement has failed in them, which
// a driver remembers.
func TestSessionLostAfterFailure(t *testing.T) {
	r := newRole(t)
	s := start(t, "-db", r.url)
	c := newClient(t, s.ready)
	must(t, c, "POST", "/Users", newPerson("ada"), 201)
	runSQL(t, r, "ALTER ROLE "+r.name+" SET default_transaction_read_only = on")
	r.terminate(t)
	must(t, c, "GET", "/Users?count=0", "", 200)
	unavailable(t, s, ask(t, c, "POST", "/Users", newPerson("grace")), "SQLSTATE 25006")
	runSQL(t, r, "ALTER ROLE "+r.name+" RESET default_transaction_read_only")
	r.terminate(t)
	must(t, c, "POST", "/Users", newPerson("grace"), 201)
}

// TestLockedFirstStart starts on a database that another program has made and is writing to.
func TestLockedFirstStart(t *testing.T) {
	file := freshFile(t)
	runSQL(t, onSQLite.open(t, file), "CREATE TABLE other (x)")
	release := onSQLite.hold(t, file)
	defer release()
	refused(t, impatient(file, 100*time.Millisecond), exitFailed, "is locked by another program")
}
