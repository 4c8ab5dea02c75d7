package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
)

//go:embed html/*.html
var templateFiles embed.FS

//go:embed assets/style.css
var style []byte

const styleName = "style.css"

var templates = template.Must(template.ParseFS(templateFiles, "html/*.html"))

// A view is what a page shows.
type view struct {
	Title   string
	Tenant  string
	Problem string // why it is shown again
	Refresh string // where the browser goes by itself
	Return  string // a path, where it goes in the end
	Wide    bool
	Data    any
}

// render writes a page.
func (h *host) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Tenant = tenantName
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name+".html", v); err != nil {
		h.log.ErrorContext(r.Context(), "a page could not be made", "page", name, "error", err)
		plain(w, http.StatusInternalServerError, "This page could not be made; the log says why.")
		return
	}
	h.secure(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// message shows a sentence.
func (h *host) message(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	h.render(w, r, status, "message", view{Title: title, Data: provider.Notice{Text: text}})
}

// notice shows a page of the library in the clothes of this server.
func (h *host) notice(w http.ResponseWriter, r *http.Request, n provider.Notice) {
	h.render(w, r, n.Status, "message", view{Title: n.Title, Data: n})
}

// down shows that a store does not answer.
func (h *host) down(w http.ResponseWriter, r *http.Request, err error) {
	h.log.WarnContext(r.Context(), "a page could not be served", "path", r.URL.Path, "error", err)
	w.Header().Set("Retry-After", "5")
	h.message(w, r, http.StatusServiceUnavailable, "Try again in a moment", "The server cannot reach what it needs right now.")
}

// tooMany asks to come again later.
func (h *host) tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	seconds := int((wait + time.Second - 1) / time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	h.message(w, r, http.StatusTooManyRequests, "Too many attempts", "Wait "+spoken(seconds)+", then try again.")
}

// spoken writes a time for people.
func spoken(seconds int) string {
	switch {
	case seconds <= 1:
		return "a second"
	case seconds <= 90:
		return fmt.Sprintf("%d seconds", seconds)
	}
	return fmt.Sprintf("%d minutes", (seconds+59)/60)
}

// serveStyle serves the one style sheet.
func serveStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	http.ServeContent(w, r, styleName, time.Time{}, bytes.NewReader(style))
}

// returnPath returns a path of this server, "/" for everything else: a link that leads through the sign-in
// does not lead away.
func returnPath(text string) string {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxReturn || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(text, "/") ||
		strings.HasPrefix(text, "//") || strings.Contains(text, `\`) || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	for _, c := range text {
		if c < ' ' || c == 0x7F {
			return "/"
		}
	}
	return text
}

// maxReturn bounds a path to return to, which travels through the identity provider.
const maxReturn = 1000

// signInAt is the sign-in page that leads on to a path.
func signInAt(page, back string) string {
	if back == "" || back == "/" {
		return page
	}
	return page + "?return=" + url.QueryEscape(back)
}
