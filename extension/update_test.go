package extension_test

import (
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
)

func TestUpdate(t *testing.T) {
	type user = extension.User
	var (
		required = extension.Rules{RequireOrganization: true}
		preset   = extension.Rules{RequireOrganization: true, DefaultOrganization: "acme"}
		badDeflt = extension.Rules{DefaultOrganization: "99"}
		offDeflt = extension.Rules{DefaultOrganization: "down"}
	)
	for _, c := range []ruling{
		// What does not change is not judged.
		{name: "same", rules: required, before: user{"7", endUser}, after: user{"7", endUser}, want: user{"7", endUser}},
		{name: "same unknown", rules: required, before: user{"99", endUser}, after: user{"99", endUser}, want: user{"99", endUser}},
		{name: "same malformed", rules: required, before: user{" 7,8", endUser}, after: user{" 7,8", endUser}, want: user{" 7,8", endUser}},
		{name: "same missing", rules: preset, before: user{"", endUser}, after: user{"", endUser}, want: user{"", endUser}},
		{name: "missing and blank are the same", rules: preset, before: user{"", endUser}, after: user{" ", endUser}, want: user{"", endUser}},
		{name: "same but for space", rules: required, before: user{"99", endUser}, after: user{" 99 ", endUser}, want: user{"99", endUser}},
		{name: "same but for the case of all", rules: required, before: user{"all", endUser}, after: user{"All", endUser}, want: user{"all", endUser}},
		{name: "same misspelled type", rules: required, before: user{"99", "tech"}, after: user{"99", "tech"}, want: user{"99", "tech"}},
		{name: "same technician", rules: required, before: user{"7,8", technician}, after: user{"7,8", technician}, want: user{"7,8", technician}},
		{name: "no type before and after", rules: required, before: user{"99", ""}, after: user{"99", ""}, want: user{"99", endUser}},
		{name: "no type before is end user", rules: required, before: user{"99", ""}, after: user{"99", endUser}, want: user{"99", endUser}},
		{name: "end user's type removed", rules: required, before: user{"99", endUser}, after: user{"99", ""}, want: user{"99", endUser}},

		// What changes is.
		{name: "moved", rules: required, before: user{"7", endUser}, after: user{" 8 ", endUser}, want: user{"8", endUser}, asked: []string{"8"}},
		{name: "stored space mended", rules: required, before: user{" 7", endUser}, after: user{"7", endUser}, want: user{"7", endUser}, asked: []string{"7"}},
		{name: "moved, canonical", rules: required, before: user{"7", endUser}, after: user{"acme", endUser}, want: user{"42", endUser}, asked: []string{"acme"}},
		{name: "made global", rules: required, before: user{"7", endUser}, after: user{"ALL", endUser}, want: user{"all", endUser}, asked: []string{"all"}},
		{name: "case matters elsewhere", rules: required, before: user{"acme", endUser}, after: user{"ACME", endUser}, verdicts: []verdict{unknownOrg}, asked: []string{"ACME"}},
		{name: "moved to unknown", rules: preset, before: user{"7", endUser}, after: user{"99", endUser}, verdicts: []verdict{unknownOrg}, asked: []string{"99"}},
		{name: "moved to malformed", rules: preset, before: user{"7", endUser}, after: user{"7,8", endUser}, verdicts: []verdict{refusesOrg}},
		{name: "moved in an outage", rules: preset, before: user{"7", endUser}, after: user{"down", endUser}, verdicts: []verdict{outage}, asked: []string{"down"}},
		{name: "misspelled type moved", rules: required, before: user{"7", "tech"}, after: user{"99", "tech"}, verdicts: []verdict{unknownOrg}, asked: []string{"99"}},
		{name: "type misspelled", rules: required, before: user{"7", endUser}, after: user{"7", "enduser"}, verdicts: []verdict{refusesType}},
		{name: "type misspelled otherwise", rules: required, before: user{"7", "tech"}, after: user{"7", "Tech"}, verdicts: []verdict{refusesType}},
		{name: "technician's changed", rules: preset, before: user{"7", technician}, after: user{" 99 ", technician}, want: user{"99", technician}},
		{name: "technician's malformed", rules: preset, before: user{"7", technician}, after: user{"7,8", technician}, verdicts: []verdict{refusesOrg}},

		// Removal.
		{name: "removed", before: user{"7", endUser}, after: user{"", endUser}, want: user{"", endUser}},
		{name: "removed, required", rules: required, before: user{"7", endUser}, after: user{"", endUser}, verdicts: []verdict{refusesOrg}},
		{name: "removed, default", rules: preset, before: user{"7", endUser}, after: user{" ", endUser}, want: user{"42", endUser}, asked: []string{"acme"}},
		{name: "removed, default unknown", rules: badDeflt, before: user{"7", endUser}, after: user{"", endUser}, verdicts: []verdict{unknownOrg}, asked: []string{"99"}},
		{name: "removed from technician", rules: preset, before: user{"7", technician}, after: user{"", technician}, want: user{"", technician}},

		// Promotion.
		{name: "promoted", rules: required, before: user{"99", endUser}, after: user{"99", technician}, want: user{"99", technician}},
		{name: "promoted, all", rules: required, before: user{"all", endUser}, after: user{"all", technician}, want: user{"all", technician}},
		{name: "promoted without", rules: preset, before: user{"", ""}, after: user{"", technician}, want: user{"", technician}},
		{name: "promoted and malformed", rules: required, before: user{"7", endUser}, after: user{"7,8", technician}, verdicts: []verdict{refusesOrg}},
		{name: "misspelled made technician", rules: required, before: user{"99", "tech"}, after: user{"99", technician}, want: user{"99", technician}},

		// Demotion, which is never refused.
		{name: "demoted", rules: required, before: user{"7", technician}, after: user{"7", endUser}, want: user{"7", endUser}, asked: []string{"7"}},
		{name: "demoted by removal", rules: required, before: user{"acme", technician}, after: user{"acme", ""}, want: user{"42", endUser}, asked: []string{"acme"}},
		{name: "demoted and moved", rules: required, before: user{"7", technician}, after: user{" 8", endUser}, want: user{"8", endUser}, asked: []string{"8"}},
		{name: "demoted, all gets its meaning", rules: required, before: user{"All", technician}, after: user{"All", endUser}, want: user{"all", endUser}, asked: []string{"all"}},
		{name: "demoted without", rules: required, before: user{"", technician}, after: user{"", endUser}, want: user{"", endUser}},
		{name: "demoted without, default", rules: preset, before: user{"", technician}, after: user{"", endUser}, want: user{"42", endUser}, asked: []string{"acme"}},
		{name: "demoted, unknown", rules: required, before: user{"99", technician}, after: user{"99", endUser}, want: user{"", endUser}, asked: []string{"99"}},
		{name: "demoted, unknown, default", rules: preset, before: user{"99", technician}, after: user{"99", endUser}, want: user{"42", endUser}, asked: []string{"99", "acme"}},
		{name: "demoted, malformed, default", rules: preset, before: user{"7,8", technician}, after: user{"7,8", endUser}, want: user{"42", endUser}, asked: []string{"acme"}},
		{name: "demoted, refused by the resolver", before: user{"own", technician}, after: user{"own", endUser}, want: user{"", endUser}, asked: []string{"own"}},
		{name: "demoted, default unknown", rules: badDeflt, before: user{"7,8", technician}, after: user{"7,8", endUser}, want: user{"", endUser}, asked: []string{"99"}},
		{name: "demoted in an outage", rules: preset, before: user{"down", technician}, after: user{"down", endUser}, verdicts: []verdict{outage}, asked: []string{"down"}},
		{name: "demoted, default in an outage", rules: offDeflt, before: user{"99", technician}, after: user{"99", endUser}, verdicts: []verdict{outage}, asked: []string{"99", "down"}},
		{name: "misspelled made end user", rules: required, before: user{"99", "tech"}, after: user{"99", endUser}, want: user{"", endUser}, asked: []string{"99"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.check(t, func(r extension.Rules) (extension.User, []error) {
				u, err := r.Update(t.Context(), c.before, c.after)
				return u, list(err)
			})
			if len(c.verdicts) > 0 {
				return
			}
			// Whoever leaves with a change that is fine leaves with that change.
			c.check(t, func(r extension.Rules) (extension.User, []error) {
				return r.Leave(t.Context(), c.before, c.after)
			})
		})
	}
}
