package provider

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
)

// Cookies of pending requests. The POST that answers one is cross-site, so they are SameSite=None; the
// prefix binds them to the host and to https (RFC 6265bis §4.1.3).
const (
	cookiePrefix      = "__Host-gatehouse-"
	plainCookiePrefix = "gatehouse-" // on http at a loopback address, where browsers keep no other
	maxPending        = 5            // of one browser: tabs
	maxCookieValue    = 4000         // bytes: browsers keep 4096 with the name
)

// A pendingCookie is a request that a browser has pending. But for sealed it says nothing that could not
// be made up: what is sealed decides.
type pendingCookie struct {
	name     string
	kind     pendingKind
	at       time.Time
	provider ID
	run      string // the ID of a test, which nobody knows who did not begin it
	sealed   string
}

// handle returns what a cookie is called after: the RelayState that comes back with the answer.
func handle(relayState string) string {
	sum := sha256.Sum256([]byte(relayState))
	return hex.EncodeToString(sum[:8])
}

// isPlain reports whether a request came by http from this machine, where that is allowed.
func (s *Service) isPlain(r *http.Request) bool {
	if !s.config.AllowLoopbackInsecure || r.TLS != nil {
		return false
	}
	return isLoopback(hostname(s.requestHost(r)))
}

// hostname returns a host without its port.
func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.Trim(host, "[]")
}

// requestHost returns the host that the browser has asked for.
func (s *Service) requestHost(r *http.Request) string {
	if s.config.RequestHost != nil {
		return s.config.RequestHost(r)
	}
	return r.Host
}

// setPending has the browser keep a request until it is answered. Of more than five the oldest go.
func (s *Service) setPending(w http.ResponseWriter, r *http.Request, p *Provider, kind pendingKind, run string, m saml.Message) {
	others := s.pending(r)
	for len(others) >= maxPending {
		s.setCookie(w, r, others[0].name, "", -1)
		others = others[1:]
	}
	value := strings.Join([]string{string(kind), strconv.FormatInt(s.now().Unix(), 36), string(p.ID), run, m.Pending}, ".")
	s.setCookie(w, r, s.cookieName(r, m.RelayState), value, int(saml.PendingFor/time.Second))
}

// cookieName returns the name of the cookie of a request.
func (s *Service) cookieName(r *http.Request, relayState string) string {
	if s.isPlain(r) {
		return plainCookiePrefix + handle(relayState)
	}
	return cookiePrefix + handle(relayState)
}

// setCookie sets a cookie, or deletes it if maxAge is negative.
func (s *Service) setCookie(w http.ResponseWriter, r *http.Request, name, value string, maxAge int) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true}
	if !s.isPlain(r) {
		c.Secure, c.SameSite = true, http.SameSiteNoneMode
	}
	http.SetCookie(w, c)
}

// pending returns the requests that a browser has pending, the oldest first.
func (s *Service) pending(r *http.Request) []pendingCookie {
	prefix := cookiePrefix
	if s.isPlain(r) {
		prefix = plainCookiePrefix
	}
	var list []pendingCookie
	for _, c := range r.Cookies() {
		if !strings.HasPrefix(c.Name, prefix) || len(c.Value) > maxCookieValue {
			continue
		}
		parts := strings.SplitN(c.Value, ".", 5)
		if len(parts) != 5 {
			continue
		}
		at, err := strconv.ParseInt(parts[1], 36, 64)
		if err != nil {
			continue
		}
		list = append(list, pendingCookie{c.Name, pendingKind(parts[0]), time.Unix(at, 0), ID(parts[2]), parts[3], parts[4]})
	}
	slices.SortStableFunc(list, func(a, b pendingCookie) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.name, b.name)) })
	return list
}

// An outstanding is what a browser has pending that an answer may be for.
type outstanding struct {
	kind   pendingKind
	sealed []string
	run    string // the ID of the test
	cookie string // the one that is answered; "" = unknown
}

// answered returns what an answer to a provider may be for. The request that RelayState names decides;
// without it the latest one does, since some identity providers do not send RelayState back.
func (s *Service) answered(r *http.Request, id ID, relayState string) outstanding {
	name := s.cookieName(r, relayState)
	o := outstanding{kind: pendingSignIn}
	for _, c := range slices.Backward(s.pending(r)) {
		switch {
		case c.provider != id || c.kind == pendingLogout:
		case c.name == name:
			return outstanding{c.kind, []string{c.sealed}, c.run, c.name}
		case len(o.sealed) == 0:
			o.kind, o.run, o.sealed = c.kind, c.run, []string{c.sealed}
		case c.kind == o.kind && len(o.sealed) < maxPending:
			o.sealed = append(o.sealed, c.sealed)
		}
	}
	return o
}

// pendings returns what is sealed of the logouts that a browser has pending at a provider.
func (s *Service) pendings(r *http.Request, id ID) (sealed []string) {
	for _, c := range s.pending(r) {
		if c.provider == id && c.kind == pendingLogout && len(sealed) < maxPending {
			sealed = append(sealed, c.sealed)
		}
	}
	return sealed
}

// clear forgets pending requests: that of a cookie, or if it is "", nothing.
func (s *Service) clear(w http.ResponseWriter, r *http.Request, cookie string) {
	if cookie != "" {
		s.setCookie(w, r, cookie, "", -1)
	}
}

// clearLogouts forgets the logouts that a browser has pending at a provider: one has been answered.
func (s *Service) clearLogouts(w http.ResponseWriter, r *http.Request, id ID) {
	for _, c := range s.pending(r) {
		if c.provider == id && c.kind == pendingLogout {
			s.clear(w, r, c.name)
		}
	}
}
