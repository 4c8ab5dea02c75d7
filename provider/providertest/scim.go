package providertest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// Organizations are the IDs of those that users can be placed in: [provider.Organizations] of a test.
type Organizations []string

// Resolve implements [provider.Organizations].
func (o Organizations) Resolve(_ context.Context, _ scim.TenantID, _ provider.ID, id string) (string, error) {
	if slices.Contains(o, id) {
		return id, nil
	}
	return "", fmt.Errorf("organization %s: %w", id, extension.ErrUnknownOrganization)
}

// TestConversations holds every recorded conversation of package scimtest with a whole service over the
// stores of a host, behind a token of a provider: a subtest each. only are the first words of the names of
// those to hold, such as entra; none = all.
func TestConversations(t *testing.T, open func(t *testing.T, now func() time.Time) Stores, only ...string) {
	conversations, err := scimtest.Conversations()
	if err != nil {
		t.Fatal(err)
	}
	idp := NewHost(t).IdP()
	for _, c := range conversations {
		client, _, _ := strings.Cut(c.Name, "-")
		if len(only) > 0 && !slices.Contains(only, client) {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			organization := ""
			h := NewHost(t, func(config *provider.Config) {
				open(t, config.Now).with(config)
				for _, need := range c.Needs {
					switch need {
					case "groups": // there anyway
					case "no-groups":
						config.Stores.Groups = nil
						config.Stores.Transact = nil
					case "strict":
						config.SCIM.Strict = true
					case "ninjaone", "default-organization":
						config.Organizations = Organizations{"7", "8", "9", extension.All}
						if need == "default-organization" {
							organization = "7"
						}
					default:
						t.Fatalf("no host here has %q", need)
					}
				}
			})
			p := h.Connect(idp, "default")
			_, client := h.Provision(p.ID)
			if organization != "" {
				stored, err := h.Provider(t.Context(), Admin, p.ID)
				if err != nil {
					t.Fatal(err)
				}
				v := stored.Provisioning
				v.DefaultOrganization = organization
				if _, err := h.SetGrants(t.Context(), Admin, p.ID, v, h.Proof(provider.ActionGrants, p.ID)); err != nil {
					t.Fatal(err)
				}
			}
			c.Run(t, client)
		})
	}
}

// TestIsolation mixes the requests of two providers of a tenant, and of one of another tenant, that must
// not see each other, through a whole service over the stores of a host: as [scimtest.Isolation] says.
func TestIsolation(t *testing.T, isolation scimtest.Isolation, open func(t *testing.T, now func() time.Time) Stores) {
	isolation.Test(t, func(t *testing.T, o *scimtest.Overlaps) scimtest.Site {
		h := NewHost(t, func(c *provider.Config) {
			open(t, c.Now).with(c)
			c.Stores = o.Wrap(c.Stores)
			c.SCIMWithoutSSO = true // neither is enabled, so each covers every name
			c.SCIM.Limits.Rate = -1
			c.Now = time.Now
		})
		host := func(tenant scim.TenantID) scimtest.Host {
			a := Actor(tenant)
			p, err := h.Begin(t.Context(), a, provider.Draft{})
			if err != nil {
				t.Fatal(err)
			}
			proof := func(action provider.Action) provider.Proof {
				proof, err := h.Prove(t.Context(), a, action, p.ID, Code)
				if err != nil {
					t.Fatal(err)
				}
				return proof
			}
			if _, err := h.EnableSCIM(t.Context(), a, p.ID, proof(provider.ActionEnableSCIM)); err != nil {
				t.Fatal(err)
			}
			secret, _, err := h.NewToken(t.Context(), a, p.ID, proof(provider.ActionNewToken))
			if err != nil {
				t.Fatal(err)
			}
			return scimtest.Host{Handler: h.Handler(), Base: h.URL + "/ws/scim/v2", Header: http.Header{"Authorization": {"Bearer " + secret.Reveal()}}}
		}
		return scimtest.Site{First: host("red"), Second: host("red"), Neighbor: host("blue")}
	})
}
