package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
)

// Replays is a [saml.ReplayCache] in the database of a [Store], for a host of more than one process, or
// one that starts again. [Providers.Prune] forgets what is over.
type Replays struct {
	s   *Store
	now func() time.Time
}

var _ saml.ReplayCache = (*Replays)(nil)

// Replays returns the replay cache. now is the clock; nil = time.Now.
func (s *Store) Replays(now func() time.Time) *Replays {
	if now == nil {
		now = time.Now
	}
	return &Replays{s, now}
}

// Use implements [saml.ReplayCache]. Times are kept in milliseconds, rounded up.
func (r *Replays) Use(ctx context.Context, key string, until time.Time) error {
	now := r.now()
	if !now.Before(until) {
		return fmt.Errorf("sqlstore: a key is to be remembered until %s, which is over", until.UTC().Format(time.RFC3339))
	}
	var n int64
	err := r.s.write(ctx, false, func(tx Tx) (err error) {
		n, err = exec(ctx, tx, "INSERT INTO sso_replays AS r (key, until) VALUES (?, ?)"+
			" ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE r.until <= ?", key, millis(until), now.UnixMilli())
		return err
	})
	if err != nil {
		return r.s.told(ctx, err)
	}
	if n == 0 {
		return saml.ErrReplayed
	}
	return nil
}
