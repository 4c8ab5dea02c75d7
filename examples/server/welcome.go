package main

import (
	"io"
	"strings"
	"text/template"

	"github.com/seed-30109bde/gatehouse/extension"
)

// newcomer is who the first printed request creates. stray is refused: nobody has heard of the
// organization, as after a slip in the mapping at the identity provider.
const (
	newcomer = `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "` + extension.URN + `"], ` +
		`"userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}, ` +
		`"emails": [{"type": "work", "value": "ada@example.com"}], ` +
		`"` + extension.URN + `": {"organizationId": "101", "userType": "endUser"}}`
	stray = `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "` + extension.URN + `"], ` +
		`"userName": "grace@example.com", ` +
		`"` + extension.URN + `": {"organizationId": "999", "userType": "endUser"}}`
)

var welcomeText = template.Must(template.New("welcome").Parse(
	`Gatehouse serves single sign-on and SCIM 2.0 for the tenant {{.Tenant}} at {{.Base}}.
{{with .Link}}
Administer it: this link signs you in once, within 15 minutes, and the page shows the code it asks for, since
the database is new and this server is for this machine alone.

  {{.}}
{{end}}{{if .Admin.ID}}
The administrator{{if or .Admin.PasswordMade .Admin.FactorMade}}, with what is shown this once{{end}}:

  Sign in               {{.Base}}/sign-in?way=password
  User                  {{.Admin.Name}}
  Password              {{if .Admin.PasswordMade}}{{.Admin.Password}}{{else}}as in {{.Admin.PasswordVariable}}{{end}}
  Authenticator secret  {{if .Admin.FactorMade}}{{.Admin.Factor}}{{else}}as in {{.Admin.FactorVariable}}{{end}}
{{else}}
The database has accounts already; sign in at {{.Base}}/sign-in, and if nobody knows how, "server admin reset"
with the same -db gives the administrator a new password and second factor.
{{end}}{{if .Plain}}
Cookies work over plain http on this machine: browsers take them there, and this server asks for it nowhere else.
{{end}}
Enter at the identity provider:

  Tenant URL    {{.Public}}
  Secret token  {{.Token}}

The token is shown this once.{{if .Made}} It is this server's own: each start makes another one, unless
{{.Variable}} holds one for all.{{end}}

{{.Note}}

End users belong to one of these organizations:
{{range .Organizations}}
  {{.ID}}  {{.Name}}{{end}}
  all  every one of them

Create a user, whose name is taken from then on:

  {{.Create}}

Try to create one whose organization does not exist, and read why that is refused:

  {{.Refused}}

List who is there:

  {{.List}}

{{with .Login}}Sign in as the user whom the first request has created, at an identity provider that runs
offline and believes everybody:

  {{.}}

{{end}}Ctrl-C ends the server.
`))

// welcome prints what to do next. The requests go to the local URL: the public one may lead through
// a proxy that is not there yet.
func welcome(w io.Writer, c config, h *host, local string, sso *offline) error {
	login := ""
	if sso != nil {
		login = sso.login
	}
	curl := "curl -sS -w '\\n' -H " + quote("Authorization: Bearer "+c.token) + " "
	post := curl + "-H 'Content-Type: application/scim+json' " + quote(local+"/Users") + " -d "
	return welcomeText.Execute(w, map[string]any{
		"Tenant": tenantName,
		"Base":   h.base.String(),
		"Link":   h.admin.link,
		"Admin": map[string]any{
			"ID": h.admin.id, "Name": adminName, "Password": h.admin.Password, "Factor": h.admin.Factor,
			"PasswordMade": h.admin.passwordMade, "FactorMade": h.admin.factorMade,
			"PasswordVariable": passwordVariable, "FactorVariable": factorVariable,
		},
		"Plain":         h.base.Scheme == "http",
		"Public":        h.scimURL,
		"Token":         c.token,
		"Made":          c.tokenMade,
		"Variable":      tokenVariable,
		"Login":         login,
		"Note":          h.db.note,
		"Organizations": organizations,
		"Create":        post + quote(newcomer),
		"Refused":       post + quote(stray),
		"List":          curl + quote(local+"/Users"),
	})
}

// quote quotes a word for a POSIX shell.
func quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
