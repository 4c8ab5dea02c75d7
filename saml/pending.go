package saml

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"
)

// pendingLifetime is how long an answer to a request is waited for.
const pendingLifetime = 10 * time.Minute

// maxPendings bounds the pending requests of one browser that are looked at.
const maxPendings = 5

// MaxData bounds Request.Data and LogoutRequest.Data, in bytes. With them a pending request fits a
// cookie, unless the assertion consumer service URL is very long.
const MaxData = 2048

// A pending is a request of ours that has not been answered.
type pending struct {
	kind    pendingKind
	id      string // of the request
	acs     string // where the answer has to arrive; "" for a logout
	created time.Time
	expires time.Time
	force   bool // ForceAuthn
	data    []byte
}

// A pendingKind says what was asked for.
type pendingKind byte

const (
	pendingSignOn pendingKind = 's'
	pendingLogout pendingKind = 'l'
)

// pendingForm is the form of what is sealed: the form, the kind, whether authentication was forced,
// when it was created and when it expires, in Unix seconds, and three texts behind their lengths.
const pendingForm = 1

const pendingHead = 1 + 1 + 1 + 8 + 8

var (
	errPending        = errors.New("saml: no pending request of ours")
	errPendingExpired = errors.New("saml: a pending request that has expired")
	errPendingLong    = errors.New("saml: the request is too long to be kept in a cookie")
)

// sealPending returns the text that the browser keeps.
func (sp *ServiceProvider) sealPending(p pending) (string, error) {
	force := byte(0)
	if p.force {
		force = 1
	}
	b := []byte{pendingForm, byte(p.kind), force}
	b = binary.BigEndian.AppendUint64(b, uint64(p.created.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(p.expires.Unix()))
	sealed, ok := sp.seals.seal(appendParts(b, p.id, p.acs, string(p.data)))
	if !ok {
		return "", errPendingLong
	}
	return sealed, nil
}

// openPending returns what was sealed, if it has not expired.
func (sp *ServiceProvider) openPending(s string, now time.Time) (pending, error) {
	b, ok := sp.seals.open(s)
	if !ok || len(b) < pendingHead || b[0] != pendingForm {
		return pending{}, errPending
	}
	p := pending{
		kind:    pendingKind(b[1]),
		force:   b[2] == 1,
		created: time.Unix(int64(binary.BigEndian.Uint64(b[3:])), 0).UTC(),
		expires: time.Unix(int64(binary.BigEndian.Uint64(b[11:])), 0).UTC(),
	}
	parts, ok := cutParts(b[pendingHead:], 3)
	if !ok {
		return pending{}, errPending
	}
	p.id, p.acs, p.data = string(parts[0]), string(parts[1]), parts[2]
	if !now.Before(p.expires) {
		return pending{}, errPendingExpired
	}
	return p, nil
}

// cutParts returns the n texts that appendParts has written.
func cutParts(b []byte, n int) (parts [][]byte, ok bool) {
	for range n {
		size, width := binary.Uvarint(b)
		if width <= 0 || size > uint64(len(b)-width) {
			return nil, false
		}
		end := width + int(size)
		parts, b = append(parts, b[width:end]), b[end:]
	}
	return parts, len(b) == 0
}

// findPending returns the pending request that an answer names, among those of a browser.
func (sp *ServiceProvider) findPending(sealed []string, kind pendingKind, id string, now time.Time) (p pending, ok bool) {
	for _, s := range sealed[:min(len(sealed), maxPendings)] {
		if p, err := sp.openPending(s, now); err == nil && p.kind == kind && p.id == id {
			return p, true
		}
	}
	return pending{}, false
}

// newID returns an ID of 160 random bits (SAML core §1.3.4), which begins as XML wants an ID to.
func newID() string {
	b := make([]byte, 20)
	rand.Read(b)
	return "_" + hex.EncodeToString(b)
}

// pend returns a request that is pending from now on.
func pend(kind pendingKind, now time.Time) pending {
	return pending{kind: kind, id: newID(), created: now, expires: now.Add(pendingLifetime)}
}
