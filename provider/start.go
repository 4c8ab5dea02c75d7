package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// StartSignIn sends a browser to the identity provider of a login, for a host that has a sign-in form of
// its own. A login that leads to none, known or not, gets the page that all refusals get.
func (s *Service) StartSignIn(w http.ResponseWriter, r *http.Request, tenant scim.TenantID, login, returnTo string) {
	p, err := s.realm(r.Context(), tenant, login)
	if err != nil {
		s.refuseStart(w, r, tenant, "", err)
		return
	}
	s.begin(w, r, tenant, &p, returnTo)
}

// discover serves /sso/start.
func (s *Service) discover(w http.ResponseWriter, r *http.Request) {
	if s.config.Tenant == nil {
		http.NotFound(w, r)
		return
	}
	tenant, err := s.config.Tenant(r)
	if err != nil {
		s.refuseStart(w, r, "", "", err)
		return
	}
	q := r.URL.Query()
	s.StartSignIn(w, r, tenant, q.Get("login"), q.Get("return"))
}

// start serves the start link of a provider.
func (s *Service) start(w http.ResponseWriter, r *http.Request, id ID) {
	tenant, p, err := s.connection(r.Context(), id)
	if err != nil {
		s.refuseStart(w, r, "", "", err)
		return
	}
	s.begin(w, r, tenant, &p, r.URL.Query().Get("return"))
}

// connection finds the provider that an address names. What strangers write there is not remembered: a
// refusal of what is not found is about none.
func (s *Service) connection(ctx context.Context, id ID) (tenant scim.TenantID, p Provider, err error) {
	if err = ErrNotFound; isID(id) {
		tenant, p, err = s.config.Store.Connection(ctx, id)
	}
	if err != nil {
		return "", Provider{}, fmt.Errorf("%w: provider %q", err, shorten(string(id)))
	}
	return tenant, p, nil
}

// begin sends a browser to an identity provider.
func (s *Service) begin(w http.ResponseWriter, r *http.Request, tenant scim.TenantID, p *Provider, returnTo string) {
	ctx, span := s.measure.span(r.Context(), "start")
	defer span.End()
	if isAhead(r) { // a browser that only looks ahead asks for nothing
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	message, err := s.request(ctx, r, tenant, p, returnTo)
	if err != nil {
		s.refuseStart(w, r, tenant, p.ID, err)
		return
	}
	s.setPending(w, r, p, pendingSignIn, "", message)
	s.send(w, r, message)
}

// isAhead reports whether a browser fetches a page that nobody has asked for yet.
func isAhead(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") || strings.EqualFold(r.Header.Get("Purpose"), "prefetch")
}

var (
	errDisabled = errors.New("provider: it is not enabled")
	errReturn   = errors.New("provider: this return target is not allowed")
)

// request returns the AuthnRequest of a sign-in that begins at a request.
func (s *Service) request(ctx context.Context, r *http.Request, tenant scim.TenantID, p *Provider, returnTo string) (saml.Message, error) {
	switch {
	case !p.Enabled || p.Active == nil:
		return saml.Message{}, errDisabled
	case returnTo != "" && !s.isReturn(returnTo):
		return saml.Message{}, errReturn
	}
	u, err := s.urls(ctx, tenant)
	if err != nil {
		return saml.Message{}, err
	}
	sp, err := s.serviceProvider(ctx, tenant, p, p.Active, false)
	if err != nil {
		return saml.Message{}, err
	}
	data, err := pendingData{Kind: pendingSignIn, Tenant: tenant, Provider: p.ID, Return: returnTo}.seal()
	if err != nil {
		return saml.Message{}, err
	}
	return sp.Start(saml.Request{ACS: s.replyHere(r, p, u), ForceAuthn: r.URL.Query().Get("fresh") == "1", Data: data})
}

// replyHere returns the reply URL at the host that the browser is at, which alone gets its cookies; the
// first one at a host that is none of ours.
func (s *Service) replyHere(r *http.Request, p *Provider, u URLs) string {
	list := p.replyURLs(u)
	for _, reply := range list {
		if sameHost(reply, s.requestHost(r)) {
			return reply
		}
	}
	return list[0]
}

// refuseStart shows the page of a sign-in that cannot begin.
func (s *Service) refuseStart(w http.ResponseWriter, r *http.Request, tenant scim.TenantID, id ID, cause error) {
	refusal := Refusal{Tenant: tenant, Provider: id, Reason: ReasonStore, From: r.RemoteAddr, Cause: cause}
	status := http.StatusServiceUnavailable
	verdict, isVerdict := errors.AsType[*saml.Error](cause)
	switch {
	case errors.Is(cause, ErrNotFound):
		refusal.Reason, status = ReasonUnknownProvider, http.StatusForbidden
	case errors.Is(cause, errDisabled):
		refusal.Reason, status = ReasonDisabled, http.StatusForbidden
	case errors.Is(cause, errReturn):
		refusal.Reason, status = ReasonReturn, http.StatusForbidden
	case isVerdict:
		refusal.Reason, refusal.Report, status = Reason(verdict.Code), verdict.Report, http.StatusForbidden
	}
	refusal = s.refuse(r.Context(), refusal, false)
	s.notice(w, r, Notice{Kind: NoticeRefused, Status: status, Incident: refusal.Incident})
}
