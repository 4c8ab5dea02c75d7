package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// process is a server in a process of its own.
type process struct {
	ready
	cmd    *exec.Cmd
	stderr *buffer
	ended  chan error
}

// launch starts a server without waiting for it. It is killed at the end of the test, if it is still
// there.
func launch(t *testing.T, db string, args ...string) (p *process, file string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ready.json")
	args = append([]string{"-addr", "127.0.0.1:0", "-ready", file, "-db", db, "-rate", "-1"}, args...)
	p = &process{cmd: exec.Command(self, args...), stderr: new(buffer), ended: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), asServer+"=1")
	p.cmd.Stderr = p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(p.kill)
	return p, file
}

// spawn starts a server and waits until it listens.
func spawn(t *testing.T, db string, args ...string) *process {
	t.Helper()
	p, file := launch(t, db, args...)
	p.await(t, file)
	return p
}

// await waits for the ready file.
func (p *process) await(t *testing.T, file string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			p.ready = readReady(t, file)
			return
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			t.Fatalf("the server ended with %v: %s", err, p.stderr)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server is not ready after %v: %s", patience, p.stderr)
		}
	}
}

// kill ends the process as a power failure would, and returns when it is gone.
func (p *process) kill() {
	p.cmd.Process.Kill() // an error says that it is gone
	p.ended <- <-p.ended
}

// client speaks to a server that may go away.
type client struct {
	ready
	http  *http.Client
	match string // If-Match
}

func newClient(t testing.TB, r ready) *client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{ready: r, http: &http.Client{Transport: transport, Timeout: patience}}
}

// matching returns a client that writes only to a resource of that version.
func (c client) matching(etag string) *client {
	c.match = etag
	return &c
}

// answer is what a client was told.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request and returns the answer, or an error if there is none.
func (c *client) ask(ctx context.Context, method, path, body string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.SCIMURL+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+c.SCIMToken)
	r.Header.Set("Content-Type", "application/scim+json")
	if c.match != "" {
		r.Header.Set("If-Match", c.match)
	}
	w, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer w.Body.Close()
	got, err := io.ReadAll(w.Body)
	return answer{w.StatusCode, w.Header, string(got)}, err
}

// maxTries is more than a server that recovers can need.
const maxTries = 1000

// insist is ask by a client that does what 503 and Retry-After tell it, only sooner.
func (c *client) insist(ctx context.Context, method, path, body string) (answer, error) {
	for tries := 1; ; tries++ {
		a, err := c.ask(ctx, method, path, body)
		switch {
		case err != nil || a.status != http.StatusServiceUnavailable:
			return a, err
		case a.header.Get("Retry-After") == "":
			return a, fmt.Errorf("%s %s: 503 without Retry-After: %s", method, path, a.body)
		case tries == maxTries:
			return a, fmt.Errorf("%s %s: still 503: %s", method, path, a.body)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// read gets a resource or a list.
func (c *client) read(t *testing.T, path string, into any) {
	t.Helper()
	a, err := c.ask(t.Context(), "GET", path, "")
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("GET %s: %d %s (%v)", path, a.status, a.body, err)
	}
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
}

// listOf is a list of answers.
type listOf[T any] struct {
	Total     int `json:"totalResults"`
	Resources []T `json:"Resources"`
}

// everything lists all resources of a kind, page by page, and checks that the total says how many
// they are.
func everything[T any](t *testing.T, c *client, path string) []T {
	t.Helper()
	var all []T
	for {
		var page listOf[T]
		c.read(t, fmt.Sprintf("%s?count=100&startIndex=%d", path, len(all)+1), &page)
		if all = append(all, page.Resources...); len(page.Resources) == 0 || len(all) >= page.Total {
			if len(all) != page.Total {
				t.Errorf("%s has %d resources and a total of %d", path, len(all), page.Total)
			}
			return all
		}
	}
}

// equal is a query for those whose attribute has a value.
func equal(path, attribute, value string) string {
	return path + "?filter=" + url.QueryEscape(fmt.Sprintf("%s eq %q", attribute, value))
}

// value is an element of a list.
type value struct {
	Value string `json:"value"`
}

// person is a user as the tests write and read it.
type person struct {
	ID          string  `json:"id,omitempty"`
	ExternalID  string  `json:"externalId"`
	UserName    string  `json:"userName"`
	DisplayName string  `json:"displayName"`
	Emails      []value `json:"emails"`
	Groups      []value `json:"groups,omitempty"`
	Extension   struct {
		OrganizationID string `json:"organizationId"`
	} `json:"urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User"`
}

// crowd is a group.
type crowd struct {
	ID          string  `json:"id,omitempty"`
	ExternalID  string  `json:"externalId"`
	DisplayName string  `json:"displayName"`
	Members     []value `json:"members"`
}

// operation is one of a PATCH.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// patch is the body of a PATCH.
func patch(operations ...operation) string {
	return encode(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations})
}

func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // texts
	}
	return b.String()
}
