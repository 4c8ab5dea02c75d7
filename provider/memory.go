package provider

import (
	"cmp"
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A MemoryStore is a [Store] in the memory of one process: for tests, and for a first look. The zero
// MemoryStore is empty and ready. It looks at everything it has to answer, and forgets only what
// Prune makes it forget.
type MemoryStore struct {
	mu    sync.Mutex
	state memoryState
}

var (
	_ Store = (*MemoryStore)(nil)
	_ Store = (*memoryTx)(nil)
)

// A memoryState is all there is. What is in it is replaced and never changed, so that a copy of the maps
// is a copy of all.
type memoryState struct {
	providers   map[ID]Connection
	tests       map[testKey]Test
	tokens      map[string]tenantToken
	events      []memoryEvent // in the order of recording
	recorded    uint64
	seen        map[ID]Seen
	failures    map[failureKey]Failure
	queue       map[tenantKey]string // stamps, by user
	once        map[tenantKey]time.Time
	revocations map[revocationKey]TenantRevocation
}

type memoryEvent struct {
	Event
	sent bool
}

type tenantToken struct {
	tenant scim.TenantID
	Token
}

type testKey struct {
	tenant   scim.TenantID
	provider ID
	id       string
}

type failureKey struct {
	provider ID
	subject  string
}

type tenantKey struct {
	tenant scim.TenantID
	key    string
}

type revocationKey struct {
	tenant   scim.TenantID
	user     string
	provider ID
}

func (m memoryState) clone() memoryState {
	m.providers, m.tests, m.once, m.revocations = maps.Clone(m.providers), maps.Clone(m.tests), maps.Clone(m.once), maps.Clone(m.revocations)
	m.tokens, m.events = maps.Clone(m.tokens), slices.Clone(m.events)
	m.queue = maps.Clone(m.queue)
	m.seen, m.failures = maps.Clone(m.seen), maps.Clone(m.failures)
	return m
}

// Transact implements [Store]. Other calls wait until f has returned.
func (m *MemoryStore) Transact(ctx context.Context, tenant scim.TenantID, f func(context.Context, Store) error) error {
	return m.with(ctx, func(tx *memoryTx) error { return tx.Transact(ctx, tenant, f) })
}

// with runs f on the state, alone.
func (m *MemoryStore) with(ctx context.Context, f func(*memoryTx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return f(&memoryTx{&m.state})
}

// Within implements [Store]: users in memory have no transactions to be a part of.
func (m *MemoryStore) Within(scim.Stores) (Store, bool) { return nil, false }

// A memoryTx is the store within a transaction.
type memoryTx struct{ *memoryState }

// Transact runs f, and forgets what it did unless it returns nil.
func (m *memoryTx) Transact(ctx context.Context, _ scim.TenantID, f func(context.Context, Store) error) error {
	before, done := m.clone(), false
	defer func() {
		if !done {
			*m.memoryState = before
		}
	}()
	if err := f(ctx, m); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done = true
	return nil
}

// Within implements [Store].
func (m *memoryTx) Within(scim.Stores) (Store, bool) { return nil, false }

// Connection implements [Store].
func (m *memoryTx) Connection(_ context.Context, id ID) (scim.TenantID, Provider, error) {
	c, ok := m.providers[id]
	if !ok {
		return "", Provider{}, ErrNotFound
	}
	return c.Tenant, c.Provider.clone(), nil
}

// Walk implements [Store].
func (m *memoryTx) Walk(_ context.Context, after ID, limit int) ([]Connection, error) {
	var list []Connection
	for _, id := range slices.Sorted(maps.Keys(m.providers)) {
		if id > after && len(list) < limit {
			c := m.providers[id]
			list = append(list, Connection{c.Tenant, c.Provider.clone()})
		}
	}
	return list, nil
}

// Provider implements [Store].
func (m *memoryTx) Provider(_ context.Context, tenant scim.TenantID, id ID) (Provider, error) {
	c, ok := m.providers[id]
	if !ok || c.Tenant != tenant {
		return Provider{}, ErrNotFound
	}
	return c.Provider.clone(), nil
}

// PutProvider implements [Store].
func (m *memoryTx) PutProvider(_ context.Context, tenant scim.TenantID, p Provider) (Provider, error) {
	old, ok := m.providers[p.ID]
	switch {
	case p.Version == "" && ok:
		return Provider{}, ErrStale
	case p.Version != "" && (!ok || old.Tenant != tenant):
		return Provider{}, ErrNotFound
	case p.Version != old.Provider.Version:
		return Provider{}, ErrStale
	}
	if taken := m.taken(tenant, &p); taken != nil {
		return Provider{}, taken
	}
	p = p.clone()
	p.Version = rand.Text()
	if m.providers == nil {
		m.providers = map[ID]Connection{}
	}
	m.providers[p.ID] = Connection{tenant, p}
	return p.clone(), nil
}

// taken returns what of a provider another one has, if any.
func (m *memoryTx) taken(tenant scim.TenantID, p *Provider) error {
	for _, id := range slices.Sorted(maps.Keys(m.providers)) {
		c := m.providers[id]
		o, by := &c.Provider, c.Provider.ID
		if id == p.ID {
			continue
		}
		if c.Tenant != tenant {
			by = ""
		}
		if o.EntityID == p.EntityID {
			return &Taken{TakenEntityID, by, p.EntityID}
		}
		if issuer, theirs := issuerOf(p), issuerOf(o); p.ReplyURL != "" && p.ReplyURL == o.ReplyURL && issuer != "" && issuer == theirs {
			return &Taken{TakenIssuer, by, issuer}
		}
		if c.Tenant != tenant {
			continue
		}
		if p.Name != "" && filter.Fold(p.Name) == filter.Fold(o.Name) {
			return &Taken{TakenName, by, p.Name}
		}
		if !p.Enabled || !o.Enabled {
			continue
		}
		if len(p.Domains) == 0 && len(o.Domains) == 0 {
			return &Taken{TakenDefault, by, ""}
		}
		for _, domain := range p.Domains {
			if slices.Contains(o.Domains, domain) {
				return &Taken{TakenDomain, by, domain}
			}
		}
	}
	return nil
}

// issuerOf returns the entity ID in the active metadata.
func issuerOf(p *Provider) string {
	if p.Active == nil || p.Active.Metadata == nil {
		return ""
	}
	return p.Active.Metadata.EntityID()
}

// DeleteProvider implements [Store].
func (m *memoryTx) DeleteProvider(_ context.Context, tenant scim.TenantID, id ID, version string) error {
	c, ok := m.providers[id]
	switch {
	case !ok || c.Tenant != tenant:
		return ErrNotFound
	case c.Provider.Version != version:
		return ErrStale
	}
	delete(m.providers, id)
	maps.DeleteFunc(m.tests, func(k testKey, _ Test) bool { return k.provider == id })
	delete(m.seen, id)
	maps.DeleteFunc(m.failures, func(k failureKey, _ Failure) bool { return k.provider == id })
	maps.DeleteFunc(m.tokens, func(_ string, t tenantToken) bool { return t.Provider == id })
	return nil
}

// Providers implements [Store].
func (m *memoryTx) Providers(_ context.Context, tenant scim.TenantID, q Query) (Page, error) {
	var found []Provider
	for _, c := range m.providers {
		if c.Tenant == tenant && q.matches(&c.Provider) {
			found = append(found, c.Provider)
		}
	}
	place := func(p *Provider) string { return filter.Fold(p.Name) + "\x00" + string(p.ID) }
	slices.SortFunc(found, func(a, b Provider) int {
		return cmp.Or(strings.Compare(filter.Fold(a.Name), filter.Fold(b.Name)), strings.Compare(string(a.ID), string(b.ID)))
	})
	var page Page
	for i := range found {
		switch p := &found[i]; {
		case q.After != "" && place(p) <= q.After:
		case len(page.Providers) == q.Limit:
			page.Next = place(&page.Providers[q.Limit-1])
			return page, nil
		default:
			page.Providers = append(page.Providers, p.clone())
		}
	}
	return page, nil
}

// matches reports whether a query asks for a provider.
func (q *Query) matches(p *Provider) bool {
	switch {
	case q.State != "" && p.State() != q.State:
	case q.SCIM != nil && p.SCIM != *q.SCIM:
	case q.Certificate != "" && p.CertificateState(q.Now) != q.Certificate:
	case q.Search != "" && !strings.Contains(p.SearchText(), filter.Fold(q.Search)):
	default:
		return true
	}
	return false
}

// SearchText returns what [Query.Search] is looked for in, folded, for stores: the name, the domains and
// the entity IDs, a line each.
func (p *Provider) SearchText() string {
	lines := append([]string{p.Name, p.EntityID}, p.Domains...)
	for _, set := range []*Settings{p.Active, p.Candidate} {
		if set != nil && set.Metadata != nil {
			lines = append(lines, set.Metadata.EntityID())
		}
	}
	return filter.Fold(strings.Join(lines, "\n"))
}

// Realm implements [Store].
func (m *memoryTx) Realm(_ context.Context, tenant scim.TenantID, domain string) (Provider, error) {
	var fallback *Provider
	for _, c := range m.providers {
		switch p := c.Provider; {
		case c.Tenant != tenant || !p.Enabled:
		case len(p.Domains) == 0:
			fallback = &p
		case domain != "" && slices.Contains(p.Domains, domain):
			return p.clone(), nil
		}
	}
	if fallback == nil {
		return Provider{}, ErrNotFound
	}
	return fallback.clone(), nil
}
