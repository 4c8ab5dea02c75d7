package console

import (
	"testing"

	"github.com/seed-30109bde/gatehouse/saml"
)

// TestCheckList: whoever reads a test sees what failed without looking for it.
func TestCheckList(t *testing.T) {
	t.Parallel()
	checks := checkList{{Meaning: "1", Check: saml.Check{OK: true}}, {Meaning: "2"}, {Meaning: "3", Check: saml.Check{OK: true}}, {Meaning: "4"}}
	order := ""
	for _, check := range append(checks.Failed(), checks.Passed()...) {
		order += check.Meaning
	}
	if order != "2413" {
		t.Error(order)
	}
}
