package extension_test

import (
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
)

func TestCreate(t *testing.T) {
	var (
		free     extension.Rules
		required = extension.Rules{RequireOrganization: true}
		preset   = extension.Rules{RequireOrganization: true, DefaultOrganization: " acme "}
		org      = []verdict{refusesOrg}
	)
	for _, c := range []ruling{
		{name: "nothing sent", rules: free, want: extension.User{UserType: endUser}},
		{name: "end user", rules: free, after: extension.User{"7", endUser}, want: extension.User{"7", endUser}, asked: []string{"7"}},
		{name: "technician", rules: required, after: extension.User{"", technician}, want: extension.User{"", technician}},

		{name: "case of Technician", rules: free, after: extension.User{"7", "technician"}, verdicts: []verdict{refusesType}},
		{name: "case of endUser", rules: free, after: extension.User{"7", "EndUser"}, verdicts: []verdict{refusesType}},
		{name: "space around the type", rules: free, after: extension.User{"7", " endUser"}, verdicts: []verdict{refusesType}},
		{name: "blank type", rules: free, after: extension.User{"7", " "}, verdicts: []verdict{refusesType}},

		{name: "trimmed", rules: free, after: extension.User{"\t7\u00a0", ""}, want: extension.User{"7", endUser}, asked: []string{"7"}},
		{name: "canonical", rules: free, after: extension.User{"acme", ""}, want: extension.User{"42", endUser}, asked: []string{"acme"}},
		{name: "no canonical form", rules: free, after: extension.User{"quiet", ""}, want: extension.User{"quiet", endUser}, asked: []string{"quiet"}},
		{name: "global", rules: free, after: extension.User{" All ", ""}, want: extension.User{"all", endUser}, asked: []string{"all"}},
		{name: "unknown", rules: free, after: extension.User{"99", ""}, verdicts: []verdict{unknownOrg}, asked: []string{"99"}},
		{name: "the resolver's own refusal", rules: free, after: extension.User{"own", ""}, verdicts: []verdict{resolversOwnOrg}, asked: []string{"own"}},
		{name: "outage", rules: free, after: extension.User{"down", ""}, verdicts: []verdict{outage}, asked: []string{"down"}},

		{name: "required", rules: required, verdicts: org},
		{name: "required, blank", rules: required, after: extension.User{"  ", endUser}, verdicts: org},
		{name: "required, default blank", rules: extension.Rules{RequireOrganization: true, DefaultOrganization: " "}, verdicts: org},
		{name: "default", rules: preset, want: extension.User{"42", endUser}, asked: []string{"acme"}},
		{name: "default for blank", rules: preset, after: extension.User{" ", ""}, want: extension.User{"42", endUser}, asked: []string{"acme"}},
		{name: "no default for a refused value", rules: preset, after: extension.User{"99", ""}, verdicts: []verdict{unknownOrg}, asked: []string{"99"}},
		{name: "default unknown", rules: extension.Rules{DefaultOrganization: "99"}, verdicts: []verdict{unknownOrg}, asked: []string{"99"}},
		{name: "default malformed", rules: extension.Rules{DefaultOrganization: "7,8"}, verdicts: org},
		{name: "default out of reach", rules: extension.Rules{DefaultOrganization: "down"}, verdicts: []verdict{outage}, asked: []string{"down"}},

		{name: "technician's is not resolved", rules: preset, after: extension.User{" 99 ", technician}, want: extension.User{"99", technician}},
		{name: "technician's all is just text", rules: free, after: extension.User{"All", technician}, want: extension.User{"All", technician}},
		{name: "technician gets no default", rules: preset, after: extension.User{" ", technician}, want: extension.User{"", technician}},
		{name: "technician's malformed", rules: free, after: extension.User{"7,8", technician}, verdicts: org},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.check(t, func(r extension.Rules) (extension.User, []error) {
				u, err := r.Create(t.Context(), c.after)
				return u, list(err)
			})
		})
	}
}

func TestCreateWithoutResolve(t *testing.T) {
	for sent, want := range map[string]string{"": "", " anything goes ": "anything goes", "ALL": "all"} {
		got, err := extension.Rules{}.Create(t.Context(), extension.User{OrganizationID: sent})
		if err != nil || got != (extension.User{OrganizationID: want, UserType: endUser}) {
			t.Errorf("organizationId %q: got %+v, %v; want %q", sent, got, err, want)
		}
	}
}

func TestForm(t *testing.T) {
	for _, c := range []struct {
		name, id, rule string // rule is "" for a good id, else a part of the reason
	}{
		{"one character", "7", ""},
		{"space inside", "Acme Corp", ""},
		{"letters, marks, symbols", "Škoda – №1 (日本) 𝔸", ""},
		{"most characters", strings.Repeat("x", 128), ""},
		{"most characters, all wide", strings.Repeat("𝔸", 128), ""},
		{"replacement character, sent as such", "a\ufffdb", ""},
		{"one too many", strings.Repeat("x", 129), "128"},
		{"one too many, all wide", strings.Repeat("𝔸", 129), "128"},
		{"a megabyte", strings.Repeat("x", 1<<20), "128"},
		{"comma", "7,8", "comma"},
		{"only a comma", ",", "comma"},
		{"line break", "7\n8", "printable"},
		{"nul", "7\x00", "printable"},
		{"zero-width space", "7\u200b8", "printable"},
		{"right-to-left override", "\u202e7", "printable"},
		{"no-break space inside", "7\u00a08", "printable"},
		{"not UTF-8", "7\xff", "printable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, userType := range []string{technician, endUser} {
				got, err := extension.Rules{}.Create(t.Context(), extension.User{OrganizationID: c.id, UserType: userType})
				if c.rule == "" {
					if err != nil || got.OrganizationID != c.id {
						t.Errorf("%s: got %q, %v", userType, got.OrganizationID, err)
					}
					continue
				}
				if verdictOf(t, err) != refusesOrg || !strings.Contains(err.Error(), c.rule) {
					t.Errorf("%s: error %v, want one about %q", userType, err, c.rule)
				}
			}
		})
	}
}
