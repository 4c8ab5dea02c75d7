package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// cycle presses a button of the page of provisioning and returns the page that follows.
func (s *stand) cycle(c *http.Client, form url.Values) string {
	s.t.Helper()
	if !form.Has("tenant_url") {
		form.Set("tenant_url", s.base+scimPath)
	}
	status, page := s.post(c, s.url("/provisioning"), form)
	if status != http.StatusOK {
		s.t.Fatalf("%d %s", status, page)
	}
	return page
}

// cameTo reports whether a page has a number of something.
func cameTo(page string, n, what string) bool {
	return strings.Contains(page, "<li><strong>"+n+"</strong>"+what+"</li>")
}

// user is somebody at the server, or nil.
func (s *stand) user(name string) map[string]any {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.base+scimPath+"/Users?"+filterQuery("userName", name), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	_, body := s.read(http.DefaultClient.Do(r))
	var list struct{ Resources []map[string]any }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		s.t.Fatalf("%s: %v", body, err)
	}
	if len(list.Resources) == 0 {
		return nil
	}
	return list.Resources[0]
}

// edit changes one in the directory.
func (s *stand) edit(name string, change func(*employee)) {
	s.t.Helper()
	p, ok := s.sso.directory.named(name)
	if !ok {
		s.t.Fatalf("there is no %s", name)
	}
	change(&p)
	if _, problem := s.sso.directory.put(p); problem != "" {
		s.t.Fatal(problem)
	}
}

// TestCycle goes through the life of people by each product: they are created, but for one whose user type is
// misspelled, updated, deactivated and reactivated, and what does not change is not sent.
func TestCycle(t *testing.T) {
	t.Parallel()
	for _, p := range []product{productEntra, productOkta} {
		for _, flag := range []string{"", "?" + entraFlag} {
			if p == productOkta && flag != "" {
				continue
			}
			t.Run(string(p)+flag, func(t *testing.T) {
				t.Parallel()
				live(t, p, flag)
			})
		}
	}
}

func live(t *testing.T, p product, flag string) {
	s := newStand(t)
	c := s.browser()
	form := func(act string) url.Values {
		return url.Values{"product": {string(p)}, "act": {act}, "tenant_url": {s.base + scimPath + flag}}
	}
	first := form("test")
	first.Set("token", s.token)
	if page := s.cycle(c, first); !strings.Contains(page, "The connection works") || strings.Contains(page, s.token) {
		t.Errorf("the test: %s", page)
	}
	page := s.cycle(c, form("cycle"))
	if !cameTo(page, "8", "created") || !cameTo(page, "1", "failed") || !cameTo(page, "2", "skipped") { // five people and three groups
		t.Errorf("the first cycle: %s", page)
	}
	if !strings.Contains(page, "userType cannot be &#34;technician&#34;") || s.user("alan@example.com") != nil {
		t.Errorf("the misspelled user type: %s", page)
	}
	if strings.Contains(page, s.token) || !strings.Contains(page, "Bearer "+redactedToken) {
		t.Errorf("the token is on the page")
	}
	if p == productOkta && !strings.Contains(page, "[a random password]") {
		t.Errorf("no password: %s", page)
	}
	if page := s.cycle(c, form("cycle")); !cameTo(page, "8", "unchanged") || !cameTo(page, "0", "updated") || !cameTo(page, "1", "failed") {
		t.Errorf("the second cycle: %s", page)
	}

	s.edit("alan@example.com", func(p *employee) { p.UserType = "Technician" })
	s.edit("ada@example.com", func(p *employee) { p.Title, p.Organization, p.Groups = "Countess", "102", []string{"Everybody"} })
	s.edit("katherine@example.com", func(p *employee) { p.Assigned = false })
	page = s.cycle(c, form("cycle"))
	// Alan comes and is in two groups, Ada leaves one, and so does Katherine two.
	if !cameTo(page, "1", "created") || !cameTo(page, "4", "updated") || !cameTo(page, "1", "deactivated") || !cameTo(page, "0", "failed") {
		t.Errorf("the third cycle: %s", page)
	}
	if u := s.user("ada@example.com"); u["title"] != "Countess" || !strings.Contains(toJSON(t, u), `"organizationId":"102"`) {
		t.Errorf("updated: %v", u)
	}
	if u := s.user("katherine@example.com"); u["active"] != false {
		t.Errorf("deactivated: %v", u)
	}
	if page := s.cycle(c, form("cycle")); !cameTo(page, "0", "updated") || !cameTo(page, "0", "deactivated") {
		t.Errorf("the fourth cycle: %s", page)
	}

	s.edit("katherine@example.com", func(p *employee) { p.Assigned = true })
	demand := form("demand")
	katherine, _ := s.sso.directory.named("katherine@example.com")
	demand.Set("person", katherine.ID)
	if page := s.cycle(c, demand); !cameTo(page, "1", "reactivated") || strings.Contains(page, "/Groups") {
		t.Errorf("on demand: %s", page)
	}
	if u := s.user("katherine@example.com"); u["active"] != true {
		t.Errorf("reactivated: %v", u)
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestSpelling: requests are those of the products.
func TestSpelling(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, c := range []struct {
		product product
		flag    bool
		parts   []string
	}{
		{productEntra, false, []string{
			`/Users?filter=userName%20eq%20%22grace%40example.com%22`, `"active": "True"`, `"op": "Replace"`, `"path": "active"`, `"value": "False"`,
			`"path": "` + "name.givenName", `excludedAttributes=members&filter=displayName`, `"$ref": null`, entraGroupSchema,
		}},
		{productEntra, true, []string{`"active": true`, `"op": "replace"`, `"value": false`, "&" + entraFlag}},
		{productOkta, false, []string{
			`/Users?filter=userName%20eq%20%22grace%40example.com%22&startIndex=1&count=100`, `"groups": []`, "PUT", `"locale": "en-US"`, "Okta SCIM Client 1.0.0",
		}},
	} {
		name := "grace@example.com"
		grace, _ := s.sso.directory.named(name)
		all := ""
		for _, change := range []func(){func() {}, func() { grace.Given += "!" }, func() { grace.Active = false }} {
			change()
			run := newCycle(c.product, s.base+scimPath, s.token, c.flag)
			if r := run.finish("", run.provision(t.Context(), []employee{grace}, directoryGroups[:1])); r.Stopped != "" || r.Count(becameFailed) > 0 {
				t.Fatalf("%+v: %+v", c, r.Outcomes)
			}
			for _, x := range run.run.Exchanges {
				all += x.Method + " " + x.URL + "\n" + strings.Join(x.Headers, "\n") + "\n" + x.Body + "\n"
			}
		}
		for _, part := range c.parts {
			if !strings.Contains(all, part) {
				t.Errorf("%s, %v: no %s in\n%s", c.product, c.flag, part, all)
			}
		}
		s.remove(name)
	}
}

// remove deletes somebody at the server, and the group.
func (s *stand) remove(name string) {
	s.t.Helper()
	for _, resource := range []string{"/Users/" + textOf(s.user(name), "id"), "/Groups/" + s.groupID(directoryGroups[0])} {
		r, err := http.NewRequest(http.MethodDelete, s.base+scimPath+resource, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.token)
		if status, body := s.read(http.DefaultClient.Do(r)); status != http.StatusNoContent {
			s.t.Fatalf("%s: %d %s", resource, status, body)
		}
	}
}

func (s *stand) groupID(name string) string {
	s.t.Helper()
	c := newCycle(productOkta, s.base+scimPath, s.token, false)
	r, err := c.send(s.t.Context(), "", http.MethodGet, "/Groups?"+filterQuery("displayName", name), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return textOf(r.first(), "id")
}

// TestOnlyItsServer: requests go to the server that the identity provider runs beside, and to nobody else.
func TestOnlyItsServer(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	asked := make(chan string, 10)

	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.String() }))
	defer elsewhere.Close()
	other := elsewhere.URL
	for _, address := range []string{
		other, other + scimPath, "http://169.254.169.254/latest", "file:///etc/passwd", "", "x", "//" + strings.TrimPrefix(s.base, "http://") + scimPath,
		s.base, s.base + scimPath + "/Users", s.base + scimPath + "/../..", s.base + scimPath + "?x=1", s.base + scimPath + "#x",
		strings.Replace(s.base, "http://", "http://user@", 1) + scimPath, s.base + ".example.com" + scimPath,
		strings.Replace(s.base, "http://", "https://", 1) + scimPath, s.base + "@" + strings.TrimPrefix(other, "http://") + scimPath,
	} {
		page := s.cycle(s.browser(), url.Values{"product": {"entra"}, "act": {"cycle"}, "token": {s.token}, "tenant_url": {address}})
		if !strings.Contains(page, "of its own server alone, which is "+s.base+scimPath) || strings.Contains(page, "<summary>") {
			t.Errorf("%s: %s", address, page)
		}
	}
	for _, address := range []string{s.base + scimPath, s.base + scimPath + "/", " " + s.base + scimPath + " "} {
		if page := s.cycle(s.browser(), url.Values{"product": {"entra"}, "act": {"test"}, "token": {s.token}, "tenant_url": {address}}); !strings.Contains(page, "The connection works") {
			t.Errorf("%q: %s", address, page)
		}
	}
	select {
	case address := <-asked:
		t.Errorf("another server was asked for %s", address)
	default:
	}
}

// TestCycleToken: a token is kept for one browser until it is forgotten, and a wrong one ends the cycle.
func TestCycleToken(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	c := s.browser()
	form := func(pairs ...string) url.Values {
		f := url.Values{"product": {"okta"}, "act": {"test"}}
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	if page := s.cycle(c, form()); !strings.Contains(page, "Enter the secret token") {
		t.Errorf("without one: %s", page)
	}
	if page := s.cycle(c, form("token", "ghs_a-wrong-one-of-these", "act", "cycle")); !strings.Contains(page, "does not accept the token") || strings.Contains(page, "ghs_a-wrong") {
		t.Errorf("a wrong one: %s", page)
	}
	if page := s.cycle(c, form("token", "a b\nc")); !strings.Contains(page, "This is no token") {
		t.Errorf("no token: %s", page)
	}
	if page := s.cycle(c, form("token", s.token)); !strings.Contains(page, "The connection works") {
		t.Errorf("the right one: %s", page)
	}
	if page := s.cycle(c, form()); !strings.Contains(page, "The connection works") || strings.Contains(page, s.token) {
		t.Errorf("kept: %s", page)
	}
	if page := s.cycle(s.browser(), form()); !strings.Contains(page, "Enter the secret token") {
		t.Errorf("another browser has it: %s", page)
	}
	s.cycle(c, form("act", "forget"))
	if page := s.cycle(c, form()); !strings.Contains(page, "Enter the secret token") {
		t.Errorf("forgotten: %s", page)
	}
	r, err := http.NewRequest(http.MethodPost, s.url("/provisioning"), strings.NewReader(form("token", s.token).Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-site")
	if status, _ := s.read(c.Do(r)); status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", status)
	}
}

// TestCycleMarkup: what the directory has and the server says is text.
func TestCycleMarkup(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	const mark = `<img src=x onerror=alert(1)>`
	s.edit("ada@example.com", func(p *employee) { p.Given, p.UserType = mark, mark })
	ada, _ := s.sso.directory.named("ada@example.com")
	page := s.cycle(s.browser(), url.Values{"product": {"entra"}, "act": {"demand"}, "token": {s.token}, "person": {ada.ID}})
	if strings.Contains(page, "<img") || !strings.Contains(page, "&lt;img src=x") || !cameTo(page, "1", "failed") {
		t.Error(page)
	}
}

// TestCycleSessions: there is an end to how many are kept.
func TestCycleSessions(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for range maxCycleSessions + 10 {
		s.cycle(s.browser(), url.Values{"product": {"entra"}, "act": {"test"}})
	}
	s.sso.cycles.mu.Lock()
	defer s.sso.cycles.mu.Unlock()
	if n := len(s.sso.cycles.all); n != maxCycleSessions {
		t.Errorf("%d sessions", n)
	}
}

// TestCycleRedacted: a server that sends the token back does not bring it on the page, whatever it answers is
// no more than shown, and nobody is followed elsewhere.
func TestCycleRedacted(t *testing.T) {
	t.Parallel()
	followed := false
	mux := http.NewServeMux()
	mux.HandleFunc("/Users", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		w.Write([]byte(`{"detail": "not with ` + r.Header.Get("Authorization") + `", "more": "` + strings.Repeat("x", 2*maxShown) + `"}`))
	})
	mux.HandleFunc("/Groups", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { followed = true })
	server := httptest.NewServer(mux)
	defer server.Close()
	const token = "ghs_0123456789abcdef"
	c := newCycle(productEntra, server.URL, token, false)
	run := c.finish("", c.provision(t.Context(), firstPeople()[:1], directoryGroups[:1]))
	if text := toJSON(t, run); strings.Contains(text, token) || run.Count(becameFailed) != 2 || !strings.Contains(run.Outcomes[0].Sentence, "not with Bearer "+redactedToken) {
		t.Errorf("%.2000s", text)
	}
	if n := len(run.Exchanges[0].Answer); n > maxShown+10 {
		t.Errorf("%d bytes are shown", n)
	}
	if followed {
		t.Error("a redirect was followed")
	}
	server.Close()
	c = newCycle(productOkta, server.URL, token, false)
	if run := c.finish("", c.test(t.Context())); !strings.Contains(run.Stopped, "did not answer") || len(run.Exchanges) != 1 {
		t.Errorf("%+v", run)
	}
}
