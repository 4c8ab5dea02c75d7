package scim

import (
	"slices"

	"github.com/seed-30109bde/gatehouse/filter"
)

// groupFields says where in a Group each attribute is. Its members are elsewhere: WithMembers
// adds them.
var groupFields = slices.Concat(
	metaFields("Group", func(g *Group) *Meta { return &g.Meta }),
	[]field[Group]{
		text1("displayName", func(g *Group) *string { return &g.DisplayName }),
		{path: "members", size: func(*Group) int { return 0 }},
		{path: "members.value", size: func(*Group) int { return 0 }},
		{path: "members.$ref", size: func(*Group) int { return 0 }},
		{path: "members.type", size: func(*Group) int { return 0 }},
		{path: "members.display", size: func(*Group) int { return 0 }},
	},
)

// Len and Value make a *Group a [filter.Resource]. It seems to have no members; see WithMembers.
func (g *Group) Len(r filter.Ref) int { return fieldLen(groupFields, g, g.Extensions, r) }

// Value returns value i of the attribute r.
func (g *Group) Value(r filter.Ref, i int) filter.Value {
	return fieldValue(groupFields, g, g.Extensions, r, i)
}

func (g *Group) meta() *Meta { return &g.Meta }

func (g *Group) set(r filter.Ref, i int, v filter.Value) {
	fieldSet(groupFields, g, &g.Extensions, r, i, v)
}

func (g *Group) grow(r filter.Ref)       { fieldGrow(groupFields, g, &g.Extensions, r) }
func (g *Group) cut(r filter.Ref, i int) { fieldCut(groupFields, g, g.Extensions, r, i) }

func (g Group) clone() Group {
	g.Extensions = cloneObjects(g.Extensions)
	return g
}

var _ resource = (*Group)(nil)

// WithMembers returns g as a filter sees it when these are its members: for stores that answer
// members eq "…" by [filter.Bound.Match].
func (g *Group) WithMembers(members []Member) filter.Resource { return &memberView{g, members} }

type memberView struct {
	*Group
	members []Member
}

var membersSlot = slices.IndexFunc(groupFields, func(f field[Group]) bool { return f.path == "members" })

// Len counts the members, for the attribute and each of its parts, and leaves the rest to the group.
func (v *memberView) Len(r filter.Ref) int {
	if s := r.Slot(); s >= membersSlot {
		return len(v.members)
	}
	return v.Group.Len(r)
}

// Value returns a part of member i, and leaves the rest to the group.
func (v *memberView) Value(r filter.Ref, i int) filter.Value {
	switch s := r.Slot(); {
	case s < membersSlot:
		return v.Group.Value(r, i)
	case groupFields[s].path == "members.value":
		return filter.TextValue(v.members[i].Value)
	case groupFields[s].path == "members.display":
		return filter.TextValue(v.members[i].Display)
	case groupFields[s].path == "members.type":
		return filter.TextValue("User")
	}
	return filter.Value{}
}
