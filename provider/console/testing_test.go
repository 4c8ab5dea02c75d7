package console

import (
	"testing"

	"github.com/seed-30109bde/gatehouse/saml"
)

// TestFailedFirst: whoever reads a test sees what failed without looking for it.
func TestFailedFirst(t *testing.T) {
	t.Parallel()
	checks := []checkView{{Meaning: "1", Check: saml.Check{OK: true}}, {Meaning: "2"}, {Meaning: "3", Check: saml.Check{OK: true}}, {Meaning: "4"}}
	failedFirst(checks)
	order := ""
	for _, check := range checks {
		order += check.Meaning
	}
	if order != "2413" {
		t.Error(order)
	}
}
