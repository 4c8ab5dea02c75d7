package saml

import (
	"strings"
	"testing"
)

func TestIdPPageError(t *testing.T) {
	for _, c := range []struct {
		text, shown string
		vendor      Vendor
		path        string // in it
	}{
		{"AADSTS50105", "AADSTS50105", VendorEntraID, "Users and groups"},
		{"50105", "AADSTS50105", VendorEntraID, "Users and groups"},
		{" aadsts50105 ", "AADSTS50105", VendorEntraID, "Users and groups"},
		{"Sorry, but we're having trouble.\nAADSTS50105: Your administrator has configured…", "AADSTS50105", VendorEntraID, "Users and groups"},
		{"AADSTS700016", "AADSTS700016", VendorEntraID, "Identifier (Entity ID)"},
		{"AADSTS650056", "AADSTS650056", VendorEntraID, "Identifier (Entity ID)"},
		{"AADSTS50011", "AADSTS50011", VendorEntraID, "Reply URL"},
		{"750054", "AADSTS750054", VendorEntraID, "Sign on URL"},
		{"75011", "AADSTS75011", VendorEntraID, "Conditional Access"},
		{"403 App Not Assigned", "403 App Not Assigned", VendorOkta, "Assignments"},
		{"User is not assigned to the client application.", "403 App Not Assigned", VendorOkta, "Assignments"},
		{"Sorry, you can't access Acme because you are not assigned this app in Okta.", "403 App Not Assigned", VendorOkta, "Assignments"},
		{"Error: app_not_configured", "app_not_configured", VendorGoogle, "Entity ID"},
		{"403. That's an error. Error: app_not_configured_for_user. Service is not configured for this user.", "app_not_configured_for_user", VendorGoogle, "Entity ID"},
		{"app_not_enabled_for_user", "app_not_enabled_for_user", VendorGoogle, "User access"},
		{"We are sorry... Invalid redirect uri", "Invalid redirect uri", VendorKeycloak, "Valid redirect URIs"},
		{"We are sorry...\nInvalid requester", "Invalid requester", VendorKeycloak, "Signing keys config"},
	} {
		got, ok := IdPPageError(c.text)
		if !ok || got.Shown != c.shown || got.Vendor != c.vendor || !strings.Contains(got.Path, c.path) {
			t.Errorf("%q: got %+v, %t", c.text, got, ok)
		}
	}
	for _, text := range []string{"", "AADSTS", "AADSTS501050", "xAADSTS50105", "5010", "an error 50105", "app_not_configured_for_userx", strings.Repeat("x", maxPageText) + " AADSTS50105"} {
		if got, ok := IdPPageError(text); ok {
			t.Errorf("%.40q: got %+v", text, got)
		}
	}
}

func TestEveryPageErrorIsComplete(t *testing.T) {
	for _, n := range pages() {
		for _, name := range append([]string{n.title}, n.also...) {
			got, ok := IdPPageError(name)
			if !ok || got.Shown != n.title || got.Vendor == "" || got.Meaning == "" || got.Fixer == "" || got.Action == "" || got.Path == "" {
				t.Errorf("%s: got %+v, %t", name, got, ok)
			}
		}
	}
}
