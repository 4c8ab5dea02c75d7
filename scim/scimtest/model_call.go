package scimtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A call is an operation with the IDs and versions of one store in the place of handles.
type call struct {
	do          verb
	tenant      scim.TenantID
	id, version string
	user        scim.User
	group       scim.Group
	change      scim.MemberChange
	query       scim.Query
	users       []string
	walk        bool
	// after and before replace those of the query on the reference, whose positions are its own.
	after, before string
}

// An outcome is what a call came to.
type outcome struct {
	err            error
	value          any       // what was returned
	meta           scim.Meta // of the one resource
	count, total   int       // of the page
	next, previous string    // of the page
}

// on carries the call out. A store that is unavailable is asked again.
func (c call) on(ctx context.Context, s scim.Stores) outcome {
	var o outcome
	for range tries {
		if o = c.once(ctx, s); !unavailable(ctx, o.err) {
			break
		}
	}
	return o
}

// tries is how often a store may say that it is unavailable before it is believed.
const tries = 100

// unavailable reports whether an error is one to wait for, and waits a little: the store may be
// busy with what others ask.
func unavailable(ctx context.Context, err error) bool {
	var u *scim.UnavailableError
	if !errors.As(err, &u) {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(min(max(u.RetryAfter, time.Millisecond), 20*time.Millisecond)):
		return true
	}
}

func (c call) once(ctx context.Context, s scim.Stores) outcome {
	switch c.do {
	case createUser:
		return ofOneUser(s.Users.CreateUser(ctx, c.tenant, c.user))
	case readUser:
		return ofOneUser(s.Users.User(ctx, c.tenant, c.id))
	case updateUser:
		return ofOneUser(s.Users.UpdateUser(ctx, c.tenant, c.user))
	case deleteUser:
		return outcome{err: s.Users.DeleteUser(ctx, c.tenant, c.id, c.version)}
	case listUsers:
		return browse(c, func(q scim.Query) (scim.Page[scim.User], error) { return s.Users.Users(ctx, c.tenant, q) })
	case createGroup:
		return ofOneGroup(s.Groups.CreateGroup(ctx, c.tenant, c.group, c.change))
	case readGroup:
		return ofOneGroup(s.Groups.Group(ctx, c.tenant, c.id))
	case updateGroup:
		return ofOneGroup(s.Groups.UpdateGroup(ctx, c.tenant, c.group, c.change))
	case deleteGroup:
		return outcome{err: s.Groups.DeleteGroup(ctx, c.tenant, c.id, c.version)}
	case listGroups:
		return browse(c, func(q scim.Query) (scim.Page[scim.Group], error) { return s.Groups.Groups(ctx, c.tenant, q) })
	case listMembers:
		return c.members(ctx, s)
	case listOf:
		return c.groupsOf(ctx, s)
	case forget:
		return outcome{err: s.Groups.Forget(ctx, c.tenant, c.id)}
	}
	panic("scimtest: no call: " + c.do)
}

func ofOneUser(u scim.User, err error) outcome {
	if err != nil {
		return outcome{err: err}
	}
	return outcome{value: u, meta: u.Meta}
}

func ofOneGroup(g scim.Group, err error) outcome {
	if err != nil {
		return outcome{err: err}
	}
	return outcome{value: g, meta: g.Meta}
}

// mostPages ends a walk that leads nowhere.
const mostPages = 1000

// browse reads one page, or walks through all pages and back.
func browse[E any](c call, read func(scim.Query) (scim.Page[E], error)) outcome {
	last, err := read(c.query)
	o := outcome{err: err, value: last.Items, count: len(last.Items), total: last.Total, next: last.Next, previous: last.Previous}
	if !c.walk || err != nil {
		return o
	}
	walked, q := [][]E{last.Items}, c.query
	q.Offset = 0
	turn := func(after, before string) bool {
		q.After, q.Before = after, before
		p, err := read(q)
		switch {
		case err != nil:
			o.err = err
		case len(walked) > mostPages:
			o.err = errors.New("there is no end to the pages")
		case len(p.Items) > 0: // else the page before promised more than there was
			walked, last = append(walked, p.Items), p
			return true
		}
		return false
	}
	for last.Next != "" && turn(last.Next, "") {
	}
	for o.err == nil && last.Previous != "" && turn("", last.Previous) {
	}
	o.value, o.next, o.previous = walked, "", ""
	return o
}

// members reads all members of a group, in pages.
func (c call) members(ctx context.Context, s scim.Stores) outcome {
	var all []string
	for after := ""; ; {
		p, err := s.Groups.Members(ctx, c.tenant, c.id, after, c.query.Limit)
		if err != nil {
			return outcome{err: err}
		}
		for _, m := range p.Items {
			all = append(all, m.Value)
		}
		switch {
		case len(p.Items) > c.query.Limit || p.Total != -1:
			return outcome{err: fmt.Errorf("a page of %d members with the total %d", len(p.Items), p.Total)}
		case p.Next == "" || c.query.Limit == 0:
			return outcome{value: all}
		case p.Next == after:
			return outcome{err: errors.New("a page of members leads to itself")}
		}
		after = p.Next
	}
}

func (c call) groupsOf(ctx context.Context, s scim.Stores) outcome {
	of, err := s.Groups.GroupsOf(ctx, c.tenant, c.query.Scope, c.users)
	for user, groups := range of {
		if len(groups) == 0 {
			delete(of, user)
		}
	}
	return outcome{err: err, value: of}
}
