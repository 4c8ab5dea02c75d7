package scim_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

const (
	base  = "https://tenant.example.com/ws/scim/v2"
	token = "gatehouse-test-token"
)

// newHost returns a host that has what a conversation needs.
func newHost(t testing.TB, needs []string) scimtest.Host {
	t.Helper()
	store := new(scim.MemoryStore)
	stores := scim.Stores{Users: store, Groups: store}
	config := scim.Config{BaseURL: func(*http.Request) string { return base }}
	for _, need := range needs {
		switch need {
		case "groups": // there anyway
		case "no-groups":
			stores.Groups = nil
		case "strict":
			config.Strict = true
		case "ninjaone":
			config.Policy.NinjaOne = ninjaRules(extension.Rules{RequireOrganization: true})
		case "default-organization":
			config.Policy.NinjaOne = ninjaRules(extension.Rules{RequireOrganization: true, DefaultOrganization: "7"})
		default:
			t.Fatalf("no host here has %q", need)
		}
	}
	auth := new(scim.Tokens)
	auth.Add(token, scim.Principal{Tenant: "acme", Manager: "entra", Key: "1"})
	h, err := scim.New(stores, auth, config)
	if err != nil {
		t.Fatal(err)
	}
	return scimtest.Host{Handler: h, Base: base, Header: http.Header{"Authorization": {"Bearer " + token}}}
}

// ninjaRules adds the organizations 7, 8 and 9 to rules.
func ninjaRules(rules extension.Rules) func(context.Context, scim.Principal) (extension.Rules, error) {
	rules.Resolve = func(_ context.Context, id string) (string, error) {
		if slices.Contains([]string{"7", "8", "9", extension.All}, id) {
			return id, nil
		}
		return "", fmt.Errorf("organization %s: %w", id, extension.ErrUnknownOrganization)
	}
	return func(context.Context, scim.Principal) (extension.Rules, error) { return rules, nil }
}

func TestConversations(t *testing.T) {
	conversations, err := scimtest.Conversations()
	if err != nil {
		t.Fatal(err)
	}
	if len(conversations) < 100 {
		t.Errorf("only %d conversations", len(conversations))
	}
	for _, c := range conversations {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, newHost(t, c.Needs))
		})
	}
}
