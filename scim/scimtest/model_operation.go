package scimtest

import (
	"fmt"
	"strings"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A verb is what an operation does. Its text is how reports call it.
type verb string

const (
	createUser  verb = "create user"
	readUser    verb = "read user"
	listUsers   verb = "list users"
	updateUser  verb = "update user"
	deleteUser  verb = "delete user"
	createGroup verb = "create group"
	readGroup   verb = "read group"
	listGroups  verb = "list groups"
	updateGroup verb = "update group"
	deleteGroup verb = "delete group"
	listMembers verb = "members of"
	listOf      verb = "groups of"
	forget      verb = "forget"
	transact    verb = "transact"
)

// A handle stands for an ID in a sequence, which is made before a store chose any: u3 is the fourth
// user created, ~u3 its ID in other case. Everything else stands for itself.
type handle string

// The versions an operation may name.
const (
	currentVersion = "the current version"
	noVersion      = "no version"
	staleVersion   = "a stale version"
	otherVersion   = "another version"
)

// The ways a transaction ends.
const (
	commits = "commit"
	fails   = "fail"
	panics  = "panic"
)

// An operation is a step of a sequence: one call of a store, or a transaction with several. It says
// nothing that depends on a store, so that a sequence can be played on any, and shortened.
type operation struct {
	do     verb
	tenant scim.TenantID
	on     handle // the resource, or the one to be
	// underID, for a create, proposes the ID of another resource.
	underID handle
	version string

	user   scim.User
	group  scim.Group
	change memberHandles
	listing

	inside []operation
	end    string
}

// memberHandles is a scim.MemberChange in handles.
type memberHandles struct {
	replace     bool
	add, remove []handle
}

// A listing is a query in handles, or the users of listOf, or a page of listMembers.
type listing struct {
	number     int // by which later listings continue it
	continues  int // the number of the listing it continues, 0 for none
	backwards  bool
	walk       bool // through all pages, there and back
	misplaced  bool // it continues what no listing named
	scope      scim.Scope
	filter     string // with handles in braces
	by         handles
	sort       string
	descending bool
	offset     int
	limit      int
	total      bool
}

// handles is a list of IDs; without some it is no list at all, which is not an empty one.
type handles struct {
	given bool
	some  []handle
}

// String is for reports.
func (o *operation) String() string {
	s := fmt.Sprintf("%s: %s %s", o.tenant, o.do, o.on)
	switch o.do {
	case createUser:
		s += " " + describeUser(o.user)
	case updateUser:
		s += fmt.Sprintf(" of %s to %s", o.version, describeUser(o.user))
	case createGroup:
		s += fmt.Sprintf(" %s%s", describeGroup(o.group), o.change)
	case updateGroup:
		s += fmt.Sprintf(" of %s to %s%s", o.version, describeGroup(o.group), o.change)
	case deleteUser, deleteGroup:
		s += " of " + o.version
	case listUsers, listGroups:
		s = fmt.Sprintf("%s: %s %s", o.tenant, o.do, &o.listing)
	case listMembers:
		s += fmt.Sprintf(" in pages of %d", o.limit)
	case listOf:
		s = fmt.Sprintf("%s: %s %v within %s", o.tenant, o.do, o.by.some, describeScope(o.scope))
	case transact:
		s = fmt.Sprintf("%s: in one transaction, which ends with %s:", o.tenant, o.end)
		for i := range o.inside {
			s += "\n      " + o.inside[i].String()
		}
	}
	if o.underID != "" {
		s += fmt.Sprintf(" under the ID of %s", o.underID)
	}
	return s
}

// String is for reports.
func (m memberHandles) String() string {
	s := ""
	if m.replace {
		s += ", no members but those added"
	}
	if len(m.add) > 0 {
		s += fmt.Sprintf(", add %v", m.add)
	}
	if len(m.remove) > 0 {
		s += fmt.Sprintf(", remove %v", m.remove)
	}
	return s
}

// String is for reports.
func (l *listing) String() string {
	s := fmt.Sprintf("(listing %d) within %s", l.number, describeScope(l.scope))
	if l.filter != "" {
		s += ", filter " + l.filter
	}
	if l.by.given {
		s += fmt.Sprintf(", IDs %v", l.by.some)
	}
	if l.sort != "" {
		s += ", sorted by " + l.sort
	}
	if l.descending {
		s += ", descending"
	}
	switch {
	case l.misplaced:
		s += ", after what is no position"
	case l.continues > 0 && l.backwards:
		s += fmt.Sprintf(", before listing %d", l.continues)
	case l.continues > 0:
		s += fmt.Sprintf(", after listing %d", l.continues)
	case l.offset > 0:
		s += fmt.Sprintf(", offset %d", l.offset)
	}
	if l.limit != unlimited {
		s += fmt.Sprintf(", limit %d", l.limit)
	}
	if l.walk {
		s += ", all pages and back"
	}
	if l.total {
		s += ", with the total"
	}
	return s
}

func describeScope(s scim.Scope) string {
	switch {
	case s.All:
		return "all"
	case s.Manager == "" && !s.AndNative:
		return "no scope"
	case s.Manager == "":
		return "native"
	case s.AndNative:
		return s.Manager + " and native"
	}
	return s.Manager
}

// describeUser names what is set, as far as the generator sets it.
func describeUser(u scim.User) string {
	s := fmt.Sprintf("%q of %q", u.UserName, u.ManagedBy)
	for _, f := range []struct{ name, value string }{
		{"externalId", u.ExternalID}, {"displayName", u.DisplayName}, {"title", u.Title}, {"familyName", u.Name.FamilyName},
		{"department", u.Enterprise.Department}, {"organizationId", u.NinjaOne.OrganizationID},
	} {
		if f.value != "" {
			s += fmt.Sprintf(", %s %q", f.name, f.value)
		}
	}
	var mails []string
	for _, e := range u.Emails {
		mail := fmt.Sprintf("%s %q", e.Type, e.Value)
		if e.Primary {
			mail += " primary"
		}
		mails = append(mails, mail)
	}
	if mails != nil {
		s += ", emails " + strings.Join(mails, " and ")
	}
	for _, o := range u.Extensions {
		s += fmt.Sprintf(", extension %v", map[string]any(o))
	}
	if !u.Active {
		s += ", inactive"
	}
	return s
}

func describeGroup(g scim.Group) string {
	s := fmt.Sprintf("%q of %q", g.DisplayName, g.ManagedBy)
	if g.ExternalID != "" {
		s += fmt.Sprintf(", externalId %q", g.ExternalID)
	}
	for _, o := range g.Extensions {
		s += fmt.Sprintf(", extension %v", map[string]any(o))
	}
	return s
}
