package provider

import (
	"context"
)

// Save makes the candidate settings the active ones, after a test of them has passed. It is one step:
// sign-ins are judged by the old ones before it and by the new ones after it.
func (s *Service) Save(ctx context.Context, a Actor, id ID) (Provider, error) {
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return Provider{}, err
	}
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		switch {
		case p.Candidate == nil:
			return nil, &Problem{Code: ProblemNoCandidate, Detail: "There is nothing to save."}
		case !p.isTested(p.Candidate, u):
			return nil, untested()
		}
		if err := p.Candidate.Metadata.ValidAt(s.now()); err != nil {
			return nil, badMetadata(err, "This metadata has expired since it was imported: import it again.")
		}
		p.Active, p.Candidate = p.Candidate, nil
		if p.BypassMFA && p.Active.Tested.Evidence == "" {
			p.BypassMFA = false // what it rests on is gone
		}
		details := map[string]string{"idp_entity_id": p.Active.Metadata.EntityID(), "tested_by": p.Active.Tested.By}
		if end, ok := p.CertificateEnd(); ok {
			details["certificate_until"] = end.Format("2006-01-02")
		}
		return []Event{{Type: EventSaved, Details: details}}, nil
	})
}

func untested() error {
	return &Problem{Code: ProblemUntested, Detail: "No test of exactly these settings has passed. Run Test Connection, and save when it has passed."}
}

// Enable lets people sign in through a provider. It needs a name, saved settings whose test has passed
// with our identifiers as they are now, and domains that no other enabled provider has; at most one
// enabled provider is without.
func (s *Service) Enable(ctx context.Context, a Actor, id ID) (Provider, error) {
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return Provider{}, err
	}
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		if p.Enabled {
			return nil, nil
		}
		if _, err := checkName(p.Name, false); err != nil {
			return nil, err
		}
		if p.Active == nil || !p.isTested(p.Active, u) {
			return nil, untested()
		}
		p.Enabled = true
		return []Event{{Type: EventEnabled, Details: map[string]string{"name": p.Name}}}, nil
	})
}

// Disable ends sign-ins through a provider, and the sessions that began with one. Its users are not
// let in in another way. An error after that says that the host has not ended the sessions yet; they
// are ended by [Service.Maintain]. The proof is for [ActionDisable].
func (s *Service) Disable(ctx context.Context, a Actor, id ID, proof Proof) (Provider, error) {
	if p, err := s.config.Store.Provider(ctx, a.Tenant, id); err != nil || !p.Enabled {
		return p, err
	}
	if err := s.consume(ctx, a, proof, ActionDisable, id); err != nil {
		return Provider{}, err
	}
	revocation := Revocation{Provider: id, At: s.now(), Reason: "the identity provider was disabled"}
	p, err := s.change(ctx, a, id, "", func(ctx context.Context, st Store, p *Provider) ([]Event, error) {
		p.Enabled = false
		if err := s.revoke(ctx, st, a, revocation); err != nil {
			return nil, err
		}
		return []Event{{Type: EventDisabled, Details: map[string]string{"name": p.Name}}}, nil
	})
	if err != nil {
		return Provider{}, err
	}
	return p, s.kill(ctx, a.Tenant, revocation)
}
