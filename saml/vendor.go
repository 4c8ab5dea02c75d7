package saml

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A Vendor is a maker of identity providers, under the name that administrators know. The zero Vendor
// is any.
type Vendor string

// The vendors whose menus are known.
const (
	VendorGeneric      Vendor = ""
	VendorEntraID      Vendor = "Entra ID"
	VendorOkta         Vendor = "Okta"
	VendorGoogle       Vendor = "Google Workspace"
	VendorADFS         Vendor = "AD FS"
	VendorKeycloak     Vendor = "Keycloak"
	VendorJumpCloud    Vendor = "JumpCloud"
	VendorOneLogin     Vendor = "OneLogin"
	VendorPingFederate Vendor = "PingFederate"
)

var vendors = [...]Vendor{VendorEntraID, VendorOkta, VendorGoogle, VendorADFS, VendorKeycloak, VendorJumpCloud, VendorOneLogin, VendorPingFederate}

// Vendors returns the vendors whose menus are known, for a host that lets people choose.
func Vendors() []Vendor { return slices.Clone(vendors[:]) }

// vendorCalled returns the vendor of a name in the entries.
func vendorCalled(name string) (Vendor, error) {
	if name == "Generic" {
		return VendorGeneric, nil
	}
	if v := Vendor(name); slices.Contains(vendors[:], v) {
		return v, nil
	}
	return "", fmt.Errorf("no vendor is called %q", name)
}

// A trait is what the URLs of a vendor have in common: a domain, or a part of the path.
type trait struct {
	vendor     Vendor
	host, path string
}

var traits = [...]trait{
	{vendor: VendorEntraID, host: "sts.windows.net"},
	{vendor: VendorEntraID, host: "login.microsoftonline.com"},
	{vendor: VendorEntraID, host: "login.microsoftonline.us"},
	{vendor: VendorEntraID, host: "login.partner.microsoftonline.cn"},
	{vendor: VendorEntraID, host: "sts.chinacloudapi.cn"},
	{vendor: VendorOkta, host: "okta.com"},
	{vendor: VendorOkta, host: "oktapreview.com"},
	{vendor: VendorOkta, host: "okta-emea.com"},
	{vendor: VendorOkta, host: "okta-gov.com"},
	{vendor: VendorGoogle, host: "accounts.google.com"},
	{vendor: VendorJumpCloud, host: "jumpcloud.com"},
	{vendor: VendorOneLogin, host: "onelogin.com"},
	{vendor: VendorPingFederate, host: "pingidentity.com"},
	{vendor: VendorADFS, path: "/adfs/"},
	{vendor: VendorKeycloak, path: "/realms/"},
	{vendor: VendorPingFederate, path: "/idp/sso.saml2"},
}

// GuessVendor guesses who made an identity provider, from its entity ID and the URL of its
// single sign-on service. It is good for showing the right menu, and for nothing else: anybody may
// have such URLs.
func GuessVendor(entityID, ssoURL string) Vendor {
	for _, text := range []string{ssoURL, entityID} {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" {
			continue
		}
		for _, t := range traits {
			if t.fits(strings.ToLower(u.Hostname()), strings.ToLower(u.Path)) {
				return t.vendor
			}
		}
	}
	return VendorGeneric
}

func (t trait) fits(host, path string) bool {
	if t.host != "" {
		return host == t.host || strings.HasSuffix(host, "."+t.host)
	}
	return strings.Contains(path, t.path)
}
