package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// many is how many users there are for large groups.
const many = 2000

// populate puts users into a database and returns them as members.
func populate(t *testing.T, b backend, db string) []value {
	t.Helper()
	store, err := b.store(t.Context(), b.open(t, db), sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	users := make([]value, many)
	var seq iter.Seq[scim.User] = func(yield func(scim.User) bool) {
		for i := range users {
			users[i] = value{fmt.Sprintf("u%05d", i)}
			u := scim.User{UserName: users[i].Value}
			u.ID, u.ManagedBy = users[i].Value, idpID
			if !yield(u) {
				return
			}
		}
	}
	if n, err := store.Load(t.Context(), tenant, seq); err != nil || n != many {
		t.Fatalf("%d users: %v", n, err)
	}
	return users
}

// staff makes a group with half of the users, and returns its ID and the body that puts all in.
func staff(t *testing.T, c *client, users []value) (id, body string) {
	t.Helper()
	a := must(t, c, "POST", "/Groups", encode(crowd{DisplayName: "Half", Members: users[:many/2]}), 201)
	return readUser(t, a.body).ID, encode(crowd{DisplayName: "All", Members: users})
}

// wholly checks that a group has its old name and members, or its new ones, and returns which. It
// looks again if it comes between: a read of a group is of more than one moment.
func wholly(t *testing.T, c *client, id string, users []value) string {
	t.Helper()
	var g crowd
	for range 10 {
		c.read(t, "/Groups/"+id, &g)
		n := len(g.Members)
		if g.DisplayName == "Half" && n == many/2 && slices.Equal(g.Members, users[:n]) || g.DisplayName == "All" && slices.Equal(g.Members, users) {
			return g.DisplayName
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("half a change: %s has %d members", g.DisplayName, len(g.Members))
	return ""
}

// TestFinishesWrites tells the server to end while a large group is waiting to be written. The write
// is made, answered and kept.
func TestFinishesWrites(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		users := populate(t, b, db)
		s := start(t, "-db", db)
		c := newClient(t, s.ready)
		id, all := staff(t, c, users)

		release := b.hold(t, db)
		answers := make(chan answer)
		fresh := newClient(t, s.ready) // on the other connection what was answered is still being noted
		go func() { answers <- ask(t, fresh, "PUT", "/Groups/"+id, all) }()
		b.waiting(t, db)
		s.cancel()
		time.Sleep(50 * time.Millisecond) // the server has heard of it
		release()
		if a := <-answers; a.status != http.StatusOK {
			t.Errorf("the write under way is answered with %d %.200s, want 200", a.status, a.body)
		}
		if code := s.stop(t); code != exitOK || s.stderr.String() != "" {
			t.Errorf("it ended with %d and said %q", code, s.stderr)
		}
		s = start(t, "-db", db)
		if got := wholly(t, newClient(t, s.ready), id, users); got != "All" {
			t.Errorf("the write that was acknowledged is gone")
		}
	})
}

// TestCutsOff ends a server that has no time for a write under way: of that one nothing is made, and
// the database is closed behind it.
func TestCutsOff(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		users := populate(t, b, db)
		s := start(t, "-db", db)
		id, all := staff(t, newClient(t, s.ready), users)
		s.stop(t)

		hasty := startWith(t, func(c *config) { c.grace = time.Millisecond }, "-db", b.impatient(db, cutOffTimeout/3))
		release := b.hold(t, db)
		unanswered := make(chan error)
		go func() {
			_, err := newClient(t, hasty.ready).ask(t.Context(), "PUT", "/Groups/"+id, all)
			unanswered <- err
		}()
		b.waiting(t, db)
		code := hasty.stop(t)
		if err := <-unanswered; err == nil {
			t.Error("the write was answered")
		}
		if log := hasty.stderr.String(); code != exitOK || !strings.Contains(log, "were cut off") || strings.Contains(log, "still under way") || strings.Contains(log, "did not close") {
			t.Errorf("it ended with %d and said %q", code, log)
		}
		release()
		s = start(t, "-db", db)
		if got := wholly(t, newClient(t, s.ready), id, users); got != "Half" {
			t.Errorf("what was cut off is there")
		}
	})
}

// TestClientLeaves has a client go away in the middle of a write: in one that waits, of which nothing
// is made, and then at many moments.
func TestClientLeaves(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		users := populate(t, b, db)
		s := start(t, "-db", b.impatient(db, 2*time.Second))
		c := newClient(t, s.ready)
		id, all := staff(t, c, users)
		half := encode(crowd{DisplayName: "Half", Members: users[:many/2]})

		release := b.hold(t, db)
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error)
		fresh := newClient(t, s.ready) // on the other connection what was answered is still being noted
		go func() {
			_, err := fresh.ask(ctx, "PUT", "/Groups/"+id, all)
			left <- err
		}()
		b.waiting(t, db)
		leave()
		if err := <-left; err == nil {
			t.Error("the write was answered")
		}
		awaitLog(t, s, "status=503")
		release()
		if got := wholly(t, c, id, users); got != "Half" {
			t.Error("what nobody waits for was made after all")
		}

		began := time.Now()
		must(t, c, "PUT", "/Groups/"+id, all, 200)
		takes := time.Since(began)
		seen := map[string]int{}
		const moments = 24
		for n := range moments {
			body := []string{half, all}[n%2]
			ctx, leave := context.WithTimeout(t.Context(), takes*time.Duration(n)/moments)
			c.ask(ctx, "PUT", "/Groups/"+id, body)
			leave()
			seen[wholly(t, c, id, users)]++
		}
		must(t, c, "PUT", "/Groups/"+id, all, 200)
		if wholly(t, c, id, users) != "All" {
			t.Error("an acknowledged write is gone")
		}
		t.Logf("after clients had left: %v", seen)
	})
}

// awaitLog waits until the server has said something.
func awaitLog(t *testing.T, s *running, what string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(s.stderr.String(), what); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not say %q:\n%s", what, s.stderr)
		}
	}
}

// TestGate cuts off a request that does not notice, and checks that nothing goes on before it is over.
func TestGate(t *testing.T) {
	began, finish := make(chan bool), make(chan bool)
	requests := &gate{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		began <- true
		<-finish
	})}
	logger := slog.New(slog.DiscardHandler)
	server := newServer(requests, logger)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	unanswered := make(chan error)
	go func() {
		_, err := newClient(t, ready{SCIMURL: "http://" + listener.Addr().String()}).ask(t.Context(), "GET", "/", "")
		unanswered <- err
	}()
	<-began
	over := make(chan bool)
	go func() {
		shutDown(t.Context(), server, requests, time.Millisecond, logger)
		close(over)
	}()
	if err := <-unanswered; err == nil {
		t.Error("the request was answered")
	}
	select {
	case <-over:
		t.Error("it went on while a request was under way")
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	<-over
}
