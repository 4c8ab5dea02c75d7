package scimtest

import (
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

func pagesByPosition(t *trial) {
	orders := []scim.Order{t.by("", false), t.by("", true), t.by(t.nameAttribute(), false), t.by("externalId", true), t.by("meta.created", false), t.by("meta.created", true)}
	t.orders(orders, func(q scim.Query, want []string) {
		for _, size := range []int{1, 7, len(want), 100} {
			t.leads(q, want, size)
		}
		t.leadsFrom(q, want, 5, 4)
	})
}

// leads follows the positions that pages of a size name: to the end of a listing, and back.
func (t *trial) leads(q scim.Query, want []string, size int) {
	t.Helper()
	q.Limit, q.Total = size, true
	var p scim.Page[item]
	from := 0
	for ; from < len(want); from += size {
		if p = t.page(red, q); !t.between(p, q, want, from, min(from+size, len(want))) {
			return // what follows would be about other things
		}
		q.After = p.Next
	}
	q.After = ""
	for to := from - size; to > 0; to -= size {
		q.Before = p.Previous
		if p = t.page(red, q); !t.between(p, q, want, max(to-size, 0), to) {
			return
		}
	}
}

// leadsFrom turns around in the middle, on a page that was reached by its offset.
func (t *trial) leadsFrom(q scim.Query, want []string, offset, limit int) {
	t.Helper()
	q.Offset, q.Limit = offset, limit
	p := t.page(red, q)
	to := min(offset+limit, len(want))
	if !t.between(p, q, want, offset, to) || to == len(want) {
		return
	}
	q.Offset = 0
	back, forth, none := q, q, q
	back.Before, back.Limit = p.Previous, 2 // the page may have another size
	t.between(t.page(red, back), back, want, offset-2, offset)
	forth.After, forth.Limit = p.Next, 3
	t.between(t.page(red, forth), forth, want, to, min(to+3, len(want)))
	none.After, none.Limit, none.Total = p.Next, 0, true
	t.between(t.page(red, none), none, want, to, to)
	none.After, none.Before = "", p.Previous
	t.between(t.page(red, none), none, want, to, to)
}

// between expects the page with want[from:to], and that it names what is on either side.
func (t *trial) between(p scim.Page[item], q scim.Query, want []string, from, to int) bool {
	t.Helper()
	total, before, after := len(want), from > 0, to < len(want)
	if !q.Total {
		total = -1
	}
	if from == to {
		before, after = false, false
	}
	if !slices.Equal(idsOf(p.Items), want[from:to]) || p.Total != total || (p.Previous != "") != before || (p.Next != "") != after {
		t.broken("%s, after %q, before %q, limit %d: %q, total %d, previous %t, next %t;\nwant %q, total %d, previous %t, next %t", wording(q), q.After, q.Before, q.Limit,
			idsOf(p.Items), p.Total, p.Previous != "", p.Next != "", want[from:to], total, before, after)
		return false
	}
	return true
}

func positionsHold(t *trial) {
	for _, o := range []scim.Order{t.by("", false), t.by("", true), t.by(t.nameAttribute(), false), t.by(t.nameAttribute(), true), t.by("externalId", false)} {
		for _, f := range []*filter.Bound{nil, t.filter(t.nameAttribute() + ` pr`)} {
			for _, gone := range []bool{true, false} {
				t.disturb(scim.Query{Sort: o, Filter: f, Scope: scim.Scope{Manager: entra}}, gone)
				for _, i := range t.all(red, scim.Query{Scope: everyone}) {
					t.drop(red, i.ID)
				}
			}
		}
	}
}

// disturb reads a listing of twelve in pages of three, and changes it between them. Where the first
// page ended somebody is gone afterwards, or renamed.
func (t *trial) disturb(q scim.Query, gone bool) {
	for n, name := range []string{"D", "k", "b", "L", "f", "a", "h", "C", "j", "E", "g", "I"} {
		i := t.newItem(entra, name)
		i.ExternalID = []string{"x1", "", "x2"}[n%3]
		t.store(red, i)
	}
	q.Limit = 3
	was := idsOf(t.all(red, q))
	if len(was) != 12 {
		t.broken("of 12 resources %d are listed", len(was))
		t.FailNow()
	}
	steady := func(ids ...string) (left []string) { // without who came or was renamed, and the first three
		for _, id := range ids {
			if slices.Contains(was[3:], id) && id != was[7] {
				left = append(left, id)
			}
		}
		return left
	}
	rename := func(id, name string) {
		i := t.read(red, id)
		i.Name, i.ExternalID = name, "x"+name
		t.change(red, i)
	}

	first := t.page(red, q)
	t.drop(red, was[0])
	rename(was[1], "zz")
	rename(was[7], "aa")
	if gone {
		t.drop(red, was[2])
	} else {
		rename(was[2], map[bool]string{false: "zx", true: "ac"}[q.Sort.Descending]) // to the other end
	}
	t.make(red, entra, "ab")
	t.make(red, entra, "Zy")
	q.After = first.Next
	second := t.page(red, q)
	q.After = second.Next
	for _, i := range second.Items {
		t.drop(red, i.ID)
	}
	seen := idsOf(second.Items)
	var last scim.Page[item]
	for range 5 { // at most eleven are left
		last = t.page(red, q)
		seen = append(seen, idsOf(last.Items)...)
		if q.After = last.Next; q.After == "" {
			break
		}
	}
	t.equal(steady(seen...), steady(was...), "%s: on the way, without those that came or were renamed", wording(q))

	if len(last.Items) == 0 {
		return // which is reported
	}

	// And back, from an end that is gone as well.
	t.drop(red, last.Items[0].ID)
	q.After, q.Before, seen = "", last.Previous, idsOf(last.Items)
	for range 5 {
		p := t.page(red, q)
		seen = append(idsOf(p.Items), seen...)
		if q.Before = p.Previous; q.Before == "" {
			break
		}
	}
	left := slices.DeleteFunc(steady(was...), func(id string) bool {
		return slices.ContainsFunc(second.Items, func(i item) bool { return i.ID == id })
	})
	t.equal(steady(seen...), left, "%s: on the way back", wording(q))
}

func noSuchPosition(t *trial) {
	t.assorted()
	plain := scim.Query{Scope: everyone, Limit: 5}
	sorted := plain
	sorted.Sort = t.by(t.nameAttribute(), false)
	next := map[bool]string{false: t.page(red, plain).Next, true: t.page(red, sorted).Next}
	for isSorted, q := range map[bool]scim.Query{false: plain, true: sorted} {
		for _, position := range []string{"\xff", "\x00", "\x00\x00", "k\x7fx", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffx", strings.Repeat("\xff", 3_000), next[!isSorted]} {
			for _, limit := range []int{0, 5} {
				q.Limit, q.Total = limit, limit == 0
				after, before := q, q
				after.After, before.Before = position, position
				_, err := t.list(t.Context(), red, after)
				t.refused(err, scim.ErrPosition, "sorted %t, after %.20q, limit %d", isSorted, position, limit)
				_, err = t.list(t.Context(), red, before)
				t.refused(err, scim.ErrPosition, "sorted %t, before %.20q, limit %d", isSorted, position, limit)
			}
		}
	}
}
