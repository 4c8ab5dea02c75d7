package scim

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

const (
	mediaSCIM = "application/scim+json"
	mediaJSON = "application/json"
)

// query holds the parameters of RFC 7644 §3.4.2 by lower-case name; others are ignored, as the
// aadOptscim062020 that Entra ID repeats from its tenant URL.
type query struct {
	values map[string]string
	parsed bool
}

var queryNames = map[string]bool{"filter": true, "startindex": true, "count": true, "attributes": true, "excludedattributes": true, "sortby": true, "sortorder": true, "cursor": true}

func (x *exchange) parseQuery() error {
	if x.query.parsed {
		return nil
	}
	x.query.parsed = true
	raw := x.r.URL.RawQuery
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(key)
		if err != nil {
			return invalidSyntax("the query string has a broken escape in %q", shorten(key))
		}
		if name = strings.ToLower(name); !queryNames[name] {
			if _, err := url.QueryUnescape(value); err != nil {
				return invalidSyntax("the query string has a broken escape in %q", shorten(value))
			}
			continue
		}
		text, err := unescapeQuery(value)
		if err != nil {
			return invalidSyntax("the parameter %s has a broken escape: %q", name, shorten(value))
		}
		if _, twice := x.query.values[name]; twice {
			return invalidSyntax("the parameter %s is given twice", name)
		}
		if x.query.values == nil {
			x.query.values = map[string]string{}
		}
		x.query.values[name] = text
	}
	return nil
}

// unescapeQuery decodes a value. Clients write a space as + or as %20; those who write %20, or
// leave spaces as they are, mean + when they write it, as in ada+test@example.com.
func unescapeQuery(s string) (string, error) {
	if strings.Contains(s, "%20") || strings.Contains(s, " ") {
		return url.PathUnescape(s)
	}
	return url.QueryUnescape(s)
}

// listing reads the parameters of a listing.
func (x *exchange) listing(rt *resourceType) (l listing, err error) {
	if err := x.parseQuery(); err != nil {
		return l, err
	}
	l.Total = true // RFC 9865 §2 lets cursor pages do without
	if text, ok := x.query.values["filter"]; ok && (text != "" || x.h.engine.strict) {
		if l.Filter, err = x.filter(rt, text); err != nil {
			return l, err
		}
	}
	if l.Sort, err = x.sort(rt); err != nil {
		return l, err
	}
	cursor, ok := x.query.values["cursor"]
	if l.cursor = ok; ok {
		err = x.cursor(rt, &l.Query, cursor)
	} else {
		err = x.index(&l.Query)
	}
	return l, err
}

// index reads which page is asked for by the index of its first resource (RFC 7644 §3.4.2.4).
func (x *exchange) index(q *Query) error {
	limit := x.h.engine.limits.PageSize
	start, err := x.integer("startindex", 1)
	if err != nil {
		return err
	}
	count, err := x.integer("count", x.h.engine.limits.usualPage())
	q.Offset = max(start, 1) - 1
	q.Limit = min(max(count, 0), limit)
	return err
}

// cursor reads which page is asked for by a cursor (RFC 9865 §2). More than a page may have is
// asked for by clients that know no limit, and only strict mode refuses it.
func (x *exchange) cursor(rt *resourceType, q *Query, cursor string) error {
	if strings.TrimSpace(x.query.values["startindex"]) != "" {
		return invalidValue("cursor and startIndex are two ways to name a page; send one of them")
	}
	limit := x.h.engine.limits.PageSize
	count, err := x.integer("count", x.h.engine.limits.usualPage())
	if err != nil || count < 1 || count > limit && x.h.engine.strict {
		return &Refusal{Status: http.StatusBadRequest, Type: "invalidCount", Detail: fmt.Sprintf("count: %q received, with a cursor a whole number from 1 to %d is expected", shorten(x.query.values["count"]), limit)}
	}
	q.Limit = min(count, limit)
	return x.openCursor(rt, q, cursor)
}

// sort reads the order of a listing (RFC 7644 §3.4.2.3). What cannot be sorted by is refused:
// a client that merges two sorted lists is told nothing by a 200 in another order.
func (x *exchange) sort(rt *resourceType) (o Order, err error) {
	name := strings.TrimSpace(x.query.values["sortby"])
	if name == "" {
		return o, nil
	}
	ref, liberty, ok := rt.registry.Find(name)
	switch {
	case !ok || liberty != "" && x.h.engine.strict:
		return o, &Refusal{Status: http.StatusBadRequest, Type: "invalidPath", Detail: fmt.Sprintf("sortBy: no schema here has the attribute %q", shorten(name))}
	case !rt.sortable(ref):
		return o, &Refusal{Status: http.StatusBadRequest, Type: "invalidPath", Detail: fmt.Sprintf("sortBy: a listing cannot be sorted by %s; name an attribute with a simple value, such as displayName", shorten(name))}
	}
	switch order := strings.TrimSpace(x.query.values["sortorder"]); {
	case strings.EqualFold(order, "descending"):
		o.Descending = true
	case order != "" && !strings.EqualFold(order, "ascending"):
		return o, invalidValue("sortOrder: %q received, ascending or descending is expected", shorten(order))
	}
	o.By = ref
	return o, nil
}

// sortable reports whether a listing can be in the order of an attribute. An order would tell what
// an attribute holds that is never returned.
func (rt *resourceType) sortable(ref filter.Ref) bool {
	top := ref
	if p := ref.Parent(); !p.IsZero() {
		top = p
	}
	by := ref
	if ref.Kind() == filter.Complex {
		by = ref.Default()
	}
	return ref.Sortable() && top != rt.members && rt.info(by).returned != "never" && rt.info(top).returned != "never"
}

func (x *exchange) filter(rt *resourceType, text string) (*filter.Bound, error) {
	f, err := filter.Parse(text)
	if err == nil {
		var b *filter.Bound
		if b, err = f.Bind(rt.registry); err == nil {
			if x.h.engine.strict && b.Liberty() != "" {
				return nil, &Refusal{Status: http.StatusBadRequest, Type: "invalidFilter", Detail: "filter: " + b.Liberty() + ", which strict mode refuses"}
			}
			return b, nil
		}
	}
	return nil, &Refusal{Status: http.StatusBadRequest, Type: "invalidFilter", Detail: err.Error()}
}

func (x *exchange) integer(name string, absent int) (int, error) {
	text := strings.TrimSpace(x.query.values[name])
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, invalidValue("%s: %q received, a whole number is expected", name, shorten(text))
	}
	return n, nil
}

func (x *exchange) projection(rt *resourceType) (*projection, error) {
	if err := x.parseQuery(); err != nil {
		return nil, err
	}
	if len(x.query.values) == 0 {
		return rt.usual, nil
	}
	return newProjection(rt, x.query.values["attributes"], x.query.values["excludedattributes"], x.h.engine.strict)
}

// body reads and decodes the body of a write, within the limit of the type.
func (x *exchange) body(rt *resourceType) (jsonValue, error) {
	if err := x.mediaType(); err != nil {
		return jsonValue{}, err
	}
	limit := x.h.engine.limits.Body
	if !rt.members.IsZero() {
		limit = x.h.engine.limits.GroupBody
	}
	if x.r.ContentLength > limit {
		return jsonValue{}, tooLarge(limit)
	}
	buf := buffers.Get().(*[]byte)
	space := min(max(x.r.ContentLength, 0)+1, maxPooled)
	data, err := appendAll(slices.Grow((*buf)[:0], int(space)), io.LimitReader(x.r.Body, limit+1))
	defer recycle(buf, data)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return jsonValue{}, &Refusal{Status: http.StatusRequestEntityTooLarge, Detail: "the body is larger than this server reads"}
	}
	if err != nil {
		return jsonValue{}, invalidSyntax("the body ends before its announced length, or cannot be read")
	}
	if int64(len(data)) > limit {
		return jsonValue{}, tooLarge(limit)
	}
	return decodeJSON(data)
}

// appendAll appends all that r holds.
func appendAll(dst []byte, r io.Reader) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, max(512, len(dst)))
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}

func tooLarge(limit int64) error {
	return &Refusal{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is larger than the %d bytes this endpoint reads", limit)}
}

// isUTF8 takes the usual misspelling too: a 415 ends a whole run of Microsoft's validator.
func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

func (x *exchange) mediaType() error {
	header := x.r.Header.Get("Content-Type")
	switch header {
	case "", mediaSCIM, mediaJSON, mediaSCIM + "; charset=utf-8", mediaJSON + "; charset=utf-8":
		return nil
	}
	media, params, err := mime.ParseMediaType(header)
	if err != nil || media != mediaSCIM && media != mediaJSON || !isUTF8(params["charset"]) {
		return &Refusal{Status: http.StatusUnsupportedMediaType, Detail: fmt.Sprintf("the body is of type %q; send %s or %s in UTF-8", shorten(header), mediaSCIM, mediaJSON)}
	}
	return nil
}
