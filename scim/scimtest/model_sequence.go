package scimtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A sequencer makes a sequence of a seed. It plays on a reference of its own, so that most
// operations find something to do; the sequence is the same for every store with the same parts.
type sequencer struct {
	*world
	random                   *rand.Rand
	withGroups, withTransact bool
	made                     map[byte]int // handles, by kind
	listings                 []operation
}

// sequence returns the operations of a seed.
func sequence(seed uint64, steps int, s scim.Stores) ([]operation, error) {
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	q := &sequencer{
		world: w, random: rand.New(rand.NewPCG(seed, 0)), made: make(map[byte]int),
		withGroups: s.Groups != nil, withTransact: s.Transact != nil,
	}
	var all []operation
	for range steps {
		all = append(all, q.next())
	}
	return all, nil
}

// chances are how often which operation comes.
var chances = []struct {
	do     verb
	weight int
}{
	{createUser, 16}, {updateUser, 20}, {deleteUser, 5}, {readUser, 4}, {listUsers, 24},
	{createGroup, 8}, {updateGroup, 16}, {deleteGroup, 3}, {readGroup, 2}, {listGroups, 9},
	{listMembers, 5}, {listOf, 4}, {forget, 4}, {transact, 6},
}

func (q *sequencer) next() operation {
	total := 0
	for _, c := range chances {
		total += c.weight
	}
	for {
		n := q.random.IntN(total)
		for _, c := range chances {
			if n -= c.weight; n >= 0 {
				continue
			}
			switch {
			case c.do == transact && q.withTransact:
				return q.transaction()
			case c.do == transact, !q.withGroups && !c.do.isUser():
			default:
				return q.play(q.one(c.do, q.tenant()))
			}
			break
		}
	}
}

func (q *sequencer) tenant() scim.TenantID {
	return pick(q.random, []scim.TenantID{red, red, red, red, blue, blue, "Red"})
}

func pick[E any](random *rand.Rand, list []E) E { return list[random.IntN(len(list))] }

// often is true n times of a hundred.
func (q *sequencer) often(n int) bool { return q.random.IntN(100) < n }

// play carries an operation out on the sequencer's reference.
func (q *sequencer) play(o operation) operation {
	c, ok, err := q.resolve(&o)
	if err != nil {
		panic(fmt.Sprintf("scimtest: the model made %s: %v", &o, err))
	}
	if ok {
		if got := c.on(context.Background(), q.ref.stores()); got.err == nil && (o.do == createUser || o.do == createGroup) {
			q.ids[o.on] = got.meta.ID
		}
	}
	return o
}

// transaction makes a few operations that are to be one.
func (q *sequencer) transaction() operation {
	t := operation{do: transact, tenant: q.tenant(), end: pick(q.random, []string{commits, commits, fails, panics})}
	began := q.ref.copy()
	for len(t.inside) < 1+q.random.IntN(5) {
		if do := pick(q.random, chances).do; do != transact && (q.withGroups || do.isUser()) {
			t.inside = append(t.inside, q.play(q.one(do, t.tenant)))
		}
	}
	if t.end != commits {
		q.ref = began
	}
	return t
}

// one makes an operation.
func (q *sequencer) one(do verb, tenant scim.TenantID) operation {
	o := operation{do: do, tenant: tenant}
	switch do {
	case createUser:
		o.on = q.make('u')
		o.user = q.user(o.on)
		q.mayBeTaken(&o)
	case createGroup:
		o.on = q.make('g')
		o.group = q.group(o.on)
		o.change = q.change(tenant)
		o.change.remove = nil
		q.mayBeTaken(&o)
	case updateUser:
		o.on, o.version = q.some('u', tenant), q.someVersion()
		o.user = q.editedUser(o.on, tenant)
	case updateGroup:
		o.on, o.version = q.some('g', tenant), q.someVersion()
		o.group = q.editedGroup(o.on, tenant)
		if !q.often(25) {
			o.change = q.change(tenant)
		}
	case deleteUser, readUser:
		o.on, o.version = q.some('u', tenant), q.someVersion()
	case deleteGroup, readGroup:
		o.on, o.version = q.some('g', tenant), q.someVersion()
	case listMembers:
		o.on, o.limit = q.some('g', tenant), 1+q.random.IntN(4)
	case forget:
		o.on = q.member(tenant)
	case listOf:
		o.scope = pick(q.random, modelScopes)
		o.by = handles{true, q.members(tenant, 4)}
	default:
		q.list(&o)
	}
	return o
}

// make returns the handle of the next resource.
func (q *sequencer) make(kind byte) handle {
	n := q.made[kind]
	q.made[kind]++
	return handle(fmt.Sprintf("%c%d", kind, n))
}

// mayBeTaken has a create propose, now and then, an ID that another resource of the tenant has.
func (q *sequencer) mayBeTaken(o *operation) {
	if !q.often(4) {
		return
	}
	if h := q.some(o.on[0], o.tenant); q.ids[h] != "" {
		if _, there := q.stored(o.do, o.tenant, q.id(h)); there {
			o.underID = h
		}
	}
}

// some returns a handle: mostly of a resource that is there.
func (q *sequencer) some(kind byte, tenant scim.TenantID) handle {
	all := q.handlesOf(kind)
	if len(all) == 0 || q.often(2) {
		return pick(q.random, []handle{"nobody", "", "' OR 1=1 --", handle(fmt.Sprintf("%c%d", kind, q.made[kind]+5))})
	}
	do := readUser
	if kind == 'g' {
		do = readGroup
	}
	h := pick(q.random, all)
	for range 20 {
		if _, there := q.stored(do, tenant, q.id(h)); there || q.often(4) {
			break
		}
		h = pick(q.random, all)
	}
	if q.often(6) {
		return "~" + h
	}
	return h
}

func (q *sequencer) someVersion() string {
	return pick(q.random, []string{currentVersion, currentVersion, currentVersion, currentVersion, noVersion, noVersion, noVersion, staleVersion, staleVersion, otherVersion})
}

// modelNames are few, so that they meet: most are like another one but for the case, or seem so.
var modelNames = []string{
	"ada", "Ada", "ADA", "émilie", "Émilie", "e\u0301milie", "straße", "STRAẞE", "strasse", "ilker", "İlker", "ILKER", "ılker",
	"kelvin", "\u212Aelvin", "sam", "\u017Fam", "σίσυφος", "ΣΊΣΥΦΟΣ", "a_b", "axb", "100%", "1000", "o'neil", "grace", "Grace ",
}

var modelMails = []string{
	"ada@example.com", "ADA@example.com", "shared@example.com", "Shared@Example.com", "émilie@example.fr", "ÉMILIE@example.fr", "\u212A@example.com", "k@example.com",
}

var (
	modelManagers = []string{native, entra, entra, entra, okta, okta}
	modelTitles   = []string{"", "Poet", "poet", "POET laureate", "100% sure", "É"}
	modelExternal = []string{"", "x1", "X1", "x2"}
)

// when is the time of a write. It is no clock, and tells nothing.
func (q *sequencer) when() time.Time {
	return epoch.Add(time.Duration(q.random.IntN(10_000)) * time.Millisecond)
}

// created is the time when a resource was created, which no update changes.
func created(h handle) time.Time {
	return epoch.Add(time.Duration(len(h))*time.Second + time.Duration(strings.Count(string(h), "1"))*time.Millisecond)
}

func (q *sequencer) user(h handle) scim.User {
	u := scim.User{UserName: pick(q.random, modelNames), Active: q.often(80)}
	u.ManagedBy, u.ExternalID = pick(q.random, modelManagers), pick(q.random, modelExternal)
	u.Created, u.LastModified = created(h), q.when()
	u.Title, u.DisplayName = pick(q.random, modelTitles), pick(q.random, modelNames)
	u.Emails = q.mails()
	if q.often(50) {
		u.Extensions = q.extension(hostURN)
	}
	if q.often(30) {
		u.Name.FamilyName = pick(q.random, modelNames)
		u.Enterprise.Department = pick(q.random, modelTitles)
		u.NinjaOne = extension.User{OrganizationID: pick(q.random, []string{"7", "8", extension.All}), UserType: extension.EndUser}
	}
	return u
}

func (q *sequencer) mails() (list []scim.MultiValue) {
	for range q.random.IntN(3) {
		list = append(list, scim.MultiValue{Value: pick(q.random, modelMails), Type: pick(q.random, []string{"work", "home"}), Primary: q.often(30)})
	}
	return list
}

func (q *sequencer) extension(urn string) map[string]scim.Object {
	o := scim.Object{}
	if q.often(70) {
		o["badge"] = pick(q.random, []string{"b1", "B1", "b2"})
	}
	if q.often(70) {
		o["level"] = pick(q.random, []int64{-1, 3, 9007199254740992, 9007199254740993})
	}
	if len(o) == 0 {
		return nil
	}
	return map[string]scim.Object{urn: o}
}

// editedUser returns what a user becomes: mostly what it is with one thing changed.
func (q *sequencer) editedUser(h handle, tenant scim.TenantID) scim.User {
	i := q.ref.tenant(tenant).user(q.id(h))
	if i < 0 || q.often(10) {
		return q.user(h)
	}
	u, other := copyUser(q.ref.tenant(tenant).users[i]), q.user(h)
	u.LastModified = q.when()
	switch q.random.IntN(10) {
	case 0, 1, 2:
		u.UserName = other.UserName
	case 3, 4:
		u.Emails = other.Emails
	case 5:
		u.ManagedBy, u.ExternalID, u.Adopted = other.ManagedBy, other.ExternalID, u.ManagedBy == native
	case 6:
		u.ExternalID = other.ExternalID
	case 7:
		u.Title, u.DisplayName, u.Name, u.Active = other.Title, other.DisplayName, other.Name, other.Active
	case 8:
		u.Extensions, u.NinjaOne, u.SSO = other.Extensions, other.NinjaOne, q.often(50)
	}
	return u // or as it was
}

func (q *sequencer) group(h handle) scim.Group {
	g := scim.Group{DisplayName: pick(q.random, modelNames)}
	g.ManagedBy, g.ExternalID = pick(q.random, modelManagers), pick(q.random, modelExternal)
	g.Created, g.LastModified = created(h), q.when()
	if q.often(40) {
		g.Extensions = q.extension(hostGroupURN)
	}
	return g
}

func (q *sequencer) editedGroup(h handle, tenant scim.TenantID) scim.Group {
	i := q.ref.tenant(tenant).group(q.id(h))
	if i < 0 || q.often(5) {
		return q.group(h)
	}
	g, other := copyGroup(q.ref.tenant(tenant).groups[i].Group), q.group(h)
	g.LastModified = q.when()
	switch q.random.IntN(8) {
	case 0, 1:
		g.DisplayName = other.DisplayName
	case 2:
		g.ManagedBy = other.ManagedBy
	case 3:
		g.ExternalID, g.Extensions = other.ExternalID, other.Extensions
	}
	return g // or as it was
}

// member returns somebody who may be in a group.
func (q *sequencer) member(tenant scim.TenantID) handle {
	if h := q.some('u', tenant); h != "" && q.often(85) {
		return h
	}
	return pick(q.random, strangers)
}

func (q *sequencer) members(tenant scim.TenantID, most int) (list []handle) {
	for range q.random.IntN(most + 1) {
		list = append(list, q.member(tenant))
	}
	return list
}

func (q *sequencer) change(tenant scim.TenantID) memberHandles {
	m := memberHandles{add: q.members(tenant, 3)}
	switch q.random.IntN(5) {
	case 0:
		m.replace = true
	case 1, 2:
		m.remove = q.members(tenant, 3)
	}
	return m
}
