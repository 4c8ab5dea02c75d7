package scimtest_test

import (
	"net/http"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// openStores opens empty stores: those of the host stand here.
func openStores(*testing.T) scim.Stores {
	s := new(scim.MemoryStore)
	return scim.Stores{Users: s, Groups: s}
}

// A host compares its stores with the reference in a test of its own. A long run takes more seeds
// and longer sequences.
func ExampleModel_Test() {
	TestStores := func(t *testing.T) {
		model := scimtest.Model{}
		if !testing.Short() {
			for seed := range uint64(20) {
				model.Seeds = append(model.Seeds, seed)
			}
			model.Steps = 1_000
		}
		model.Test(t, openStores)
	}
	_ = TestStores
}

// A host mixes the requests of three principals in a test of its own, over stores that are watched.
// A long run asks for Isolation{Overlaps: 100_000}.
func ExampleTestIsolation() {
	const base = "https://tenant.example.com/scim/v2"
	TestTenants := func(t *testing.T) {
		scimtest.TestIsolation(t, func(t *testing.T, o *scimtest.Overlaps) scimtest.Site {
			tokens := new(scim.Tokens)
			tokens.Add("secret of the first", scim.Principal{Tenant: "red", Manager: "entra", Key: "1"})
			tokens.Add("secret of the second", scim.Principal{Tenant: "red", Manager: "okta", Key: "2"})
			tokens.Add("secret of the neighbor", scim.Principal{Tenant: "blue", Manager: "entra", Key: "3"})

			handler, err := scim.New(o.Wrap(openStores(t)), tokens, scim.Config{
				BaseURL: func(*http.Request) string { return base },
				Limits:  scim.Limits{Rate: -1},
			})
			if err != nil {
				t.Fatal(err)
			}
			host := func(token string) scimtest.Host {
				return scimtest.Host{Handler: handler, Base: base, Header: http.Header{"Authorization": {"Bearer " + token}}}
			}
			return scimtest.Site{
				First:    host("secret of the first"),
				Second:   host("secret of the second"),
				Neighbor: host("secret of the neighbor"),
			}
		})
	}
	_ = TestTenants
}
