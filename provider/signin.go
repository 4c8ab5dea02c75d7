package provider

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/seed-30109bde/gatehouse/scim"
)

// signIn signs in the person that an assertion is about, if the provider may.
func (s *Service) signIn(in *answer) {
	ctx, nameID := in.r.Context(), strings.TrimSpace(in.asserts.NameID().Value)
	refusal := Refusal{Tenant: in.tenant, Provider: in.p.ID, From: in.r.RemoteAddr, NameID: nameID, Report: in.asserts.Report()}
	if !in.p.Enabled {
		refusal.Reason = ReasonDisabled
		s.showRefused(in, refusal, http.StatusForbidden, true)
		return
	}
	user, reason, err := s.admit(ctx, in, nameID)
	if err == nil && reason == ReasonUnknownUser {
		refusal.Join, err = s.join(ctx, in.tenant, &in.p, nameID, joinPoints)
	}
	if err != nil {
		refusal.Reason, refusal.Cause = ReasonStore, err
		s.showRefused(in, refusal, http.StatusServiceUnavailable, true)
		return
	}
	if reason != "" {
		refusal.Reason, refusal.User = reason, user.ID
		s.showRefused(in, refusal, http.StatusForbidden, true)
		return
	}
	refusal.User = user.ID
	target, err := s.startSession(ctx, in, user)
	if err != nil {
		refusal.Reason, refusal.Cause = ReasonHost, err
		s.showRefused(in, refusal, http.StatusServiceUnavailable, true)
		return
	}
	if refusal.Reason, refusal.Cause = s.stays(ctx, in, user.ID); refusal.Reason != "" {
		status := http.StatusForbidden
		if refusal.Reason == ReasonStore {
			status = http.StatusServiceUnavailable
		}
		s.showRefused(in, refusal, status, true)
		return
	}
	s.measure.signIn(ctx, true, s.config.Now().Sub(in.began))
	redirect(in.w, target)
}

// admit returns the user whom a NameID signs in. The host may make one of a person whom nobody knows;
// that user is judged like any other.
func (s *Service) admit(ctx context.Context, in *answer, nameID string) (scim.User, Reason, error) {
	user, reason, err := s.signs(ctx, in.tenant, &in.p, nameID)
	if err != nil || reason != ReasonUnknownUser || s.config.Admit == nil {
		return user, reason, err
	}
	_, err = s.config.Admit(ctx, in.tenant, in.p.clone(), in.asserts)
	if errors.Is(err, scim.ErrNotFound) {
		return scim.User{}, ReasonUnknownUser, nil
	}
	if err != nil {
		return scim.User{}, "", err
	}
	return s.signs(ctx, in.tenant, &in.p, nameID)
}

// startSession has the host start a session, or makes a code for an app that will, and returns where the
// browser goes.
func (s *Service) startSession(ctx context.Context, in *answer, user scim.User) (target string, err error) {
	a := in.asserts
	session := SignIn{
		Tenant: in.tenant, Provider: in.p.ID, User: user,
		NameID: a.NameID(), SessionIndex: a.SessionIndex(), Attributes: a.Attributes(),
		AuthnInstant: a.AuthnInstant(), Until: a.SessionNotOnOrAfter(), IdPInitiated: a.RequestID() == "",
		Return: in.data.Return,
	}
	if session.Return == "" {
		session.Return = "/"
	}
	if session.SecondFactor, session.Evidence, err = s.secondFactor(ctx, in.tenant, &in.p, user, a); err != nil {
		return "", err
	}
	if session.Logout, err = s.logoutTicket(ctx, in.tenant, &in.p, user.ID, a); err != nil {
		return "", err
	}
	details := map[string]string{"name_id": session.NameID.Value, "second_factor": string(session.SecondFactor)}
	if session.IdPInitiated {
		details["idp_initiated"] = "true"
	}
	err = s.act(ctx, Actor{Tenant: in.tenant, From: in.r.RemoteAddr}, func(context.Context, Store) ([]Event, error) {
		return []Event{{Type: EventSignedIn, Provider: in.p.ID, User: user.ID, Details: details}}, nil
	})
	if err != nil {
		return "", err
	}
	if isLocalPath(session.Return) {
		return session.Return, s.config.Sessions.Start(in.w, in.r, session)
	}
	keys, err := s.config.Keys.Keys(ctx, in.tenant)
	if err != nil {
		return "", err
	}
	return s.withCode(keys, session.Return, in.began, session)
}
