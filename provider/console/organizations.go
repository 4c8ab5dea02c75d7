package console

import (
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
)

// organizations returns those of the host, and none where it does not list them.
func (c *call) organizations() ([]Organization, error) {
	if c.o.Organizations == nil {
		return nil, nil
	}
	return c.o.Organizations(c.ctx(), c.actor.Tenant)
}

// organizationName returns what an organization is called.
func organizationName(list []Organization, id string) string {
	for _, o := range list {
		if o.ID == id {
			return o.Name
		}
	}
	return id
}

// An organizationsData is the list of organizations.
type organizationsData struct {
	Search        string
	Organizations []Organization
	Listed        bool // the host lists them
	All           string
	More          int
}

// maxOrganizations bounds a page of them; the rest is found by search.
const maxOrganizations = 500

// listOrganizations shows the organizations with their IDs.
func (c *call) listOrganizations() error {
	known, err := c.organizations()
	if err != nil {
		return err
	}
	d := organizationsData{Search: c.query("q"), Listed: c.o.Organizations != nil, All: extension.All}
	word := strings.ToLower(d.Search)
	for _, o := range known {
		if strings.Contains(strings.ToLower(o.Name), word) || strings.Contains(strings.ToLower(o.ID), word) {
			d.Organizations = append(d.Organizations, o)
		}
	}
	if len(d.Organizations) > maxOrganizations {
		d.More = len(d.Organizations) - maxOrganizations
		d.Organizations = d.Organizations[:maxOrganizations]
	}
	return c.render("organizations", c.pages.text("Organizations"), "organizations", d)
}
