package extension_test

import (
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
)

func TestDecimalID(t *testing.T) {
	for id, want := range map[string]string{
		"1":                   "1",
		"42":                  "42",
		"9223372036854775807": "9223372036854775807",
		"all":                 "all",
		"ALL":                 "all",

		// An empty want is a refusal.
		"":                     "",
		"0":                    "",
		"007":                  "",
		"-7":                   "",
		"+7":                   "",
		" 7":                   "",
		"7.0":                  "",
		"1e3":                  "",
		"0x7":                  "",
		"1_000":                "",
		"٧":                    "", // a digit, but not one of ours
		"9223372036854775808":  "",
		"99999999999999999999": "",
		"acme":                 "",
		"alle":                 "",
	} {
		got, err := extension.DecimalID(t.Context(), id)
		if got != want {
			t.Errorf("DecimalID(%q) = %q, want %q", id, got, want)
		}
		if want != "" {
			if err != nil {
				t.Errorf("DecimalID(%q): %v", id, err)
			}
			continue
		}
		if verdictOf(t, err) != refusesOrg || !strings.Contains(err.Error(), "decimal") {
			t.Errorf("DecimalID(%q): error %v, want one that asks for a decimal ID", id, err)
		}
	}
}

// As a preset it speaks for itself, and lets global end users through.
func TestDecimalIDAsResolve(t *testing.T) {
	rules := extension.Rules{Resolve: extension.DecimalID}
	if u, err := rules.Create(t.Context(), extension.User{OrganizationID: " All "}); err != nil || u.OrganizationID != extension.All {
		t.Errorf("all: %+v, %v", u, err)
	}
	if _, err := rules.Create(t.Context(), extension.User{OrganizationID: "acme"}); verdictOf(t, err) != refusesOrg {
		t.Errorf("acme: %v", err)
	}
}
