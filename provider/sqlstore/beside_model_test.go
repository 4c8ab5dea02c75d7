package sqlstore_test

import (
	"database/sql"
	"net/http"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// TestBesideModel compares the store with the reference of the suite, on random operations.
func TestBesideModel(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		if e.name == postgresEngine.name { // which looks for deadlocks after a second
			e.open = func(t testing.TB) *sql.DB { return openSchema(t, newSchema(t), "deadlock_timeout", "10ms") }
		}
		scimtest.Model{Seeds: []uint64{1}}.Test(t, func(t *testing.T) scim.Stores {
			_, b := newBeside(t, e, accountTable())
			return b.Stores()
		})
	})
}

// TestBesideIsolation mixes the requests of principals that must not see each other.
func TestBesideIsolation(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		scimtest.TestIsolation(t, func(t *testing.T, o *scimtest.Overlaps) scimtest.Site {
			db, b := newBeside(t, e, accountTable())
			if e.name == sqliteEngine.name { // IDs that are no part of another text
				mustExec(t, db, "INSERT INTO sqlite_sequence (name, seq) VALUES ('people', 7012345)")
			} else {
				mustExec(t, db, "ALTER TABLE people ALTER COLUMN id RESTART WITH 7012346")
			}
			tokens := new(scim.Tokens)
			tokens.Add("secret of the first", scim.Principal{Tenant: "red", Manager: "entra", Key: "1"})
			tokens.Add("secret of the second", scim.Principal{Tenant: "red", Manager: "okta", Key: "2"})
			tokens.Add("secret of the neighbor", scim.Principal{Tenant: "blue", Manager: "entra", Key: "3"})
			handler, err := scim.New(o.Wrap(b.Stores()), tokens, scim.Config{
				BaseURL: func(*http.Request) string { return benchBase },
				Schemas: scimtest.Schemas(),
				Limits:  scim.Limits{Rate: -1},
			})
			if err != nil {
				t.Fatal(err)
			}
			host := func(token string) scimtest.Host {
				return scimtest.Host{Handler: handler, Base: benchBase, Header: http.Header{"Authorization": {"Bearer " + token}}}
			}
			return scimtest.Site{First: host("secret of the first"), Second: host("secret of the second"), Neighbor: host("secret of the neighbor")}
		})
	})
}
