package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A clock is moved by tests.
type clock struct {
	ahead  atomic.Int64
	frozen time.Time // zero = it goes by itself
}

func (c *clock) now() time.Time {
	now := c.frozen
	if now.IsZero() {
		now = time.Now()
	}
	return now.Add(time.Duration(c.ahead.Load()))
}

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }
func (c *clock) step() int64             { return c.now().Unix() / 30 }
func (c *clock) into(config *config)     { config.now = c.now }
func (c *clock) code(t *testing.T, secret string) string {
	t.Helper()
	return codeAt(t, secret, c.step())
}

func codeAt(t *testing.T, secret string, step int64) string {
	t.Helper()
	code, err := codeOf(secret, step)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// awaitStep moves the clock to the beginning of a step, so that none ends while a test looks.
func (c *clock) awaitStep() {
	c.advance(30*time.Second - time.Duration(c.now().UnixNano()%int64(30*time.Second)))
}

// A browser keeps cookies and follows redirects.
type browser struct {
	t    *testing.T
	http *http.Client
	base string
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t, &http.Client{Jar: jar, Timeout: patience, Transport: transport}, base}
}

// A seen is a page as a browser sees it.
type seen struct {
	status int
	path   string // where it is
	body   string
	header http.Header
}

func (b *browser) get(path string) seen { return b.send(http.MethodGet, path, nil, nil) }

func (b *browser) post(path string, form ...string) seen {
	return b.send(http.MethodPost, path, form, http.Header{"Sec-Fetch-Site": {"same-origin"}})
}

func (b *browser) send(method, path string, form []string, header http.Header) seen {
	b.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.base + path
	}
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range header {
		r.Header[k] = v
	}
	w, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return seen{w.StatusCode, w.Request.URL.Path, string(body), w.Header}
}

// wants checks where a browser is, and what it shows.
func (b *browser) wants(got seen, status int, path string, texts ...string) {
	b.t.Helper()
	if got.status != status || got.path != path {
		b.t.Errorf("%d %s, want %d %s:\n%s", got.status, got.path, status, path, got.body)
	}
	for _, text := range texts {
		if !strings.Contains(got.body, text) {
			b.t.Errorf("%s does not have %q:\n%s", got.path, text, got.body)
		}
	}
}

// password signs in with a password, up to the second factor.
func (b *browser) password(password string) seen {
	b.t.Helper()
	return b.post(signInPath, "login", adminName, "password", password)
}

// base is where a server is.
func (s *running) base() string { return strings.TrimSuffix(s.SCIMURL, scimPath) }

// link is the sign-in link that a text has.
func linkIn(t *testing.T, text string) string {
	t.Helper()
	link := regexp.MustCompile(`http\S+/sign-in/link\?t=[A-Z2-7]+`).FindString(text)
	if link == "" {
		t.Fatalf("there is no link:\n%s", text)
	}
	return link
}

// tokenIn is the token of a link.
func tokenIn(link string) string { return link[strings.Index(link, "t=")+2:] }
