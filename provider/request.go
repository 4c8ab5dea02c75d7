package provider

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A Request is a SCIM request of an identity provider, and how it was answered. What it has sent is not kept,
// but for the name of whom it was about.
type Request struct {
	Time     time.Time
	Tenant   scim.TenantID
	Provider ID
	Token    string // the ID of the token; of a host with tokens of its own its [scim.Principal.Key]
	Method   string
	Path     string // behind the URL of the endpoint
	Filter   string // what was searched for; "" = nothing
	Type     string // User or Group; "" = neither
	ID       string // of the resource; "" = none, or not known
	Name     string // its userName or displayName; "" = not known
	Status   int    // of HTTP
	Reason   string // the scimType of a refusal
	Sentence string // what the identity provider was told, if it was refused
	Incident string // under which the log has what went wrong here; "" = nothing did
}

// remember keeps a request for the pages of administrators.
func (s *Service) remember(r *http.Request, o scim.Outcome) {
	path := r.URL.Path
	if _, rest, ok := strings.Cut(path, scimPath); ok {
		path = rest
	}
	q := Request{
		Time: s.now(), Tenant: o.By.Tenant, Provider: ID(o.By.Manager), Token: o.By.Key, Method: shorten(r.Method), Path: shorten(path),
		Type: o.Type, ID: shorten(o.ID), Name: shorten(o.Name), Status: o.Status, Incident: o.Incident,
	}
	if r.URL.RawQuery != "" {
		q.Filter = shorten(r.URL.Query().Get("filter"))
	}
	if o.Refusal != nil {
		q.Reason, q.Sentence = o.Refusal.Type, cut(o.Refusal.Detail, maxSentence)
	}
	s.requests.keep(q.Tenant, q.Provider, q)
}

// Requests returns the last hundred SCIM requests of a provider that this process has answered, the latest
// first.
func (s *Service) Requests(ctx context.Context, a Actor, id ID) ([]Request, error) {
	if _, err := s.config.Store.Provider(ctx, a.Tenant, id); err != nil {
		return nil, err
	}
	return s.requests.list(a.Tenant, id), nil
}
