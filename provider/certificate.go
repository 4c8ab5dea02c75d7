package provider

import "time"

// CertificateState returns how long the identity provider can go on signing with the keys that are
// known: those of Active, or of Candidate as long as nothing is active.
func (p *Provider) CertificateState(now time.Time) CertificateState {
	end, ok := p.CertificateEnd()
	switch {
	case !ok:
		return CertificateNone
	case !now.Before(end):
		return CertificateExpired
	case end.Sub(now) < ExpirySoon:
		return CertificateExpiring
	}
	return CertificateGood
}

// CertificateEnd returns when the last of the certificates ends. ok is false if there is no metadata. A
// store answers [Query.Certificate] with it.
func (p *Provider) CertificateEnd() (end time.Time, ok bool) {
	set := p.Active
	if set == nil {
		set = p.Candidate
	}
	if set == nil || set.Metadata == nil {
		return time.Time{}, false
	}
	for _, key := range set.Metadata.Keys() {
		if key.NotAfter.After(end) {
			end = key.NotAfter
		}
	}
	return end, true
}
