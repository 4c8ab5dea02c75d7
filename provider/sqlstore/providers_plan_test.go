package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A listener is a connection that remembers the queries.
type listener struct {
	sqlstore.Tx
	queries []string
	args    [][]any
}

func (l *listener) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	l.queries, l.args = append(l.queries, query), append(l.args, args)
	return l.Tx.QueryContext(ctx, query, args...)
}

// TestProviderPlans reads how the databases answer what sign-ins and maintenance ask: by an index, and
// without reading a table.
func TestProviderPlans(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		db := e.open(t)
		s, err := e.new(t.Context(), db, sqlstore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		seedProviders(t, s.Providers())
		if _, err := db.Exec("ANALYZE"); err != nil {
			t.Fatal(err)
		}
		ctx, now := t.Context(), providertest.Began
		for name, call := range map[string]func(p *sqlstore.Providers) error{
			"Connection": func(p *sqlstore.Providers) error { _, _, err := p.Connection(ctx, "p0077"); return err },
			"Provider":   func(p *sqlstore.Providers) error { _, err := p.Provider(ctx, "acme", "p0077"); return err },
			"Realm":      func(p *sqlstore.Providers) error { _, err := p.Realm(ctx, "acme", "d77.example"); return err },
			"Walk":       func(p *sqlstore.Providers) error { _, err := p.Walk(ctx, "p0077", 10); return err },
			"Providers": func(p *sqlstore.Providers) error {
				_, err := p.Providers(ctx, "acme", provider.Query{Limit: 10, Now: now})
				return err
			},
			"Token":    func(p *sqlstore.Providers) error { _, _, err := p.Token(ctx, "t77"); return err },
			"Tokens":   func(p *sqlstore.Providers) error { _, err := p.Tokens(ctx, "acme", "p0077"); return err },
			"Seen":     func(p *sqlstore.Providers) error { _, err := p.Seen(ctx, "acme", "p0077"); return err },
			"Failures": func(p *sqlstore.Providers) error { _, err := p.Failures(ctx, "acme", "p0077"); return err },
			"Heal":     func(p *sqlstore.Providers) error { return p.Heal(ctx, "acme", "p0077", "x", "y") },
			"Queued": func(p *sqlstore.Providers) error {
				_, err := p.Queued(ctx, provider.Queued{Tenant: "acme", User: "u77"}, 10)
				return err
			},
			"Tests":          func(p *sqlstore.Providers) error { _, err := p.Tests(ctx, "acme", "p0077"); return err },
			"Unsent":         func(p *sqlstore.Providers) error { _, err := p.Unsent(ctx, 10); return err },
			"Revocations":    func(p *sqlstore.Providers) error { _, err := p.Revocations(ctx, "acme", "u77", "p0077"); return err },
			"Unacknowledged": func(p *sqlstore.Providers) error { _, err := p.Unacknowledged(ctx, now.Add(time.Hour), 10); return err },
			"Events": func(p *sqlstore.Providers) error {
				_, err := p.Events(ctx, "acme", provider.EventQuery{Limit: 10})
				return err
			},
			"Events of a user": func(p *sqlstore.Providers) error {
				_, err := p.Events(ctx, "acme", provider.EventQuery{User: "u77", Limit: 10})
				return err
			},
			"Events, provider": func(p *sqlstore.Providers) error {
				_, err := p.Events(ctx, "acme", provider.EventQuery{Provider: "p0077", Limit: 10})
				return err
			},
			"Events by incident": func(p *sqlstore.Providers) error {
				_, err := p.Events(ctx, "acme", provider.EventQuery{Incident: "i77", Limit: 10})
				return err
			},
			"Events of a type": func(p *sqlstore.Providers) error {
				_, err := p.Events(ctx, "acme", provider.EventQuery{Types: []provider.EventType{provider.EventSaved}, Limit: 10})
				return err
			},
		} {
			t.Run(name, func(t *testing.T) {
				l := &listener{Tx: db}
				if err := call(s.WithTx(l).Providers()); err != nil {
					t.Fatal(err)
				}
				if len(l.queries) != 1 {
					t.Fatalf("%d queries: %q", len(l.queries), l.queries)
				}
				lines := explain(t, e, db, l.queries[0], l.args[0])
				for _, line := range lines {
					if strings.HasPrefix(line, "SCAN ") && !strings.Contains(line, "USING") && !strings.Contains(line, "json_each") || strings.Contains(line, "Seq Scan on sso_") {
						t.Errorf("%s:\n%s\n%s", line, l.queries[0], strings.Join(lines, "\n"))
					}
				}
			})
		}
	})
}

// seedProviders stores so many that no database finds it cheaper to read them all.
func seedProviders(t *testing.T, p *sqlstore.Providers) {
	t.Helper()
	metadata, err := saml.MetadataFromParts("https://idp.example.com", samltest.SSOURL, samltest.TestKeys().IdP.Certificate.Raw)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Transact(t.Context(), "acme", func(ctx context.Context, st provider.Store) error {
		for n := range 600 {
			v := provider.Provider{
				ID: provider.ID(fmt.Sprintf("p%04d", n)), Name: fmt.Sprint("Provider ", n), EntityID: fmt.Sprint("urn:", n), Enabled: true,
				Domains: []string{fmt.Sprintf("d%d.example", n)}, Active: &provider.Settings{Metadata: metadata},
			}
			if _, err := st.PutProvider(ctx, "acme", v); err != nil {
				return err
			}
			if err := st.PutToken(ctx, "acme", provider.Token{ID: fmt.Sprint("t", n), Provider: v.ID, Created: providertest.Began}); err != nil {
				return err
			}
			if err := st.PutTest(ctx, "acme", provider.Test{ID: "run", Provider: v.ID, Began: providertest.Began}); err != nil {
				return err
			}
			if err := st.Touch(ctx, "acme", v.ID, provider.Seen{Requested: providertest.Began}); err != nil {
				return err
			}
			if err := st.Enqueue(ctx, "acme", "stamp", fmt.Sprint("u", n), fmt.Sprint("v", n)); err != nil {
				return err
			}
			for k := range 3 {
				if err := st.PutFailure(ctx, "acme", provider.Failure{Provider: v.ID, Subject: fmt.Sprint(k), Since: providertest.Began}); err != nil {
					return err
				}
			}
			r := provider.Revocation{User: fmt.Sprint("u", n), At: providertest.Began, Next: providertest.Began, Until: providertest.Began, Acknowledged: n%50 != 0}
			if err := st.PutRevocation(ctx, "acme", r); err != nil {
				return err
			}
			for k := range 2 {
				kind := provider.EventSignedIn
				if k == 0 && n%20 == 0 {
					kind = provider.EventSaved
				}
				event := provider.Event{Type: kind, Time: providertest.Began, Provider: v.ID, User: fmt.Sprint("u", n), Incident: fmt.Sprintf("i%d", n*2+k)}
				for _, tenant := range []scim.TenantID{"acme", scim.TenantID(fmt.Sprint("tenant", n))} {
					if _, err := st.Record(ctx, tenant, n%50 != 0, event); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
