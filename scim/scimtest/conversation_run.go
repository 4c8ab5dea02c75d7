package scimtest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// A Host is a SCIM server to converse with.
type Host struct {
	Handler http.Handler
	Base    string      // the public base URL it was configured with, such as https://tenant.example.com/ws/scim/v2
	Header  http.Header // sent with every request, such as Authorization
}

// Run holds the conversation with h, which should be fresh: conversations use the same names. It
// reports everything that is wrong with the first answer that is wrong and stops there, since
// what follows would be about other things.
func (c Conversation) Run(t testing.TB, h Host) {
	t.Helper()
	bound := map[string]string{"base": strings.TrimSuffix(h.Base, "/")}
	for i, s := range c.Steps {
		r, body, err := s.request(h, bound)
		if err != nil {
			t.Errorf("%s.txt:%d: step %d: %v", c.Name, s.Line, i+1, err)
			return
		}
		sent := show(">", fmt.Sprintf("%s %s", r.Method, r.RequestURI), r.Header, body)
		w := httptest.NewRecorder()
		h.Handler.ServeHTTP(w, r)
		m := matcher{bound: bound}
		s.judge(&m, w.Result(), w.Body.String())
		if len(m.differences) == 0 {
			bound = m.bound
			continue
		}
		t.Errorf("%s.txt:%d: step %d of a conversation that protects this:\n%s\n\n%s\n\nsent\n%s\n\nexpected\n%s\n\nreceived\n%s",
			c.Name, s.Line, i+1, c.Protects, strings.Join(m.differences, "\n"), sent, s.expected(m.bound),
			show("<", strconv.Itoa(w.Code), w.Result().Header, w.Body.String()))
		return
	}
}

// request builds the request of s as a server would see it, and returns its body too.
func (s Step) request(h Host, bound map[string]string) (*http.Request, string, error) {
	target := substitute(s.Target, bound, nil)
	if strings.HasPrefix(target, "/") {
		target = bound["base"] + target
	}
	target = encode(target)
	scheme, rest, ok := strings.Cut(target, "://")
	host, _, _ := strings.Cut(rest, "/")
	if !ok || host == "" {
		return nil, "", fmt.Errorf("%q is not an absolute URL; is the base of the host one?", target)
	}
	path := rest[len(host):]
	if path == "" {
		path = "/"
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(s.Method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")))
	if err != nil {
		return nil, "", fmt.Errorf("request: %w", err)
	}
	r.RemoteAddr = "192.0.2.1:1234" // RFC 5737
	if scheme == "https" {
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS12, HandshakeComplete: true, ServerName: (&url.URL{Host: host}).Hostname()}
	}
	body := substitute(strings.TrimSpace(s.Body), bound, escapeJSON)
	r.Header = h.Header.Clone()
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if body != "" {
		r.Body = io.NopCloser(strings.NewReader(body))
		r.ContentLength = int64(len(body))
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for _, f := range s.Header {
		r.Header.Del(f.Name)
	}
	for _, f := range s.Header {
		if f.Value != "" {
			r.Header.Add(f.Name, substitute(f.Value, bound, nil))
		}
	}
	return r, body, nil
}

// encode percent-encodes what cannot stand in the first line of a request, and nothing else.
func encode(target string) string {
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c == '"' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// bodyless reports whether an answer with that status has no body.
func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// judge compares an answer with what s expects, and with what is expected of every answer.
func (s Step) judge(m *matcher, r *http.Response, body string) {
	if r.StatusCode != s.Status {
		m.differ("the status", "is %d, want %d", r.StatusCode, s.Status)
	}
	for _, f := range s.WantHeader {
		judgeHeader(m, f, r.Header.Values(f.Name))
	}
	switch {
	case bodyless(r.StatusCode):
		if body != "" {
			m.differ("", "an answer %d has none", r.StatusCode)
		}
		return
	case body == "" && (s.Want != "" || r.StatusCode >= 400) && s.Method != http.MethodHead:
		m.differ("", "is empty")
		return
	case body == "":
		return
	}
	if got := r.Header.Get("Content-Type"); !isSCIM(got) {
		m.differ("Content-Type", "is %q, want application/scim+json", got)
	}
	got, _, err := decode(body)
	if err != nil {
		m.differ("", "%v", err)
		return
	}
	if null := got.null(""); r.StatusCode < 400 && null != "" {
		m.differ(null, "is null, which is not how SCIM says that there is nothing")
	}
	if r.StatusCode >= 400 {
		judgeError(m, got, r.StatusCode)
	}
	if s.Want == "" || r.StatusCode != s.Status {
		return
	}
	want, _, err := decode(s.Want)
	if err != nil {
		m.differ("", "the expected one is %v", err) // only if the Step was not made by Parse
		return
	}
	m.match("", want, got)
}

// judgeHeader demands that one of the values of a header is the expected one.
func judgeHeader(m *matcher, want Field, values []string) {
	at := "the header " + want.Name
	switch {
	case want.Value == "<absent>":
		if len(values) > 0 {
			m.differ(at, "is there, with %q, and should not be", values)
		}
		return
	case len(values) == 0:
		m.differ(at, "is missing, want %q", want.Value)
		return
	}
	elements := make([]value, len(values))
	for i, v := range values {
		elements[i] = value{kind: '"', text: v}
	}
	if !m.among(value{kind: '"', text: want.Value}, elements, make([]bool, len(values))) {
		m.differ(at, "is %q, want %q", values, substitute(want.Value, m.bound, nil))
	}
}

// judgeError demands the body that RFC 7644 §3.12 describes, with a detail to read.
func judgeError(m *matcher, got value, status int) {
	m.match("", value{kind: '{', members: []member{
		{"schemas", value{kind: '[', elements: []value{{kind: '"', text: "urn:ietf:params:scim:api:messages:2.0:Error"}}}},
		{"status", value{kind: '"', text: strconv.Itoa(status)}},
	}}, got)
	if detail, _ := got.get("detail"); detail.kind != '"' || strings.TrimSpace(detail.text) == "" {
		m.differ("detail", "does not say what is wrong")
	}
}

func isSCIM(contentType string) bool {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/scim+json" {
		return false
	}
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(charset, "utf-8")
}

// expected shows the answer that s expects, with the names that are bound filled in.
func (s Step) expected(bound map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "< %d", s.Status)
	for _, f := range s.WantHeader {
		fmt.Fprintf(&b, "\n< %s: %s", f.Name, f.Value)
	}
	if want := strings.TrimSpace(s.Want); want != "" {
		b.WriteString("\n" + indent(want))
	}
	return substitute(b.String(), bound, nil)
}

// show renders one message of a conversation for a failure.
func show(mark, first string, header http.Header, body string) string {
	var b strings.Builder
	b.WriteString(mark + " " + first + "\n")
	var h bytes.Buffer
	redacted := header.Clone()
	if redacted.Get("Authorization") != "" {
		redacted.Set("Authorization", "…") // a failure is read by many
	}
	if err := redacted.Write(&h); err == nil {
		for line := range strings.Lines(h.String()) {
			b.WriteString(mark + " " + strings.TrimRight(line, "\r\n") + "\n")
		}
	}
	b.WriteString(indent(body))
	return strings.TrimRight(b.String(), "\n")
}

// shown bounds, in bytes, a body in a failure: enough to see what came, not a page of users.
const shown = 2048

// indent makes a JSON body readable and shortens it.
func indent(body string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(body), "", "  "); err == nil {
		body = b.String()
	}
	if len(body) > shown {
		body = strings.ToValidUTF8(body[:shown], "") + fmt.Sprintf("\n… and %d bytes more", len(body)-shown)
	}
	return body
}
