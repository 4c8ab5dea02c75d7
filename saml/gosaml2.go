package saml

import (
	"fmt"
	"time"

	"github.com/beevik/etree"
	saml2 "github.com/russellhaering/gosaml2"
	"github.com/russellhaering/gosaml2/types"
	dsig "github.com/russellhaering/goxmldsig"
)

// All that is asked of gosaml2 is asked in this file.

// buildAuthnRequest returns an AuthnRequest without a signature (SAML core §3.4.1), for an endpoint
// of the identity provider.
func (sp *ServiceProvider) buildAuthnRequest(p pending, destination string, now time.Time) (*etree.Element, error) {
	builder := saml2.SAMLServiceProvider{
		IdentityProviderSSOURL:      destination,
		AssertionConsumerServiceURL: p.acs,
		ServiceProviderIssuer:       sp.config.EntityID,
		NameIdFormat:                sp.config.NameIDFormat,
		ForceAuthn:                  p.force,
		Clock:                       dsig.NewFakeClockAt(now),
	}
	if len(sp.config.AuthnContexts) > 0 {
		builder.RequestedAuthnContext = &saml2.RequestedAuthnContext{
			Comparison: saml2.AuthnPolicyMatchExact,
			Contexts:   sp.config.AuthnContexts,
		}
	}
	document, err := builder.BuildAuthRequestDocumentNoSig()
	if err != nil {
		return nil, err
	}
	root := document.Root()
	root.CreateAttr("ID", p.id) // of ours, as random as all that we make
	return root, nil
}

// secondOpinion has gosaml2 judge the claims that were found good here. Whatever it does not like
// refuses. It sees what was chosen of several confirmations, and where SAML leaves something out
// that it wants, the value that means the same.
func (j *judge) secondOpinion(c *claims, chosen *confirmation) error {
	sp := &saml2.SAMLServiceProvider{
		IdentityProviderIssuer:      j.sp.config.IdP.entityID,
		AssertionConsumerServiceURL: j.postedTo,
		ServiceProviderIssuer:       j.sp.config.EntityID,
		AudienceURI:                 j.sp.config.EntityID,
		Clock:                       dsig.NewFakeClockAt(j.clamped(c, chosen)),
	}
	response := j.typed(c, chosen)
	if err := sp.Validate(response); err != nil {
		return disagreement(err)
	}
	warning, err := sp.VerifyAssertionConditions(&response.Assertions[0])
	switch {
	case err != nil:
		return disagreement(err)
	case warning.InvalidTime || warning.NotInAudience:
		return disagreement(fmt.Errorf("a warning: %+v", *warning))
	}
	return nil
}

// clamped is now, or the nearest moment within all windows: they were judged with the skew, which
// gosaml2 has not.
func (j *judge) clamped(c *claims, chosen *confirmation) time.Time {
	now := j.now
	if n := c.conditions.notBefore; n.ok && now.Before(n.time) {
		now = n.time
	}
	for _, end := range []instant{c.conditions.notOnOrAfter, chosen.notOnOrAfter} {
		if end.ok && !now.Before(end.time) {
			now = end.time.Add(-time.Nanosecond)
		}
	}
	return now
}

// typed are the claims in the types of gosaml2.
func (j *judge) typed(c *claims, chosen *confirmation) *types.Response {
	until := chosen.notOnOrAfter.time
	from, to := j.now.Add(-j.sp.config.Skew), until
	if c.conditions.notBefore.ok {
		from = c.conditions.notBefore.time
	}
	if c.conditions.notOnOrAfter.ok {
		to = c.conditions.notOnOrAfter.time
	}
	conditions := &types.Conditions{NotBefore: from.Format(time.RFC3339Nano), NotOnOrAfter: to.Format(time.RFC3339Nano)}
	for _, audiences := range c.conditions.audiences {
		var r types.AudienceRestriction
		for _, a := range audiences {
			r.Audiences = append(r.Audiences, types.Audience{Value: a})
		}
		conditions.AudienceRestrictions = append(conditions.AudienceRestrictions, r)
	}
	assertion := types.Assertion{
		Version: "2.0", ID: c.id, IssueInstant: c.issueInstant.time, Issuer: &types.Issuer{Value: c.issuer},
		Subject: &types.Subject{
			NameID: &types.NameID{Value: c.nameID.Value, Format: c.nameID.Format},
			SubjectConfirmation: &types.SubjectConfirmation{Method: chosen.method, SubjectConfirmationData: &types.SubjectConfirmationData{
				NotOnOrAfter: until.Format(time.RFC3339Nano), Recipient: chosen.recipient, InResponseTo: chosen.inResponseTo,
			}},
		},
		Conditions: conditions, SignatureValidated: true,
	}
	return &types.Response{
		Version: "2.0", Destination: j.postedTo, Issuer: &types.Issuer{Value: j.sp.config.IdP.entityID},
		Status:     &types.Status{StatusCode: &types.StatusCode{Value: statusSuccess}},
		Assertions: []types.Assertion{assertion}, SignatureValidated: true,
	}
}
