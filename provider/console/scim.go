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

// A tokenRow is a token in the list.
type tokenRow struct {
	provider.Token
	Good bool
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

// askEnableSCIM shows what the provider will be allowed to hand out, and asks for a second factor.
func (c *call) askEnableSCIM() error {
	d, err := c.grantsData(true)
	if err != nil {
		return err
	}
	return c.render("grants", d.title(), "providers", d)
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
	if c.link != nil && !p.SCIM && len(p.Provisioning.Grants.UserTypes) > 0 {
		return &provider.Problem{Code: provider.ProblemState, Detail: "An administrator has turned provisioning off. Ask who gave you the link to turn it on again."}
	}
	if v := c.provisioning(p.Provisioning); c.link == nil && !v.Grants.AnyOrganization && len(v.Grants.Organizations) == 0 && !v.Grants.AllowAll && slices.Contains(v.Grants.UserTypes, extension.EndUser) {
		return &provider.Problem{Code: provider.ProblemPolicy, Detail: "Choose the organizations that end users may be placed in: without one they would all be refused."}
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

// A secretData is a page that shows a secret, this once.
type secretData struct {
	providerData
	Secret string
	Token  provider.Token
}

func (c *call) askToken() error {
	return c.ask("scim", askData{Heading: "Generate a secret token", Action: "/scim/token", Button: "Generate token",
		Text: "The token is shown once. One that is good already stays good: enter the new one at the identity provider, see that its connection test comes here, and revoke the old one then."})
}

func (c *call) newToken() error {
	proofs, err := c.prove(provider.ActionNewToken)
	if err != nil {
		return err
	}
	return c.makeToken(proofs[0])
}

// makeToken makes a token and shows it.
func (c *call) makeToken(proof provider.Proof) error {
	secret, token, err := c.service.NewToken(c.ctx(), c.actor, c.id, proof)
	if err != nil {
		return err
	}
	d, err := c.providerData("scim")
	if err != nil {
		return err
	}
	return c.render("token", d.title(), "providers", secretData{d, secret.Reveal(), token})
}

func (c *call) askRevoke() error {
	return c.ask("scim", askData{Heading: "Revoke a token", Action: "/scim/tokens/" + url.PathEscape(c.r.PathValue("token")) + "/revoke", Button: "Revoke token", Danger: true,
		Text: "The identity provider is refused at once if it still uses this token."})
}

func (c *call) revokeToken() error {
	proofs, err := c.prove(provider.ActionRevokeToken)
	if err != nil {
		return err
	}
	if err := c.service.RevokeToken(c.ctx(), c.actor, c.id, c.r.PathValue("token"), proofs[0]); err != nil {
		return err
	}
	return c.back("/scim", "revoked")
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

// A sheetData is how a product is set up.
type sheetData struct {
	providerData
	Sheet   provider.SetupSheet
	Clients []choice
}

// clients are the products that there is a sheet for.
var clients = []choice{
	{ID: string(provider.SetupEntra), Name: "Microsoft Entra ID"}, {ID: string(provider.SetupOkta), Name: "Okta"},
	{ID: string(provider.SetupOktaCatalog), Name: "Okta catalog"}, {ID: string(provider.SetupGoogle), Name: "Google Workspace"},
	{ID: string(provider.SetupGeneric), Name: "Other"},
}

// client returns which product is asked for, or is likely.
func (c *call) client(d *providerData) provider.SetupClient {
	if chosen := c.r.URL.Query().Get("client"); chosen != "" {
		return provider.SetupClient(chosen)
	}
	if shown := d.Shown(); shown != nil {
		switch vendor := strings.ToLower(string(shown.Vendor)); {
		case strings.HasPrefix(vendor, "okta"):
			return provider.SetupOkta
		case strings.HasPrefix(vendor, "google"):
			return provider.SetupGoogle
		}
	}
	return provider.SetupEntra
}

func (c *call) sheetData() (d sheetData, err error) {
	if d.providerData, err = c.providerData("sheet"); err != nil {
		return d, err
	}
	chosen := c.client(&d.providerData)
	if d.Sheet, err = c.service.SetupSheet(c.ctx(), c.actor, c.id, chosen); err != nil {
		return d, err
	}
	for _, one := range clients {
		one.Chosen = one.ID == string(chosen)
		d.Clients = append(d.Clients, one)
	}
	return d, nil
}

func (c *call) showSheet() error {
	d, err := c.sheetData()
	if err != nil {
		return err
	}
	return c.render("sheet", d.title(), "providers", d)
}

func (c *call) downloadSheet() error {
	d, err := c.sheetData()
	if err != nil {
		return err
	}
	return c.download("setup-"+string(d.Sheet.Client)+".md", d.Sheet.Markdown())
}
