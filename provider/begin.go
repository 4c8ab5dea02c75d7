package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A Draft is what a provider begins with. All of it is optional.
type Draft struct {
	// ID is for a host that sets up providers by itself, under IDs that it knows: 1 to 64 lower-case
	// letters, digits, "-" and "_". "" = a new one.
	ID   ID
	Name string
	// EntityID and ReplyURL are for a product that has them already; else they are made.
	EntityID, ReplyURL string
}

// Begin stores a draft, so that its identifiers can be copied to the identity provider. Any
// administrator can go on with it. One that nobody touches for [IdleFor] is removed.
func (s *Service) Begin(ctx context.Context, a Actor, d Draft) (Provider, error) {
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return Provider{}, err
	}
	now := s.now()
	if d.ID == "" {
		d.ID = newID()
	}
	if !isID(d.ID) {
		return Provider{}, &Problem{Code: ProblemIdentifiers, Detail: fmt.Sprintf("%q is not an ID: 1 to 64 lower-case letters, digits, - and _.", shorten(string(d.ID)))}
	}
	p := Provider{ID: d.ID, CreatedBy: a.Name, Created: now, Modified: now}
	p.EntityID = u.Native + ssoPath + string(p.ID)
	if p.Name, err = checkName(d.Name, true); err != nil {
		return Provider{}, err
	}
	if err := s.identify(&p, u, d.EntityID, d.ReplyURL); err != nil {
		return Provider{}, err
	}
	err = s.act(ctx, a, func(ctx context.Context, st Store) (_ []Event, err error) {
		if p, err = st.PutProvider(ctx, a.Tenant, p); err != nil {
			return nil, s.explain(ctx, st, a.Tenant, err)
		}
		return []Event{{Type: EventBegun, Provider: p.ID, Details: map[string]string{"name": p.Name, "entity_id": p.EntityID}}}, nil
	})
	if err != nil {
		return Provider{}, err
	}
	return p, nil
}

// isID reports whether a text can be an ID: it is a part of paths, of cookies and of other texts.
func isID(id ID) bool {
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(id) > 0 && len(id) <= 64 && id != "start" && id != Deleted
}

// maxName bounds a name, in characters: it is the heading of a page.
const maxName = 128

// checkName returns a name as it is stored.
func checkName(name string, optional bool) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "" && optional:
		return "", nil
	case name == "":
		return "", &Problem{Code: ProblemName, Detail: "A provider needs a name, such as the e-mail domain of its people."}
	case !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", &Problem{Code: ProblemName, Detail: fmt.Sprintf("A name has 1 to %d printable characters.", maxName)}
	}
	return name, nil
}

// explain turns what a store says is taken into what an administrator can do something about. It names
// a provider of the same tenant, and none of another.
func (s *Service) explain(ctx context.Context, st Store, tenant scim.TenantID, err error) error {
	taken, ok := errors.AsType[*Taken](err)
	if !ok {
		return err
	}
	owner := "another provider"
	if taken.By != "" {
		if p, err := st.Provider(ctx, tenant, taken.By); err == nil && p.Name != "" {
			owner = fmt.Sprintf("the provider %q", p.Name)
		}
	}
	p := &Problem{Provider: taken.By, Cause: err}
	switch taken.Field {
	case TakenName:
		p.Code, p.Detail = ProblemName, fmt.Sprintf("The name %q is that of %s.", taken.Value, owner)
	case TakenDomain:
		p.Code, p.Detail = ProblemDomain, fmt.Sprintf("The domain %s belongs to %s, which is enabled. Two enabled providers cannot have the same.", taken.Value, owner)
	case TakenDefault:
		p.Code, p.Detail = ProblemDefault, fmt.Sprintf("%s has no domains and is enabled: it is the default one. Give this one domains, or the other.", capital(owner))
	case TakenIssuer:
		p.Code, p.Detail = ProblemIdentifiers, fmt.Sprintf("The identity provider %s is connected at the same reply URL by %s already.", shorten(taken.Value), owner)
	default:
		p.Code, p.Detail = ProblemIdentifiers, fmt.Sprintf("The entity ID %s is in use by %s.", shorten(taken.Value), owner)
	}
	return p
}

// Provider returns a provider.
func (s *Service) Provider(ctx context.Context, a Actor, id ID) (Provider, error) {
	return s.config.Store.Provider(ctx, a.Tenant, id)
}

// maxListed bounds a page of providers.
const maxListed = 200

// Providers returns those that match a query. Limit is at most 200, and 50 if it is 0; Now is the
// time.
func (s *Service) Providers(ctx context.Context, a Actor, q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	q.Limit, q.Now = min(q.Limit, maxListed), s.now()
	return s.config.Store.Providers(ctx, a.Tenant, q)
}

// maxRaces bounds how often a change is made again because another one came first.
const maxRaces = 16

// change reads a provider, lets f change it, and stores it, in one transaction with the events of f.
// version is that which the administrator has seen, "" = any. If f returns no event nothing is stored.
func (s *Service) change(ctx context.Context, a Actor, id ID, version string, f func(ctx context.Context, st Store, p *Provider) ([]Event, error)) (p Provider, err error) {
	for range maxRaces {
		err = s.act(ctx, a, func(ctx context.Context, st Store) ([]Event, error) {
			var err error
			if p, err = st.Provider(ctx, a.Tenant, id); err != nil {
				return nil, err
			}
			if version != "" && version != p.Version {
				return nil, ErrStale
			}
			events, err := f(ctx, st, &p)
			if err != nil || len(events) == 0 {
				return nil, err
			}
			for i := range events {
				events[i].Provider = id
			}
			p.Modified = s.now()
			if p, err = st.PutProvider(ctx, a.Tenant, p); err != nil {
				return nil, s.explain(ctx, st, a.Tenant, err)
			}
			return events, nil
		})
		if version != "" || !errors.Is(err, ErrStale) {
			break
		}
	}
	if err != nil {
		return Provider{}, err
	}
	return p, nil
}
