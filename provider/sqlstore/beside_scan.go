package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/scim"
)

// named returns the IDs of all who could be in the answer, where a query names them and the database
// has no index by which it would find their accounts.
func (b *Beside) named(ctx context.Context, tx Tx, l *besideListing) (ids []string, known bool, err error) {
	native := l.q.Scope.All || l.q.Scope.AndNative
	for ref, v := range l.q.Filter.Equalities() {
		id := ""
		switch path := ref.String(); {
		case path == "id" && native:
			id = v.Text
		case path == "userName" && b.Columns[path] == "":
			if id, err = b.accounts.Find(ctx, tx, l.tenant, v.Text); err != nil && !errors.Is(err, scim.ErrNotFound) {
				return nil, false, err
			}
		default:
			continue
		}
		if id == "" || l.q.IDs != nil && !slices.Contains(l.q.IDs, id) {
			return nil, true, nil
		}
		return []string{id}, true, nil
	}
	if native && l.q.IDs != nil {
		return slices.Compact(slices.Sorted(slices.Values(l.q.IDs))), true, nil
	}
	return nil, false, nil
}

// A placed is a user in a listing.
type placed struct {
	scim.Place
	user *scim.User // nil if there are too many to keep
}

func placeOf(o scim.Order, u *scim.User) scim.Place {
	p := scim.Place{ID: u.ID}
	if !o.By.IsZero() {
		key, ok := o.By.SortKey(u)
		p.Key, p.Absent = key, !ok
	}
	return p
}

// scan answers a query by looking at users one by one: at those with the IDs, or at all that the
// database cannot rule out.
func (b *Beside) scan(ctx context.Context, tx Tx, l *besideListing, ids []string, known bool) (page scim.Page[scim.User], err error) {
	page.Total = -1
	if !known {
		if ids, err = column[string](ctx, tx, l.candidates()); err != nil {
			return page, err
		}
		if len(ids) > b.ScanLimit {
			return page, tooMany(b.ScanLimit)
		}
	}
	found, err := b.match(ctx, tx, l, ids)
	if err != nil {
		return page, err
	}
	if l.q.Total {
		page.Total = len(found)
	}
	slices.SortFunc(found, func(a, b placed) int { return l.compare(a.Place, b.Place) })
	found = slices.DeleteFunc(found, func(p placed) bool { return l.placed && l.compare(p.Place, l.place) <= 0 })
	found = found[min(l.q.Offset, len(found)):]
	more := len(found) > l.q.Limit
	if page.Items, err = b.load(ctx, tx, l.tenant, found[:min(l.q.Limit, len(found))]); err != nil {
		return page, err
	}
	finish(l.listing, &page, more, ofUsers.view)
	return page, nil
}

func tooMany(limit int) error {
	return &scim.Refusal{Status: http.StatusBadRequest, Type: "tooMany", Detail: fmt.Sprintf(
		"this filter or order asks for what no index has, and more than %d users would have to be looked at for it; narrow the filter, as by userName, externalId or an e-mail address", limit)}
}

// match returns who of ids is in the answer. It keeps them if that is not more than one batch.
func (b *Beside) match(ctx context.Context, tx Tx, l *besideListing, ids []string) (found []placed, err error) {
	for batch := range slices.Chunk(ids, besideBatch) {
		users, err := b.read(ctx, tx, l.tenant, batch, false)
		if err != nil {
			return nil, err
		}
		for i := range users {
			u := &users[i].User
			if !l.q.Scope.Sees(u.ManagedBy) || !l.q.Filter.Match(u) {
				continue
			}
			p := placed{Place: placeOf(l.q.Sort, u)}
			if len(ids) <= besideBatch {
				p.user = u
			}
			found = append(found, p)
		}
	}
	return found, nil
}

// load returns the users of a page.
func (b *Beside) load(ctx context.Context, tx Tx, tenant scim.TenantID, page []placed) (out []scim.User, err error) {
	if len(page) == 0 {
		return nil, nil
	}
	if page[0].user == nil {
		ids := make([]string, len(page))
		for i, p := range page {
			ids[i] = p.ID
		}
		users, err := b.read(ctx, tx, tenant, ids, false)
		return asUsers(users), err
	}
	for _, p := range page {
		out = append(out, *p.user)
	}
	return out, nil
}

// compare says which of two places is read first.
func (l *besideListing) compare(a, b scim.Place) int {
	if l.descending() {
		a, b = b, a
	}
	absent := func(p scim.Place) int {
		if p.Absent {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(absent(a), absent(b)), strings.Compare(a.Key, b.Key), strings.Compare(a.ID, b.ID))
}
