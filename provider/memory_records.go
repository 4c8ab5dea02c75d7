package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// PutTest implements [Store].
func (m *memoryTx) PutTest(_ context.Context, tenant scim.TenantID, t Test) error {
	if c, ok := m.providers[t.Provider]; !ok || c.Tenant != tenant {
		return ErrNotFound
	}
	if m.tests == nil {
		m.tests = map[testKey]Test{}
	}
	m.tests[testKey{tenant, t.Provider, t.ID}] = t.clone()
	for _, old := range m.testsOf(tenant, t.Provider)[min(KeptTests, len(m.testsOf(tenant, t.Provider))):] {
		delete(m.tests, testKey{tenant, t.Provider, old.ID})
	}
	return nil
}

// testsOf returns the tests of a provider, the latest first.
func (m *memoryTx) testsOf(tenant scim.TenantID, provider ID) []Test {
	var list []Test
	for k, t := range m.tests {
		if k.tenant == tenant && k.provider == provider {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b Test) int { return cmp.Or(b.Began.Compare(a.Began), cmp.Compare(b.ID, a.ID)) })
	return list
}

// Test implements [Store].
func (m *memoryTx) Test(_ context.Context, tenant scim.TenantID, provider ID, id string) (Test, error) {
	t, ok := m.tests[testKey{tenant, provider, id}]
	if !ok {
		return Test{}, ErrNotFound
	}
	return t.clone(), nil
}

// Tests implements [Store].
func (m *memoryTx) Tests(_ context.Context, tenant scim.TenantID, provider ID) ([]Test, error) {
	list := m.testsOf(tenant, provider)
	for i := range list {
		list[i] = list[i].clone()
	}
	return list, nil
}

// Record implements [Store].
func (m *memoryTx) Record(_ context.Context, tenant scim.TenantID, sent bool, events ...Event) ([]Event, error) {
	out := make([]Event, len(events))
	for i, e := range events {
		m.recorded++
		e = e.clone()
		e.ID, e.Tenant = fmt.Sprintf("%016x", m.recorded), tenant
		m.events = append(m.events, memoryEvent{e, sent})
		out[i] = e.clone()
	}
	return out, nil
}

// Events implements [Store].
func (m *memoryTx) Events(_ context.Context, tenant scim.TenantID, q EventQuery) (EventPage, error) {
	var page EventPage
	for i := len(m.events) - 1; i >= 0; i-- {
		e := &m.events[i].Event
		switch {
		case e.Tenant != tenant || !q.matches(e) || q.After != "" && e.ID >= q.After:
		case len(page.Events) == q.Limit:
			page.Next = page.Events[q.Limit-1].ID
			return page, nil
		default:
			page.Events = append(page.Events, e.clone())
		}
	}
	return page, nil
}

// matches reports whether a query asks for an event.
func (q *EventQuery) matches(e *Event) bool {
	return (q.Types == nil || slices.Contains(q.Types, e.Type)) &&
		(q.Provider == "" || q.Provider == e.Provider) &&
		(q.User == "" || q.User == e.User) &&
		(q.By == "" || q.By == e.By) &&
		(q.Incident == "" || q.Incident == e.Incident) &&
		!e.Time.Before(q.Since) && (q.Before.IsZero() || e.Time.Before(q.Before))
}

// Unsent implements [Store].
func (m *memoryTx) Unsent(_ context.Context, limit int) ([]Event, error) {
	var list []Event
	for i := range m.events {
		if !m.events[i].sent && len(list) < limit {
			list = append(list, m.events[i].Event.clone())
		}
	}
	return list, nil
}

// Sent implements [Store].
func (m *memoryTx) Sent(_ context.Context, ids ...string) error {
	for i := range m.events {
		if slices.Contains(ids, m.events[i].ID) {
			m.events[i].sent = true
		}
	}
	return nil
}

// Token implements [Store].
func (m *memoryTx) Token(_ context.Context, id string) (scim.TenantID, Token, error) {
	t, ok := m.tokens[id]
	if !ok {
		return "", Token{}, ErrNotFound
	}
	return t.tenant, t.Token, nil
}

// PutToken implements [Store].
func (m *memoryTx) PutToken(_ context.Context, tenant scim.TenantID, t Token) error {
	if c, ok := m.providers[t.Provider]; !ok || c.Tenant != tenant {
		return ErrNotFound
	}
	if m.tokens == nil {
		m.tokens = map[string]tenantToken{}
	}
	m.tokens[t.ID] = tenantToken{tenant, t}
	return nil
}

// Tokens implements [Store].
func (m *memoryTx) Tokens(_ context.Context, tenant scim.TenantID, provider ID) ([]Token, error) {
	var list []Token
	for _, t := range m.tokens {
		if t.tenant == tenant && t.Provider == provider {
			list = append(list, t.Token)
		}
	}
	slices.SortFunc(list, func(a, b Token) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID)) })
	return list, nil
}

// TouchToken implements [Store].
func (m *memoryTx) TouchToken(_ context.Context, tenant scim.TenantID, id string, at time.Time) error {
	if t, ok := m.tokens[id]; ok && t.tenant == tenant && at.After(t.LastUsed) {
		t.LastUsed = at
		m.tokens[id] = t
	}
	return nil
}

// Once implements [Store].
func (m *memoryTx) Once(_ context.Context, tenant scim.TenantID, key string, now, until time.Time) (bool, error) {
	k := tenantKey{tenant, key}
	if over, ok := m.once[k]; ok && now.Before(over) {
		return false, nil
	}
	if m.once == nil {
		m.once = map[tenantKey]time.Time{}
	}
	m.once[k] = until
	return true, nil
}

// PutRevocation implements [Store].
func (m *memoryTx) PutRevocation(_ context.Context, tenant scim.TenantID, r Revocation) error {
	if m.revocations == nil {
		m.revocations = map[revocationKey]TenantRevocation{}
	}
	m.revocations[revocationKey{tenant, r.User, r.Provider}] = TenantRevocation{tenant, r}
	return nil
}

// Revocations implements [Store].
func (m *memoryTx) Revocations(_ context.Context, tenant scim.TenantID, user string, provider ID) ([]Revocation, error) {
	var list []Revocation
	for k, r := range m.revocations {
		mine := user != "" && k.user == user
		all := k.user == "" && provider != "" && k.provider == provider
		if k.tenant == tenant && (mine || all) {
			list = append(list, r.Revocation)
		}
	}
	slices.SortFunc(list, func(a, b Revocation) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Provider, b.Provider))
	})
	return list, nil
}

// Unacknowledged implements [Store].
func (m *memoryTx) Unacknowledged(_ context.Context, now time.Time, limit int) ([]TenantRevocation, error) {
	var list []TenantRevocation
	for _, r := range m.revocations {
		if !r.Acknowledged && !r.Next.After(now) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b TenantRevocation) int {
		return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.User, b.User), cmp.Compare(a.Provider, b.Provider))
	})
	return list[:min(limit, len(list))], nil
}

// Prune implements [Store].
func (m *memoryTx) Prune(_ context.Context, now, before time.Time, limit int) (more bool, err error) {
	take := func() bool {
		limit--
		return limit >= 0
	}
	m.events = slices.DeleteFunc(slices.Clone(m.events), func(e memoryEvent) bool { return e.sent && e.Time.Before(before) && take() })
	maps.DeleteFunc(m.once, func(_ tenantKey, until time.Time) bool { return !now.Before(until) && take() })
	maps.DeleteFunc(m.revocations, func(_ revocationKey, r TenantRevocation) bool {
		return r.Acknowledged && !now.Before(r.Until) && take()
	})
	return limit < 0, nil
}
