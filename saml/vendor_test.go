package saml

import "testing"

func TestGuessVendor(t *testing.T) {
	for _, c := range []struct {
		entityID, ssoURL string
		want             Vendor
	}{
		{"https://sts.windows.net/7e3b/", "https://login.microsoftonline.com/7e3b/saml2", VendorEntraID},
		{"https://sts.windows.net/7e3b/", "", VendorEntraID},
		{"", "https://login.microsoftonline.us/7e3b/saml2", VendorEntraID},
		{"http://www.okta.com/exk1", "https://acme.okta.com/app/x/exk1/sso/saml", VendorOkta},
		{"http://www.okta.com/exk1", "https://login.acme.example/app/x/exk1/sso/saml", VendorOkta},
		{"http://www.okta.com/exk1", "https://acme.oktapreview.com/app/x/sso/saml", VendorOkta},
		{"https://accounts.google.com/o/saml2?idpid=C0", "https://accounts.google.com/o/saml2/idp?idpid=C0", VendorGoogle},
		{"http://sts.acme.example/adfs/services/trust", "https://sts.acme.example/adfs/ls/", VendorADFS},
		{"https://acme.example/realms/main", "https://acme.example/realms/main/protocol/saml", VendorKeycloak},
		{"https://acme.example/auth/realms/main", "https://acme.example/auth/realms/main/protocol/saml", VendorKeycloak},
		{"acme", "https://sso.jumpcloud.com/saml2/acme", VendorJumpCloud},
		{"https://app.onelogin.com/saml/metadata/1", "https://acme.onelogin.com/trust/saml2/http-post/sso/1", VendorOneLogin},
		{"acme:idp", "https://sso.acme.example/idp/SSO.saml2", VendorPingFederate},
		{"https://auth.pingone.example", "https://acme.pingidentity.com/x", VendorPingFederate},
		{"HTTPS://STS.WINDOWS.NET/x/", "", VendorEntraID},
		{"", "", VendorGeneric},
		{"acme", "https://idp.acme.example/sso", VendorGeneric},
		{"", "https://notokta.com/x", VendorGeneric},
		{"", "https://okta.com.attacker.example/x", VendorGeneric},
		{"", "https://okta.com@attacker.example/x", VendorGeneric},
		{"", "https://idp.example/?next=/adfs/", VendorGeneric},
		{"", "://%zz/adfs/", VendorGeneric},
		{"/adfs/", "/adfs/", VendorGeneric},
	} {
		if got := GuessVendor(c.entityID, c.ssoURL); got != c.want {
			t.Errorf("%s, %s: got %q, want %q", c.entityID, c.ssoURL, got, c.want)
		}
	}
}

func TestVendorsAreACopy(t *testing.T) {
	Vendors()[0] = "changed"
	if Vendors()[0] == "changed" {
		t.Error("a caller has changed the list")
	}
}
