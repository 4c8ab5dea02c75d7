package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-30109bde/gatehouse/scim"
)

// The paths below a base URL.
const (
	ssoPath  = "/sso/"
	scimPath = "/ws/scim/v2"
)

// maxEntityID bounds an entity ID, in characters (SAML core §8.3.6).
const maxEntityID = 1024

// Identifiers are what an administrator copies to the identity provider.
type Identifiers struct {
	EntityID  string   // also called identifier, audience URI
	ReplyURLs []string // also called ACS URL, single sign-on URL; the first is the default
	StartURL  string   // also called sign-on URL: a tile there begins a sign-in here
	LogoutURL string   // for single logout
	Metadata  string   // the URL of all of it as SAML metadata
	TenantURL string   // of SCIM, also called base URL: the same for all providers, the token tells them apart
}

// Identifiers returns what the identity provider of a provider has to know of us.
func (s *Service) Identifiers(ctx context.Context, a Actor, id ID) (Identifiers, error) {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return Identifiers{}, err
	}
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return Identifiers{}, err
	}
	base := u.Native + ssoPath + string(id)
	return Identifiers{p.EntityID, p.replyURLs(u), base + "/start", p.sloURL(u), base + "/metadata", u.Native + scimPath}, nil
}

// replyURLs returns the assertion consumer service URLs, that of the native base first.
func (p *Provider) replyURLs(u URLs) []string {
	if p.ReplyURL != "" {
		return []string{p.ReplyURL}
	}
	var list []string
	for _, base := range u.bases() {
		list = append(list, base+ssoPath+string(p.ID)+"/acs")
	}
	return list
}

// sloURL returns the single logout URL.
func (p *Provider) sloURL(u URLs) string { return u.Native + ssoPath + string(p.ID) + "/slo" }

// has reports whether an address is at a host of the tenant.
func (u URLs) has(address string) bool {
	return slices.ContainsFunc(u.bases(), func(base string) bool { return sameHost(base, hostOf(address)) })
}

// hostOf returns the host of a URL, with its port.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// bases returns all base URLs, the native one first.
func (u URLs) bases() []string { return append([]string{u.Native}, u.Others...) }

// urls returns the base URLs of a tenant, if they can be used.
func (s *Service) urls(ctx context.Context, tenant scim.TenantID) (URLs, error) {
	u, err := s.config.URLs(ctx, tenant)
	if err != nil {
		return URLs{}, fmt.Errorf("provider: the URLs of the tenant: %w", err)
	}
	bases := u.bases()
	for i, base := range bases {
		err := s.checkURL(base)
		switch {
		case err == nil && strings.HasSuffix(base, "/"):
			err = errors.New("it ends in a slash")
		case err == nil && slices.Contains(bases[:i], base):
			err = errors.New("it is there twice")
		}
		if err != nil {
			return URLs{}, &Problem{Code: ProblemURLs, Detail: fmt.Sprintf("The base URL %q cannot be used: %v.", shorten(base), err)}
		}
	}
	return u, nil
}

// checkURL says what is wrong with a URL of ours.
func (s *Service) checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.Hostname() == "":
		return errors.New("it is no absolute URL")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#"):
		return errors.New("it has a user, a query or a fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		if s.config.AllowLoopbackInsecure {
			return nil
		}
		return errors.New("it is not https, and http at a loopback address is not allowed here")
	}
	return errors.New("it is not https")
}

// isLoopback reports whether a host is this machine by its name alone.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// checkEntityID says what is wrong with an entity ID of ours.
func checkEntityID(text string) error {
	switch {
	case text == "" || utf8.RuneCountInString(text) > maxEntityID:
		return fmt.Errorf("it has 1 to %d characters", maxEntityID)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("it has white space or control characters")
	}
	return nil
}

// identify gives a provider the identifiers that a product has had before, where they are not "". A reply
// URL is at a host of the tenant: people are signed in there.
func (s *Service) identify(p *Provider, u URLs, entityID, replyURL string) error {
	if entityID != "" {
		if err := checkEntityID(entityID); err != nil {
			return &Problem{Code: ProblemIdentifiers, Detail: fmt.Sprintf("The entity ID %q cannot be used: %v.", shorten(entityID), err)}
		}
		p.EntityID = entityID
	}
	if replyURL != "" {
		err := s.checkURL(replyURL)
		if err == nil && !u.has(replyURL) {
			err = fmt.Errorf("it is at none of the hosts where people of this tenant sign in, such as %s", hostOf(u.Native))
		}
		if err != nil {
			return &Problem{Code: ProblemIdentifiers, Detail: fmt.Sprintf("The reply URL %q cannot be used: %v.", shorten(replyURL), err)}
		}
		p.ReplyURL = replyURL
	}
	return nil
}
