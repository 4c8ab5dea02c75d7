package samltest

import (
	"crypto/x509"
	"encoding/base64"
	"strings"
)

const (
	nsMetadata      = "urn:oasis:names:tc:SAML:2.0:metadata"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// metadata returns what an identity provider publishes: the certificates of its keys, and where its
// endpoints are. It has no single logout if slo is empty.
func metadata(entityID, sso, slo string, certificates ...*x509.Certificate) []byte {
	var b strings.Builder
	b.WriteString(`<md:EntityDescriptor xmlns:md="` + nsMetadata + `" xmlns:ds="` + nsSignature + `"` +
		attribute("entityID", entityID) + `><md:IDPSSODescriptor protocolSupportEnumeration="` + nsProtocol + `">`)
	for _, c := range certificates {
		b.WriteString(`<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` +
			base64.StdEncoding.EncodeToString(c.Raw) +
			`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`)
	}
	endpoint := func(kind, location string) {
		for _, binding := range []string{bindingRedirect, bindingPOST} {
			b.WriteString("<md:" + kind + attribute("Binding", binding) + attribute("Location", location) + "/>")
		}
	}
	if slo != "" {
		endpoint("SingleLogoutService", slo)
	}
	b.WriteString("<md:NameIDFormat>" + emailFormat + "</md:NameIDFormat>")
	endpoint("SingleSignOnService", sso)
	b.WriteString("</md:IDPSSODescriptor></md:EntityDescriptor>")
	return []byte(b.String())
}
