// Package provider keeps the identity providers of a host's tenants, and signs people in through
// them: from the draft that an administrator begins to the session that the host starts.
//
// Package saml reads and writes messages, package scim serves resources. What they leave open is
// decided here: which identity provider is asked, whom its word is believed about, and who may
// change that. A host brings its ports in a [Config], and mounts [Service.Handler].
//
// # Life of a provider
//
//	Begin ── Import ── Test ── Save ── Enable ── Disable ── Delete
//	           │         │       │
//	       Candidate   judged   Active
//
// A provider has two [Settings]. Sign-ins use Active. Candidate is what an administrator is working
// on; a passed [Test] of exactly these settings lets [Service.Save] make them Active, in one step.
// So a certificate is replaced without a sign-in failing in between. What decides whether a
// signature is believed is in the Settings; a name, domains and toggles are beside them, and are
// saved at once.
//
// # Whom a provider can sign in
//
// Its own people. An assertion of a provider signs in a user that it manages, or a native one of
// authentication type SSO whose user name leads home-realm discovery to it; anybody else is refused
// with [ReasonWrongProvider]. Users have to exist, be active and of type SSO. A person who is refused
// sees one page, which is the same for all reasons but for its incident ID; the reason is in the
// events and the log, under that ID.
//
// # What a provider can provision
//
// [Service.EnableSCIM] lets a provider provision, with tokens of [Service.NewToken]; [Service.Policy] has the
// rules. It manages the users it creates, and native ones it covers, which its first write takes over;
// a provider covers the user names of its domains, or, if it has none, those that no other has. What
// others manage does not exist for it. Its [Grants] say which user types and organizations it may hand
// out. They, organizations and domains are asked for values that change, and never of a request that
// deactivates somebody: whoever leaves is out, what was wrong is withheld, and an event says so. With
// the deactivation a [Revocation] is stored, and the host ends the sessions before the identity
// provider is told of success. An administrator is taken over with approval only, is never made by an
// identity provider, and the last one stays.
//
// Groups give roles as [Service.MapRoles] says: a user has those of all groups they are in, but none of
// another user type, and never that of an administrator. [Service.SetupSheet] tells an administrator what
// to do at the identity provider, and [Service.Health] how it goes: who is refused, since when and why.
//
// # Administrators
//
// Package console has the pages; what they show and do is here for a host with pages of its own. [Service.Users]
// and its kin read users, groups and roles of a tenant, [Service.EditUser] changes a user by the rules that
// provisioning obeys, and [Service.Requests], [Service.Events] and [Service.Incident] tell what happened. A
// [SetupLink] lets the administrator of a customer, who has no account, set one provider up.
//
// # What a host may count on
//
//   - Tenant is an argument of every call of the [Store] but for those that find it.
//   - Before a signature is valid nothing that a stranger sends causes a write: see [Service.Refusals].
//   - Acts that take a [Proof] cannot be called without a second factor that [Service.Prove] has
//     verified for that actor, act and provider, in the last five minutes and not used before.
//   - Every act and every sign-in is an [Event], recorded in the transaction of what it reports, and
//     handed to [Config.Sink] at least once.
//   - The package starts no goroutine and reads no clock but Config.Now. It connects to nothing but to
//     URLs of metadata that an administrator has given, by https, and to public addresses only unless
//     the host allows its own.
package provider
