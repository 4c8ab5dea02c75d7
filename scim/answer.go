package scim

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"
)

// buffers are reused between answers; one that grew beyond maxPooled is left to the collector.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxPooled = 1 << 20

// respond sends what fill appends.
func (x *exchange) respond(status int, fill func(*encoder) error) error {
	x.outcome.Status = status
	buf := buffers.Get().(*[]byte)
	e := encoder{buf: (*buf)[:0], base: x.base}
	err := fill(&e)
	if err == nil {
		x.send(status, e.buf)
	}
	recycle(buf, e.buf)
	return err
}

// recycle gives back a buffer that was used as data.
func recycle(buf *[]byte, data []byte) {
	if cap(data) <= maxPooled {
		*buf = data[:0]
		buffers.Put(buf)
	}
}

func (x *exchange) send(status int, body []byte) {
	x.wrote = true
	head := x.w.Header()
	head.Set("Content-Type", x.h.contentType)
	head.Set("Content-Length", strconv.Itoa(len(body)))
	head.Set("Cache-Control", "no-store")
	x.w.WriteHeader(status)
	x.w.Write(body)
}

// answer sends one resource with its entity tag.
func (x *exchange) answer(status int, rt *resourceType, res resource, proj *projection) error {
	d, err := x.derive(rt, []resource{res}, proj)
	if err != nil {
		return err
	}
	return x.answerWith(status, rt, res, proj, d[0])
}

// answerWith sends one resource and what is derived for it. An answer that shows groups has no
// entity tag: the version does not know of them, so no cache may rely on it.
func (x *exchange) answerWith(status int, rt *resourceType, res resource, proj *projection, d derived) error {
	if len(d.groups) == 0 {
		x.w.Header().Set("ETag", etag(res.meta().Version))
	}
	return x.respond(status, func(e *encoder) error {
		e.resource(rt, res, proj, d)
		return nil
	})
}

// answerList sends a ListResponse (RFC 7644 §3.4.2). Resources is always there: Entra ID and its
// validator look for it also when there are none.
func (x *exchange) answerList(rt *resourceType, page Page[resource], l listing, proj *projection) error {
	d, err := x.derive(rt, page.Items, proj)
	if err != nil {
		return err
	}
	var next, previous string
	if l.cursor {
		if next, previous, err = x.sealCursors(rt, &l.Query, page); err != nil {
			return err
		}
	}
	return x.respond(http.StatusOK, func(e *encoder) error {
		e.buf = append(e.buf, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`...)
		e.buf = strconv.AppendInt(e.buf, int64(page.Total), 10)
		if !l.cursor {
			e.buf = append(e.buf, `,"startIndex":`...)
			e.buf = strconv.AppendInt(e.buf, int64(l.Offset)+1, 10)
		}
		e.buf = append(e.buf, `,"itemsPerPage":`...)
		e.buf = strconv.AppendInt(e.buf, int64(len(page.Items)), 10)
		if next != "" {
			e.buf = append(append(append(e.buf, `,"nextCursor":"`...), next...), '"')
		}
		if previous != "" {
			e.buf = append(append(append(e.buf, `,"previousCursor":"`...), previous...), '"')
		}
		e.buf = append(e.buf, `,"Resources":[`...)
		for i, res := range page.Items {
			e.comma()
			e.resource(rt, res, proj, d[i])
		}
		e.buf = append(e.buf, `]}`...)
		return nil
	})
}

// derive reads what the answer shows beside the resources: the groups of users, the members of
// groups.
func (x *exchange) derive(rt *resourceType, items []resource, proj *projection) ([]derived, error) {
	out := make([]derived, len(items))
	stores := x.h.engine.stores
	switch {
	case len(items) == 0:
	case x.showsGroups(rt, proj):
		ids := make([]string, len(items))
		for i, res := range items {
			ids[i] = res.meta().ID
		}
		groups, err := stores.Groups.GroupsOf(x.ctx, x.who.Tenant, Scope{Manager: x.who.Manager}, ids)
		if err != nil {
			return nil, err
		}
		for i, id := range ids {
			out[i].groups = groups[id]
		}
	case !rt.members.IsZero() && proj.shows(rt.members):
		for i, res := range items {
			err := eachMemberPage(x.ctx, stores, x.who.Tenant, res.meta().ID, func(page []Member) {
				out[i].members = append(out[i].members, page...)
			})
			if err != nil && !errors.Is(err, ErrNotFound) { // deleted meanwhile: as it was
				return nil, err
			}
		}
	}
	return out, nil
}

// fail answers with an error. Text of the host or of a store goes to the log and never out.
func (x *exchange) fail(err error) {
	r := x.refusal(err)
	x.answered(r)
	if x.wrote {
		return // the answer was on its way; nothing can be added to it
	}
	head := x.w.Header()
	if r.Status == http.StatusUnauthorized {
		head.Set("WWW-Authenticate", `Bearer realm="SCIM"`)
	}
	if r.RetryAfter > 0 {
		head.Set("Retry-After", strconv.Itoa(int(math.Ceil(r.RetryAfter.Seconds()))))
	}
	head.Del("ETag")
	head.Del("Location")
	body, _ := json.Marshal(scimerrors.ScimError{Status: r.Status, ScimType: scimerrors.ScimType(r.Type), Detail: r.Detail})
	x.send(r.Status, body)
}

// retryAfter is when a client comes again if the store does not say.
const retryAfter = 5 * time.Second

// refusal decides what the client is told, and logs the rest.
func (x *exchange) refusal(err error) *Refusal {
	r, ok := errors.AsType[*Refusal](err)
	if ok && (r.Status < 400 || 599 < r.Status) {
		ok, err = false, fmt.Errorf("scim: a refusal with status %d: %s", r.Status, r.Detail)
	}
	if ok {
		x.log(slog.LevelInfo, "scim request refused", slog.Int("status", r.Status), slog.String("type", r.Type), slog.String("detail", r.Detail))
		return r
	}
	down, unavailable := errors.AsType[*UnavailableError](err) // whatever its cause is
	if !unavailable && errors.Is(err, ErrNotFound) {
		return &Refusal{Status: http.StatusNotFound, Detail: "no such resource exists for this token"}
	}
	incident := rand.Text()
	x.outcome.Incident = incident
	r = &Refusal{Status: http.StatusInternalServerError, Detail: "the request failed here; the log has the reason under incident " + incident}
	if unavailable || x.ctx.Err() != nil {
		r.Status = http.StatusServiceUnavailable
		r.Detail = "the request could not be carried out now; try again. Incident " + incident
		r.RetryAfter = retryAfter
		if unavailable && down.RetryAfter > 0 {
			r.RetryAfter = down.RetryAfter
		}
	}
	x.log(slog.LevelError, "scim request failed", slog.Int("status", r.Status), slog.String("incident", incident), slog.Any("error", err))
	return r
}

// maxLogged is how many operations of a PATCH the log names.
const maxLogged = 10

func (x *exchange) log(level slog.Level, msg string, attrs ...slog.Attr) {
	if len(x.ops) > 0 {
		attrs = append(attrs, slog.String("operations", summary(x.ops)))
	}
	attrs = append(attrs, slog.String("method", x.r.Method), slog.String("path", x.r.URL.Path),
		slog.String("tenant", string(x.who.Tenant)), slog.String("manager", x.who.Manager), slog.String("key", x.who.Key))
	x.h.log.LogAttrs(x.ctx, level, msg, attrs...)
}

// summary names operations and paths, and no values: identity providers change how they write
// them, and a refusal may come after all were applied.
func summary(ops []operation) string {
	var said []string
	for _, o := range ops[:min(len(ops), maxLogged)] {
		said = append(said, strings.TrimSpace(o.op+" "+shorten(o.path)))
	}
	if len(ops) > maxLogged {
		said = append(said, "…")
	}
	return strings.Join(said, ", ")
}

// bare answers without a body.
func (x *exchange) bare(status int) {
	x.outcome.Status = status
	x.w.WriteHeader(status)
}
