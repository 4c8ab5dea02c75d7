package provider

import (
	"context"
	"errors"
	"strconv"

	"github.com/seed-30109bde/gatehouse/scim"
)

// releaseBatch is how many users or groups are released in one transaction.
const releaseBatch = 200

// Delete removes a provider that is disabled. Its users and groups become native ones: nobody manages
// them, and they have no externalId any more. One that was interrupted goes on when it is called again.
// The proof is for [ActionDelete].
func (s *Service) Delete(ctx context.Context, a Actor, id ID, proof Proof) error {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return err
	}
	if err := disabled(&p); err != nil {
		return err
	}
	if err := s.consume(ctx, a, proof, ActionDelete, id); err != nil {
		return err
	}
	users, err := s.release(ctx, a.Tenant, id)
	if err != nil {
		return err
	}
	groups, err := s.releaseGroups(ctx, a.Tenant, id)
	if err != nil {
		return err
	}
	return s.act(ctx, a, func(ctx context.Context, st Store) ([]Event, error) {
		p, err := st.Provider(ctx, a.Tenant, id)
		if err != nil {
			return nil, err
		}
		if err := disabled(&p); err != nil {
			return nil, err
		}
		if err := st.DeleteProvider(ctx, a.Tenant, id, p.Version); err != nil {
			return nil, err
		}
		return []Event{{Type: EventDeleted, Provider: id, Details: map[string]string{
			"name": p.Name, "users": strconv.Itoa(users), "groups": strconv.Itoa(groups),
		}}}, nil
	})
}

func disabled(p *Provider) error {
	if p.Enabled {
		return &Problem{Code: ProblemState, Detail: "This provider is enabled. Disable it first: then nobody signs in through it any more."}
	}
	return nil
}

// release makes the users of a provider native, and returns how many those were.
func (s *Service) release(ctx context.Context, tenant scim.TenantID, id ID) (n int, err error) {
	for {
		q := scim.Query{Scope: scim.Scope{Manager: string(id)}, Limit: releaseBatch}
		page, err := s.config.Stores.Users.Users(ctx, tenant, q)
		if err != nil || len(page.Items) == 0 {
			return n, err
		}
		for _, u := range page.Items {
			u.ManagedBy, u.ExternalID = "", ""
			_, err := s.config.Stores.Users.UpdateUser(ctx, tenant, u)
			switch {
			case errors.Is(err, scim.ErrStale) || errors.Is(err, scim.ErrNotFound): // the next page has it, or it is gone
			case err != nil:
				return n, err
			default:
				n++
			}
		}
	}
}

// releaseGroups does the same with its groups. One whose name a native group has gets the provider's
// ID behind it.
func (s *Service) releaseGroups(ctx context.Context, tenant scim.TenantID, id ID) (n int, err error) {
	groups := s.config.Stores.Groups
	if groups == nil {
		return 0, nil
	}
	for {
		q := scim.Query{Scope: scim.Scope{Manager: string(id)}, Limit: releaseBatch}
		page, err := groups.Groups(ctx, tenant, q)
		if err != nil || len(page.Items) == 0 {
			return n, err
		}
		for _, g := range page.Items {
			g.ManagedBy, g.ExternalID = "", ""
			_, err := groups.UpdateGroup(ctx, tenant, g, scim.MemberChange{})
			if _, taken := errors.AsType[*scim.ConflictError](err); taken {
				g.DisplayName += " (" + string(id) + ")"
				_, err = groups.UpdateGroup(ctx, tenant, g, scim.MemberChange{})
			}
			switch {
			case errors.Is(err, scim.ErrStale) || errors.Is(err, scim.ErrNotFound):
			case err != nil:
				return n, err
			default:
				n++
			}
		}
	}
}
