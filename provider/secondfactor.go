package provider

import (
	"context"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// secondFactor says whether a person who has signed in has to have a second factor, and if the identity
// provider has seen one, what says so. That counts for technicians alone, and for no act of an
// administrator that needs a [Proof].
func (s *Service) secondFactor(ctx context.Context, tenant scim.TenantID, p *Provider, u scim.User, a *saml.Assertion) (SecondFactor, string, error) {
	return s.secondFactorOf(ctx, tenant, p, u, evidence(a))
}

// secondFactorOf says the same of evidence that was seen.
func (s *Service) secondFactorOf(ctx context.Context, tenant scim.TenantID, p *Provider, u scim.User, seen string) (SecondFactor, string, error) {
	technician := u.NinjaOne.UserType == extension.Technician
	asked := technician || u.Administrator
	if s.config.SecondFactor != nil {
		var err error
		if asked, err = s.config.SecondFactor(ctx, tenant, u); err != nil {
			return "", "", err
		}
	}
	if !asked {
		return SecondFactorNotAsked, "", nil
	}
	if p.BypassMFA && technician && seen != "" {
		return SecondFactorByIdP, seen, nil
	}
	return SecondFactorRequired, "", nil
}
