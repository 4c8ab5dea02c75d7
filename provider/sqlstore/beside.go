package sqlstore

import (
	"context"
	"errors"

	"github.com/seed-30109bde/gatehouse/scim"
)

// Accounts are the users of a host as its own table has them. The methods run statements in tx: that
// of a write when it is one, which commits with everything else the write does, and for a read one
// in which all statements see the same. They close rows before they run the next statement. Every
// statement is about one tenant.
//
// An account has a login and a state, and what [AccountTable.Held] lists. Nothing else of a user is
// the concern of these methods.
type Accounts interface {
	// Find returns the ID of the account with a login, or scim.ErrNotFound. Two logins are the
	// same if [filter.Fold] makes the same of them. It is called only if AccountTable.Columns has
	// no userName.
	Find(ctx context.Context, tx Tx, tenant scim.TenantID, login string) (id string, err error)

	// Get calls fill for each account of ids that exists, in any order, and sets in what fill
	// returns the attributes that are held, all of them, also those without a value. It may set
	// SSO, Administrator and Adopted too; where it does not, they are as the store was told. An ID
	// may be any text, since clients send it; one that is not spelled as Create returned it is
	// that of no account. There are 500 at most. lock says that the rows will be changed: in
	// PostgreSQL they are to be read FOR UPDATE.
	Get(ctx context.Context, tx Tx, tenant scim.TenantID, ids []string, lock bool, fill func(id string) *scim.User) error

	// Create makes an account of what is held of u, its state included, and returns its ID, which
	// no account ever had: at most 64 bytes, and u.ID where the host has no preference. If the
	// login is taken it returns a *scim.ConflictError for userName, or the error of a unique
	// index.
	Create(ctx context.Context, tx Tx, tenant scim.TenantID, u scim.User) (id string, err error)

	// Update changes what is held of the account u.ID, but not its state, and is not called if
	// all of that stays. If the login is taken it returns the same errors as Create.
	Update(ctx context.Context, tx Tx, tenant scim.TenantID, u scim.User) error

	// SetState changes the state of an account. The next calls of Find and Get do not know an
	// account that was deleted, and its login is free; the host may keep the row.
	SetState(ctx context.Context, tx Tx, tenant scim.TenantID, id string, state AccountState) error
}

// An AccountState says whether the owner of an account may sign in.
type AccountState uint8

// The states of an account. Who is active and who is not is [scim.User].Active.
const (
	AccountActive AccountState = iota + 1
	AccountInactive
	AccountDeleted
)

// Beside keeps users whose accounts are in a table of the host: what the host does not hold, such as
// external IDs, e-mail addresses and extensions, is in a table beside it, in the same database and
// the same transactions. It implements [scim.UserStore]. An account that nothing is beside is a
// native user, and one that the host deletes itself is no user from then on.
//
// The version of a user changes with what is held, whoever changes it. Users are in the order of the
// bytes of their IDs. A filter about what the host holds without a column, and an order by it, look
// at one user after the other, and at no more than [AccountTable.ScanLimit].
//
// One database has one Beside. Its groups are those of the [Store].
type Beside struct {
	store    *Store
	accounts Accounts
	*besideTables
}

var _ scim.UserStore = (*Beside)(nil)

// NewBeside returns the store of the users beside accounts, in the database of s. It fails if table
// is not one it can work with, or the database does not understand it.
func NewBeside(ctx context.Context, s *Store, accounts Accounts, table AccountTable) (*Beside, error) {
	if s == nil || accounts == nil {
		return nil, errors.New("sqlstore: NewBeside needs a Store and Accounts")
	}
	tables, err := newBesideTables(s, table)
	if err != nil {
		return nil, err
	}
	b := &Beside{s, accounts, tables}
	if err := b.try(ctx); err != nil {
		return nil, s.told(ctx, err)
	}
	if err := refoldKind(ctx, s, b.codec()); err != nil {
		return nil, s.told(ctx, err)
	}
	return b, nil
}

// Stores returns the stores for scim.New, with their transactions.
func (b *Beside) Stores() scim.Stores {
	return scim.Stores{Users: b, Groups: b.store, Transact: b.Transact}
}

// Transact is like [Store.Transact].
func (b *Beside) Transact(ctx context.Context, tenant scim.TenantID, f func(context.Context, scim.Stores) error) error {
	return b.store.Transact(ctx, tenant, func(ctx context.Context, s scim.Stores) error {
		tx, _ := In(s)
		return f(ctx, b.WithTx(tx).Stores())
	})
}

// WithTx is like [Store.WithTx].
func (b *Beside) WithTx(tx Tx) *Beside {
	return &Beside{b.store.WithTx(tx), b.accounts, b.besideTables}
}

func (b *Beside) within() Tx { return b.store.tx }
