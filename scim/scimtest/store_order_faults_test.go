package scimtest

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// ordered answers sorted queries in another order, but for pages that are reached by a position.
func (h *userHooks) ordered(compare func(o scim.Order, a, b scim.User) int) {
	next := h.users
	h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
		if q.Sort.By.IsZero() || q.After+q.Before != "" {
			return next(c, t, q)
		}
		all := q
		all.Sort, all.Offset, all.Limit = scim.Order{}, 0, math.MaxInt32
		p, err := next(c, t, all)
		slices.SortStableFunc(p.Items, func(a, b scim.User) int { return compare(q.Sort, a, b) })
		p.Items = p.Items[min(q.Offset, len(p.Items)):]
		more := len(p.Items) > q.Limit
		p.Items = p.Items[:min(q.Limit, len(p.Items))]
		if n := len(p.Items); n > 0 && more {
			p.Next = q.Sort.Position(&p.Items[n-1], p.Items[n-1].ID)
		}
		if n := len(p.Items); n > 0 && q.Offset > 0 {
			p.Previous = q.Sort.Position(&p.Items[0], p.Items[0].ID)
		}
		return p, err
	}
}

// Hooks by which nothing is changed break nothing: what is found is the fault, and not the hook.
func TestOrderHooks(t *testing.T) {
	for _, name := range []string{"sorted listings", "sorted users", "long sort keys", "pages by position", "positions hold", "no such position"} {
		p, h := named(t, userPromises, name), userHooksOf(new(scim.MemoryStore))
		h.ordered(thenByID(sortKey))
		h.positioned(func(c ctx, tenant tenant, q *scim.Query, position *string) { h.at(c, tenant, q, *position) })
		if notes := record(t, func(r reporter) { tryUsers(r, p, h) }); len(notes) > 0 {
			t.Errorf("%s: %s", name, notes[0])
		}
	}
}

// sortKeys compares by keys that may be made in a wrong way. Ties stay as they are.
func sortKeys(key func(o scim.Order, u *scim.User) (string, bool)) func(o scim.Order, a, b scim.User) int {
	return func(o scim.Order, a, b scim.User) int {
		x, has := key(o, &a)
		y, hasToo := key(o, &b)
		order := strings.Compare(x, y)
		if has != hasToo {
			order = -1
			if hasToo {
				order = 1
			}
		}
		if o.Descending {
			return -order
		}
		return order
	}
}

// thenByID is a whole order: by keys that may be made in a wrong way, then by IDs, and the reverse.
func thenByID(key func(o scim.Order, u *scim.User) (string, bool)) func(o scim.Order, a, b scim.User) int {
	return func(o scim.Order, a, b scim.User) int {
		if o.Descending {
			a, b = b, a
		}
		return cmp.Or(sortKeys(key)(scim.Order{By: o.By}, a, b), strings.Compare(a.ID, b.ID))
	}
}

func sortKey(o scim.Order, u *scim.User) (string, bool) { return o.By.SortKey(u) }

// unfolded is the value itself where a key is made of text.
func unfolded(o scim.Order, u *scim.User) (string, bool) {
	key, ok := sortKey(o, u)
	if by := o.By; ok && by.Kind() == filter.String && !by.Multi() && (by.Parent().IsZero() || !by.Parent().Multi()) {
		key = u.Value(by, 0).Text
	}
	return key, ok
}

// positioned changes the position a query goes on from, or ends before.
func (h *userHooks) positioned(change func(c ctx, t tenant, q *scim.Query, position *string)) {
	next := h.users
	h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
		switch {
		case q.After != "":
			change(c, t, &q, &q.After)
		case q.Before != "":
			change(c, t, &q, &q.Before)
		}
		return next(c, t, q)
	}
}

// userOrderFaults break what is promised of sorted listings and of positions.
var userOrderFaults = []struct {
	fault, breaks string
	plant         func(*userHooks)
}{
	{"no order but that of IDs", "sorted listings", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Sort = scim.Order{} })
	}},
	{"descending is ascending", "sorted listings", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Sort.Descending = false })
	}},
	{"the order of IDs is never descending", "sorted listings", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Sort.Descending = q.Sort.Descending && !q.Sort.By.IsZero() })
	}},
	{"ascending is descending", "sorted listings", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Sort.Descending = q.Sort.Descending != !q.Sort.By.IsZero() })
	}},
	{"ties are ascending in a descending listing", "sorted listings", func(h *userHooks) {
		h.ordered(sortKeys(sortKey))
	}},
	{"ties are ordered by name", "sorted listings", func(h *userHooks) {
		h.ordered(func(o scim.Order, a, b scim.User) int {
			order := cmp.Or(sortKeys(sortKey)(scim.Order{By: o.By}, a, b), strings.Compare(a.UserName, b.UserName))
			if o.Descending {
				return -order
			}
			return order
		})
	}},
	{"without a value first", "sorted listings", func(h *userHooks) {
		h.ordered(func(o scim.Order, a, b scim.User) int {
			x, _ := sortKey(o, &a)
			y, _ := sortKey(o, &b)
			order := cmp.Or(strings.Compare(x, y), strings.Compare(a.ID, b.ID))
			if o.Descending {
				return -order
			}
			return order
		})
	}},
	{"without a value last, in a descending listing too", "sorted listings", func(h *userHooks) {
		h.ordered(func(o scim.Order, a, b scim.User) int {
			_, has := sortKey(o, &a)
			_, hasToo := sortKey(o, &b)
			order := cmp.Or(sortKeys(sortKey)(scim.Order{By: o.By}, a, b), strings.Compare(a.ID, b.ID))
			if o.Descending && has == hasToo {
				return -order
			}
			return order
		})
	}},
	{"names are sorted with case", "sorted listings", func(h *userHooks) {
		h.ordered(thenByID(unfolded))
	}},
	{"names are sorted as a language has it", "sorted listings", func(h *userHooks) {
		plain := strings.NewReplacer("É", "E", "é", "e")
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			return plain.Replace(key), ok
		}))
	}},
	{"external IDs are sorted without case", "sorted listings", func(h *userHooks) {
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			return filter.Fold(key), ok
		}))
	}},
	{"times are sorted as text", "sorted listings", func(h *userHooks) {
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			if o.By.Kind() == filter.DateTime {
				key = u.Value(o.By, 0).Time().Format(time.RFC3339Nano)
			}
			return key, ok
		}))
	}},
	{"a page is sorted, and not the listing", "sorted listings", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			o := q.Sort
			q.Sort = scim.Order{}
			p, err := next(c, t, q)
			p.Items = inOrder(p.Items, o, func(u scim.User) filter.Resource { return &u })
			return p, err
		}
	}},
	{"a sorted page begins at the first", "sorted listings", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if !q.Sort.By.IsZero() {
				q.Offset = 0
			}
		})
	}},
	{"a sorted listing has no scope", "sorted listings", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Scope.All = q.Scope.All || !q.Sort.By.IsZero() })
	}},
	{"a sorted listing has no filter", "sorted listings", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if !q.Sort.By.IsZero() {
				q.Filter = nil
			}
		})
	}},
	{"a sorted listing ignores IDs", "sorted listings", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if !q.Sort.By.IsZero() {
				q.IDs = nil
			}
		})
	}},
	{"the total of a sorted page is that of the page", "sorted listings", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if q.Total && !q.Sort.By.IsZero() {
				p.Total = len(p.Items)
			}
		})
	}},
	{"a sorted page is counted unasked", "sorted listings", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) { p.Total = max(p.Total, 0) })
	}},

	{"the first element counts, if another is primary too", "sorted users", func(h *userHooks) {
		h.ordered(func(o scim.Order, a, b scim.User) int {
			for _, u := range []*scim.User{&a, &b} {
				u.Emails, u.Roles = slices.Clone(u.Emails), slices.Clone(u.Roles)
				for i := range u.Emails {
					u.Emails[i].Primary = false
				}
			}
			return thenByID(sortKey)(o, a, b)
		})
	}},
	{"the least element counts", "sorted users", func(h *userHooks) {
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			if o.By.String() == hostURN+":tags" {
				for i := range u.Len(o.By) {
					key = min(key, o.By.Key(u.Value(o.By, i)))
				}
			}
			return key, ok
		}))
	}},
	{"a list is sorted by nothing", "sorted users", func(h *userHooks) {
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			return key, ok && !o.By.Multi()
		}))
	}},
	{"integers are sorted as text", "sorted users", func(h *userHooks) {
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			if ok && o.By.Kind() == filter.Integer && o.By.Parent().IsZero() {
				key = strconv.FormatInt(u.Value(o.By, 0).Int, 10)
			}
			return key, ok
		}))
	}},
	{"integers are sorted as floats", "sorted users", func(h *userHooks) {
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			if ok && o.By.Kind() == filter.Integer && o.By.Parent().IsZero() {
				key = o.By.Key(filter.Value{Kind: filter.Integer, Int: int64(float64(u.Value(o.By, 0).Int))})
			}
			return key, ok
		}))
	}},
	{"false is no value", "sorted users", func(h *userHooks) {
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			return key, ok && (o.By.Kind() != filter.Boolean || key == "1")
		}))
	}},
	{"extensions are not sorted by", "sorted users", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if !q.Sort.By.IsZero() && q.Sort.By.URN() != "" {
				q.Sort = scim.Order{}
			}
		})
	}},
	{"a manager is no value", "sorted users", func(h *userHooks) {
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			return key, ok && !strings.HasSuffix(o.By.String(), ":manager")
		}))
	}},
	{"a long value is sorted by its beginning", "long sort keys", func(h *userHooks) {
		h.ordered(thenByID(func(o scim.Order, u *scim.User) (string, bool) {
			key, ok := sortKey(o, u)
			return key[:min(len(key), 1000)], ok
		}))
	}},
	{"a position has the beginning of a long value", "long sort keys", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if len(p.Items) == 0 {
				return
			}
			for _, position := range []*string{&p.Next, &p.Previous} {
				u := p.Items[len(p.Items)-1]
				if position == &p.Previous {
					u = p.Items[0]
				}
				u.Title = u.Title[:min(len(u.Title), 1000)]
				if *position != "" {
					*position = q.Sort.Position(&u, u.ID)
				}
			}
		})
	}},
	{"a long value that is gone begins anew", "long sort keys", func(h *userHooks) {
		h.positioned(func(c ctx, t tenant, q *scim.Query, position *string) {
			if p, _ := q.Sort.Place(*position); p.Long {
				if _, err := h.user(c, t, p.ID); err != nil {
					*position = ""
				}
			}
		})
	}},

	{"Next is the first of the page", "pages by position", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if p.Next != "" {
				p.Next = q.Sort.Position(&p.Items[0], p.Items[0].ID)
			}
		})
	}},
	{"Previous is the last of the page", "pages by position", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if p.Previous != "" {
				last := p.Items[len(p.Items)-1]
				p.Previous = q.Sort.Position(&last, last.ID)
			}
		})
	}},
	{"Next is the one behind the page", "pages by position", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			p, err := next(c, t, q)
			if p.Next != "" {
				q.After, q.Before, q.Offset, q.Limit = p.Next, "", 0, 1
				behind, _ := next(c, t, q)
				p.Next = q.Sort.Position(&behind.Items[0], behind.Items[0].ID)
			}
			return p, err
		}
	}},
	{"a position goes on with its own user", "pages by position", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			p, err := next(c, t, q)
			if at, _ := q.Sort.Place(q.After); err == nil && at.ID != "" && q.Limit > 0 {
				u, _ := h.user(c, t, at.ID)
				p.Items = slices.Insert(p.Items, 0, u)[:min(q.Limit, len(p.Items)+1)]
			}
			return p, err
		}
	}},
	{"the last full page is not known to be the last", "pages by position", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if n := len(p.Items); n > 0 && n == q.Limit {
				p.Next = q.Sort.Position(&p.Items[n-1], p.Items[n-1].ID)
			}
		})
	}},
	{"the last page is not named", "pages by position", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if q.After != "" && len(p.Items) > 1 {
				p.Next = ""
			}
		})
	}},
	{"the first page names one before it", "pages by position", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if len(p.Items) > 0 {
				p.Previous = q.Sort.Position(&p.Items[0], p.Items[0].ID)
			}
		})
	}},
	{"there is no way back", "pages by position", func(h *userHooks) {
		h.answered(func(_ scim.Query, p *users) { p.Previous = "" })
	}},
	{"there is no way forth again", "pages by position", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if q.Before != "" {
				p.Next = ""
			}
		})
	}},
	{"a page that was reached by its offset names nothing", "pages by position", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if q.Offset > 0 {
				p.Next, p.Previous = "", ""
			}
		})
	}},
	{"an empty page names the next one", "pages by position", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if len(p.Items) == 0 {
				p.Next = q.After
			}
		})
	}},
	{"the page before is the first", "pages by position", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Before = "" })
	}},
	{"the page before is that behind", "pages by position", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if q.Before != "" {
				q.After, q.Before = q.Before, ""
			}
		})
	}},
	{"the page before is in reverse", "pages by position", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if q.Before != "" {
				slices.Reverse(p.Items)
			}
		})
	}},
	{"the page before has the first that are before, not the last", "pages by position", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			if limit := q.Limit; q.Before != "" {
				q.Limit = math.MaxInt32
				p, err := next(c, t, q)
				p.Items = p.Items[:min(limit, len(p.Items))]
				return p, err
			}
			return next(c, t, q)
		}
	}},
	{"a next page has no filter", "pages by position", func(h *userHooks) {
		h.positioned(func(_ ctx, _ tenant, q *scim.Query, _ *string) { q.Filter = nil })
	}},
	{"a next page has no scope", "pages by position", func(h *userHooks) {
		h.positioned(func(_ ctx, _ tenant, q *scim.Query, _ *string) { q.Scope.All = true })
	}},
	{"the total counts from the position", "pages by position", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			p, err := next(c, t, q)
			if q.After != "" {
				q.Limit = math.MaxInt32
				rest, _ := next(c, t, q)
				p.Total = len(rest.Items)
			}
			return p, err
		}
	}},
	{"positions forget the direction", "pages by position", func(h *userHooks) {
		h.positioned(func(_ ctx, _ tenant, q *scim.Query, _ *string) { q.Sort.Descending = false })
	}},
	{"positions among ties begin behind all of them", "pages by position", func(h *userHooks) {
		h.positioned(func(c ctx, t tenant, q *scim.Query, position *string) {
			if u, ok := h.at(c, t, q, *position); ok && !q.Sort.By.IsZero() {
				*position = q.Sort.Position(&u, "\xff")
			}
		})
	}},

	{"a position is lost with its user", "positions hold", func(h *userHooks) {
		h.positioned(func(c ctx, t tenant, q *scim.Query, position *string) {
			if _, ok := h.at(c, t, q, *position); !ok {
				*position = "\xff"
			}
		})
	}},
	{"a position begins anew when its user is gone", "positions hold", func(h *userHooks) {
		h.positioned(func(c ctx, t tenant, q *scim.Query, position *string) {
			if _, ok := h.at(c, t, q, *position); !ok {
				*position = ""
			}
		})
	}},
	{"a position is where its user is now", "positions hold", func(h *userHooks) {
		h.positioned(func(c ctx, t tenant, q *scim.Query, position *string) {
			if u, ok := h.at(c, t, q, *position); ok {
				*position = q.Sort.Position(&u, u.ID)
			}
		})
	}},
	{"positions are offsets", "positions hold", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			if q.After != "" {
				q.Offset, _ = strconv.Atoi(q.After)
			}
			if q.Before != "" {
				to, _ := strconv.Atoi(q.Before)
				q.Offset = max(to-q.Limit, 0)
				q.Limit = to - q.Offset
			}
			q.After, q.Before = "", ""
			p, err := next(c, t, q)
			if p.Next != "" {
				p.Next = strconv.Itoa(q.Offset + len(p.Items))
			}
			if p.Previous != "" {
				p.Previous = strconv.Itoa(q.Offset)
			}
			return p, err
		}
	}},

	{"what is no position is the beginning", "no such position", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			p, err := next(c, t, q)
			if errors.Is(err, scim.ErrPosition) {
				q.After, q.Before = "", ""
				return next(c, t, q)
			}
			return p, err
		}
	}},
	{"what is no position is the end", "no such position", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			p, err := next(c, t, q)
			if errors.Is(err, scim.ErrPosition) {
				return users{}, nil
			}
			return p, err
		}
	}},
	{"what is no position is another error", "no such position", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			p, err := next(c, t, q)
			if errors.Is(err, scim.ErrPosition) && q.Before != "" {
				err = errors.New("cannot be read")
			}
			return p, err
		}
	}},
	{"a position is not read where nothing is listed", "no such position", func(h *userHooks) {
		h.positioned(func(_ ctx, _ tenant, q *scim.Query, position *string) {
			if q.Limit == 0 {
				*position = ""
			}
		})
	}},
	{"a position of another order is taken for one of this", "no such position", func(h *userHooks) {
		h.positioned(func(_ ctx, _ tenant, q *scim.Query, position *string) {
			o := scim.Order{}
			if q.Sort.By.IsZero() {
				o.By, _ = must(scim.UserRegistry()).Ref("userName")
			}
			if p, err := o.Place(*position); err == nil {
				*position = q.Sort.Position(&scim.User{UserName: p.Key}, p.ID)
			}
		})
	}},
}

// at returns the user that a position was made of, if it is there.
func (h *userHooks) at(c ctx, t tenant, q *scim.Query, position string) (scim.User, bool) {
	p, err := q.Sort.Place(position)
	if err != nil {
		return scim.User{}, false
	}
	u, err := h.user(c, t, p.ID)
	return u, err == nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// groupOrderFaults show that the suite of groups asks for the same.
var groupOrderFaults = []struct {
	fault, breaks string
	plant         func(*groupHooks)
}{
	{"no order but that of IDs", "sorted listings", func(h *groupHooks) {
		h.queried(func(q *scim.Query) { q.Sort = scim.Order{} })
	}},
	{"the page before is the first", "pages by position", func(h *groupHooks) {
		h.queried(func(q *scim.Query) { q.Before = "" })
	}},
	{"a position is lost with its group", "positions hold", func(h *groupHooks) {
		next := h.groups
		h.groups = func(c ctx, t tenant, q scim.Query) (groups, error) {
			if p, _ := q.Sort.Place(q.After); p.ID != "" {
				if _, err := h.group(c, t, p.ID); err != nil {
					return groups{}, scim.ErrPosition
				}
			}
			return next(c, t, q)
		}
	}},
	{"what is no position is the end", "no such position", func(h *groupHooks) {
		next := h.groups
		h.groups = func(c ctx, t tenant, q scim.Query) (groups, error) {
			p, err := next(c, t, q)
			if errors.Is(err, scim.ErrPosition) {
				return groups{}, nil
			}
			return p, err
		}
	}},
}

// queried changes what is asked of the store.
func (h *groupHooks) queried(change func(*scim.Query)) {
	next := h.groups
	h.groups = func(c ctx, t tenant, q scim.Query) (groups, error) {
		change(&q)
		return next(c, t, q)
	}
}
