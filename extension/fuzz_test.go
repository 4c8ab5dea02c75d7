package extension_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/seed-30109bde/gatehouse/extension"
)

// FuzzRules checks what holds for every user and every request.
func FuzzRules(f *testing.F) {
	words := []string{"", "7", " 7", "All", "all", "7,8", "?", "!", "a-b", "\xff", "\u200b"}
	types := []string{"", technician, endUser, "tech"}
	for i, org := range words {
		for j, userType := range types {
			next := words[(i+j+1)%len(words)]
			f.Add(org, userType, next, types[(i+j)%len(types)], words[(i*j+1)%len(words)], i%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, beforeOrg, beforeType, afterOrg, afterType, preset string, require bool) {
		asked := 0
		rules := extension.Rules{
			RequireOrganization: require,
			DefaultOrganization: preset,
			Resolve: func(_ context.Context, id string) (string, error) {
				asked++
				if !formed(id) || id == "" {
					t.Errorf("Resolve was asked for %q", id)
				}
				return answer(id)
			},
		}
		before := extension.User{OrganizationID: beforeOrg, UserType: beforeType}
		after := extension.User{OrganizationID: afterOrg, UserType: afterType}

		created, err := rules.Create(t.Context(), after)
		checkError(t, err)
		if err == nil {
			checkUser(t, created, extension.User{})
			if require && created.UserType == endUser && created.OrganizationID == "" {
				t.Error("Create left out the organization")
			}
			checkStays(t, rules, created, &asked)
		}

		updated, err := rules.Update(t.Context(), before, after)
		checkError(t, err)
		if err == nil {
			checkUser(t, updated, before)
			checkStays(t, rules, updated, &asked)
		}
		if err != nil && updated != (extension.User{}) {
			t.Errorf("Update returned %+v beside an error", updated)
		}
		if beforeType == technician && (afterType == "" || afterType == endUser) && err != nil && !errors.Is(err, errDown) {
			t.Errorf("Update refused a demotion: %v", err)
		}

		left, errs := rules.Leave(t.Context(), before, after)
		checkUser(t, left, before)
		if (err == nil) != (errs == nil) || err == nil && left != updated {
			t.Errorf("Update: %+v, %v\nLeave: %+v, %v", updated, err, left, errs)
		}
		for _, err := range errs {
			if err == nil {
				t.Error("Leave listed a nil error")
			}
			checkError(t, err)
		}
	})
}

// answer agrees with most organizations, and changes the form of some.
func answer(id string) (string, error) {
	switch id[0] {
	case '?':
		return "", extension.ErrUnknownOrganization
	case '!':
		return "", errDown
	case '=':
		return "", nil
	}
	return strings.ReplaceAll(id, "-", "_"), nil
}

// checkUser checks that got has nothing but what before had, or what any user may have.
func checkUser(t *testing.T, got, before extension.User) {
	t.Helper()
	if got.UserType != technician && got.UserType != endUser && (got.UserType != before.UserType || got.UserType == "") {
		t.Errorf("userType %q", got.UserType)
	}
	kept := got.OrganizationID == before.OrganizationID
	if !kept && !formed(got.OrganizationID) {
		t.Errorf("organizationId %q is malformed", got.OrganizationID)
	}
	demoted := got.UserType == endUser && before.UserType != endUser && before.UserType != ""
	if got.OrganizationID == "" || got.UserType == technician || kept && !demoted {
		return
	}
	// This organization has just got its meaning; Resolve must have agreed to it.
	if _, err := answer(got.OrganizationID); err != nil {
		t.Errorf("organizationId %q was let through: %v", got.OrganizationID, err)
	}
	if strings.EqualFold(got.OrganizationID, extension.All) && got.OrganizationID != extension.All {
		t.Errorf("organizationId %q is a second way to say all", got.OrganizationID)
	}
}

// checkStays checks that a user whom nothing changes stays, and that nobody is asked.
func checkStays(t *testing.T, rules extension.Rules, u extension.User, asked *int) {
	t.Helper()
	*asked = 0
	if again, err := rules.Update(t.Context(), u, u); again != u || err != nil {
		t.Errorf("Update changed %+v to %+v, %v", u, again, err)
	}
	if again, errs := rules.Leave(t.Context(), u, u); again != u || errs != nil {
		t.Errorf("Leave changed %+v to %+v, %v", u, again, errs)
	}
	if *asked != 0 {
		t.Errorf("Resolve was asked about %+v, who did not change", u)
	}
}

// checkError checks that an error is a readable refusal or the resolver's.
func checkError(t *testing.T, err error) {
	t.Helper()
	refusal, refused := errors.AsType[*extension.Error](err)
	if !refused {
		if err != nil && !errors.Is(err, errDown) {
			t.Errorf("%v is no refusal", err)
		}
		return
	}
	text := refusal.Error()
	if len(text) > 600 || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		t.Errorf("%q cannot be shown", text)
	}
	if !strings.Contains(text, extension.URN+":"+refusal.Attribute) || !strings.Contains(text, refusal.Rule) {
		t.Errorf("%q does not say what is wrong where", text)
	}
}

// formed says in other words than the package what an organizationId, or none, looks like.
func formed(id string) bool {
	length := 0
	for i, c := range id {
		length++
		_, size := utf8.DecodeRuneInString(id[i:])
		if c == ',' || !unicode.IsGraphic(c) || unicode.IsSpace(c) && c != ' ' || c == utf8.RuneError && size == 1 {
			return false
		}
	}
	return length <= 128 && id == strings.TrimSpace(id)
}
