package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Options are what the pages need of their host. Actor is required.
type Options struct {
	// Base is the path that the handler is mounted at, such as "/admin/identity"; it sees whole paths.
	// "" = the root.
	Base string
	// Actor says which administrator asks. Whoever gets an error gets Denied.
	Actor func(*http.Request) (provider.Actor, error)
	// Denied answers whoever Actor has returned an error for, such as by sending them to a sign-in page.
	// Optional: a plain page with status 403.
	Denied func(w http.ResponseWriter, r *http.Request, err error)
	// Organizations lists those of a tenant. Optional: without, they are shown and entered as IDs.
	Organizations func(ctx context.Context, tenant scim.TenantID) ([]Organization, error)
	// From says where a request came from, for the events of setup links. Optional: by default
	// Request.RemoteAddr, without the port.
	From func(*http.Request) string
	// FactorHint is shown beside the field for a code of the second factor. It is for demonstrations.
	FactorHint func(*http.Request) string
	Theme      Theme
	// Texts replaces what the pages say, by the English text: see [Texts].
	Texts  map[string]string
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: silent
}

// An Organization is one of the host that users can be placed in.
type Organization struct{ ID, Name string }

// A Theme makes the pages look like the host's.
type Theme struct {
	Product string // in the header; "" = Gatehouse
	Home    Link   // where the header leads; zero = to the first page
	Links   []Link // pages of the host, before those here
	SignOut string // a path that a POST to signs out; "" = none
	// CSS is appended to the style sheet. The custom properties at its beginning have the colors.
	CSS string
}

// A Link is an entry of the navigation.
type Link struct{ Text, URL string }

// A Console is the pages. It may be used concurrently.
type Console struct {
	service       *provider.Service
	o             Options
	base          string
	mux           *http.ServeMux
	pages         *pages
	files         map[string]asset
	css, js, icon string // where they are
	cross         *http.CrossOriginProtection
}

// New returns the pages of a service.
func New(service *provider.Service, o Options) (*Console, error) {
	if service == nil || o.Actor == nil {
		return nil, errors.New("console: a service and Options.Actor are required")
	}
	base := strings.TrimRight(o.Base, "/")
	if base != "" && (base[0] != '/' || strings.ContainsAny(base, "?#{}\\\"<> ")) {
		return nil, errors.New("console: Options.Base is a path, such as /admin/identity")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.From == nil {
		o.From = remote
	}
	if o.Theme.Product == "" {
		o.Theme.Product = "Gatehouse"
	}
	if o.Theme.Home.URL == "" {
		o.Theme.Home.URL = base + "/"
	}
	c := &Console{service: service, o: o, base: base, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection()}
	c.files = newAssets(base, o.Theme.CSS)
	c.css, c.js, c.icon = c.address(cssPath), c.address(jsPath), c.address(iconPath)
	var err error
	if c.pages, err = newPages(c); err != nil {
		return nil, err
	}
	c.route()
	return c, nil
}

// maxForm bounds a form, in bytes: metadata of 2 MiB in base64, and room.
const maxForm = 4 << 20

// ServeHTTP serves the pages.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f, ok := c.files[r.URL.Path]; ok {
		f.serve(w, r)
		return
	}
	secure(w.Header())
	if err := c.cross.Check(r); err != nil {
		c.plain(w, r, http.StatusForbidden, "This form was sent from another site, and nothing was done. Open the page here and try again.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	c.mux.ServeHTTP(w, r)
}

// policy lets a page load what is served here, and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}
