package console

import (
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
)

// grantsInWords says what a provider may hand out.
func (c *call) grantsInWords(g provider.Grants) (words []string, err error) {
	for _, t := range g.UserTypes {
		words = append(words, map[string]string{extension.Technician: c.pages.text("technicians"), extension.EndUser: c.pages.text("end users")}[t])
	}
	known, err := c.organizations()
	if err != nil {
		return nil, err
	}
	switch {
	case g.AnyOrganization:
		words = append(words, c.pages.text("any organization"))
	case len(g.Organizations) == 0:
		words = append(words, c.pages.text("no organization yet"))
	default:
		for i, id := range g.Organizations {
			if i == 5 {
				words = append(words, "…")
				break
			}
			words = append(words, organizationName(known, id))
		}
	}
	if g.AllowAll {
		words = append(words, c.pages.text("all organizations at once"))
	}
	return words, nil
}

// A grantsData is a form for what a provider may hand out.
type grantsData struct {
	providerData
	Provisioning  provider.Provisioning
	Known         []choice
	Unlisted      string // organizations that are granted and not listed, or all where none are listed
	Roles         []choice
	HasRoles      bool
	Enabling      bool // the form turns provisioning on
	Organizations []Organization
}

// A choice is a box that can be ticked.
type choice struct {
	ID, Name, Note string
	Chosen         bool
}

// maxChoices bounds the boxes of a form; beyond it IDs are entered.
const maxChoices = 200

// grantsData reads what the form shows: what was entered, if that was refused.
func (c *call) grantsData(enabling bool) (d grantsData, err error) {
	if d.providerData, err = c.providerData("scim"); err != nil {
		return d, err
	}
	d.Enabling, d.Provisioning = enabling, d.P.Provisioning
	if len(d.Provisioning.Grants.UserTypes) == 0 {
		if d.Provisioning.Grants, err = c.service.InitialGrants(c.ctx(), c.actor, c.id); err != nil {
			return d, err
		}
	}
	if c.problem != nil {
		d.Provisioning = c.provisioning(d.Provisioning)
	}
	if d.Organizations, err = c.organizations(); err != nil {
		return d, err
	}
	g := d.Provisioning.Grants
	var unlisted []string
	if len(d.Organizations) <= maxChoices {
		for _, o := range d.Organizations {
			d.Known = append(d.Known, choice{ID: o.ID, Name: o.Name, Chosen: slices.Contains(g.Organizations, o.ID)})
		}
	}
	for _, id := range g.Organizations {
		if !slices.ContainsFunc(d.Known, func(k choice) bool { return k.ID == id }) {
			unlisted = append(unlisted, id)
		}
	}
	d.Unlisted = strings.Join(unlisted, "\n")
	roles, err := c.service.Roles(c.ctx(), c.actor)
	for _, r := range roles {
		if !r.Administrator {
			d.Roles = append(d.Roles, choice{ID: r.ID, Name: r.Name, Note: r.UserType, Chosen: slices.Contains(g.Roles, r.ID)})
		}
	}
	d.HasRoles = len(roles) > 0
	return d, err
}

// provisioning reads the form, over what there is.
func (c *call) provisioning(v provider.Provisioning) provider.Provisioning {
	f := c.r.PostForm
	v.Grants = provider.Grants{
		UserTypes: f["user_type"], AnyOrganization: f.Get("organizations") == "any", AllowAll: f.Get("all") != "",
		AnyRole: v.Grants.AnyRole, Roles: v.Grants.Roles,
	}
	if !v.Grants.AnyOrganization {
		v.Grants.Organizations = append(slices.Clone(f["organization"]), strings.Fields(strings.ReplaceAll(f.Get("more_organizations"), ",", " "))...)
	}
	if f.Has("roles") { // where the host has none, the form does not ask
		v.Grants.AnyRole, v.Grants.Roles = f.Get("roles") == "any", nil
		if !v.Grants.AnyRole {
			v.Grants.Roles = f["role"]
		}
	}
	v.Managed, v.OnDelete = provider.ManagedSet(f.Get("managed")), provider.OnDelete(f.Get("on_delete"))
	v.DefaultOrganization = strings.TrimSpace(f.Get("default_organization"))
	return v
}

func (c *call) askGrants() error {
	d, err := c.grantsData(false)
	if err != nil {
		return err
	}
	return c.render("grants", d.title(), "providers", d)
}

func (c *call) setGrants() error {
	p, err := c.service.Provider(c.ctx(), c.actor, c.id)
	if err != nil {
		return err
	}
	proofs, err := c.prove(provider.ActionGrants)
	if err != nil {
		return err
	}
	if _, err := c.service.SetGrants(c.ctx(), c.actor, c.id, c.provisioning(p.Provisioning), proofs[0]); err != nil {
		return err
	}
	return c.back("/scim", "grants")
}
