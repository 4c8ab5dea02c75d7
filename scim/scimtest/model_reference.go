package scimtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A reference is a store that is plainly right and slow: lists, and a look at every element. The
// model compares other stores with it. It passes TestUserStore and TestGroupStore.
type reference struct {
	mu      sync.Mutex
	tenants map[scim.TenantID]*referenceTenant
	writes  int
	// given is what the store that is compared with chose for the same write, "" if nothing.
	given struct{ id, version string }
}

type referenceTenant struct {
	users  []scim.User
	groups []referenceGroup
	// How resources follow each other where a store has keys of its own, by ID; nil is the order of
	// the bytes of their IDs.
	userRank, groupRank map[string]int
}

type referenceGroup struct {
	scim.Group
	members []string // in order, each once
}

func (r *reference) stores() scim.Stores {
	return scim.Stores{Users: r, Groups: r, Transact: r.transact}
}

// begin locks the store for one call and returns what it has of a tenant.
func (r *reference) begin(ctx context.Context, id scim.TenantID) (t *referenceTenant, end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	r.mu.Lock()
	return r.tenant(id), r.mu.Unlock, nil
}

func (r *reference) tenant(id scim.TenantID) *referenceTenant {
	if r.tenants == nil {
		r.tenants = make(map[scim.TenantID]*referenceTenant)
	}
	if r.tenants[id] == nil {
		r.tenants[id] = new(referenceTenant)
	}
	return r.tenants[id]
}

// copy returns a store of its own. What a slice holds is replaced and never changed, so that lists
// are copied and resources need not be.
func (r *reference) copy() *reference {
	c := &reference{tenants: make(map[scim.TenantID]*referenceTenant), writes: r.writes}
	for id, t := range r.tenants {
		c.tenants[id] = &referenceTenant{slices.Clone(t.users), slices.Clone(t.groups), t.userRank, t.groupRank}
	}
	return c
}

// transact runs f on a copy that takes the place of the store when f succeeds. Others wait.
func (r *reference) transact(ctx context.Context, _ scim.TenantID, f func(context.Context, scim.Stores) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.copy()
	if err := f(ctx, scim.Stores{Users: c, Groups: c}); err != nil {
		return err
	}
	r.tenants, r.writes = c.tenants, c.writes
	return nil
}

// identify gives a new resource its ID and version.
func (r *reference) identify(m *scim.Meta) {
	switch {
	case r.given.id != "":
		m.ID = r.given.id
	case m.ID == "":
		r.writes++
		m.ID = fmt.Sprintf("made-%06d", r.writes)
	}
	m.Version = r.version()
}

func (r *reference) version() string {
	if r.given.version != "" {
		return r.given.version
	}
	r.writes++
	return fmt.Sprintf("v%d", r.writes)
}

// outdated is ErrStale if a resource has another version than the one given.
func outdated(m scim.Meta, version string) error {
	if version != "" && version != m.Version {
		return scim.ErrStale
	}
	return nil
}

func (t *referenceTenant) user(id string) int {
	return slices.IndexFunc(t.users, func(u scim.User) bool { return u.ID == id })
}

func (t *referenceTenant) userConflict(u scim.User) error {
	for _, o := range t.users {
		if o.ID != u.ID && filter.Fold(o.UserName) == filter.Fold(u.UserName) {
			return &scim.ConflictError{Attribute: "userName"}
		}
	}
	return nil
}

// CreateUser stores a user whose name is free.
func (r *reference) CreateUser(ctx context.Context, tenant scim.TenantID, u scim.User) (scim.User, error) {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return scim.User{}, err
	}
	defer end()
	u = copyUser(u)
	r.identify(&u.Meta)
	if t.user(u.ID) >= 0 {
		return scim.User{}, errTakenID
	}
	if err := t.userConflict(u); err != nil {
		return scim.User{}, err
	}
	t.users = append(t.users, u)
	return copyUser(u), nil
}

// errTakenID is the answer to a create under an ID that is taken.
var errTakenID = &scim.ConflictError{Attribute: "id"}

// User finds a user.
func (r *reference) User(ctx context.Context, tenant scim.TenantID, id string) (scim.User, error) {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return scim.User{}, err
	}
	defer end()
	if i := t.user(id); i >= 0 {
		return copyUser(t.users[i]), nil
	}
	return scim.User{}, scim.ErrNotFound
}

// Users lists users.
func (r *reference) Users(ctx context.Context, tenant scim.TenantID, q scim.Query) (scim.Page[scim.User], error) {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return scim.Page[scim.User]{}, err
	}
	defer end()
	var all []listed[scim.User]
	for i := range t.users {
		u := copyUser(t.users[i])
		all = append(all, listed[scim.User]{u, u.Meta, &u})
	}
	return list(all, q, t.userRank)
}

// UpdateUser returns every error that applies, joined: the contract does not rank them.
func (r *reference) UpdateUser(ctx context.Context, tenant scim.TenantID, u scim.User) (scim.User, error) {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return scim.User{}, err
	}
	defer end()
	i := t.user(u.ID)
	if i < 0 {
		return scim.User{}, errors.Join(scim.ErrNotFound, t.userConflict(u))
	}
	if err := errors.Join(outdated(t.users[i].Meta, u.Version), t.userConflict(u)); err != nil {
		return scim.User{}, err
	}
	u.Version = r.version()
	t.users[i] = copyUser(u)
	return copyUser(u), nil
}

// DeleteUser removes a user.
func (r *reference) DeleteUser(ctx context.Context, tenant scim.TenantID, id, version string) error {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return err
	}
	defer end()
	i := t.user(id)
	if i < 0 {
		return scim.ErrNotFound
	}
	if err := outdated(t.users[i].Meta, version); err != nil {
		return err
	}
	t.users = slices.Delete(t.users, i, i+1)
	return nil
}

func (t *referenceTenant) group(id string) int {
	return slices.IndexFunc(t.groups, func(g referenceGroup) bool { return g.ID == id })
}

func (t *referenceTenant) groupConflict(g scim.Group) error {
	for _, o := range t.groups {
		if o.ID != g.ID && o.ManagedBy == g.ManagedBy && filter.Fold(o.DisplayName) == filter.Fold(g.DisplayName) {
			return &scim.ConflictError{Attribute: "displayName"}
		}
	}
	return nil
}

// CreateGroup stores a group with members.
func (r *reference) CreateGroup(ctx context.Context, tenant scim.TenantID, g scim.Group, m scim.MemberChange) (scim.Group, error) {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return scim.Group{}, err
	}
	defer end()
	g = copyGroup(g)
	r.identify(&g.Meta)
	if t.group(g.ID) >= 0 {
		return scim.Group{}, errTakenID
	}
	if err := t.groupConflict(g); err != nil {
		return scim.Group{}, err
	}
	t.groups = append(t.groups, referenceGroup{g, changed(nil, m)})
	return copyGroup(g), nil
}

// Group finds a group.
func (r *reference) Group(ctx context.Context, tenant scim.TenantID, id string) (scim.Group, error) {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return scim.Group{}, err
	}
	defer end()
	if i := t.group(id); i >= 0 {
		return copyGroup(t.groups[i].Group), nil
	}
	return scim.Group{}, scim.ErrNotFound
}

// Groups lists groups.
func (r *reference) Groups(ctx context.Context, tenant scim.TenantID, q scim.Query) (scim.Page[scim.Group], error) {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return scim.Page[scim.Group]{}, err
	}
	defer end()
	var all []listed[scim.Group]
	for _, stored := range t.groups {
		g := copyGroup(stored.Group)
		all = append(all, listed[scim.Group]{g, g.Meta, g.WithMembers(asMembers(stored.members))})
	}
	return list(all, q, t.groupRank)
}

// UpdateGroup replaces a group and changes its members.
func (r *reference) UpdateGroup(ctx context.Context, tenant scim.TenantID, g scim.Group, m scim.MemberChange) (scim.Group, error) {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return scim.Group{}, err
	}
	defer end()
	i := t.group(g.ID)
	if i < 0 {
		return scim.Group{}, errors.Join(scim.ErrNotFound, t.groupConflict(g))
	}
	old := t.groups[i]
	if err := errors.Join(outdated(old.Meta, g.Version), t.groupConflict(g)); err != nil {
		return scim.Group{}, err
	}
	members := changed(old.members, m)
	if sameGroup(old.Group, g) && slices.Equal(members, old.members) {
		return copyGroup(old.Group), nil
	}
	g.Version = r.version()
	t.groups[i] = referenceGroup{copyGroup(g), members}
	return copyGroup(g), nil
}

// sameGroup reports whether two groups have the same attributes, whenever they were written.
func sameGroup(a, b scim.Group) bool {
	a.Version, a.LastModified = b.Version, b.LastModified
	return difference(a, b) == ""
}

// DeleteGroup removes a group.
func (r *reference) DeleteGroup(ctx context.Context, tenant scim.TenantID, id, version string) error {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return err
	}
	defer end()
	i := t.group(id)
	if i < 0 {
		return scim.ErrNotFound
	}
	if err := outdated(t.groups[i].Meta, version); err != nil {
		return err
	}
	t.groups = slices.Delete(t.groups, i, i+1)
	return nil
}

// Members lists members by their IDs.
func (r *reference) Members(ctx context.Context, tenant scim.TenantID, group, after string, limit int) (scim.Page[scim.Member], error) {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return scim.Page[scim.Member]{}, err
	}
	defer end()
	i := t.group(group)
	if i < 0 {
		return scim.Page[scim.Member]{}, scim.ErrNotFound
	}
	rest := slices.DeleteFunc(slices.Clone(t.groups[i].members), func(id string) bool { return after != "" && id <= after })
	page := rest[:min(max(limit, 0), len(rest))]
	p := scim.Page[scim.Member]{Items: asMembers(page), Total: -1}
	if 0 < len(page) && len(page) < len(rest) {
		p.Next = page[len(page)-1]
	}
	return p, nil
}

// GroupsOf looks at every group.
func (r *reference) GroupsOf(ctx context.Context, tenant scim.TenantID, scope scim.Scope, users []string) (map[string][]scim.Member, error) {
	p, err := r.Groups(ctx, tenant, scim.Query{Scope: scope, Limit: unlimited})
	if err != nil {
		return nil, err
	}
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return nil, err
	}
	defer end()
	of := make(map[string][]scim.Member)
	for _, user := range slices.Compact(slices.Sorted(slices.Values(users))) {
		for _, g := range p.Items {
			if i := t.group(g.ID); i >= 0 && slices.Contains(t.groups[i].members, user) {
				of[user] = append(of[user], scim.Member{Value: g.ID, Display: g.DisplayName})
			}
		}
	}
	return of, nil
}

// Forget takes a user out of every group.
func (r *reference) Forget(ctx context.Context, tenant scim.TenantID, user string) error {
	t, end, err := r.begin(ctx, tenant)
	if err != nil {
		return err
	}
	defer end()
	for _, i := range t.groupsWith(user) {
		g := t.groups[i]
		g.members = changed(g.members, scim.MemberChange{Remove: []string{user}})
		g.Version = r.version()
		t.groups[i] = g
	}
	return nil
}

// groupsWith returns which groups a user is in.
func (t *referenceTenant) groupsWith(user string) (at []int) {
	for i, g := range t.groups {
		if slices.Contains(g.members, user) {
			at = append(at, i)
		}
	}
	return at
}

// changed returns members after a change.
func changed(members []string, m scim.MemberChange) []string {
	if m.Replace {
		members = nil
	}
	all := slices.Concat(members, m.Add)
	if !m.Replace {
		all = slices.DeleteFunc(all, func(id string) bool { return slices.Contains(m.Remove, id) })
	}
	slices.Sort(all)
	return slices.Clip(slices.Compact(all))
}

func copyUser(u scim.User) scim.User {
	for _, l := range []*[]scim.MultiValue{&u.Emails, &u.PhoneNumbers, &u.IMs, &u.Photos, &u.Entitlements, &u.Roles, &u.X509Certificates} {
		*l = slices.Clone(*l)
	}
	u.Addresses = slices.Clone(u.Addresses)
	u.Extensions = copyExtensions(u.Extensions)
	return u
}

func copyGroup(g scim.Group) scim.Group {
	g.Extensions = copyExtensions(g.Extensions)
	return g
}

func copyExtensions(m map[string]scim.Object) map[string]scim.Object {
	m = maps.Clone(m)
	for urn, o := range m {
		m[urn] = copyValue(o).(scim.Object)
	}
	return m
}

func copyValue(v any) any {
	switch v := v.(type) {
	case scim.Object:
		o := make(scim.Object, len(v))
		for name, v := range v {
			o[name] = copyValue(v)
		}
		return o
	case []any:
		l := make([]any, len(v))
		for i := range v {
			l[i] = copyValue(v[i])
		}
		return l
	case []byte:
		return slices.Clone(v)
	}
	return v
}

// byRank compares two IDs in the order of a store.
func byRank(rank map[string]int, a, b string) int {
	if rank == nil {
		return strings.Compare(a, b)
	}
	return rank[a] - rank[b]
}
