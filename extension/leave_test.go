package extension_test

import (
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
)

// TestUpdate holds the changes that are fine; these are the others.
func TestLeave(t *testing.T) {
	type user = extension.User
	var (
		required = extension.Rules{RequireOrganization: true}
		badDeflt = extension.Rules{DefaultOrganization: "99"}
		offDeflt = extension.Rules{DefaultOrganization: "down"}
		bad      = refusesType
	)
	for _, c := range []ruling{
		{name: "unknown", before: user{"7", endUser}, after: user{"99", endUser}, want: user{"7", endUser}, verdicts: []verdict{unknownOrg}, asked: []string{"99"}},
		{name: "malformed", before: user{"7", endUser}, after: user{"7,8", endUser}, want: user{"7", endUser}, verdicts: []verdict{refusesOrg}},
		{name: "malformed, technician", before: user{"7", technician}, after: user{"7,8", technician}, want: user{"7", technician}, verdicts: []verdict{refusesOrg}},
		{name: "malformed, as before", before: user{"1,2", endUser}, after: user{"7,8", endUser}, want: user{"1,2", endUser}, verdicts: []verdict{refusesOrg}},
		{name: "outage", before: user{"7", endUser}, after: user{"down", endUser}, want: user{"7", endUser}, verdicts: []verdict{outage}, asked: []string{"down"}},
		{name: "removed, required", rules: required, before: user{"7", endUser}, after: user{"", endUser}, want: user{"7", endUser}, verdicts: []verdict{refusesOrg}},
		{name: "removed, default unknown", rules: badDeflt, before: user{"7", endUser}, after: user{"", endUser}, want: user{"7", endUser}, verdicts: []verdict{unknownOrg}, asked: []string{"99"}},
		{name: "promoted, malformed", before: user{"7", endUser}, after: user{"7,8", technician}, want: user{"7", technician}, verdicts: []verdict{refusesOrg}},

		{name: "type", before: user{"7", endUser}, after: user{"7", "enduser"}, want: user{"7", endUser}, verdicts: []verdict{bad}},
		{name: "type, but moved", before: user{"7", endUser}, after: user{"8", "enduser"}, want: user{"8", endUser}, verdicts: []verdict{bad}, asked: []string{"8"}},
		{name: "type, and unknown", before: user{"7", endUser}, after: user{"99", "enduser"}, want: user{"7", endUser}, verdicts: []verdict{bad, unknownOrg}, asked: []string{"99"}},
		{name: "type, and outage", before: user{"7", endUser}, after: user{"down", "enduser"}, want: user{"7", endUser}, verdicts: []verdict{bad, outage}, asked: []string{"down"}},
		{name: "type of a technician", before: user{"7", technician}, after: user{"99", "enduser"}, want: user{"99", technician}, verdicts: []verdict{bad}},
		{name: "type, none before", before: user{"7", ""}, after: user{"7", "enduser"}, want: user{"7", endUser}, verdicts: []verdict{bad}},
		{name: "type, misspelled before", before: user{"7", "tech"}, after: user{"7", "Tech"}, want: user{"7", "tech"}, verdicts: []verdict{bad}},

		{name: "demoted in an outage", before: user{"down", technician}, after: user{"down", endUser}, want: user{"", endUser}, verdicts: []verdict{outage}, asked: []string{"down"}},
		{name: "demoted and moved in an outage", before: user{"all", technician}, after: user{"down", ""}, want: user{"", endUser}, verdicts: []verdict{outage}, asked: []string{"down"}},
		{name: "demoted, default in an outage", rules: offDeflt, before: user{"99", technician}, after: user{"99", endUser}, want: user{"", endUser}, verdicts: []verdict{outage}, asked: []string{"99", "down"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.check(t, func(r extension.Rules) (extension.User, []error) {
				return r.Leave(t.Context(), c.before, c.after)
			})
		})
	}
}
