package scimtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// exchanged is a request of a side and the answer to it.
type exchanged struct {
	side       int
	sent, text string // the request and the answer, with all that can be read of them
	code       int
	header     http.Header
	body       []byte
	value      map[string]any
}

// send sends a request and searches the answer.
func (w *worker) send(method, path, body string, header ...string) *exchanged {
	w.side.alone.RLock()
	defer w.side.alone.RUnlock()
	return w.sendAlone(method, path, body, header...)
}

// sendAlone is for who holds side.alone, in one way or the other.
func (w *worker) sendAlone(method, path, body string, header ...string) *exchanged {
	var e *exchanged
	for range tries {
		e = w.once(method, path, body, header)
		w.requests.Add(1)
		w.search(e)
		if e.code != http.StatusServiceUnavailable || w.Context().Err() != nil {
			break
		}
	}
	if e.code == http.StatusTooManyRequests || e.code >= 500 && e.code != http.StatusNotImplemented {
		w.fail(e, "the endpoint could not answer")
	}
	return e
}

func (w *worker) once(method, path, body string, header []string) *exchanged {
	r := httptest.NewRequest(method, strings.TrimSuffix(w.side.host.Base, "/")+path, strings.NewReader(body))
	for name, values := range w.side.host.Header {
		r.Header[name] = slices.Clone(values)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	said := ""
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		said += header[i] + ": " + header[i+1] + "\n"
	}
	rec := httptest.NewRecorder()
	w.side.host.Handler.ServeHTTP(rec, r.WithContext(context.WithValue(w.Context(), underwayKey{}, &underway{side: w.side.index})))
	e := &exchanged{
		side: w.side.index, code: rec.Code, header: rec.Result().Header, body: rec.Body.Bytes(),
		sent: fmt.Sprintf("%s %s\n%s%s", method, path, said, body),
	}
	e.text = fmt.Sprintf("HTTP %d\n", e.code)
	for _, name := range slices.Sorted(maps.Keys(e.header)) {
		e.text += name + ": " + strings.Join(e.header[name], ", ") + "\n"
	}
	e.text += rec.Body.String()
	if json.Unmarshal(e.body, &e.value) != nil {
		e.value = nil
	}
	return e
}

// wants expects a status.
func (w *worker) wants(e *exchanged, code int, what string) bool {
	if e.code != code {
		w.fail(e, "%s: got status %d, want %d", what, e.code, code)
	}
	return e.code == code
}

// text returns a string in the answer.
func (e *exchanged) string(name string) string {
	s, _ := e.value[name].(string)
	return s
}

// total returns totalResults, or -1.
func (e *exchanged) total() int64 {
	n, ok := e.value["totalResults"].(float64)
	if !ok {
		return -1
	}
	return int64(n)
}

// values returns the values of the elements of a list, such as the IDs of Resources.
func (e *exchanged) values(list, name string) (all []string) {
	elements, _ := e.value[list].([]any)
	for _, el := range elements {
		o, _ := el.(map[string]any)
		s, _ := o[name].(string)
		all = append(all, s)
	}
	return all
}

// etag returns the entity tag of the answer, "" if there is none, and says if it is not that of the
// resource in it.
func (w *worker) etag(e *exchanged) string {
	tag := e.header.Get("ETag")
	meta, _ := e.value["meta"].(map[string]any)
	if version, ok := meta["version"].(string); ok && tag != "" && version != tag {
		w.fail(e, "the ETag is %q, and the version of the resource %q", tag, version)
	}
	return tag
}

// masked is what was answered, without what was asked about: the same for an ID of somebody else
// and for one of nobody.
func (e *exchanged) masked(asked ...string) string {
	text := e.text
	for _, a := range asked {
		text = strings.ReplaceAll(text, a, "…")
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "Date: ") && !strings.HasPrefix(line, "Content-Length: ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
