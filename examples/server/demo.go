package main

import (
	"context"
	"slices"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
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

// organizationName is what people call an organization.
func organizationName(id string) string {
	if id == extension.All {
		return "All organizations"
	}
	if i := slices.IndexFunc(organizations, func(o organization) bool { return o.ID == id }); i >= 0 {
		return organizations[i].Name
	}
	return id
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

// customers are the organizations of the demo, for every provider.
type customers struct{}

// Resolve implements provider.Organizations.
func (customers) Resolve(ctx context.Context, _ scim.TenantID, _ provider.ID, id string) (string, error) {
	return resolveOrganization(ctx, id)
}
