package scimtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

type (
	ctx    = context.Context
	tenant = scim.TenantID
	users  = scim.Page[scim.User]
)

// userHooks is a store of users in which each method can be replaced.
type userHooks struct {
	create func(ctx, tenant, scim.User) (scim.User, error)
	user   func(ctx, tenant, string) (scim.User, error)
	users  func(ctx, tenant, scim.Query) (users, error)
	update func(ctx, tenant, scim.User) (scim.User, error)
	remove func(ctx, tenant, string, string) error
}

func userHooksOf(s scim.UserStore) *userHooks {
	return &userHooks{s.CreateUser, s.User, s.Users, s.UpdateUser, s.DeleteUser}
}

func (h *userHooks) CreateUser(c ctx, t tenant, u scim.User) (scim.User, error) {
	return h.create(c, t, u)
}
func (h *userHooks) User(c ctx, t tenant, id string) (scim.User, error) { return h.user(c, t, id) }
func (h *userHooks) Users(c ctx, t tenant, q scim.Query) (users, error) { return h.users(c, t, q) }
func (h *userHooks) UpdateUser(c ctx, t tenant, u scim.User) (scim.User, error) {
	return h.update(c, t, u)
}
func (h *userHooks) DeleteUser(c ctx, t tenant, id, version string) error {
	return h.remove(c, t, id, version)
}

// in changes what is written, out what is read.
func (h *userHooks) in(change func(*scim.User)) {
	create, update := h.create, h.update
	h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		change(&u)
		return create(c, t, u)
	}
	h.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		change(&u)
		return update(c, t, u)
	}
}

func (h *userHooks) out(change func(*scim.User)) {
	create, update, user, list := h.create, h.update, h.user, h.users
	h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		u, err := create(c, t, u)
		change(&u)
		return u, err
	}
	h.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		u, err := update(c, t, u)
		change(&u)
		return u, err
	}
	h.user = func(c ctx, t tenant, id string) (scim.User, error) {
		u, err := user(c, t, id)
		change(&u)
		return u, err
	}
	h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
		p, err := list(c, t, q)
		for i := range p.Items {
			change(&p.Items[i])
		}
		return p, err
	}
}

// asked changes queries, answered the answers.
func (h *userHooks) asked(change func(*scim.Query)) {
	next := h.users
	h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
		change(&q)
		return next(c, t, q)
	}
}

func (h *userHooks) answered(change func(scim.Query, *users)) {
	next := h.users
	h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
		p, err := next(c, t, q)
		change(q, &p)
		return p, err
	}
}

// sorted answers queries in another order.
func (h *userHooks) sorted(order func([]scim.User)) {
	next := h.users
	h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
		offset, limit := q.Offset, q.Limit
		q.Offset, q.Limit = 0, math.MaxInt32
		p, err := next(c, t, q)
		order(p.Items)
		p.Items = p.Items[min(offset, len(p.Items)):]
		p.Items = p.Items[:min(limit, len(p.Items))]
		return p, err
	}
}

// updated changes what an update answers, or does.
func (h *userHooks) updated(f func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error)) {
	update := h.update
	h.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		return f(func(u scim.User) (scim.User, error) { return update(c, t, u) }, c, t, u)
	}
}

func isConflict(err error) bool {
	var c *scim.ConflictError
	return errors.As(err, &c)
}

// pause lets others run between two steps that should have been one.
func pause() { time.Sleep(time.Millisecond) }

// swap puts one character for another where texts are written, and back where they are read.
func swap(s *string, from, to string) { *s = strings.ReplaceAll(*s, from, to) }

var userFaults = []struct {
	fault, breaks string
	plant         func(*userHooks)
}{
	{"photos are not kept", "every attribute", func(h *userHooks) {
		h.in(func(u *scim.User) { u.Photos = nil })
	}},
	{"times are kept in seconds", "every attribute", func(h *userHooks) {
		h.out(func(u *scim.User) { u.LastModified = u.LastModified.Truncate(time.Second) })
	}},
	{"listings leave addresses out", "every attribute", func(h *userHooks) {
		h.answered(func(_ scim.Query, p *users) {
			for i := range p.Items {
				p.Items[i].Addresses = nil
			}
		})
	}},
	{"an empty attribute keeps its old value", "every attribute", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			if u.NickName == "" {
				old, _ := h.user(c, t, u.ID)
				u.NickName = old.NickName
			}
			return next(u)
		})
	}},
	{"second values are lost", "every attribute", func(h *userHooks) {
		h.in(func(u *scim.User) { u.Roles = u.Roles[:min(1, len(u.Roles))] })
	}},

	{"integers pass through a float", "dynamic values", func(h *userHooks) {
		h.out(dynamicFault(func(v any) any {
			if n, ok := v.(int64); ok && (n > 1<<53 || n < -1<<53) {
				return n &^ 1023
			}
			return v
		}))
	}},
	{"integers become floats", "dynamic values", func(h *userHooks) {
		h.out(dynamicFault(func(v any) any {
			if n, ok := v.(int64); ok {
				return float64(n)
			}
			return v
		}))
	}},
	{"bytes become text", "dynamic values", func(h *userHooks) {
		h.out(dynamicFault(func(v any) any {
			if b, ok := v.([]byte); ok {
				return string(b)
			}
			return v
		}))
	}},
	{"times become text", "dynamic values", func(h *userHooks) {
		h.out(dynamicFault(func(v any) any {
			if t, ok := v.(time.Time); ok {
				return t.Format(time.RFC3339Nano)
			}
			return v
		}))
	}},

	{"Adopted is lost in an update", "facts of the host", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			u.Adopted = false
			return next(u)
		})
	}},
	{"values are cut at 255 bytes", "long values", func(h *userHooks) {
		h.in(func(u *scim.User) { u.Title = u.Title[:min(254, len(u.Title))] })
	}},

	{"the lists of the caller are kept", "users are copied in", func(h *userHooks) {
		kept := make(map[string][]scim.MultiValue)
		h.in(func(u *scim.User) { kept[u.ID] = u.Emails })
		h.out(func(u *scim.User) { u.Emails = kept[u.ID] })
	}},
	{"the lists of the caller are put in order", "users are copied in", func(h *userHooks) {
		h.in(func(u *scim.User) {
			slices.SortFunc(u.Roles, func(a, b scim.MultiValue) int { return strings.Compare(a.Value, b.Value) })
		})
	}},
	{"the maps of the caller are kept", "users are copied in", func(h *userHooks) {
		kept := make(map[string]map[string]scim.Object)
		h.in(func(u *scim.User) { kept[u.ID] = u.Extensions })
		h.out(func(u *scim.User) { u.Extensions = kept[u.ID] })
	}},
	{"two readers get one list", "users are copied out", func(h *userHooks) {
		kept := make(map[string][]scim.MultiValue)
		h.out(func(u *scim.User) {
			if kept[u.ID] == nil {
				kept[u.ID] = u.IMs
			}
			u.IMs = kept[u.ID]
		})
	}},
	{"listings share what they show", "users are copied out", func(h *userHooks) {
		kept := make(map[string]map[string]scim.Object)
		h.answered(func(_ scim.Query, p *users) {
			for i := range p.Items {
				u := &p.Items[i]
				if kept[u.Version] == nil {
					kept[u.Version] = u.Extensions
				}
				u.Extensions = kept[u.Version]
			}
		})
	}},

	{"names are unique per manager", "one name in the tenant", func(h *userHooks) {
		h.in(func(u *scim.User) { u.UserName = u.ManagedBy + "|" + u.UserName })
		h.out(func(u *scim.User) { _, u.UserName, _ = strings.Cut(u.UserName, "|") })
	}},
	{"an address that changed still finds", "e-mail addresses", func(h *userHooks) {
		had := make(map[string][]string)
		h.out(func(u *scim.User) {
			for _, e := range u.Emails {
				had[filter.Fold(e.Value)] = append(had[filter.Fold(e.Value)], u.ID)
			}
		})
		h.asked(func(q *scim.Query) {
			if r, key, ok := q.Filter.Point(); ok && r.String() == "emails.value" {
				q.Filter, q.IDs = nil, append([]string{}, had[key]...)
			}
		})
	}},
	{"a user is listed once for each address", "e-mail addresses", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			r, key, ok := q.Filter.Point()
			if !ok || r.String() != "emails.value" {
				return
			}
			var all []scim.User
			for _, u := range p.Items {
				for _, e := range u.Emails {
					if filter.Fold(e.Value) == key {
						all = append(all, u)
					}
				}
			}
			p.Items, p.Total = all, len(all)
		})
	}},

	{"what the index found is not asked the rest", "filters", func(h *userHooks) {
		registry, err := scim.UserRegistry(hostSchema)
		if err != nil {
			panic(err)
		}
		h.asked(func(q *scim.Query) {
			for r, v := range q.Filter.Equalities() {
				q.Filter = filter.Equal(registry, r, v.Text)
				return
			}
		})
	}},
	{"look-ups mind the case", "filters", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			for r, v := range q.Filter.Equalities() {
				if r.String() == "userName" {
					p.Items = slices.DeleteFunc(p.Items, func(u scim.User) bool { return u.UserName != v.Text })
				}
			}
		})
	}},
	{"filters that no index serves find all", "filters", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if _, _, ok := q.Filter.Point(); !ok {
				q.Filter = nil
			}
		})
	}},

	{"a deleted user's ID is given again", "IDs are for ever", func(h *userHooks) {
		var free []string
		create, remove := h.create, h.remove
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			if len(free) > 0 {
				u.ID, free = free[0], free[1:]
			}
			return create(c, t, u)
		}
		h.remove = func(c ctx, t tenant, id, version string) error {
			free = append(free, id)
			return remove(c, t, id, version)
		}
	}},
	{"a user is created in place of another", "IDs are for ever", func(h *userHooks) {
		create := h.create
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := create(c, t, u)
			if isConflict(err) {
				return h.update(c, t, u)
			}
			return got, err
		}
	}},
	{"IDs are counted per tenant", "IDs are for ever", func(h *userHooks) {
		next := h.create
		n := make(map[tenant]int)
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			n[t]++
			u.ID = fmt.Sprint(n[t])
			return next(c, t, u)
		}
	}},
	{"IDs are long", "IDs are for ever", func(h *userHooks) {
		h.in(func(u *scim.User) { u.ID = strings.Repeat("x", 64) + u.ID })
	}},

	{"deleting nobody succeeds", "what is not there", func(h *userHooks) {
		next := h.remove
		h.remove = func(c ctx, t tenant, id, version string) error {
			if err := next(c, t, id, version); !errors.Is(err, scim.ErrNotFound) {
				return err
			}
			return nil
		}
	}},
	{"an update of nobody creates", "what is not there", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(u)
			if errors.Is(err, scim.ErrNotFound) {
				return h.create(c, t, u)
			}
			return got, err
		})
	}},
	{"nobody is a user without a name", "what is not there", func(h *userHooks) {
		next := h.user
		h.user = func(c ctx, t tenant, id string) (scim.User, error) {
			u, _ := next(c, t, id)
			return u, nil
		}
	}},

	{"a version is made of the content", "versions are new", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			u.Version = ""
			return next(u)
		})
		h.out(func(u *scim.User) { u.Version = u.UserName + u.ExternalID })
	}},
	{"a write without a version keeps the version", "versions are new", func(h *userHooks) {
		shown := make(map[string]string)
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			old, _ := h.user(c, t, u.ID)
			compare := u.Version != ""
			u.Version = ""
			got, err := next(u)
			if !compare {
				shown[got.Version] = old.Version
			}
			return got, err
		})
		h.out(func(u *scim.User) {
			if v := shown[u.Version]; v != "" {
				u.Version = v
			}
		})
	}},

	{"an update compares nothing", "compare and swap", func(h *userHooks) {
		h.in(func(u *scim.User) { u.Version = "" })
	}},
	{"a delete compares nothing", "compare and swap", func(h *userHooks) {
		next := h.remove
		h.remove = func(c ctx, t tenant, id, _ string) error { return next(c, t, id, "") }
	}},
	{"a stale update writes a part", "compare and swap", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(u)
			if errors.Is(err, scim.ErrStale) {
				old, _ := h.user(c, t, u.ID)
				old.ExternalID, old.Version = u.ExternalID, ""
				next(old)
			}
			return got, err
		})
	}},
	{"no version is another version", "compare and swap", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			if u.Version == "" {
				return u, scim.ErrStale
			}
			return next(u)
		})
	}},

	{"deleted users are only hidden", "deleted is gone", func(h *userHooks) {
		user, gone := h.user, make(map[string]bool)
		h.remove = func(_ ctx, _ tenant, id, _ string) error {
			gone[id] = true
			return nil
		}
		h.user = func(c ctx, t tenant, id string) (scim.User, error) {
			if gone[id] {
				return scim.User{}, scim.ErrNotFound
			}
			return user(c, t, id)
		}
	}},
	{"totals count the deleted", "deleted is gone", func(h *userHooks) {
		next, gone := h.remove, 0
		h.remove = func(c ctx, t tenant, id, version string) error {
			gone++
			return next(c, t, id, version)
		}
		h.answered(func(_ scim.Query, p *users) { p.Total += gone })
	}},
	{"cancellation is ignored", "a canceled call", func(h *userHooks) {
		inner := *h
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			return inner.create(context.WithoutCancel(c), t, u)
		}
		h.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			return inner.update(context.WithoutCancel(c), t, u)
		}
	}},
	{"a canceled write is made and reported failed", "a canceled call", func(h *userHooks) {
		next := h.update
		h.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(context.WithoutCancel(c), t, u)
			return got, errors.Join(err, c.Err())
		}
	}},

	{"an update reads, compares and writes", "no update is lost", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			old, err := h.user(c, t, u.ID)
			if err != nil || old.Version != u.Version {
				return u, errors.Join(err, scim.ErrStale)
			}
			pause()
			u.Version = ""
			return next(u)
		})
	}},
	{"a delete looks and deletes", "one delete succeeds", func(h *userHooks) {
		next := h.remove
		h.remove = func(c ctx, t tenant, id, version string) error {
			if _, err := h.user(c, t, id); err != nil {
				return err
			}
			pause()
			next(c, t, id, version)
			return nil
		}
	}},
	{"an update is made in two steps", "reads are whole", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			first, err := h.user(c, t, u.ID)
			if err != nil {
				return first, err
			}
			first.UserName = u.UserName
			if first, err = next(first); err != nil {
				return first, err
			}
			pause()
			u.Version = first.Version
			return next(u)
		})
	}},

	{"names are made lower case, and the long s stays", "names are folded", func(h *userHooks) {
		h.in(func(u *scim.User) { swap(&u.UserName, "ſ", "\uE000") })
		h.out(func(u *scim.User) { swap(&u.UserName, "\uE000", "ſ") })
	}},
	{"the dotted İ is an i", "names are folded", func(h *userHooks) {
		next, lower := h.create, strings.ToLower // not strings.EqualFold: that is the fault
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			p, _ := h.users(c, t, scim.Query{Scope: everyone, Limit: 1000})
			for _, o := range p.Items {
				if lower(o.UserName) == lower(u.UserName) {
					return u, &scim.ConflictError{Attribute: "userName"}
				}
			}
			return next(c, t, u)
		}
	}},
	{"names are compared without accents", "names are folded", func(h *userHooks) {
		next := h.create
		plain := func(s string) string { return strings.NewReplacer("é", "e", "\u0301", "").Replace(s) }
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			p, _ := h.users(c, t, scim.Query{Scope: everyone, Limit: 1000})
			for _, o := range p.Items {
				if plain(o.UserName) == plain(u.UserName) {
					return u, &scim.ConflictError{Attribute: "userName"}
				}
			}
			return next(c, t, u)
		}
	}},
	{"a conflict names no attribute", "names are folded", func(h *userHooks) {
		next := h.create
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			u, err := next(c, t, u)
			if isConflict(err) {
				err = &scim.ConflictError{}
			}
			return u, err
		}
	}},
	{"names are trimmed", "awkward names", func(h *userHooks) {
		h.out(func(u *scim.User) { u.UserName = strings.TrimSpace(u.UserName) })
	}},
	{"accents are composed", "awkward names", func(h *userHooks) {
		h.out(func(u *scim.User) { swap(&u.ExternalID, "e\u0301", "é") })
	}},
	{"emoji are lost", "awkward names", func(h *userHooks) {
		h.in(func(u *scim.User) {
			u.ExternalID = strings.Map(func(r rune) rune {
				if r > 0xFFFF {
					return '?'
				}
				return r
			}, u.ExternalID)
		})
	}},
	{"a percent sign in a look-up finds all", "awkward names", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if _, key, ok := q.Filter.Point(); ok && strings.Contains(key, "%") {
				q.Filter = nil
			}
		})
	}},

	{"a refused create leaves a row", "a refused create", func(h *userHooks) {
		next := h.create
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(c, t, u)
			if isConflict(err) {
				u.UserName += "~"
				next(c, t, u)
			}
			return got, err
		}
	}},
	{"a refused rename writes the rest", "a refused rename", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(u)
			if isConflict(err) {
				old, _ := h.user(c, t, u.ID)
				u.UserName = old.UserName
				next(u)
			}
			return got, err
		})
	}},
	{"a rename takes the name from its owner", "a refused rename", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(u)
			if isConflict(err) {
				p, _ := h.users(c, t, scim.Query{Scope: everyone, Limit: 1000})
				for _, o := range p.Items {
					if strings.EqualFold(o.UserName, u.UserName) {
						o.UserName += "~"
						next(o)
					}
				}
				return next(u)
			}
			return got, err
		})
	}},
	{"a name stays taken after a delete", "names get free", func(h *userHooks) {
		owner := make(map[string]string)
		h.refuse(func(u scim.User) bool {
			key := filter.Fold(u.UserName)
			if owner[key] == "" {
				owner[key] = u.ID
			}
			return owner[key] != u.ID
		})
	}},
	{"a name is free while a rename away from it is reverted", "names get free", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(u)
			if isConflict(err) {
				return h.user(c, t, u.ID)
			}
			return got, err
		})
	}},
	{"a user's own name is taken", "names may change case", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			old, _ := h.user(c, t, u.ID)
			if old.UserName != u.UserName && strings.EqualFold(old.UserName, u.UserName) {
				return old, &scim.ConflictError{Attribute: "userName"}
			}
			return next(u)
		})
	}},
	{"a second create answers with the first", "one create wins", func(h *userHooks) {
		next := h.create
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(c, t, u)
			if isConflict(err) {
				return got, nil
			}
			return got, err
		}
	}},
	{"a create looks and creates", "one create wins", func(h *userHooks) {
		create := h.create
		h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			p, err := h.users(c, t, scim.Query{Scope: everyone, Limit: 100})
			same := func(o scim.User) bool { return strings.EqualFold(o.UserName, u.UserName) }
			if err != nil || slices.ContainsFunc(p.Items, same) {
				return u, errors.Join(err, &scim.ConflictError{Attribute: "userName"})
			}
			pause()
			u.UserName += "|" + u.ID // no constraint behind it
			return create(c, t, u)
		}
		h.out(func(u *scim.User) { u.UserName, _, _ = strings.Cut(u.UserName, "|") })
	}},
	{"a rename that lost is said to have won", "one rename wins", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(u)
			if isConflict(err) {
				return u, nil
			}
			return got, err
		})
	}},

	{"a read finds users of other tenants", "tenants are apart", func(h *userHooks) {
		next := h.user
		h.user = func(c ctx, t tenant, id string) (scim.User, error) {
			u, err := next(c, t, id)
			if errors.Is(err, scim.ErrNotFound) {
				return next(c, red, id)
			}
			return u, err
		}
	}},
	{"an update finds users of other tenants", "tenants are apart", func(h *userHooks) {
		next := h.update
		h.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := next(c, t, u)
			if errors.Is(err, scim.ErrNotFound) {
				return next(c, red, u)
			}
			return got, err
		}
	}},
	{"a delete finds users of other tenants", "tenants are apart", func(h *userHooks) {
		next := h.remove
		h.remove = func(c ctx, t tenant, id, version string) error {
			if err := next(c, t, id, version); !errors.Is(err, scim.ErrNotFound) {
				return err
			}
			return next(c, red, id, version)
		}
	}},
	{"queries by ID forget the tenant", "tenants are apart", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			if q.IDs != nil {
				t = red
			}
			return next(c, t, q)
		}
	}},
	{"look-ups by external ID forget the tenant", "tenants are apart", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			if r, _, ok := q.Filter.Point(); ok && r.String() == "externalId" {
				t = red
			}
			return next(c, t, q)
		}
	}},
	{"tenants differ in case and are one", "tenants are apart", func(h *userHooks) {
		user, list := h.user, h.users
		one := func(t tenant) tenant { return tenant(strings.ToLower(string(t))) }
		h.user = func(c ctx, t tenant, id string) (scim.User, error) { return user(c, one(t), id) }
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) { return list(c, one(t), q) }
	}},
	{"names are unique in the whole store", "tenants share no names", func(h *userHooks) {
		taken := make(map[string]bool)
		h.refuse(func(u scim.User) bool {
			key := filter.Fold(u.UserName)
			was := taken[key]
			taken[key] = true
			return was
		})
	}},

	{"a manager sees all", "scopes", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Scope.All = q.Scope.All || q.Scope.Manager != "" })
	}},
	{"a manager always sees the native ones", "scopes", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Scope.AndNative = q.Scope.AndNative || q.Scope.Manager != "" })
	}},
	{"a manager never sees the native ones", "scopes", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Scope.AndNative = false })
	}},
	{"the zero scope sees the native ones", "scopes", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Scope.AndNative = q.Scope.AndNative || q.Scope == scim.Scope{} })
	}},
	{"the zero scope sees all", "scopes", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Scope.All = q.Scope.All || q.Scope == scim.Scope{} })
	}},
	{"look-ups have no scope", "scopes", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			_, _, point := q.Filter.Point()
			q.Scope.All = q.Scope.All || point
		})
	}},
	{"queries by ID have no scope", "scopes", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Scope.All = q.Scope.All || q.IDs != nil })
	}},
	{"managers are folded", "scopes", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Scope.Manager = strings.ToLower(q.Scope.Manager) })
	}},
	{"the manager never changes", "changed hands", func(h *userHooks) {
		h.updated(func(next func(scim.User) (scim.User, error), c ctx, t tenant, u scim.User) (scim.User, error) {
			old, _ := h.user(c, t, u.ID)
			u.ManagedBy = old.ManagedBy
			return next(u)
		})
	}},

	{"IDs are ignored", "queries by ID", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.IDs = nil })
	}},
	{"no IDs are all IDs", "queries by ID", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if len(q.IDs) == 0 {
				q.IDs = nil
			}
		})
	}},
	{"an ID listed twice is found twice", "queries by ID", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			var all []scim.User
			for _, id := range q.IDs {
				for _, u := range p.Items {
					if u.ID == id {
						all = append(all, u)
					}
				}
			}
			if q.IDs != nil {
				p.Items, p.Total = all, len(all)
			}
		})
	}},
	{"IDs and a filter: the filter is ignored", "queries by ID", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if q.IDs != nil {
				q.Filter = nil
			}
		})
	}},

	{"no order", "a steady order", func(h *userHooks) {
		h.sorted(func(u []scim.User) { rand.Shuffle(len(u), func(i, j int) { u[i], u[j] = u[j], u[i] }) })
	}},
	{"an update moves to the end", "a steady order", func(h *userHooks) {
		h.sorted(func(u []scim.User) {
			slices.SortStableFunc(u, func(a, b scim.User) int { return strings.Compare(a.ExternalID, b.ExternalID) })
		})
	}},
	{"ordered by manager first", "a steady order", func(h *userHooks) {
		h.sorted(func(u []scim.User) {
			slices.SortStableFunc(u, func(a, b scim.User) int { return strings.Compare(a.ManagedBy, b.ManagedBy) })
		})
	}},
	{"limit 0 is no limit", "pages", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if q.Limit == 0 {
				q.Limit = math.MaxInt32
			}
		})
	}},
	{"a page has one more", "pages", func(h *userHooks) {
		h.asked(func(q *scim.Query) { q.Limit = min(q.Limit, math.MaxInt32-1) + 1 })
	}},
	{"a filter begins at the first", "pages", func(h *userHooks) {
		h.asked(func(q *scim.Query) {
			if q.Filter != nil {
				q.Offset = 0
			}
		})
	}},
	{"past the end is an error", "pages", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			p, err := next(c, t, q)
			if err == nil && q.Offset > 24 {
				err = errors.New("offset out of range")
			}
			return p, err
		}
	}},
	{"the offset counts before the filter", "pages", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			all, _ := next(c, t, scim.Query{Scope: q.Scope, Limit: math.MaxInt32, Offset: q.Offset})
			from := q
			from.Offset = 0
			p, err := next(c, t, from)
			p.Items = slices.DeleteFunc(p.Items, func(u scim.User) bool {
				return !slices.ContainsFunc(all.Items, func(o scim.User) bool { return o.ID == u.ID })
			})
			return p, err
		}
	}},
	{"the total is that of the page", "totals", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if q.Total {
				p.Total = len(p.Items)
			}
		})
	}},
	{"the total ignores the filter", "totals", func(h *userHooks) {
		next := h.users
		h.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			p, err := next(c, t, q)
			q.Filter = nil
			all, _ := next(c, t, q)
			p.Total = all.Total
			return p, err
		}
	}},
	{"past the end the total is 0", "totals", func(h *userHooks) {
		h.answered(func(q scim.Query, p *users) {
			if len(p.Items) == 0 && q.Total {
				p.Total = 0
			}
		})
	}},
	{"the total is 0 when nobody asked", "totals", func(h *userHooks) {
		h.answered(func(_ scim.Query, p *users) { p.Total = max(p.Total, 0) })
	}},
}

// refuse makes writes of names a conflict that should be none.
func (h *userHooks) refuse(taken func(scim.User) bool) {
	var mu sync.Mutex
	refused := func(u scim.User) bool {
		mu.Lock()
		defer mu.Unlock()
		return taken(u)
	}
	create, update := h.create, h.update
	h.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		if refused(u) {
			return u, &scim.ConflictError{Attribute: "userName"}
		}
		return create(c, t, u)
	}
	h.update = func(c ctx, t tenant, u scim.User) (scim.User, error) {
		if refused(u) {
			return u, &scim.ConflictError{Attribute: "userName"}
		}
		return update(c, t, u)
	}
}

// dynamicFault changes every value of the extensions of a user.
func dynamicFault(change func(any) any) func(*scim.User) {
	return func(u *scim.User) {
		for _, o := range u.Extensions {
			for name := range maps.Clone(o) {
				o[name] = change(o[name])
			}
		}
	}
}
