package provider_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A site is a host with an identity provider and a person.
type site struct {
	*providertest.Host
	t   *testing.T
	idp *samltest.IdP
	p   provider.Provider
	ids provider.Identifiers

	attributes []samltest.Attribute // of the person
}

const person = "alice@a.example"

func newSite(t *testing.T, change ...func(*provider.Config)) *site {
	t.Helper()
	h := providertest.NewHost(t, change...)
	s := &site{Host: h, t: t, idp: h.IdP()}
	s.p = h.Connect(s.idp, "A", "a.example")
	h.User(providertest.Managed(s.p.ID, person))
	var err error
	if s.ids, err = h.Identifiers(t.Context(), providertest.Admin, s.p.ID); err != nil {
		t.Fatal(err)
	}
	return s
}

// answer is the form that answers a request.
func (s *site) answer(r samltest.AuthnRequest) url.Values {
	value := s.idp.FormValue(samltest.ResponseOptions{ACS: r.ACS, Audience: s.ids.EntityID, InResponseTo: r.ID, Person: samltest.Person{NameID: person, Attributes: s.attributes}})
	return url.Values{"SAMLResponse": {value}, "RelayState": {r.RelayState}}
}

// in expects a browser to be signed in, or not to be.
func (s *site) in(client *http.Client, want bool, when string) {
	s.t.Helper()
	if _, ok := s.Session(client); ok != want {
		s.t.Errorf("%s: signed in %v, want %v; %v", when, ok, want, s.Reasons(s.p.ID))
	}
}

func TestTabs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		client := providertest.Browser(t)
		var tabs []samltest.AuthnRequest
		for range 3 {
			tabs = append(tabs, begin(t, client, s.StartURL(s.p.ID)))
			s.Clock.Add(time.Second)
		}
		for _, tab := range order {
			if status, page := post(t, client, s.ids.ReplyURLs[0], s.answer(tabs[tab])); status != http.StatusOK {
				t.Errorf("tab %d of %v: %d %s; %v", tab, order, status, page, s.Reasons(s.p.ID))
			}
		}
	}
}

// TestManyTabs: of more than five requests that are pending the oldest are forgotten.
func TestManyTabs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := providertest.Browser(t)
	var tabs []samltest.AuthnRequest
	for range 7 {
		tabs = append(tabs, begin(t, client, s.StartURL(s.p.ID)))
		s.Clock.Add(time.Second)
	}
	for i, tab := range tabs {
		status, _ := post(t, client, s.ids.ReplyURLs[0], s.answer(tab))
		if want := i >= 2; (status == http.StatusOK) != want {
			t.Errorf("tab %d: status %d; %v", i, status, s.Reasons(s.p.ID)[0])
		}
	}
}

// TestWithoutRelayState: some identity providers do not send it back.
func TestWithoutRelayState(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := providertest.Browser(t)
	first := begin(t, client, s.StartURL(s.p.ID))
	s.Clock.Add(time.Second)
	begin(t, client, s.StartURL(s.p.ID))
	form := s.answer(first)
	form.Del("RelayState")
	post(t, client, s.ids.ReplyURLs[0], form)
	s.in(client, true, "without RelayState")
}

func TestBackButton(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := providertest.Browser(t)
	form := s.answer(begin(t, client, s.StartURL(s.p.ID)))
	post(t, client, s.ids.ReplyURLs[0], form)
	s.in(client, true, "the first time")
	if status, _ := post(t, client, s.ids.ReplyURLs[0], form); status != http.StatusForbidden {
		t.Errorf("the same form again: status %d", status)
	}
	if got := s.Reasons(s.p.ID)[0]; got != provider.Reason(saml.InResponseToUnknown) && got != provider.Reason(saml.Replay) {
		t.Errorf("reason %s", got)
	}
}

// TestCookies: an answer counts in the browser that has asked, and in no other, for ten minutes.
func TestCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client, other := providertest.Browser(t), providertest.Browser(t)
	form := s.answer(begin(t, client, s.StartURL(s.p.ID)))

	post(t, other, s.ids.ReplyURLs[0], form)
	s.in(other, false, "in a browser without cookies")
	begin(t, other, s.StartURL(s.p.ID))
	post(t, other, s.ids.ReplyURLs[0], form)
	s.in(other, false, "in a browser with cookies of its own")

	foreign := newSite(t)
	stolen := providertest.Browser(t)
	begin(t, stolen, foreign.StartURL(foreign.p.ID))
	copyCookies(t, stolen, foreign.URL, s.URL)
	post(t, stolen, s.ids.ReplyURLs[0], form)
	s.in(stolen, false, "with cookies of another host")

	late := providertest.Browser(t)
	request := begin(t, late, s.StartURL(s.p.ID))
	s.Clock.Add(saml.PendingFor)
	post(t, late, s.ids.ReplyURLs[0], s.answer(request))
	s.in(late, false, "after ten minutes")
}

// copyCookies gives a browser the cookies of one host at another.
func copyCookies(t *testing.T, client *http.Client, from, to string) {
	t.Helper()
	a, err := url.Parse(from)
	if err != nil {
		t.Fatal(err)
	}
	b, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	client.Jar.SetCookies(b, client.Jar.Cookies(a))
}

// TestCookieAttributes: behind https a pending request is bound to the host, and sent with a POST from
// elsewhere.
func TestCookieAttributes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Config.AllowLoopbackInsecure = false
	s.Config.URLs = func(context.Context, scim.TenantID) (provider.URLs, error) {
		return provider.URLs{Native: "https://app.example.com"}, nil
	}
	service, err := provider.New(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	record := answerOf(service, http.MethodGet, "https://app.example.com/sso/"+string(s.p.ID)+"/start")
	cookies := record.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies, status %d", len(cookies), record.StatusCode)
	}
	c := cookies[0]
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteNoneMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 600 {
		t.Errorf("cookie %s", c.Raw)
	}
	if len(c.Raw) > 4096 {
		t.Errorf("%d bytes of cookie", len(c.Raw))
	}
}

// TestAhead: browsers that fetch pages before anybody asks for them begin no sign-in.
func TestAhead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, value := range map[string]string{"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"} {
		request, err := http.NewRequest(http.MethodGet, s.StartURL(s.p.ID), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set(name, value)
		response, err := providertest.Browser(t).Do(request)
		if err != nil || len(response.Cookies()) != 0 || response.StatusCode < 500 {
			t.Errorf("%s: %v, %v", name, response, err)
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	base := s.URL + "/sso/" + string(s.p.ID)
	for _, c := range []struct {
		method, url string
		want        int
	}{
		{http.MethodGet, base + "/acs", 405}, {http.MethodHead, base + "/acs", 405}, {http.MethodPut, base + "/acs", 405},
		{http.MethodPost, base + "/start", 405}, {http.MethodHead, base + "/start", 405},
		{http.MethodPost, base + "/metadata", 405}, {http.MethodGet, base + "/metadata", 200}, {http.MethodHead, base + "/metadata", 200},
		{http.MethodDelete, base + "/slo", 405}, {http.MethodGet, base + "/nothing", 404}, {http.MethodGet, base, 404},
		{http.MethodGet, s.URL + "/sso/", 404}, {http.MethodGet, base + "/test/x/y", 404}, {http.MethodGet, s.URL + "/ws/scim/v2/Users", 401},
		{http.MethodGet, s.URL + "/sso/nobody/metadata", 403}, {http.MethodGet, s.URL + "/sso/nobody/start", 403}, {http.MethodGet, base + "/test/nobody", 403},
	} {
		request, err := http.NewRequest(c.method, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.url, response.StatusCode, c.want)
		}
	}
}

// TestTwoHosts: an answer has to arrive at the host where the sign-in began, and the refusal says what to
// change if it does not.
func TestTwoHosts(t *testing.T) {
	t.Parallel()
	var native, branded string
	s := newSite(t, func(c *provider.Config) {
		inner := c.URLs
		c.URLs = func(ctx context.Context, tenant scim.TenantID) (provider.URLs, error) {
			u, err := inner(ctx, tenant)
			native = u.Native
			branded = strings.Replace(native, "127.0.0.1", "localhost", 1)
			u.Others = []string{branded}
			return u, err
		}
	})
	if len(s.ids.ReplyURLs) != 2 || !strings.HasPrefix(s.ids.ReplyURLs[0], native) || !strings.HasPrefix(s.ids.ReplyURLs[1], branded) {
		t.Fatalf("reply URLs %q", s.ids.ReplyURLs)
	}
	for i, base := range []string{native, branded} {
		client := providertest.Browser(t)
		r := begin(t, client, base+"/sso/"+string(s.p.ID)+"/start")
		if r.ACS != s.ids.ReplyURLs[i] {
			t.Errorf("a sign-in at %s names %s", base, r.ACS)
		}
		other := s.ids.ReplyURLs[1-i]
		elsewhere := r // of an identity provider that sends everybody to its default reply URL
		elsewhere.ACS = other
		if status, _ := post(t, client, other, s.answer(elsewhere)); status != http.StatusForbidden || s.Reasons(s.p.ID)[0] != provider.Reason(saml.InResponseToUnknown) {
			t.Errorf("at %s: status %d; %v", other, status, s.Reasons(s.p.ID)[0])
		}
		list, err := s.Refusals(t.Context(), providertest.Admin, s.p.ID)
		if err != nil || !strings.Contains(list[0].Hint, s.ids.ReplyURLs[0]) || !strings.Contains(list[0].Hint, hostOf(t, other)) {
			t.Errorf("the hint is %q, %v", list[0].Hint, err)
		}
		if status, _ := post(t, client, r.ACS, s.answer(r)); status != http.StatusOK {
			t.Errorf("at %s: status %d; %v", r.ACS, status, s.Reasons(s.p.ID))
		}
	}
	metadata := answerOf(s.Service, http.MethodGet, native+"/sso/"+string(s.p.ID)+"/metadata")
	_, text := read(t, metadata)
	for _, reply := range s.ids.ReplyURLs {
		if !strings.Contains(text, reply) {
			t.Errorf("our metadata has no %s", reply)
		}
	}
}

func hostOf(t *testing.T, text string) string {
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// TestOtherReplyURL: a product may go on with the reply URL it has had, which several providers share; the
// request says whose answer it is, and nobody begins at the identity provider.
func TestOtherReplyURL(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	reply := h.URL + "/old/saml"
	var sites []*site
	for _, name := range []string{"a", "b"} {
		s := &site{Host: h, t: t, idp: h.IdP()}
		p, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{Name: name, EntityID: "urn:old:" + name, ReplyURL: reply})
		if err != nil {
			t.Fatal(err)
		}
		initiated := true
		if _, err := h.Change(t.Context(), providertest.Admin, p.ID, provider.Change{AllowIdPInitiated: &initiated}); err != nil {
			t.Fatal(err)
		}
		s.p = h.ConnectFor(providertest.Admin, s.idp, p.ID, name+".example")
		if s.ids, err = h.Identifiers(t.Context(), providertest.Admin, p.ID); err != nil {
			t.Fatal(err)
		}
		sites = append(sites, s)
	}
	h.User(providertest.Managed(sites[0].p.ID, person))
	client := providertest.Browser(t)
	a, b := begin(t, client, h.StartURL(sites[0].p.ID)), begin(t, client, h.StartURL(sites[1].p.ID))
	if a.ACS != reply {
		t.Fatalf("the request names %s", a.ACS)
	}
	mixed := sites[0].answer(a)
	mixed.Set("RelayState", b.RelayState)
	post(t, client, reply, mixed)
	sites[0].in(client, false, "with the RelayState of the other provider")
	post(t, client, reply, sites[0].answer(a))
	sites[0].in(client, true, "as it should be")

	client = providertest.Browser(t)
	unasked := sites[0].answer(samltest.AuthnRequest{ACS: reply})
	post(t, client, reply, unasked)
	sites[0].in(client, false, "begun at the identity provider")
	asked := begin(t, client, h.StartURL(sites[0].p.ID))
	unasked.Set("RelayState", asked.RelayState)
	post(t, client, reply, unasked)
	sites[0].in(client, false, "begun at the identity provider, with the RelayState of a request")
}

// TestRelabelled: a browser that calls the request of a sign-in one of a test, or the other way round, gets
// nothing of it.
func TestRelabelled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, address, err := s.Test(t.Context(), providertest.Admin, s.p.ID, provider.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for what, at := range map[string]string{"a test": address, "a sign-in": s.StartURL(s.p.ID)} {
		client := providertest.Browser(t)
		r := begin(t, client, at)
		host, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		cookies := client.Jar.Cookies(host)
		for _, c := range cookies {
			kind, rest, _ := strings.Cut(c.Value, ".")
			c.Value = map[string]string{"s": "t", "t": "s"}[kind] + "." + rest
		}
		client.Jar.SetCookies(host, cookies)
		if status, page := post(t, client, r.ACS, s.answer(r)); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", what, status, page)
		}
		s.in(client, false, what)
	}
}

// TestReturns: a sign-in ends at a path of this host, whatever was asked for.
func TestReturns(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *provider.Config) { c.Returns = []string{"https://app.example.com", "com.example.app:"} })
	for target, want := range map[string]string{
		"":                                      "/",
		"/app?x=1&y=%2F#z":                      "/app?x=1&y=%2F#z",
		"/":                                     "/",
		"/app//x":                               "/app//x",
		"https://app.example.com/in":            "code",
		"https://app.example.com":               "code",
		"com.example.app://in":                  "code",
		"com.example.app:/in?a=b":               "code",
		"//evil.example":                        "refused",
		"/\\evil.example":                       "refused",
		"\\\\evil.example":                      "refused",
		"/%5cevil.example":                      "refused",
		"/%2f/evil.example":                     "refused",
		"https://evil.example":                  "refused",
		"https://app.example.com.evil.example":  "refused",
		"https://app.example.com:444":           "refused",
		"https://app.example.com@evil.example/": "refused",
		"http://app.example.com/":               "refused",
		"https:app.example.com":                 "refused",
		"https:/app.example.com":                "refused",
		"javascript:alert(1)":                   "refused",
		"data:text/html,x":                      "refused",
		"com.example.apps:/in":                  "refused",
		"/\tevil":                               "refused",
		" /app":                                 "refused",
		"/app\r\nSet-Cookie: x=y":               "refused",
		"/\u2028x":                              "refused",
		"app":                                   "refused",
		"?x":                                    "refused",
		"/" + strings.Repeat("x", 1100):         "refused",
	} {
		client := providertest.Browser(t)
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		response, err := client.Get(s.StartURL(s.p.ID) + "?return=" + url.QueryEscape(target))
		if err != nil {
			t.Fatal(err)
		}
		to, err := response.Location()
		if err != nil || response.StatusCode != http.StatusSeeOther {
			if want != "refused" || s.Reasons(s.p.ID)[0] != provider.ReasonReturn {
				t.Errorf("%q: status %d", target, response.StatusCode)
			}
			continue
		}
		r := providertest.ReadRequest(t, to)
		response, err = client.PostForm(r.ACS, s.answer(r))
		if err != nil {
			t.Fatal(err)
		}
		got := response.Header.Get("Location")
		switch {
		case want == "code" && strings.HasPrefix(got, target) && strings.Contains(got, "code="):
			s.in(client, false, "on the way to an app")
		case got != want:
			t.Errorf("%q leads to %q, want %q", target, got, want)
		}
	}
}

// TestRedeem: the code of a sign-in works once, within a minute, in its tenant.
func TestRedeem(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *provider.Config) { c.Returns = []string{"https://app.example.com"} })
	code := func() string {
		client := providertest.Browser(t)
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		r := begin(t, client, s.StartURL(s.p.ID)+"?return="+url.QueryEscape("https://app.example.com/in?a=b"))
		response, err := client.PostForm(r.ACS, s.answer(r))
		if err != nil {
			t.Fatal(err)
		}
		to, err := response.Location()
		if err != nil || to.Query().Get("a") != "b" {
			t.Fatalf("location %v, %v", to, err)
		}
		return to.Query().Get("code")
	}
	fresh := code()
	if _, err := s.Redeem(t.Context(), "blue", fresh); !errors.Is(err, provider.ErrCode) {
		t.Errorf("in another tenant: %v", err)
	}
	in, err := s.Redeem(t.Context(), providertest.Tenant, fresh)
	if err != nil || in.User.UserName != person || in.Provider != s.p.ID || in.Return != "https://app.example.com/in?a=b" || in.NameID.Value != person {
		t.Errorf("%+v, %v", in, err)
	}
	if _, err := s.Redeem(t.Context(), providertest.Tenant, fresh); !errors.Is(err, provider.ErrCode) {
		t.Errorf("a second time: %v", err)
	}
	late := code()
	s.Clock.Add(time.Minute)
	for _, bad := range []string{late, "", "x", strings.ToUpper(fresh), fresh[:len(fresh)-2] + "AA"} {
		if _, err := s.Redeem(t.Context(), providertest.Tenant, bad); !errors.Is(err, provider.ErrCode) {
			t.Errorf("%.10s…: %v", bad, err)
		}
	}
}

// TestCrossOrigin: behind the protection of net/http an answer arrives, and nothing else does.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	protection := http.NewCrossOriginProtection()
	s.Wrap = protection.Handler
	cross := func(client *http.Client, to string, form url.Values) int {
		request, err := http.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", "https://idp.example.com")
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	client := providertest.Browser(t)
	form := s.answer(begin(t, client, s.StartURL(s.p.ID)))
	if status := cross(client, s.ids.ReplyURLs[0], form); status != http.StatusForbidden {
		t.Errorf("without exemption: status %d", status)
	}
	s.Exempt(protection, "")
	if status := cross(client, s.ids.ReplyURLs[0], form); status != http.StatusOK {
		t.Errorf("with exemption: status %d; %v", status, s.Reasons(s.p.ID))
	}
	s.in(client, true, "with exemption")
}

// TestFormAlreadyRead: middleware of a host may have read the form.
func TestFormAlreadyRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for what, readIt := range map[string]func(*http.Request) error{
		"ParseForm":     (*http.Request).ParseForm,
		"PostFormValue": func(r *http.Request) error { r.PostFormValue("csrf"); return nil },
		"ParseMultipartForm": func(r *http.Request) error {
			if err := r.ParseMultipartForm(1 << 20); !errors.Is(err, http.ErrNotMultipart) {
				return err
			}
			return nil
		},
	} {
		s.Wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := readIt(r); err != nil {
					t.Error(err)
				}
				next.ServeHTTP(w, r)
			})
		}
		client := providertest.Browser(t)
		post(t, client, s.ids.ReplyURLs[0], s.answer(begin(t, client, s.StartURL(s.p.ID))))
		s.in(client, true, what)
	}
}

// TestMountedBelow: a host may mount the service below a path, stripped or not.
func TestMountedBelow(t *testing.T) {
	t.Parallel()
	for _, strip := range []bool{false, true} {
		s := newSite(t, func(c *provider.Config) {
			inner := c.URLs
			c.URLs = func(ctx context.Context, tenant scim.TenantID) (provider.URLs, error) {
				u, err := inner(ctx, tenant)
				u.Native += "/auth"
				return u, err
			}
		})
		if strip {
			s.Wrap = func(next http.Handler) http.Handler { return http.StripPrefix("/auth", next) }
		}
		client := providertest.Browser(t)
		r := begin(t, client, s.ids.StartURL)
		if !strings.Contains(r.ACS, "/auth/sso/") {
			t.Errorf("reply URL %s", r.ACS)
		}
		post(t, client, r.ACS, s.answer(r))
		s.in(client, true, "below a path")
	}
}

// TestRotation: keys are exchanged while people sign in, and nobody notices.
func TestRotation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old, err := s.Keys.Keys(t.Context(), providertest.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	next, err := provider.NewKeyRing("next", s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(old.Decrypt[0].Certificate)
	if err != nil {
		t.Fatal(err)
	}
	encrypted := func(r samltest.AuthnRequest) url.Values {
		value := s.idp.FormValue(samltest.ResponseOptions{
			ACS: r.ACS, Audience: s.ids.EntityID, InResponseTo: r.ID, Person: samltest.Person{NameID: person},
			Encrypt: &samltest.Encryption{Certificate: certificate},
		})
		return url.Values{"SAMLResponse": {value}, "RelayState": {r.RelayState}}
	}
	client := providertest.Browser(t)
	before := begin(t, client, s.StartURL(s.p.ID))
	if err := s.Keys.Set(old.Announce(next)); err != nil {
		t.Fatal(err)
	}
	announced := metadataOf(t, s)
	if err := s.Keys.Set(old.Announce(next).Rotate(next)); err != nil {
		t.Fatal(err)
	}
	post(t, client, before.ACS, encrypted(before))
	s.in(client, true, "begun before the keys were exchanged, and encrypted for the key before")
	for name, text := range map[string]string{"announced": announced, "rotated": metadataOf(t, s)} {
		for which, ring := range map[string]provider.KeyRing{"old": old, "next": next} {
			if !strings.Contains(text, base64Of(ring.Sign[0].Certificate)) {
				t.Errorf("%s: our metadata has not the %s signing certificate", name, which)
			}
		}
	}
	if err := s.Keys.Set(old.Rotate(next).Retire()); err != nil {
		t.Fatal(err)
	}
	client = providertest.Browser(t)
	after := begin(t, client, s.StartURL(s.p.ID))
	post(t, client, after.ACS, encrypted(after))
	s.in(client, false, "encrypted for a key that is retired")
	if _, ok := next.Sign[0].Signer.Public().(*rsa.PublicKey); !ok {
		t.Error("the new key is not RSA")
	}
}

func metadataOf(t *testing.T, s *site) string {
	t.Helper()
	_, text := read(t, answerOf(s.Service, http.MethodGet, s.ids.Metadata))
	return text
}

// TestRollover: the old certificate works until the new one was tested and saved, and both do if both are
// in the metadata.
func TestRollover(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	keys := samltest.TestKeys()
	sign := func(with samltest.Key, want bool, when string) {
		t.Helper()
		client := providertest.Browser(t)
		r := begin(t, client, s.StartURL(s.p.ID))
		value := s.idp.FormValue(samltest.ResponseOptions{ACS: r.ACS, Audience: s.ids.EntityID, InResponseTo: r.ID, Person: samltest.Person{NameID: person}, Key: with})
		post(t, client, r.ACS, url.Values{"SAMLResponse": {value}, "RelayState": {r.RelayState}})
		s.in(client, want, when)
	}
	metadata := func(certificates ...*x509.Certificate) []byte {
		var raw [][]byte
		for _, c := range certificates {
			raw = append(raw, c.Raw)
		}
		m, err := saml.MetadataOptions{EntityID: s.idp.EntityID(), AllowLoopback: true}.FromParts(s.idp.URL()+"/sso", raw...)
		if err != nil {
			t.Fatal(err)
		}
		text, err := m.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	ctx, admin := t.Context(), providertest.Admin
	sign(keys.Second, false, "the next key, before it is known")
	if _, err := s.Import(ctx, admin, s.p.ID, provider.Given{Data: metadata(keys.Second.Certificate)}); err != nil {
		t.Fatal(err)
	}
	sign(keys.IdP, true, "the old key, while the next one is to be tested")
	sign(keys.Second, false, "the next key, before it was tested")
	_, err := s.Save(ctx, admin, s.p.ID)
	if problem, ok := errors.AsType[*provider.Problem](err); !ok || problem.Code != provider.ProblemUntested {
		t.Fatalf("saving what was not tested: %v", err)
	}
	run, address, err := s.Test(ctx, admin, s.p.ID, provider.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client := providertest.Browser(t)
	r := begin(t, client, address)
	value := s.idp.FormValue(samltest.ResponseOptions{ACS: r.ACS, Audience: s.ids.EntityID, InResponseTo: r.ID, Person: samltest.Person{NameID: person}, Key: keys.Second})
	if _, page := post(t, client, r.ACS, url.Values{"SAMLResponse": {value}, "RelayState": {r.RelayState}}); !strings.Contains(page, "passed") {
		t.Errorf("the page of the test: %s", page)
	}
	if run, err = s.TestResult(ctx, admin, s.p.ID, run.ID); err != nil || run.State != provider.TestPassed {
		t.Fatalf("test %+v, %v", run, err)
	}
	sign(keys.IdP, true, "the old key, before the next one is saved")
	if _, err := s.Save(ctx, admin, s.p.ID); err != nil {
		t.Fatal(err)
	}
	sign(keys.Second, true, "the next key")
	sign(keys.IdP, false, "the old key, which is gone")
	if _, err := s.Import(ctx, admin, s.p.ID, provider.Given{Data: metadata(keys.IdP.Certificate, keys.Second.Certificate)}); err != nil {
		t.Fatal(err)
	}
	s.Pass(admin, s.idp, s.p.ID)
	if _, err := s.Save(ctx, admin, s.p.ID); err != nil {
		t.Fatal(err)
	}
	sign(keys.IdP, true, "one of two")
	sign(keys.Second, true, "the other of two")
}

// TestLongReturn: a return target that does not fit is refused as one, and is no fault of ours.
func TestLongReturn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for target, want := range map[string]int{
		"/app?" + strings.Repeat("&", 1000):         http.StatusSeeOther,
		"/app?" + strings.Repeat("a=<b>&", 165):     http.StatusSeeOther,
		"/app?" + strings.Repeat("\"", 1000):        http.StatusForbidden,
		"/app?" + strings.Repeat("x", 1020) + "yyy": http.StatusForbidden,
	} {
		client := providertest.Browser(t)
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		response, err := client.Get(s.StartURL(s.p.ID) + "?return=" + url.QueryEscape(target))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%.20s…: status %d, want %d; %v", target, response.StatusCode, want, s.Reasons(s.p.ID))
		}
		if want == http.StatusForbidden && s.Reasons(s.p.ID)[0] != provider.ReasonReturn {
			t.Errorf("%.20s…: %v", target, s.Reasons(s.p.ID))
		}
	}
}
