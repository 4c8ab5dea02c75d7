package console_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
)

// TestGrantsWithoutRoles: where the host has no roles the form does not ask for them, and keeps what is granted.
func TestGrantsWithoutRoles(t *testing.T) {
	s := newSite(t)
	p := s.Connect(s.IdP(), "Acme", "acme.test")
	root := "/providers/" + string(p.ID)
	form := url.Values{"user_type": {"endUser"}, "organizations": {"any"}}
	for _, path := range []string{"/scim/enable", "/scim/grants"} {
		s.post(root+path, with(form), 200)
		got, err := s.Provider(t.Context(), providertest.Admin, p.ID)
		if g := got.Provisioning.Grants; err != nil || !g.AnyRole || !slices.Equal(g.UserTypes, []string{extension.EndUser}) {
			t.Errorf("%s: grants %+v, %v", path, g, err)
		}
	}
	const refused = "End users are refused as long as no organization is chosen here."
	if strings.Contains(s.get(root+"/scim", 200), refused) {
		t.Error("it warns although any organization is granted")
	}
	s.contains(s.post(root+"/scim/grants", with(url.Values{"user_type": {"endUser"}, "organizations": {"list"}}), 200), refused)
}

// TestEnableTooEarly: where nothing was changed, nothing was.
func TestEnableTooEarly(t *testing.T) {
	s := newSite(t)
	root := s.begin("draft.test")
	s.contains(s.post(root+"/scim/enable", with(url.Values{"user_type": {"endUser"}, "organizations": {"any"}}), 422), "Nothing was changed.", "enable this one first")
	got, err := s.Provider(t.Context(), providertest.Admin, provider.ID(root[len("/providers/"):]))
	if err != nil || len(got.Provisioning.Grants.UserTypes) > 0 {
		t.Errorf("grants %+v, %v", got.Provisioning.Grants, err)
	}
}

// TestEnableAgain: whoever wants no token is not made to say so twice.
func TestEnableAgain(t *testing.T) {
	s := newSite(t)
	root := "/providers/" + string(s.Connect(s.IdP(), "Acme", "acme.test").ID)
	page := s.post(root+"/scim/enable", url.Values{"user_type": {"endUser"}, "organizations": {"any"}, "roles": {"any"}, "code": {"wrong"}}, 422)
	if strings.Contains(page, `name="token" value="1" checked`) {
		t.Error("a token is asked for that was not")
	}
}
