package sqlstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// TestBesideUsers holds the store to its promises.
func TestBesideUsers(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) { testBesideUsers(t, e, accountTable()) })
}

// TestBesideUsersWithoutColumns does so where all that is held is found by looking.
func TestBesideUsersWithoutColumns(t *testing.T) {
	table := accountTable()
	table.Columns = nil
	testBesideUsers(t, sqliteEngine, table)
}

func testBesideUsers(t *testing.T, e engine, table sqlstore.AccountTable) {
	scimtest.TestUserStore(t, func(t *testing.T) scim.UserStore {
		_, b := newBeside(t, e, table)
		return b
	})
}

// TestBesideInTransaction holds the store to what it promises of one user after the other inside a
// transaction of the host, which goes on after what is refused.
func TestBesideInTransaction(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, b := newBeside(t, e, accountTable())
		tx := beginTx(t, db)
		in := b.WithTx(tx)
		ada := mustCreate(t, in, scim.User{UserName: "ada", Active: true})
		if _, err := in.CreateUser(t.Context(), "acme", scim.User{UserName: "ADA"}); !isConflict(err) {
			t.Errorf("a second Ada: %v, want a conflict", err)
		}
		grace := mustCreate(t, in, scim.User{UserName: "grace", Active: true})
		grace.UserName = "Ada"
		if _, err := in.UpdateUser(t.Context(), "acme", grace); !isConflict(err) {
			t.Errorf("a rename to Ada: %v, want a conflict", err)
		}
		if _, err := b.User(t.Context(), "acme", ada.ID); !errors.Is(err, scim.ErrNotFound) {
			t.Errorf("seen outside of the transaction: %v", err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if n := count(t, b, scim.Scope{All: true}); n != 2 {
			t.Errorf("%d users after the commit, want 2", n)
		}
		tx = beginTx(t, db)
		if err := b.WithTx(tx).DeleteUser(t.Context(), "acme", ada.ID, ada.Version); err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if u, err := b.User(t.Context(), "acme", ada.ID); err != nil || u.Version != ada.Version {
			t.Errorf("after a rollback: version %q, %v; want %q", u.Version, err, ada.Version)
		}
	})
}

func beginTx(t *testing.T, db *sql.DB) *sql.Tx {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func mustCreate(t *testing.T, b scim.UserStore, u scim.User) scim.User {
	t.Helper()
	u, err := b.CreateUser(t.Context(), "acme", u)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func mustExec(t *testing.T, db *sql.DB, text string, args ...any) {
	t.Helper()
	if _, err := db.Exec(text, args...); err != nil {
		t.Fatal(err)
	}
}

func isConflict(err error) bool {
	c, ok := errors.AsType[*scim.ConflictError](err)
	return ok && c.Attribute == "userName"
}

func count(t *testing.T, b scim.UserStore, scope scim.Scope) int {
	t.Helper()
	page, err := b.Users(t.Context(), "acme", scim.Query{Scope: scope, Total: true})
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}

// TestBesideHostWrites has the host change its own row: the version is another one, for whoever
// compares.
func TestBesideHostWrites(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		for what, set := range map[string]string{
			"a name": "given = 'Augusta'", "its case": "login = 'ADA'", "the state": "state = 'inactive'",
			"a fact": "admin = TRUE", "a value that goes": "job = NULL", "of an extension": "floor = 4",
		} {
			db, b := newBeside(t, e, accountTable())
			before := mustCreate(t, b, scim.User{UserName: "ada", Title: "Analyst", Active: true, Name: scim.Name{GivenName: "Ada"}})
			mustExec(t, db, "UPDATE people SET "+set)
			after, err := b.User(t.Context(), "acme", before.ID)
			if err != nil || after.Version == before.Version {
				t.Errorf("%s: version %q, as before; %v", what, after.Version, err)
			}
			if _, err := b.UpdateUser(t.Context(), "acme", before); !errors.Is(err, scim.ErrStale) {
				t.Errorf("%s: an update of the version before: %v", what, err)
			}
			if err := b.DeleteUser(t.Context(), "acme", before.ID, before.Version); !errors.Is(err, scim.ErrStale) {
				t.Errorf("%s: a delete of the version before: %v", what, err)
			}
			if now, err := b.UpdateUser(t.Context(), "acme", after); err != nil || now.Version == after.Version {
				t.Errorf("%s: an update of the version it has: %q, %v", what, now.Version, err)
			}
		}
	})
}

// TestBesideHostDeletes has the host delete accounts itself, which leaves what is beside them.
func TestBesideHostDeletes(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		for _, how := range []string{"UPDATE people SET state = 'deleted'", "DELETE FROM people"} {
			db, b := newBeside(t, e, accountTable())
			ada := scim.User{Meta: scim.Meta{ManagedBy: "entra", ExternalID: "x1"}, UserName: "ada", Emails: []scim.MultiValue{{Value: "ada@example.com"}}}
			was := mustCreate(t, b, ada)
			mustExec(t, db, how)
			for _, scope := range []scim.Scope{{All: true}, {Manager: "entra"}, {Manager: "entra", AndNative: true}} {
				for _, f := range []string{`userName eq "ada"`, `externalId eq "x1"`, `emails.value eq "ada@example.com"`, `title pr or userName pr`} {
					q := scim.Query{Scope: scope, Filter: bind(t, storeRegistry(t), f), Limit: 10, Total: true}
					if p, err := b.Users(t.Context(), "acme", q); err != nil || p.Total != 0 || len(p.Items) != 0 {
						t.Errorf("%s, %+v, %s: %d users, total %d, %v", how, scope, f, len(p.Items), p.Total, err)
					}
				}
				if n := count(t, b, scope); n != 0 {
					t.Errorf("%s, %+v: the total is %d", how, scope, n)
				}
			}
			_, err := b.User(t.Context(), "acme", was.ID)
			_, update := b.UpdateUser(t.Context(), "acme", was)
			for _, err := range []error{err, update, b.DeleteUser(t.Context(), "acme", was.ID, "")} {
				if !errors.Is(err, scim.ErrNotFound) {
					t.Errorf("%s: got %v, want not found", how, err)
				}
			}
			now := mustCreate(t, b, ada)
			if now.ID == was.ID || count(t, b, scim.Scope{All: true}) != 1 {
				t.Errorf("%s: created again under the ID %s, which was %s", how, now.ID, was.ID)
			}
		}
	})
}

// TestBesideLeftover has a host that gives an ID again, which it must not, find nothing of the user
// who had it.
func TestBesideLeftover(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, b := newBeside(t, e, accountTable())
		was := mustCreate(t, b, scim.User{UserName: "ada", NickName: "AAL", Emails: []scim.MultiValue{{Value: "ada@example.com"}}})
		mustExec(t, db, "DELETE FROM people")
		if e.name == sqliteEngine.name {
			mustExec(t, db, "DELETE FROM sqlite_sequence")
		} else {
			mustExec(t, db, "ALTER TABLE people ALTER COLUMN id RESTART")
		}
		now := mustCreate(t, b, scim.User{UserName: "grace"})
		if now.ID != was.ID || now.NickName != "" || now.Emails != nil {
			t.Errorf("created %+v", now)
		}
		q := scim.Query{Scope: scim.Scope{All: true}, Filter: bind(t, storeRegistry(t), `emails.value eq "ada@example.com"`), Limit: 1}
		if p, err := b.Users(t.Context(), "acme", q); err != nil || len(p.Items) != 0 {
			t.Errorf("found by what another had: %d, %v", len(p.Items), err)
		}
	})
}

// TestBesideStates looks at which of its methods the host is called.
func TestBesideStates(t *testing.T) {
	calls := &recorder{Accounts: people{}}
	db, _ := newBeside(t, sqliteEngine, accountTable())
	s, err := sqlstore.NewSQLite(t.Context(), db, sqlstore.Config{Schemas: scimtest.Schemas()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := sqlstore.NewBeside(t.Context(), s, calls, accountTable())
	if err != nil {
		t.Fatal(err)
	}
	u := mustCreate(t, b, scim.User{UserName: "ada", Active: true})
	change := func(f func(*scim.User)) {
		t.Helper()
		f(&u)
		if u, err = b.UpdateUser(t.Context(), "acme", u); err != nil {
			t.Fatal(err)
		}
	}
	change(func(u *scim.User) { u.NickName = "AAL" })
	change(func(u *scim.User) { u.Active = false })
	change(func(u *scim.User) { u.Active, u.Title = true, "Analyst" })
	if err := b.DeleteUser(t.Context(), "acme", u.ID, u.Version); err != nil {
		t.Fatal(err)
	}
	want := []string{"create", fmt.Sprint("state ", sqlstore.AccountInactive), "update", fmt.Sprint("state ", sqlstore.AccountActive), fmt.Sprint("state ", sqlstore.AccountDeleted)}
	if !slices.Equal(calls.made, want) {
		t.Errorf("the host was asked to %q, want %q", calls.made, want)
	}
}

// recorder notes which methods write.
type recorder struct {
	sqlstore.Accounts
	made []string
}

func (r *recorder) Create(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, u scim.User) (string, error) {
	r.made = append(r.made, "create")
	return r.Accounts.Create(ctx, tx, tenant, u)
}

func (r *recorder) Update(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, u scim.User) error {
	r.made = append(r.made, "update")
	return r.Accounts.Update(ctx, tx, tenant, u)
}

func (r *recorder) SetState(ctx context.Context, tx sqlstore.Tx, tenant scim.TenantID, id string, state sqlstore.AccountState) error {
	r.made = append(r.made, fmt.Sprint("state ", state))
	return r.Accounts.SetState(ctx, tx, tenant, id, state)
}

// TestBesideKeepsNothingHeld reads what is beside an account.
func TestBesideKeepsNothingHeld(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, b := newBeside(t, e, accountTable())
		u := scim.User{
			UserName: "held-login", Title: "held-title", DisplayName: "kept-name", Active: true,
			Name:       scim.Name{GivenName: "held-given", FamilyName: "kept-family"},
			Enterprise: scim.Enterprise{Manager: scim.Manager{Value: "held-boss"}},
			Extensions: map[string]scim.Object{storeURN: {"badge": "held-badge", "team": "kept-team", "desk": scim.Object{"floor": int64(3), "code": "kept-code"}}},
		}
		u = mustCreate(t, b, u)
		for range 2 {
			var document, folded string
			if err := db.QueryRow("SELECT document, CAST(folded AS text) FROM scim_beside").Scan(&document, &folded); err != nil {
				t.Fatal(err)
			}
			text := strings.ToLower(document + folded)
			if strings.Contains(text, "held-") || strings.Contains(text, "floor") || strings.Contains(folded, "active") {
				t.Errorf("kept beside: %s %s", document, folded)
			}
			if n := strings.Count(text, "kept-"); n != 2*4 {
				t.Errorf("%d values kept beside, want 4 in each: %s %s", n, document, folded)
			}
			var err error
			if u, err = b.UpdateUser(t.Context(), "acme", u); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// besideHandler serves the users beside people, and lets entra adopt those of example.com.
func besideHandler(t *testing.T, b *sqlstore.Beside, check func(context.Context, scim.Stores, *scim.Change) error) *host {
	t.Helper()
	auth := new(scim.Tokens)
	auth.Add(benchToken, scim.Principal{Tenant: "acme", Manager: "entra", Key: "1"})
	handler, err := scim.New(b.Stores(), auth, scim.Config{
		BaseURL: func(*http.Request) string { return benchBase },
		Schemas: scimtest.Schemas(),
		Policy: scim.Policy{
			Check: check,
			Adopt: func(_ context.Context, _ scim.Principal, u scim.User) error {
				if !strings.HasSuffix(u.UserName, "@example.com") {
					return scim.ErrNotFound
				}
				return nil
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &host{Handler: handler}
}

// resource is what the tests look at in an answer.
type resource struct {
	ID, UserName, ScimType string
	TotalResults           int
	Meta                   struct{ Version string }
	Resources              []resource
}

func (h *host) ask(t *testing.T, want int, method, target, body string) (r resource) {
	t.Helper()
	answer := h.send(t, want, method, target, body)
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &r); err != nil {
			t.Fatalf("%s: %v", answer, err)
		}
	}
	return r
}

const besidePatch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"nickName","value":"AAL"}]}`

// TestBesideNative has a provider find a user who was there before, and take it over.
func TestBesideNative(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, b := newBeside(t, e, accountTable())
		for _, login := range []string{"ada@example.com", "grace@elsewhere.example"} {
			mustExec(t, db, "INSERT INTO people (tenant, login, login_key) VALUES ('acme', $1, upper($1))", login)
		}
		h := besideHandler(t, b, nil)
		h.ask(t, 201, "POST", "/Users", `{"userName": "edsger@example.com"}`)
		if list := h.ask(t, 200, "GET", "/Users", ""); list.TotalResults != 1 || list.Resources[0].UserName != "edsger@example.com" {
			t.Errorf("listed before: %+v", list)
		}
		h.ask(t, 409, "POST", "/Users", `{"userName": "Ada@example.com"}`)
		if list := h.ask(t, 200, "GET", filterOf(`userName eq "grace@elsewhere.example"`), ""); list.TotalResults != 0 {
			t.Errorf("found who may not be adopted: %+v", list)
		}
		list := h.ask(t, 200, "GET", filterOf(`userName eq "ADA@example.com"`), "")
		if list.TotalResults != 1 {
			t.Fatalf("found by name: %+v", list)
		}
		ada := list.Resources[0].ID
		counts := func(when string, native, managed int) {
			t.Helper()
			if n := count(t, b, scim.Scope{AndNative: true}); n != native {
				t.Errorf("%s: %d native users, want %d", when, n, native)
			}
			if n := count(t, b, scim.Scope{Manager: "entra"}); n != managed {
				t.Errorf("%s: %d managed users, want %d", when, n, managed)
			}
		}
		counts("before", 2, 1)
		h.ask(t, 403, "DELETE", "/Users/"+ada, "")
		h.ask(t, 200, "PATCH", "/Users/"+ada, besidePatch)
		counts("adopted", 1, 2)
		if list := h.ask(t, 200, "GET", "/Users?sortBy=userName", ""); list.TotalResults != 2 || list.Resources[0].ID != ada {
			t.Errorf("listed after: %+v", list)
		}
		h.ask(t, 204, "DELETE", "/Users/"+ada, "")
		counts("deleted", 1, 1)
	})
}

// TestBesideEntityTag has the host change a row between a read and a write of a provider.
func TestBesideEntityTag(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, b := newBeside(t, e, accountTable())
		h := besideHandler(t, b, nil)
		ada := h.ask(t, 201, "POST", "/Users", `{"userName": "ada@example.com"}`)
		mustExec(t, db, "UPDATE people SET given = 'Augusta'")
		if got := h.patchIf(ada.ID, ada.Meta.Version); got != 412 {
			t.Errorf("a PATCH of what the host has changed: %d, want 412", got)
		}
		ada = h.ask(t, 200, "GET", "/Users/"+ada.ID, "")
		if got := h.patchIf(ada.ID, ada.Meta.Version); got != 200 {
			t.Errorf("a PATCH of what there is: %d, want 200", got)
		}
	})
}

// patchIf sends a PATCH with If-Match and returns the status.
func (h *host) patchIf(id, version string) int {
	r := httptest.NewRequest("PATCH", "/v2/Users/"+id, strings.NewReader(besidePatch))
	r.Header.Set("Authorization", "Bearer "+benchToken)
	r.Header.Set("Content-Type", "application/scim+json")
	r.Header.Set("If-Match", version)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// TestBesideForeignIDs asks for IDs that are no key of the host.
func TestBesideForeignIDs(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		_, b := newBeside(t, e, accountTable())
		h := besideHandler(t, b, nil)
		h.ask(t, 201, "POST", "/Users", `{"userName": "ada@example.com"}`)
		for _, id := range []string{"abc", "01", "+1", "1.0", "1e0", "-1", "99999999999999999999", "0197a3c4-5b1e-7c3d-9a2f-000000000001"} {
			h.ask(t, 404, "GET", "/Users/"+id, "")
			h.ask(t, 404, "PATCH", "/Users/"+id, besidePatch)
			h.ask(t, 404, "DELETE", "/Users/"+id, "")
			if list := h.ask(t, 200, "GET", filterOf(`id eq %q`, id), ""); list.TotalResults != 0 {
				t.Errorf("found by the ID %q: %+v", id, list)
			}
			h.ask(t, 400, "POST", "/Groups", fmt.Sprintf(`{"displayName": "Engines", "members": [{"value": %q}]}`, id))
		}
		h.ask(t, 200, "GET", "/Users/1", "")
	})
}

// TestBesideHook has a hook of the host write in the transaction of the change, which is undone
// with it.
func TestBesideHook(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, b := newBeside(t, e, accountTable())
		mustExec(t, db, "CREATE TABLE audit (login text NOT NULL)")
		h := besideHandler(t, b, func(ctx context.Context, stores scim.Stores, c *scim.Change) error {
			tx, ok := sqlstore.In(stores)
			if !ok {
				return errors.New("no transaction")
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO audit (login) VALUES ($1)", c.After.UserName); err != nil {
				return err
			}
			if c.After.NickName == "" {
				return nil
			}
			// The provider's change, and another account: all of it is undone.
			if _, err := stores.Users.CreateUser(ctx, "acme", scim.User{UserName: "grace"}); err != nil {
				return err
			}
			return &scim.Refusal{Status: 400, Detail: "nicknames are not welcome"}
		})
		ada := h.ask(t, 201, "POST", "/Users", `{"userName": "ada@example.com"}`)
		h.ask(t, 400, "PATCH", "/Users/"+ada.ID, besidePatch)
		h.ask(t, 400, "POST", "/Users", `{"userName": "edsger@example.com", "nickName": "EWD"}`)
		h.ask(t, 409, "POST", "/Users", `{"userName": "ADA@example.com"}`) // which the store finds, after the hook
		for _, table := range []string{"audit", "people", "scim_beside"} {
			var n int
			if err := db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil || n != 1 {
				t.Errorf("%s has %d rows, %v; want 1", table, n, err)
			}
		}
		if _, ok := sqlstore.In(b.Stores()); ok {
			t.Error("a store outside of a transaction says that it is in one")
		}
	})
}

func storeRegistry(t testing.TB) *filter.Registry {
	t.Helper()
	g, err := scim.UserRegistry(scimtest.Schemas()...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestBesideAdoptedOnce has several take over one user, whom nothing is beside yet.
func TestBesideAdoptedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, b := newBeside(t, e, accountTable())
		mustExec(t, db, "INSERT INTO people (tenant, login, login_key) VALUES ('acme', 'ada', 'ADA')")
		native, err := b.User(t.Context(), "acme", "1")
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				u := native
				u.ManagedBy = fmt.Sprint("provider ", i)
				_, errs[i] = b.UpdateUser(t.Context(), "acme", u)
			})
		}
		wg.Wait()
		adopted := 0
		for _, err := range errs {
			if err == nil {
				adopted++
			} else if !errors.Is(err, scim.ErrStale) {
				t.Errorf("refused with %v, want stale", err)
			}
		}
		if adopted != 1 {
			t.Errorf("%d adopted one user", adopted)
		}
	})
}

// TestBesideLocksLikeTheHost has a transaction of the host lock an account, and use the store, while
// a provider writes the same user: the one waits for the other, and neither is ended for a deadlock.
func TestBesideLocksLikeTheHost(t *testing.T) {
	db, b := newBeside(t, watchedEngine(), accountTable())
	u := mustCreate(t, b, scim.User{UserName: "ada"})
	tx := beginTx(t, db)
	// Of two that wait for each other it would be this one that is ended.
	for _, text := range []string{"SET LOCAL deadlock_timeout = '10ms'", "UPDATE people SET given = 'Augusta'"} {
		if _, err := tx.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	theirs := make(chan error, 1)
	go func() {
		_, err := b.UpdateUser(context.Background(), "acme", u)
		theirs <- err
	}()
	if !waits(t, db, theirs) {
		t.Error("the provider's update did not wait for the host's")
	}
	u.Version = ""
	if _, err := b.WithTx(tx).UpdateUser(t.Context(), "acme", u); err != nil {
		t.Errorf("the host's own update: %v", err)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	if err := <-theirs; !errors.Is(err, scim.ErrStale) {
		t.Errorf("the provider's update: %v, want stale", err)
	}
}

// watchedEngine is PostgreSQL with sessions that waits finds.
func watchedEngine() engine {
	e := postgresEngine
	e.open = func(t testing.TB) *sql.DB { return openSchema(t, newSchema(t), "application_name", "gatehouse_locks") }
	return e
}

// waits returns when a session waits for a lock, or false when what should wait has ended.
func waits(t *testing.T, db *sql.DB, ended chan error) bool {
	t.Helper()
	for n := 0; n == 0; {
		if len(ended) > 0 {
			return false
		}
		err := db.QueryRow("SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE application_name = 'gatehouse_locks' AND wait_event_type = 'Lock'").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// TestBesideHoldsMembers has a user deleted whom a transaction has counted to become a member: not
// before it is one.
func TestBesideHoldsMembers(t *testing.T) {
	db, b := newBeside(t, watchedEngine(), accountTable())
	u := mustCreate(t, b, scim.User{Meta: scim.Meta{ManagedBy: "entra"}, UserName: "ada"})
	tx := beginTx(t, db)
	q := scim.Query{Scope: scim.Scope{Manager: "entra"}, IDs: []string{u.ID, "nobody"}, Total: true}
	if p, err := b.WithTx(tx).Users(t.Context(), "acme", q); err != nil || p.Total != 1 {
		t.Fatalf("%d users, %v", p.Total, err)
	}
	deleted := make(chan error, 1)
	go func() { deleted <- b.DeleteUser(context.Background(), "acme", u.ID, "") }()
	if !waits(t, db, deleted) {
		t.Error("deleted while it was to become a member")
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	if err := <-deleted; err != nil {
		t.Error(err)
	}
}

// TestBesideOddIDs asks for IDs that no database can hold.
func TestBesideOddIDs(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		_, b := newBeside(t, e, accountTable())
		u := mustCreate(t, b, scim.User{Meta: scim.Meta{ManagedBy: "entra"}, UserName: "ada"})
		for _, id := range []string{"", "a\x00b", "\xff", strings.Repeat("long", 5_000), "' OR 1=1 --", "$1"} {
			_, read := b.User(t.Context(), "acme", id)
			_, update := b.UpdateUser(t.Context(), "acme", scim.User{Meta: scim.Meta{ID: id}, UserName: "grace"})
			for _, err := range []error{read, update, b.DeleteUser(t.Context(), "acme", id, "")} {
				if !errors.Is(err, scim.ErrNotFound) {
					t.Errorf("%.20q: %v, want ErrNotFound", id, err)
				}
			}
			for _, scope := range []scim.Scope{{All: true}, {Manager: "entra"}} {
				q := scim.Query{Scope: scope, IDs: []string{id, u.ID}, Limit: 2, Total: true}
				if p, err := b.Users(t.Context(), "acme", q); err != nil || p.Total != 1 || len(p.Items) != 1 {
					t.Errorf("list %.20q: %d users, %v", id, p.Total, err)
				}
			}
		}
	})
}
