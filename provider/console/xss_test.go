package console_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/console"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// hostile is a text that becomes elements and attributes wherever it is not written as text.
func hostile(field string) string {
	return `zz` + field + `"'><img src=x onerror=alert(1)></textarea><script>alert(2)</script>{{.}}`
}

// A hostileWorld is a tenant in which every field is hostile that somebody controls, and the pages of it.
type hostileWorld struct {
	*site
	pages map[string]string // by path
}

// TestHostileFields: whatever an identity provider, an administrator, the host or a link puts into a field is
// text on every page that shows it. A subtest for each field says that it is shown at all.
func TestHostileFields(t *testing.T) {
	w := newHostileWorld(t)
	for path, page := range w.pages {
		inert(t, path, page)
	}
	for _, field := range []string{
		"providername", "issuer", "subject", "nameid", "attribute", "value", "username", "given", "family", "display", "email", "external",
		"phone", "language", "group", "failing", "sentence", "linkfor", "organization", "role", "actor", "from",
		"search", "usersearch", "orgsearch", "groupsearch", "by", "product", "url", "xml", "handurl", "handcert", "formname", "formdomains",
		"newname", "policyformat", "context", "formgiven", "formfor", "defaultorganization", "moreorganizations",
	} {
		t.Run(field, func(t *testing.T) {
			for _, page := range w.pages {
				if strings.Contains(text(t, page), "zz"+field) {
					return
				}
			}
			t.Error("no page shows the field: nothing was tested")
		})
	}
	for path, page := range map[string]string{
		"done": w.get("/providers?done="+url.QueryEscape(hostile("done")), 200), "incident": w.get("/activity/"+url.PathEscape(hostile("incident")), 404),
		"after": w.get("/users?after="+url.QueryEscape(hostile("after")), 422), "client": w.get(w.root()+"/sheet?client="+url.QueryEscape(hostile("client")), 422),
	} {
		inert(t, path, page)
	}
}

func (w *hostileWorld) root() string {
	page, err := w.Providers(w.t.Context(), providertest.Admin, provider.Query{})
	if err != nil || len(page.Providers) == 0 {
		w.t.Fatal(page, err)
	}
	return "/providers/" + string(page.Providers[0].ID)
}

// newHostileWorld fills a tenant and fetches all pages.
func newHostileWorld(t *testing.T) *hostileWorld {
	s := newSite(t, func(o *console.Options) {
		actor := providertest.Admin
		actor.Name, actor.From = hostile("actor"), hostile("from")
		o.Actor = func(*http.Request) (provider.Actor, error) { return actor, nil }
		o.Organizations = func(context.Context, scim.TenantID) ([]console.Organization, error) {
			return []console.Organization{{ID: "1", Name: hostile("organization")}}, nil
		}
		o.Theme.Product = hostile("product")
	})
	s.Config.Roles.(*roles).name = hostile("role")
	w := &hostileWorld{s, map[string]string{}}
	person := samltest.Person{NameID: hostile("nameid")}
	alice := samltest.Person{NameID: "alice@example.com", Attributes: []samltest.Attribute{{Name: hostile("attribute"), Values: []string{hostile("value")}}}}
	idp := s.IdP(func(o *samltest.Options) {
		o.EntityID = "urn:" + strings.ReplaceAll(hostile("issuer"), " ", "/")
		o.People = []samltest.Person{alice, person}
	})
	root := s.begin(hostile("providername"))
	id := provider.ID(root[len("/providers/"):])
	s.post(root+"/import", url.Values{"how": {"xml"}, "xml": {string(idp.Metadata())}}, 200)
	page := s.post(root+"/tests", nil, 200)
	s.signIn(idp, regexp.MustCompile(`id="begin-test" href="([^"]+)"`).FindStringSubmatch(page)[1], person.NameID)
	w.pages["the test"] = s.get(root+"/tests/"+s.run(id), 200)
	s.Pass(providertest.Admin, idp, id)
	w.pages["the test that passed"] = s.get(root+"/tests/"+s.run(id), 200)
	s.post(root+"/save", nil, 200)
	s.post(root+"/enable", nil, 200)
	page = s.post(root+"/scim/enable", with(url.Values{"user_type": {"endUser", "Technician"}, "organizations": {"any"}, "roles": {"any"}, "token": {"1"}}), 200)
	client := s.Client(regexp.MustCompile(provider.TokenPrefix + `[^"]+`).FindString(page))
	ask := func(path string, body map[string]any, want int) string {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		status, answer := s.Ask(client, "POST", path, string(data))
		if status != want {
			t.Fatalf("%d %s", status, answer)
		}
		return answer
	}
	user := func(name, organization string) map[string]any {
		return map[string]any{
			"schemas":  []string{"urn:ietf:params:scim:schemas:core:2.0:User", extension.URN},
			"userName": name, "externalId": hostile("external"), "displayName": hostile("display"), "preferredLanguage": hostile("language"),
			"name":         map[string]any{"givenName": hostile("given"), "familyName": hostile("family")},
			"emails":       []any{map[string]any{"type": "work", "value": hostile("email")}},
			"phoneNumbers": []any{map[string]any{"type": "work", "value": hostile("phone")}},
			extension.URN:  map[string]any{"organizationId": organization},
		}
	}
	answer := ask("/Users", user(hostile("username"), "1"), 201)
	var created struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &created); err != nil {
		t.Fatal(err)
	}
	ask("/Users", user(hostile("failing"), "1 "+hostile("sentence")[:40]), 400)
	ask("/Groups", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": hostile("group"), "members": []any{map[string]any{"value": created.ID}}}, 201)
	w.pages["the link"] = s.post(root+"/links", with(url.Values{"for": {hostile("linkfor")}, "valid": {"7"}, "power": {"users", "tokens"}}), 200)

	native := s.User(scim.User{UserName: "native", Active: true, DisplayName: hostile("display")})
	w.pages["the certificate"] = s.post(root+"/preview", url.Values{"how": {"hand"}, "idp_entity_id": {idp.EntityID()}, "sign_on_url": {idp.URL() + "/sso"}, "certificate": {hostileCertificate(t)}}, 200)
	w.refuse(root, native.ID)
	w.crawl(root, "/providers", "/users", "/activity", "/groups", "/organizations", root+"/roles", root+"/scim/grants", root+"/links",
		"/providers?q="+url.QueryEscape(hostile("search")), "/users?q="+url.QueryEscape(hostile("usersearch")[:60]), "/organizations?q="+url.QueryEscape(hostile("orgsearch")),
		"/groups?q="+url.QueryEscape(hostile("groupsearch")), "/activity?by="+url.QueryEscape(hostile("by")))
	open := regexp.MustCompile(`/setup/open/` + provider.SetupLinkPrefix + `[^"]+`).FindString(w.pages["the link"])
	s.get(open, 200)
	w.crawl("/setup/", "/setup/people", "/setup/scim")
	return w
}

// hostileCertificate returns a certificate with a hostile subject.
func hostileCertificate(t *testing.T) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := providertest.NewHost(t).Clock.Now()
	der, err := saml.NewCertificate(key, hostile("subject")[:60], now, now.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// refuse sends forms that are refused, and keeps the pages that show them again.
func (w *hostileWorld) refuse(root, user string) {
	for name, form := range map[string]url.Values{
		"/preview url": {"how": {"url"}, "url": {hostile("url")}}, "/preview xml": {"how": {"xml"}, "xml": {hostile("xml")}},
		"/preview hand":       {"how": {"hand"}, "idp_entity_id": {"urn:x"}, "sign_on_url": {hostile("handurl")}, "certificate": {hostile("handcert")}},
		"/settings":           {"name": {hostile("formname")}, "domains": {hostile("formdomains")}},
		"/policy":             {"format": {hostile("policyformat")}, "contexts": {"x"}, "max_age": {"x"}},
		"/links":              {"for": {hostile("formfor")}, "valid": {"0"}},
		"/scim/grants":        with(url.Values{"code": {"wrong"}, "user_type": {"endUser"}, "organizations": {"list"}, "more_organizations": {hostile("moreorganizations")}, "default_organization": {hostile("defaultorganization")}}),
		"/tests/nothing/page": {"page": {hostile("page")}},
	} {
		path, _, _ := strings.Cut(name, " ")
		status := 422
		if path == "/tests/nothing/page" {
			status = 404
		}
		w.pages["refused "+name] = w.post(root+path, form, status)
	}
	w.pages["refused name"] = w.post("/providers", url.Values{"name": {hostile("newname") + "\x00"}}, 422)
	w.pages["refused user"] = w.post("/users/"+user, url.Values{"version": {""}, "given_name": {hostile("formgiven")}, "user_type": {"none"}}, 422)
	w.post(root+"/policy", url.Values{"format": {"urn:" + hostile("policyformat")}, "contexts": {"urn:" + strings.ReplaceAll(hostile("context"), " ", "/")}}, 200)
}

// crawl fetches pages, and those that they lead to.
func (w *hostileWorld) crawl(paths ...string) {
	for len(paths) > 0 {
		path := paths[0]
		paths = paths[1:]
		if _, done := w.pages[path]; done {
			continue
		}
		r, err := w.browser.Get(w.url + path)
		if err != nil {
			w.t.Fatal(err)
		}
		if strings.HasPrefix(r.Header.Get("Content-Type"), "text/markdown") {
			r.Body.Close()
			w.pages[path] = ""
			continue
		}
		page := w.read(path, r, err, 200)
		w.pages[path] = page
		each(w.t, page, func(n *html.Node) {
			for _, a := range n.Attr {
				if rest, ok := strings.CutPrefix(a.Val, "/admin/identity"); ok && n.Data == "a" && a.Key == "href" {
					rest, _, _ = strings.Cut(rest, "#")
					paths = append(paths, rest)
				}
			}
		})
	}
}

// each calls f for every element of a page.
func each(t testing.TB, page string, f func(*html.Node)) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			f(n)
		}
	}
}

// inert fails if anything on a page runs that is not the script of the console.
func inert(t testing.TB, path, page string) {
	t.Helper()
	each(t, page, func(n *html.Node) {
		switch {
		case n.Data == "img", n.Data == "iframe", n.Data == "object", n.Data == "style", n.Data == "base":
			t.Errorf("%s has an element %s", path, n.Data)
		case n.Data == "script" && (n.FirstChild != nil || !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool {
			return a.Key == "src" && strings.HasPrefix(a.Val, "/admin/identity/assets/console.js?v=")
		})):
			t.Errorf("%s has a script of somebody else", path)
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(value, "javascript:") || (a.Key == "href" || a.Key == "action" || a.Key == "src") && strings.HasPrefix(value, "//") {
				t.Errorf("%s has the attribute %s=%q", path, a.Key, a.Val)
			}
		}
	})
}

// text returns what a page says, in its text and in its fields.
func text(t testing.TB, page string) string {
	t.Helper()
	if page == "" {
		return ""
	}
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "value" {
				fmt.Fprintln(&b, a.Val)
			}
		}
	}
	return b.String()
}
