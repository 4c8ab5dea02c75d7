package extension_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
)

func TestErrorText(t *testing.T) {
	const org, userType = extension.URN + ":organizationId", extension.URN + ":userType"
	for _, c := range []struct {
		name  string
		rules extension.Rules
		sent  extension.User
		value string   // of the Error
		parts []string // of its text
	}{
		{
			name:  "type",
			sent:  extension.User{UserType: "technician"},
			value: "technician",
			parts: []string{userType, `"technician"`, `"Technician"`, `"endUser"`},
		},
		{
			name:  "missing",
			rules: extension.Rules{RequireOrganization: true},
			parts: []string{org, "empty", "end user needs one", "default organization"},
		},
		{
			name:  "malformed",
			sent:  extension.User{OrganizationID: "7,8"},
			value: "7,8",
			parts: []string{org, `"7,8"`, "it must", "comma"},
		},
		{
			name:  "unknown, as it was sent",
			rules: extension.Rules{Resolve: nowhere},
			sent:  extension.User{OrganizationID: " All"},
			value: " All",
			parts: []string{org, `" All"`, "it must", "exists", "may assign"},
		},
		{
			name:  "malformed default",
			rules: extension.Rules{DefaultOrganization: "7,8"},
			value: "7,8",
			parts: []string{org, `"7,8"`, "default organization", "none was sent", "comma"},
		},
		{
			name:  "unknown default",
			rules: extension.Rules{DefaultOrganization: "99", Resolve: nowhere},
			value: "99",
			parts: []string{org, `"99"`, "default organization", "none was sent", "exists"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.rules.Create(t.Context(), c.sent)
			refusal, ok := errors.AsType[*extension.Error](err)
			if !ok {
				t.Fatalf("error %v is no *Error", err)
			}
			if refusal.Value != c.value {
				t.Errorf("Value %q, want %q", refusal.Value, c.value)
			}
			for _, part := range append(c.parts, refusal.Rule) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%q repeats what Resolve said", err)
			}
		})
	}
}

func nowhere(context.Context, string) (string, error) {
	return "", errors.Join(errors.New("secret"), extension.ErrUnknownOrganization)
}

func TestErrorShortensValue(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct{ name, value, quoted string }{
		{"fits", x(64), `"` + x(64) + `":`},
		{"does not fit", x(65), `"` + x(64) + `"…:`},
		{"rune fits", x(60) + "𝔸x", `"` + x(60) + `𝔸"…:`},
		{"rune cut after its first byte", x(63) + "𝔸", `"` + x(63) + `"…:`},
		{"rune cut before its last byte", x(61) + "𝔸", `"` + x(61) + `"…:`},
		{"not UTF-8", strings.Repeat("\x80", 1<<20), `"` + strings.Repeat(`\x80`, 60) + `"…:`},
		{"escaped", "a\n\u202eb", `"a\n\u202eb":`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := &extension.Error{Attribute: extension.UserType, Value: c.value, Rule: "it must not"}
			if got := err.Error(); !strings.Contains(got, "cannot be "+c.quoted) {
				t.Errorf("%s\ndoes not quote %s", got, c.quoted)
			}
		})
	}
}

// An outage is reported with the organization that was looked for, which may be a long text.
func TestOutageText(t *testing.T) {
	rules := extension.Rules{Resolve: func(context.Context, string) (string, error) { return "", errDown }}
	_, err := rules.Create(t.Context(), extension.User{OrganizationID: strings.Repeat("x", 100)})
	want := `extension: resolving organization "` + strings.Repeat("x", 64) + `"…: database is down`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// Resolve is given the caller's context.
func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rules := extension.Rules{Resolve: func(ctx context.Context, id string) (string, error) { return id, ctx.Err() }}
	before, after := extension.User{OrganizationID: "7"}, extension.User{OrganizationID: "8"}

	if _, err := rules.Create(ctx, after); !errors.Is(err, context.Canceled) {
		t.Errorf("Create: %v", err)
	}
	if _, err := rules.Update(ctx, before, after); !errors.Is(err, context.Canceled) {
		t.Errorf("Update: %v", err)
	}
	if _, errs := rules.Leave(ctx, before, after); len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("Leave: %v", errs)
	}
}
