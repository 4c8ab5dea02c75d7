package sqlstore_test

import (
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// setting is a number that the environment may name, or 0: GATEHOUSE_OVERLAPS and GATEHOUSE_SEEDS
// make the tests of isolation and of the model longer.
func setting(t *testing.T, name string) int {
	text := os.Getenv(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func TestModel(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		model := scimtest.Model{Seeds: []uint64{1, 2}}
		for seed := range setting(t, "GATEHOUSE_SEEDS") {
			model.Seeds = append(model.Seeds, uint64(seed+3))
		}
		model.Test(t, func(t *testing.T) scim.Stores {
			return newStore(t, e, sqlstore.Config{Schemas: scimtest.Schemas()}).Stores()
		})
	})
}

func TestIsolation(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		isolation := scimtest.Isolation{Overlaps: setting(t, "GATEHOUSE_OVERLAPS")}
		isolation.Test(t, func(t *testing.T, o *scimtest.Overlaps) scimtest.Site {
			auth := new(scim.Tokens)
			auth.Add("first", scim.Principal{Tenant: "red", Manager: "entra", Key: "1"})
			auth.Add("second", scim.Principal{Tenant: "red", Manager: "okta", Key: "2"})
			auth.Add("neighbor", scim.Principal{Tenant: "blue", Manager: "entra", Key: "3"})
			h, err := scim.New(o.Wrap(newStore(t, e, sqlstore.Config{}).Stores()), auth, scim.Config{
				BaseURL: func(*http.Request) string { return benchBase },
				Limits:  scim.Limits{Rate: -1},
			})
			if err != nil {
				t.Fatal(err)
			}
			host := func(token string) scimtest.Host {
				return scimtest.Host{Handler: h, Base: benchBase, Header: http.Header{"Authorization": {"Bearer " + token}}}
			}
			return scimtest.Site{First: host("first"), Second: host("second"), Neighbor: host("neighbor")}
		})
	})
}
