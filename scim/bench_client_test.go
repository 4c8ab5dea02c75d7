package scim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// digits is how a number is written into a numbered text.
const digits = "#######"

// numbered is a text with places for a number.
type numbered struct {
	text []byte
	at   []int
}

func newNumbered(text string) *numbered {
	n := &numbered{text: []byte(text)}
	for i := range n.text {
		if bytes.HasPrefix(n.text[i:], []byte(digits)) {
			n.at = append(n.at, i)
		}
	}
	return n
}

// with returns the text with the number i. It is valid until the next call.
func (n *numbered) with(i int) []byte {
	var d [len(digits)]byte
	for k := len(d) - 1; k >= 0; k-- {
		d[k] = byte('0' + i%10)
		i /= 10
	}
	for _, at := range n.at {
		copy(n.text[at:], d[:])
	}
	return n.text
}

// benchRecorder is a ResponseWriter that is used again.
type benchRecorder struct {
	header http.Header
	status int
	body   []byte
}

func (r *benchRecorder) Header() http.Header    { return r.header }
func (r *benchRecorder) WriteHeader(status int) { r.status = status }
func (r *benchRecorder) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return len(b), nil
}

// benchClient sends one request at a time, and makes as little as it can for each.
type benchClient struct {
	t      testing.TB
	h      http.Handler
	r      *http.Request
	body   bytes.Reader
	answer benchRecorder
}

func newBenchClient(t testing.TB, h http.Handler) *benchClient {
	r := httptest.NewRequest(http.MethodGet, "/v2", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	return &benchClient{t: t, h: h, r: r, answer: benchRecorder{header: http.Header{}}}
}

// send fails the benchmark unless the status is the one wanted. The answer is valid until the next
// call.
func (c *benchClient) send(status int, method, path, query string, body []byte) []byte {
	c.body.Reset(body)
	c.r.Method, c.r.URL.Path, c.r.URL.RawQuery = method, path, query
	c.r.Body, c.r.ContentLength = io.NopCloser(&c.body), int64(len(body))
	clear(c.answer.header)
	c.answer.status, c.answer.body = http.StatusOK, c.answer.body[:0]
	c.h.ServeHTTP(&c.answer, c.r)
	if c.answer.status != status {
		c.t.Fatalf("%s %s?%s: status %d, want %d: %s", method, path, query, c.answer.status, status, c.answer.body)
	}
	return c.answer.body
}

// fill creates the users with the numbers 0 to n-1, and returns their paths.
func (c *benchClient) fill(n int) []string {
	c.t.Helper()
	paths := make([]string, n)
	body := newNumbered(entraBody)
	for i := range paths {
		answer := c.send(http.StatusCreated, http.MethodPost, "/v2/Users", "", body.with(i))
		paths[i] = "/v2/Users/" + idOf(c.t, answer)
	}
	return paths
}

func idOf(t testing.TB, answer []byte) string {
	t.Helper()
	_, rest, _ := bytes.Cut(answer, []byte(`"id":"`))
	id, _, ok := bytes.Cut(rest, []byte(`"`))
	if !ok || len(id) == 0 {
		t.Fatalf("no id in %s", answer)
	}
	return string(id)
}

// wantUser fails unless the answer has everything the body had that created user i.
func wantUser(t testing.TB, answer []byte, i int, active bool) {
	t.Helper()
	var got, want map[string]any
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	if err := json.Unmarshal(newNumbered(entraBody).with(i), &want); err != nil {
		t.Fatal(err)
	}
	delete(want, "roles") // none
	want["active"] = active
	for name := range want {
		if !hasAll(got[name], want[name]) {
			t.Fatalf("user %d: %s is %v, want %v", i, name, got[name], want[name])
		}
	}
}

// hasAll reports whether got is want, or has more in its objects.
func hasAll(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		got, _ := got.(map[string]any)
		for name := range want {
			if !hasAll(got[name], want[name]) {
				return false
			}
		}
		return true
	case []any:
		got, _ := got.([]any)
		return slices.EqualFunc(got, want, hasAll)
	}
	return got == want
}

// wantList fails unless the answer lists n users of so many, and returns the first.
func wantList(t testing.TB, answer []byte, n, total int) json.RawMessage {
	t.Helper()
	var list struct {
		TotalResults int
		Resources    []json.RawMessage
	}
	if err := json.Unmarshal(answer, &list); err != nil || list.TotalResults != total || len(list.Resources) != n {
		t.Fatalf("%d of %d resources, %v; want %d of %d: %.200s", len(list.Resources), list.TotalResults, err, n, total, answer)
	}
	return list.Resources[0]
}
