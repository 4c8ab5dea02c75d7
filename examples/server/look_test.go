package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// axeVariable names the file of axe-core, which looks for faults of accessibility.
const axeVariable = "GATEHOUSE_TEST_AXE"

// looks are how a page is looked at.
var looks = []struct {
	name          string
	width, height int64
	scheme        string
	checked       bool // by axe-core: each width and each scheme once
}{{"wide-light", 1280, 900, "light", true}, {"wide-dark", 1280, 900, "dark", false}, {"narrow-light", 390, 844, "light", false}, {"narrow-dark", 390, 844, "dark", true}}

// TestLook looks at every page, wide and narrow, light and dark: nothing is wider than the screen, and axe-core
// finds no serious fault. The screenshots are for people.
func TestLook(t *testing.T) {
	axe := ""
	if file := os.Getenv(axeVariable); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		axe = string(data)
	}
	b := newChromium(t)
	c := new(clock)
	s := startWith(t, c.into)
	furnish(t, s)
	w := &walker{b.person(s.base()), c, s}

	w.inspect(axe, "sign-in", "/sign-in")
	w.inspect(axe, "sign-in-password", "/sign-in?way=password")
	w.inspect(axe, "front", "/")
	w.inspect(axe, "nothing", "/nothing")
	link := linkIn(t, s.stdout.String())
	w.inspect(axe, "sign-in-link", link)
	w.press("button")
	w.inspect(axe, "factor", w.address())
	w.code()
	w.press("main form button")
	w.open("/console/")
	w.fill("#name", "contoso.example")
	w.link("Add Provider")
	draft := w.address()
	w.fill("#url", s.IdPURL)
	w.press("details[open] button")
	w.inspectHere(axe, "preview")
	w.link("Use this metadata")
	w.link("Test Connection")
	test := w.address()

	const entra = "/console/providers/" + idpID
	for name, path := range map[string]string{
		"checklist": "/checklist", "own": "/checklist/own", "home": "/home",
		"providers": "/console/providers", "provider": entra, "draft": draft, "test-waiting": test, "scim": entra + "/scim", "grants": entra + "/scim/grants",
		"token": entra + "/scim/token", "roles": entra + "/roles", "sheet": entra + "/sheet", "sheet-okta": entra + "/sheet?client=okta", "links": entra + "/links",
		"disable": entra + "/disable", "users": "/console/users", "user": s.path(t, "/console/users/", "ada@example.com"), "admin": s.path(t, "/console/users/", adminName),
		"organizations": "/console/organizations", "groups": "/console/groups", "activity": "/console/activity", "missing": "/console/providers/none",
		"idp": strings.TrimSuffix(s.IdPURL, "metadata"), "idp-directory": strings.TrimSuffix(s.IdPURL, "metadata") + "directory", "idp-provisioning": strings.TrimSuffix(s.IdPURL, "metadata") + "provisioning",
		"idp-signin": s.LoginURL,
	} {
		w.inspect(axe, name, path)
	}
	if axe == "" {
		t.Skipf("axe-core is not here: name its file with %s, as where the whole suite runs", axeVariable)
	}
}

// path is that of a user in the console.
func (s *running) path(t *testing.T, prefix, userName string) string {
	t.Helper()
	_, body := s.send(t, "GET", `/Users?filter=userName+eq+"`+userName+`"`, "")
	var list struct {
		Resources []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Resources) == 0 {
		return prefix[:len(prefix)-1] // who is native is not seen by an identity provider
	}
	return prefix + list.Resources[0].ID
}

// furnish makes people and groups, and some who are refused.
func furnish(t *testing.T, s *running) {
	t.Helper()
	id := ""
	for _, p := range []struct{ name, organization, kind string }{
		{"ada@example.com", "101", "endUser"}, {"grace@example.com", "102", "Technician"}, {"alan@example.com", "101", "technician"}, {"katherine@example.com", "999", "endUser"},
	} {
		_, body := s.send(t, "POST", "/Users", fmt.Sprintf(`{"userName": %q, "name": {"givenName": "Given", "familyName": "Family"}, "urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User": {"organizationId": %q, "userType": %q}}`, p.name, p.organization, p.kind))
		if id == "" {
			id = readUser(t, body).ID
		}
	}
	if status, body := s.send(t, "POST", "/Groups", `{"displayName": "Service desk", "members": [{"value": "`+id+`"}]}`); status != 201 {
		t.Fatal(status, body)
	}
}

func (w *walker) inspect(axe, name, path string) {
	w.t.Helper()
	w.open(path)
	w.inspectHere(axe, name)
}

// inspectHere looks at the page that is open.
func (w *walker) inspectHere(axe, name string) {
	w.t.Helper()
	for _, l := range looks {
		w.look(l.width, l.height, l.scheme)
		w.shot(name + "-" + l.name)
		if width, err := eval[int](w.tab, "document.documentElement.scrollWidth"); err != nil || width > int(l.width) {
			w.t.Errorf("%s, %s: the page is %d wide, %v", name, l.name, width, err)
		}
		if axe != "" && l.checked {
			w.accessible(axe, name+", "+l.name)
		}
	}
	w.look(1280, 900, "light")
}

// accessible fails for every fault that axe-core calls serious or critical.
func (w *walker) accessible(axe, what string) {
	w.t.Helper()
	w.do(chromedp.Evaluate[chromedp.Void](axe))
	result, err := chromedp.Run(w.tab.ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(
		r.violations.filter(v => v.impact === "serious" || v.impact === "critical").map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html + " (" + (n.any[0] || n.all[0] || n.none[0] || {}).message + ")").join(" | "))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	var faults []string
	if err := json.Unmarshal([]byte(result), &faults); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	for _, fault := range faults {
		w.t.Errorf("%s: %s", what, fault)
	}
}
