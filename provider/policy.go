package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Policy returns the rules of provisioning, for a host that mounts package scim by itself. Principals
// name a provider as Manager. [Service.Handler] serves with them.
func (s *Service) Policy() scim.Policy {
	return scim.Policy{NinjaOne: s.rules, Adopt: s.adopt, Check: s.checkChange, Stored: s.stored, Keeps: s.keeps, Answered: s.observe}
}

// of returns the provider that a principal stands for.
func (s *Service) of(ctx context.Context, st Store, who scim.Principal) (Provider, error) {
	p, err := st.Provider(ctx, who.Tenant, ID(who.Manager))
	if errors.Is(err, ErrNotFound) {
		return p, fmt.Errorf("provider: the principal stands for %q, which is no provider of the tenant", who.Manager)
	}
	return p, err
}

// rules are those of the NinjaOne extension. What a provider may hand out is a part of them, so that it
// is asked for values that change alone, and never keeps a leaver.
func (s *Service) rules(ctx context.Context, who scim.Principal) (extension.Rules, error) {
	p, err := s.of(ctx, s.config.Store, who)
	if err != nil {
		return extension.Rules{}, err
	}
	return extension.Rules{
		RequireOrganization: s.config.Organizations != nil,
		DefaultOrganization: p.Provisioning.DefaultOrganization,
		Resolve: func(ctx context.Context, id string) (string, error) {
			canonical := id
			if s.config.Organizations != nil {
				var err error
				if canonical, err = s.config.Organizations.Resolve(ctx, who.Tenant, p.ID, id); err != nil {
					return "", err
				}
				if canonical == "" {
					canonical = id
				}
			}
			if reason := p.Provisioning.Grants.refuses(canonical); reason != "" {
				return "", &extension.Error{Attribute: extension.OrganizationID, Value: id, Rule: reason + "; see " + s.grantsPage()}
			}
			return canonical, nil
		},
	}, nil
}

// grantsPage is where an administrator changes grants.
func (s *Service) grantsPage() string { return s.config.Menu + " > SCIM > Grants" }

// ninjaOneManaged are the attributes of [ManagedNinjaOne].
var ninjaOneManaged = []string{"userName", "active", "emails", "name", "externalId", extension.URN + ":organizationId", extension.URN + ":userType"}

// keeps says whether a provider manages an attribute.
func (s *Service) keeps(who scim.Principal, ref filter.Ref) bool {
	p, ok := s.provisioning.Load(who.Key)
	return !ok || p.(*Provider).manages(ref)
}

// noteUnkept records, once for each attribute, that the provider writes one that it does not manage.
func (s *Service) noteUnkept(ctx context.Context, c scim.Change) error {
	for _, ref := range c.Unkept {
		key := "unmanaged " + c.By.Manager + " " + ref.String()
		if _, known := s.unkept.Load(key); known {
			continue
		}
		err := s.once(ctx, c.By.Tenant, key, Event{
			Type: EventUnmanaged, Provider: ID(c.By.Manager), Details: map[string]string{"attribute": ref.String()},
		})
		if err != nil {
			return err
		}
		s.unkept.Store(key, true)
	}
	return nil
}

// adopt says whether a provider may find a native user, and take the user over.
func (s *Service) adopt(ctx context.Context, who scim.Principal, u scim.User) error {
	p, err := s.of(ctx, s.config.Store, who)
	if err != nil {
		return err
	}
	covered, err := s.coversName(ctx, s.config.Store, who.Tenant, &p, u.UserName)
	switch {
	case err != nil:
		return err
	case !covered:
		return scim.ErrNotFound
	case slices.Contains(p.Provisioning.Released, u.ID):
		return conflict("the user was released for edits in the console; give the user back there")
	case u.Administrator && !slices.Contains(p.Provisioning.Approved, u.ID):
		return conflict("the user is an administrator, and taking over needs approval in " + s.config.Menu + " > SCIM")
	}
	return nil
}

func conflict(detail string) error {
	return &scim.Refusal{Status: http.StatusConflict, Type: "uniqueness", Detail: detail}
}

// coversName reports whether a user name is one that a provider may have: its domain is one of the
// provider's, or the provider has none and no other has it.
func (s *Service) coversName(ctx context.Context, st Store, tenant scim.TenantID, p *Provider, userName string) (bool, error) {
	domain := domainOf(userName)
	if len(p.Domains) > 0 {
		return domain != "" && slices.Contains(p.Domains, domain), nil
	}
	home, err := s.realmIn(ctx, st, tenant, userName)
	if errors.Is(err, ErrNotFound) { // there is no default one, or a disabled one has the domain
		return !p.Enabled, nil
	}
	return err == nil && len(home.Domains) == 0, err
}
