package scim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
)

// A Scope says whom a query sees. Every store applies it; the zero Scope sees nobody.
type Scope struct {
	All       bool   // everyone: the host's own code
	Manager   string // the resources managed by this identity provider …
	AndNative bool   // … and the native ones. Set for look-ups of one user only.
}

// Sees reports whether a resource managed by manager is within the scope.
func (s Scope) Sees(manager string) bool {
	switch {
	case s.All:
		return true
	case manager == "":
		return s.AndNative
	}
	return manager == s.Manager
}

// A Query asks a store for a page of resources. More fields may come; a store ignores none.
type Query struct {
	Filter *filter.Bound // nil: all
	Scope  Scope
	// IDs, unless nil, restricts the query to resources with one of these IDs; an empty list is
	// that of no resource. Scope and Filter apply too.
	IDs []string
	// Sort is the order of the answer.
	Sort Order
	// After continues a listing behind a page whose Page.Next it is, and Before ends in front of
	// one whose Page.Previous it is: then the page is of the resources right before it. That page
	// was of the same tenant, scope, filter, IDs and order; its limit may have been another. At
	// most one of After, Before and Offset is set.
	After, Before string
	// Offset is how many matching resources to skip, in the order of the listing. Past the last
	// one the page is empty, and its Total right.
	Offset int
	// Limit is how many to return at most; 0 returns none, which asks for the total alone.
	Limit int
	// Total asks for the number of all resources that match; without it Page.Total is -1.
	Total bool
	// Omit lists attributes the caller will not read. It is a hint.
	Omit []filter.Ref
}

// A Page is the answer to a query.
type Page[T any] struct {
	Items []T
	Total int // of all that match, or -1 if nobody asked for it
	// Next continues the listing, and Previous goes back: as Query.After and Query.Before, and
	// Next as the after of Members. "" means that the listing ends there. They stay good when
	// resources come, go and change. A page without items names neither.
	Next, Previous string
}

// A UserStore keeps the users of many tenants.
//
// Methods may be called concurrently and honour the cancellation of ctx. A write that has returned
// is seen by every read that starts afterwards. No method keeps or changes a value it was given,
// and the caller may change what it got. Tenants, managers and IDs compare byte for byte. Errors
// are [ErrNotFound], [ErrStale], [*ConflictError], [*UnavailableError]; with any other the request
// fails and only the log says why.
//
// TestUserStore of package scimtest checks all of this; [MemoryStore] passes.
type UserStore interface {
	// CreateUser stores a new user under u.ID, or under an ID of its own where it prefers, and
	// returns it as stored, with its version. If the user name is taken in the tenant, by a user
	// of whatever manager, it returns a *ConflictError for userName; it never replaces a user.
	CreateUser(ctx context.Context, tenant TenantID, u User) (User, error)

	// User returns the user with the given ID, whoever manages it, or ErrNotFound.
	User(ctx context.Context, tenant TenantID, id string) (User, error)

	// Users returns the users that match q and are within its scope, in one order: that of
	// Query.Sort, and where it does not decide, of the bytes of their IDs, or of the store's own
	// keys.
	Users(ctx context.Context, tenant TenantID, q Query) (Page[User], error)

	// UpdateUser replaces the user u.ID by u, provided that its stored version still is
	// u.Version ("" does not compare), and returns it as stored. Otherwise it returns ErrStale,
	// or ErrNotFound, or a *ConflictError as CreateUser does, and changes nothing.
	UpdateUser(ctx context.Context, tenant TenantID, u User) (User, error)

	// DeleteUser removes a user, provided that its stored version is the one given ("" does not
	// compare). Removing a user that is not there is ErrNotFound: directories retry, and
	// RFC 7644 §3.6 asks for the 404. The user name is free again.
	DeleteUser(ctx context.Context, tenant TenantID, id, version string) error
}

// A MemberChange changes the members of a group. Adding a member that is there and removing one
// that is not are no errors. No ID is in both lists.
type MemberChange struct {
	Replace     bool // the members become exactly Add
	Add, Remove []string
}

// IsZero reports whether the change changes nothing.
func (m MemberChange) IsZero() bool { return !m.Replace && len(m.Add) == 0 && len(m.Remove) == 0 }

// A GroupStore keeps the groups of many tenants, and who is in them. What [UserStore] says of
// concurrency, values and errors holds here too. TestGroupStore of package scimtest checks it.
//
// The attributes and the members of one call commit together. A call that changes neither keeps
// the version and LastModified. The IDs of members are opaque: they need not be those of users the
// store knows. Query.Filter may ask for members.value.
type GroupStore interface {
	// CreateGroup stores a new group with the members of m. If the manager has another group of
	// that display name it returns a *ConflictError for displayName.
	CreateGroup(ctx context.Context, tenant TenantID, g Group, m MemberChange) (Group, error)

	// Group returns the group with the given ID, whoever manages it, or ErrNotFound.
	Group(ctx context.Context, tenant TenantID, id string) (Group, error)

	// Groups returns the groups that match q and are within its scope, ordered as by Users.
	Groups(ctx context.Context, tenant TenantID, q Query) (Page[Group], error)

	// UpdateGroup replaces the attributes of the group g.ID and changes its members, provided
	// that its stored version still is g.Version ("" does not compare). Otherwise it returns
	// ErrStale, or ErrNotFound, or a *ConflictError as CreateGroup does, and changes nothing.
	UpdateGroup(ctx context.Context, tenant TenantID, g Group, m MemberChange) (Group, error)

	// DeleteGroup removes a group and its memberships; otherwise it is like DeleteUser.
	DeleteGroup(ctx context.Context, tenant TenantID, id, version string) error

	// Members returns up to limit members of a group in the order of the bytes of their IDs, after
	// the one that Page.Next of the page before names ("" begins). It returns ErrNotFound for a
	// group that is not there. Page.Total is -1.
	Members(ctx context.Context, tenant TenantID, group, after string, limit int) (Page[Member], error)

	// GroupsOf returns, for each of the given users that is in any, the groups within the scope
	// it is in, in the order of Groups, with their display names.
	GroupsOf(ctx context.Context, tenant TenantID, scope Scope, users []string) (map[string][]Member, error)

	// Forget takes a user out of every group, and gives those it was in a new version. It follows
	// DeleteUser. Forgetting somebody who is in no group is no error.
	Forget(ctx context.Context, tenant TenantID, user string) error
}

// Stores are the host's stores. What the endpoint serves follows from which are set.
type Stores struct {
	Users  UserStore
	Groups GroupStore // optional: without it groups are not provisioned
	// Transact runs f with stores whose writes commit together when f returns nil, and not at
	// all otherwise, also when f panics. It may run f again, as after a deadlock, and returns the
	// error of f or wraps it. Optional.
	Transact func(ctx context.Context, tenant TenantID, f func(context.Context, Stores) error) error
}

// Errors of stores. A store may wrap them.
var (
	// ErrNotFound: there is no such resource in the tenant.
	ErrNotFound = errors.New("scim: not found")
	// ErrStale: the resource has another version than the one given.
	ErrStale = errors.New("scim: the resource was changed meanwhile")
)

// A ConflictError is returned for a write that would break the uniqueness of an attribute.
type ConflictError struct{ Attribute string }

// Error names the attribute.
func (e *ConflictError) Error() string { return fmt.Sprintf("scim: %s is taken", e.Attribute) }

// An UnavailableError is returned by a store that cannot answer now. The client is told 503 and
// when to come again; Cause goes to the log.
type UnavailableError struct {
	RetryAfter time.Duration
	Cause      error
}

// Error says that the store is unavailable, and why.
func (e *UnavailableError) Error() string {
	return fmt.Sprintf("scim: store unavailable: %v", e.Cause)
}

// Unwrap returns Cause.
func (e *UnavailableError) Unwrap() error { return e.Cause }
