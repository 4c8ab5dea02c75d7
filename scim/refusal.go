package scim

import (
	"fmt"
	"time"
)

// A Refusal is the answer to a request that is not carried out. Its Detail is the only error text
// a client ever sees, so it names what was refused, the value received and the rule.
type Refusal struct {
	Status     int           // HTTP status, 400 to 599
	Type       string        // the scimType of RFC 7644 §3.12, or ""
	Detail     string        // a sentence for whoever reads the identity provider's log
	RetryAfter time.Duration // for 429 and 503, sent in whole seconds; 0 = not sent
}

// Error returns the status and the detail.
func (r *Refusal) Error() string { return fmt.Sprintf("scim: refused with %d: %s", r.Status, r.Detail) }

// Kinds of refusals, by the scimType of RFC 7644 §3.12.

func invalidValue(format string, args ...any) *Refusal {
	return &Refusal{Status: 400, Type: "invalidValue", Detail: fmt.Sprintf(format, args...)}
}

func invalidSyntax(format string, args ...any) *Refusal {
	return &Refusal{Status: 400, Type: "invalidSyntax", Detail: fmt.Sprintf(format, args...)}
}

func mutability(format string, args ...any) *Refusal {
	return &Refusal{Status: 400, Type: "mutability", Detail: fmt.Sprintf(format, args...)}
}

func noTarget(format string, args ...any) *Refusal {
	return &Refusal{Status: 400, Type: "noTarget", Detail: fmt.Sprintf(format, args...)}
}
