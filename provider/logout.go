package provider

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A logoutTicket is what a logout repeats of the assertion that a session began with.
type logoutTicket struct {
	Tenant   scim.TenantID `json:"t"`
	Provider ID            `json:"p"`
	User     string        `json:"u"`
	NameID   saml.NameID   `json:"n"`
	Session  string        `json:"s,omitempty"`
}

// logoutTicket returns [SignIn.Logout] for an assertion, "" if the identity provider has no single
// logout. It is sealed: whoever could change it would log others out.
func (s *Service) logoutTicket(ctx context.Context, tenant scim.TenantID, p *Provider, user string, a *saml.Assertion) (string, error) {
	if p.Active == nil || len(p.Active.Metadata.Logout()) == 0 {
		return "", nil
	}
	keys, err := s.config.Keys.Keys(ctx, tenant)
	if err != nil || len(keys.Sign) == 0 {
		return "", err // without a key to sign with there is no single logout
	}
	return keys.seal(sealLogout, logoutTicket{tenant, p.ID, user, a.NameID(), a.SessionIndex()})
}

// ErrNoLogout is returned by [Service.StartLogout] for a session that only the host has to end.
var ErrNoLogout = errors.New("provider: no single logout for this session")

// StartLogout sends the browser to the identity provider to end its session there too. The host has
// ended its own before; ticket is the [SignIn.Logout] that it kept. The browser comes back to
// returnTo, a path of this host, or to a page that says the person is signed out. Before anything is
// written an error is returned: ErrNoLogout, or what the ticket or a store is not good for.
func (s *Service) StartLogout(w http.ResponseWriter, r *http.Request, tenant scim.TenantID, ticket, returnTo string) error {
	ctx := r.Context()
	if ticket == "" {
		return ErrNoLogout
	}
	keys, err := s.config.Keys.Keys(ctx, tenant)
	if err != nil {
		return err
	}
	var t logoutTicket
	if err := keys.open(sealLogout, ticket, &t); err != nil {
		return err
	}
	if t.Tenant != tenant {
		return errSealed
	}
	if returnTo != "" && !isLocalPath(returnTo) {
		return errors.New("provider: a logout returns to a path of this host")
	}
	p, err := s.config.Store.Provider(ctx, tenant, t.Provider)
	if errors.Is(err, ErrNotFound) || err == nil && p.Active == nil {
		return ErrNoLogout
	}
	if err != nil {
		return err
	}
	message, err := s.logoutRequest(ctx, tenant, &p, t, returnTo)
	if errors.Is(err, saml.ErrNoLogout) {
		return ErrNoLogout
	}
	if err != nil {
		return err
	}
	s.setPending(w, r, &p, pendingLogout, "", message)
	s.send(w, r, message)
	return nil
}

// logoutRequest returns the LogoutRequest for the session of a ticket.
func (s *Service) logoutRequest(ctx context.Context, tenant scim.TenantID, p *Provider, t logoutTicket, returnTo string) (saml.Message, error) {
	sp, err := s.serviceProvider(ctx, tenant, p, p.Active, false)
	if err != nil {
		return saml.Message{}, err
	}
	data, err := pendingData{Kind: pendingLogout, Tenant: tenant, Provider: p.ID, Return: returnTo}.seal()
	if err != nil {
		return saml.Message{}, err
	}
	request := saml.LogoutRequest{NameID: t.NameID, Data: data}
	if t.Session != "" {
		request.Sessions = []string{t.Session}
	}
	return sp.StartLogout(request)
}

// logout answers what a browser brings to the single logout URL of a provider.
func (s *Service) logout(w http.ResponseWriter, r *http.Request, id ID) {
	ctx := r.Context()
	tenant, p, err := s.connection(ctx, id)
	if err != nil {
		s.refuseTest(w, r, "", "", err)
		return
	}
	if p.Active == nil {
		s.refuseTest(w, r, tenant, id, ErrNotFound)
		return
	}
	sp, err := s.serviceProvider(ctx, tenant, &p, p.Active, false)
	if err != nil {
		s.refuseTest(w, r, tenant, id, err)
		return
	}
	message := saml.LogoutMessage{Pending: s.pendings(r, p.ID)}
	if r.Method == http.MethodPost {
		if message.Form, err = readForm(w, r); err != nil {
			s.refuseLogout(w, r, tenant, id, err)
			return
		}
	} else {
		message.Query = r.URL.RawQuery
	}
	l, err := sp.ReadLogout(ctx, message)
	switch {
	case err != nil:
		s.refuseLogout(w, r, tenant, id, err)
	case l.Answer():
		s.loggedOut(w, r, tenant, id, l)
	default:
		s.endSessions(w, r, tenant, &p, sp, l)
	}
}

// refuseLogout shows the page of a logout that is not believed.
func (s *Service) refuseLogout(w http.ResponseWriter, r *http.Request, tenant scim.TenantID, id ID, cause error) {
	verdict := (*saml.Error)(nil)
	reason, status := ReasonStore, http.StatusServiceUnavailable
	refusal := Refusal{Tenant: tenant, Provider: id, From: r.RemoteAddr, Cause: cause}
	if errors.As(cause, &verdict) && verdict.Code != saml.StoreUnavailable {
		reason, status, refusal.Report = Reason(verdict.Code), http.StatusForbidden, verdict.Report
	}
	if errors.Is(cause, saml.ErrNoLogout) { // asked for by whom nobody knows
		reason, status = Reason(saml.ConfigInvalid), http.StatusForbidden
	}
	refusal.Reason = reason
	refusal = s.refuse(r.Context(), refusal, false)
	s.notice(w, r, Notice{Kind: NoticeRefused, Status: status, Incident: refusal.Incident})
}

// loggedOut ends a logout that began here: the identity provider has answered.
func (s *Service) loggedOut(w http.ResponseWriter, r *http.Request, tenant scim.TenantID, id ID, l *saml.Logout) {
	d, err := openData(l.Data())
	if err != nil || d.Kind != pendingLogout || d.Tenant != tenant || d.Provider != id {
		s.refuseLogout(w, r, tenant, id, &saml.Error{Code: saml.LogoutProfile, Cause: err})
		return
	}
	s.clearLogouts(w, r, id)
	if d.Return != "" {
		redirect(w, d.Return)
		return
	}
	text := "You are signed out here and at your identity provider."
	if l.Partial() {
		text = "You are signed out here. Your identity provider could not sign you out of everything else: close the browser to be sure."
	}
	s.notice(w, r, Notice{Kind: NoticeSignedOut, Status: http.StatusOK, Title: "Signed out", Text: text})
}

// endSessions ends the sessions that the identity provider names, and answers. Those of people whom it
// could not sign in are none of its business: there it answers that there are none.
func (s *Service) endSessions(w http.ResponseWriter, r *http.Request, tenant scim.TenantID, p *Provider, sp *saml.ServiceProvider, l *saml.Logout) {
	ctx := r.Context()
	result := saml.LoggedOut
	nameID := strings.TrimSpace(l.NameID().Value)
	user, reason, err := s.signs(ctx, tenant, p, nameID)
	switch {
	case err != nil:
		result = saml.NotLoggedOut
	case reason == "" || reason == ReasonInactive || reason == ReasonNotSSO:
		err = s.endSessionsOf(ctx, tenant, p.ID, user.ID, l.Sessions())
		if err != nil {
			result = saml.NotLoggedOut
		}
	}
	if err != nil {
		s.config.Logger.WarnContext(ctx, "a logout could not be carried out", "provider", p.ID, "tenant", tenant, "error", err)
	}
	answer, err := sp.AnswerLogout(l, result)
	if err != nil {
		s.refuseLogout(w, r, tenant, p.ID, err)
		return
	}
	s.send(w, r, answer)
}

// endSessionsOf kills sessions of a user that began with a sign-in through the provider: those of the
// given indexes, or all, and then stateless tokens are over too.
func (s *Service) endSessionsOf(ctx context.Context, tenant scim.TenantID, id ID, user string, sessions []string) error {
	event := Event{Type: EventSignedOut, Provider: id, User: user}
	if len(sessions) > 0 {
		if err := s.config.Sessions.Kill(ctx, Kill{Tenant: tenant, User: user, Provider: id, Sessions: sessions, Reason: "single logout"}); err != nil {
			return err
		}
		return s.act(ctx, nobody(tenant), func(context.Context, Store) ([]Event, error) { return []Event{event}, nil })
	}
	revocation := Revocation{User: user, Provider: id, At: s.now(), Reason: "single logout"}
	err := s.act(ctx, nobody(tenant), func(ctx context.Context, st Store) ([]Event, error) {
		return []Event{event}, s.revoke(ctx, st, nobody(tenant), revocation)
	})
	if err != nil {
		return err
	}
	return s.kill(ctx, tenant, revocation)
}
