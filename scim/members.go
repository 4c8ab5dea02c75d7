package scim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// memberChange collects what a request does to the members of a group, in the order it does it.
type memberChange struct {
	replace     bool
	add, remove map[string]bool
	order       []string // of what was ever added
}

func (m *memberChange) adds(ids []string) {
	if m.add == nil {
		m.add = make(map[string]bool, len(ids))
		m.order = make([]string, 0, len(ids))
	}
	for _, id := range ids {
		if _, known := m.add[id]; !known {
			m.order = append(m.order, id)
		}
		m.add[id] = true
		delete(m.remove, id)
	}
}

func (m *memberChange) removes(ids []string) {
	if m.remove == nil {
		m.remove = make(map[string]bool, len(ids))
	}
	for _, id := range ids {
		if m.add[id] {
			m.add[id] = false
		}
		if !m.replace {
			m.remove[id] = true
		}
	}
}

func (m *memberChange) becomes(ids []string) {
	*m = memberChange{replace: true}
	m.adds(ids)
}

// result is the change as stores take it.
func (m *memberChange) result() MemberChange {
	out := MemberChange{Replace: m.replace}
	out.Add = slices.DeleteFunc(m.order, func(id string) bool { return !m.add[id] })
	if len(m.remove) > 0 {
		out.Remove = slices.AppendSeq(make([]string, 0, len(m.remove)), maps.Keys(m.remove))
		slices.Sort(out.Remove)
	}
	return out
}

// member applies an operation to the members of a group. It never loads them, but for a filter
// that does not name them by id: a group of 100,000 takes one more like a group of one.
func (p *patcher) member(o operation, t filter.Target) error {
	switch {
	case t.Filter == nil && t.Ref != p.rt.members && t.Ref != p.rt.members.Default(),
		!t.Sub.IsZero() && (o.op != "remove" || t.Sub != p.rt.members.Default()):
		return mutability("%s cannot be changed; remove the member and add it again", t.Ref)
	case t.Filter != nil:
		return p.memberFilter(o, t)
	case o.op == "remove" && (!o.given || o.value.kind == jsonNull):
		p.members.becomes(nil)
		return nil
	case o.value.kind == jsonNull && o.op == "add":
		return nil
	case o.value.kind == jsonNull:
		p.members.becomes(nil)
		return nil
	}
	ids, err := p.memberIDs(o.value)
	switch {
	case err != nil:
		return err
	case o.op == "add":
		p.members.adds(ids)
	case o.op == "remove":
		p.members.removes(ids) // only those it lists; without its flag Entra ID means that
	default:
		p.members.becomes(ids)
	}
	return nil
}

func (p *patcher) memberFilter(o operation, t filter.Target) error {
	if o.op != "remove" {
		return mutability("members are chosen by id; add or remove them by a list of values")
	}
	ids, err := p.matchingMembers(t.Filter)
	if err != nil {
		return err
	}
	p.members.removes(ids)
	return nil
}

// maxScans bounds how often one PATCH looks at every member of a group. Identity providers name
// members by id, which needs no look.
const maxScans = 16

// matchingMembers lists the members a filter selects: by id at once, else by looking at all.
func (p *patcher) matchingMembers(f *filter.Bound) ([]string, error) {
	// Of a member only the store knows the display name. A filter that does not say "display" cannot
	// ask for it.
	asksName := strings.Contains(filter.Fold(f.String()), filter.Fold("display"))
	for ref, v := range f.Equalities() {
		if ref == p.rt.members.Default() && !asksName {
			one := (&Group{}).WithMembers([]Member{{Value: v.Text}})
			if f.MatchElement(one, 0) {
				return []string{v.Text}, nil
			}
		}
	}
	if p.scans++; p.scans > maxScans {
		return nil, &Refusal{Status: 413, Type: "tooMany", Detail: fmt.Sprintf("more than %d filters that look at every member; name members by value eq", maxScans)}
	}
	var out []string
	for _, id := range p.members.order {
		if p.members.add[id] && f.MatchElement((&Group{}).WithMembers([]Member{{Value: id}}), 0) {
			out = append(out, id)
		}
	}
	if p.members.replace {
		return out, nil
	}
	stored, err := p.matching(f)
	return append(out, stored...), err
}
