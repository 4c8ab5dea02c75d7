package saml

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A NotMetadata says what was given in place of the metadata of an identity provider.
type NotMetadata struct {
	Given Given
	// Hint says what to fetch or to do instead, for whoever set it up.
	Hint string
}

// A Given is what people take for metadata.
type Given string

// What is recognised.
const (
	GivenNothing         Given = "nothing"
	GivenCertificate     Given = "a certificate"
	GivenPrivateKey      Given = "a private key"
	GivenURL             Given = "a URL"
	GivenHTML            Given = "a web page"
	GivenOpenID          Given = "an OpenID Connect configuration"
	GivenJSON            Given = "JSON"
	GivenUTF16           Given = "a text in UTF-16"
	GivenServiceProvider Given = "the metadata of a service provider"
	GivenFederation      Given = "metadata of WS-Federation"
	GivenSAML1           Given = "metadata without SAML 2.0"
	GivenNoIdP           Given = "metadata without an identity provider"
	GivenMessage         Given = "a SAML message"
	GivenXML             Given = "another XML document"
)

var hints = map[Given]string{
	GivenNothing:         "give the file, or the address, of the metadata that the identity provider offers for this application",
	GivenCertificate:     "fetch the metadata XML, in which the certificate is; or set up by hand, with the entity ID, the sign-on URL and this certificate",
	GivenPrivateKey:      "keep it where it was, and treat it as known to others if it was sent anywhere; fetch the metadata XML",
	GivenURL:             "fetch what is at this address, or give it where an address is asked for",
	GivenHTML:            "the address leads to a page, often one to sign in; fetch the metadata XML, whose address can be opened without signing in",
	GivenOpenID:          "this application speaks SAML: add it there as a SAML application, and fetch its federation metadata XML",
	GivenJSON:            "fetch the metadata XML",
	GivenUTF16:           "save the file as UTF-8",
	GivenServiceProvider: "that is what the identity provider has to be given; fetch the metadata of the identity provider here",
	GivenFederation:      "set up single sign-on with SAML at the identity provider, and fetch the metadata of that",
	GivenSAML1:           "set up single sign-on with SAML 2.0 at the identity provider, and fetch the metadata of that",
	GivenNoIdP:           "fetch the metadata that the identity provider offers for this application",
	GivenMessage:         "that was a sign-in; fetch the metadata XML",
	GivenXML:             "fetch the metadata XML: it begins with EntityDescriptor",
}

// Error says what was given and what to do.
func (n *NotMetadata) Error() string {
	return "saml: " + string(n.Given) + " is not the metadata of an identity provider: " + n.Hint
}

func given(g Given) *NotMetadata { return &NotMetadata{Given: g, Hint: hints[g]} }

// notMetadata is the refusal of what was recognised.
func notMetadata(code Code, what *NotMetadata) *Error {
	e := refuse(code, "SAML metadata with an IDPSSODescriptor", string(what.Given)+": "+what.Hint)
	e.Cause = what
	return e
}

// recognize says what a text is that is no XML, or none that is read; nil = it cannot be told.
func recognize(data []byte) *NotMetadata {
	if bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF")) {
		return given(GivenUTF16)
	}
	text := bytes.Trim(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")), xmlSpaces)
	if len(text) == 0 {
		return given(GivenNothing)
	}
	if _, err := readX509(data); err == nil {
		return given(GivenCertificate)
	} else if err == errPrivateKey {
		return given(GivenPrivateKey)
	}
	switch head := strings.ToLower(string(text[:min(len(text), 256)])); {
	case strings.HasPrefix(head, "{"):
		return recognizeJSON(text)
	case strings.HasPrefix(head, "https://"), strings.HasPrefix(head, "http://"):
		return given(GivenURL)
	case strings.HasPrefix(head, "<!doctype html"), strings.HasPrefix(head, "<html"):
		return given(GivenHTML)
	}
	return nil
}

// recognizeJSON tells a discovery document (OpenID Connect Discovery §3) from other JSON.
func recognizeJSON(text []byte) *NotMetadata {
	var discovery struct {
		Issuer        string `json:"issuer"`
		Authorization string `json:"authorization_endpoint"`
		Keys          string `json:"jwks_uri"`
	}
	switch err := json.Unmarshal(text, &discovery); {
	case err != nil:
		return nil
	case discovery.Issuer != "" && (discovery.Authorization != "" || discovery.Keys != ""):
		return given(GivenOpenID)
	}
	return given(GivenJSON)
}

// recognizeRoot says what a document is by its root.
func recognizeRoot(root *node) *NotMetadata {
	switch {
	case strings.EqualFold(root.local, "html"):
		return given(GivenHTML)
	case root.space == nsProtocol, root.space == nsAssertion:
		return given(GivenMessage)
	}
	return given(GivenXML)
}

// recognizeEntity says what metadata is of if it is not of an identity provider.
func recognizeEntity(n *node) *NotMetadata {
	var saml1, provider, federation bool
	for _, e := range entities(n, nil) {
		for _, role := range e.elements() {
			saml1 = saml1 || role.is(nsMetadata, "IDPSSODescriptor")
			provider = provider || role.is(nsMetadata, "SPSSODescriptor")
			federation = federation || role.is(nsMetadata, "RoleDescriptor") && role.lookupURI(nsFederation)
		}
	}
	switch {
	case saml1:
		return given(GivenSAML1)
	case federation:
		return given(GivenFederation)
	case provider:
		return given(GivenServiceProvider)
	}
	return given(GivenNoIdP)
}

// nsFederation is the namespace of WS-Federation 1.2, which the types of its roles are in.
const nsFederation = "http://docs.oasis-open.org/wsfed/federation/200706"

// lookupURI reports whether a namespace has a prefix at an element.
func (n *node) lookupURI(uri string) bool {
	for ; n != nil; n = n.parent {
		for _, d := range n.decls {
			if d.uri == uri {
				return true
			}
		}
	}
	return false
}
