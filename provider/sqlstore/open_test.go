package sqlstore_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestMisconfiguredSQLite leaves out one thing after another that a SQLite database needs.
func TestMisconfiguredSQLite(t *testing.T) {
	all := []string{"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(ON)"}
	for i, pragma := range all {
		t.Run(pragma, func(t *testing.T) {
			var some []string
			for k, p := range all {
				if k != i {
					some = append(some, "_pragma="+p)
				}
			}
			if pragma == "synchronous(FULL)" { // which is the default
				some = append(some, "_pragma=synchronous(NORMAL)")
			}
			db := openDB(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "test.db")+"?"+strings.Join(some, "&"))
			_, err := sqlstore.NewSQLite(t.Context(), db, sqlstore.Config{})
			name, _, _ := strings.Cut(pragma, "(")
			if err == nil || !strings.Contains(err.Error(), name+"=") || !strings.Contains(err.Error(), "_pragma="+pragma) {
				t.Errorf("got %v, want an error that names %s and how to set it", err, name)
			}
		})
	}
	t.Run("UTF-16", func(t *testing.T) {
		db := openDB(t, "sqlite", sqlstore.DSN(filepath.Join(t.TempDir(), "test.db"))+"&_pragma=encoding('UTF-16')")
		db.SetMaxOpenConns(2)
		if _, err := db.Exec("PRAGMA encoding = 'UTF-16'; CREATE TABLE t (x)"); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlstore.NewSQLite(t.Context(), db, sqlstore.Config{}); err == nil || !strings.Contains(err.Error(), "encoding=UTF-16") {
			t.Errorf("got %v, want an error about the encoding", err)
		}
	})
	t.Run("one connection", func(t *testing.T) {
		db := newSQLiteDB(t)
		db.SetMaxOpenConns(1)
		if _, err := sqlstore.NewSQLite(t.Context(), db, sqlstore.Config{}); err == nil || !strings.Contains(err.Error(), "SetMaxOpenConns") {
			t.Errorf("got %v, want an error about the number of connections", err)
		}
	})
	t.Run("in memory", func(t *testing.T) {
		if _, err := sqlstore.NewSQLite(t.Context(), openDB(t, "sqlite", ":memory:"), sqlstore.Config{}); err == nil || !strings.Contains(err.Error(), "journal_mode=memory") {
			t.Errorf("got %v, want an error about the journal", err)
		}
	})
}

func TestDSN(t *testing.T) {
	for _, name := range []string{"plain.db", "a b.db", "what?.db", "50%.db", "a#b.db", "ö&ü=1.db", "semi;colon.db", "a:b.db"} {
		file := filepath.Join(t.TempDir(), name)
		s, err := sqlstore.NewSQLite(t.Context(), openDB(t, "sqlite", sqlstore.DSN(file)), sqlstore.Config{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s.Close()
		if names, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.db")); err != nil || len(names) != 1 || names[0] != file {
			t.Errorf("%s: the files are %q, %v", name, names, err)
		}
	}
}

func TestWrongConfig(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db := e.open(t)
		for what, c := range map[string]struct {
			config sqlstore.Config
			want   string
		}{
			"no attribute": {sqlstore.Config{Index: []string{"shoeSize"}}, `"shoeSize" is no attribute`},
			"no value":     {sqlstore.Config{Index: []string{"name"}}, `"name" has no value`},
			"derived":      {sqlstore.Config{Index: []string{"groups"}}, `"groups" has no value`},
			"no schema":    {sqlstore.Config{Schemas: [][]byte{[]byte("{")}}, "Config.Schemas"},
		} {
			if _, err := e.new(t.Context(), db, c.config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", what, err, c.want)
			}
		}
	})
}

// TestOpenTogether starts many processes on an empty database, as far as the database can tell.
func TestOpenTogether(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db := e.open(t)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				s, err := e.new(t.Context(), db, sqlstore.Config{})
				if err != nil {
					errs[i] = err
					return
				}
				_, errs[i] = s.CreateUser(t.Context(), "acme", entraUser(i))
				s.Close()
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		s, err := e.new(t.Context(), db, sqlstore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if p, err := s.Users(t.Context(), "acme", scim.Query{Scope: scim.Scope{All: true}, Total: true}); err != nil || p.Total != len(errs) {
			t.Errorf("%d users, %v", p.Total, err)
		}
	})
}

func TestNewerSchema(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db := e.open(t)
		s, err := e.new(t.Context(), db, sqlstore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := db.Exec("INSERT INTO scim_schema_version (version_id, is_applied) VALUES (9000, TRUE)"); err != nil {
			t.Fatal(err)
		}
		_, err = e.new(t.Context(), db, sqlstore.Config{})
		var newer *sqlstore.NewerSchemaError
		if !errors.As(err, &newer) || newer.Have != 9000 || newer.Know < 1 || newer.Know >= 9000 || !strings.Contains(err.Error(), "version 9000") {
			t.Errorf("got %v, want an error that names both versions", err)
		}
	})
}

func TestMigrations(t *testing.T) {
	lists := map[filter.Dialect][]string{}
	for _, d := range []filter.Dialect{filter.SQLite, filter.Postgres} {
		names, err := fs.Glob(sqlstore.Migrations(d), "*.sql")
		if err != nil || len(names) == 0 {
			t.Fatalf("%q, %v", names, err)
		}
		lists[d] = names
	}
	if a, b := strings.Join(lists[filter.SQLite], " "), strings.Join(lists[filter.Postgres], " "); a != b {
		t.Errorf("the databases have other migrations: %s and %s", a, b)
	}
}

const extraURN = "urn:example:extra:2.0:User"

var extraSchema = []byte(`{"id": "` + extraURN + `", "name": "Extra", "attributes": [{"name": "badge", "type": "string"}]}`)

// TestRefold gives a store with users a schema, and a list to look up by, that it did not know.
func TestRefold(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db, ctx := e.open(t), t.Context()
		open := func(config sqlstore.Config) *sqlstore.Store {
			s, err := e.new(ctx, db, config)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		registry, err := scim.UserRegistry(extraSchema)
		if err != nil {
			t.Fatal(err)
		}
		badge, _ := registry.Ref(extraURN + ":badge")
		phone, _ := registry.Ref("phoneNumbers.value")
		q := scim.Query{Scope: scim.Scope{All: true}, Limit: 10, Total: true}

		s := open(sqlstore.Config{})
		const users = 1_203 // more than two batches
		if _, err := s.Load(ctx, "acme", func(yield func(scim.User) bool) {
			for u := range entraUsers(0, users) {
				u.Extensions = map[string]scim.Object{extraURN: {"badge": "B" + u.ID[len(u.ID)-4:]}}
				if !yield(u) {
					return
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		before, err := s.User(ctx, "acme", entraUser(1_200).ID)
		if err != nil {
			t.Fatal(err)
		}
		q.Filter = filter.Equal(registry, badge, "b1200")
		if _, err := s.Users(ctx, "acme", q); err == nil || !strings.Contains(err.Error(), "Config.Schemas") {
			t.Errorf("a filter on what the store does not know: %v, want an error that says so", err)
		}
		s.Close()

		s = open(sqlstore.Config{Schemas: [][]byte{extraSchema}, Index: []string{"phoneNumbers"}})
		defer s.Close()
		for _, f := range []*filter.Bound{filter.Equal(registry, badge, "b1200"), filter.Equal(registry, phone, entraUser(1_200).PhoneNumbers[0].Value)} {
			q.Filter = f
			if p, err := s.Users(ctx, "acme", q); err != nil || p.Total != 1 || p.Items[0].ID != before.ID || p.Items[0].Version != before.Version {
				t.Errorf("%s: %d users, %v; want the one as it was", f, p.Total, err)
			}
		}
		q.Filter = bind(t, registry, `badge sw "B1"`)
		if p, err := s.Users(ctx, "acme", q); err != nil || p.Total != 203 {
			t.Errorf("%s: %d users, %v", q.Filter, p.Total, err)
		}
	})
}

// TestClosed uses a store after its end.
func TestClosed(t *testing.T) {
	s := newStore(t, sqliteEngine, sqlstore.Config{})
	s.Close()
	if _, err := s.CreateUser(t.Context(), "acme", entraUser(1)); err == nil {
		t.Error("a store that was closed wrote")
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}
