// Package scim serves SCIM 2.0 (RFC 7643, RFC 7644) over users and groups that a host keeps: the
// endpoint through which an identity provider such as Microsoft Entra ID or Okta creates, updates
// and deactivates the people of a customer.
//
// A host brings a [UserStore], if it wants groups a [GroupStore], and an [Authenticator]; [New]
// makes an http.Handler of them:
//
//	tokens := new(scim.Tokens)
//	tokens.Add(secret, scim.Principal{Tenant: "acme", Manager: "entra"})
//	store := new(scim.MemoryStore)
//	handler, err := scim.New(scim.Stores{Users: store, Groups: store}, tokens, scim.Config{
//		BaseURL: func(*http.Request) string { return "https://acme.example.com/scim/v2" },
//	})
//	http.Handle("/scim/v2/", handler)
//
// # What a host may count on
//
//   - Tenant is an argument of every store call, and comes from the Authenticator alone.
//   - What one identity provider manages does not exist for another: not by id, not in a list or a
//     filter, not as a member. Native users, whom nobody manages, exist for one only where
//     [Policy].Adopt says so, and then for look-ups of one user alone. The first write adopts.
//   - A change is a compare-and-swap on [Meta].Version. Of changes at the same time none is lost:
//     without If-Match one is applied again to what the other left, with If-Match it is a 412.
//   - A request is carried out whole or not at all. Only deleting a user is two writes, of the user
//     and of its memberships, where no Stores.Transact joins them; and a deactivation is never
//     refused for a value of the NinjaOne extension, which then keeps what it was.
//   - What changes nothing keeps the version and lastModified.
//   - The only error text a client sees is the Detail of a [Refusal]. It names the attribute, the
//     value received and the rule. What a store or the host's own code says goes to Config.Logger,
//     under the incident ID that the client is given.
//   - A password is dropped unread. No field, no store and no log has it.
//   - Discovery is derived from the stores, schemas and limits that are there: it cannot promise
//     what is not served.
//   - Whatever a stranger can make large has a limit, in [Limits] or beside its reason.
//   - The package opens no connection, starts no goroutine, and reads no clock but Config.Now.
//
// # How a request travels
//
//	authenticate ── limit the rate ── method and path ── media type, size ── query, conditions
//	     │
//	decode ── read each value by its schema ── validate
//	     │
//	begin Stores.Transact
//	     read ── may this principal see it? ── If-Match ── apply ── NinjaOne rules ── Policy.Check ── write
//	commit
//	     │
//	Policy.Stored ── answer
//
// Reading is lenient where identity providers are known to bend the protocol: "True" for true, an
// object for a list of one, an extension's attribute without its URN, elements built from the
// filter of a path. Each such liberty is written down beside the code that takes it, and
// Config.Strict takes none.
//
// # What it refuses
//
//   - To guess. A filter that cannot be answered, a path with a name nobody has, a value of another
//     type is a 400 that says so, never an empty list and never a 200. What is passed over by
//     rule: attributes no schema here has in a POST, a PUT or a PATCH without path, and paths into
//     schemas that are not registered.
//   - To know who somebody is. Roles, licences, sessions, and who may be an administrator are the
//     host's: nothing here changes [User].Administrator.
//   - To list in another order than the one asked for: what cannot be sorted by is a 400.
//   - To do half. /Bulk, /Me and /.search are not served yet, and ServiceProviderConfig says so.
//
// # Listings
//
// A listing is sorted by sortBy and sortOrder (RFC 7644 §3.4.2.3) and read in pages: by startIndex
// and count, unless a request has the parameter cursor (RFC 9865), which is empty for the first
// page. A cursor is the place where a page ended, sealed with Config.Seal for this tenant,
// provider, resource type, filter and order; for any other it is as invalid as one that was made
// up. It holds while resources come, go and change, and for Limits.CursorLifetime. The server
// keeps nothing for it. A count below one is refused beside a cursor; one beyond Limits.PageSize
// is that many, and refused in strict mode. startIndex beside a cursor is refused.
//
// # Stores
//
// [UserStore] and [GroupStore] say what a store promises, package scimtest tests it, and
// [MemoryStore] is one that keeps it. A filter reaches a store as a [filter.Bound], which matches a
// *User or *Group by itself.
//
// Of User, Group and the attributes of registered schemas the engine knows no name: it reads
// schemas and works on references to attributes, so an attribute more is a schema more.
package scim
