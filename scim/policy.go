package scim

import (
	"context"
	"net/http"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
)

// A Policy holds the rules that go beyond the protocol. Every field is optional; the zero Policy
// makes a plain SCIM server, in which native users are invisible and the NinjaOne extension is
// checked for spelling alone. The functions may be called concurrently. Unless it says otherwise, an
// error that is no [*Refusal] is told to the client as a failure of the server, without its text.
type Policy struct {
	// NinjaOne returns the rules for the NinjaOne extension in requests of this principal.
	NinjaOne func(context.Context, Principal) (extension.Rules, error)

	// Adopt says whether the principal may find a native user by a look-up, and take it over by
	// writing to it: nil if so, ErrNotFound if the user does not exist for it, a *Refusal if it
	// may be found but a write is refused. A nil func is ErrNotFound.
	Adopt func(context.Context, Principal, User) error

	// Check is called before a change reaches the store, inside Stores.Transact where there is
	// one. It may correct Change.Members and what Change.After or Change.GroupAfter points to, set
	// Change.Keep, or veto with a *Refusal. Members that it adds are not looked up.
	Check func(context.Context, Stores, *Change) error

	// Stored is called after a change was committed and before it is answered. Its error makes the
	// answer a 503, or what a *Refusal says, and the identity provider repeats the request. What it
	// repeats changes nothing any more, so Stored is called for an update that changed nothing too,
	// with Before equal to After, and must bear being called twice for one change. A delete that is
	// repeated is a 404 without a call: what must follow one is written down by Check.
	Stored func(context.Context, Change) error

	// Keeps says whether an attribute is managed by the principal. Writes to one that is not are
	// accepted and not stored, and /Schemas calls it readOnly. It is asked of whole attributes,
	// never of members or of what a schema requires: those are kept. A nil func keeps all.
	Keeps func(Principal, filter.Ref) bool

	// Answered is told of every request with a good token, when it is carried out or refused, before the
	// refusal is sent. It is for statistics, and has to be quick.
	Answered func(*http.Request, Outcome)
}

// A Change is one create, update or delete, of a user or of a group.
type Change struct {
	By            Principal
	Before, After *User // Before is nil for a create, After for a delete; both for a group
	GroupBefore   *Group
	GroupAfter    *Group
	Members       MemberChange // of the group
	Adopts        bool         // a native user becomes managed by By.Manager
	// Keep, if Check sets it for the delete of a user, is stored in place of the user, who is gone for the
	// client all the same: it has the ID and the version, and is managed by somebody else. nil = deleted.
	Keep *User
	// Withheld says which values of the NinjaOne extension were not taken over, because the
	// request deactivates the user and is not refused for them.
	Withheld []error
	// Unkept are the attributes that the request has written, and that were not stored since
	// Policy.Keeps does not keep them. It is for Stored.
	Unkept []filter.Ref
}
