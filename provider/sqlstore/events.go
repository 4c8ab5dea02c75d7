package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// eventID is the ID of the row n: the order of the bytes is that of the numbers.
func eventID(n int64) string { return fmt.Sprintf("%016x", n) }

func eventNumber(id string) (int64, bool) {
	n, err := strconv.ParseInt(id, 16, 64)
	return n, err == nil && eventID(n) == id
}

// Record implements [provider.Store].
func (p *Providers) Record(ctx context.Context, tenant scim.TenantID, sent bool, events ...provider.Event) ([]provider.Event, error) {
	out := make([]provider.Event, len(events))
	err := p.write(ctx, func(tx Tx) error {
		for i, e := range events {
			e.Tenant, e.ID = tenant, ""
			document, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("sqlstore: an event: %w", err)
			}
			var n int64
			err = one(ctx, tx, fixed("INSERT INTO sso_events (tenant, at, type, provider, user_id, by_name, incident, sent, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING n",
				string(tenant), e.Time.UnixMilli(), string(e.Type), string(e.Provider), e.User, plainText(e.By), e.Incident, number(sent), string(document)), &n)
			if err != nil {
				return err
			}
			e.ID = eventID(n)
			out[i] = e
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// plainText returns a text that both databases can hold.
func plainText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// Events implements [provider.Store].
func (p *Providers) Events(ctx context.Context, tenant scim.TenantID, q provider.EventQuery) (provider.EventPage, error) {
	where := new(strings.Builder)
	args := []any{string(tenant)}
	where.WriteString("tenant = ?")
	and := func(text string, arg any) {
		where.WriteString(" AND " + text)
		args = append(args, arg)
	}
	if len(q.Types) == 1 { // by its index, in the order of the listing
		and("type = ?", string(q.Types[0]))
	} else if q.Types != nil {
		types := make([]string, len(q.Types))
		for i, t := range q.Types {
			types[i] = string(t)
		}
		and(p.s.dialect.among("type", "?"), jsonList(types))
	}
	for column, value := range map[string]string{"provider": string(q.Provider), "user_id": q.User, "by_name": q.By, "incident": q.Incident} {
		if value != "" {
			if !isText(value) {
				return provider.EventPage{}, nil
			}
			and(column+" = ? AND "+column+" <> ''", value)
		}
	}
	if !q.Since.IsZero() {
		and("at >= ?", millis(q.Since))
	}
	if !q.Before.IsZero() {
		and("at < ?", millis(q.Before))
	}
	if n, ok := eventNumber(q.After); ok {
		and("n < ?", n)
	}
	list, err := p.events(ctx, where.String()+" ORDER BY n DESC LIMIT ?", append(args, q.Limit+1)...)
	if err != nil {
		return provider.EventPage{}, err
	}
	page := provider.EventPage{Events: list}
	if len(list) > q.Limit {
		page.Events = list[:q.Limit]
		page.Next = list[q.Limit-1].ID
	}
	return page, nil
}

// events reads the events of a condition.
func (p *Providers) events(ctx context.Context, where string, args ...any) (out []provider.Event, err error) {
	err = each(ctx, p.s.at(), fixed("SELECT n, document FROM sso_events WHERE "+where, args...), func(scan func(...any) error) error {
		var n int64
		var document string
		if err := scan(&n, &document); err != nil {
			return err
		}
		var e provider.Event
		if err := json.Unmarshal([]byte(document), &e); err != nil {
			return fmt.Errorf("sqlstore: an event: %w", err)
		}
		e.ID = eventID(n)
		out = append(out, e)
		return nil
	})
	return out, p.s.told(ctx, err)
}

// Unsent implements [provider.Store].
func (p *Providers) Unsent(ctx context.Context, limit int) ([]provider.Event, error) {
	return p.events(ctx, "sent = 0 ORDER BY n LIMIT ?", limit)
}

// Sent implements [provider.Store].
func (p *Providers) Sent(ctx context.Context, ids ...string) error {
	numbers := make([]string, 0, len(ids))
	for _, id := range ids {
		if n, ok := eventNumber(id); ok {
			numbers = append(numbers, strconv.FormatInt(n, 10))
		}
	}
	return p.write(ctx, func(tx Tx) error {
		_, err := exec(ctx, tx, "UPDATE sso_events SET sent = 1 WHERE n IN (SELECT CAST(e.value AS bigint) FROM ("+p.s.dialect.texts("?")+") AS e)", jsonList(numbers))
		return err
	})
}

// Once implements [provider.Store].
func (p *Providers) Once(ctx context.Context, tenant scim.TenantID, key string, now, until time.Time) (first bool, err error) {
	err = p.write(ctx, func(tx Tx) error {
		n, err := exec(ctx, tx, "INSERT INTO sso_once AS o (tenant, key, until) VALUES (?, ?, ?)"+
			" ON CONFLICT (tenant, key) DO UPDATE SET until = excluded.until WHERE o.until <= ?", string(tenant), key, millis(until), now.UnixMilli())
		first = n == 1
		return err
	})
	return first && err == nil, err
}

// PutRevocation implements [provider.Store].
func (p *Providers) PutRevocation(ctx context.Context, tenant scim.TenantID, r provider.Revocation) error {
	document, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("sqlstore: a revocation: %w", err)
	}
	return p.write(ctx, func(tx Tx) error {
		_, err := exec(ctx, tx, "INSERT INTO sso_revocations (tenant, user_id, provider, acknowledged, next, until, document) VALUES (?, ?, ?, ?, ?, ?, ?)"+
			" ON CONFLICT (tenant, user_id, provider) DO UPDATE SET acknowledged = excluded.acknowledged, next = excluded.next, until = excluded.until, document = excluded.document",
			string(tenant), r.User, string(r.Provider), number(r.Acknowledged), millis(r.Next), millis(r.Until), string(document))
		return err
	})
}

// Revocations implements [provider.Store].
func (p *Providers) Revocations(ctx context.Context, tenant scim.TenantID, user string, id provider.ID) ([]provider.Revocation, error) {
	if !isText(user) {
		return nil, nil
	}
	list, err := documents[provider.Revocation](ctx, p.s.at(), fixed("SELECT document FROM sso_revocations WHERE tenant = ? AND user_id = ? AND user_id <> ''"+
		" UNION ALL SELECT document FROM sso_revocations WHERE tenant = ? AND user_id = '' AND provider = ? AND provider <> ''",
		string(tenant), user, string(tenant), string(id)))
	return list, p.s.told(ctx, err)
}

// Unacknowledged implements [provider.Store].
func (p *Providers) Unacknowledged(ctx context.Context, now time.Time, limit int) (out []provider.TenantRevocation, err error) {
	st := fixed("SELECT tenant, document FROM sso_revocations WHERE acknowledged = 0 AND next <= ? ORDER BY next, tenant, user_id, provider LIMIT ?", now.UnixMilli(), limit)
	err = each(ctx, p.s.at(), st, func(scan func(...any) error) error {
		var tenant, document string
		if err := scan(&tenant, &document); err != nil {
			return err
		}
		r := provider.TenantRevocation{Tenant: scim.TenantID(tenant)}
		if err := json.Unmarshal([]byte(document), &r.Revocation); err != nil {
			return fmt.Errorf("sqlstore: a revocation: %w", err)
		}
		out = append(out, r)
		return nil
	})
	return out, p.s.told(ctx, err)
}

// Prune implements [provider.Store]. It forgets what [Store.Replays] does not need any more, too.
func (p *Providers) Prune(ctx context.Context, now, events time.Time, limit int) (more bool, err error) {
	ms := now.UnixMilli()
	for _, part := range []struct {
		table, key, where string
		arg               int64
	}{
		{"sso_events", "n", "sent = 1 AND at < ?", events.UnixMilli()},
		{"sso_once", "(tenant, key)", "until <= ?", ms},
		{"sso_revocations", "(tenant, user_id, provider)", "acknowledged = 1 AND until <= ?", ms},
		{"sso_replays", "key", "until <= ?", ms},
	} {
		var n int64
		err := p.write(ctx, func(tx Tx) (err error) {
			keys := strings.Trim(part.key, "()")
			n, err = exec(ctx, tx, "DELETE FROM "+part.table+" WHERE "+part.key+" IN (SELECT "+keys+" FROM "+part.table+" WHERE "+part.where+" LIMIT ?)", part.arg, limit)
			return err
		})
		if err != nil {
			return false, err
		}
		if limit -= int(n); limit <= 0 {
			return true, nil
		}
	}
	return false, nil
}
