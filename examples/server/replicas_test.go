package main

import (
	"context"
	"fmt"
	"html"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// replicaHeader pins a request to a replica, and says in an answer which one gave it.
const replicaHeader = "Test-Replica"

// A balancer is a proxy that lets replicas take turns, as long as they say that they are ready. It sends nothing
// twice: what a replica does not answer is lost.
type balancer struct {
	*httptest.Server
	probes *http.Client

	mu       sync.Mutex
	replicas []*replica
	turn     int
	lost     []string
}

// A replica is one of several servers on a database.
type replica struct {
	*process
	name  string
	proxy *httputil.ReverseProxy
	url   *url.URL
	ready bool // as the balancer has seen last
}

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{probes: &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	b.Server = httptest.NewServer(b)
	done := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				b.look()
			}
		}
	})
	t.Cleanup(func() {
		close(done)
		looking.Wait()
		b.Close()
	})
	return b
}

// add has requests sent to an address, once something there is ready.
func (b *balancer) add(name, addr string) *replica {
	r := &replica{name: name, url: &url.URL{Scheme: "http", Host: addr}}
	r.proxy = &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(r.url)
			p.Out.Host = p.In.Host
			p.SetXForwarded()
			p.Out.Header.Del(replicaHeader)
		},
		ModifyResponse: func(w *http.Response) error {
			w.Header.Set(replicaHeader, name)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, q *http.Request, err error) {
			b.mu.Lock()
			b.lost = append(b.lost, fmt.Sprintf("%s %s at %s: %v", q.Method, q.URL.Path, name, err))
			b.mu.Unlock()
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replicas = append(b.replicas, r)
	return r
}

// look asks all whether they are ready.
func (b *balancer) look() {
	b.mu.Lock()
	all := slices.Clone(b.replicas)
	b.mu.Unlock()
	for _, r := range all {
		w, err := b.probes.Get(r.url.String() + readyPath)
		if err == nil {
			w.Body.Close()
		}
		b.mu.Lock()
		r.ready = err == nil && w.StatusCode == http.StatusOK
		b.mu.Unlock()
	}
}

// ServeHTTP hands a request to the one it is pinned to, or to the next that is ready. Where none is, any may
// have a try.
func (b *balancer) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	b.mu.Lock()
	var to *replica
	pin := q.Header.Get(replicaHeader)
	for i := range 2 * len(b.replicas) {
		r := b.replicas[(b.turn+i)%len(b.replicas)]
		if pin == r.name || pin == "" && (r.ready || i >= len(b.replicas)) {
			to = r
			b.turn += i + 1
			break
		}
	}
	b.mu.Unlock()
	if to == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	to.proxy.ServeHTTP(w, q)
}

// await waits until the balancer has seen that a replica is ready, or is not.
func (b *balancer) await(t *testing.T, r *replica, ready bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		b.mu.Lock()
		is := r.ready
		b.mu.Unlock()
		if is == ready {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the balancer does not see that %s is ready: %v", r.name, ready)
		}
	}
}

// takeLost returns what was lost since it was asked last.
func (b *balancer) takeLost() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lost := b.lost
	b.lost = nil
	return lost
}

// A route is the transport of a client: it pins each request, and remembers who has answered.
type route struct {
	http.RoundTripper
	to func(*http.Request) string // the name of a replica; "" = whose turn it is

	mu    sync.Mutex
	trail []string
}

// RoundTrip implements [http.RoundTripper].
func (x *route) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if to := x.to(r); to != "" {
		r.Header.Set(replicaHeader, to)
	}
	w, err := x.RoundTripper.RoundTrip(r)
	if err == nil {
		x.mu.Lock()
		x.trail = append(x.trail, fmt.Sprintf("%s %s at %s", r.Method, r.URL.Path, w.Header.Get(replicaHeader)))
		x.mu.Unlock()
	}
	return w, err
}

// alternate sends requests to some in turn: a form to the first, and the page that it leads to to the next.
func (x *route) alternate(names ...string) {
	var n atomic.Int64
	x.to = func(*http.Request) string { return names[int(n.Add(1)-1)%len(names)] }
}

// passed checks that the last requests have gone the way that was meant.
func (x *route) passed(t *testing.T, want ...string) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	got := x.trail
	if x.trail = nil; len(got) != len(want) {
		t.Errorf("the requests were\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("request %d was %s, want %s", i, got[i], want[i])
		}
	}
}

// A cluster is two replicas behind a balancer, and who uses them.
type cluster struct {
	t        *testing.T
	db       string
	balancer *balancer
	password string
	factor   string
	step     int64  // of the last code that was given
	root     string // of the pages of the provider that is set up
	token    string // for it

	waiting, begin string // the page of a test that waits, and where it goes on

	admin, ada           *browser
	adminRoute, adaRoute *route
}

// drainOfReplicas is long for a balancer that looks every 20 milliseconds.
const drainOfReplicas = time.Second

// launch starts a replica.
func (c *cluster) launch(name string) *replica {
	c.t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	r := c.balancer.add(name, addr) // before it starts: its identity provider signs in by the public address
	r.process = spawn(c.t, c.db, "-addr", addr, "-base-url", c.balancer.URL, "-trust-proxy", "127.0.0.1", "-drain", drainOfReplicas.String())
	c.balancer.await(c.t, r, true)
	return r
}

// killed ends a replica as a power failure would.
func (c *cluster) killed(r *replica) {
	c.t.Helper()
	r.kill()
	c.balancer.await(c.t, r, false)
}

// browser is one whose requests can be pinned.
func (c *cluster) browser() (*browser, *route) {
	b := newBrowser(c.t, c.balancer.URL)
	x := &route{RoundTripper: b.http.Transport, to: func(*http.Request) string { return "" }}
	b.http.Transport = x
	return b, x
}

// scim is a client of the endpoint at one replica, "" = at all in turn.
func (c *cluster) scim(token, name string) *client {
	client := newClient(c.t, ready{SCIMURL: c.balancer.URL + scimPath, SCIMToken: token})
	client.http.Transport = &route{RoundTripper: client.http.Transport, to: func(*http.Request) string { return name }}
	return client
}

// code returns a code that was not used. It is good now, or with the step that one may be ahead; a test that
// takes two of them does not wait.
func (c *cluster) code() string {
	c.t.Helper()
	c.step = max(c.step+1, time.Now().Unix()/30)
	return codeAt(c.t, c.factor, c.step)
}

// TestReplicas sets two processes up as the README says, behind a balancer at one address, and has people use
// both, while one is killed and another one ended.
func TestReplicas(t *testing.T) {
	const token = "ghs_shared-by-all-of-the-replicas"
	t.Setenv(tokenVariable, token)
	c := &cluster{t: t, db: onPostgres.fresh(t), balancer: newBalancer(t)}
	began := time.Now()
	a := c.launch("a")
	b := c.launch("b")
	t.Logf("two replicas are ready after %v", time.Since(began))
	c.password, c.factor = a.ConsolePassword, a.TOTPSecret
	if c.password == "" || b.ConsolePassword != "" || a.SCIMURL != b.SCIMURL || a.SCIMToken != token || b.SCIMToken != token {
		t.Fatalf("the replicas are\n%+v\n%+v", a.ready, b.ready)
	}
	for _, part := range []struct {
		name string
		do   func(a, b *replica)
	}{
		{"an administrator signs in", c.signIn},
		{"somebody signs in by SAML", c.signInBySAML},
		{"a user who is deactivated is out", c.deactivate},
		{"a provider is tested", c.testProvider},
	} {
		if !t.Run(part.name, func(t *testing.T) { c.within(t, func() { part.do(a, b) }) }) {
			return
		}
	}
	lost := c.balancer.takeLost()
	if len(lost) > 0 {
		t.Errorf("lost: %q", lost)
	}
	c.killed(b) // which took the answer of the identity provider, and has begun another test
	if !t.Run("one is killed", func(t *testing.T) { c.within(t, func() { c.goOn(a) }) }) {
		return
	}
	d := c.launch("d")
	if !t.Run("a new one serves the session", func(t *testing.T) { c.within(t, func() { c.provision(a, d) }) }) {
		return
	}
	c.killed(a) // which made the token
	if !t.Run("the token is not lost", func(t *testing.T) { c.within(t, func() { c.useToken(d) }) }) {
		return
	}
	e := c.launch("e")
	c.balancer.takeLost() // balancers may lose what is sent to one that was killed
	t.Run("one ends", func(t *testing.T) { c.within(t, func() { c.end(d, e) }) })
	t.Logf("it took %v", time.Since(began))
}

// within has everything that goes wrong be that of a part of the test.
func (c *cluster) within(t *testing.T, do func()) {
	all := c.t
	defer func() {
		c.t = all
		for _, b := range []*browser{c.admin, c.ada} {
			if b != nil {
				b.t = all
			}
		}
	}()
	c.t = t
	for _, b := range []*browser{c.admin, c.ada} {
		if b != nil {
			b.t = t
		}
	}
	do()
}

// signIn: the form is of one, the password is taken by the other, and the code by the first.
func (c *cluster) signIn(a, b *replica) {
	c.admin, c.adminRoute = c.browser()
	admin, by := c.admin, c.adminRoute
	by.alternate("a", "b", "a", "a", "b")
	admin.wants(admin.get(signInPath+"?way=password"), 200, signInPath)
	admin.wants(admin.password(c.password), 200, factorPath)
	code := c.code()
	admin.wants(admin.post(factorPath, "code", code), 200, checklistPath)
	by.passed(c.t, "GET /sign-in at a", "POST /sign-in at b", "GET /sign-in/factor at a", "POST /sign-in/factor at a", "GET / at b", "GET /checklist at a")

	thief, his := c.browser() // who has seen password and code
	his.alternate("b")
	thief.wants(thief.password(c.password), 200, factorPath)
	thief.wants(thief.post(factorPath, "code", code), 401, factorPath, "was not taken")
	his.alternate("a")
	thief.wants(thief.post(factorPath, "code", code), 401, factorPath, "was not taken")
	thief.wants(thief.get(homePath), 200, factorPath)
}

// signInBySAML: a request of one is answered at the other, and the session is known to both. The pages of the
// offline identity provider are those of any.
func (c *cluster) signInBySAML(a, b *replica) {
	must(c.t, c.scim(a.SCIMToken, "b"), "POST", "/Users", newcomer, 201)
	c.ada, c.adaRoute = c.browser()
	c.adaRoute.to = func(r *http.Request) string {
		switch at := r.URL.Path; {
		case strings.HasSuffix(at, "/acs"), at == idpPath+"/signin":
			return "b"
		default:
			return "a"
		}
	}
	idp := samltest.NewIdP(samltest.Options{URL: strings.TrimSuffix(a.IdPURL, "/metadata"), Now: time.Now})
	w, page, err := idp.SignIn(c.ada.http, a.LoginURL, "ada@example.com")
	if err != nil || w.StatusCode != 200 || !strings.Contains(string(page), "Ada Lovelace") {
		c.t.Fatalf("%v\n%s", err, page)
	}
	c.adaRoute.passed(c.t, "GET /sso/entra/start at a", "GET /offline-idp/sso at a", "POST /offline-idp/signin at b",
		"POST /sso/entra/acs at b", "GET / at a", "GET /home at a")
	for range 2 {
		c.adaRoute.alternate("a", "b")
		c.ada.wants(c.ada.get(homePath), 200, homePath, "Ada Lovelace", "here alone")
		c.ada.wants(c.ada.get(homePath), 200, homePath, "Ada Lovelace", "here alone")
	}
}

// deactivate: what one is told by SCIM counts at the other with the next request.
func (c *cluster) deactivate(a, b *replica) {
	at := c.scim(a.SCIMToken, "a")
	var list listOf[person]
	at.read(c.t, equal("/Users", "userName", "ada@example.com"), &list)
	if len(list.Resources) != 1 {
		c.t.Fatalf("%+v", list)
	}
	c.adaRoute.alternate("b")
	c.ada.wants(c.ada.get(homePath), 200, homePath, "Ada Lovelace")
	must(c.t, at, "PATCH", "/Users/"+list.Resources[0].ID, patch(operation{Op: "Replace", Path: "active", Value: false}), 200)
	c.ada.wants(c.ada.get(homePath), 200, signInPath)
	c.adaRoute.alternate("a")
	c.ada.wants(c.ada.get(homePath), 200, signInPath)
}

// testProvider adds a provider, imports, and tests: each form is taken by the one that did not serve it.
func (c *cluster) testProvider(a, b *replica) {
	admin, by := c.admin, c.adminRoute
	by.trail = nil
	by.alternate("a", "b")
	got := admin.post(consolePath+"/providers", "name", "contoso.example")
	c.root = got.path
	admin.wants(got, 200, c.root, "The provider was added as a draft")
	by.alternate("b", "a")
	admin.wants(admin.post(c.root+"/settings", "name", "contoso.example", "domains", "contoso.example", "match", ""), 200, c.root, "The settings were changed")
	by.alternate("a")
	preview := admin.post(c.root+"/preview", "how", "url", "url", a.IdPURL)
	admin.wants(preview, 200, c.root+"/preview", "Preview of the metadata", idpEntityID)
	by.alternate("b", "a")
	admin.wants(admin.post(c.root+"/import", hiddenIn(preview.body)...), 200, c.root, "The metadata was imported", "To be tested and saved")

	by.alternate("a", "b")
	test, begin := c.beginTest()
	by.to = func(r *http.Request) string {
		if strings.HasSuffix(r.URL.Path, "/acs") {
			return "b"
		}
		return "a"
	}
	c.answerTest(a, begin)
	if !slices.ContainsFunc(by.trail, func(s string) bool { return strings.HasSuffix(s, "/acs at b") }) {
		c.t.Errorf("the requests were %q", by.trail)
	}
	by.alternate("a")
	admin.wants(admin.get(test), 200, test, "Passed", "margaret@contoso.example")

	by.alternate("b")
	c.waiting, c.begin = c.beginTest()
}

// beginTest begins a test, and returns the page of it and where it goes on.
func (c *cluster) beginTest() (path, begin string) {
	c.t.Helper()
	test := c.admin.post(c.root + "/tests")
	c.admin.wants(test, 200, test.path, "Waiting")
	m := regexp.MustCompile(`id="begin-test" href="([^"]+)"`).FindStringSubmatch(test.body)
	if m == nil {
		c.t.Fatalf("no link begins the test:\n%s", test.body)
	}
	return test.path, html.UnescapeString(m[1])
}

// answerTest signs in at the identity provider.
func (c *cluster) answerTest(at *replica, begin string) {
	c.t.Helper()
	idp := samltest.NewIdP(samltest.Options{URL: strings.TrimSuffix(at.IdPURL, "/metadata"), Now: time.Now})
	if _, page, err := idp.SignIn(c.admin.http, begin, "margaret@contoso.example"); err != nil {
		c.t.Fatalf("%v\n%s", err, page)
	}
}

// hiddenIn returns the fields of a form that nobody fills in.
func hiddenIn(page string) (form []string) {
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		form = append(form, html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return form
}

// goOn: the one that is left has session, draft, candidate and result, and takes the answer of a test that the
// other one has begun.
func (c *cluster) goOn(a *replica) {
	admin, by := c.admin, c.adminRoute
	by.to = func(*http.Request) string { return "" }
	admin.wants(admin.get(homePath), 200, homePath, "You are "+adminName)
	admin.wants(admin.get(c.root), 200, c.root, "contoso.example", "To be tested and saved", "Passed")
	c.answerTest(a, c.begin)
	admin.wants(admin.get(c.waiting), 200, c.waiting, "Passed", "margaret@contoso.example")
	admin.wants(admin.post(c.root+"/save"), 200, c.root, "The settings were saved")
	if lost := c.balancer.takeLost(); len(lost) > 0 {
		c.t.Errorf("lost: %q", lost)
	}
}

// provision: a new replica enables what was saved at the other one, and each takes a part of the rest.
func (c *cluster) provision(a, d *replica) {
	admin, by := c.admin, c.adminRoute
	by.alternate("d", "a")
	admin.wants(admin.post(c.root+"/enable"), 200, c.root, "Single sign-on is enabled")
	by.alternate("d")
	admin.wants(admin.get(c.root+"/scim/enable"), 200, c.root+"/scim/enable", "User types", "Harbor Dental")
	by.alternate("a")
	got := admin.post(c.root+"/scim/enable", "code", c.code(), "user_type", "Technician", "organizations", "any", "roles", "any", "token", "1")
	admin.wants(got, 200, c.root+"/scim/enable", "The token is shown this once", c.balancer.URL+scimPath)
	if m := regexp.MustCompile(`id="secret-token"[^>]* value="([^"]+)"`).FindStringSubmatch(got.body); m != nil {
		c.token = m[1]
	}
	by.alternate("d")
	admin.wants(admin.get(c.root+"/scim"), 200, c.root+"/scim", "none yet: use Test connection")
	for _, name := range []string{"d", "a"} {
		must(c.t, c.scim(c.token, name), "GET", "/Users?count=1", "", 200)
	}
	if lost := c.balancer.takeLost(); len(lost) > 0 {
		c.t.Errorf("lost: %q", lost)
	}
}

// useToken: the one that has not made it takes it, and its session goes on.
func (c *cluster) useToken(d *replica) {
	must(c.t, c.scim(c.token, ""), "POST", "/Users", strings.NewReplacer(`"endUser"`, `"Technician"`, `"organizationId": "101", `, "", "ada@example.com", "grace@contoso.example").Replace(newcomer), 201)
	c.adminRoute.to = func(*http.Request) string { return "" }
	c.admin.wants(c.admin.get(c.root+"/scim"), 200, c.root+"/scim", "just now")
	c.admin.wants(c.admin.get(consolePath+"/users"), 200, consolePath+"/users", "grace@contoso.example")
}

// end: while one ends, requests go to it until the balancer has seen that it does, and none is lost.
func (c *cluster) end(d, e *replica) {
	const writers = 6
	var mu sync.Mutex
	made, answers := map[string]bool{}, map[string]int{}
	var atD atomic.Int64 // since it was told to end
	told := make(chan struct{})
	ctx, stop := context.WithTimeout(c.t.Context(), patience)
	defer stop()
	client := c.scim(d.SCIMToken, "")
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				name := fmt.Sprintf("w%d-%04d", w, i)
				got, err := client.ask(context.WithoutCancel(ctx), "POST", "/Users", newPerson(name))
				if err != nil || got.status != 201 {
					c.t.Errorf("%s: %d %s (%v)", name, got.status, got.body, err)
				}
				at := got.header.Get(replicaHeader)
				select {
				case <-told:
					if at == "d" {
						atD.Add(1)
					}
				default:
				}
				mu.Lock()
				made[name] = true
				answers[at]++
				mu.Unlock()
			}
		})
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(made)
	}
	awaitMore := func(n int) {
		for n += count(); count() < n && ctx.Err() == nil; {
			time.Sleep(time.Millisecond)
		}
	}
	awaitMore(100)
	close(told)
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	began := time.Now()
	ended := <-d.ended
	d.ended <- ended
	took := time.Since(began)
	if ended != nil || took < drainOfReplicas {
		c.t.Errorf("it ended after %v with %v: %s", took, ended, d.stderr)
	}
	awaitMore(50)
	stop()
	all.Wait()
	if lost := c.balancer.takeLost(); len(lost) > 0 {
		c.t.Errorf("lost: %q", lost)
	}
	if answers["d"] == 0 || answers["e"] == 0 {
		c.t.Errorf("answers were given by %v", answers)
	}
	users := map[string]bool{}
	for _, u := range everything[person](c.t, c.scim(e.SCIMToken, "e"), "/Users") {
		users[u.UserName] = true
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		if !users[name] {
			c.t.Errorf("%s was acknowledged and is not there", name)
		}
	}
	c.admin.wants(c.admin.get(homePath), 200, homePath, "You are "+adminName)
	c.t.Logf("%d users made, by replica %v; %d by the one that was told to end; it ended after %v", len(made), answers, atD.Load(), took.Round(time.Millisecond))
}
