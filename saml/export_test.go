package saml

import "time"

// SealPending returns what a browser carries for a request of a given ID.
func (sp *ServiceProvider) SealPending(id, acs string, data []byte, now time.Time) (string, error) {
	p := pend(pendingSignOn, now)
	p.id, p.acs, p.data = id, acs, data
	return sp.sealPending(p)
}
