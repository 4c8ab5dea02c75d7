package provider

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// SetupLinkPrefix begins a setup link's secret, by which scanners, and people, can tell what they found.
const SetupLinkPrefix = "ghsetup_"

const (
	// SetupLinkFor is how long a setup link is good unless its options say otherwise.
	SetupLinkFor = 7 * 24 * time.Hour
	// MaxSetupLinkFor bounds it: who sets up an identity provider takes days, not seasons.
	MaxSetupLinkFor = 30 * 24 * time.Hour
	// maxSetupLinks bounds those that are kept of a provider, with those that are over.
	maxSetupLinks = 20
	// seenEvery is how often the use of a link is written down.
	seenEvery = time.Hour
)

// A SetupPower is what a setup link may do beyond URLs, import, test and the setup sheet.
type SetupPower string

// The powers.
const (
	SetupMayEnable SetupPower = "enable" // save and enable the provider
	SetupMayTokens SetupPower = "tokens" // turn provisioning on, and make a token
	SetupMayUsers  SetupPower = "users"  // see who is provisioned, and who is refused
)

// SetupPowers returns all powers.
func SetupPowers() []SetupPower { return []SetupPower{SetupMayEnable, SetupMayTokens, SetupMayUsers} }

// A SetupLink lets somebody without an account set up one provider: the administrator of a customer, as a
// rule. What is kept of it is not the link.
type SetupLink struct {
	ID       string // the part of the link that is no secret
	For      string // who it is for, as the administrator calls them
	Powers   []SetupPower
	Digest   [sha256.Size]byte // of the whole secret
	By       string            // the [Actor.Name] that made it
	Created  time.Time
	Expires  time.Time
	Revoked  time.Time // zero = it is not
	LastUsed time.Time // to the hour, as [Service.SetupLinks] fills it in; zero = never, or longer ago than events are kept
}

// Good reports whether a link can be used at a time.
func (l *SetupLink) Good(now time.Time) bool { return l.Revoked.IsZero() && now.Before(l.Expires) }

// May reports whether a link has a power.
func (l *SetupLink) May(p SetupPower) bool { return slices.Contains(l.Powers, p) }

// Actor returns who acts by the link.
func (l *SetupLink) Actor(tenant scim.TenantID, from string) Actor {
	return Actor{Tenant: tenant, Name: "setup link " + l.ID + " (" + l.For + ")", From: from}
}

// SetupLinkOptions say what a setup link is.
type SetupLinkOptions struct {
	For    string        // required: who it is for, for the list and the events
	Powers []SetupPower  // nil = none beyond the draft
	Valid  time.Duration // 0 = [SetupLinkFor]; at most [MaxSetupLinkFor]
}

// NewSetupLink makes a setup link of a provider and returns its secret, for this once. The host puts it
// into a URL. The proof is for [ActionSetupLink].
func (s *Service) NewSetupLink(ctx context.Context, a Actor, id ID, o SetupLinkOptions, proof Proof) (Secret, SetupLink, error) {
	if err := o.check(); err != nil {
		return Secret{}, SetupLink{}, err
	}
	if err := s.consume(ctx, a, proof, ActionSetupLink, id); err != nil {
		return Secret{}, SetupLink{}, err
	}
	now := s.now()
	l := SetupLink{ID: strings.ToLower(rand.Text()), For: o.For, Powers: slices.Clone(o.Powers), By: a.Name, Created: now, Expires: now.Add(o.Valid)}
	secret := SetupLinkPrefix + string(id) + "." + l.ID + "." + rand.Text()
	l.Digest = sha256.Sum256([]byte(secret))
	_, err := s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		if len(p.SetupLinks) >= maxSetupLinks {
			p.SetupLinks = slices.DeleteFunc(p.SetupLinks, func(l SetupLink) bool { return !l.Good(now) })
		}
		if len(p.SetupLinks) >= maxSetupLinks {
			return nil, &Problem{Code: ProblemTooMany, Detail: fmt.Sprintf("A provider has up to %d setup links: revoke one first.", maxSetupLinks)}
		}
		p.SetupLinks = append(p.SetupLinks, l)
		return []Event{{Type: EventSetupLinkMade, Details: map[string]string{
			"link": l.ID, "for": l.For, "powers": l.powers(), "expires": l.Expires.UTC().Format(time.RFC3339),
		}}}, nil
	})
	if err != nil {
		return Secret{}, SetupLink{}, err
	}
	return newSecret(secret), l, nil
}

func (l *SetupLink) powers() string {
	var list []string
	for _, p := range l.Powers {
		list = append(list, string(p))
	}
	return strings.Join(list, ",")
}

// check says what of the options cannot be meant, and fills in what was left open.
func (o *SetupLinkOptions) check() error {
	o.For = strings.TrimSpace(o.For)
	if o.Valid == 0 {
		o.Valid = SetupLinkFor
	}
	switch name, err := checkName(o.For, true); {
	case o.For == "":
		return &Problem{Code: ProblemName, Detail: "Say who the link is for: the list and the events name them."}
	case err != nil || name != o.For:
		return &Problem{Code: ProblemName, Detail: fmt.Sprintf("Who the link is for has up to %d printable characters.", maxName)}
	case o.Valid < 0 || o.Valid > MaxSetupLinkFor:
		return &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf("A setup link is good for %d days at most.", int(MaxSetupLinkFor/(24*time.Hour)))}
	}
	for _, p := range o.Powers {
		if !slices.Contains(SetupPowers(), p) {
			return &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf("A setup link cannot be allowed to %q.", shorten(string(p)))}
		}
	}
	return nil
}

// RevokeSetupLink ends a setup link, at once.
func (s *Service) RevokeSetupLink(ctx context.Context, a Actor, id ID, link string) (Provider, error) {
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		i := slices.IndexFunc(p.SetupLinks, func(l SetupLink) bool { return l.ID == link })
		if i < 0 {
			return nil, fmt.Errorf("%w: setup link %q", ErrNotFound, shorten(link))
		}
		if !p.SetupLinks[i].Revoked.IsZero() {
			return nil, nil
		}
		p.SetupLinks[i].Revoked = s.now()
		return []Event{{Type: EventSetupLinkRevoked, Details: map[string]string{"link": link, "for": p.SetupLinks[i].For}}}, nil
	})
}

// OpenSetupLink returns the provider of a setup link, and the link, or ErrNotFound: for one that never
// was, is over or revoked alike. It is called at each request with the secret. from is where that came from.
func (s *Service) OpenSetupLink(ctx context.Context, secret, from string) (Connection, SetupLink, error) {
	rest, ok := strings.CutPrefix(secret, SetupLinkPrefix)
	id, _, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || !isID(ID(id)) || len(secret) > 256 {
		return Connection{}, SetupLink{}, ErrNotFound
	}
	tenant, p, err := s.config.Store.Connection(ctx, ID(id))
	if err != nil {
		return Connection{}, SetupLink{}, err
	}
	digest, now := sha256.Sum256([]byte(secret)), s.now()
	i := slices.IndexFunc(p.SetupLinks, func(l SetupLink) bool {
		return subtle.ConstantTimeCompare(l.Digest[:], digest[:]) == 1 && l.Good(now)
	})
	if i < 0 {
		return Connection{}, SetupLink{}, ErrNotFound
	}
	l := p.SetupLinks[i]
	return Connection{tenant, p}, l, s.seeLink(ctx, l.Actor(tenant, from), p.ID, &l)
}

// seeLink records that a link is used, once an hour. The provider is not touched: administrators may have its
// page open, and a draft that nobody works on stays idle.
func (s *Service) seeLink(ctx context.Context, a Actor, id ID, l *SetupLink) error {
	return s.act(ctx, a, func(ctx context.Context, st Store) ([]Event, error) {
		now := s.now()
		first, err := st.Once(ctx, a.Tenant, "setup link "+l.ID, now, now.Add(seenEvery))
		if err != nil || !first {
			return nil, err
		}
		return []Event{{Type: EventSetupLinkUsed, Provider: id, Details: map[string]string{"link": l.ID, "for": l.For}}}, nil
	})
}

// SetupLinks returns the setup links of a provider, the latest first, with those that are over.
func (s *Service) SetupLinks(ctx context.Context, a Actor, id ID) ([]SetupLink, error) {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return nil, err
	}
	list := slices.Clone(p.SetupLinks)
	slices.Reverse(list)
	if len(list) == 0 {
		return nil, nil
	}
	used, err := s.config.Store.Events(ctx, a.Tenant, EventQuery{Types: []EventType{EventSetupLinkUsed}, Provider: id, Limit: maxEvents})
	if err != nil {
		return nil, err
	}
	for _, e := range used.Events { // the latest first
		for i := range list {
			if list[i].ID == e.Details["link"] && list[i].LastUsed.IsZero() {
				list[i].LastUsed = e.Time
			}
		}
	}
	return list, nil
}

// ProveSetupLink returns the proof for an act that a setup link may do: the administrator who made it has
// given the second factor for it.
func (s *Service) ProveSetupLink(ctx context.Context, secret, from string, action Action) (Proof, error) {
	c, l, err := s.OpenSetupLink(ctx, secret, from)
	if errors.Is(err, ErrNotFound) {
		return Proof{}, &Problem{Code: ProblemProof, Detail: "This setup link is over."}
	}
	if err != nil {
		return Proof{}, err
	}
	allowed := []Action{ActionEnableSCIM, ActionNewToken}
	if !slices.Contains(allowed, action) || !l.May(SetupMayTokens) {
		return Proof{}, &Problem{Code: ProblemProof, Detail: "This setup link may not do this. Ask who gave it to you."}
	}
	return s.prove(l.Actor(c.Tenant, from), action, c.Provider.ID), nil
}
