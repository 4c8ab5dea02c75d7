package saml

import (
	"fmt"
	"slices"
	"time"
)

// Formats of names (SAML core §8.3).
const (
	EmailFormat       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	UnspecifiedFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	PersistentFormat  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
)

// PendingFor is how long a browser has to bring the answer to a request.
const PendingFor = pendingLifetime

// A Request is a sign-in that begins.
type Request struct {
	// ACS is the assertion consumer service URL for the response, one of Config.ACS; "" = the first.
	ACS string
	// ForceAuthn asks for the person to authenticate anew, whatever session there is.
	ForceAuthn bool
	// Data comes back with the assertion, at most [MaxData] bytes: where to go then, for example.
	// The browser holds it, and can neither read nor change it.
	Data []byte
}

// Start returns an AuthnRequest for the identity provider (SAML core §3.4, SAML profiles §4.1.3). It
// is signed if there is a Config.Sign.
//
// It refuses with [MetadataExpired] if the metadata of the identity provider has expired, and with
// [ConfigInvalid] if the identity provider takes signed requests only and there is no Config.Sign.
func (sp *ServiceProvider) Start(r Request) (Message, error) {
	now := sp.config.Now()
	if err := sp.checkRequest(&r, now); err != nil {
		return Message{}, err
	}
	p := pend(pendingSignOn, now)
	p.acs, p.force, p.data = r.ACS, r.ForceAuthn, r.Data
	sealed, err := sp.sealPending(p)
	if err != nil {
		return Message{}, err
	}
	out, err := sp.authnRequest(p, now)
	if err != nil {
		return Message{}, fmt.Errorf("saml: making an AuthnRequest: %w", err)
	}
	m, err := sp.send(out, sp.config.Sign != nil)
	if err != nil {
		return Message{}, fmt.Errorf("saml: making an AuthnRequest: %w", err)
	}
	m.ID, m.Pending = p.id, sealed
	return m, nil
}

// checkRequest fills in the default of a request, and says what is in its way.
func (sp *ServiceProvider) checkRequest(r *Request, now time.Time) error {
	if r.ACS == "" {
		r.ACS = sp.config.ACS[0]
	}
	switch {
	case !slices.Contains(sp.config.ACS, r.ACS):
		return fmt.Errorf("saml: Request.ACS %q is not in Config.ACS", received(r.ACS))
	case len(r.Data) > MaxData:
		return fmt.Errorf("saml: Request.Data has %d bytes; at most %d are kept", len(r.Data), MaxData)
	case sp.config.IdP.wantSigned && sp.config.Sign == nil:
		return misconfigured("Sign", "a key, because the identity provider takes signed requests only", "none")
	}
	return sp.config.IdP.ValidAt(now)
}

// authnRequest returns the document, and where it goes.
func (sp *ServiceProvider) authnRequest(p pending, now time.Time) (outgoing, error) {
	to := sp.choose(sp.config.IdP.sso)
	root, err := sp.buildAuthnRequest(p, to.Location, now)
	if err != nil {
		return outgoing{}, err
	}
	out := outgoing{param: paramRequest, to: to, location: to.Location, relayState: relayHandle(p.id)}
	if to.Binding == HTTPPOST && sp.config.Sign != nil {
		out.document, err = sp.signDocument(root)
		return out, err
	}
	out.document = writeElement(root)
	return out, nil
}

// choose returns the endpoint for a message of ours. There is at least one.
func (sp *ServiceProvider) choose(from []Endpoint) Endpoint {
	first, second := HTTPRedirect, HTTPPOST
	if sp.config.PreferPOST {
		first, second = second, first
	}
	if e, ok := endpoint(from, first); ok {
		return e
	}
	e, _ := endpoint(from, second)
	return e
}

// relayHandle is the RelayState of a request: the ID, by which the host finds what it keeps, without
// the underscore. It says nothing that the request does not.
func relayHandle(id string) string { return id[1:] }
