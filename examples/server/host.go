package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A host is this server's single sign-on and provisioning, with its sessions.
type host struct {
	*provider.Service
	sessions sessions
	db       *database
}

// newHost connects what the server has to what Gatehouse asks of a host.
func newHost(ctx context.Context, c config, db *database, base, public string, logger *slog.Logger) (*host, error) {
	ring, err := sharedKeys(ctx, db.settings)
	if err != nil {
		return nil, err
	}
	keys, err := provider.NewStaticKeys(ring)
	if err != nil {
		return nil, err
	}
	h := &host{sessions: sessions{key: sessionKey(ring.Seal[0]), now: time.Now}, db: db}
	auth, endpoint := endpointConfig(c, public, logger)
	h.Service, err = provider.New(provider.Config{
		Store: db.providers, Stores: db.stores, Replays: db.replays, Keys: keys,
		URLs:     func(context.Context, scim.TenantID) (provider.URLs, error) { return provider.URLs{Native: base}, nil },
		Tenant:   func(*http.Request) (scim.TenantID, error) { return tenant, nil },
		Sessions: h.sessions, Prover: noProver{},
		Provision: auth, SCIM: endpoint,
		Session:               sessionFor,
		AllowLoopbackInsecure: c.url == "",
		Logger:                logger,
	})
	return h, err
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

// noProver takes no second factor: this server has no administrators yet, who would need one.
type noProver struct{}

// Verify implements provider.Prover.
func (noProver) Verify(context.Context, provider.Actor, string) error { return provider.ErrWrongCode }

// maintain does what is due, until ctx is done or stop is called, which waits for it.
func (h *host) maintain(ctx context.Context, logger *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			next, err := h.Maintain(ctx)
			if err != nil && ctx.Err() == nil {
				logger.Warn("maintenance was not finished; it goes on", "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(max(time.Until(next), time.Second)):
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// home says who is signed in, and to everybody else what this is.
func (h *host) home(w http.ResponseWriter, r *http.Request, public string) {
	s, ok := h.signedIn(r)
	if !ok {
		page(w, http.StatusOK, "This is the reference server of Gatehouse. SCIM 2.0 is served at "+public+" for clients that send the secret token.")
		return
	}
	page(w, http.StatusOK, fmt.Sprintf("You are %s, signed in at %s. A POST to %s signs you out.", s.UserName, s.Began.Format(time.RFC3339), signOutPath))
}

// signedIn returns the session of a browser, as long as it is good.
func (h *host) signedIn(r *http.Request) (session, bool) {
	s, ok := h.sessions.read(r)
	if !ok || h.Check(r.Context(), tenant, s.User, s.Provider, s.Began) != nil {
		return session{}, false
	}
	return s, true
}

// signOut ends the session here, and at the identity provider.
func (h *host) signOut(w http.ResponseWriter, r *http.Request) {
	s, ok := h.signedIn(r)
	if r.Method != http.MethodPost || http.NewCrossOriginProtection().Check(r) != nil {
		page(w, http.StatusMethodNotAllowed, "This takes a POST from this site.")
		return
	}
	h.sessions.end(w)
	if ok && h.StartLogout(w, r, tenant, s.Logout, "/") == nil {
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
