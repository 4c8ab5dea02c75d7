package console

import (
	"net/url"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A usersData is a list of users.
type usersData struct {
	providerData          // of the setup link's provider, where one asks
	Filter       userForm // as it was asked for
	Users        []userRow
	Next         string
	Filtered     bool
	Sources      []choice
	Places       []Organization
	Path         string
	Bulk         string // where the form of those that are ticked is sent, with the filter
}

// A userForm is what users are chosen by.
type userForm struct{ Search, Type, Organization, State, Source string }

// A userRow is a user in a list.
type userRow struct {
	scim.User
	Organization string
	Source       string // the name of the provider; "" = native
	Type         string
	Full         string // their name
	Chosen       bool   // ticked, where the form was refused
	Email        string
}

// listUsers shows the users of the tenant.
func (c *call) listUsers() error {
	c.id = ""
	return c.users("/users", provider.ID(c.query("source")), usersData{})
}

// listPeople shows those of one provider.
func (c *call) listPeople() error {
	d, err := c.providerData("people")
	if err != nil {
		return err
	}
	return c.users(strings.TrimPrefix(c.root(), c.base)+"/people", c.id, usersData{providerData: d})
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

func (c *call) users(path string, source provider.ID, d usersData) error {
	d.Path = c.base + path
	d.Filter = userForm{c.query("q"), c.query("type"), c.query("organization"), c.query("state"), c.query("source")}
	d.Filtered = d.Filter != userForm{}
	q := provider.PeopleQuery{Search: d.Filter.Search, UserType: d.Filter.Type, Organization: d.Filter.Organization, Provider: source, After: c.query("after")}
	if d.Filter.State != "" {
		q.Active = new(d.Filter.State == "active")
	}
	page, err := c.service.Users(c.ctx(), c.actor, q)
	if err != nil {
		return err
	}
	names, err := c.providerNames()
	if err != nil {
		return err
	}
	places, err := c.organizations()
	if err != nil {
		return err
	}
	if c.link == nil { // the organizations of a tenant are no business of one of its customers
		d.Places = places
	}
	for _, u := range page.Items {
		row := c.userRow(u, names, places)
		row.Chosen = slices.Contains(c.r.PostForm["user"], u.ID)
		d.Users = append(d.Users, row)
	}
	for _, p := range names {
		p.Chosen = p.ID == d.Filter.Source
		d.Sources = append(d.Sources, p)
	}
	d.Next = c.next(path, page.Next)
	d.Bulk = c.base + c.filtered("/users/authentication", "")
	if c.link != nil {
		return c.render("people", d.title(), "providers", d)
	}
	if c.id != "" {
		return c.redirect("/users?source="+url.QueryEscape(string(c.id)), "")
	}
	return c.render("users", c.pages.text("Users"), "users", d)
}

// providerNames returns the providers that there are, as choices.
func (c *call) providerNames() (list []choice, err error) {
	if c.link != nil {
		p, err := c.service.Provider(c.ctx(), c.actor, c.id)
		return []choice{{ID: string(p.ID), Name: p.Name}}, err
	}
	page, err := c.service.Providers(c.ctx(), c.actor, provider.Query{Limit: maxChoices})
	for _, p := range page.Providers {
		name := p.Name
		if name == "" {
			name = string(p.ID)
		}
		list = append(list, choice{ID: string(p.ID), Name: name})
	}
	return list, err
}

func (c *call) userRow(u scim.User, providers []choice, places []Organization) userRow {
	row := userRow{User: u, Full: fullName(&u)}
	switch id := u.NinjaOne.OrganizationID; {
	case id == extension.All:
		row.Organization = c.pages.text("all organizations")
	default:
		row.Organization = organizationName(places, id)
	}
	row.Type = c.pages.text("End user")
	if u.NinjaOne.UserType == extension.Technician {
		row.Type = c.pages.text("Technician")
	}
	if u.Administrator {
		row.Type = c.pages.text("Administrator")
	}
	row.Source = u.ManagedBy
	for _, p := range providers {
		if p.ID == u.ManagedBy {
			row.Source = p.Name
		}
	}
	for _, e := range u.Emails {
		if row.Email == "" || e.Type == "work" {
			row.Email = e.Value
		}
	}
	return row
}

func fullName(u *scim.User) string {
	switch full := strings.TrimSpace(u.Name.GivenName + " " + u.Name.FamilyName); {
	case full != "":
		return full
	case u.DisplayName != "":
		return u.DisplayName
	}
	return u.Name.Formatted
}

// setAuthentication changes the authentication type of the users that were ticked.
func (c *call) setAuthentication() error {
	users := c.r.PostForm["user"]
	if len(users) == 0 {
		return &provider.Problem{Code: provider.ProblemPolicy, Detail: "Tick the users first whose authentication type is to change."}
	}
	if err := c.authenticate(users); err != nil {
		return err
	}
	return c.redirect(c.filtered("/users", "auth"), "")
}

// filtered returns a path with the filter of the listing, and the message to show there.
func (c *call) filtered(path, done string) string {
	q := c.r.URL.Query()
	q.Del("done")
	if done != "" {
		q.Set("done", done)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func (c *call) authenticate(users []string) error {
	kind := c.field("authentication")
	if kind != "sso" && kind != "native" {
		return &provider.Problem{Code: provider.ProblemPolicy, Detail: "Choose an authentication type: single sign-on or password."}
	}
	return c.service.SetAuthentication(c.ctx(), c.actor, users, kind == "sso")
}

// A userData is the page of a user.
type userData struct {
	userRow
	Editable bool
	Released provider.ID // the provider that the user was released by
	Provider provider.ID
	SCIM     bool // that provider provisions
	Groups   []scim.Member
	Places   []Organization
	Phone    string
	WorkMail string
	Events   []eventRow
	Form     map[string]string
	Refused  bool // the form was
}

// Of returns what a field of the form shows: what was entered, or what there is.
func (d userData) Of(field, stored string) string {
	if d.Refused {
		return d.Form[field]
	}
	return stored
}

// Ticked is Of for a box.
func (d userData) Ticked(field string, stored bool) bool {
	if d.Refused {
		return d.Form[field] != ""
	}
	return stored
}

// showUser is the page of a user.
func (c *call) showUser() error {
	c.id = ""
	u, err := c.service.User(c.ctx(), c.actor, c.r.PathValue("user"))
	if err != nil {
		return err
	}
	names, err := c.providerNames()
	if err != nil {
		return err
	}
	d := userData{Provider: provider.ID(u.ManagedBy), Form: map[string]string{}}
	if d.Places, err = c.organizations(); err != nil {
		return err
	}
	d.userRow = c.userRow(u, names, d.Places)
	if d.Editable, err = c.service.Editable(c.ctx(), c.actor.Tenant, u.ID); err != nil {
		return err
	}
	if d.Groups, err = c.service.GroupsOf(c.ctx(), c.actor, u.ID); err != nil {
		return err
	}
	if d.Released, err = c.service.ReleasedBy(c.ctx(), c.actor, u.ID); err != nil {
		return err
	}
	if d.Events, _, err = c.events(provider.EventQuery{User: u.ID, Limit: 20}); err != nil {
		return err
	}
	d.WorkMail, d.Phone = work(u.Emails), work(u.PhoneNumbers)
	if c.problem != nil && c.r.PostForm.Has("version") {
		d.Refused = true
		for name := range c.r.PostForm {
			d.Form[name] = c.r.PostForm.Get(name)
		}
	}
	return c.render("user", u.UserName, "users", d)
}

// work returns the value of type work.
func work(list []scim.MultiValue) string {
	for _, v := range list {
		if strings.EqualFold(v.Type, "work") {
			return v.Value
		}
	}
	return ""
}

// editUser changes a user: all of them, or the minor settings of one who is managed.
func (c *call) editUser() error {
	f, user := c.r.PostForm, c.r.PathValue("user")
	e := provider.UserEdit{Version: f.Get("version")}
	for name, field := range map[string]**string{
		"given_name": &e.GivenName, "family_name": &e.FamilyName, "display_name": &e.DisplayName, "email": &e.WorkEmail,
		"user_type": &e.UserType, "organization": &e.Organization, "phone": &e.Phone, "language": &e.Language,
	} {
		if f.Has(name) {
			*field = new(f.Get(name))
		}
	}
	if f.Has("active_shown") {
		e.Active = new(f.Get("active") != "")
	}
	if _, err := c.service.EditUser(c.ctx(), c.actor, user, e); err != nil {
		return err
	}
	return c.redirect("/users/"+url.PathEscape(user), "user")
}

func (c *call) setOneAuthentication() error {
	user := c.r.PathValue("user")
	if err := c.authenticate([]string{user}); err != nil {
		return err
	}
	return c.redirect("/users/"+url.PathEscape(user), "auth")
}

// releaseUser makes a user editable here, though an identity provider manages them.
func (c *call) releaseUser() error {
	user := c.r.PathValue("user")
	u, err := c.service.User(c.ctx(), c.actor, user)
	if err != nil {
		return err
	}
	c.id = provider.ID(u.ManagedBy)
	proofs, err := c.prove(provider.ActionRelease)
	if err != nil {
		return err
	}
	if err := c.service.Release(c.ctx(), c.actor, c.id, user, proofs[0]); err != nil {
		return err
	}
	return c.redirect("/users/"+url.PathEscape(user), "released")
}

// reclaimUser gives a user back.
func (c *call) reclaimUser() error {
	user := c.r.PathValue("user")
	by, err := c.service.ReleasedBy(c.ctx(), c.actor, user)
	if err != nil {
		return err
	}
	c.id = by
	proofs, err := c.prove(provider.ActionRelease)
	if err != nil {
		return err
	}
	if err := c.service.Reclaim(c.ctx(), c.actor, by, user, proofs[0]); err != nil {
		return err
	}
	return c.redirect("/users/"+url.PathEscape(user), "reclaimed")
}
