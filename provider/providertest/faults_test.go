package providertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A fault is a store that breaks a promise.
type fault struct {
	fault, breaks string
	plant         func(good provider.Store) provider.Store
}

// A mutant is a correct store, of which some methods are others. Those that are nil are the correct ones.
type mutant struct {
	provider.Store
	put      func(ctx context.Context, s provider.Store, tenant scim.TenantID, p provider.Provider) (provider.Provider, error)
	get      func(ctx context.Context, s provider.Store, tenant scim.TenantID, id provider.ID) (provider.Provider, error)
	list     func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.Query) (provider.Page, error)
	realm    func(ctx context.Context, s provider.Store, tenant scim.TenantID, domain string) (provider.Provider, error)
	record   func(ctx context.Context, s provider.Store, tenant scim.TenantID, sent bool, events []provider.Event) ([]provider.Event, error)
	events   func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.EventQuery) (provider.EventPage, error)
	once     func(ctx context.Context, s provider.Store, tenant scim.TenantID, key string, now, until time.Time) (bool, error)
	transact func(ctx context.Context, s provider.Store, tenant scim.TenantID, f func(context.Context, provider.Store) error) error
	putTest  func(ctx context.Context, s provider.Store, tenant scim.TenantID, t provider.Test) error
	revoked  func(ctx context.Context, s provider.Store, tenant scim.TenantID, user string, id provider.ID) ([]provider.Revocation, error)
	due      func(ctx context.Context, s provider.Store, now time.Time, limit int) ([]provider.TenantRevocation, error)
	prune    func(ctx context.Context, s provider.Store, now, events time.Time, limit int) (bool, error)
	unsent   func(ctx context.Context, s provider.Store, limit int) ([]provider.Event, error)
	remove   func(ctx context.Context, s provider.Store, tenant scim.TenantID, id provider.ID, version string) error
	walk     func(ctx context.Context, s provider.Store, after provider.ID, limit int) ([]provider.Connection, error)
}

func (m *mutant) PutProvider(ctx context.Context, tenant scim.TenantID, p provider.Provider) (provider.Provider, error) {
	if m.put != nil {
		return m.put(ctx, m.Store, tenant, p)
	}
	return m.Store.PutProvider(ctx, tenant, p)
}

func (m *mutant) Provider(ctx context.Context, tenant scim.TenantID, id provider.ID) (provider.Provider, error) {
	if m.get != nil {
		return m.get(ctx, m.Store, tenant, id)
	}
	return m.Store.Provider(ctx, tenant, id)
}

func (m *mutant) Providers(ctx context.Context, tenant scim.TenantID, q provider.Query) (provider.Page, error) {
	if m.list != nil {
		return m.list(ctx, m.Store, tenant, q)
	}
	return m.Store.Providers(ctx, tenant, q)
}

func (m *mutant) Realm(ctx context.Context, tenant scim.TenantID, domain string) (provider.Provider, error) {
	if m.realm != nil {
		return m.realm(ctx, m.Store, tenant, domain)
	}
	return m.Store.Realm(ctx, tenant, domain)
}

func (m *mutant) Record(ctx context.Context, tenant scim.TenantID, sent bool, events ...provider.Event) ([]provider.Event, error) {
	if m.record != nil {
		return m.record(ctx, m.Store, tenant, sent, events)
	}
	return m.Store.Record(ctx, tenant, sent, events...)
}

func (m *mutant) Events(ctx context.Context, tenant scim.TenantID, q provider.EventQuery) (provider.EventPage, error) {
	if m.events != nil {
		return m.events(ctx, m.Store, tenant, q)
	}
	return m.Store.Events(ctx, tenant, q)
}

func (m *mutant) Once(ctx context.Context, tenant scim.TenantID, key string, now, until time.Time) (bool, error) {
	if m.once != nil {
		return m.once(ctx, m.Store, tenant, key, now, until)
	}
	return m.Store.Once(ctx, tenant, key, now, until)
}

func (m *mutant) Transact(ctx context.Context, tenant scim.TenantID, f func(context.Context, provider.Store) error) error {
	if m.transact != nil {
		return m.transact(ctx, m, tenant, f)
	}
	return m.Store.Transact(ctx, tenant, func(ctx context.Context, s provider.Store) error {
		inner := *m
		inner.Store = s
		return f(ctx, &inner)
	})
}

func (m *mutant) PutTest(ctx context.Context, tenant scim.TenantID, t provider.Test) error {
	if m.putTest != nil {
		return m.putTest(ctx, m.Store, tenant, t)
	}
	return m.Store.PutTest(ctx, tenant, t)
}

func (m *mutant) Revocations(ctx context.Context, tenant scim.TenantID, user string, id provider.ID) ([]provider.Revocation, error) {
	if m.revoked != nil {
		return m.revoked(ctx, m.Store, tenant, user, id)
	}
	return m.Store.Revocations(ctx, tenant, user, id)
}

func (m *mutant) Unacknowledged(ctx context.Context, now time.Time, limit int) ([]provider.TenantRevocation, error) {
	if m.due != nil {
		return m.due(ctx, m.Store, now, limit)
	}
	return m.Store.Unacknowledged(ctx, now, limit)
}

func (m *mutant) Prune(ctx context.Context, now, events time.Time, limit int) (bool, error) {
	if m.prune != nil {
		return m.prune(ctx, m.Store, now, events, limit)
	}
	return m.Store.Prune(ctx, now, events, limit)
}

func (m *mutant) Unsent(ctx context.Context, limit int) ([]provider.Event, error) {
	if m.unsent != nil {
		return m.unsent(ctx, m.Store, limit)
	}
	return m.Store.Unsent(ctx, limit)
}

func (m *mutant) DeleteProvider(ctx context.Context, tenant scim.TenantID, id provider.ID, version string) error {
	if m.remove != nil {
		return m.remove(ctx, m.Store, tenant, id, version)
	}
	return m.Store.DeleteProvider(ctx, tenant, id, version)
}

func (m *mutant) Walk(ctx context.Context, after provider.ID, limit int) ([]provider.Connection, error) {
	if m.walk != nil {
		return m.walk(ctx, m.Store, after, limit)
	}
	return m.Store.Walk(ctx, after, limit)
}

// of makes a fault of a mutant.
func of(m mutant) func(provider.Store) provider.Store {
	return func(good provider.Store) provider.Store {
		c := m
		c.Store = good
		return &c
	}
}

// changed is a store that writes another provider than it is given.
func changed(change func(*provider.Provider)) func(provider.Store) provider.Store {
	return of(mutant{put: func(ctx context.Context, s provider.Store, tenant scim.TenantID, p provider.Provider) (provider.Provider, error) {
		change(&p)
		return s.PutProvider(ctx, tenant, p)
	}})
}

var faults = []fault{
	{"the match is forgotten", "everything is kept", changed(func(p *provider.Provider) { p.Match = "" })},
	{"domains are forgotten", "everything is kept", changed(func(p *provider.Provider) { p.Domains = nil })},
	{"times are kept in seconds", "events are kept", of(mutant{record: func(ctx context.Context, s provider.Store, tenant scim.TenantID, sent bool, events []provider.Event) ([]provider.Event, error) {
		for i := range events {
			events[i].Time = events[i].Time.Truncate(time.Hour)
		}
		return s.Record(ctx, tenant, sent, events...)
	}})},
	{"details are forgotten", "events are kept", of(mutant{record: func(ctx context.Context, s provider.Store, tenant scim.TenantID, sent bool, events []provider.Event) ([]provider.Event, error) {
		for i := range events {
			events[i].Details = nil
		}
		return s.Record(ctx, tenant, sent, events...)
	}})},
	{"the report of a test is forgotten", "tests are kept", of(mutant{putTest: func(ctx context.Context, s provider.Store, tenant scim.TenantID, t provider.Test) error {
		t.Report = nil
		return s.PutTest(ctx, tenant, t)
	}})},
	{"any tenant gets a provider", "tenants are apart", of(mutant{get: func(ctx context.Context, s provider.Store, _ scim.TenantID, id provider.ID) (provider.Provider, error) {
		_, p, err := s.Connection(ctx, id)
		return p, err
	}})},
	{"any tenant deletes a provider", "tenants are apart", of(mutant{remove: func(ctx context.Context, s provider.Store, tenant scim.TenantID, id provider.ID, version string) error {
		if owner, _, err := s.Connection(ctx, id); err == nil {
			tenant = owner
		}
		return s.DeleteProvider(ctx, tenant, id, version)
	}})},
	{"events of all tenants", "tenants are apart", of(mutant{events: func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.EventQuery) (provider.EventPage, error) {
		return s.Events(ctx, red, q)
	}})},
	{"keys of Once are those of all tenants", "tenants are apart", of(mutant{once: func(ctx context.Context, s provider.Store, _ scim.TenantID, key string, now, until time.Time) (bool, error) {
		return s.Once(ctx, red, key, now, until)
	}})},
	{"the last write wins", "compare and swap", of(mutant{put: func(ctx context.Context, s provider.Store, tenant scim.TenantID, p provider.Provider) (provider.Provider, error) {
		if stored, err := s.Provider(ctx, tenant, p.ID); err == nil && p.Version != "" {
			p.Version = stored.Version
		}
		return s.PutProvider(ctx, tenant, p)
	}})},
	{"creating replaces", "create once", of(mutant{put: func(ctx context.Context, s provider.Store, tenant scim.TenantID, p provider.Provider) (provider.Provider, error) {
		if owner, stored, err := s.Connection(ctx, p.ID); err == nil && p.Version == "" {
			tenant, p.Version = owner, stored.Version
		}
		return s.PutProvider(ctx, tenant, p)
	}})},
	{"names are compared by case", "names are unique", changed(func(p *provider.Provider) {
		if strings.ToUpper(p.Name) == p.Name || strings.HasPrefix(p.Name, "é") {
			p.Name += " "
		}
	})},
	{"entity IDs may be shared", "entity IDs are unique", changed(func(p *provider.Provider) { p.EntityID += string(p.ID) })},
	{"issuers may be shared", "issuers are unique", changed(func(p *provider.Provider) { p.ReplyURL = "" })},
	{"a domain may be shared", "domains are unique", of(mutant{put: func(ctx context.Context, s provider.Store, tenant scim.TenantID, p provider.Provider) (provider.Provider, error) {
		stored, err := s.PutProvider(ctx, tenant, p)
		if t, ok := err.(*provider.Taken); ok && t.Field == provider.TakenDomain {
			p.Domains = []string{string(p.ID)}
			return s.PutProvider(ctx, tenant, p)
		}
		return stored, err
	}})},
	{"two are the default one", "one default", of(mutant{put: func(ctx context.Context, s provider.Store, tenant scim.TenantID, p provider.Provider) (provider.Provider, error) {
		if p.Enabled && len(p.Domains) == 0 {
			p.Domains = []string{string(p.ID)}
		}
		return s.PutProvider(ctx, tenant, p)
	}})},
	{"sub-domains belong to it", "realm", of(mutant{realm: func(ctx context.Context, s provider.Store, tenant scim.TenantID, domain string) (provider.Provider, error) {
		p, err := s.Realm(ctx, tenant, domain)
		if _, parent, ok := strings.Cut(domain, "."); err != nil && ok {
			return s.Realm(ctx, tenant, parent)
		}
		return p, err
	}})},
	{"the default one comes first", "realm", of(mutant{realm: func(ctx context.Context, s provider.Store, tenant scim.TenantID, domain string) (provider.Provider, error) {
		if p, err := s.Realm(ctx, tenant, ""); err == nil {
			return p, nil
		}
		return s.Realm(ctx, tenant, domain)
	}})},
	{"a search is a pattern", "searching", of(mutant{list: func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.Query) (provider.Page, error) {
		if q.Search == "%" || q.Search == "_" {
			q.Search = ""
		}
		return s.Providers(ctx, tenant, q)
	}})},
	{"a search minds the case", "searching", of(mutant{list: func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.Query) (provider.Page, error) {
		if strings.ToLower(q.Search) != q.Search {
			return provider.Page{}, nil
		}
		return s.Providers(ctx, tenant, q)
	}})},
	{"the filter by certificate is ignored", "filters", of(mutant{list: func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.Query) (provider.Page, error) {
		q.Certificate = ""
		return s.Providers(ctx, tenant, q)
	}})},
	{"the filter by SCIM is ignored", "filters", of(mutant{list: func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.Query) (provider.Page, error) {
		q.SCIM = nil
		return s.Providers(ctx, tenant, q)
	}})},
	{"the last page is missing", "paging", of(mutant{list: func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.Query) (provider.Page, error) {
		page, err := s.Providers(ctx, tenant, q)
		if len(page.Providers) == q.Limit && q.After != "" {
			page.Next = ""
		}
		return page, err
	}})},
	{"the tenants of a walk are mixed up", "walk", of(mutant{walk: func(ctx context.Context, s provider.Store, after provider.ID, limit int) ([]provider.Connection, error) {
		list, err := s.Walk(ctx, after, limit)
		for i := range list {
			list[i].Tenant = blue
		}
		return list, err
	}})},
	{"events are listed the oldest first", "events in order", of(mutant{events: func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.EventQuery) (provider.EventPage, error) {
		page, err := s.Events(ctx, tenant, q)
		slices.Reverse(page.Events)
		return page, err
	}})},
	{"no types are all types", "event filters", of(mutant{events: func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.EventQuery) (provider.EventPage, error) {
		if len(q.Types) == 0 {
			q.Types = nil
		}
		return s.Events(ctx, tenant, q)
	}})},
	{"the time is not asked for", "event filters", of(mutant{events: func(ctx context.Context, s provider.Store, tenant scim.TenantID, q provider.EventQuery) (provider.EventPage, error) {
		q.Before = time.Time{}
		return s.Events(ctx, tenant, q)
	}})},
	{"everything is sent", "sent", of(mutant{record: func(ctx context.Context, s provider.Store, tenant scim.TenantID, _ bool, events []provider.Event) ([]provider.Event, error) {
		return s.Record(ctx, tenant, true, events...)
	}})},
	{"unsent events are the latest first", "sent", of(mutant{unsent: func(ctx context.Context, s provider.Store, limit int) ([]provider.Event, error) {
		list, err := s.Unsent(ctx, limit)
		slices.Reverse(list)
		return list, err
	}})},
	{"everybody is the first", "once", of(mutant{once: func(ctx context.Context, s provider.Store, tenant scim.TenantID, key string, now, until time.Time) (bool, error) {
		_, err := s.Once(ctx, tenant, key, now, until)
		return true, err
	}})},
	{"a key is never over", "once", of(mutant{once: func(ctx context.Context, s provider.Store, tenant scim.TenantID, key string, now, until time.Time) (bool, error) {
		return s.Once(ctx, tenant, key, time.Time{}, until)
	}})},
	{"revocations of a provider are forgotten", "revocations", of(mutant{revoked: func(ctx context.Context, s provider.Store, tenant scim.TenantID, user string, _ provider.ID) ([]provider.Revocation, error) {
		return s.Revocations(ctx, tenant, user, "")
	}})},
	{"everything is due", "unacknowledged", of(mutant{due: func(ctx context.Context, s provider.Store, _ time.Time, limit int) ([]provider.TenantRevocation, error) {
		return s.Unacknowledged(ctx, when.AddDate(10, 0, 0), limit)
	}})},
	{"it prunes everything at once", "pruning", of(mutant{prune: func(ctx context.Context, s provider.Store, now, events time.Time, _ int) (bool, error) {
		return s.Prune(ctx, now, events, 1000)
	}})},
	{"it prunes what is young", "pruning", of(mutant{prune: func(ctx context.Context, s provider.Store, now, events time.Time, limit int) (bool, error) {
		return s.Prune(ctx, now, events.Add(time.Hour), limit)
	}})},
	{"a transaction is none", "transactions", of(mutant{transact: func(ctx context.Context, s provider.Store, _ scim.TenantID, f func(context.Context, provider.Store) error) error {
		return f(ctx, s)
	}})},
	{"a key stays used", "once is undone", of(mutant{transact: func(ctx context.Context, s provider.Store, _ scim.TenantID, f func(context.Context, provider.Store) error) error {
		return f(ctx, s)
	}})},
	{"a transaction reads what was before it", "reading what was written", of(mutant{transact: func(ctx context.Context, s provider.Store, _ scim.TenantID, f func(context.Context, provider.Store) error) error {
		inner := *s.(*mutant)
		inner.realm = func(context.Context, provider.Store, scim.TenantID, string) (provider.Provider, error) {
			return provider.Provider{}, provider.ErrNotFound
		}
		inner.transact = nil
		return f(ctx, &inner)
	}})},
	{"the context is not asked", "canceled", of(mutant{get: func(ctx context.Context, s provider.Store, tenant scim.TenantID, id provider.ID) (provider.Provider, error) {
		return s.Provider(context.WithoutCancel(ctx), tenant, id)
	}})},
}

// A listener is told what the suite has found.
type listener struct {
	testing.TB
	mu    sync.Mutex
	found []string
}

func (l *listener) Errorf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found = append(l.found, fmt.Sprintf(format, args...))
}

// TestFaults: each fault is found, by the promise that it breaks.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range slices.Concat(faults, healthFaults()) {
		t.Run(f.fault, func(t *testing.T) {
			i := slices.IndexFunc(promises, func(p promise) bool { return p.name == f.breaks })
			if i < 0 {
				t.Fatalf("there is no promise %q", f.breaks)
			}
			l := &listener{TB: t}
			try(l, promises[i], f.plant(new(provider.MemoryStore)))
			if len(l.found) == 0 {
				t.Errorf("not found by %q", f.breaks)
			}
			l = &listener{TB: t}
			if try(l, promises[i], of(mutant{})(new(provider.MemoryStore))); len(l.found) != 0 {
				t.Errorf("%q finds a fault in a store that has none: %s", f.breaks, l.found)
			}
		})
	}
}
