package scim

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// exchange is one request on its way.
type exchange struct {
	h     *Handler
	w     http.ResponseWriter
	r     *http.Request
	ctx   context.Context
	who   Principal
	base  string
	query query
	ops   []operation // of a PATCH, for the log
	wrote bool

	outcome Outcome
}

func (x *exchange) serve() error {
	var err error
	if x.who, err = x.authenticate(); err != nil {
		return err
	}
	x.base = strings.TrimSuffix(x.h.baseURL(x.r), "/")
	if x.h.limiter != nil {
		if wait := x.h.limiter.Allow(x.ctx, x.who); wait > 0 {
			return &Refusal{Status: http.StatusTooManyRequests, Detail: "too many requests with this token; slow down and try again", RetryAfter: wait}
		}
	}
	rt, rest, err := x.route()
	if err != nil || rt == nil {
		return err
	}
	x.outcome.Type, x.outcome.ID = rt.name, rest
	switch {
	case !x.h.served(rt):
		return x.unserved(rt, rest)
	case rest == "":
		return x.collection(rt)
	}
	return x.one(rt, rest)
}

func (x *exchange) authenticate() (Principal, error) {
	who, err := x.h.auth.Authenticate(x.ctx, x.r.Header)
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return who, &Refusal{Status: http.StatusUnauthorized, Detail: "the token is missing, unknown, expired or revoked; generate a new one and enter it at the identity provider"}
	case err != nil:
		return who, undecided(err)
	case who.Tenant == "" || who.Manager == "":
		return who, errors.New("scim: the Authenticator returned a Principal without tenant or manager")
	}
	return who, nil
}

// search lists resources.
func (x *exchange) search(rt *resourceType) error {
	l, err := x.listing(rt)
	if err != nil {
		return err
	}
	proj, err := x.projection(rt)
	if err != nil {
		return err
	}
	l.Omit = rt.hidden(proj)
	page, err := x.h.engine.list(x.ctx, x.who, rt, l.Query)
	switch {
	case l.After+l.Before != "" && errors.Is(err, ErrPosition):
		return errCursor
	case err != nil:
		return err
	}
	x.outcome.Empty = len(page.Items) == 0
	return x.answerList(rt, page, l, proj)
}

// create stores a new resource.
func (x *exchange) create(rt *resourceType) error {
	proj, err := x.projection(rt)
	if err != nil {
		return err
	}
	rd := reader{rt: rt, strict: x.h.engine.strict}
	v, err := x.body(rt)
	if err != nil {
		return err
	}
	x.outcome.Name = rt.nameIn(v)
	b, err := rd.readBody(v)
	if err != nil {
		return err
	}
	res, err := x.h.engine.create(x.ctx, x.who, rt, b)
	if err != nil {
		return err
	}
	x.about(rt, res)
	x.w.Header().Set("Location", location(x.base, rt, res.meta().ID))
	return x.answer(http.StatusCreated, rt, res, proj)
}

// read returns one resource, or 304 if the client has it already.
func (x *exchange) read(rt *resourceType, id string) error {
	if err := x.parseQuery(); err != nil {
		return err
	}
	proj, err := x.projection(rt)
	if err != nil {
		return err
	}
	res, _, err := x.h.engine.get(x.ctx, x.h.engine.stores, x.who, rt, id)
	if err != nil {
		return err
	}
	d, err := x.derive(rt, []resource{res}, proj)
	if err != nil {
		return err
	}
	known := readCondition(x.r.Header.Values("If-None-Match"))
	if (known.any || known.names(res.meta().Version)) && len(d[0].groups) == 0 {
		x.w.Header().Set("ETag", etag(res.meta().Version))
		x.bare(http.StatusNotModified)
		return nil
	}
	return x.answerWith(http.StatusOK, rt, res, proj, d[0])
}

func (x *exchange) showsGroups(rt *resourceType, proj *projection) bool {
	return !rt.groups.IsZero() && x.h.engine.stores.Groups != nil && proj.shows(rt.groups)
}

// write carries out a PUT or PATCH.
func (x *exchange) write(rt *resourceType, id string) error {
	proj, err := x.projection(rt)
	if err != nil {
		return err
	}
	v, err := x.body(rt)
	if err != nil {
		return err
	}
	rd := reader{rt: rt, strict: x.h.engine.strict}
	var edit editor
	if x.r.Method == http.MethodPut {
		b, err := rd.readBody(v)
		if err != nil {
			return err
		}
		edit = rt.replace(b)
	} else {
		ops, err := rd.readPatch(v, x.h.engine.limits.Operations)
		if err != nil {
			return err
		}
		x.ops = ops
		edit = x.h.engine.patch(rd, x.who, ops)
	}
	cond := ifMatch(x.r.Header)
	if readCondition(x.r.Header.Values("If-None-Match")).any {
		return &Refusal{Status: http.StatusPreconditionFailed, Detail: "If-None-Match: * asks that the resource does not exist"}
	}
	res, err := x.h.engine.update(x.ctx, x.who, rt, id, cond, edit)
	if err != nil {
		return err
	}
	x.about(rt, res)
	// Entra ID prefers 204 for groups, and no one wants 100,000 members back unasked.
	if x.r.Method == http.MethodPatch && !rt.members.IsZero() && !proj.asked {
		x.w.Header().Set("ETag", etag(res.meta().Version))
		x.bare(http.StatusNoContent)
		return nil
	}
	return x.answer(http.StatusOK, rt, res, proj)
}
