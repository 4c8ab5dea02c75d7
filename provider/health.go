package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Seen is when an identity provider was last heard of by SCIM, to the minute; zero = never.
type Seen struct {
	Requested time.Time // with a good token
	Succeeded time.Time // without being refused
	Tested    time.Time // as a connection test does it: it asked who we are, or for somebody who does not exist
}

// A Failure is a user or group of whom the last write was refused.
type Failure struct {
	Provider ID
	Subject  string // what a later write has to be about, to end it; a key, not for people
	Type     string // User or Group; "" = of neither
	ID       string // of the resource; "" = it was to be created
	Name     string // the userName or displayName; "" = not known
	Reason   string // the HTTP status and the scimType, such as "409 uniqueness"
	Sentence string // what the identity provider was told
	Since    time.Time
	Last     time.Time
	Count    int // of refused writes in a row
}

// MaxFailures bounds the failures that are kept of a provider. Where everything fails, the first ones tell
// as much as all.
const MaxFailures = 1000

// guid finds the random text in the filter of a connection test.
var guid = regexp.MustCompile(`(?i)[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}`)

// What a client names has any length; these are kept of it, in bytes: a subject as it is, and a sentence.
const (
	maxSubject  = 256
	maxSentence = 1000
)

// failureFor is how long a failure is one of now that is not heard of again: identity providers repeat
// what failed once a day at least, and stop when somebody is not assigned any more.
const failureFor = 7 * 24 * time.Hour

// refusedLong is for how long somebody is refused before an event says so.
const refusedLong = 24 * time.Hour

// How long an identity provider is silent before an event says so: one that comes every 40 minutes,
// and one that comes when something changes.
const (
	silentCycle  = 24 * time.Hour
	silentChange = 30 * 24 * time.Hour
)

// A Health is how the provisioning of a provider goes.
type Health struct {
	Seen
	// Silent says since when nothing was heard that should have been; zero = it is not silent.
	Silent  time.Time
	Failing []Failure // now, the longest failing first
	Reasons []ReasonCount
}

// A ReasonCount says of how many users and groups the writes fail for a reason.
type ReasonCount struct {
	Reason   string
	Subjects int
	Requests int
}

// Health returns how the provisioning of a provider goes.
func (s *Service) Health(ctx context.Context, a Actor, id ID) (Health, error) {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return Health{}, err
	}
	var h Health
	if h.Seen, err = s.config.Store.Seen(ctx, a.Tenant, id); err != nil {
		return Health{}, err
	}
	if s.isSilent(&p, h.Seen) {
		h.Silent = h.Requested
	}
	list, err := s.config.Store.Failures(ctx, a.Tenant, id)
	if err != nil {
		return Health{}, err
	}
	h.Failing = slices.DeleteFunc(list, s.isOver)
	h.Reasons = reasonsOf(h.Failing)
	return h, nil
}

// isOver reports whether a failure was not heard of for so long that it is none of now.
func (s *Service) isOver(f Failure) bool { return s.now().Sub(f.Last) >= failureFor }

// reasonsOf counts failures by reason, the most frequent first.
func reasonsOf(list []Failure) []ReasonCount {
	var out []ReasonCount
	for _, f := range list {
		i := slices.IndexFunc(out, func(c ReasonCount) bool { return c.Reason == f.Reason })
		if i < 0 {
			i = len(out)
			out = append(out, ReasonCount{Reason: f.Reason})
		}
		out[i].Subjects++
		out[i].Requests += f.Count
	}
	slices.SortFunc(out, func(a, b ReasonCount) int { return cmp.Or(b.Subjects-a.Subjects, cmp.Compare(a.Reason, b.Reason)) })
	return out
}

// isSilent reports whether nothing was heard for too long of a provider that provisions.
func (s *Service) isSilent(p *Provider, seen Seen) bool {
	if !p.SCIM || seen.Requested.IsZero() {
		return false
	}
	allowed := silentChange
	if p.Active != nil && saml.GuessVendor(p.Active.Metadata.EntityID(), "") == saml.VendorEntraID {
		allowed = silentCycle
	}
	return s.now().Sub(seen.Requested) >= allowed
}

// observe notes how a request was answered. That it could not be noted is no reason to refuse anything.
func (s *Service) observe(r *http.Request, o scim.Outcome) {
	ctx := context.WithoutCancel(r.Context())
	s.remember(r, o)
	if err := s.note(ctx, r, o); err != nil {
		s.config.Logger.WarnContext(ctx, "how a request went could not be noted", "provider", o.By.Manager, "error", err)
	}
}

func (s *Service) note(ctx context.Context, r *http.Request, o scim.Outcome) error {
	id, tenant, now := ID(o.By.Manager), o.By.Tenant, s.now()
	minute := now.Truncate(time.Minute)
	seen := Seen{Requested: minute}
	if o.Refusal == nil {
		seen.Succeeded = minute
		if isProbe(r, o) {
			seen.Tested = minute
		}
	}
	if s.isNews(id, seen) {
		if err := s.config.Store.Touch(ctx, tenant, id, seen); err != nil {
			return err
		}
	}
	switch subjects := subjectsOf(r, o); {
	case r.Method == http.MethodGet || r.Method == http.MethodHead || o.Status == http.StatusTooManyRequests:
		return nil
	case o.Refusal == nil || r.Method == http.MethodDelete && o.Status == http.StatusNotFound:
		return s.config.Store.Heal(ctx, tenant, id, subjects...)
	default:
		return s.config.Store.PutFailure(ctx, tenant, Failure{
			Provider: id, Subject: subjects[0], Type: o.Type, ID: shorten(o.ID), Name: shorten(o.Name),
			Reason: strings.TrimSpace(fmt.Sprint(o.Status, " ", o.Refusal.Type)), Sentence: cut(o.Refusal.Detail, maxSentence),
			Since: now, Last: now, Count: 1,
		})
	}
}

// isNews reports whether a process has not said so much in this minute: a provider costs it one write, or
// a few, in a minute.
func (s *Service) isNews(id ID, seen Seen) bool {
	was, _ := s.seen.Load(id)
	known, _ := was.(Seen)
	if !seen.Requested.After(known.Requested) && !seen.Succeeded.After(known.Succeeded) && !seen.Tested.After(known.Tested) {
		return false
	}
	s.seen.Store(id, known.with(seen))
	return true
}

// with returns the later of each time.
func (a Seen) with(b Seen) Seen {
	later := func(a, b time.Time) time.Time {
		if b.After(a) {
			return b
		}
		return a
	}
	return Seen{later(a.Requested, b.Requested), later(a.Succeeded, b.Succeeded), later(a.Tested, b.Tested)}
}

// subjectsOf names what a request is about, the most telling first: one of them ends what another began.
func subjectsOf(r *http.Request, o scim.Outcome) []string {
	var keys []string
	if o.ID != "" {
		keys = append(keys, "id "+o.Type+" "+o.ID)
	}
	if o.Name != "" {
		keys = append(keys, "name "+o.Type+" "+filter.Fold(o.Name))
	}
	for i, key := range keys {
		if len(key) > maxSubject {
			keys[i] = fmt.Sprintf("hash %x", sha256.Sum256([]byte(key)))
		}
	}
	return append(keys, "request "+r.Method+" "+o.Type)
}

// cut bounds a text.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// isProbe reports whether a request is one that a connection test begins with: Entra ID asks for a user
// who cannot exist, others for our configuration or for a user or two.
func isProbe(r *http.Request, o scim.Outcome) bool {
	if r.Method != http.MethodGet {
		return false
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/ServiceProviderConfig"), strings.HasSuffix(r.URL.Path, "/Schemas"), strings.HasSuffix(r.URL.Path, "/ResourceTypes"):
		return true
	case o.Type != "User" || o.ID != "":
		return false
	}
	q := r.URL.Query()
	if q.Has("filter") {
		return o.Empty && guid.MatchString(q.Get("filter"))
	}
	return q.Get("count") == "1" || q.Get("count") == "2"
}

// maintainHealth says once that a provider has fallen silent, and of each of its people that they are
// refused for a day, and forgets failures that are over.
func (s *Service) maintainHealth(ctx context.Context, c Connection) error {
	if !c.Provider.SCIM {
		return nil
	}
	seen, err := s.config.Store.Seen(ctx, c.Tenant, c.Provider.ID)
	if err != nil {
		return err
	}
	if s.isSilent(&c.Provider, seen) {
		last := seen.Requested.UTC().Format(time.RFC3339)
		err := s.once(ctx, c.Tenant, "silent "+string(c.Provider.ID)+" "+last, Event{
			Type: EventSilent, Provider: c.Provider.ID, Details: map[string]string{"last": last},
		})
		if err != nil {
			return err
		}
	}
	list, err := s.config.Store.Failures(ctx, c.Tenant, c.Provider.ID)
	if err != nil {
		return err
	}
	for _, f := range list {
		switch {
		case s.isOver(f):
			err = s.config.Store.Heal(ctx, c.Tenant, f.Provider, f.Subject)
		case s.now().Sub(f.Since) >= refusedLong && f.Last.Sub(f.Since) > 0:
			err = s.once(ctx, c.Tenant, "failing "+string(f.Provider)+" "+f.Subject+" "+f.Since.UTC().Format(time.RFC3339Nano), f.event())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// event says that somebody is refused for long.
func (f *Failure) event() Event {
	e := Event{Type: EventFailing, Provider: f.Provider, Details: map[string]string{
		"name": f.Name, "reason": f.Reason, "sentence": f.Sentence, "since": f.Since.UTC().Format(time.RFC3339),
	}}
	if f.Type == "User" {
		e.User = f.ID
	}
	return e
}
