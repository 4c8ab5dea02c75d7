package saml

import "time"

// xmlLimits are those of a response. One larger than by default may have as many elements more.
func (sp *ServiceProvider) xmlLimits() xmlLimits {
	return xmlLimits{elements: max(maxElements, sp.config.MaxResponse/elementBytes)}
}

// elementBytes is what an element of a response takes at least, on an average that nobody stays below:
// a group is one value of 40 bytes and more.
const elementBytes = 40

// waiting returns the requests for a sign-in that a browser carries and that wait for an answer.
func (sp *ServiceProvider) waiting(sealed []string, now time.Time) (list []pending) {
	for _, s := range sealed[:min(len(sealed), maxPendings)] {
		if p, err := sp.openPending(s, now); err == nil && p.kind == pendingSignOn {
			list = append(list, p)
		}
	}
	return list
}
