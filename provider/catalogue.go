package provider

import (
	"fmt"
	"maps"
	"slices"
)

// An EventEntry documents a type of events.
type EventEntry struct {
	Type    EventType
	Meaning string
	Details []DetailEntry // what Details can have, by name
}

// A DetailEntry documents one of [Event.Details].
type DetailEntry struct {
	Name     string
	Meaning  string
	Personal bool // it is about a person: it is not printed, and not logged
}

// EventTypes returns all types, sorted.
func EventTypes() []EventType { return slices.Sorted(maps.Keys(catalogue)) }

// Entry returns the documentation of a type; of one that is not known it has no Meaning.
func (t EventType) Entry() EventEntry {
	e := catalogue[t]
	e.Type, e.Details = t, slices.Clone(e.Details)
	return e
}

// Details that several types have.
var (
	detailName       = DetailEntry{Name: "name", Meaning: "the name of the provider"}
	detailRun        = DetailEntry{Name: "run", Meaning: "the ID of the test"}
	detailNameID     = DetailEntry{Name: "name_id", Meaning: "what the identity provider calls the person", Personal: true}
	detailIdPEntity  = DetailEntry{Name: "idp_entity_id", Meaning: "the entity ID of the identity provider"}
	detailWhy        = DetailEntry{Name: "reason", Meaning: "what made it necessary"}
	detailAdvice     = DetailEntry{Name: "advice", Meaning: "which claim to change"}
	detailSomebodyAs = DetailEntry{Name: "user_name", Meaning: "the user name of a user who may be meant", Personal: true}
)

// Details of provisioning.
var (
	detailToken    = DetailEntry{Name: "token", Meaning: "the part of the token that is no secret"}
	detailExpires  = DetailEntry{Name: "expires", Meaning: "when it expires (RFC 3339)"}
	detailLink     = DetailEntry{Name: "link", Meaning: "the part of the setup link that is no secret"}
	detailFor      = DetailEntry{Name: "for", Meaning: "who the link is for", Personal: true}
	detailUserName = DetailEntry{Name: "user_name", Meaning: "the user name", Personal: true}
	detailUserType = DetailEntry{Name: "user_type", Meaning: "Technician or endUser"}
	grantDetails   = []DetailEntry{
		{Name: "user_types", Meaning: "the user types it may hand out"},
		{Name: "organizations", Meaning: "the organizations it may place users in, or any"},
		{Name: "roles", Meaning: "the roles that its groups may give, or any"},
		{Name: "all", Meaning: "whether it may place users in all organizations"},
		{Name: "managed", Meaning: "the set of attributes it manages; empty: all"},
		{Name: "default_organization", Meaning: "that of end users who come without one"},
		{Name: "on_delete", Meaning: "what a deletion does"},
	}
	groupDetails = []DetailEntry{
		{Name: "group", Meaning: "the ID of the group"},
		{Name: "name", Meaning: "its name"},
		{Name: "added", Meaning: "how many members were sent as added"},
		{Name: "removed", Meaning: "how many members were sent as removed"},
	}
)

// catalogue documents every type. What is not in it cannot be recorded.
var catalogue = map[EventType]EventEntry{
	EventBegun: {Meaning: "An administrator has begun a provider.", Details: []DetailEntry{detailName,
		{Name: "entity_id", Meaning: "our entity ID"}}},
	EventChanged: {Meaning: "Something that needs no test was changed. The details are the new values.", Details: []DetailEntry{detailName,
		{Name: "domains", Meaning: "the domains, with spaces between them; empty: the default provider"},
		{Name: "match", Meaning: "what a NameID is compared with; empty: the user name"},
		{Name: "entity_id", Meaning: "our entity ID"},
		{Name: "reply_url", Meaning: "our reply URL"},
		{Name: "idp_initiated", Meaning: "whether sign-ins may begin at the identity provider"},
		{Name: "bypass_mfa", Meaning: "whether the evidence of a second factor counts"}}},
	EventImported: {Meaning: "Metadata was imported; it is to be tested.", Details: []DetailEntry{detailIdPEntity,
		{Name: "from", Meaning: "url, file, xml or hand"}}},
	EventPolicy: {Meaning: "A sign-in policy was proposed; it is to be tested.", Details: []DetailEntry{
		{Name: "signed", Meaning: "what has to be signed: 0 either, 1 the assertion, 2 the response, 3 both"},
		{Name: "allow_sha1", Meaning: "signatures with SHA-1 are believed"},
		{Name: "allow_rsa15", Meaning: "RSA PKCS #1 v1.5 is decrypted"},
		{Name: "ignore_certificate_dates", Meaning: "expired certificates are believed"},
		{Name: "merge_attributes", Meaning: "an attribute may be there twice"}}},
	EventDiscarded: {Meaning: "What was to be tested was given up."},
	EventTestBegun: {Meaning: "An administrator has begun a test.", Details: []DetailEntry{detailRun}},
	EventTested: {Meaning: "A test has ended.", Details: []DetailEntry{detailRun, detailNameID,
		{Name: "result", Meaning: "passed, failed or unanswered"},
		{Name: "began_by", Meaning: "who has begun it", Personal: true},
		{Name: "code", Meaning: "of the check that decided, if it has failed"}}},
	EventSaved: {Meaning: "The tested settings are those that sign-ins are judged by from now on.", Details: []DetailEntry{detailIdPEntity,
		{Name: "tested_by", Meaning: "who has tested them", Personal: true},
		{Name: "certificate_until", Meaning: "the day on which the last certificate ends"}}},
	EventEnabled:     {Meaning: "People sign in through the provider from now on.", Details: []DetailEntry{detailName}},
	EventDisabled:    {Meaning: "Nobody signs in through the provider any more.", Details: []DetailEntry{detailName}},
	EventDeleted:     {Meaning: "The provider is gone, and its users are managed by nobody.", Details: []DetailEntry{detailName, {Name: "users", Meaning: "how many there were"}, {Name: "groups", Meaning: "how many there were"}}},
	EventUserAuthSet: {Meaning: "A user signs in in another way.", Details: []DetailEntry{{Name: "sso", Meaning: "true: through an identity provider; false: with a password"}}},

	EventSCIMEnabled:  {Meaning: "The provider may provision. The details are its grants.", Details: grantDetails},
	EventSCIMDisabled: {Meaning: "The provider may not provision any more; its users stay."},
	EventGrants:       {Meaning: "What the provider may hand out was changed, or which attributes it manages.", Details: grantDetails},
	EventTokenMade:    {Meaning: "A SCIM token was made.", Details: []DetailEntry{detailToken, detailExpires}},
	EventTokenRevoked: {Meaning: "A SCIM token was revoked.", Details: []DetailEntry{detailToken}},
	EventTokenExpiring: {Meaning: "A SCIM token expires soon, or has expired.", Details: []DetailEntry{detailToken, detailExpires,
		{Name: "days", Meaning: "the threshold that is behind: 30, 14, 7, 1 or 0"}}},
	EventApproved:   {Meaning: "The provider may take an administrator over."},
	EventReleased:   {Meaning: "A user was released for edits in the console."},
	EventReclaimed:  {Meaning: "A user was given back to the provider."},
	EventUserEdited: {Meaning: "An administrator has changed a user here.", Details: []DetailEntry{{Name: "attributes", Meaning: "what was changed"}}},

	EventSetupLinkMade: {Meaning: "A setup link was made: somebody without an account may set the provider up.", Details: []DetailEntry{detailLink, detailFor, detailExpires,
		{Name: "powers", Meaning: "what it may do beyond URLs, import, test and the setup sheet"}}},
	EventSetupLinkUsed:    {Meaning: "A setup link is in use; recorded once an hour.", Details: []DetailEntry{detailLink, detailFor}},
	EventSetupLinkRevoked: {Meaning: "A setup link was revoked.", Details: []DetailEntry{detailLink, detailFor}},

	EventUserCreated:     {Meaning: "The identity provider has created a user.", Details: []DetailEntry{detailUserName, detailUserType}},
	EventUserAdopted:     {Meaning: "The identity provider manages a user from now on who was here before.", Details: []DetailEntry{detailUserName}},
	EventUserUpdated:     {Meaning: "The identity provider has changed a user."},
	EventUserDeactivated: {Meaning: "The identity provider has deactivated a user, whose sessions are over.", Details: []DetailEntry{{Name: "withheld", Meaning: "what of the request was not taken over, since it would not have been allowed", Personal: true}}},
	EventUserReactivated: {Meaning: "The identity provider has activated a user again."},
	EventUserConverted:   {Meaning: "A user has another user type.", Details: []DetailEntry{detailUserType}},
	EventUserDeleted:     {Meaning: "The identity provider has deleted a user.", Details: []DetailEntry{detailUserName, {Name: "kept", Meaning: "true: the row is kept, inactive and under another name"}}},
	EventGroupCreated:    {Meaning: "The identity provider has created a group.", Details: groupDetails},
	EventGroupUpdated:    {Meaning: "The identity provider has changed a group or its members.", Details: groupDetails},
	EventGroupDeleted:    {Meaning: "The identity provider has deleted a group.", Details: groupDetails},
	EventGuarded:         {Meaning: "The identity provider wanted to take the last administrator away, and was refused.", Details: []DetailEntry{detailWhy}},

	EventSignedIn: {Meaning: "Somebody has signed in.", Details: []DetailEntry{detailNameID,
		{Name: "second_factor", Meaning: "not asked, required, or satisfied by the identity provider"},
		{Name: "idp_initiated", Meaning: "true if it began at the identity provider"}}},
	EventSignInRefused: {Meaning: "Somebody whom the identity provider has vouched for was refused.", Details: []DetailEntry{detailNameID, detailAdvice,
		{Name: "reason", Meaning: "why"},
		{Name: "nearest", Meaning: "the user name of a user who may be meant", Personal: true}}},
	EventSignedOut:      {Meaning: "The identity provider has signed somebody out."},
	EventRevoked:        {Meaning: "Sessions, and tokens, of a user or of all users of a provider are over.", Details: []DetailEntry{detailWhy}},
	EventSessionsKilled: {Meaning: "The host has ended the sessions that were revoked."},

	EventExpiring: {Meaning: "A certificate or metadata ends soon, or has ended.", Details: []DetailEntry{
		{Name: "code", Meaning: "what sign-ins will be refused with"},
		{Name: "at", Meaning: "when it ends (RFC 3339)"},
		{Name: "days", Meaning: "the threshold that is behind: 30, 14, 7, 1 or 0"},
		{Name: "text", Meaning: "what ends, in a sentence"}}},
	EventRolesMapped: {Meaning: "It was set which groups give which roles.", Details: []DetailEntry{{Name: "groups", Meaning: "how many groups give any"}}},
	EventRolesSet:    {Meaning: "A user has other roles from groups.", Details: []DetailEntry{{Name: "roles", Meaning: "the IDs of all that the user has from groups now"}}},
	EventRoleSkipped: {Meaning: "A group gives a role that is not for users of this type; the user does not get it.", Details: []DetailEntry{
		{Name: "role", Meaning: "the name of the role"}, {Name: "user_type", Meaning: "whose role it is"}}},
	EventUnmanaged: {Meaning: "The identity provider writes an attribute that it does not manage; it is not stored.", Details: []DetailEntry{{Name: "attribute", Meaning: "the attribute"}}},
	EventSilent:    {Meaning: "Nothing was heard of the identity provider that should have been.", Details: []DetailEntry{{Name: "last", Meaning: "when it was last heard (RFC 3339)"}}},
	EventFailing: {Meaning: "The identity provider is refused for a day with a user or group.", Details: []DetailEntry{
		{Name: "name", Meaning: "the user name, or the name of the group", Personal: true},
		{Name: "reason", Meaning: "the HTTP status and the scimType"},
		{Name: "sentence", Meaning: "what the identity provider is told", Personal: true},
		{Name: "since", Meaning: "since when (RFC 3339)"}}},
	EventIdleRemoved: {Meaning: "A draft that nobody has touched for 90 days was removed.", Details: []DetailEntry{detailName,
		{Name: "begun_by", Meaning: "who had begun it", Personal: true}}},
	EventJoinMismatch: {Meaning: "The identity provider vouches for people whom nobody here knows, and users here have names like theirs.", Details: []DetailEntry{detailNameID, detailSomebodyAs, detailAdvice,
		{Name: "unknown", Meaning: "how many names nobody knows"},
		{Name: "near", Meaning: "of how many of them a user may be meant"},
		{Name: "how", Meaning: "what is alike"}}},
}

// check returns an error for an event that the catalogue does not have.
func (e *Event) check() error {
	entry, ok := catalogue[e.Type]
	if !ok {
		return fmt.Errorf("provider: no event type %q", e.Type)
	}
	for name := range e.Details {
		if !slices.ContainsFunc(entry.Details, func(d DetailEntry) bool { return d.Name == name }) {
			return fmt.Errorf("provider: an event %s has no detail %q", e.Type, name)
		}
	}
	return nil
}

// isPersonal reports whether a detail of the event is about a person. One that is not known may be.
func (e *Event) isPersonal(name string) bool {
	for _, d := range catalogue[e.Type].Details {
		if d.Name == name {
			return d.Personal
		}
	}
	return true
}
