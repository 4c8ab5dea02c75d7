package scimtest

import (
	"fmt"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
)

// What filters of a sequence ask, with %s for a text and %h for a handle.
var modelUserFilters = []string{
	`userName eq %n`, `userName eq %n`, `userName eq %n and active eq true`, `userName sw "a"`, `not (userName eq %n)`, `displayName eq %n`,
	`externalId eq "x1"`, `externalId eq "X1" and userName eq %n`, `externalId pr`, `not (externalId pr)`,
	`emails.value eq %m`, `emails.value eq %m`, `emails[type eq "work" and value eq %m]`, `emails.value eq %m or userName eq %n`, `emails eq %m and active eq true`,
	`title co "POET"`, `title co "%"`, `title pr and active eq false`, `id eq "%u"`, `id eq "%u" and userName eq %n`,
	hostURN + `:badge eq "b1"`, hostURN + `:level ge 9007199254740993`, extension.URN + `:organizationId eq "7"`,
	`meta.lastModified gt "2026-01-15T10:00:05Z"`,
}

var modelGroupFilters = []string{
	`displayName eq %n`, `displayName eq %n`, `displayName sw "a" or displayName eq %n`, `not (displayName eq %n)`, `externalId eq "x1"`,
	`members.value eq "%u"`, `members.value eq "%u"`, `members[value eq "%u"] and displayName eq %n`, `members.value eq "%u" and members.value eq "%u"`, `not (members.value eq "%u")`,
	`members pr`, `members.value sw "n"`, `id eq "%g"`, hostGroupURN + `:badge eq "b1"`, hostGroupURN + `:level lt 4`,
}

var modelUserOrders = []string{
	"", "userName", "displayName", "title", "title", "name.familyName", "emails", "externalId", "active", "meta.lastModified", "id",
	hostURN + ":level", hostURN + ":badge",
}

var modelGroupOrders = []string{"", "displayName", "displayName", "externalId", "meta.created", "id", hostGroupURN + ":level"}

// list makes a listing of an operation.
func (q *sequencer) list(o *operation) {
	if len(q.listings) > 0 && q.often(25) && q.carryOn(o) {
		return
	}
	o.number = len(q.listings) + 1
	o.scope = pick(q.random, []scim.Scope{everyone, everyone, everyone, {Manager: entra}, {Manager: okta}, {Manager: entra, AndNative: true}, {AndNative: true}, {}})
	filters, orders, kind := modelUserFilters, modelUserOrders, byte('u')
	if o.do == listGroups {
		filters, orders, kind = modelGroupFilters, modelGroupOrders, 'g'
	}
	if q.often(55) {
		o.filter = q.filter(pick(q.random, filters), o.tenant)
	}
	if q.often(20) {
		o.by = handles{given: true}
		for range q.random.IntN(4) {
			o.by.some = append(o.by.some, q.some(kind, o.tenant))
		}
	}
	o.limit = pick(q.random, []int{0, 1, 2, 3, 5, unlimited, unlimited})
	o.total = q.often(60)
	if q.often(40) {
		o.offset = q.random.IntN(6)
	}
	o.sort, o.descending = pick(q.random, orders), q.often(40)
	o.misplaced = q.often(2)
	o.walk = !o.misplaced && q.often(20)
	if o.misplaced {
		o.offset = 0
	}
	if o.walk {
		o.limit = 1 + q.random.IntN(3)
	}
	q.listings = append(q.listings, *o)
}

// carryOn makes a listing that continues an earlier one of its tenant.
func (q *sequencer) carryOn(o *operation) bool {
	earlier := q.listings[len(q.listings)-1-q.random.IntN(min(len(q.listings), 12))]
	if earlier.do != o.do || earlier.misplaced || earlier.walk || earlier.limit == 0 {
		return false
	}
	o.tenant, o.listing = earlier.tenant, earlier.listing
	o.continues, o.number = earlier.number, len(q.listings)+1
	o.backwards, o.offset = q.often(35), 0
	o.limit, o.total = 1+q.random.IntN(4), q.often(50)
	q.listings = append(q.listings, *o)
	return true
}

func (q *sequencer) filter(text string, tenant scim.TenantID) string {
	for strings.Contains(text, "%n") {
		text = strings.Replace(text, "%n", quoted(pick(q.random, modelNames)), 1)
	}
	for strings.Contains(text, "%m") {
		text = strings.Replace(text, "%m", quoted(pick(q.random, modelMails)), 1)
	}
	for _, kind := range []byte{'u', 'g'} {
		for strings.Contains(text, "%"+string(kind)) {
			h := q.some(kind, tenant)
			if !madeHandle.MatchString(strings.TrimPrefix(string(h), "~")) {
				h = handle(fmt.Sprintf("%c%d", kind, q.made[kind]+7)) // nobody
			}
			text = strings.Replace(text, "%"+string(kind), fmt.Sprintf("{%s}", h), 1)
		}
	}
	return text
}

// quoted writes a text as a filter does: in JSON, which all of these are already.
func quoted(s string) string { return `"` + s + `"` }
