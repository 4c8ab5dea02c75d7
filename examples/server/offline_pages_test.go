package main

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// A stand is a server with its offline identity provider, and what no request can reach.
type stand struct {
	t     *testing.T
	host  *host
	sso   *offline
	base  string
	token string
}

var standAdmin = provider.Actor{Tenant: tenant, Name: "root@example.com", From: "192.0.2.1"}

// newStand serves one until the test ends.
func newStand(t *testing.T) *stand {
	t.Helper()
	db, err := openDatabase(t.Context(), inMemory)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	s := &stand{t: t, base: "http://" + server.Listener.Addr().String(), token: "ghs_0123456789abcdef"}
	logger := slog.New(slog.DiscardHandler)
	base, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	if s.host, err = newHost(t.Context(), config{token: s.token, now: time.Now}, db, base, logger); err != nil {
		t.Fatal(err)
	}
	if err := s.host.provision(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if s.sso, err = newOffline(t.Context(), db.settings, s.base, time.Now); err != nil {
		t.Fatal(err)
	}
	if err := s.host.mountPages(s.sso); err != nil {
		t.Fatal(err)
	}
	s.host.checklist.(*guide).actor = func(*http.Request) (provider.Actor, error) { return standAdmin, nil }
	server.Config.Handler = newHandler(s.host, s.sso, false)
	server.Start()
	t.Cleanup(server.Close)
	if err := s.sso.connect(t.Context(), s.host.Service); err != nil {
		t.Fatal(err)
	}
	return s
}

// browser is one that nobody has used.
func (s *stand) browser() *http.Client {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: patience}
}

// url is that of a page of the identity provider.
func (s *stand) url(path string) string { return s.sso.idp.URL() + path }

// get reads a page, and post sends a form.
func (s *stand) get(c *http.Client, address string) (int, string) {
	s.t.Helper()
	return s.read(c.Get(address))
}

func (s *stand) post(c *http.Client, address string, form url.Values) (int, string) {
	s.t.Helper()
	return s.read(c.PostForm(address, form))
}

func (s *stand) read(r *http.Response, err error) (int, string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// hidden are the hidden fields of a page.
func hidden(page string) url.Values {
	fields := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		fields.Set(m[1], unescape.Replace(m[2]))
	}
	return fields
}

var unescape = strings.NewReplacer("&#43;", "+", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&")

// ask goes to the sign-in of a connection, chooses somebody and what goes wrong, and returns the page of the
// identity provider after that.
func (s *stand) ask(c *http.Client, id provider.ID, form url.Values) (int, string) {
	s.t.Helper()
	status, page := s.get(c, s.base+"/sso/"+string(id)+"/start")
	if status != http.StatusOK || !strings.Contains(page, `name="SAMLRequest"`) {
		s.t.Fatalf("no page to sign in on: %d %s", status, page)
	}
	fields := hidden(page)
	for name, values := range form {
		fields[name] = values
	}
	return s.post(c, s.url("/signin"), fields)
}

// signIn does that, and goes on to the server with the answer.
func (s *stand) signIn(c *http.Client, id provider.ID, form url.Values) (int, string) {
	s.t.Helper()
	status, page := s.ask(c, id, form)
	fields := hidden(page)
	if status != http.StatusOK || !fields.Has("SAMLResponse") {
		s.t.Fatalf("nothing was sent to the server: %d %s", status, page)
	}
	return s.post(c, s.base+"/sso/"+string(id)+"/acs", fields)
}

// provision lets one person in.
func (s *stand) provision(name string) {
	s.t.Helper()
	c := newCycle(productEntra, s.base+scimPath, s.token, false)
	p, ok := s.sso.directory.named(name)
	if !ok {
		s.t.Fatalf("there is no %s", name)
	}
	if run := c.finish("", c.provision(s.t.Context(), []employee{p}, nil)); run.Stopped != "" || run.Count(becameCreated) != 1 {
		s.t.Fatalf("%s: %+v", name, run)
	}
}

// reasons are those of the refusals of a connection, the latest first.
func (s *stand) reasons(id provider.ID) (reasons []string) {
	s.t.Helper()
	list, err := s.host.Refusals(s.t.Context(), standAdmin, id)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range list {
		reasons = append(reasons, string(r.Reason))
	}
	return reasons
}

// TestTroubles: an ordinary sign-in works, and each thing that goes wrong is refused by the server for its
// own reason.
func TestTroubles(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.provision("ada@example.com")
	for trouble, reason := range map[string]string{
		"": "", "audience": "audience", "certificate": "certificate.expired", "nameid": "signin.unknown_user",
		"unsigned": "signature", "late": "time.expired",
	} {
		before := len(s.reasons(idpID))
		c := s.browser()
		status, page := s.signIn(c, idpID, url.Values{"person": {"ada@example.com"}, "trouble": {trouble}})
		if reason == "" {
			if status != http.StatusOK || len(s.reasons(idpID)) != before {
				t.Errorf("an ordinary sign-in: %d %s", status, page)
			}
			continue
		}
		list := s.reasons(idpID)
		if status != http.StatusForbidden || !strings.Contains(page, "Incident ID") || len(list) == before {
			t.Errorf("%s: %d %s", trouble, status, page)
			continue
		}
		if !strings.HasPrefix(list[0], reason) {
			t.Errorf("%s: refused for %q, want %q", trouble, list[0], reason)
		}
	}
}

// TestRefusedThere: who is not assigned, or disabled, is stopped on a page of the identity provider, and the
// server learns of nothing.
func TestRefusedThere(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, c := range []struct {
		form url.Values
		code string
	}{
		{url.Values{"person": {"hedy@example.com"}}, "AADSTS50105"},
		{url.Values{"person": {"ada@example.com"}, "trouble": {"unassigned"}}, "AADSTS50105"},
		{url.Values{"person": {"edsger@example.com"}}, "AADSTS50057"},
		{url.Values{"person": {"nobody@example.com"}}, "AADSTS50034"},
		{url.Values{"person": {"ada@example.com"}, "trouble": {"unheard of"}}, "no such trouble"},
	} {
		status, page := s.ask(s.browser(), idpID, c.form)
		if status/100 != 4 || !strings.Contains(page, c.code) || strings.Contains(page, "SAMLResponse") {
			t.Errorf("%v: %d %s", c.form, status, page)
		}
	}
	if list := s.reasons(idpID); len(list) > 0 {
		t.Errorf("the server has learned of %q", list)
	}
}

// TestEvidence: the second factor of a response is that of the person, or what was chosen.
func TestEvidence(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, c := range []struct {
		person, factor string
		want           bool
	}{
		{"ada@example.com", "", false}, {"ada@example.com", "yes", true},
		{"grace@example.com", "", true}, {"grace@example.com", "no", false},
	} {
		run, address, err := s.host.Test(t.Context(), standAdmin, idpID, provider.TestOptions{})
		if err != nil {
			t.Fatal(err)
		}
		browser := s.browser()
		_, page := s.get(browser, address)
		fields := hidden(page)
		fields.Set("person", c.person)
		fields.Set("factor", c.factor)
		_, page = s.post(browser, s.url("/signin"), fields)
		s.post(browser, s.base+"/sso/"+idpID+"/acs", hidden(page))
		if run, err = s.host.TestResult(t.Context(), standAdmin, idpID, run.ID); err != nil || run.State != provider.TestPassed {
			t.Fatalf("%v: %+v, %v", c, run, err)
		}
		if (run.Evidence != "") != c.want {
			t.Errorf("%v: evidence %q", c, run.Evidence)
		}
	}
}

// second connects the identity provider once more, as an administrator does who imports its metadata by URL.
func (s *stand) second() provider.Provider {
	s.t.Helper()
	ctx := s.t.Context()
	p, err := s.host.Begin(ctx, standAdmin, provider.Draft{Name: "Contoso"})
	if err != nil {
		s.t.Fatal(err)
	}
	domains := []string{"contoso.example"}
	if p, err = s.host.Change(ctx, standAdmin, p.ID, provider.Change{Domains: &domains}); err != nil {
		s.t.Fatal(err)
	}
	if p, err = s.host.Import(ctx, standAdmin, p.ID, provider.Given{URL: s.url("/metadata")}); err != nil {
		s.t.Fatal(err)
	}
	run, address, err := s.host.Test(ctx, standAdmin, p.ID, provider.TestOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, page, err := s.sso.idp.SignIn(s.browser(), address, "margaret@contoso.example"); err != nil {
		s.t.Fatalf("%v: %s", err, page)
	}
	if run, err = s.host.TestResult(ctx, standAdmin, p.ID, run.ID); err != nil || run.State != provider.TestPassed || run.Evidence == "" {
		s.t.Fatalf("%+v, %v", run, err)
	}
	if _, err = s.host.Save(ctx, standAdmin, p.ID); err != nil {
		s.t.Fatal(err)
	}
	if p, err = s.host.Enable(ctx, standAdmin, p.ID); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// TestSecondConnection: a connection that was added later signs in at the same identity provider, which sends
// its answer nowhere else.
func TestSecondConnection(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	p := s.second()
	c := s.browser()
	status, page := s.signIn(c, p.ID, url.Values{"person": {"margaret@contoso.example"}})
	if status != http.StatusForbidden || !strings.Contains(page, "Incident ID") { // she was never provisioned
		t.Errorf("%d %s", status, page)
	}
	if list := s.reasons(p.ID); len(list) != 1 || list[0] != "signin.unknown_user" {
		t.Errorf("refused for %q", list)
	}
	if _, page := s.get(c, s.url("/")); !strings.Contains(page, "Contoso") || !strings.Contains(page, p.EntityID) {
		t.Errorf("it is not among the applications: %s", page)
	}
	// The request of one connection with the address of another.
	ids, err := s.host.Identifiers(t.Context(), standAdmin, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, page = s.get(c, ids.StartURL)
	fields := hidden(page)
	fields.Set("person", "margaret@contoso.example")
	fields.Set("SAMLRequest", forged(t, fields.Get("SAMLRequest"), ids.ReplyURLs[0], s.base+"/sso/"+idpID+"/acs"))
	if status, page := s.post(c, s.url("/signin"), fields); status != http.StatusBadRequest || strings.Contains(page, "SAMLResponse") {
		t.Errorf("the answer went to another connection: %d %s", status, page)
	}
	if status, _ := s.post(c, s.url("/launch"), url.Values{"sp": {"urn:other"}, "person": {"ada@example.com"}}); status != http.StatusBadRequest {
		t.Errorf("an application that nobody knows was launched: %d", status)
	}
}

// TestDirectoryPages: what a form changes is seen by the next sign-in, and a name is no markup.
func TestDirectoryPages(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	c := s.browser()
	ada, _ := s.sso.directory.named("ada@example.com")
	form := url.Values{
		"username": {"ada@example.com"}, "given": {`<script>alert(1)</script>`}, "family": {`"onload=x`}, "organization": {"102"},
		"usertype": {"technician"}, "group": {"Front desk", "no such group"}, "active": {"yes"},
	}
	status, page := s.post(c, s.url("/directory/"+ada.ID), form)
	if status != http.StatusOK || strings.Contains(page, "<script>alert") || !strings.Contains(page, "&lt;script&gt;alert(1)") {
		t.Errorf("%d %s", status, page)
	}
	got, _ := s.sso.directory.named("ada@example.com")
	if got.Assigned || !got.Active || got.UserType != "technician" || got.Organization != "102" || len(got.Groups) != 1 {
		t.Errorf("%+v", got)
	}
	for _, path := range []string{"/directory/" + ada.ID, "/provisioning", "/"} {
		if status, page := s.get(c, s.url(path)); status != http.StatusOK || strings.Contains(page, "<script>alert") || strings.Contains(page, `""onload`) {
			t.Errorf("%s: %d %s", path, status, page)
		}
	}
	if status, page := s.ask(s.browser(), idpID, url.Values{"person": {"ada@example.com"}}); status != http.StatusForbidden || !strings.Contains(page, "AADSTS50105") {
		t.Errorf("no longer assigned: %d %s", status, page)
	}
	form.Set("username", "not a name")
	if status, page := s.post(c, s.url("/directory/new"), form); status != http.StatusUnprocessableEntity || !strings.Contains(page, "e-mail address") {
		t.Errorf("%d %s", status, page)
	}
	form.Set("username", "GRACE@example.com")
	if status, page := s.post(c, s.url("/directory/new"), form); status != http.StatusUnprocessableEntity || !strings.Contains(page, "Somebody else") {
		t.Errorf("%d %s", status, page)
	}
	form.Set("username", "mary@example.com")
	if status, page := s.post(c, s.url("/directory/new"), form); status != http.StatusOK || !strings.Contains(page, "mary@example.com") {
		t.Errorf("%d %s", status, page)
	}
	if status, page := s.post(c, s.url("/directory"), nil); status != http.StatusOK || strings.Contains(page, "mary@example.com") {
		t.Errorf("restored: %d %s", status, page)
	}
	r, err := http.NewRequest(http.MethodPost, s.url("/directory"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, _ := s.read(c.Do(r)); status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", status)
	}
}

// TestOfflinePages: every page has what a page has, no style or script of its own, and a policy without holes.
func TestOfflinePages(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	ada, _ := s.sso.directory.named("ada@example.com")
	c := s.browser()
	for _, address := range []string{
		s.url("/"), s.url("/directory"), s.url("/directory/" + ada.ID), s.url("/directory/new"), s.url("/directory/none"),
		s.url("/provisioning"), s.url("/sso"), s.base + "/sso/" + idpID + "/start",
		s.base + idpPath + "/directory", // at the address of the server
	} {
		r, err := c.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		csp := r.Header.Get("Content-Security-Policy")
		_, page := s.read(r, nil)
		for _, part := range []string{`<html lang="en">`, "<main", "<h1>", "believes everybody", "</html>"} {
			if !strings.Contains(page, part) {
				t.Errorf("%s: no %s", address, part)
			}
		}
		if strings.Contains(page, "style=") || strings.Contains(page, "<style") || strings.Contains(page, "<script") || strings.Contains(page, " on") && regexp.MustCompile(` on[a-z]+="`).MatchString(page) {
			t.Errorf("%s: style or script", address)
		}
		if csp != offlineCSP || strings.Contains(csp, "unsafe") || !strings.HasPrefix(r.Request.URL.Host, "localhost:") {
			t.Errorf("%s: %q at %s", address, csp, r.Request.URL)
		}
		for _, label := range regexp.MustCompile(`<(?:input|select) id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
			if !strings.Contains(page, `<label for="`+label[1]+`"`) {
				t.Errorf("%s: %s has no label", address, label[1])
			}
		}
	}
	for _, name := range []string{"/style.css", "/post.js", "/metadata", "/metadata.xml"} {
		if status, body := s.get(c, s.url(name)); status != http.StatusOK || body == "" {
			t.Errorf("%s: %d", name, status)
		}
	}
	r, err := http.NewRequest(http.MethodGet, s.url("/directory"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "rebound.example:80"
	if status, _ := s.read(c.Do(r)); status != http.StatusMisdirectedRequest {
		t.Errorf("under a name of somebody else: %d", status)
	}
}

// TestExpiredKey: the key of responses that go wrong is one of the database, as that of the others is.
func TestExpiredKey(t *testing.T) {
	t.Parallel()
	s, other := newStand(t), newStand(t)
	key := s.sso.expired.Certificate
	if time.Now().Before(key.NotAfter) || key.Equal(other.sso.expired.Certificate) || key.Equal(samltest.TestKeys().Expired.Certificate) {
		t.Errorf("%v until %v", key.Subject, key.NotAfter)
	}
}

// forged is a request with another address in it.
func forged(t *testing.T, request, old, other string) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(request)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%s: %v", text, err)
	}
	return base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(string(text), old, other)))
}

// TestLaunch: a sign-in that begins at the identity provider is believed where the connection allows it.
func TestLaunch(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.provision("ada@example.com")
	form := url.Values{"sp": {ourEntityID}, "person": {"ada@example.com"}}
	launch := func() (int, string) {
		c := s.browser()
		_, page := s.post(c, s.url("/launch"), form)
		return s.post(c, s.base+"/sso/"+idpID+"/acs", hidden(page))
	}
	if status, page := launch(); status != http.StatusForbidden || !strings.Contains(page, "Incident ID") {
		t.Errorf("it is not allowed: %d %s", status, page)
	}
	allow := true
	if _, err := s.host.Change(t.Context(), standAdmin, idpID, provider.Change{AllowIdPInitiated: &allow}); err != nil {
		t.Fatal(err)
	}
	if status, page := launch(); status != http.StatusOK {
		t.Errorf("it is allowed: %d %s", status, page)
	}
	if _, page := s.get(s.browser(), s.url("/")); !strings.Contains(page, "Sign in from the identity provider") {
		t.Error(page)
	}
}

// TestExactly: a connection is found by its whole entity ID.
func TestExactly(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, id := range []string{"", "urn:gatehouse", ourEntityID[1:], ourEntityID + "x", strings.ToUpper(ourEntityID)} {
		if sp, ok := s.sso.serviceProvider(t.Context(), id); ok {
			t.Errorf("%q: %+v", id, sp)
		}
	}
	if sp, ok := s.sso.serviceProvider(t.Context(), ourEntityID); !ok || len(sp.ACS) != 1 || sp.SLO == "" {
		t.Errorf("%+v, %v", sp, ok)
	}
}
