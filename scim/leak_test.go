package scim_test

import (
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
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

func TestIsolation(t *testing.T) {
	isolation := scimtest.Isolation{Overlaps: setting(t, "GATEHOUSE_OVERLAPS")}
	isolation.Test(t, func(t *testing.T, o *scimtest.Overlaps) scimtest.Site {
		auth := new(scim.Tokens)
		auth.Add("first", scim.Principal{Tenant: "red", Manager: "entra", Key: "1"})
		auth.Add("second", scim.Principal{Tenant: "red", Manager: "okta", Key: "2"})
		auth.Add("neighbor", scim.Principal{Tenant: "blue", Manager: "entra", Key: "3"})
		store := new(scim.MemoryStore)
		h, err := scim.New(o.Wrap(scim.Stores{Users: store, Groups: store}), auth, scim.Config{
			BaseURL: func(*http.Request) string { return base },
			Policy:  scim.Policy{NinjaOne: ninjaRules(extension.Rules{RequireOrganization: true})},
			Limits:  scim.Limits{Rate: -1},
		})
		if err != nil {
			t.Fatal(err)
		}
		host := func(token string) scimtest.Host {
			return scimtest.Host{Handler: h, Base: base, Header: http.Header{"Authorization": {"Bearer " + token}}}
		}
		return scimtest.Site{
			First: host("first"), Second: host("second"), Neighbor: host("neighbor"),
			User: map[string]any{extension.URN: map[string]any{extension.OrganizationID: "7"}},
		}
	})
}
