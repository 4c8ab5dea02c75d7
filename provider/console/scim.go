package console

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A scimData is the page of provisioning.
type scimData struct {
	providerData
	Tokens   []tokenRow
	Health   provider.Health
	Failing  []failingRow
	Awaiting []scim.User
	Approved int
	Grants   []string // in words
	NoPlace  bool     // there is no organization that its end users could be placed in
}

// A failingRow is who is refused now, with the user that it is about, if there is one.
type failingRow struct {
	provider.Failure
	User  string
	Taken string // who manages the user that has the name; "-" = nobody, "" = that is not the matter
}

// maxFailing bounds who is listed on the page: the rest is like them, as a rule.
const maxFailing = 100

// showSCIM is the page of provisioning: its state, tokens and health.
func (c *call) showSCIM() error {
	d := scimData{}
	var err error
	if d.providerData, err = c.providerData("scim"); err != nil {
		return err
	}
	tokens, err := c.service.Tokens(c.ctx(), c.actor, c.id)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		d.Tokens = append(d.Tokens, tokenRow{t, t.Good(c.o.Now())})
	}
	if d.Health, err = c.service.Health(c.ctx(), c.actor, c.id); err != nil {
		return err
	}
	if c.link == nil || c.link.May(provider.SetupMayUsers) {
		for i, f := range d.Health.Failing {
			if i == maxFailing {
				break
			}
			row := failingRow{Failure: f}
			if f.Type == "User" {
				row.User = f.ID
				if err := c.nameFailing(&row); err != nil {
					return err
				}
				if err := c.findTaken(&row, i); err != nil {
					return err
				}
			}
			d.Failing = append(d.Failing, row)
		}
	}
	if c.link == nil {
		if d.Awaiting, err = c.service.Awaiting(c.ctx(), c.actor, c.id); err != nil {
			return err
		}
	}
	g := d.P.Provisioning.Grants
	d.NoPlace = slices.Contains(g.UserTypes, extension.EndUser) && !g.AnyOrganization && !g.AllowAll && len(g.Organizations) == 0
	d.Grants, err = c.grantsInWords(g)
	if err != nil {
		return err
	}
	return c.render("scim", d.title(), "providers", d)
}

// nameFailing gives a user who is refused by ID the name. Whoever asks by a link sees that of the provider's alone.
func (c *call) nameFailing(row *failingRow) error {
	if row.Name != "" || row.ID == "" {
		return nil
	}
	u, err := c.service.User(c.ctx(), c.actor, row.ID)
	if errors.Is(err, provider.ErrNotFound) {
		return nil
	}
	if err == nil && (c.link == nil || u.ManagedBy == string(c.id)) {
		row.Name = u.UserName
	}
	return err
}

// maxTaken bounds for how many the user is looked up who has the name.
const maxTaken = 20

// findTaken finds who has the user name that the identity provider wants, for an administrator who can do
// something about it.
func (c *call) findTaken(row *failingRow, i int) error {
	if c.link != nil || i >= maxTaken || row.User != "" || row.Name == "" || !strings.HasPrefix(row.Reason, "409") {
		return nil
	}
	page, err := c.service.Users(c.ctx(), c.actor, provider.PeopleQuery{Search: row.Name, Limit: maxTaken})
	if _, ok := errors.AsType[*provider.Problem](err); ok {
		return nil // it is too long to be one
	}
	for _, u := range page.Items {
		if !strings.EqualFold(u.UserName, row.Name) {
			continue
		}
		row.User, row.Taken = u.ID, u.ManagedBy
		if u.ManagedBy == "" {
			row.Taken = "-"
		}
		if p, err := c.service.Provider(c.ctx(), c.actor, provider.ID(u.ManagedBy)); err == nil {
			row.Taken = p.Name
		}
	}
	return err
}

// askEnableSCIM shows what the provider will be allowed to hand out, and asks for a second factor.
func (c *call) askEnableSCIM() error {
	d, err := c.grantsData(true)
	if err != nil {
		return err
	}
	return c.render("grants", d.title(), "providers", d)
}

// mayEnableSCIM refuses what would only be refused later, or was meant otherwise.
func (c *call) mayEnableSCIM(p *provider.Provider) error {
	if c.link != nil {
		if !p.SCIM && len(p.Provisioning.Grants.UserTypes) > 0 {
			return &provider.Problem{Code: provider.ProblemState, Detail: "An administrator has turned provisioning off. Ask who gave you the link to turn it on again."}
		}
		return nil
	}
	g := c.provisioning(p.Provisioning).Grants
	if slices.Contains(g.UserTypes, extension.EndUser) && !g.AnyOrganization && !g.AllowAll && len(g.Organizations) == 0 {
		return &provider.Problem{Code: provider.ProblemPolicy, Detail: "Choose the organizations that end users may be placed in: without one they would all be refused."}
	}
	return nil
}

// enableSCIM turns provisioning on and makes the first token, by one code.
func (c *call) enableSCIM() error {
	if err := c.service.MayProvision(c.ctx(), c.actor, c.id); err != nil { // before the grants change
		return err
	}
	p, err := c.service.Provider(c.ctx(), c.actor, c.id)
	if err != nil {
		return err
	}
	if err := c.mayEnableSCIM(&p); err != nil {
		return err
	}
	if len(p.Provisioning.Grants.UserTypes) == 0 {
		if p.Provisioning.Grants, err = c.service.InitialGrants(c.ctx(), c.actor, c.id); err != nil {
			return err
		}
	}
	actions := []provider.Action{provider.ActionEnableSCIM, provider.ActionNewToken}
	if c.link == nil {
		actions = append(actions, provider.ActionGrants)
	}
	proofs, err := c.prove(actions...)
	if err != nil {
		return err
	}
	if c.link == nil {
		if _, err := c.service.SetGrants(c.ctx(), c.actor, c.id, c.provisioning(p.Provisioning), proofs[2]); err != nil {
			return err
		}
	}
	if _, err := c.service.EnableSCIM(c.ctx(), c.actor, c.id, proofs[0]); err != nil {
		return err
	}
	if c.field("token") == "" {
		return c.back("/scim", "")
	}
	return c.makeToken(proofs[1])
}

func (c *call) askDisableSCIM() error {
	return c.ask("scim", askData{Heading: "Turn provisioning off", Action: "/scim/disable", Button: "Turn off", Danger: true,
		Text: "The identity provider is told to try again later. The users stay, and can be edited here until provisioning is on again. To edit one user, release that user instead."})
}

func (c *call) disableSCIM() error {
	proofs, err := c.prove(provider.ActionDisableSCIM)
	if err != nil {
		return err
	}
	if _, err := c.service.DisableSCIM(c.ctx(), c.actor, c.id, proofs[0]); err != nil {
		return err
	}
	return c.back("/scim", "scim_disabled")
}

func (c *call) askApprove() error {
	u, err := c.service.User(c.ctx(), c.actor, c.r.PathValue("user"))
	if err != nil {
		return err
	}
	return c.ask("scim", askData{Heading: "Approve a takeover", Action: "/scim/approve/" + url.PathEscape(u.ID), Button: "Approve",
		Text: u.UserName + ": " + c.pages.text("this user is an administrator. Once taken over, the identity provider can change and deactivate them, though never the last administrator.")})
}

func (c *call) approve() error {
	proofs, err := c.prove(provider.ActionApprove)
	if err != nil {
		return err
	}
	if _, err := c.service.Approve(c.ctx(), c.actor, c.id, c.r.PathValue("user"), proofs[0]); err != nil {
		return err
	}
	return c.back("/scim", "approved")
}
