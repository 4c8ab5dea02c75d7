package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A Join says how a NameID relates to the users of a tenant: what a sign-in stands or falls with, since
// an identity provider sends the name by one mapping and the users by another.
type Join struct {
	NameID  string
	User    string     // the ID of the user that it signs in; "" = none
	Reason  Reason     // why none
	Nearest []Neighbor // users that may be meant, the nearest first
	Advice  string     // which claim to change at the identity provider; "" = none
}

// A Neighbor is a user who may be meant by a NameID.
type Neighbor struct {
	ID       string
	UserName string
	How      string // what is alike, such as "has it as work e-mail address"
}

// maxNeighbors bounds Join.Nearest: an administrator compares them by eye.
const maxNeighbors = 5

// joinDepth says how far a search for neighbours goes.
type joinDepth bool

const (
	joinPoints joinDepth = false // look-ups by an index: for whoever signs in
	joinScan   joinDepth = true  // and one search of the tenant: for administrators and maintenance
)

// join says whether a NameID signs in a user of the tenant through the provider, and if none, whom it
// may mean. Only users that the provider could sign in are named.
func (s *Service) join(ctx context.Context, tenant scim.TenantID, p *Provider, nameID string, depth joinDepth) (*Join, error) {
	j := &Join{NameID: nameID}
	user, reason, err := s.signs(ctx, tenant, p, nameID)
	if err != nil {
		return nil, err
	}
	if reason == "" {
		j.User = user.ID
		return j, nil
	}
	j.Reason = reason
	if reason != ReasonUnknownUser {
		return j, nil
	}
	for _, search := range searches(nameID, p, depth) {
		if len(j.Nearest) == maxNeighbors {
			break
		}
		users, err := s.seek(ctx, tenant, search)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			known := slices.ContainsFunc(j.Nearest, func(n Neighbor) bool { return n.ID == u.ID })
			if known || len(j.Nearest) == maxNeighbors {
				continue
			}
			mine, err := s.covers(ctx, tenant, p, u)
			if err != nil {
				return nil, err
			}
			if mine {
				j.Nearest = append(j.Nearest, Neighbor{u.ID, u.UserName, search.how})
				if j.Advice == "" {
					j.Advice = search.advice(vendorOf(p))
				}
			}
		}
	}
	return j, nil
}

// covers reports whether a user is one of the provider's, or a native one that it could have.
func (s *Service) covers(ctx context.Context, tenant scim.TenantID, p *Provider, u scim.User) (bool, error) {
	if u.ManagedBy != "" {
		return u.ManagedBy == string(p.ID), nil
	}
	home, err := s.realm(ctx, tenant, u.UserName)
	if errors.Is(err, ErrNotFound) {
		return !p.Enabled && coversDomain(p, domainOf(u.UserName)), nil
	}
	return home.ID == p.ID || !p.Enabled && coversDomain(p, domainOf(u.UserName)), err
}

// coversDomain reports whether a domain would lead to a provider once it is enabled.
func coversDomain(p *Provider, domain string) bool {
	return len(p.Domains) == 0 || slices.Contains(p.Domains, domain)
}

// A search looks for users who may be meant.
type search struct {
	filter string // with %s for the value
	value  string
	how    string
	advice func(saml.Vendor) string
}

// searches returns where to look for the person of a NameID, the likeliest first.
func searches(nameID string, p *Provider, depth joinDepth) []search {
	local, domain, isEmail := cutEmail(nameID)
	list := []search{
		{byWorkEmail, nameID, "has it as work e-mail address", adviseUserName},
		{`userName eq %s`, nameID, "has it as user name", adviseMatch}, // of a provider that matches by e-mail
		{`externalId eq %s`, nameID, "has it as externalId", adviseUserName},
	}
	if home, ok := guestHome(nameID); ok {
		list = append(list,
			search{`userName eq %s`, home, "is the guest account's own name", adviseGuest},
			search{byWorkEmail, home, "has the guest account's own name as work e-mail address", adviseGuest})
	}
	if local != "" {
		list = append(list,
			search{`externalId eq %s`, local, "has its part before the @ as externalId", adviseUserName},
			search{`userName eq %s`, local, "has its part before the @ as user name", adviseUserName})
	}
	for _, d := range p.Domains {
		if isEmail && d != domain {
			list = append(list, search{`userName eq %s`, local + "@" + d, "has the same part before the @, at " + d, adviseSuffix})
		}
	}
	if isEmail && depth == joinScan {
		list = append(list, search{`userName sw %s`, local + "@", "has the same part before the @", adviseSuffix})
	}
	return list
}

// cutEmail returns what is before and after the last "@" of a NameID. Without one, it is all local.
func cutEmail(nameID string) (local, domain string, isEmail bool) {
	i := strings.LastIndexByte(nameID, '@')
	if i <= 0 || i == len(nameID)-1 {
		return nameID, "", false
	}
	return nameID[:i], domainOf(nameID), true
}

// guestMark is what Microsoft Entra ID puts behind the name of a guest, in whose own directory it is
// jane@partner.example: jane_partner.example#EXT#@host.onmicrosoft.com.
const guestMark = "#EXT#"

// guestHome returns the name that a guest has at home.
func guestHome(nameID string) (name string, ok bool) {
	mangled, _, found := strings.Cut(filter.Fold(nameID), filter.Fold(guestMark))
	if !found {
		return "", false
	}
	mangled = nameID[:len(mangled)]
	i := strings.LastIndexByte(mangled, '_')
	if i <= 0 || i == len(mangled)-1 {
		return "", false
	}
	return mangled[:i] + "@" + mangled[i+1:], true
}

// claimPath names the menu where the NameID is chosen.
func claimPath(v saml.Vendor) string { return saml.SubjectNotEmail.Entry().Path(v) }

func adviseUserName(v saml.Vendor) string {
	return fmt.Sprintf("Send as NameID what provisioning sends as userName: %s.", claimPath(v))
}

func adviseMatch(v saml.Vendor) string {
	return fmt.Sprintf("This provider matches on the work e-mail address, and the NameID is a user name: match on the user name here, or send the address as NameID: %s.", claimPath(v))
}

func adviseGuest(v saml.Vendor) string {
	text := "This is the account of a guest, whose NameID is not its e-mail address. Choose as source of the NameID for guests the e-mail address"
	if v == saml.VendorEntraID {
		text += " (user.mail, with a claim condition for external guests)"
	}
	return fmt.Sprintf("%s: %s.", text, claimPath(v))
}

func adviseSuffix(v saml.Vendor) string {
	return fmt.Sprintf("The names differ in what follows the @, as they do where an account still has a name in onmicrosoft.com or .local: give both the same, or send as NameID what provisioning sends as userName: %s.", claimPath(v))
}

// vendorOf guesses who made the identity provider.
func vendorOf(p *Provider) saml.Vendor {
	set := p.Active
	if set == nil {
		set = p.Candidate
	}
	if set == nil || set.Metadata == nil {
		return saml.VendorGeneric
	}
	return saml.GuessVendor(set.Metadata.EntityID(), set.Metadata.SignOn()[0].Location)
}

// seek returns the first users of a tenant that a search finds.
func (s *Service) seek(ctx context.Context, tenant scim.TenantID, q search) ([]scim.User, error) {
	bound := s.bind(q.filter, q.value)
	if bound == nil {
		return nil, nil
	}
	page, err := s.config.Stores.Users.Users(ctx, tenant, scim.Query{Filter: bound, Scope: scim.Scope{All: true}, Limit: maxNeighbors})
	return page.Items, err
}
