package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// TestSweep: nothing is kept of users who are gone, and everything of the others, however many there are.
func TestSweep(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		c := new(clock)
		h := newTestHost(t, c, b.fresh(t))
		ctx := t.Context()
		exec := func(statement string, args ...any) {
			t.Helper()
			if _, err := h.db.own.ExecContext(ctx, statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		count := func(table, where string) (n int) {
			t.Helper()
			if err := h.db.own.QueryRowContext(ctx, "SELECT count(*) FROM "+table+" WHERE user_id "+where).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		// Every third is there. The ghosts have something in one table, or in several.
		const users = 2*maxSwept + maxSwept/2
		for i := range users {
			id := fmt.Sprintf("u%05d", i)
			if i%3 == 0 {
				if _, err := h.db.stores.Users.CreateUser(ctx, tenant, scim.User{Meta: scim.Meta{ID: id}, UserName: id, Active: true}); err != nil {
					t.Fatal(err)
				}
			}
			exec("INSERT INTO server_roles (user_id, role, provisioned) VALUES ($1, 'viewer', 1)", id)
			if i%2 == 0 {
				exec("INSERT INTO server_accounts (user_id, password, factor, last_step, failures, locked_until) VALUES ($1, '', '', 0, 0, 0)", id)
				exec("INSERT INTO server_sessions (digest, user_id, provider, session_index, began, expires, pending, rest) VALUES ($1, $1, '', '', 0, $2, 0, '{}')",
					id, c.now().Add(time.Hour).UnixMilli())
				exec("INSERT INTO server_roles (user_id, role, provisioned) VALUES ($1, 'auditor', 0)", id)
			}
		}
		rounds := 0
		for soon := true; soon; rounds++ {
			before := count("server_roles", "LIKE 'u0%'")
			next, err := h.sweeper.sweep(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if gone := before - count("server_roles", "LIKE 'u0%'"); gone > 2*maxSwept {
				t.Errorf("a round removes %d rows", gone)
			}
			soon = next.Sub(c.now()) <= sweepSoon
			c.advance(sweepSoon)
		}
		if rounds != 3 {
			t.Errorf("it took %d rounds", rounds)
		}
		const there, even = (users + 2) / 3, (users + 5) / 6
		for table, want := range map[string]int{"server_accounts": even, "server_sessions": even, "server_roles": there + even} {
			if got := count(table, "LIKE 'u0%'"); got != want {
				t.Errorf("%s has %d rows, want %d", table, got, want)
			}
		}
		if n := count("server_accounts", "= '"+h.admin.id+"'"); n != 1 {
			t.Error("the administrator's account is gone")
		}
		t.Logf("%d users, of whom %d are there, in %d rounds", users, there, rounds)

		// The next time is a day later, and the last account stays even so.
		exec("DELETE FROM server_accounts WHERE user_id LIKE 'u0%'")
		if err := h.db.stores.Users.DeleteUser(ctx, tenant, h.admin.id, ""); err != nil {
			t.Fatal(err)
		}
		exec("INSERT INTO server_roles (user_id, role, provisioned) VALUES ($1, 'viewer', 1)", h.admin.id)
		for _, want := range []int{1, 0} {
			if _, err := h.sweeper.sweep(ctx); err != nil {
				t.Fatal(err)
			}
			if n := count("server_roles", "= '"+h.admin.id+"'"); n != want {
				t.Errorf("%d roles of a user who is gone, want %d", n, want)
			}
			c.advance(sweepEvery)
		}
		if empty, err := h.accounts.empty(ctx); err != nil || empty {
			t.Errorf("the database is taken for new: %v", err)
		}
	})
}
