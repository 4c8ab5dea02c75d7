package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

var setupClients = []provider.SetupClient{provider.SetupEntra, provider.SetupOkta, provider.SetupOktaCatalog, provider.SetupGoogle, provider.SetupGeneric}

const costCenters = `{"id": "urn:example:2.0:User", "name": "Cost", "attributes": [{"name": "costCenter", "type": "integer", "multiValued": false, "caseExact": false, "mutability": "readWrite", "returned": "default"}]}`

// setupHost is a host whose URLs do not change, with a provider that provisions.
func setupHost(t *testing.T, change ...func(*provider.Config)) (*providertest.Host, provider.ID, scimtest.Host) {
	t.Helper()
	h := providertest.NewHost(t, append(change, func(c *provider.Config) {
		c.SCIMWithoutSSO = true
		c.URLs = func(context.Context, scim.TenantID) (provider.URLs, error) {
			return provider.URLs{Native: "https://acme.example.com", Others: []string{"https://login.acme.example"}}, nil
		}
	})...)
	p, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{ID: "setupaaaaaaaaaaaaaaaaaaaaa", Name: "Entra | `x` <b> # [y](z)"})
	if err != nil {
		t.Fatal(err)
	}
	_, client := h.Provision(p.ID)
	return h, p.ID, client
}

func sheet(t *testing.T, h *providertest.Host, id provider.ID, client provider.SetupClient) provider.SetupSheet {
	t.Helper()
	s, err := h.SetupSheet(t.Context(), providertest.Admin, id, client)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// grant sets what the provider of a host may do.
func grant(t *testing.T, h *providertest.Host, id provider.ID, v provider.Provisioning) {
	t.Helper()
	if _, err := h.SetGrants(t.Context(), providertest.Admin, id, v, h.Proof(provider.ActionGrants, id)); err != nil {
		t.Fatal(err)
	}
}

var everything = provider.Grants{UserTypes: []string{extension.EndUser, extension.Technician}, AnyOrganization: true}

// TestSetupFollowsSchemas compares the sheet with what /Schemas serves to the provider.
func TestSetupFollowsSchemas(t *testing.T) {
	for _, c := range []struct {
		name    string
		managed provider.ManagedSet
		schemas [][]byte
		added   int
	}{
		{"everything", provider.ManagedAll, nil, 2},
		{"the ninjaone set", provider.ManagedNinjaOne, nil, 2},
		{"a schema of the host", provider.ManagedAll, [][]byte{[]byte(costCenters)}, 3},
		{"a schema of the host, in the ninjaone set", provider.ManagedNinjaOne, [][]byte{[]byte(costCenters)}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, id, client := setupHost(t, func(config *provider.Config) { config.SCIM.Schemas = c.schemas })
			grant(t, h, id, provider.Provisioning{Grants: everything, Managed: c.managed})
			served := servedAttributes(t, h, client)
			for _, product := range setupClients {
				s := sheet(t, h, id, product)
				if len(s.Attributes) != c.added {
					t.Errorf("%s: %d attributes to add, want %d", product, len(s.Attributes), c.added)
				}
				for _, a := range s.Attributes {
					got, ok := served[a.Path]
					if !ok || got.Type != a.Type || got.MultiValued != a.Multi || got.CaseExact != a.CaseExact || got.Required != a.Required || got.Mutability != "readWrite" {
						t.Errorf("%s: %+v is served as %+v", product, a, got)
					}
					if !slices.ContainsFunc(s.Mapping, func(m provider.SetupMapping) bool { return m.Target == a.Path }) {
						t.Errorf("%s: %s is not mapped", product, a.Path)
					}
				}
				for path := range served {
					if strings.HasPrefix(path, extension.URN) && !slices.ContainsFunc(s.Attributes, func(a provider.SetupAttribute) bool { return a.Path == path }) {
						t.Errorf("%s: %s is served, and not to be added", product, path)
					}
				}
				for _, m := range s.Mapping {
					whole, _, _ := strings.Cut(m.Target, "[")
					if !strings.HasPrefix(whole, "urn:") {
						whole, _, _ = strings.Cut(whole, ".")
					}
					if got, ok := served[whole]; !ok || got.Mutability != "readWrite" {
						t.Errorf("%s: %s is mapped, and served as %+v", product, m.Target, got)
					}
				}
			}
		})
	}
}

type servedAttribute struct {
	Name, Type, Mutability           string
	MultiValued, CaseExact, Required bool
}

// servedAttributes returns the top-level attributes of users in /Schemas, by path.
func servedAttributes(t *testing.T, h *providertest.Host, client scimtest.Host) map[string]servedAttribute {
	t.Helper()
	_, text := h.Ask(client, http.MethodGet, "/Schemas", "")
	var list struct {
		Resources []struct {
			ID         string
			Attributes []servedAttribute
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	out := map[string]servedAttribute{"externalId": {Mutability: "readWrite"}} // a common attribute (RFC 7643 §3.1), of no schema
	for _, s := range list.Resources {
		if strings.HasSuffix(s.ID, ":Group") {
			continue
		}
		prefix := s.ID + ":"
		if strings.HasPrefix(s.ID, "urn:ietf:params:scim:schemas:core:") {
			prefix = ""
		}
		for _, a := range s.Attributes {
			out[prefix+a.Name] = a
		}
	}
	return out
}

// TestSetupSheets compares the sheets with those in testdata; GATEHOUSE_UPDATE=1 writes them anew.
func TestSetupSheets(t *testing.T) {
	h, id, _ := setupHost(t)
	for _, client := range setupClients {
		s := sheet(t, h, id, client)
		if len(s.SSO) != 7 || len(s.SCIM) != 18 {
			t.Errorf("%s: %d and %d steps, want 7 and 18", client, len(s.SSO), len(s.SCIM))
		}
		for _, steps := range [][]provider.SetupStep{s.SSO, s.SCIM} {
			for i, step := range steps {
				if step.Number != i+1 || step.Do == "" {
					t.Errorf("%s: step %d is %+v", client, i+1, step)
				}
			}
		}
		got, file := s.Markdown(), "testdata/setup/"+string(client)+".md"
		if os.Getenv("GATEHOUSE_UPDATE") == "1" {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is another than %s:\n%s", client, file, got)
		}
	}
}

func TestSetupMapping(t *testing.T) {
	source := func(s provider.SetupSheet, name string) string {
		for _, m := range s.Mapping {
			if strings.HasSuffix(m.Target, ":"+name) {
				return m.Source
			}
		}
		return "none"
	}
	some := provider.Grants{UserTypes: []string{extension.EndUser}, Organizations: []string{"7", "8", "all"}, AllowAll: true}
	for _, c := range []struct {
		name                   string
		v                      provider.Provisioning
		client                 provider.SetupClient
		userType, organization string
	}{
		{"both types, any organization", provider.Provisioning{Grants: everything}, provider.SetupEntra,
			`Switch(SingleAppRoleAssignment([appRoleAssignments]), "endUser", "Technician", "Technician")`, "the ID from Organizations > Copy Org ID"},
		{"both types at Okta", provider.Provisioning{Grants: everything, DefaultOrganization: "9"}, provider.SetupOkta,
			`isMemberOfGroupName("Technicians") ? "Technician" : "endUser"`, "9"},
		{"end users in some organizations", provider.Provisioning{Grants: some}, provider.SetupEntra,
			"endUser", `Switch([companyName], "7", "Company 1", "8")`},
		{"the same at Okta", provider.Provisioning{Grants: some, DefaultOrganization: "8"}, provider.SetupOktaCatalog,
			"endUser", `user.organization == "Company 1" ? "7" : "8"`},
		{"all by default", provider.Provisioning{Grants: some, DefaultOrganization: "all"}, provider.SetupEntra,
			"endUser", `Switch([companyName], "7", "Company 1", "8")`},
		{"all by default, any organization", provider.Provisioning{Grants: provider.Grants{UserTypes: []string{extension.Technician}, AnyOrganization: true, AllowAll: true}, DefaultOrganization: "all"}, provider.SetupGeneric,
			"Technician", "the ID from Organizations > Copy Org ID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, id, _ := setupHost(t)
			grant(t, h, id, c.v)
			s := sheet(t, h, id, c.client)
			if got := source(s, extension.UserType); got != c.userType {
				t.Errorf("userType from %s, want %s", got, c.userType)
			}
			if got := source(s, extension.OrganizationID); got != c.organization {
				t.Errorf("organizationId from %s, want %s", got, c.organization)
			}
		})
	}
}

// odd has attributes of every sort that a product may not be able to fill.
const odd = `{"id": "urn:example:odd:2.0:User", "name": "Odd", "attributes": [
	{"name": "seat", "type": "string", "multiValued": false, "required": true, "caseExact": true, "mutability": "immutable", "returned": "default"},
	{"name": "balance", "type": "decimal", "multiValued": false, "mutability": "readOnly", "returned": "default"},
	{"name": "tags", "type": "string", "multiValued": true, "mutability": "readWrite", "returned": "default"},
	{"name": "badge", "type": "complex", "multiValued": false, "mutability": "readWrite", "returned": "default",
		"subAttributes": [{"name": "number", "type": "string", "multiValued": false, "mutability": "readWrite", "returned": "default"}]}]}`

// TestSetupAddsWhatCanBeFilled: nothing is mapped that is readOnly, or that a product cannot send.
func TestSetupAddsWhatCanBeFilled(t *testing.T) {
	h, id, _ := setupHost(t, func(c *provider.Config) { c.SCIM.Schemas = [][]byte{[]byte(odd)} })
	for _, client := range setupClients {
		want := []string{"organizationId", "userType", "seat", "tags"}
		if client == provider.SetupEntra {
			want = want[:3]
		}
		s := sheet(t, h, id, client)
		var got []string
		for _, a := range s.Attributes {
			got = append(got, a.Name)
			if a.Required != (a.Name == "seat") {
				t.Errorf("%s: %s is required: %v", client, a.Name, a.Required)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q are to be added, want %q", client, got, want)
		}
		var mapped []string
		for _, m := range s.Mapping {
			if _, name, ok := strings.Cut(m.Target, ":2.0:User:"); ok && !strings.HasPrefix(m.Target, scim.EnterpriseURN) {
				mapped = append(mapped, name)
			}
		}
		if !slices.Equal(mapped, want) {
			t.Errorf("%s: %q are mapped, want %q", client, mapped, want)
		}
		refused := strings.Join(s.NotSupported, "\n")
		if !strings.Contains(refused, "odd:2.0:User:badge") || strings.Contains(refused, "User:balance") {
			t.Errorf("%s: not supported:\n%s", client, refused)
		}
		if strings.Contains(refused, "User:tags") != (client == provider.SetupEntra) {
			t.Errorf("%s: several values are not supported, or are:\n%s", client, refused)
		}
	}
}

// TestSetupNeverPlacesEverywhere: whatever a provider may hand out, no expression and no constant yields
// the organization "all", and it is spoken of only where it is allowed.
func TestSetupNeverPlacesEverywhere(t *testing.T) {
	all := regexp.MustCompile(`(?i)\ball\b`)
	h, id, _ := setupHost(t)
	for _, allow := range []bool{false, true} {
		for _, every := range []bool{false, true} {
			for _, fallback := range []string{"", "7", "all", "All"} {
				v := provider.Provisioning{DefaultOrganization: fallback, Grants: provider.Grants{
					UserTypes: everything.UserTypes, AnyOrganization: every, Organizations: []string{"all", "7", "ALL", "8"}, AllowAll: allow,
				}}
				if strings.EqualFold(fallback, "all") && (!allow || fallback == "All" && !every) {
					continue // SetGrants refuses it
				}
				grant(t, h, id, v)
				for _, client := range setupClients {
					s := sheet(t, h, id, client)
					spoken := false
					for _, m := range s.Mapping {
						if all.MatchString(m.Source) {
							t.Errorf("%s, %+v: %s from %s", client, v, m.Target, m.Source)
						}
						spoken = spoken || all.MatchString(m.Note)
					}
					if spoken != allow {
						t.Errorf("%s, %+v: all is spoken of: %v", client, v.Grants, spoken)
					}
				}
			}
		}
	}
}

// TestSetupListsGrants expects the organizations of a provider, those beyond what an expression shows too.
func TestSetupListsGrants(t *testing.T) {
	h, id, _ := setupHost(t)
	listed := []string{"1", "2", "3", `"4"`, "5", "6", "7", "8"}
	grant(t, h, id, provider.Provisioning{Grants: provider.Grants{UserTypes: everything.UserTypes, Organizations: append([]string{"all"}, listed...)}})
	s := sheet(t, h, id, provider.SetupEntra)
	if !slices.ContainsFunc(s.Mapping, func(m provider.SetupMapping) bool { return strings.Contains(m.Note, "other organizations") }) {
		t.Error("the mapping does not say that it is cut")
	}
	step := s.SCIM[2]
	var got []string
	for _, v := range step.Values {
		got = append(got, v.Value)
	}
	if !slices.Equal(got, listed) {
		t.Errorf("organizations %q, want %q", got, listed)
	}
	grant(t, h, id, provider.Provisioning{Grants: provider.Grants{UserTypes: everything.UserTypes}})
	if step = sheet(t, h, id, provider.SetupEntra).SCIM[2]; !strings.Contains(step.Do, "Choose organizations") {
		t.Errorf("with no organization: %s", step.Do)
	}
	whole := everything
	whole.Organizations = listed // which does not matter beside any
	grant(t, h, id, provider.Provisioning{Grants: whole})
	if step = sheet(t, h, id, provider.SetupEntra).SCIM[2]; !strings.Contains(step.Do, "any organization") || len(step.Values) != 0 {
		t.Errorf("with any organization: %+v", step)
	}
}

// TestSetupMatches: users are matched by their user name alone.
func TestSetupMatches(t *testing.T) {
	h, id, _ := setupHost(t)
	for _, client := range setupClients {
		for _, m := range sheet(t, h, id, client).Mapping {
			if want := map[string]int{"userName": 1}[m.Target]; m.Matching != want {
				t.Errorf("%s: %s has matching precedence %d, want %d", client, m.Target, m.Matching, want)
			}
		}
	}
}

// TestSetupTechnicians: the app role that the expression asks for is made, only where it is needed.
func TestSetupTechnicians(t *testing.T) {
	h, id, _ := setupHost(t)
	for _, c := range []struct {
		types []string
		want  bool
	}{{everything.UserTypes, true}, {[]string{extension.EndUser}, false}} {
		grant(t, h, id, provider.Provisioning{Grants: provider.Grants{UserTypes: c.types, AnyOrganization: true}})
		if step := sheet(t, h, id, provider.SetupEntra).SCIM[12]; strings.Contains(step.Where, "App roles") != c.want {
			t.Errorf("%q: %+v", c.types, step)
		}
	}
}

func TestSetupClaims(t *testing.T) {
	h, id, _ := setupHost(t)
	if got := sheet(t, h, id, provider.SetupEntra).Claims[0].Source; got != "user.userprincipalname" {
		t.Errorf("the NameID is %s", got)
	}
	match := provider.MatchWorkEmail
	if _, err := h.Change(t.Context(), providertest.Admin, id, provider.Change{Match: &match}); err != nil {
		t.Fatal(err)
	}
	if got := sheet(t, h, id, provider.SetupEntra).Claims[0].Source; got != "user.mail" {
		t.Errorf("the NameID is %s, where the work e-mail is matched", got)
	}
}

func TestSetupWithoutGroups(t *testing.T) {
	h, id, _ := setupHost(t, func(c *provider.Config) { c.Stores.Groups = nil })
	for _, client := range setupClients {
		s := sheet(t, h, id, client)
		if text := s.Markdown(); !strings.Contains(text, "Groups: they are not provisioned here") {
			t.Errorf("%s does not say that groups are not provisioned", client)
		}
		for _, step := range s.SCIM {
			if strings.Contains(step.Do, "and Push Groups") || strings.Contains(step.Do, "if roles are to follow") {
				t.Errorf("%s, step %d: %s", client, step.Number, step.Do)
			}
		}
	}
}

func TestSetupMarkdownIsWhole(t *testing.T) {
	s := provider.SetupSheet{
		Provider: "a\n## b", Product: "<script>", SSO: []provider.SetupStep{{Number: 1, Where: "*x*", Do: "[y](z)", Values: []provider.SetupValue{{Field: "f|", Value: "`` ` |\r\n| x"}}}},
		Mapping: []provider.SetupMapping{{Kind: "direct", Source: "a|b`c", Target: "t\n| u |", Note: "n | m"}},
	}
	text := s.Markdown()
	for _, want := range []string{"# Setup of a \\#\\# b for \\<script>", "**\\*x\\***: \\[y\\](z)", "f\\|: ``` `` ` |  | x ```", "| direct | `` a\\|b`c `` | `t \\| u \\|` |  | n \\| m |\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

// TestSetupKeepsItsShape: a sheet of a provider with hostile names has the lines of one with plain names.
func TestSetupKeepsItsShape(t *testing.T) {
	const hostile = "a | b `c` <img> *d*\n| e |\n# f"
	shape := func(name string, organizations ...string) (rows []string) {
		h, _, _ := setupHost(t)
		p, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		h.Provision(p.ID)
		grant(t, h, p.ID, provider.Provisioning{Grants: provider.Grants{UserTypes: everything.UserTypes, Organizations: organizations}})
		for line := range strings.Lines(sheet(t, h, p.ID, provider.SetupEntra).Markdown()) {
			bars := strings.Count(strings.ReplaceAll(line, "\\|", ""), "|")
			if !strings.HasPrefix(line, "|") {
				bars = 0 // only rows have cells
			}
			rows = append(rows, line[:1]+strings.Repeat("|", bars))
		}
		return rows
	}
	if plain, got := shape("plain", "1", "2"), shape("x | `y` <b> # [z](u)", hostile, hostile+"2"); !slices.Equal(got, plain) {
		t.Errorf("lines %q, want %q", got, plain)
	}
}

func TestSetupRefusals(t *testing.T) {
	h, id, _ := setupHost(t)
	if _, err := h.SetupSheet(t.Context(), providertest.Actor("other"), id, provider.SetupEntra); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("for another tenant: %v, want ErrNotFound", err)
	}
	_, err := h.SetupSheet(t.Context(), providertest.Admin, id, "ldap")
	if problem, ok := errors.AsType[*provider.Problem](err); !ok || !strings.Contains(problem.Detail, "ldap") {
		t.Errorf("for a product that nobody knows: %v", err)
	}
}
