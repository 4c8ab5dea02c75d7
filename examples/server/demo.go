package main

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"slices"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
)

// The demo has one tenant, a company that looks after the machines of others, and the identity
// provider of that company.
const (
	tenant     = scim.TenantID("acme")
	tenantName = "Acme"
	provider   = "entra"
)

// organization is one customer of the tenant.
type organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

var organizations = []organization{
	{"101", "Harbor Dental"},
	{"102", "Maple Street Books"},
	{"103", "Ridgeline Farms"},
}

// resolveOrganization is the [extension.Rules] Resolve of this host: the form first, then whether
// there is such an organization. End users of every organization are welcome.
func resolveOrganization(ctx context.Context, id string) (string, error) {
	id, err := extension.DecimalID(ctx, id)
	if err != nil || id == extension.All {
		return id, err
	}
	if !slices.ContainsFunc(organizations, func(o organization) bool { return o.ID == id }) {
		return "", extension.ErrUnknownOrganization
	}
	return id, nil
}

// newEndpoint returns the SCIM endpoint of the demo: what any host writes, and nothing else.
func newEndpoint(c config, stores scim.Stores, public string, logger *slog.Logger) (*scim.Handler, error) {
	auth := new(scim.Tokens)
	auth.Add(c.token, scim.Principal{Tenant: tenant, Manager: provider, Key: "demo"})

	rules := extension.Rules{
		RequireOrganization: true,
		DefaultOrganization: c.defaultOrganization,
		Resolve:             resolveOrganization,
	}
	return scim.New(stores, auth, scim.Config{
		BaseURL: func(*http.Request) string { return public },
		Policy: scim.Policy{
			NinjaOne: func(context.Context, scim.Principal) (extension.Rules, error) { return rules, nil },
		},
		Limits: scim.Limits{Rate: c.rate},
		Seal:   [][]byte{sealOf(c.token)},
		Strict: c.strict,
		Logger: logger, // refusals
	})
}

// sealOf makes the key of cursors of the token, so that one server goes on where another one of the
// same token and database stopped. A host has a key for this that is nothing else.
func sealOf(token string) []byte {
	key := sha256.Sum256([]byte("cursors " + token))
	return key[:]
}
