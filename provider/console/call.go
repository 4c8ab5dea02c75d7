package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A call is a request on its way to an answer.
type call struct {
	*Console
	w       http.ResponseWriter
	r       *http.Request
	actor   provider.Actor
	id      provider.ID         // of the provider that the page is about; "" = none
	link    *provider.SetupLink // by which somebody without an account has come; nil = an administrator
	secret  string              // of the link
	problem *provider.Problem   // what keeps the act from being done that was asked for
	status  int                 // of the answer; 0 = 200
}

func (c *call) ctx() context.Context { return c.r.Context() }

// answer has h answer. If an act has a problem the page it was asked for on is shown again, with it.
func (c *call) answer(h, page handler) {
	err := c.parse()
	if err == nil {
		err = h(c)
	}
	if problem, ok := errors.AsType[*provider.Problem](err); ok && page != nil {
		c.problem, c.status = problem, http.StatusUnprocessableEntity
		err = page(c)
	}
	if err != nil {
		c.fail(err)
	}
}

// parse reads the form of a request.
func (c *call) parse() error {
	if c.r.Method != http.MethodPost {
		return nil
	}
	var err error
	if strings.HasPrefix(c.r.Header.Get("Content-Type"), "multipart/") {
		err = c.r.ParseMultipartForm(maxForm)
	} else {
		err = c.r.ParseForm()
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &provider.Problem{Code: provider.ProblemMetadata, Detail: "This is too large: metadata has up to 2 MiB."}
	}
	if err != nil {
		return &provider.Problem{Code: provider.ProblemPage, Detail: "The form could not be read. Send it again.", Cause: err}
	}
	return nil
}

// fail answers what is no fault of the form.
func (c *call) fail(err error) {
	down, unavailable := errors.AsType[*scim.UnavailableError](err)
	problem, isProblem := errors.AsType[*provider.Problem](err)
	switch {
	case errors.Is(err, provider.ErrNotFound), errors.Is(err, scim.ErrNotFound):
		c.notice(http.StatusNotFound, "Not found", "There is nothing here. It may have been deleted, or the address may be mistyped.", "")
	case errors.Is(err, provider.ErrStale), errors.Is(err, scim.ErrStale):
		c.notice(http.StatusConflict, "Changed meanwhile", "Somebody else has changed this since you opened the page, and nothing was done. Open it again and look.", "")
	case isProblem:
		c.notice(http.StatusUnprocessableEntity, "This cannot be done", problem.Detail, "")
	case unavailable:
		incident := c.log(err)
		c.w.Header().Set("Retry-After", strconv.Itoa(max(1, int(down.RetryAfter/time.Second))))
		c.notice(http.StatusServiceUnavailable, "Not now", "This could not be finished right now, and goes on by itself or when you try again.", incident)
	case c.ctx().Err() != nil: // nobody reads the answer
	default:
		c.notice(http.StatusInternalServerError, "Something went wrong", "The log has what happened, under the incident ID below.", c.log(err))
	}
}

// log writes an error down and returns the ID it can be found under.
func (c *call) log(err error) string {
	incident := rand.Text()[:10]
	c.o.Logger.ErrorContext(c.ctx(), "a page of the console failed", "incident", incident, "path", c.r.Pattern, "tenant", c.actor.Tenant, "error", err)
	return incident
}

// A noticeData is a page with a sentence.
type noticeData struct{ Heading, Text, Incident string }

func (c *call) notice(status int, heading, text, incident string) {
	c.status = status
	if err := c.render("notice", c.pages.text(heading), "", noticeData{c.pages.text(heading), c.pages.text(text), incident}); err != nil {
		c.o.Logger.ErrorContext(c.ctx(), "a page could not be written", "error", err)
	}
}

// plain answers with a page that knows nobody.
func (c *Console) plain(w http.ResponseWriter, r *http.Request, status int, text string) {
	(&call{Console: c, w: w, r: r}).notice(status, http.StatusText(status), text, "")
}

// A view is what every page is given.
type view struct {
	Base          string
	Root          string // of the pages of the provider
	Title         string
	Section       string // of the navigation
	Path          string // that was asked for
	Theme         Theme
	Actor         provider.Actor
	Link          *provider.SetupLink
	Problem       string
	Done          string
	Hint          string // for the code of the second factor
	Now           time.Time
	CSS, JS, Icon string
	Data          any
}

// May reports whether who asks may do what a setup link needs a power for.
func (v view) May(power string) bool {
	return v.Link == nil || v.Link.May(provider.SetupPower(power))
}

// Admin reports whether an administrator asks, and not somebody with a setup link.
func (v view) Admin() bool { return v.Link == nil && v.Actor.Tenant != "" }

// render writes a page, whole or not at all.
func (c *call) render(name, title, section string, data any) error {
	v := view{
		Base: c.base, Root: c.root(), Title: title, Section: section, Path: c.r.URL.Path, Theme: c.o.Theme, Actor: c.actor, Link: c.link,
		Done: c.pages.done(c.r.URL.Query().Get("done")), Now: c.o.Now(), CSS: c.css, JS: c.js, Icon: c.icon, Data: data,
	}
	if c.problem != nil {
		v.Problem, v.Done = c.problem.Detail, ""
	}
	if c.o.FactorHint != nil && c.link == nil && c.actor.Tenant != "" {
		v.Hint = c.o.FactorHint(c.r)
	}
	var b bytes.Buffer
	if err := c.pages.execute(&b, name, v); err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if c.status == 0 {
		c.status = http.StatusOK
	}
	c.w.WriteHeader(c.status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	if _, err := c.w.Write(b.Bytes()); err != nil {
		c.o.Logger.DebugContext(c.ctx(), "a page was not read to its end", "error", err)
	}
	return nil
}

// root is the path of the pages of the provider.
func (c *call) root() string {
	if c.link != nil {
		return c.base + "/setup"
	}
	return c.base + "/providers/" + url.PathEscape(string(c.id))
}

// redirect sends the browser to a path of the console, where a message says what was done.
func (c *call) redirect(path, done string) error {
	target := c.base + path
	if done != "" {
		target += "?done=" + url.QueryEscape(done)
	}
	http.Redirect(c.w, c.r, target, http.StatusSeeOther)
	return nil
}

// back is redirect to a page of the provider.
func (c *call) back(path, done string) error {
	if c.link != nil && path == "" {
		path = "/"
	}
	return c.redirect(strings.TrimPrefix(c.root(), c.base)+path, done)
}

// field returns a field of the form, or of the query.
func (c *call) field(name string) string { return strings.TrimSpace(c.r.FormValue(name)) }

// sent is field, of the form alone; nil = the form does not have it.
func (c *call) sent(name string) *string {
	if !c.r.PostForm.Has(name) {
		return nil
	}
	return new(strings.TrimSpace(c.r.PostForm.Get(name)))
}

// prove verifies the second factor of the form, for acts on the provider.
func (c *call) prove(actions ...provider.Action) ([]provider.Proof, error) {
	if c.link == nil {
		return c.service.ProveEach(c.ctx(), c.actor, c.id, strings.ReplaceAll(c.field("code"), " ", ""), actions...)
	}
	var proofs []provider.Proof
	for _, action := range actions {
		p, err := c.service.ProveSetupLink(c.ctx(), c.secret, c.actor.From, action)
		if err != nil {
			return nil, err
		}
		proofs = append(proofs, p)
	}
	return proofs, nil
}
