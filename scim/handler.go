package scim

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// A Config is what a [Handler] needs beside its stores. Only BaseURL is required.
type Config struct {
	// BaseURL returns the public URL of the endpoint for a request, such as
	// https://tenant.example.com/ws/scim/v2. It begins every location in an answer; where a
	// request's path begins with its path, the rest is the resource. It is called when it is known who
	// has sent the request.
	BaseURL func(*http.Request) string

	// Schemas are the host's extensions, each a schema as RFC 7643 §7 writes it. One whose URN
	// ends in ":Group" extends groups, all others users.
	Schemas [][]byte

	Policy  Policy  // the host's rules beyond the protocol
	Limits  Limits  // what one request, and one token, may cost
	Limiter Limiter // replaces the one of Limits.Rate, which counts per process

	// Strict refuses what RFC 7644 does not have: unknown attributes, strings for booleans,
	// unquoted values, elements built from a filter. Entra ID and Okta do not work with it.
	Strict bool

	// Seal are the keys of what clients carry for us, cursors of listings today: the first one
	// seals, all of them open, so that a key can be replaced while clients hold what it sealed.
	// Each is a secret of at least 32 random bytes, and the same in every process that serves the
	// endpoint. Without any, New makes one: then a cursor is good for this Handler alone, and not
	// after a restart.
	Seal [][]byte

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
// of the rate limiter and what it derived from the schemas: where a listing goes on is with the
// client, in a cursor.
type Handler struct {
	engine      engine
	auth        Authenticator
	baseURL     func(*http.Request) string
	limiter     Limiter
	types       []*resourceType // users, groups
	contentType string
	log         *slog.Logger
	discovery   *discovery
	seals       *seals
}

// New returns the endpoint over the given stores. It fails if a required part is missing, a limit
// cannot be meant, or a schema cannot be served.
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
	if h.seals, err = newSeals(config.Seal, limits.CursorLifetime, h.engine.now); err != nil {
		return nil, err
	}
	h.discovery, err = newDiscovery(h)
	return h, err
}

// served reports whether resources of this type are kept at all.
func (h *Handler) served(rt *resourceType) bool {
	_, group := rt.stores.(groupCollection)
	return !group || h.engine.stores.Groups != nil
}

// ServeHTTP answers one request, in the order the package documentation draws. Concurrent calls are
// fine, and a panic of the host's code is answered with a 500 and logged.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{h: h, w: w, r: r, ctx: r.Context()}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			x.fail(fmt.Errorf("scim: panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := x.serve(); err != nil {
		x.fail(err)
		return
	}
	x.answered(nil)
}
