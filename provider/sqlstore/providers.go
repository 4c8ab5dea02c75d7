package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Providers keeps the identity providers of tenants, and what a [provider.Service] has to remember, in the
// database of a [Store]. It implements [provider.Store].
type Providers struct{ s *Store }

var _ provider.Store = (*Providers)(nil)

// Providers returns the store of identity providers. Its transactions and those of users join: see
// [Providers.Within].
func (s *Store) Providers() *Providers { return &Providers{s} }

// Transact implements [provider.Store]. What is said of [Store.Transact] holds here.
func (p *Providers) Transact(ctx context.Context, _ scim.TenantID, f func(context.Context, provider.Store) error) error {
	return p.s.told(ctx, p.s.write(ctx, true, func(tx Tx) error {
		return f(ctx, &Providers{p.s.WithTx(tx)})
	}))
}

// Within implements [provider.Store]: stores of the same database have transactions that it can be a
// part of.
func (p *Providers) Within(stores scim.Stores) (provider.Store, bool) {
	users, ok := stores.Users.(interface {
		within() Tx
		in() *database
	})
	if !ok || users.within() == nil || users.in() != p.s.database {
		return nil, false
	}
	return &Providers{p.s.WithTx(users.within())}, true
}

func (s *Store) in() *database { return s.database }

// in returns the database.
func (b *Beside) in() *database { return b.store.database }

// write runs statements that are committed together.
func (p *Providers) write(ctx context.Context, f func(Tx) error) error {
	return p.s.told(ctx, p.s.write(ctx, true, f))
}

// digest stands for a text that is too long for an index.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d %s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Connection implements [provider.Store].
func (p *Providers) Connection(ctx context.Context, id provider.ID) (scim.TenantID, provider.Provider, error) {
	c, err := p.one(ctx, "id = ?", string(id))
	return c.Tenant, c.Provider, err
}

// Provider implements [provider.Store].
func (p *Providers) Provider(ctx context.Context, tenant scim.TenantID, id provider.ID) (provider.Provider, error) {
	c, err := p.one(ctx, "id = ? AND tenant = ?", string(id), string(tenant))
	return c.Provider, err
}

// Realm implements [provider.Store].
func (p *Providers) Realm(ctx context.Context, tenant scim.TenantID, domain string) (provider.Provider, error) {
	c, err := p.one(ctx, "id = (SELECT provider FROM sso_domains WHERE tenant = ? AND domain IN (?, '') ORDER BY domain DESC LIMIT 1)", string(tenant), domain)
	return c.Provider, err
}

// Walk implements [provider.Store].
func (p *Providers) Walk(ctx context.Context, after provider.ID, limit int) ([]provider.Connection, error) {
	return p.list(ctx, "id > ? ORDER BY id LIMIT ?", string(after), limit)
}

// one reads the provider of a condition.
func (p *Providers) one(ctx context.Context, where string, args ...any) (provider.Connection, error) {
	for _, arg := range args {
		if text, ok := arg.(string); ok && !isText(text) {
			return provider.Connection{}, provider.ErrNotFound // nobody has these
		}
	}
	list, err := p.list(ctx, where, args...)
	if err == nil && len(list) == 0 {
		err = provider.ErrNotFound
	}
	if err != nil {
		return provider.Connection{}, err
	}
	return list[0], nil
}

// list reads the providers of a condition.
func (p *Providers) list(ctx context.Context, where string, args ...any) (out []provider.Connection, err error) {
	err = each(ctx, p.s.at(), fixed("SELECT tenant, version, document FROM sso_providers WHERE "+where, args...), func(scan func(...any) error) error {
		var tenant, version, document string
		if err := scan(&tenant, &version, &document); err != nil {
			return err
		}
		c := provider.Connection{Tenant: scim.TenantID(tenant)}
		if err := json.Unmarshal([]byte(document), &c.Provider); err != nil {
			return fmt.Errorf("sqlstore: a provider: %w", err)
		}
		c.Provider.Version = version
		out = append(out, c)
		return nil
	})
	return out, p.s.told(ctx, err)
}

// Providers implements [provider.Store].
func (p *Providers) Providers(ctx context.Context, tenant scim.TenantID, q provider.Query) (provider.Page, error) {
	st := new(strings.Builder)
	args := []any{string(tenant)}
	and := func(text string, more ...any) {
		st.WriteString(" AND " + text)
		args = append(args, more...)
	}
	st.WriteString("tenant = ?")
	if q.Search != "" {
		if !isText(q.Search) {
			return provider.Page{}, nil
		}
		and("search LIKE ? ESCAPE '!'", "%"+likeEscaper.Replace(filter.Fold(q.Search))+"%")
	}
	if q.State != "" {
		and("state = ?", string(q.State))
	}
	if q.SCIM != nil {
		and("scim = ?", number(*q.SCIM))
	}
	now, soon := q.Now.UnixMilli(), q.Now.Add(provider.ExpirySoon).UnixMilli()
	switch q.Certificate {
	case provider.CertificateNone:
		and("certificate_end IS NULL")
	case provider.CertificateExpired:
		and("certificate_end <= ?", now)
	case provider.CertificateExpiring:
		and("certificate_end > ? AND certificate_end < ?", now, soon)
	case provider.CertificateGood:
		and("certificate_end >= ?", soon)
	}
	if name, id, ok := strings.Cut(q.After, "\x00"); ok && isText(name) && isText(id) {
		and("(name > ? OR name = ? AND id > ?)", name, name, id)
	}
	list, err := p.list(ctx, st.String()+" ORDER BY name, id LIMIT ?", append(args, q.Limit+1)...)
	if err != nil {
		return provider.Page{}, err
	}
	var page provider.Page
	if len(list) > q.Limit {
		list = list[:q.Limit]
		last := list[q.Limit-1].Provider
		page.Next = filter.Fold(last.Name) + "\x00" + string(last.ID)
	}
	for _, c := range list {
		page.Providers = append(page.Providers, c.Provider)
	}
	return page, nil
}

// likeEscaper makes a text one that LIKE takes as it is.
var likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// PutProvider implements [provider.Store].
func (p *Providers) PutProvider(ctx context.Context, tenant scim.TenantID, v provider.Provider) (provider.Provider, error) {
	version := newVersion()
	err := p.write(ctx, func(tx Tx) error {
		in := &Providers{p.s.WithTx(tx)}
		if err := in.taken(ctx, tenant, &v); err != nil {
			return err
		}
		return in.put(ctx, tx, tenant, &v, version)
	})
	if isUnique(err) { // another one was quicker
		if err = p.taken(ctx, tenant, &v); err == nil {
			err = provider.ErrStale
		}
	}
	if err != nil {
		return provider.Provider{}, err
	}
	return p.Provider(ctx, tenant, v.ID)
}

// isUnique reports whether a unique index has refused a statement.
func isUnique(err error) bool {
	code, ok := sqliteCode(err)
	return sqlState(err) == uniqueViolation || ok && code == 19
}

// put writes a provider, and its domains if it is enabled.
func (p *Providers) put(ctx context.Context, tx Tx, tenant scim.TenantID, v *provider.Provider, version string) error {
	stored := *v
	stored.Version = ""
	document, err := json.Marshal(stored)
	if err != nil {
		return fmt.Errorf("sqlstore: a provider: %w", err)
	}
	var issuer, end any
	if key := issuerKey(v); key != "" {
		issuer = key
	}
	if t, ok := v.CertificateEnd(); ok {
		end = t.UnixMilli()
	}
	columns := []any{version, filter.Fold(v.Name), digest(v.EntityID), issuer, string(v.State()), number(v.SCIM), end, v.SearchText(), string(document)}
	var n int64
	if v.Version == "" {
		n, err = exec(ctx, tx, "INSERT INTO sso_providers (version, name, entity_key, issuer_key, state, scim, certificate_end, search, document, id, tenant)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", append(columns, string(v.ID), string(tenant))...)
	} else {
		n, err = exec(ctx, tx, "UPDATE sso_providers SET version = ?, name = ?, entity_key = ?, issuer_key = ?, state = ?, scim = ?, certificate_end = ?, search = ?, document = ?"+
			" WHERE id = ? AND tenant = ? AND version = ?", append(columns, string(v.ID), string(tenant), v.Version)...)
	}
	switch {
	case err != nil:
		return err
	case n == 0:
		if _, err := p.Provider(ctx, tenant, v.ID); err != nil {
			return err
		}
		return provider.ErrStale
	}
	if _, err := exec(ctx, tx, "DELETE FROM sso_domains WHERE provider = ?", string(v.ID)); err != nil || !v.Enabled {
		return err
	}
	_, err = exec(ctx, tx, "INSERT INTO sso_domains (tenant, domain, provider) SELECT CAST(? AS text), e.value, CAST(? AS text) FROM ("+p.s.dialect.texts("?")+") AS e",
		string(tenant), string(v.ID), jsonList(realms(v)))
	return err
}

// realms returns the domains that lead to a provider.
func realms(v *provider.Provider) []string {
	if len(v.Domains) == 0 {
		return []string{""}
	}
	return v.Domains
}

// issuerKey returns what is unique of a provider with a reply URL of its own, "" = nothing.
func issuerKey(v *provider.Provider) string {
	if v.ReplyURL == "" || v.Active == nil || v.Active.Metadata == nil {
		return ""
	}
	return digest(v.Active.Metadata.EntityID(), v.ReplyURL)
}

// taken returns what of a provider another one has, if any.
func (p *Providers) taken(ctx context.Context, tenant scim.TenantID, v *provider.Provider) error {
	if v.Version == "" {
		switch _, _, err := p.Connection(ctx, v.ID); {
		case err == nil:
			return provider.ErrStale
		case !errors.Is(err, provider.ErrNotFound):
			return err
		}
	}
	type rule struct {
		field provider.TakenField
		value string
		from  string
		args  []any
	}
	rules := []rule{{provider.TakenEntityID, v.EntityID, "SELECT id, tenant, '' FROM sso_providers WHERE entity_key = ? AND id <> ?", []any{digest(v.EntityID), string(v.ID)}}}
	if key := issuerKey(v); key != "" {
		rules = append(rules, rule{provider.TakenIssuer, v.Active.Metadata.EntityID(), "SELECT id, tenant, '' FROM sso_providers WHERE issuer_key = ? AND id <> ?", []any{key, string(v.ID)}})
	}
	if v.Name != "" {
		rules = append(rules, rule{provider.TakenName, v.Name, "SELECT id, tenant, '' FROM sso_providers WHERE tenant = ? AND name = ? AND name <> '' AND id <> ?", []any{string(tenant), filter.Fold(v.Name), string(v.ID)}})
	}
	if v.Enabled {
		rules = append(rules, rule{provider.TakenDomain, "", "SELECT provider, tenant, domain FROM sso_domains WHERE tenant = ? AND provider <> ? AND " +
			p.s.dialect.among("domain", "?") + " ORDER BY domain LIMIT 1", []any{string(tenant), string(v.ID), jsonList(realms(v))}})
	}
	for _, r := range rules {
		var id, owner, domain string
		err := one(ctx, p.s.at(), fixed(r.from, r.args...), &id, &owner, &domain)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return p.s.told(ctx, err)
		}
		t := &provider.Taken{Field: r.field, By: provider.ID(id), Value: r.value}
		if owner != string(tenant) {
			t.By = ""
		}
		if r.field == provider.TakenDomain {
			if t.Value = domain; domain == "" {
				t.Field = provider.TakenDefault
			}
		}
		return t
	}
	return nil
}

// DeleteProvider implements [provider.Store].
func (p *Providers) DeleteProvider(ctx context.Context, tenant scim.TenantID, id provider.ID, version string) error {
	return p.write(ctx, func(tx Tx) error {
		n, err := exec(ctx, tx, "DELETE FROM sso_providers WHERE id = ? AND tenant = ? AND version = ?", string(id), string(tenant), version)
		if err != nil || n == 1 {
			return err
		}
		if _, err := (&Providers{p.s.WithTx(tx)}).Provider(ctx, tenant, id); err != nil {
			return err
		}
		return provider.ErrStale
	})
}

// PutTest implements [provider.Store].
func (p *Providers) PutTest(ctx context.Context, tenant scim.TenantID, t provider.Test) error {
	document, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("sqlstore: a test: %w", err)
	}
	return p.write(ctx, func(tx Tx) error {
		n, err := exec(ctx, tx, "INSERT INTO sso_tests (provider, id, began, document) SELECT id, CAST(? AS text), CAST(? AS bigint), CAST(? AS text)"+
			" FROM sso_providers WHERE id = ? AND tenant = ? ON CONFLICT (provider, id) DO UPDATE SET began = excluded.began, document = excluded.document",
			t.ID, t.Began.UnixMilli(), string(document), string(t.Provider), string(tenant))
		if err != nil {
			return err
		}
		if n == 0 {
			return provider.ErrNotFound
		}
		_, err = exec(ctx, tx, "DELETE FROM sso_tests WHERE provider = ? AND id IN (SELECT id FROM sso_tests WHERE provider = ? ORDER BY began DESC, id DESC LIMIT 1000 OFFSET ?)",
			string(t.Provider), string(t.Provider), provider.KeptTests)
		return err
	})
}

// Test implements [provider.Store].
func (p *Providers) Test(ctx context.Context, tenant scim.TenantID, id provider.ID, run string) (provider.Test, error) {
	if !isText(run) || !isText(string(id)) {
		return provider.Test{}, provider.ErrNotFound
	}
	list, err := p.tests(ctx, tenant, id, "t.id = ?", run)
	if err == nil && len(list) == 0 {
		err = provider.ErrNotFound
	}
	if err != nil {
		return provider.Test{}, err
	}
	return list[0], nil
}

// Tests implements [provider.Store].
func (p *Providers) Tests(ctx context.Context, tenant scim.TenantID, id provider.ID) ([]provider.Test, error) {
	return p.tests(ctx, tenant, id, "TRUE ORDER BY t.began DESC, t.id DESC LIMIT ?", provider.KeptTests)
}

// tests reads tests of a provider.
func (p *Providers) tests(ctx context.Context, tenant scim.TenantID, id provider.ID, where string, args ...any) ([]provider.Test, error) {
	args = append([]any{string(tenant), string(id)}, args...)
	list, err := documents[provider.Test](ctx, p.s.at(), fixed("SELECT t.document FROM sso_providers AS p JOIN sso_tests AS t ON t.provider = p.id WHERE p.tenant = ? AND p.id = ? AND "+where, args...))
	return list, p.s.told(ctx, err)
}

// documents reads one column of documents.
func documents[T any](ctx context.Context, tx Tx, st *statement) (out []T, err error) {
	err = each(ctx, tx, st, func(scan func(...any) error) error {
		var document string
		if err := scan(&document); err != nil {
			return err
		}
		var v T
		if err := json.Unmarshal([]byte(document), &v); err != nil {
			return fmt.Errorf("sqlstore: a document: %w", err)
		}
		out = append(out, v)
		return nil
	})
	return out, err
}

// millis is a time as it is stored, rounded up: nothing is over before its time.
func millis(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }
