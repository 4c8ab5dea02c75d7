package provider

import (
	"context"
	"slices"
	"strings"
)

// An IncidentReport is what is known under an incident ID that a person has read from a page.
type IncidentReport struct {
	Event   *Event   // if it is about somebody whom an identity provider has vouched for, or a test
	Refusal *Refusal // if this process has refused it, and not too many others since
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
	report.Refusal = s.refusals.find(a, incident)
	if report.Event == nil && report.Refusal == nil {
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

// find returns the refusal of an incident.
func (l *refusals) find(a Actor, incident string) *Refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, list := range l.of {
		i := slices.IndexFunc(list, func(r Refusal) bool { return r.Incident == incident })
		if key.tenant == a.Tenant && i >= 0 {
			r := list[i]
			return &r
		}
	}
	return nil
}
