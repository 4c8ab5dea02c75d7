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
	idpID      = "entra" // of its connection
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

// endpointConfig is how the SCIM endpoint of the demo is set up.
func endpointConfig(c config, public string, logger *slog.Logger) (scim.Authenticator, scim.Config) {
	auth := new(scim.Tokens)
	auth.Add(c.token, scim.Principal{Tenant: tenant, Manager: idpID, Key: "demo"})

	rules := extension.Rules{
		RequireOrganization: true,
		DefaultOrganization: c.defaultOrganization,
		Resolve:             resolveOrganization,
	}
	return auth, scim.Config{
		BaseURL: func(*http.Request) string { return public },
		Policy: scim.Policy{
			NinjaOne: func(context.Context, scim.Principal) (extension.Rules, error) { return rules, nil },
			Check:    signInThere,
		},
		Limits: scim.Limits{Rate: c.rate},
		Seal:   [][]byte{sealOf(c.token)},
		Strict: c.strict,
		Logger: logger, // refusals
	}
}

// signInThere has users whom the identity provider creates sign in through it.
func signInThere(_ context.Context, _ scim.Stores, c *scim.Change) error {
	if c.Before == nil && c.After != nil {
		c.After.SSO = true
	}
	return nil
}

// sealOf makes the key of cursors of the token, so that one server goes on where another one of the
// same token and database stopped. A host has a key for this that is nothing else.
func sealOf(token string) []byte {
	key := sha256.Sum256([]byte("cursors " + token))
	return key[:]
}
