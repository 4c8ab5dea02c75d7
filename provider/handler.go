package provider

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Handler returns what a host mounts at its base URLs, see [URLs]. It sees paths with the path of the
// base URL, or without:
//
//	GET      /sso/start?login=…&return=…   home-realm discovery, then the request
//	GET      /sso/{id}/start?return=…      the start link of a provider
//	POST     /sso/{id}/acs                 assertion consumer service
//	GET POST /sso/{id}/slo                 single logout
//	GET      /sso/{id}/metadata            our metadata, for that identity provider
//	GET      /sso/{id}/test/{run}          a test begins
//	         /ws/scim/v2/…                 the SCIM endpoint
//
// A POST to any other path is taken for one to a [Provider.ReplyURL]: a host routes these here too.
// POSTs of identity providers are cross-site: see [Service.Exempt] for a host that refuses those.
func (s *Service) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// serve routes a request.
func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	if i := strings.Index(r.URL.Path, scimPath); i >= 0 && isBelow(r.URL.Path[i:], scimPath) {
		http.StripPrefix(r.URL.Path[:i]+scimPath, http.HandlerFunc(s.serveSCIM)).ServeHTTP(w, r)
		return
	}
	i := strings.LastIndex(r.URL.Path, ssoPath)
	if i < 0 {
		s.serveOther(w, r)
		return
	}
	parts := strings.Split(r.URL.Path[i+len(ssoPath):], "/")
	id := ID(parts[0])
	switch {
	case len(parts) == 1 && id == "start":
		s.only(w, r, s.discover, http.MethodGet)
	case len(parts) == 2 && parts[1] == "start":
		s.only(w, r, func(w http.ResponseWriter, r *http.Request) { s.start(w, r, id) }, http.MethodGet)
	case len(parts) == 2 && parts[1] == "acs":
		s.only(w, r, func(w http.ResponseWriter, r *http.Request) { s.acs(w, r, id) }, http.MethodPost)
	case len(parts) == 2 && parts[1] == "slo":
		s.only(w, r, func(w http.ResponseWriter, r *http.Request) { s.logout(w, r, id) }, http.MethodGet, http.MethodPost)
	case len(parts) == 2 && parts[1] == "metadata":
		s.only(w, r, func(w http.ResponseWriter, r *http.Request) { s.serveMetadata(w, r, id) }, http.MethodGet, http.MethodHead)
	case len(parts) == 3 && parts[1] == "test":
		s.only(w, r, func(w http.ResponseWriter, r *http.Request) { s.beginTest(w, r, id, parts[2]) }, http.MethodGet)
	default:
		s.serveOther(w, r)
	}
}

// isBelow reports whether a path is a prefix, or below it.
func isBelow(path, prefix string) bool {
	return len(path) == len(prefix) || path[len(prefix)] == '/'
}

// serveOther serves a path that is none of ours: a reply URL of a product's own, or nothing.
func (s *Service) serveOther(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.acs(w, r, "")
		return
	}
	http.NotFound(w, r)
}

// only serves a request of one of some methods.
func (s *Service) only(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc, methods ...string) {
	for _, method := range methods {
		if r.Method == method {
			serve(w, r)
			return
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	s.refuse(r.Context(), Refusal{Reason: Reason(saml.RequestMethod), From: r.RemoteAddr}, false)
	http.Error(w, "This address takes "+strings.Join(methods, " and ")+" only.", http.StatusMethodNotAllowed)
}

// Exempt lets the POSTs of identity providers through a protection against cross-site requests: they
// are cross-site by nature, and answer a request of ours or are refused. base is the path that Handler
// is mounted at, "" for the root.
func (s *Service) Exempt(c *http.CrossOriginProtection, base string) {
	base = strings.TrimSuffix(base, "/")
	c.AddInsecureBypassPattern("POST " + base + ssoPath + "{id}/acs")
	c.AddInsecureBypassPattern("POST " + base + ssoPath + "{id}/slo")
}

// newSCIM returns the SCIM endpoint.
func (s *Service) newSCIM() (*scim.Handler, error) {
	c := s.config.SCIM
	if c.Now == nil {
		c.Now = s.config.Now
	}
	if c.Logger == nil {
		c.Logger = s.config.Logger
	}
	if c.BaseURL == nil {
		c.BaseURL = s.scimURL
	}
	if c.Policy.NinjaOne == nil && c.Policy.Check == nil && c.Policy.Adopt == nil && c.Policy.Stored == nil && c.Policy.Keeps == nil {
		c.Policy = s.Policy()
	}
	who := s.config.Provision
	if who == nil {
		who = s
	}
	h, err := scim.New(s.config.Stores, recogniser{who}, c)
	if err != nil {
		return nil, fmt.Errorf("provider: Config.SCIM: %w", err)
	}
	return h, nil
}

// A recogniser notes who has sent a request, for scimURL.
type recogniser struct{ scim.Authenticator }

// Authenticate implements [scim.Authenticator].
func (a recogniser) Authenticate(ctx context.Context, h http.Header) (scim.Principal, error) {
	who, err := a.Authenticator.Authenticate(ctx, h)
	if after, ok := ctx.Value(afterKey{}).(*afterwards); ok && err == nil {
		after.who = who
	}
	return who, err
}

// scimURL returns the URL of the SCIM endpoint: at the base URL of the tenant whose host was asked, else at
// its native one. Where those cannot be had it is at the host that was asked.
func (s *Service) scimURL(r *http.Request) string {
	if after, ok := r.Context().Value(afterKey{}).(*afterwards); ok && after.who.Tenant != "" {
		if u, err := s.urls(r.Context(), after.who.Tenant); err == nil {
			for _, base := range u.bases() {
				if sameHost(base, s.requestHost(r)) {
					return base + scimPath
				}
			}
			return u.Native + scimPath
		}
	}
	scheme := "https://"
	if s.isPlain(r) {
		scheme = "http://"
	}
	return scheme + s.requestHost(r) + scimPath
}

// serveMetadata serves our metadata towards a provider, drafts included.
func (s *Service) serveMetadata(w http.ResponseWriter, r *http.Request, id ID) {
	ctx := r.Context()
	tenant, p, err := s.connection(ctx, id)
	if err != nil {
		s.refuseStart(w, r, "", "", err)
		return
	}
	u, err := s.urls(ctx, tenant)
	if err != nil {
		s.refuseStart(w, r, tenant, id, err)
		return
	}
	keys, err := s.config.Keys.Keys(ctx, tenant)
	if err != nil {
		s.refuseStart(w, r, tenant, id, err)
		return
	}
	c := saml.Config{EntityID: p.EntityID, ACS: p.replyURLs(u), SLO: p.sloURL(u)}
	if set := tested(&p); set != nil {
		c.Policy, c.NameIDFormat = set.Policy.Signed, set.Policy.NameIDFormat
	}
	keys.into(&c)
	text, err := saml.OwnMetadata(c)
	if err != nil {
		s.refuseStart(w, r, tenant, id, err)
		return
	}
	secure(w.Header(), "")
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	if _, err := w.Write(text); err != nil {
		s.config.Logger.DebugContext(ctx, "metadata was not read to its end", "error", err)
	}
}
