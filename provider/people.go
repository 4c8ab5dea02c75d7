package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A PeopleQuery asks for the users of a tenant, whoever manages them, as an administrator does.
type PeopleQuery struct {
	// Search is a part of a user name, a display name, a family name or an e-mail address. "" = all.
	Search       string
	UserType     string   // extension.Technician or extension.EndUser; "" = both
	Organization string   // its ID; "" = all
	Active       *bool    // nil = both
	Provider     ID       // that manages them; "" = any, and none
	IDs          []string // nil = all; else those with one of these
	After        string   // a [scim.Page.Next] of the same query
	Limit        int      // at most 200; 0 = 50
}

// maxSearch bounds what is searched for, in characters.
const maxSearch = 256

// Users returns the users that match a query, in the order of their user names, without those whom an
// identity provider has [Deleted]: a page can be shorter than it was asked for.
func (s *Service) Users(ctx context.Context, a Actor, q PeopleQuery) (scim.Page[scim.User], error) {
	store := scim.Query{Scope: scim.Scope{All: true}, After: q.After, Limit: pageLimit(q.Limit), IDs: q.IDs}
	if q.Provider != "" {
		store.Scope = scim.Scope{Manager: string(q.Provider)}
	}
	if ref, ok := s.users.Ref("userName"); ok {
		store.Sort.By = ref
	}
	var err error
	if store.Filter, err = q.bind(s.users); err != nil {
		return scim.Page[scim.User]{}, err
	}
	page, err := s.config.Stores.Users.Users(ctx, a.Tenant, store)
	if errors.Is(err, scim.ErrPosition) {
		return page, &Problem{Code: ProblemPage, Detail: "This page of the listing is not there any more. Begin at the first one.", Cause: err}
	}
	page.Items = slices.DeleteFunc(page.Items, func(u scim.User) bool { return u.ManagedBy == Deleted })
	return page, err
}

// pageLimit returns how many of a listing are on a page.
func pageLimit(asked int) int {
	if asked <= 0 {
		return 50
	}
	return min(asked, maxListed)
}

// bind makes a filter of a query; nil = all.
func (q *PeopleQuery) bind(users *filter.Registry) (*filter.Bound, error) {
	const ninja = extension.URN + ":"
	var terms []string
	if q.Search != "" {
		if utf8.RuneCountInString(q.Search) > maxSearch {
			return nil, &Problem{Code: ProblemPage, Detail: fmt.Sprintf("Search for %d characters at most.", maxSearch)}
		}
		word := literal(q.Search)
		terms = append(terms, fmt.Sprintf("(userName co %s or displayName co %s or name.familyName co %s or emails.value co %s)", word, word, word, word))
	}
	if q.UserType != "" {
		terms = append(terms, ninja+"userType eq "+literal(q.UserType))
	}
	if q.Organization != "" {
		terms = append(terms, ninja+"organizationId eq "+literal(q.Organization))
	}
	if q.Active != nil {
		terms = append(terms, fmt.Sprintf("active eq %t", *q.Active))
	}
	if len(terms) == 0 {
		return nil, nil
	}
	f, err := filter.Parse(strings.Join(terms, " and "))
	if err != nil {
		return nil, &Problem{Code: ProblemPage, Detail: "This cannot be searched for.", Cause: err}
	}
	return f.Bind(users)
}

// literal writes a text into a filter (RFC 7644 §3.4.2.2: strings are those of JSON).
func literal(text string) string {
	quoted, err := json.Marshal(strings.ToValidUTF8(text, "�"))
	if err != nil {
		panic(err) // a string can be written
	}
	return string(quoted)
}

// User returns a user of the tenant, or [ErrNotFound]: also of one who is [Deleted].
func (s *Service) User(ctx context.Context, a Actor, id string) (scim.User, error) {
	return s.userOf(ctx, a, id)
}

// A GroupQuery asks for groups.
type GroupQuery struct {
	Search   string // a part of the name; "" = all
	Provider ID     // that manages them; "" = any
	After    string // a [scim.Page.Next] of the same query
	Limit    int    // at most 200; 0 = 50
}

// Groups returns the groups that identity providers have sent, in the order of their names. Where groups are
// not provisioned there are none.
func (s *Service) Groups(ctx context.Context, a Actor, q GroupQuery) (scim.Page[scim.Group], error) {
	if s.config.Stores.Groups == nil {
		return scim.Page[scim.Group]{}, nil
	}
	store := scim.Query{Scope: scim.Scope{All: true}, After: q.After, Limit: pageLimit(q.Limit)}
	if q.Provider != "" {
		store.Scope = scim.Scope{Manager: string(q.Provider)}
	}
	if ref, ok := s.groups.Ref("displayName"); ok {
		store.Sort.By = ref
	}
	if q.Search != "" {
		if utf8.RuneCountInString(q.Search) > maxSearch {
			return scim.Page[scim.Group]{}, &Problem{Code: ProblemPage, Detail: fmt.Sprintf("Search for %d characters at most.", maxSearch)}
		}
		f, err := filter.Parse("displayName co " + literal(q.Search))
		if err != nil {
			return scim.Page[scim.Group]{}, &Problem{Code: ProblemPage, Detail: "This cannot be searched for.", Cause: err}
		}
		if store.Filter, err = f.Bind(s.groups); err != nil {
			return scim.Page[scim.Group]{}, err
		}
	}
	page, err := s.config.Stores.Groups.Groups(ctx, a.Tenant, store)
	if errors.Is(err, scim.ErrPosition) {
		return page, &Problem{Code: ProblemPage, Detail: "This page of the listing is not there any more. Begin at the first one.", Cause: err}
	}
	return page, err
}

// Group returns a group of the tenant, or [ErrNotFound].
func (s *Service) Group(ctx context.Context, a Actor, id string) (scim.Group, error) {
	if s.config.Stores.Groups == nil {
		return scim.Group{}, fmt.Errorf("%w: group %q", ErrNotFound, id)
	}
	g, err := s.config.Stores.Groups.Group(ctx, a.Tenant, id)
	if errors.Is(err, scim.ErrNotFound) {
		return g, fmt.Errorf("%w: group %q", ErrNotFound, id)
	}
	return g, err
}

// Members returns a page of the members of a group.
func (s *Service) Members(ctx context.Context, a Actor, group, after string, limit int) (scim.Page[scim.Member], error) {
	if _, err := s.Group(ctx, a, group); err != nil {
		return scim.Page[scim.Member]{}, err
	}
	return s.config.Stores.Groups.Members(ctx, a.Tenant, group, after, pageLimit(limit))
}

// GroupsOf returns the groups that a user is a direct member of.
func (s *Service) GroupsOf(ctx context.Context, a Actor, user string) ([]scim.Member, error) {
	if s.config.Stores.Groups == nil {
		return nil, nil
	}
	all, err := s.config.Stores.Groups.GroupsOf(ctx, a.Tenant, scim.Scope{All: true}, []string{user})
	return all[user], err
}

// Roles returns the roles of the tenant, those that cannot be mapped too; none where the host has none.
func (s *Service) Roles(ctx context.Context, a Actor) ([]Role, error) {
	if s.config.Roles == nil {
		return nil, nil
	}
	return s.config.Roles.List(ctx, a.Tenant)
}

// Awaiting returns the administrators whom a provider was refused, since it may take them over with an
// approval alone: see [Service.Approve].
func (s *Service) Awaiting(ctx context.Context, a Actor, id ID) ([]scim.User, error) {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return nil, err
	}
	failures, err := s.config.Store.Failures(ctx, a.Tenant, id)
	if err != nil {
		return nil, err
	}
	var list []scim.User
	seen := map[string]bool{}
	for _, f := range failures {
		if s.isOver(f) || f.Type != "User" || !strings.HasPrefix(f.Reason, "409") {
			continue
		}
		u, err := s.meant(ctx, a.Tenant, f)
		if err != nil {
			return nil, err
		}
		if u.ID == "" || seen[u.ID] || !u.Administrator || u.ManagedBy != "" || slices.Contains(p.Provisioning.Approved, u.ID) {
			continue
		}
		seen[u.ID] = true
		list = append(list, u)
	}
	return list, nil
}

// meant returns the user whom a refused write was about; the zero user if there is none.
func (s *Service) meant(ctx context.Context, tenant scim.TenantID, f Failure) (scim.User, error) {
	if f.ID != "" {
		u, err := s.config.Stores.Users.User(ctx, tenant, f.ID)
		if errors.Is(err, scim.ErrNotFound) {
			return scim.User{}, nil
		}
		return u, err
	}
	ref, ok := s.users.Ref("userName")
	if !ok || f.Name == "" {
		return scim.User{}, nil
	}
	page, err := s.config.Stores.Users.Users(ctx, tenant, scim.Query{Filter: filter.Equal(s.users, ref, f.Name), Scope: scim.Scope{All: true}, Limit: 1})
	if err != nil || len(page.Items) == 0 {
		return scim.User{}, err
	}
	return page.Items[0], nil
}
