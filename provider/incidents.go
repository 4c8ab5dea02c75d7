package provider

import (
	"context"
	"strings"
)

// An IncidentReport is what is known under an incident ID that a person has read from a page.
type IncidentReport struct {
	Event   *Event   // if it is about somebody whom an identity provider has vouched for, or a test
	Refusal *Refusal // if this process has refused it, and not too many others since
	Request *Request // of SCIM, that this process could not carry out
}

// Incident returns what is known under an incident ID of the tenant, however it was typed, or
// ErrNotFound.
func (s *Service) Incident(ctx context.Context, a Actor, incident string) (IncidentReport, error) {
	incident = normalIncident(incident)
	if incident == "" {
		return IncidentReport{}, ErrNotFound
	}
	page, err := s.config.Store.Events(ctx, a.Tenant, EventQuery{Incident: incident, Limit: 1})
	if err != nil {
		return IncidentReport{}, err
	}
	var report IncidentReport
	if len(page.Events) > 0 {
		report.Event = &page.Events[0]
	}
	report.Refusal = s.refusals.find(a.Tenant, func(r *Refusal) bool { return r.Incident == incident })
	report.Request = s.requests.find(a.Tenant, func(r *Request) bool { return r.Incident != "" && normalIncident(r.Incident) == incident })
	if report.Event == nil && report.Refusal == nil && report.Request == nil {
		return IncidentReport{}, ErrNotFound
	}
	return report, nil
}

// normalIncident returns an ID as it was shown: O, I and L were read for 0 and 1 (Crockford's base 32).
func normalIncident(text string) string {
	text = strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
	if len(text) != 10 {
		return text
	}
	return text[:5] + "-" + text[5:]
}
