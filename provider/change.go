package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/saml"
)

// A Change is what of a provider is changed at once, without a test. Fields that are nil stay.
type Change struct {
	Version string // of the provider as it was seen; "" = whatever it is

	Name              *string
	Domains           *[]string // empty: it becomes the default one
	Match             *Match
	AllowIdPInitiated *bool
	BypassMFA         *bool
	// EntityID and ReplyURL change only until a test has used them; see [Provider.Fixed].
	EntityID, ReplyURL *string
}

// Change changes what needs no test.
func (s *Service) Change(ctx context.Context, a Actor, id ID, c Change) (Provider, error) {
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return Provider{}, err
	}
	identifiers := func(p *Provider, c Change) error { return s.changeIdentifiers(p, u, c) }
	return s.change(ctx, a, id, c.Version, func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		before := p.clone()
		for _, step := range []func(*Provider, Change) error{changeName, changeDomains, changeMatch, identifiers, changeBypass} {
			if err := step(p, c); err != nil {
				return nil, err
			}
		}
		if c.AllowIdPInitiated != nil {
			p.AllowIdPInitiated = *c.AllowIdPInitiated
		}
		details := differences(&before, p)
		if len(details) == 0 {
			return nil, nil
		}
		return []Event{{Type: EventChanged, Details: details}}, nil
	})
}

func changeName(p *Provider, c Change) (err error) {
	if c.Name != nil {
		p.Name, err = checkName(*c.Name, p.State() == StateDraft)
	}
	return err
}

func changeDomains(p *Provider, c Change) (err error) {
	if c.Domains != nil {
		p.Domains, err = normalizeDomains(*c.Domains)
	}
	return err
}

func changeMatch(p *Provider, c Change) error {
	if c.Match == nil {
		return nil
	}
	if *c.Match != MatchUserName && *c.Match != MatchWorkEmail {
		return &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf("Users cannot be matched on %q.", shorten(string(*c.Match)))}
	}
	p.Match = *c.Match
	return nil
}

// changeIdentifiers changes what the identity provider has to know of us.
func (s *Service) changeIdentifiers(p *Provider, u URLs, c Change) error {
	entityID, replyURL := p.EntityID, p.ReplyURL
	if c.EntityID != nil {
		entityID = *c.EntityID
	}
	if c.ReplyURL != nil {
		replyURL = *c.ReplyURL
	}
	if entityID == p.EntityID && replyURL == p.ReplyURL {
		return nil
	}
	if p.Fixed {
		return &Problem{Code: ProblemIdentifiers, Detail: "The entity ID and the reply URL were used in a test that passed, and the identity provider knows them: they do not change any more. Add another provider to have others."}
	}
	p.ReplyURL = ""
	return s.identify(p, u, entityID, replyURL)
}

func changeBypass(p *Provider, c Change) error {
	if c.BypassMFA == nil {
		return nil
	}
	if reason := p.BypassReason(); *c.BypassMFA && !p.BypassMFA && reason != "" {
		return &Problem{Code: ProblemEvidence, Detail: reason}
	}
	p.BypassMFA = *c.BypassMFA
	return nil
}

// BypassReason returns why [Provider.BypassMFA] cannot be turned on, in a sentence; "" = it can. It can
// as long as the last passed test of the active settings had the evidence of a second factor.
func (p *Provider) BypassReason() string {
	switch v := vendorOf(p); {
	case p.Active == nil:
		return "Test and save the connection first: the test shows whether the identity provider says that a second factor was used."
	case v != saml.VendorEntraID && v != saml.VendorOkta:
		return "This works with Microsoft Entra ID and Okta: of others it is not known how they say that a second factor was used."
	case p.Active.Tested != nil && p.Active.Tested.Evidence != "":
		return ""
	case v == saml.VendorOkta:
		return "The last test carried no evidence of a second factor. Add the attribute amr with the value session.amr to the attribute statements in Okta, sign in there with a second factor, and test again."
	}
	return "The last test carried no evidence of a second factor. Sign in to Entra ID with one and test again; it then sends the claim authnmethodsreferences with multipleauthn in it."
}

// differences returns what a change has changed, for its event: of each field its new value.
func differences(before, after *Provider) map[string]string {
	details := map[string]string{}
	note := func(name, was, is string) {
		if was != is {
			details[name] = is
		}
	}
	note("name", before.Name, after.Name)
	note("match", string(before.Match), string(after.Match))
	note("entity_id", before.EntityID, after.EntityID)
	note("reply_url", before.ReplyURL, after.ReplyURL)
	note("idp_initiated", fmt.Sprint(before.AllowIdPInitiated), fmt.Sprint(after.AllowIdPInitiated))
	note("bypass_mfa", fmt.Sprint(before.BypassMFA), fmt.Sprint(after.BypassMFA))
	if !slices.Equal(before.Domains, after.Domains) {
		details["domains"] = strings.Join(after.Domains, " ")
	}
	return details
}
