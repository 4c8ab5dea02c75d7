package main

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Where things are served.
const (
	scimPath      = "/ws/scim/v2"
	ssoPath       = "/sso/"
	consolePath   = "/console"
	checklistPath = "/checklist"
	homePath      = "/home"
	othersPath    = "/home/end-others"
	signInPath    = "/sign-in"
	factorPath    = "/sign-in/factor"
	linkPath      = "/sign-in/link"
	signOutPath   = "/sign-out"
	signedOutPath = "/?signed-out" // the first page, with a word about it
	leavePath     = "/sign-out/continue"
	assetsPath    = "/assets/"
	livePath      = "/healthz"
	readyPath     = "/readyz"
)

// newHandler puts what Gatehouse serves at its paths, the offline identity provider beside it if there
// is one, and the pages of this server.
//
// It is no [http.ServeMux]: a mux redirects /ws/scim/v2//Users, which is what a client makes of a
// tenant URL with a slash at its end, and no client follows a redirect with a POST.
func newHandler(h *host, sso *offline, verbose bool) http.Handler {
	service := h.Handler()
	pages := h.guard(service, h.pages())
	all := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(h.proxies) > 0 {
			r.RemoteAddr = h.from(r) // for what the library says of where a request came from
		}
		path := r.URL.Path
		switch {
		case isBelow(path, scimPath):
			service.ServeHTTP(w, r)
		case isBelow(path, idpPath) && sso != nil:
			sso.handler.ServeHTTP(w, r)
		case isBelow(path, idpPath): // at any address: it is none of a page
			plain(w, http.StatusNotFound, "There is no offline identity provider here: others can reach this server.")
		case path == livePath:
			plain(w, http.StatusOK, "ok")
		case path == readyPath:
			h.ready(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
	if !verbose {
		return all
	}
	return logRequests(all, h.log)
}

// isBelow reports whether a path is another one, or below it.
func isBelow(path, parent string) bool {
	rest, ok := strings.CutPrefix(path, parent)
	return ok && (rest == "" || rest[0] == '/')
}

// A pageSet has the pages of this server, by method and path.
type pageSet struct {
	*host
	served map[string]http.HandlerFunc
}

func (h *host) pages() *pageSet {
	return &pageSet{h, map[string]http.HandlerFunc{
		"GET /":           h.front,
		"GET " + homePath: h.home, "POST " + othersPath: h.endOthers,
		"GET " + signInPath: h.showSignIn, "POST " + signInPath: h.signIn,
		"GET " + factorPath: h.showFactor, "POST " + factorPath: h.giveFactor,
		"GET " + linkPath: h.showLink, "POST " + linkPath: h.useLink,
		"POST " + signOutPath: h.signOut, "GET " + leavePath: h.leave,
		"GET " + assetsPath + styleName: serveStyle,
	}}
}

// has reports whether something is served at a path, by any method.
func (p *pageSet) has(path string) bool {
	return p.served["GET "+path] != nil || p.served["POST "+path] != nil ||
		isBelow(path, consolePath) || isBelow(path, checklistPath)
}

// ServeHTTP serves a page.
func (p *pageSet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, method := r.URL.Path, r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	get, post := p.served["GET "+path] != nil, p.served["POST "+path] != nil
	switch serve := p.served[method+" "+path]; {
	case serve != nil:
		serve(w, r)
	case path == consolePath && method == http.MethodGet:
		http.Redirect(w, r, consolePath+"/", http.StatusSeeOther)
	case isBelow(path, consolePath) && p.console != nil:
		p.console.ServeHTTP(w, r)
	case isBelow(path, checklistPath) && p.checklist != nil:
		p.checklist.ServeHTTP(w, r)
	case get || post:
		allow := "POST"
		if get {
			allow = "GET, HEAD"
		}
		if get && post {
			allow += ", POST"
		}
		w.Header().Set("Allow", allow)
		p.message(w, r, http.StatusMethodNotAllowed, "This cannot be done here", "This address takes "+allow+" only.")
	default:
		p.message(w, r, http.StatusNotFound, "There is no such page", "Nothing is served at this path. SCIM 2.0 is served at "+p.scimURL+".")
	}
}

// guard lets a request for a page through that is at the one address of this server, and that no other site
// has made. What identity providers post is exempt: they are other sites.
func (h *host) guard(service http.Handler, pages *pageSet) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	h.Exempt(crossOrigin, "")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sso := strings.HasPrefix(r.URL.Path, ssoPath)
		// A POST to where no page is may be one to the reply URL that a product has had before.
		reply := r.Method == http.MethodPost && !sso && !pages.has(r.URL.Path)
		posted := reply || sso && r.Method == http.MethodPost // by an identity provider
		h.secure(w.Header())
		if !posted && !strings.EqualFold(h.requestHost(r), h.base.Host) {
			h.elsewhere(w, r)
			return
		}
		if err := crossOrigin.Check(r); err != nil && !reply {
			h.message(w, r, http.StatusForbidden, "This came from another site", "Forms are taken from the pages of this server alone. Go back, reload the page, and try again.")
			return
		}
		if sso || reply {
			service.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// elsewhere answers a request at another address than the one of this server, before any cookie is set: it
// would be one of that address, and the answer of an identity provider comes to this one.
func (h *host) elsewhere(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		http.Redirect(w, r, h.base.String()+r.URL.RequestURI(), http.StatusPermanentRedirect)
		return
	}
	h.message(w, r, http.StatusMisdirectedRequest, "This is another address", "This server is at "+h.base.String()+" and takes forms there alone.")
}

// pagePolicy is the content security policy of pages: nothing inline, nothing from elsewhere.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; connect-src 'self'"

// strictFor is how long browsers come back by https alone: a year.
const strictFor = "max-age=31536000"

// secure sets the headers of pages. What the library or the console serves sets stricter ones of its own.
func (h *host) secure(header http.Header) {
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	if h.base.Scheme == "https" {
		header.Set("Strict-Transport-Security", strictFor)
	}
}

// readyWithin is how long the database has to answer who asks whether the server is ready.
const readyWithin = 2 * time.Second

// ready says whether requests would be answered.
func (h *host) ready(w http.ResponseWriter, r *http.Request) {
	if h.ending.Load() {
		plain(w, http.StatusServiceUnavailable, "The server is about to end.")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	if _, err := h.accounts.empty(ctx); err != nil {
		h.log.WarnContext(ctx, "the server is not ready: its database does not answer", "error", err)
		plain(w, http.StatusServiceUnavailable, "The database does not answer.")
		return
	}
	plain(w, http.StatusOK, "ready")
}

// plain answers in plain text.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}

// setupLinkPath is where a setup link of the console is opened. What follows is its secret.
const setupLinkPath = consolePath + "/setup/open/"

// loggedPath returns a path without what is secret in it.
func loggedPath(path string) string {
	if strings.HasPrefix(path, setupLinkPath) {
		return setupLinkPath + "…"
	}
	return path
}

// logRequests logs each request after its answer: of the query nothing but the filter of SCIM, of the headers
// nothing, and no secret of a path.
func logRequests(h http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(answer, r)
		attrs := []slog.Attr{
			slog.String("method", r.Method),
			slog.String("path", loggedPath(r.URL.Path)),
			slog.Int("status", answer.status),
			slog.Int("bytes", answer.bytes),
			slog.Duration("took", time.Since(began)),
		}
		if filter := r.URL.Query().Get("filter"); filter != "" && isBelow(r.URL.Path, scimPath) {
			attrs = append(attrs, slog.String("filter", filter))
		}
		logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
	})
}

// recorder remembers how a request was answered.
type recorder struct {
	http.ResponseWriter
	status, bytes int
}

// WriteHeader remembers the status.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write counts what was sent.
func (r *recorder) Write(p []byte) (int, error) {
	n, err := r.ResponseWriter.Write(p)
	r.bytes += n
	return n, err
}

// Unwrap is for [http.ResponseController].
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
