package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// setupLink makes a setup link of a provider, and returns its path.
func (s *site) setupLink(root string, powers ...string) string {
	s.t.Helper()
	page := s.post(root+"/links", with(url.Values{"for": {"Jane"}, "valid": {"7"}, "power": powers}), 200)
	link := regexp.MustCompile(`/setup/open/` + provider.SetupLinkPrefix + `[^"]+`).FindString(page)
	if link == "" {
		s.t.Fatalf("no link:\n%s", page)
	}
	return link
}

// TestSetupLinkOrganizations: who may see the users of a provider sees where they are placed, and not the
// other organizations of the tenant.
func TestSetupLinkOrganizations(t *testing.T) {
	s := newSite(t)
	p := s.Connect(s.IdP(), "Acme", "acme.test")
	s.Host.User(providertest.Managed(p.ID, "ada@acme.test"))
	link := s.setupLink("/providers/"+string(p.ID), "users")
	s.out = true
	s.get(link, 200)
	page := s.get("/setup/people", 200)
	s.contains(page, "ada@acme.test", "Harbor Dental")
	if strings.Contains(page, "Maple Street Books") {
		t.Errorf("the page names an organization that nobody is placed in:\n%s", page)
	}
}

// TestSetupLinkNeighbors: who may not see users is not told whom a NameID may mean.
func TestSetupLinkNeighbors(t *testing.T) {
	s := newSite(t)
	idp := s.IdP(people)
	p := s.Connect(idp, "Customer", "customer.test")
	s.Host.User(scim.User{UserName: "hidden@customer.test", Active: true, SSO: true, NinjaOne: extension.User{UserType: extension.EndUser, OrganizationID: "1"},
		Emails: []scim.MultiValue{{Type: "work", Value: "jane@customer.test"}}})
	root := "/providers/" + string(p.ID)
	page := s.post(root+"/tests", nil, 200)
	s.signIn(idp, regexp.MustCompile(`id="begin-test" href="([^"]+)"`).FindStringSubmatch(page)[1], "jane@customer.test")
	run := regexp.MustCompile(`/tests/([^/"]+)/state`).FindStringSubmatch(page)[1]
	s.contains(s.get(root+"/tests/"+run, 200), "hidden@customer.test")
	for power, sees := range map[string]bool{"tokens": false, "users": true} {
		link := s.setupLink(root, power)
		s.out = true
		s.get(link, 200)
		for _, path := range []string{"/setup/tests/" + run, "/setup/tests/" + run + "/state", "/setup/tests/" + run + "/report"} {
			page := s.get(path, 200)
			s.contains(page, "jane@customer.test")
			if strings.Contains(page, "hidden@customer.test") != sees {
				t.Errorf("%s with a link that may %s:\n%s", path, power, page)
			}
		}
		s.out = false
	}
}

// TestSetupLinkReferrer: the address that has the secret is told to nobody, whatever is answered there.
func TestSetupLinkReferrer(t *testing.T) {
	s := newSite(t)
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for link, status := range map[string]int{s.setupLink(s.begin("acme.test")): 303, "/setup/open/" + provider.SetupLinkPrefix + "x.y.z": 404} {
		r, err := browser.Get(s.url + link)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if got := r.Header.Get("Referrer-Policy"); r.StatusCode != status || got != "no-referrer" {
			t.Errorf("answered %d with Referrer-Policy %q", r.StatusCode, got)
		}
	}
}

// TestSetupLinkReach: a link with all powers does not reach what is for administrators, by no method.
func TestSetupLinkReach(t *testing.T) {
	s := newSite(t)
	p := s.Connect(s.IdP(), "Acme", "acme.test")
	token, _ := s.Provision(p.ID)
	tokens, err := s.Tokens(t.Context(), providertest.Admin, p.ID)
	if err != nil || len(tokens) != 1 {
		t.Fatal(tokens, err)
	}
	admin := s.Host.User(scim.User{UserName: "boss@acme.test", Active: true, Administrator: true})
	link := s.setupLink("/providers/"+string(p.ID), "enable", "tokens", "users")
	id := strings.Split(link, ".")[1]
	s.out = true
	s.get(link, 200)
	s.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, path := range []string{
		"/settings", "/identifiers", "/policy", "/disable", "/delete", "/scim/disable", "/scim/grants", "/scim/tokens/" + tokens[0].ID + "/revoke",
		"/scim/approve/" + admin.ID, "/roles", "/links", "/links/" + id + "/revoke",
		"/users", "/users/" + admin.ID, "/groups", "/organizations", "/activity", "/providers", "/providers/" + string(p.ID),
	} {
		s.get("/setup"+path, 404)
		s.post("/setup"+path, with(url.Values{"mapping": {"1"}, "for": {"Eve"}, "valid": {"30"}}), 404)
	}
	if status, _ := s.Ask(s.Client(token), "GET", "/Users", ""); status != 200 {
		t.Errorf("the token is answered %d", status)
	}
	s.get("/setup/scim", 200)
}

// TestSetupLinkRefused: who is refused is shown to links that may see users, and who waits for an approval to
// none.
func TestSetupLinkRefused(t *testing.T) {
	s := newSite(t)
	p := s.Connect(s.IdP(), "Acme", "acme.test")
	_, client := s.Provision(p.ID)
	boss := s.Host.User(scim.User{UserName: "boss@acme.test", Active: true, Administrator: true})
	s.Ask(client, "PATCH", "/Users/"+boss.ID, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"B"}]}`)
	root := "/providers/" + string(p.ID)
	s.contains(s.get(root+"/scim", 200), "Who is refused", "wait for your approval", "boss@acme.test")
	for _, powers := range [][]string{{"tokens"}, {"tokens", "users"}} {
		link := s.setupLink(root, powers...)
		s.out = true
		s.get(link, 200)
		page := s.get("/setup/scim", 200)
		s.contains(page, "Users and groups that are refused now: 1")
		if sees := len(powers) == 2; strings.Contains(page, "Who is refused") != sees || strings.Contains(page, boss.ID) != sees {
			t.Errorf("a link that may %s:\n%s", powers, page)
		}
		if strings.Contains(page, "wait for your approval") {
			t.Errorf("a link that may %s approves", powers)
		}
		s.out = false
	}
}
