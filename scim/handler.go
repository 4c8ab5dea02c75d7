package scim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
)

// A Config is what a [Handler] needs beside its stores. Only BaseURL is required.
type Config struct {
	// BaseURL returns the public URL of the endpoint for a request, such as
	// https://tenant.example.com/ws/scim/v2. It begins every location in an answer; where a
	// request's path begins with its path, the rest is the resource.
	BaseURL func(*http.Request) string

	// Schemas are the host's extensions, each a schema as RFC 7643 §7 writes it. One whose URN
	// ends in ":Group" extends groups, all others users.
	Schemas [][]byte

	Policy  Policy
	Limits  Limits
	Limiter Limiter // replaces the one of Limits.Rate, which counts per process

	// Strict refuses what RFC 7644 does not have: unknown attributes, strings for booleans,
	// unquoted values, elements built from a filter. Entra ID and Okta do not work with it.
	Strict bool

	// ContentType of answers: application/scim+json, or application/json for a OneLogin
	// connector that insists on it. Empty means the former.
	ContentType string

	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: silent
}

// A Handler is the SCIM endpoint over a host's stores. It serves /Users and /Groups with all their
// methods, /Schemas, /ResourceTypes and /ServiceProviderConfig, below the path of Config.BaseURL
// or, mounted behind http.StripPrefix, at the root.
//
// It opens no connection, starts no goroutine and keeps nothing between requests but the buckets
// of the rate limiter and what it derived from the schemas.
type Handler struct {
	engine      engine
	auth        Authenticator
	baseURL     func(*http.Request) string
	limiter     Limiter
	types       []*resourceType // users, groups
	contentType string
	log         *slog.Logger
	discovery   *discovery
}

// New returns the endpoint over the given stores.
func New(stores Stores, auth Authenticator, config Config) (*Handler, error) {
	switch {
	case stores.Users == nil:
		return nil, errors.New("scim: Stores.Users is nil; without it there is nothing to provision")
	case auth == nil:
		return nil, errors.New("scim: the Authenticator is nil; without one everybody could read and change users")
	case config.BaseURL == nil:
		return nil, errors.New("scim: Config.BaseURL is nil; answers carry absolute locations")
	}
	limits, err := config.Limits.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Handler{auth: auth, baseURL: config.BaseURL, limiter: config.Limiter, contentType: config.ContentType, log: config.Logger}
	h.engine = engine{stores: stores, policy: config.Policy, now: config.Now, limits: limits, strict: config.Strict}
	if h.engine.now == nil {
		h.engine.now = time.Now
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	switch h.contentType {
	case "":
		h.contentType = mediaSCIM
	case mediaSCIM, mediaJSON:
	default:
		return nil, fmt.Errorf("scim: Config.ContentType is %q; it can be %s or %s", h.contentType, mediaSCIM, mediaJSON)
	}
	if h.limiter == nil && limits.Rate > 0 {
		h.limiter = newBuckets(limits.Rate, h.engine.now)
	}
	users, groups, err := parseSchemas(config.Schemas)
	if err != nil {
		return nil, err
	}
	ut, err := userType(users)
	if err != nil {
		return nil, err
	}
	gt, err := groupType(groups)
	if err != nil {
		return nil, err
	}
	h.types = []*resourceType{ut, gt}
	h.discovery, err = newDiscovery(h)
	return h, err
}

// served reports whether resources of this type are kept at all.
func (h *Handler) served(rt *resourceType) bool {
	_, group := rt.stores.(groupCollection)
	return !group || h.engine.stores.Groups != nil
}

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
}

// ServeHTTP answers one request. What it does in which order is the body of serve.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{h: h, w: w, r: r, ctx: r.Context()}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			x.fail(fmt.Errorf("scim: panic: %v", p))
		}
	}()
	if err := x.serve(); err != nil {
		x.fail(err)
	}
}

func (x *exchange) serve() error {
	var err error
	x.base = strings.TrimSuffix(x.h.baseURL(x.r), "/")
	if x.who, err = x.authenticate(); err != nil {
		return err
	}
	if x.h.limiter != nil {
		if wait := x.h.limiter.Allow(x.ctx, x.who); wait > 0 {
			return &Refusal{Status: http.StatusTooManyRequests, Detail: "too many requests with this token; slow down and try again", RetryAfter: wait}
		}
	}
	rt, rest, err := x.route()
	if err != nil || rt == nil {
		return err
	}
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

// route finds the resource type and the id. It answers discovery itself and then returns no type.
func (x *exchange) route() (*resourceType, string, error) {
	path := x.r.URL.EscapedPath()
	if below, ok := strings.CutPrefix(path, urlPath(x.base)); ok && (below == "" || below[0] == '/') {
		path = below
	}
	name, rest, _ := strings.Cut(strings.Trim(path, "/"), "/")
	id, err := url.PathUnescape(strings.Trim(rest, "/"))
	if err != nil || strings.Contains(strings.Trim(rest, "/"), "/") && !strings.HasPrefix(name, "Schemas") {
		return nil, "", x.noSuchPath()
	}
	for _, rt := range x.h.types {
		if "/"+name == rt.endpoint {
			return rt, id, nil
		}
	}
	switch name {
	case "Schemas", "ResourceTypes", "ServiceProviderConfig":
		return nil, "", x.discover(name, id)
	case "Bulk", "Me", ".search":
		return nil, "", &Refusal{Status: http.StatusNotImplemented, Detail: "/" + name + " is not served here; see /ServiceProviderConfig for what is"}
	}
	return nil, "", x.noSuchPath()
}

// urlPath returns the path of an absolute URL without query.
func urlPath(u string) string {
	_, rest, _ := strings.Cut(u, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}

func (x *exchange) noSuchPath() error {
	return &Refusal{Status: http.StatusNotFound, Detail: "nothing is served at this path; the tenant URL is " + x.base + " and below it are /Users and /Groups"}
}

// unserved answers for groups where the host keeps none: reading finds none, since Entra ID's
// connection test asks; writing says what to turn off.
func (x *exchange) unserved(rt *resourceType, id string) error {
	if x.r.Method != http.MethodGet {
		return &Refusal{Status: http.StatusNotImplemented, Detail: "groups are not provisioned here; turn off the provisioning of groups at the identity provider"}
	}
	if id != "" {
		return ErrNotFound
	}
	q, err := x.page(rt)
	if err != nil {
		return err
	}
	return x.answerList(rt, nil, 0, q, rt.usual)
}

// collection answers /Users and /Groups.
func (x *exchange) collection(rt *resourceType) error {
	switch x.r.Method {
	case http.MethodGet:
		return x.search(rt)
	case http.MethodPost:
		return x.create(rt)
	}
	return x.wrongMethod("GET, POST")
}

// one answers /Users/{id} and /Groups/{id}.
func (x *exchange) one(rt *resourceType, id string) error {
	if id == ".search" {
		return &Refusal{Status: http.StatusNotImplemented, Detail: "/.search is not served here; use a GET with a filter"}
	}
	switch x.r.Method {
	case http.MethodGet:
		return x.read(rt, id)
	case http.MethodPut, http.MethodPatch:
		return x.write(rt, id)
	case http.MethodDelete:
		if err := x.parseQuery(); err != nil {
			return err
		}
		if err := x.h.engine.remove(x.ctx, x.who, rt, id, ifMatch(x.r.Header)); err != nil {
			return err
		}
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return x.wrongMethod("GET, PUT, PATCH, DELETE")
}

func (x *exchange) wrongMethod(allow string) error {
	x.w.Header().Set("Allow", allow)
	return &Refusal{Status: http.StatusMethodNotAllowed, Detail: fmt.Sprintf("%s is not served here; %s are", shorten(x.r.Method), allow)}
}

// search lists resources.
func (x *exchange) search(rt *resourceType) error {
	q, err := x.page(rt)
	if err != nil {
		return err
	}
	proj, err := x.projection(rt)
	if err != nil {
		return err
	}
	q.Omit = rt.hidden(proj)
	items, total, err := x.h.engine.list(x.ctx, x.who, rt, q)
	if err != nil {
		return err
	}
	return x.answerList(rt, items, total, q, proj)
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
	b, err := rd.readBody(v)
	if err != nil {
		return err
	}
	res, err := x.h.engine.create(x.ctx, x.who, rt, b)
	if err != nil {
		return err
	}
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
		x.w.WriteHeader(http.StatusNotModified)
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
	// Entra ID prefers 204 for groups, and no one wants 100,000 members back unasked.
	if x.r.Method == http.MethodPatch && !rt.members.IsZero() && !proj.asked {
		x.w.Header().Set("ETag", etag(res.meta().Version))
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return x.answer(http.StatusOK, rt, res, proj)
}

// hidden lists what an answer will not show and a store need not load.
func (rt *resourceType) hidden(p *projection) []filter.Ref {
	var out []filter.Ref
	if p.asked {
		for i := range rt.attrs {
			if r := rt.attrs[i].ref; r.Parent().IsZero() && !p.shows(r) {
				out = append(out, r)
			}
		}
	}
	return out
}
