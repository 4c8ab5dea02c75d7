package scimtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// crowd has all add members to one group and remove them. Each writer has members that no other
// touches, and so knows at any time which of them are in the group.
func (w *writers) crowd() {
	registry, err := scim.GroupRegistry(hostGroupSchema)
	w.must(err, "registry")
	g := w.makeGroup("crowd")
	crowd := make([]*crowdMember, w.Writers)
	for i := range crowd {
		crowd[i] = &crowdMember{w, g, fmt.Sprintf("w%02d-", i), make(map[string]bool), rand.New(rand.NewPCG(uint64(i), 2)), registry}
	}
	w.together(func(i int, _ *rand.Rand) error {
		return crowd[i].turn()
	}, func() error {
		p, err := w.groups.Members(w.Context(), red, g.ID, "", 1000)
		ids := each(p.Items, func(m scim.Member) string { return m.Value })
		if err == nil && (!slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids)) {
			return fmt.Errorf("members are out of order or there twice: %q", ids)
		}
		return ignoreUnavailable(err)
	})
	var want []string
	for _, c := range crowd {
		want = append(want, c.inside()...)
	}
	slices.Sort(want)
	w.equal(w.members(g.ID, 7), want, "the members that were added and not removed")
}

// A crowdMember is one writer of a crowd, with members of its own.
type crowdMember struct {
	*writers
	group    scim.Group
	prefix   string
	is       map[string]bool
	random   *rand.Rand
	registry *filter.Registry
}

// owned is how many members a writer has.
const owned = 10

func (c *crowdMember) some() string { return fmt.Sprint(c.prefix, c.random.IntN(owned)) }

// inside returns the members of this writer that are in the group.
func (c *crowdMember) inside() []string {
	var ids []string
	for id, in := range c.is {
		if in {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (c *crowdMember) turn() error {
	switch c.random.IntN(6) {
	case 0:
		return c.look()
	case 1:
		id := c.some()
		c.is[id] = false
		return c.until(func() error { return c.groups.Forget(c.Context(), red, id) })
	}
	add, remove := c.some(), c.some()
	m := scim.MemberChange{Add: []string{add}}
	c.is[add] = true
	if remove != add {
		m.Remove = []string{remove}
		c.is[remove] = false
	}
	swap := c.random.IntN(3) == 0
	return c.until(func() error {
		g := c.group
		g.Version = ""
		if swap {
			var err error
			if g, err = c.groups.Group(c.Context(), red, g.ID); err != nil {
				return err
			}
		}
		_, err := c.groups.UpdateGroup(c.Context(), red, g, m)
		return err
	})
}

// look expects the group to have just those members of this writer that are inside.
func (c *crowdMember) look() error {
	var ids []string
	for after := ""; ; {
		var p scim.Page[scim.Member]
		if err := c.until(func() (err error) {
			p, err = c.groups.Members(c.Context(), red, c.group.ID, after, 7)
			return err
		}); err != nil {
			return err
		}
		for _, m := range p.Items {
			if strings.HasPrefix(m.Value, c.prefix) {
				ids = append(ids, m.Value)
			}
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if d := difference(ids, c.inside()); d != "" {
		return fmt.Errorf("the members of one writer, whom no other touches: %s", d)
	}
	id := c.some()
	ref, _ := c.registry.Ref("members.value")
	var p scim.Page[scim.Group]
	err := c.until(func() (err error) {
		p, err = c.groups.Groups(c.Context(), red, scim.Query{Scope: everyone, Filter: filter.Equal(c.registry, ref, id), Limit: 5})
		return err
	})
	if err == nil && (len(p.Items) == 1) != c.is[id] {
		return fmt.Errorf("%q is a member: %t, and finds %d groups", id, c.is[id], len(p.Items))
	}
	return err
}
