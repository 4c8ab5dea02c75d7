package saml

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Metadata is what is known of an identity provider: its name, its endpoints, and the keys that it
// signs with (SAML metadata §2.4.3). It was checked when it was read, and does not change after
// that. There are three ways to one: [ParseMetadata], [MetadataFromParts], and the text of another.
//
// Its text, which MarshalText returns, is metadata again, with what is used of it and nothing else:
// a host stores that. JSON holds it as a string.
type Metadata struct {
	entityID   string
	sso, slo   []Endpoint
	keys       []Key
	formats    []string
	wantSigned bool
	validUntil time.Time // zero = not limited
	cache      xmlDuration
	cached     bool // whether there is a cacheDuration
	skipped    []string
}

// A Binding says how a message travels in a browser.
type Binding string

// The bindings (SAML bindings §3.4, §3.5).
const (
	HTTPRedirect Binding = bindingRedirect
	HTTPPOST     Binding = bindingPOST
)

// An Endpoint is where an identity provider takes messages of one kind, by one binding.
type Endpoint struct {
	Binding  Binding
	Location string
	// ResponseLocation is where it takes the answers to its own requests; "" = Location.
	ResponseLocation string
}

// answers returns where answers are sent.
func (e Endpoint) answers() string {
	if e.ResponseLocation != "" {
		return e.ResponseLocation
	}
	return e.Location
}

// A Key is a public key that an identity provider signs with.
type Key struct {
	Public      crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey
	Certificate []byte           // DER
	Subject     string           // of the certificate, which anybody can choose
	NotBefore   time.Time
	NotAfter    time.Time
}

// goodAt reports whether the certificate is in force.
func (k Key) goodAt(now time.Time, skew time.Duration) bool {
	return !now.Add(skew).Before(k.NotBefore) && !now.Add(-skew).After(k.NotAfter)
}

// EntityID returns the name of the identity provider. It need not be a URI.
func (m *Metadata) EntityID() string { return m.entityID }

// SignOn returns the endpoints for an AuthnRequest, in the order of the document, by HTTP-Redirect
// and HTTP-POST. There is at least one.
func (m *Metadata) SignOn() []Endpoint { return slices.Clone(m.sso) }

// Logout returns the endpoints for single logout, by HTTP-Redirect and HTTP-POST, if any.
func (m *Metadata) Logout() []Endpoint { return slices.Clone(m.slo) }

// Keys returns the keys, at least one, in the order of the document.
func (m *Metadata) Keys() []Key { return slices.Clone(m.keys) }

// NameIDFormats returns the formats of names that the identity provider says it knows.
func (m *Metadata) NameIDFormats() []string { return slices.Clone(m.formats) }

// WantAuthnRequestsSigned reports whether the identity provider takes signed requests only.
func (m *Metadata) WantAuthnRequestsSigned() bool { return m.wantSigned }

// ValidUntil returns the time after which the metadata must not be used; ok is false if there is no
// such time.
func (m *Metadata) ValidUntil() (t time.Time, ok bool) { return m.validUntil, !m.validUntil.IsZero() }

// CacheUntil returns the time at which metadata that was fetched at the given time should be fetched
// again; ok is false if the document has no cacheDuration. It is advice, and no end.
func (m *Metadata) CacheUntil(fetched time.Time) (t time.Time, ok bool) {
	if !m.cached {
		return time.Time{}, false
	}
	return m.cache.after(fetched), true
}

// Skipped says which signing keys of the document are not used, and why: for whoever reads it for
// the first time. The text of a Metadata does not have it.
func (m *Metadata) Skipped() []string { return slices.Clone(m.skipped) }

// endpoint returns the first endpoint of a binding.
func endpoint(from []Endpoint, b Binding) (Endpoint, bool) {
	i := slices.IndexFunc(from, func(e Endpoint) bool { return e.Binding == b })
	if i < 0 {
		return Endpoint{}, false
	}
	return from[i], true
}

// ValidAt returns a refusal with [MetadataExpired] if the metadata must not be used any more.
func (m *Metadata) ValidAt(now time.Time) error {
	if until, ok := m.ValidUntil(); ok && !now.Before(until) {
		return refuse(MetadataExpired, "metadata that is valid", "validUntil "+until.Format(time.RFC3339))
	}
	return nil
}

// A Warning says what will stop working, and when.
type Warning struct {
	Code Code // what sign-ins will be refused with: MetadataExpired or CertificateExpired
	At   time.Time
	Text string
}

// Expiring returns what ends within a time from now, or has ended, soonest first. A certificate is
// not worth a warning as long as another one is good for longer than that: then the identity
// provider has rolled its key over already.
func (m *Metadata) Expiring(now time.Time, within time.Duration) []Warning {
	var out []Warning
	limit := now.Add(within)
	if until, ok := m.ValidUntil(); ok && until.Before(limit) {
		out = append(out, Warning{MetadataExpired, until, "the metadata must not be used from this time on"})
	}
	last := slices.MaxFunc(m.keys, func(a, b Key) int { return a.NotAfter.Compare(b.NotAfter) })
	if last.NotAfter.Before(limit) {
		for _, k := range m.keys {
			text := fmt.Sprintf("the signing certificate %q expires", received(k.Subject))
			out = append(out, Warning{CertificateExpired, k.NotAfter, text})
		}
	}
	slices.SortStableFunc(out, func(a, b Warning) int { return a.At.Compare(b.At) })
	return out
}

// A MetadataChange is what differs between two states of one identity provider.
type MetadataChange struct {
	KeysAdded, KeysRemoved []Key
	Endpoints              bool // where requests are sent
	Other                  bool // formats of names, signed requests, times
}

// None reports whether nothing differs.
func (c MetadataChange) None() bool {
	return len(c.KeysAdded) == 0 && len(c.KeysRemoved) == 0 && !c.Endpoints && !c.Other
}

// Compare returns what changes if next takes the place of m. Metadata of another entity must not:
// that is a refusal with [MetadataEntityChanged].
func (m *Metadata) Compare(next *Metadata) (MetadataChange, error) {
	if m.entityID != next.entityID {
		return MetadataChange{}, refuse(MetadataEntityChanged, m.entityID, next.entityID)
	}
	return MetadataChange{
		KeysAdded:   keysBeside(next.keys, m.keys),
		KeysRemoved: keysBeside(m.keys, next.keys),
		Endpoints:   !slices.Equal(m.sso, next.sso) || !slices.Equal(m.slo, next.slo),
		Other: m.wantSigned != next.wantSigned || !m.validUntil.Equal(next.validUntil) ||
			m.cached != next.cached || m.cache != next.cache || !slices.Equal(m.formats, next.formats),
	}, nil
}

// keysBeside returns the keys that are not among others. A certificate that was made anew for the
// same key counts as another one, because its dates do.
func keysBeside(keys, others []Key) []Key {
	var out []Key
	for _, k := range keys {
		if !slices.ContainsFunc(others, k.same) {
			out = append(out, k)
		}
	}
	return out
}

func (k Key) same(other Key) bool { return bytes.Equal(k.Certificate, other.Certificate) }

// refuse returns a verdict with the one check that failed.
func refuse(code Code, expected, actual string) *Error {
	return &Error{Code: code, Report: &Report{Checks: []Check{{Code: code, Expected: expected, Actual: received(actual)}}}}
}

// maxReceived bounds what a report repeats of what was received, in bytes.
const maxReceived = 300

// received shortens a text that somebody sent.
func received(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxReceived {
		return s
	}
	return strings.ToValidUTF8(s[:maxReceived], "") + "…"
}
