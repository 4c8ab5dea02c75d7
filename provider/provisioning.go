package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A Provisioning is what a provider may do by SCIM.
type Provisioning struct {
	Grants  Grants
	Managed ManagedSet
	// DefaultOrganization is for end users who come without one; "" = they are refused.
	DefaultOrganization string
	OnDelete            OnDelete
	// Mapping says which groups give which roles; see [Service.MapRoles].
	Mapping []RoleMapping
	// Approved are the IDs of administrators whom it may take over; see [Service.Approve].
	Approved []string
	// Released are the IDs of users who were released for edits in the console; see [Service.Release].
	Released []string
}

// Grants are what a provider may hand out. The zero value is nothing.
type Grants struct {
	UserTypes       []string // of extension.Technician and extension.EndUser
	AnyOrganization bool
	Organizations   []string // if not any
	AllowAll        bool     // the organization "all": an end user of every one
	AnyRole         bool
	Roles           []string // the IDs of those that its groups may give, if not any
}

// allGrants are those of the only provider of a tenant.
func allGrants() Grants {
	return Grants{UserTypes: []string{extension.EndUser, extension.Technician}, AnyOrganization: true, AllowAll: true, AnyRole: true}
}

// A ManagedSet says which attributes of users a provider manages. Writes to others are accepted and not
// stored, and /Schemas calls them readOnly.
type ManagedSet string

// The sets.
const (
	ManagedAll      ManagedSet = ""         // every one
	ManagedNinjaOne ManagedSet = "ninjaone" // userName, active, emails, name, externalId and the extension
)

// OnDelete says what becomes of a user whom the identity provider deletes.
type OnDelete string

// What becomes of them.
const (
	// OnDeleteDefault deletes those whom the identity provider has created, and keeps the row of those who
	// were here before.
	OnDeleteDefault OnDelete = ""
	OnDeleteRemove  OnDelete = "remove" // deletes all but administrators
	OnDeleteKeep    OnDelete = "keep"   // keeps the rows of all
)

// Deleted is the [scim.Meta.ManagedBy] of a user whom an identity provider has deleted and whose row is
// kept: nobody sees it, its user name is free, and it is inactive. The host may do with it what it likes.
const Deleted = "deleted"

// Organizations are the host's.
type Organizations interface {
	// Resolve says whether end users of a provider may be placed in an organization, as
	// [extension.Rules.Resolve] does. The grants of the provider are judged apart.
	Resolve(ctx context.Context, tenant scim.TenantID, provider ID, organization string) (canonical string, err error)
}

// Hooks are the host's own rules for provisioning, called after those of the provider.
type Hooks struct {
	// Before is called in the transaction of a change, before it is stored, as [scim.Policy.Check]: it may
	// veto with a *[scim.Refusal], such as for the number of seats.
	Before func(context.Context, scim.Stores, *scim.Change) error
	// After is called when it is stored, as [scim.Policy.Stored].
	After func(context.Context, scim.Change) error
}

// EnableSCIM lets a provider provision. Its single sign-on has to be enabled, unless
// [Config.SCIMWithoutSSO]. The only provider of a tenant may hand out everything to begin with; another
// one end users, in organizations that are to be chosen by [Service.SetGrants]. The proof is for
// [ActionEnableSCIM].
func (s *Service) EnableSCIM(ctx context.Context, a Actor, id ID, proof Proof) (Provider, error) {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return Provider{}, err
	}
	if err := s.mayProvision(&p); err != nil {
		return Provider{}, err
	}
	initial, err := s.InitialGrants(ctx, a, id)
	if err != nil {
		return Provider{}, err
	}
	if err := s.consume(ctx, a, proof, ActionEnableSCIM, id); err != nil {
		return Provider{}, err
	}
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		if err := s.mayProvision(p); err != nil || p.SCIM {
			return nil, err
		}
		p.SCIM = true
		if len(p.Provisioning.Grants.UserTypes) == 0 {
			p.Provisioning.Grants = initial
		}
		return []Event{{Type: EventSCIMEnabled, Details: p.Provisioning.details()}}, nil
	})
}

// InitialGrants returns what a provider may hand out when its provisioning is enabled for the first time:
// see [Service.EnableSCIM].
func (s *Service) InitialGrants(ctx context.Context, a Actor, id ID) (Grants, error) {
	others, err := s.config.Store.Providers(ctx, a.Tenant, Query{Limit: maxListed, Now: s.now()})
	if err != nil {
		return Grants{}, err
	}
	if slices.ContainsFunc(others.Providers, func(o Provider) bool { return o.ID != id && o.State() != StateDraft }) {
		return Grants{UserTypes: []string{extension.EndUser}}, nil
	}
	return allGrants(), nil
}

// MayProvision returns nil if [Service.EnableSCIM] can be asked for, or else the [*Problem] that it has.
func (s *Service) MayProvision(ctx context.Context, a Actor, id ID) error {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return err
	}
	return s.mayProvision(&p)
}

func (s *Service) mayProvision(p *Provider) error {
	if !p.Enabled && !s.config.SCIMWithoutSSO {
		return &Problem{Code: ProblemState, Detail: "Provisioning belongs to an identity provider that signs people in: enable this one first."}
	}
	return nil
}

// DisableSCIM ends provisioning. Its tokens stay good, and are answered that it is off; its users stay, and
// can be edited here; when it is enabled again all is as before. The proof is for [ActionDisableSCIM].
func (s *Service) DisableSCIM(ctx context.Context, a Actor, id ID, proof Proof) (Provider, error) {
	if p, err := s.config.Store.Provider(ctx, a.Tenant, id); err != nil || !p.SCIM {
		return p, err
	}
	if err := s.consume(ctx, a, proof, ActionDisableSCIM, id); err != nil {
		return Provider{}, err
	}
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		if !p.SCIM {
			return nil, nil
		}
		p.SCIM = false
		return []Event{{Type: EventSCIMDisabled}}, nil
	})
}

// SetGrants sets what a provider may hand out, which attributes it manages, the default organization and
// what a deletion does. Users who have more than that by now keep it: grants are asked for values that
// change. The proof is for [ActionGrants].
func (s *Service) SetGrants(ctx context.Context, a Actor, id ID, v Provisioning, proof Proof) (Provider, error) {
	if err := v.check(); err != nil {
		return Provider{}, err
	}
	if err := s.consume(ctx, a, proof, ActionGrants, id); err != nil {
		return Provider{}, err
	}
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		if problem := v.Grants.refusesRoles(p.Provisioning.Mapping, s.grantsPage()); problem != nil {
			return nil, problem
		}
		v.Mapping = p.Provisioning.Mapping
		v.Approved, v.Released = p.Provisioning.Approved, p.Provisioning.Released
		p.Provisioning = v
		return []Event{{Type: EventGrants, Details: v.details()}}, nil
	})
}

// maxGranted bounds the organizations of a grant: a list that long is any.
const maxGranted = 1000

// check says what of a provisioning cannot be meant.
func (v *Provisioning) check() error {
	bad := func(format string, args ...any) error {
		return &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf(format, args...)}
	}
	for _, t := range v.Grants.UserTypes {
		if t != extension.Technician && t != extension.EndUser {
			return bad("%q is no user type: there are %s and %s.", shorten(t), extension.Technician, extension.EndUser)
		}
	}
	switch {
	case len(v.Grants.UserTypes) == 0:
		return bad("A provider hands out one user type at least.")
	case len(v.Grants.Roles) > maxGranted:
		return bad("Up to %d roles can be listed: allow any instead.", maxGranted)
	case len(v.Grants.Organizations) > maxGranted:
		return bad("Up to %d organizations can be listed: allow any instead.", maxGranted)
	case v.Managed != ManagedAll && v.Managed != ManagedNinjaOne:
		return bad("There is no set of attributes %q.", shorten(string(v.Managed)))
	case v.OnDelete != OnDeleteDefault && v.OnDelete != OnDeleteRemove && v.OnDelete != OnDeleteKeep:
		return bad("There is no way to delete %q.", shorten(string(v.OnDelete)))
	case v.DefaultOrganization != "" && v.Grants.refuses(v.DefaultOrganization) != "":
		return bad("The default organization %q is none that this provider may hand out.", shorten(v.DefaultOrganization))
	}
	return nil
}

// details returns what an event says of a provisioning.
func (v *Provisioning) details() map[string]string {
	organizations := strings.Join(v.Grants.Organizations, ",")
	if v.Grants.AnyOrganization {
		organizations = "any"
	}
	roles := strings.Join(v.Grants.Roles, ",")
	if v.Grants.AnyRole {
		roles = "any"
	}
	return map[string]string{
		"roles":      shorten(roles),
		"user_types": strings.Join(v.Grants.UserTypes, ","), "organizations": shorten(organizations), "all": fmt.Sprint(v.Grants.AllowAll),
		"managed": string(v.Managed), "default_organization": v.DefaultOrganization, "on_delete": string(v.OnDelete),
	}
}

// refuses says why an organization cannot be handed out, "" = it can.
func (g *Grants) refuses(organization string) string {
	switch {
	case organization == extension.All && g.AllowAll:
	case organization == extension.All:
		return "this provider may not place users in all organizations"
	case g.AnyOrganization || slices.Contains(g.Organizations, organization):
	default:
		return "this provider may not place users in this organization"
	}
	return ""
}
