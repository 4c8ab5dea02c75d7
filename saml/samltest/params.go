package samltest

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Params are what a message of the corpus is made for: one sign-in at one service provider. Fixed
// Params give fixed messages.
type Params struct {
	EntityID    string    // of the service provider
	ACS         string    // the assertion consumer service URL of the sign-in
	SLO         string    // the single logout URL of the service provider
	RequestID   string    // of the AuthnRequest that is outstanding
	IdPEntityID string    // of the identity provider
	NameID      string    // who signs in: an e-mail address
	Attacker    string    // who must not: another e-mail address
	Now         time.Time // the time of the sign-in; seconds are enough
	Keys        Keys
}

// TestParams returns the Params that the files of the corpus were made for.
func TestParams() Params {
	return Params{
		EntityID:    "https://app.example.com/saml",
		ACS:         "https://app.example.com/saml/acs",
		SLO:         "https://app.example.com/saml/slo",
		RequestID:   "_3f1c9b7e5d2a4860b1e7c3a95d4f6082",
		IdPEntityID: "https://idp.example.com/saml",
		NameID:      "alice@example.com",
		Attacker:    "mallory@example.com",
		Now:         time.Date(2026, time.January, 15, 10, 0, 0, 0, time.UTC),
		Keys:        TestKeys(),
	}
}

// A maker makes the message of one case.
type maker struct {
	Params
	label   string // the ID of the case
	unzoned bool   // times do not say that they are in UTC
}

// id returns an ID that differs from case to case and from sign-in to sign-in, so that no cache of
// replays takes one for another.
func (m *maker) id(name string) string {
	sum := sha256.Sum256([]byte(m.RequestID + " " + m.label + " " + name))
	return "_" + name + hex.EncodeToString(sum[:12])
}

// at returns the time of the sign-in moved by d, as xs:dateTime.
func (m *maker) at(d time.Duration) string {
	t := m.Now.Add(d).UTC().Format(dateTime)
	if m.unzoned {
		return t[:len(t)-1]
	}
	return t
}

const dateTime = "2006-01-02T15:04:05Z"
