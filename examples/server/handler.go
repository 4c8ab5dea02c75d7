package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// scimPath is where the endpoint is served.
const scimPath = "/ws/scim/v2"

// newHandler puts what Gatehouse serves at its paths, the offline identity provider beside it if there
// is one, and a page for those who look around.
//
// It is no [http.ServeMux]: a mux redirects /ws/scim/v2//Users, which is what a client makes of a
// tenant URL with a slash at its end, and no client follows a redirect with a POST.
func newHandler(host *host, sso *offline, public string, verbose bool, logger *slog.Logger) http.Handler {
	service := host.Handler()
	guide := &guide{service: host.Service, sso: sso, base: strings.TrimSuffix(public, scimPath)}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scimRest, isSCIM := strings.CutPrefix(r.URL.Path, scimPath)
		switch {
		case isSCIM && (scimRest == "" || scimRest[0] == '/'), strings.HasPrefix(r.URL.Path, "/sso/"):
			service.ServeHTTP(w, r)
		case sso != nil && strings.HasPrefix(r.URL.Path, idpPath+"/"):
			sso.handler.ServeHTTP(w, r)
		case sso != nil && guide.serves(r.URL.Path): // to this machine alone: it does not ask who somebody is
			guide.ServeHTTP(w, r)
		case r.URL.Path == "/":
			host.home(w, r, public)
		case r.URL.Path == signOutPath:
			host.signOut(w, r)
		default:
			page(w, http.StatusNotFound, "Nothing is served at this path. SCIM 2.0 is served at "+public+".")
		}
	})
	if !verbose {
		return h
	}
	return logRequests(h, logger)
}

// page answers in plain text.
func page(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// logRequests logs each request after its answer: of the query nothing but the filter, and of the
// headers nothing.
func logRequests(h http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(answer, r)
		attrs := []slog.Attr{
			slog.String("method", r.Method),
			slog.String("path", r.URL.Path),
			slog.Int("status", answer.status),
			slog.Int("bytes", answer.bytes),
			slog.Duration("took", time.Since(began)),
		}
		if filter := r.URL.Query().Get("filter"); filter != "" {
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
