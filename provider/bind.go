package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// signs returns the user that a NameID of a provider signs in, or why it signs in none. The user is
// returned with the reason if there is one.
//
// This is the rule that keeps an identity provider to its own people. It looks at the value that found
// the user and at no other attribute of the assertion, and it is asked at every sign-in.
func (s *Service) signs(ctx context.Context, tenant scim.TenantID, p *Provider, nameID string) (scim.User, Reason, error) {
	user, reason, err := s.named(ctx, tenant, p, strings.TrimSpace(nameID))
	if err != nil || reason != "" {
		return user, reason, err
	}
	reason, err = s.judge(ctx, tenant, p, user)
	return user, reason, err
}

// judge says why a provider does not sign in a user, "" = it does.
func (s *Service) judge(ctx context.Context, tenant scim.TenantID, p *Provider, user scim.User) (Reason, error) {
	if user.ManagedBy == "" {
		if !user.SSO {
			return ReasonWrongProvider, nil // a native account: nobody but the host signs it in
		}
		home, err := s.realm(ctx, tenant, user.UserName)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return "", err
		}
		if err != nil || home.ID != p.ID {
			return ReasonWrongProvider, nil
		}
	} else if user.ManagedBy != string(p.ID) {
		return ReasonWrongProvider, nil
	}
	switch {
	case !user.Active:
		return ReasonInactive, nil
	case !user.SSO:
		return ReasonNotSSO, nil
	}
	return "", nil
}

// named returns the user whom a NameID names.
func (s *Service) named(ctx context.Context, tenant scim.TenantID, p *Provider, nameID string) (scim.User, Reason, error) {
	if nameID == "" {
		return scim.User{}, ReasonUnknownUser, nil
	}
	q := scim.Query{Scope: scim.Scope{All: true}, Limit: 2}
	if p.Match == MatchWorkEmail {
		q.Scope = scim.Scope{Manager: string(p.ID)}
		if q.Filter = s.bind(byWorkEmail, nameID); q.Filter == nil {
			return scim.User{}, ReasonUnknownUser, nil
		}
	} else {
		ref, _ := s.users.Ref("userName")
		q.Filter = filter.Equal(s.users, ref, nameID)
	}
	page, err := s.config.Stores.Users.Users(ctx, tenant, q)
	switch {
	case err != nil:
		return scim.User{}, "", err
	case len(page.Items) == 0:
		return scim.User{}, ReasonUnknownUser, nil
	case len(page.Items) > 1:
		return scim.User{}, ReasonAmbiguousUser, nil
	}
	return page.Items[0], "", nil
}

// byWorkEmail finds users by an e-mail address of type work.
const byWorkEmail = `emails[type eq "work" and value eq %s]`

// bind returns the filter of a text with one %s for a value; nil if no filter can ask for the value, which
// nobody has then.
func (s *Service) bind(text, value string) *filter.Bound {
	quoted, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	f, err := filter.Parse(fmt.Sprintf(text, quoted))
	if err != nil {
		return nil
	}
	bound, err := f.Bind(s.users)
	if err != nil {
		return nil
	}
	return bound
}

// realm returns the enabled provider that signs in a user name: the one that has its domain, or the
// default one, else ErrNotFound.
func (s *Service) realm(ctx context.Context, tenant scim.TenantID, userName string) (Provider, error) {
	return s.realmIn(ctx, s.config.Store, tenant, userName)
}

// maxDisabled bounds how many disabled providers that name a domain, or one like it, are looked at.
const maxDisabled = 200

// realmIn looks in a store. A domain that a disabled provider has leads to none: its people are refused
// until it is enabled, and not left to the default one.
func (s *Service) realmIn(ctx context.Context, st Store, tenant scim.TenantID, userName string) (Provider, error) {
	domain := domainOf(userName)
	home, err := st.Realm(ctx, tenant, domain)
	if err != nil || domain == "" || len(home.Domains) > 0 {
		return home, err
	}
	page, err := st.Providers(ctx, tenant, Query{Search: domain, State: StateSaved, Limit: maxDisabled, Now: s.now()})
	if err != nil {
		return Provider{}, err
	}
	for _, p := range page.Providers {
		if slices.Contains(p.Domains, domain) {
			return Provider{}, ErrNotFound
		}
	}
	return home, nil
}
