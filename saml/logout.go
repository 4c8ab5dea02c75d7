package saml

import (
	"errors"
	"fmt"
	"time"
)

// ErrNoLogout is returned if the identity provider, or the configuration, has no single logout.
var ErrNoLogout = errors.New("saml: no single logout")

// maxSessions bounds the sessions of one LogoutRequest.
const maxSessions = 64

// logoutLifetime is how long a LogoutRequest may be under way if it does not say so itself, and how
// long ours may be.
const logoutLifetime = 5 * time.Minute

// A NameID names a person (SAML core §2.2.2). A logout repeats the one of the assertion, with all its
// parts.
type NameID struct {
	Value, Format, NameQualifier, SPNameQualifier, SPProvidedID string
}

// A LogoutMessage is what a browser brought to the single logout URL.
type LogoutMessage struct {
	// Query is the query as it was received, not decoded and without "?": by HTTP-Redirect the
	// signature is over its octets.
	Query string
	// Form is the body as it was received, application/x-www-form-urlencoded: by HTTP-POST. One of
	// Query and Form has the message.
	Form []byte
	// Pending are the pending requests of this browser, for the answer to a logout of ours.
	Pending []string
}

// A Logout is a message that the identity provider has signed: a request to end sessions, or the
// answer to one of ours. [ServiceProvider.ReadLogout] alone makes one.
type Logout struct {
	id         string
	binding    Binding
	relayState string
	answer     bool
	partial    bool
	name       NameID
	sessions   []string
	data       []byte
}

// Answer reports whether it is the answer to a request of ours, and not a request.
func (l *Logout) Answer() bool { return l.answer }

// NameID returns the person whose sessions end. An answer has none.
func (l *Logout) NameID() NameID { return l.name }

// Sessions returns the SessionIndex of each session that ends; none = all of the person.
func (l *Logout) Sessions() []string { return append([]string(nil), l.sessions...) }

// Partial reports that an answer says that not all others could be told (SAML core §3.7.3.2).
func (l *Logout) Partial() bool { return l.partial }

// Data returns LogoutRequest.Data of the request that is answered.
func (l *Logout) Data() []byte { return append([]byte(nil), l.data...) }

// A LogoutRequest is a logout that begins here.
type LogoutRequest struct {
	NameID   NameID   // as the assertion had it
	Sessions []string // the SessionIndex of each session; none = all of the person
	Data     []byte   // comes back with the answer, at most [MaxData] bytes
}

// A LogoutResult is what came of a request to end sessions.
type LogoutResult uint8

// The results.
const (
	LoggedOut    LogoutResult = iota // all that it named are ended, or there were none
	NotLoggedOut                     // some are not
)

// Status codes (SAML core §3.2.2.2).
const (
	statusSuccess   = "urn:oasis:names:tc:SAML:2.0:status:Success"
	statusResponder = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	statusPartial   = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
)

// StartLogout returns a LogoutRequest for the identity provider, signed (SAML core §3.7.1). The host
// has ended its own session before.
func (sp *ServiceProvider) StartLogout(r LogoutRequest) (Message, error) {
	now := sp.config.Now()
	if sp.config.SLO == "" || len(sp.config.IdP.slo) == 0 {
		return Message{}, ErrNoLogout
	}
	switch {
	case r.NameID.Value == "":
		return Message{}, errors.New("saml: LogoutRequest.NameID names nobody")
	case len(r.Sessions) > maxSessions:
		return Message{}, fmt.Errorf("saml: LogoutRequest.Sessions has %d sessions, more than %d", len(r.Sessions), maxSessions)
	case len(r.Data) > MaxData:
		return Message{}, fmt.Errorf("saml: LogoutRequest.Data has %d bytes; at most %d are kept", len(r.Data), MaxData)
	}
	if err := sp.config.IdP.ValidAt(now); err != nil {
		return Message{}, err
	}
	p := pend(pendingLogout, now)
	p.data = r.Data
	sealed, err := sp.sealPending(p)
	if err != nil {
		return Message{}, err
	}
	to := sp.choose(sp.config.IdP.slo)
	document, err := sp.logoutRequest(p.id, to.Location, r, now)
	if err != nil {
		return Message{}, err
	}
	m, err := sp.sendSigned(outgoing{param: paramRequest, to: to, location: to.Location, document: document, relayState: relayHandle(p.id)})
	m.ID, m.Pending = p.id, sealed
	return m, err
}

// AnswerLogout returns the LogoutResponse to a request, signed (SAML core §3.7.2). It goes where the
// identity provider takes answers, by the binding of the request if it takes them so.
func (sp *ServiceProvider) AnswerLogout(l *Logout, result LogoutResult) (Message, error) {
	if l.answer {
		return Message{}, errors.New("saml: an answer is not answered")
	}
	to, ok := endpoint(sp.config.IdP.slo, l.binding)
	if !ok {
		if len(sp.config.IdP.slo) == 0 {
			return Message{}, ErrNoLogout
		}
		to = sp.config.IdP.slo[0]
	}
	id := newID()
	document, err := sp.logoutResponse(id, to.answers(), l.id, result, sp.config.Now())
	if err != nil {
		return Message{}, err
	}
	m, err := sp.sendSigned(outgoing{param: paramResponse, to: to, location: to.answers(), document: document, relayState: l.relayState})
	m.ID = id
	return m, err
}

// logoutRequest writes a LogoutRequest.
func (sp *ServiceProvider) logoutRequest(id, destination string, r LogoutRequest, now time.Time) ([]byte, error) {
	var w xmlWriter
	sp.beginMessage(&w, "LogoutRequest", id, destination, now)
	w.attribute("NotOnOrAfter", dateTime(now.Add(logoutLifetime).Truncate(time.Second)))
	w.leaf("saml:Issuer", sp.config.EntityID)
	w.start("saml:NameID")
	for _, a := range [][2]string{
		{"NameQualifier", r.NameID.NameQualifier}, {"SPNameQualifier", r.NameID.SPNameQualifier},
		{"Format", r.NameID.Format}, {"SPProvidedID", r.NameID.SPProvidedID},
	} {
		if a[1] != "" {
			w.attribute(a[0], a[1])
		}
	}
	w.text(r.NameID.Value)
	w.end()
	for _, s := range r.Sessions {
		w.leaf("samlp:SessionIndex", s)
	}
	return w.finish()
}

// logoutResponse writes a LogoutResponse.
func (sp *ServiceProvider) logoutResponse(id, destination, to string, result LogoutResult, now time.Time) ([]byte, error) {
	var w xmlWriter
	sp.beginMessage(&w, "LogoutResponse", id, destination, now)
	w.attribute("InResponseTo", to)
	w.leaf("saml:Issuer", sp.config.EntityID)
	w.start("samlp:Status")
	w.start("samlp:StatusCode", "Value", statusOf(result))
	return w.finish()
}

func statusOf(r LogoutResult) string {
	if r == LoggedOut {
		return statusSuccess
	}
	return statusResponder
}

// beginMessage begins a message (SAML core §3.2.1), and leaves its tag open for more attributes.
func (sp *ServiceProvider) beginMessage(w *xmlWriter, name, id, destination string, now time.Time) {
	w.start("samlp:"+name, "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion,
		"ID", id, "Version", "2.0", "IssueInstant", dateTime(now.Truncate(time.Second)), "Destination", destination)
}

// sendSigned sends a document with a signature: in it by HTTP-POST, beside it by HTTP-Redirect.
func (sp *ServiceProvider) sendSigned(o outgoing) (Message, error) {
	if sp.config.Sign == nil {
		return Message{}, ErrNoLogout
	}
	if o.to.Binding == HTTPPOST {
		root, err := parseXML(o.document, xmlLimits{})
		if err != nil {
			return Message{}, err
		}
		if o.document, err = sp.signDocument(root.etree()); err != nil {
			return Message{}, err
		}
	}
	return sp.send(o, true)
}
