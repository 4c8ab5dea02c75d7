package provider

import (
	"context"
	"strconv"
	"time"
)

// How often maintenance looks for people whom the users do not fit, and at how many of them.
const (
	joinEvery    = 24 * time.Hour
	maxJoinNames = 20
)

// maintainJoins looks at the people whom an identity provider has vouched for since yesterday and whom
// nobody here knows, and records once a day for whom users may be meant.
func (s *Service) maintainJoins(ctx context.Context, c Connection) error {
	now := s.now()
	names, err := s.unknownNames(ctx, c, now.Add(-joinEvery))
	if err != nil || len(names) == 0 {
		return err
	}
	var found *Join
	near := 0
	for _, name := range names {
		j, err := s.join(ctx, c.Tenant, &c.Provider, name, joinScan)
		if err != nil {
			return err
		}
		if len(j.Nearest) == 0 {
			continue
		}
		near++
		if found == nil {
			found = j
		}
	}
	if found == nil {
		return nil
	}
	event := Event{Type: EventJoinMismatch, Provider: c.Provider.ID, Details: map[string]string{
		"unknown": strconv.Itoa(len(names)), "near": strconv.Itoa(near),
		"name_id": found.NameID, "user_name": found.Nearest[0].UserName, "how": found.Nearest[0].How, "advice": found.Advice,
	}}
	return s.act(ctx, nobody(c.Tenant), func(ctx context.Context, st Store) ([]Event, error) {
		first, err := st.Once(ctx, c.Tenant, "join "+string(c.Provider.ID), now, now.Add(joinEvery))
		if err != nil || !first {
			return nil, err
		}
		return []Event{event}, nil
	})
}

// unknownNames returns the names that the provider has vouched for since a time and nobody here knows.
func (s *Service) unknownNames(ctx context.Context, c Connection, since time.Time) ([]string, error) {
	page, err := s.config.Store.Events(ctx, c.Tenant, EventQuery{
		Types: []EventType{EventSignInRefused}, Provider: c.Provider.ID, Since: since, Limit: 100,
	})
	if err != nil {
		return nil, err
	}
	var names []string
	seen := map[string]bool{}
	for _, e := range page.Events {
		name := e.Details["name_id"]
		if e.Details["reason"] == string(ReasonUnknownUser) && name != "" && !seen[name] && len(names) < maxJoinNames {
			names, seen[name] = append(names, name), true
		}
	}
	return names, nil
}
