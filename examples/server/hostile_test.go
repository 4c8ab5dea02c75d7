package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/seed-30109bde/gatehouse/scim"
)

// mark becomes elements and attributes wherever it is not written as text.
func mark(field string) string {
	return `zz` + field + `"'><img src=x onerror=alert(1)></textarea><script>alert(2)</script>{{.}}`
}

// TestHostileFields: what an identity provider says of a person, or a stranger types, is text on every page of
// the server that shows it.
func TestHostileFields(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.provision("ada@example.com")
	s.edit("ada@example.com", func(p *employee) { p.Given, p.Family = mark("given"), mark("family") })
	id, _ := s.user("ada@example.com")["id"].(string)
	u, err := s.host.db.stores.Users.User(t.Context(), tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	u.DisplayName, u.Name = mark("display"), scim.Name{GivenName: mark("first")}
	if _, err := s.host.db.stores.Users.UpdateUser(t.Context(), tenant, u); err != nil {
		t.Fatal(err)
	}
	c := s.browser()
	if status, page := s.signIn(c, idpID, url.Values{"person": {"ada@example.com"}}); status != http.StatusOK {
		t.Fatal(status, page)
	}
	shown := map[string]string{}
	_, shown["home"] = s.get(c, s.base+homePath)
	stranger := s.browser()
	_, shown["return"] = s.get(stranger, s.base+signInPath+"?way=password&return="+url.QueryEscape("/"+mark("return")))
	_, shown["login"] = s.post(stranger, s.base+signInPath, url.Values{"login": {mark("login")}, "password": {"x"}})
	_, shown["link"] = s.get(stranger, s.base+linkPath+"?t="+url.QueryEscape(mark("link")))
	for field, page := range map[string]string{"display": "home", "given": "home", "family": "home", "return": "return", "login": "login", "link": "link"} {
		t.Run(field, func(t *testing.T) {
			doc, err := html.Parse(strings.NewReader(shown[page]))
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for n := range doc.Descendants() {
				found = found || n.Type == html.TextNode && strings.Contains(n.Data, "zz"+field)
				if n.Data == "img" || n.Data == "script" {
					t.Errorf("the page has an element %s:\n%s", n.Data, shown[page])
				}
				for _, a := range n.Attr {
					found = found || strings.Contains(a.Val, "zz"+field)
					if strings.HasPrefix(a.Key, "on") {
						t.Errorf("the page has the attribute %s", a.Key)
					}
				}
			}
			if !found {
				t.Errorf("the page does not show the field: nothing was tested:\n%s", shown[page])
			}
		})
	}
}
