package provider

import (
	"context"
	"fmt"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// serviceProvider returns what reads and writes the messages of a provider, by some settings of it; nil
// settings will do for metadata. A test is stricter: the NameID has to be an e-mail address.
func (s *Service) serviceProvider(ctx context.Context, tenant scim.TenantID, p *Provider, set *Settings, test bool) (*saml.ServiceProvider, error) {
	u, err := s.urls(ctx, tenant)
	if err != nil {
		return nil, err
	}
	keys, err := s.config.Keys.Keys(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("provider: the keys of the tenant: %w", err)
	}
	c := saml.Config{
		EntityID: p.EntityID, ACS: p.replyURLs(u), SLO: p.sloURL(u),
		IdP: set.Metadata, Replays: s.config.Replays, Now: s.config.Now, Seal: keys.Seal,

		Policy: set.Policy.Signed, PreferPOST: set.Policy.PreferPOST, NameIDFormat: set.Policy.NameIDFormat,
		AuthnContexts: set.Policy.AuthnContexts, MaxAuthnAge: set.Policy.MaxAuthnAge,
		MergeAttributes: set.Policy.MergeAttributes, MaxResponse: maxResponse,

		AllowSHA1Insecure:              set.Policy.AllowSHA1Insecure,
		AllowRSA15Insecure:             set.Policy.AllowRSA15Insecure,
		IgnoreCertificateDatesInsecure: set.Policy.IgnoreCertificateDatesInsecure,

		RequireEmailNameID: test,
		// On a reply URL that others share, only the request says whose answer it is.
		AllowIdPInitiatedInsecure: !test && p.AllowIdPInitiated && p.ReplyURL == "",
	}
	keys.into(&c)
	sp, err := saml.New(c)
	if err != nil {
		return nil, fmt.Errorf("provider: the configuration of %s: %w", p.ID, err)
	}
	return sp, nil
}

// maxResponse is how long a response may be, decoded, in bytes: 0 is the default of package saml, ten
// times the largest seen.
const maxResponse = 0

// into sets the keys of a configuration.
func (k KeyRing) into(c *saml.Config) {
	for i, key := range k.Sign {
		if i == 0 {
			c.Sign, c.SignCertificate = key.Signer, key.Certificate
		} else {
			c.NextSignCertificates = append(c.NextSignCertificates, key.Certificate)
		}
	}
	if c.Sign == nil {
		c.SLO = "" // single logout is signed
	}
	for _, key := range k.Decrypt {
		c.Decrypt = append(c.Decrypt, key.Decrypter)
		if key.Certificate != nil {
			c.DecryptCertificates = append(c.DecryptCertificates, key.Certificate)
		}
	}
}
