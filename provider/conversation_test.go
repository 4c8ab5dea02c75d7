package provider_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// organizations are those of the conversations.
type organizations []string

func (o organizations) Resolve(_ context.Context, _ scim.TenantID, _ provider.ID, id string) (string, error) {
	if slices.Contains(o, id) {
		return id, nil
	}
	return "", fmt.Errorf("organization %s: %w", id, extension.ErrUnknownOrganization)
}

// TestConversations holds every recorded conversation with the whole service, behind a token of it.
func TestConversations(t *testing.T) {
	t.Parallel()
	conversations, err := scimtest.Conversations()
	if err != nil {
		t.Fatal(err)
	}
	idp := providertest.NewHost(t).IdP()
	for _, c := range conversations {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			organization := ""
			h := providertest.NewHost(t, func(config *provider.Config) {
				for _, need := range c.Needs {
					switch need {
					case "groups": // there anyway
					case "no-groups":
						config.Stores.Groups = nil
					case "strict":
						config.SCIM.Strict = true
					case "ninjaone", "default-organization":
						config.Organizations = organizations{"7", "8", "9", extension.All}
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
				stored, err := h.Provider(t.Context(), providertest.Admin, p.ID)
				if err != nil {
					t.Fatal(err)
				}
				v := stored.Provisioning
				v.DefaultOrganization = organization
				if _, err := h.SetGrants(t.Context(), providertest.Admin, p.ID, v, h.Proof(provider.ActionGrants, p.ID)); err != nil {
					t.Fatal(err)
				}
			}
			c.Run(t, client)
		})
	}
}
