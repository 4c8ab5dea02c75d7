package provider

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A setupRow is a row of the table of a product, if the attribute is served.
type setupRow struct{ kind, source, target, note string }

const (
	direct     = "direct"
	expression = "expression"
	constant   = "constant"
)

// entraRows are those of the vendor's how-to, with the defaults of Entra ID for what else is served.
var entraRows = []setupRow{
	{direct, "userPrincipalName", "userName", "the one that users are found by"},
	{expression, `Switch([IsSoftDeleted], , "False", "True", "True", "False")`, "active", "always"},
	{direct, "mail", `emails[type eq "work"].value`, "may be absent"},
	{direct, "givenName", "name.givenName", ""},
	{direct, "surname", "name.familyName", ""},
	{direct, "mailNickname", "externalId", "no key: it may change"},
	{direct, "displayName", "displayName", ""},
	{direct, "jobTitle", "title", ""},
	{direct, "preferredLanguage", "preferredLanguage", ""},
	{direct, "telephoneNumber", `phoneNumbers[type eq "work"].value`, ""},
	{direct, "mobile", `phoneNumbers[type eq "mobile"].value`, ""},
	{direct, "department", scim.EnterpriseURN + ":department", ""},
	{direct, "manager", scim.EnterpriseURN + ":manager", ""},
}

// oktaRows are what Okta sends of itself.
var oktaRows = []setupRow{
	{direct, "user.login", "userName", "Unique identifier field for users"},
	{direct, "the assignment of the app", "active", "sent by Okta by itself"},
	{direct, "user.email", `emails[type eq "work"].value`, ""},
	{direct, "user.firstName", "name.givenName", ""},
	{direct, "user.lastName", "name.familyName", ""},
	{direct, "the ID of the user at Okta", "externalId", "sent by Okta by itself"},
	{direct, "user.displayName", "displayName", ""},
	{direct, "user.title", "title", ""},
	{direct, "user.preferredLanguage", "preferredLanguage", ""},
	{direct, "user.primaryPhone", `phoneNumbers[type eq "work"].value`, ""},
	{direct, "user.mobilePhone", `phoneNumbers[type eq "mobile"].value`, ""},
	{direct, "user.department", scim.EnterpriseURN + ":department", ""},
}

// genericRows name what a product calls as it likes.
var genericRows = []setupRow{
	{direct, "the sign-in name, an e-mail address", "userName", "what users are matched by"},
	{direct, "whether the account is enabled", "active", "false for a leaver"},
	{direct, "the e-mail address", `emails[type eq "work"].value`, ""},
	{direct, "the given name", "name.givenName", ""},
	{direct, "the family name", "name.familyName", ""},
	{direct, "the ID of the account", "externalId", "optional"},
}

// mapping returns the table of the product.
func (w *setup) mapping() []SetupMapping {
	rows := genericRows
	switch {
	case w.client == SetupEntra:
		rows = entraRows
	case w.okta():
		rows = oktaRows
	}
	var out []SetupMapping
	for _, r := range rows {
		if _, ok := w.served(r.target); ok {
			m := SetupMapping{Kind: r.kind, Source: r.source, Target: r.target, Note: r.note}
			if r.target == "userName" {
				m.Matching = 1
			}
			out = append(out, m)
		}
	}
	for _, ref := range w.fillable() {
		m := SetupMapping{Kind: direct, Source: "an attribute of yours", Target: ref.String()}
		switch ref.String() {
		case extension.URN + ":" + extension.OrganizationID:
			m = w.organization(m.Target)
		case extension.URN + ":" + extension.UserType:
			m = w.userType(m.Target)
		}
		out = append(out, m)
	}
	return out
}

// userType maps the user type: whatever the value is, it is one of the two.
func (w *setup) userType(target string) SetupMapping {
	types := w.userTypes()
	m := SetupMapping{Kind: constant, Target: target, Source: types[0], Note: "case matters"}
	if len(types) < 2 {
		m.Note = "the only one that this provider may hand out"
		return m
	}
	m.Kind = expression
	switch {
	case w.client == SetupEntra:
		m.Source = fmt.Sprintf("Switch(SingleAppRoleAssignment([appRoleAssignments]), %q, %q, %q)", extension.EndUser, extension.Technician, extension.Technician)
		m.Note = "with an app role of the value Technician; everybody else is an end user"
	case w.okta():
		m.Source = fmt.Sprintf("isMemberOfGroupName(%q) ? %q : %q", "Technicians", extension.Technician, extension.EndUser)
		m.Note = "with a group of the name Technicians; everybody else is an end user"
	default:
		m.Source = "whatever yields " + extension.Technician + " or " + extension.EndUser
		m.Note = "case matters; nothing is an end user"
	}
	return m
}

// organizations are those that the provider is confined to, without "all"; none if it may use any.
func (w *setup) organizations() []string {
	g := &w.p.Provisioning.Grants
	if g.AnyOrganization {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(g.Organizations), func(id string) bool { return strings.EqualFold(id, extension.All) })
}

// maxSetupOrganizations bounds the organizations in an expression: it is an example.
const maxSetupOrganizations = 5

// organization maps the organization, of technicians too. Users of every organization are never what is
// left when nothing else fits.
func (w *setup) organization(target string) SetupMapping {
	v := &w.p.Provisioning
	m := SetupMapping{Kind: constant, Target: target, Source: "the ID from Organizations > Copy Org ID", Note: "technicians need one too: they may become end users"}
	listed := w.organizations()
	fallback := v.DefaultOrganization
	if strings.EqualFold(fallback, extension.All) {
		fallback = ""
	}
	if fallback == "" && len(listed) > 0 {
		fallback = listed[0]
	}
	if fallback != "" {
		m.Source = fallback
	}
	others := slices.DeleteFunc(listed, func(id string) bool { return id == fallback })
	if len(others) > maxSetupOrganizations {
		others = others[:maxSetupOrganizations]
		m.Note += "; add the other organizations likewise"
	}
	if len(others) > 0 {
		m = w.choose(m, fallback, others)
	}
	if v.Grants.AllowAll {
		m.Note += "; " + extension.All + " is for an end user of every organization, by a rule of its own"
	}
	return m
}

// choose maps the organization by an attribute, to one of several.
func (w *setup) choose(m SetupMapping, fallback string, others []string) SetupMapping {
	var b strings.Builder
	switch {
	case w.client == SetupEntra:
		fmt.Fprintf(&b, "Switch([companyName], %q", fallback)
		for i, id := range others {
			fmt.Fprintf(&b, ", %q, %q", "Company "+strconv.Itoa(i+1), id)
		}
		b.WriteString(")")
	case w.okta():
		for i, id := range others {
			fmt.Fprintf(&b, "user.organization == %q ? %q : ", "Company "+strconv.Itoa(i+1), id)
		}
		fmt.Fprintf(&b, "%q", fallback)
	default:
		m.Source = "one of " + strings.Join(append([]string{fallback}, others...), ", ")
		return m
	}
	m.Kind, m.Source = expression, b.String()
	m.Note = "put in your own companies; " + m.Note
	return m
}
