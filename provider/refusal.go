package provider

import (
	"context"
	"log/slog"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A Reason says why a sign-in was refused: a code of package saml, or one of those below.
type Reason string

// Reasons that are not about the response itself.
const (
	ReasonWrongProvider   Reason = "signin.wrong_provider"   // the user is not one of this provider's
	ReasonUnknownUser     Reason = "signin.unknown_user"     // nobody has this name
	ReasonAmbiguousUser   Reason = "signin.ambiguous_user"   // several have this e-mail address
	ReasonInactive        Reason = "signin.inactive"         // the user is deactivated
	ReasonRevoked         Reason = "signin.revoked"          // sessions of the user were revoked meanwhile
	ReasonNotSSO          Reason = "signin.not_sso"          // the user is of authentication type native
	ReasonDisabled        Reason = "signin.disabled"         // the provider is not enabled
	ReasonUnknownProvider Reason = "signin.unknown_provider" // there is no such provider, or none for this name
	ReasonReturn          Reason = "signin.return"           // the return target is none that is allowed
	ReasonHost            Reason = "signin.host"             // the host could not start a session
	ReasonStore           Reason = "signin.store"            // no verdict: a store or port of the host is down
)

// A Refusal is a sign-in, or a message, that was refused. The last ones of each provider are kept in
// memory, since strangers can make as many as they like.
type Refusal struct {
	Time     time.Time
	Tenant   scim.TenantID
	Provider ID // "" = it is not known which was meant
	Reason   Reason
	Incident string
	From     string
	NameID   string // "" = none that was believed
	User     string // the ID of the user whom the NameID names; "" = none
	Report   *saml.Report
	Hint     string // what an administrator could change; "" = see the report
	Join     *Join  // for ReasonUnknownUser
	Cause    error
}

// refuse gives a refusal its time and incident ID, logs and counts it, and keeps it among the last ones
// of its provider. believed says that the identity provider has signed what was refused: only then is
// there an event.
func (s *Service) refuse(ctx context.Context, r Refusal, believed bool) Refusal {
	r.Time, r.Incident = s.now(), newIncident()
	level := slog.LevelInfo
	if r.Reason == ReasonStore || r.Reason == ReasonHost {
		level = slog.LevelError
	}
	s.config.Logger.LogAttrs(ctx, level, "a sign-in was refused",
		slog.String("incident", r.Incident), slog.String("reason", string(r.Reason)),
		slog.String("tenant", string(r.Tenant)), slog.String("provider", string(r.Provider)),
		slog.String("from", r.From), cause(r.Cause))
	s.measure.refused(ctx, r.Reason)
	s.refusals.keep(r.Tenant, r.Provider, r)
	if !believed {
		return r
	}
	details := map[string]string{"reason": string(r.Reason)}
	if r.NameID != "" {
		details["name_id"] = r.NameID
	}
	if r.Join != nil && len(r.Join.Nearest) > 0 {
		details["nearest"], details["advice"] = r.Join.Nearest[0].UserName, r.Join.Advice
	}
	err := s.act(context.WithoutCancel(ctx), Actor{Tenant: r.Tenant, From: r.From}, func(context.Context, Store) ([]Event, error) {
		return []Event{{Type: EventSignInRefused, Provider: r.Provider, User: r.User, Incident: r.Incident, Details: details}}, nil
	})
	if err != nil {
		s.config.Logger.ErrorContext(ctx, "a refusal could not be recorded", "incident", r.Incident, "error", err)
	}
	return r
}

// Refusals returns the last hundred sign-ins of a provider that this process has refused, the latest
// first. What is in their reports is not verified unless it says so. Those of assertions that were
// believed are events too.
func (s *Service) Refusals(ctx context.Context, a Actor, id ID) ([]Refusal, error) {
	if _, err := s.config.Store.Provider(ctx, a.Tenant, id); err != nil {
		return nil, err
	}
	return s.refusals.list(a.Tenant, id), nil
}

// cause is the attribute of a log for an error, empty for none.
func cause(err error) slog.Attr {
	if err == nil {
		return slog.Attr{}
	}
	return slog.Any("cause", err)
}
