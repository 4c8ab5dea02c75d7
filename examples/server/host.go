package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A host is this server's single sign-on and provisioning, with its accounts and sessions.
type host struct {
	*provider.Service
	accounts *accounts
	sessions *sessions
	roles    roles
	db       *database
	base     *url.URL // where browsers reach it
	scimURL  string
	proxies  []netip.Prefix
	itself   string // what the server proves with as an actor
	admin    administrator
	users    *filter.Registry
	log      *slog.Logger
	now      func() time.Time
	ending   atomic.Bool
	sweeper  *sweeper

	addresses, logins *limiter

	// console and checklist are the pages of administrators, nil = there are none.
	console, checklist http.Handler
}

// newHost connects what the server has to what Gatehouse asks of a host.
func newHost(ctx context.Context, c config, db *database, base *url.URL, logger *slog.Logger) (*host, error) {
	ring, err := sharedKeys(ctx, db.settings)
	if err != nil {
		return nil, err
	}
	keys, err := provider.NewStaticKeys(ring)
	if err != nil {
		return nil, err
	}
	users, err := scim.UserRegistry()
	if err != nil {
		return nil, err
	}
	h := &host{
		accounts: newAccounts(db, ring, c.now), roles: roles{db.own}, db: db,
		base: base, scimURL: base.String() + scimPath, proxies: c.proxies, itself: rand.Text(), users: users, log: logger, now: c.now,
		addresses: newLimiter(addressBurst, addressEvery, c.now), logins: newLimiter(loginBurst, loginEvery, c.now),
	}
	h.sweeper = &sweeper{db: db.own, users: db.stores.Users, now: c.now}
	h.sessions = &sessions{db: db.own, accounts: h.accounts, now: c.now, secure: base.Scheme == "https"}
	tokens := new(scim.Tokens)
	tokens.Add(c.token, scim.Principal{Tenant: tenant, Manager: idpID, Key: "demo"})
	h.Service, err = provider.New(provider.Config{
		Store: db.providers, Stores: db.stores, Replays: db.replays, Keys: keys,
		URLs: func(context.Context, scim.TenantID) (provider.URLs, error) {
			return provider.URLs{Native: base.String()}, nil
		},
		Tenant:   func(*http.Request) (scim.TenantID, error) { return tenant, nil },
		Sessions: h.sessions, Prover: h, Organizations: customers{}, Roles: h.roles,
		Provision: firstToken{tokens, func() scim.Authenticator { return h.Service }},
		SCIM: scim.Config{
			BaseURL: func(*http.Request) string { return h.scimURL },
			Limits:  scim.Limits{Rate: c.rate},
			Seal:    cursorSeals(ring),
			Strict:  c.strict,
			Logger:  logger, // refusals
		},
		// The only provider is there before anybody signs in through it, and on a server that is not for
		// this machine alone nobody does so until an administrator connects one.
		SCIMWithoutSSO:        true,
		Session:               sessionFor,
		Menu:                  "Identity Providers",
		Page:                  h.notice,
		RequestHost:           h.requestHost,
		AllowLoopbackInsecure: base.Scheme == "http",
		Now:                   c.now,
		Logger:                logger,
	})
	return h, err
}

// newAccounts returns the accounts of a database.
func newAccounts(db *database, ring provider.KeyRing, now func() time.Time) *accounts {
	return &accounts{db: db.own, factor: newSealer(ring, "TOTP secrets"), hashes: newHasher(), now: now}
}

// cursorSeals are those of all servers of a database, so that one goes on where another one stopped.
func cursorSeals(ring provider.KeyRing) (seals [][]byte) {
	for _, seal := range ring.Seal {
		seals = append(seals, derive(seal, "SCIM cursors"))
	}
	return seals
}

// sharedKeys are those of all servers of the database: the first one makes them.
func sharedKeys(ctx context.Context, s settings) (provider.KeyRing, error) {
	text, err := s.share(ctx, "keys", func() ([]byte, error) {
		fresh, err := provider.NewKeyRing(tenantName, time.Now())
		if err != nil {
			return nil, err
		}
		return fresh.ExportSecret()
	})
	if err != nil {
		return provider.KeyRing{}, err
	}
	return provider.ImportKeyRing(text)
}

// A firstToken asks for the token of the demo before those that administrators make.
type firstToken struct {
	demo    *scim.Tokens
	service func() scim.Authenticator
}

// Authenticate implements scim.Authenticator.
func (t firstToken) Authenticate(ctx context.Context, h http.Header) (scim.Principal, error) {
	who, err := t.demo.Authenticate(ctx, h)
	if errors.Is(err, scim.ErrUnauthenticated) {
		return t.service().Authenticate(ctx, h)
	}
	return who, err
}

// serverName is the actor that the server is when it starts. No person proves anything under it.
const serverName = "the server itself"

// serverActor is who does what the server does by itself.
func serverActor() provider.Actor { return provider.Actor{Tenant: tenant, Name: serverName} }

// Verify implements provider.Prover with the second factors of accounts.
func (h *host) Verify(ctx context.Context, a provider.Actor, code string) error {
	if a.Name == serverName {
		if subtle.ConstantTimeCompare([]byte(code), []byte(h.itself)) != 1 {
			return provider.ErrWrongCode
		}
		return nil
	}
	u, err := h.userNamed(ctx, a.Name)
	if errors.Is(err, scim.ErrNotFound) {
		return provider.ErrWrongCode
	}
	if err != nil {
		return err
	}
	err = h.accounts.checkCode(ctx, u.ID, code)
	if _, locked := errors.AsType[*lockedError](err); locked || errors.Is(err, errWrong) {
		return provider.ErrWrongCode
	}
	return err
}

// userNamed returns the user of a name, or scim.ErrNotFound.
func (h *host) userNamed(ctx context.Context, name string) (scim.User, error) {
	return userNamed(ctx, h.db.stores, h.users, name)
}

func userNamed(ctx context.Context, stores scim.Stores, users *filter.Registry, name string) (scim.User, error) {
	ref, _ := users.Ref("userName")
	page, err := stores.Users.Users(ctx, tenant, scim.Query{Filter: filter.Equal(users, ref, name), Scope: scim.Scope{All: true}, Limit: 1})
	if err != nil {
		return scim.User{}, err
	}
	if len(page.Items) == 0 {
		return scim.User{}, scim.ErrNotFound
	}
	return page.Items[0], nil
}

var (
	// errSignedOut says that a request needs a session: the browser goes to the sign-in page.
	errSignedOut = errors.New("nobody is signed in")
	// errNoAdministrator says that a request is for administrators.
	errNoAdministrator = errors.New("the person is no administrator")
)

// current returns the session of a browser, as long as it is good, and its user. It may be pending.
func (h *host) current(r *http.Request) (session, scim.User, error) {
	ctx := r.Context()
	s, err := h.sessions.read(r)
	if err == nil {
		err = h.Check(ctx, tenant, s.User, s.Provider, s.Began)
	}
	var u scim.User
	if err == nil {
		u, err = h.db.stores.Users.User(ctx, tenant, s.User)
	}
	if errors.Is(err, provider.ErrOver) || errors.Is(err, scim.ErrNotFound) {
		return session{}, scim.User{}, errSignedOut
	}
	return s, u, err
}

// signedIn returns the session of a browser and its user: nothing is left to be asked.
func (h *host) signedIn(r *http.Request) (session, scim.User, error) {
	s, u, err := h.current(r)
	if err == nil && s.Pending {
		return session{}, scim.User{}, errSignedOut
	}
	return s, u, err
}

// actor returns who administers by a request: somebody who is signed in with a second factor and
// administers the tenant. Errors are errSignedOut, errNoAdministrator, and those of the stores.
func (h *host) actor(r *http.Request) (provider.Actor, error) {
	s, u, err := h.signedIn(r)
	switch {
	case err != nil:
		return provider.Actor{}, err
	case !u.Administrator:
		return provider.Actor{}, errNoAdministrator
	case s.Factor != factorGiven && s.Factor != factorByIdP: // the session is older than the right
		return provider.Actor{}, errSignedOut
	}
	return provider.Actor{Tenant: tenant, Name: u.UserName, From: h.from(r)}, nil
}

// factorHint returns a code that the demo administrator may use next, for the page that asks for one; "" for
// everybody else, where the server is not for a first look on this machine, and where all codes are used that
// would be taken now.
func (h *host) factorHint(r *http.Request) string {
	code, _ := h.demoCode(r)
	return code
}

// usedUp is what a page shows in place of a code: another one is good when the next step begins.
const usedUp = "used up: reload in half a minute"

// consoleHint is factorHint for a page that has no text of its own for when there is no code.
func (h *host) consoleHint(r *http.Request) string {
	code, shown := h.demoCode(r)
	if shown && code == "" {
		return usedUp
	}
	return code
}

// demoCode returns a code that would be taken now, "" if all of them were, and whether this request may be shown one.
func (h *host) demoCode(r *http.Request) (code string, shown bool) {
	if !h.admin.demo {
		return "", false
	}
	s, _, err := h.current(r)
	if err != nil || s.User != h.admin.id {
		return "", false
	}
	if code, err = h.accounts.nextCode(r.Context(), s.User); err != nil {
		h.log.WarnContext(r.Context(), "the code of the demo could not be shown", "error", err)
	}
	return code, err == nil
}

// from returns the address that a request came from: that of the connection, or what proxies that are
// trusted say.
func (h *host) from(r *http.Request) string {
	addr := remote(r.RemoteAddr)
	var said []string
	for _, line := range r.Header.Values("X-Forwarded-For") {
		said = append(said, strings.Split(line, ",")...)
	}
	for i := len(said) - 1; i >= 0 && h.trusts(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(said[i]))
		if err != nil {
			break
		}
		addr = next.Unmap().String()
	}
	return addr
}

// remote is the address of a connection without its port.
func remote(addr string) string {
	if both, err := netip.ParseAddrPort(addr); err == nil {
		return both.Addr().Unmap().String()
	}
	return addr
}

// trusts reports whether an address is that of a proxy whose word counts.
func (h *host) trusts(addr string) bool {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return false
	}
	for _, p := range h.proxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// requestHost returns the host that the browser has asked for.
func (h *host) requestHost(r *http.Request) string {
	if said := r.Header.Get("X-Forwarded-Host"); said != "" && len(h.proxies) > 0 && h.trusts(remote(r.RemoteAddr)) {
		return said
	}
	return r.Host
}

// maintain does what is due, until ctx is done or stop is called, which waits for it.
func (h *host) maintain(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			next, err := h.Maintain(ctx)
			err = errors.Join(err, h.sessions.prune(ctx), h.accounts.prune(ctx))
			again, failed := h.sweeper.sweep(ctx)
			if err = errors.Join(err, failed); again.Before(next) {
				next = again
			}
			if err != nil && ctx.Err() == nil {
				h.log.Warn("maintenance was not finished; it goes on", "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(max(next.Sub(h.now()), time.Second)):
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
