package sqlstore

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/seed-30109bde/gatehouse/scim"
)

// besideBatch is how many accounts are read at a time.
const besideBatch = 500

// A besideRow is what is beside an account: nothing, if n is 0.
type besideRow struct {
	id                string
	n                 int64
	version, document string
}

// A besideUser is a user and the row it is made of.
type besideUser struct {
	scim.User
	n     int64
	known bool // there is an account
}

// besideRows reads rows.
func besideRows(ctx context.Context, tx Tx, st *statement) (out []besideRow, err error) {
	err = each(ctx, tx, st, func(scan func(...any) error) error {
		var r besideRow
		err := scan(&r.id, &r.n, &r.version, &r.document)
		out = append(out, r)
		return err
	})
	return out, err
}

// read reads users by their IDs, of which each is given once. Those that are not there are left out.
func (b *Beside) read(ctx context.Context, tx Tx, tenant scim.TenantID, ids []string, lock bool) (out []besideUser, err error) {
	ids = textsOf(ids)
	for batch := range slices.Chunk(ids, besideBatch) {
		st := fixed("SELECT r.id, r.n, r.version, r.document FROM scim_beside AS r WHERE r.tenant = ? AND ", string(tenant))
		if len(batch) == 1 {
			st.put("r.id = ?", batch[0])
		} else {
			st.put(b.store.dialect.among("r.id", "?"), jsonList(batch))
		}
		if lock {
			st.put(b.store.dialect.lock)
		}
		found, err := besideRows(ctx, tx, st)
		if err != nil {
			return nil, err
		}
		beside := make(map[string]besideRow, len(found))
		for _, r := range found {
			beside[r.id] = r
		}
		rows := make([]besideRow, len(batch))
		for i, id := range batch {
			rows[i] = beside[id]
			rows[i].id = id
		}
		users, err := b.whole(ctx, tx, tenant, rows, lock)
		if err != nil {
			return nil, err
		}
		out = append(out, users...)
	}
	return out, nil
}

// whole makes users of what is beside their accounts and of the accounts, in the order of rows.
func (b *Beside) whole(ctx context.Context, tx Tx, tenant scim.TenantID, rows []besideRow, lock bool) ([]besideUser, error) {
	users := make([]besideUser, len(rows))
	at := make(map[string]*besideUser, len(rows))
	ids := make([]string, len(rows))
	decode := b.codec().decode
	for i, r := range rows {
		u := &users[i]
		if r.n != 0 {
			var err error
			if u.User, err = decode([]byte(r.document), r.version); err != nil {
				return nil, err
			}
		}
		u.ID, u.n = r.id, r.n
		ids[i], at[r.id] = r.id, u
	}
	for batch := range slices.Chunk(ids, besideBatch) {
		err := b.accounts.Get(ctx, tx, tenant, batch, lock, func(id string) *scim.User {
			u := at[id]
			if u == nil { // it was not asked for
				return new(scim.User)
			}
			u.known = true
			return &u.User
		})
		if err != nil {
			return nil, err
		}
	}
	users = slices.DeleteFunc(users, func(u besideUser) bool { return !u.known })
	for i := range users {
		users[i].Version = b.version(users[i].Version, &users[i].User)
	}
	return users, nil
}

// textsOf returns those of ids that a database can hold: nobody has the others.
func textsOf(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !isText(id) })
}

// one reads a user, or returns scim.ErrNotFound.
func (b *Beside) one(ctx context.Context, tx Tx, tenant scim.TenantID, id string, lock bool) (besideUser, error) {
	if lock && b.store.dialect.lock != "" && isText(id) {
		// The account is locked first, as the host would. What is beside it is read when nobody
		// writes it any more.
		err := b.accounts.Get(ctx, tx, tenant, []string{id}, true, func(string) *scim.User { return new(scim.User) })
		if err != nil {
			return besideUser{}, err
		}
	}
	users, err := b.read(ctx, tx, tenant, []string{id}, lock)
	if err == nil && len(users) == 0 {
		err = scim.ErrNotFound
	}
	if err != nil {
		return besideUser{}, err
	}
	return users[0], nil
}

// User implements [scim.UserStore].
func (b *Beside) User(ctx context.Context, tenant scim.TenantID, id string) (scim.User, error) {
	var u besideUser
	err := b.snapshot(ctx, func(tx Tx) (err error) {
		u, err = b.one(ctx, tx, tenant, id, false)
		return err
	})
	return u.User, b.store.told(ctx, err)
}

// snapshot runs f, which reads, where all statements see the same: what is beside an account and the
// account are to be of one moment.
func (b *Beside) snapshot(ctx context.Context, f func(Tx) error) error {
	if tx := b.store.tx; tx != nil {
		return f(tx)
	}
	for try := 1; ; try++ {
		err := b.snapshotOnce(ctx, f)
		if err == nil || !unsent(err) || try == maxTries || ctx.Err() != nil {
			return err
		}
	}
}

func (b *Beside) snapshotOnce(ctx context.Context, f func(Tx) error) error {
	conn, err := b.store.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	begin := "BEGIN"
	if b.store.dialect == postgres {
		begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	defer func() {
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err != nil {
			conn.Raw(func(any) error { return driver.ErrBadConn }) // not to be used again
		}
	}()
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		return err
	}
	return f(conn)
}
