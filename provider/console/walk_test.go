package console_test

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/console"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

var code = url.Values{"code": {providertest.Code}}

// with returns the code of the second factor with other fields.
func with(fields url.Values) url.Values {
	all := url.Values{"code": {providertest.Code}}
	for name, values := range fields {
		all[name] = values
	}
	return all
}

// upload sends a form with a file.
func (s *site) upload(path string, fields map[string]string, name string, data []byte, status int) string {
	s.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for field, value := range fields {
		if err := form.WriteField(field, value); err != nil {
			s.t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile(name, "metadata.xml")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := part.Write(data); err != nil {
		s.t.Fatal(err)
	}
	form.Close()
	r, err := s.browser.Post(s.url+path, form.FormDataContentType(), &b)
	return s.read("POST "+path, r, err, status)
}

// hidden returns the fields of the form of a page that imports what was previewed.
func hidden(page string) url.Values {
	form := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		form.Add(m[1], strings.NewReplacer("&#43;", "+", "&amp;", "&", "&#34;", `"`).Replace(m[2]))
	}
	return form
}

// begin adds a provider by the page, and returns the path of its pages.
func (s *site) begin(name string) string {
	s.t.Helper()
	s.post("/providers", url.Values{"name": {name}}, 200)
	page, err := s.Providers(s.t.Context(), providertest.Admin, provider.Query{Search: name})
	if err != nil || len(page.Providers) != 1 {
		s.t.Fatal(page, err)
	}
	return "/providers/" + string(page.Providers[0].ID)
}

// TestWalk is the way of an administrator from an empty list to a user who is provisioned, and back.
func TestWalk(t *testing.T) {
	s := newSite(t)
	idp := s.IdP(people)
	root := s.begin("acme.test")
	id := provider.ID(root[len("/providers/"):])

	// What is no metadata is told apart, in each way of giving it.
	s.contains(s.post(root+"/preview", url.Values{"how": {"xml"}, "xml": {"<html><body>Sign in</body></html>"}}, 422), "Nothing was changed.", "&lt;html&gt;&lt;body&gt;Sign in")
	s.contains(s.post(root+"/preview", url.Values{"how": {"url"}, "url": {""}}, 422), "Enter the address")
	s.contains(s.post(root+"/preview", url.Values{"how": {"hand"}}, 422), "Enter the entity ID")
	s.contains(s.post(root+"/preview", url.Values{"how": {"fax"}}, 422), "Say how")
	s.contains(s.upload(root+"/preview", map[string]string{"how": "file"}, "file", nil, 422), "file is empty")
	s.contains(s.post(root+"/preview", url.Values{"how": {"xml"}, "data": {"%%"}}, 422), "Give the metadata again")
	s.contains(s.post(root+"/tests", nil, 422), "no metadata to test")
	s.contains(s.post(root+"/save", nil, 422), "Nothing was changed.")

	// The four ways lead to the same preview, and import what it showed.
	metadata := idp.Metadata()
	key := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t, metadata)})
	for how, page := range map[string]string{
		"url":  s.post(root+"/preview", url.Values{"how": {"url"}, "url": {idp.URL() + "/metadata"}}, 200),
		"file": s.upload(root+"/preview", map[string]string{"how": "file"}, "file", metadata, 200),
		"xml":  s.post(root+"/preview", url.Values{"how": {"xml"}, "xml": {string(metadata)}}, 200),
		"hand": s.post(root+"/preview", url.Values{"how": {"hand"}, "idp_entity_id": {idp.EntityID()}, "sign_on_url": {idp.URL() + "/sso"}, "certificate": {string(key) + string(key)}}, 200),
	} {
		s.contains(page, "Preview of the metadata", idp.EntityID(), "SHA-256 fingerprint")
		s.contains(s.post(root+"/import", hidden(page), 200), "The metadata was imported", "To be tested and saved")
		p, err := s.Provider(t.Context(), providertest.Admin, id)
		if err != nil || p.Candidate == nil || string(p.Candidate.Source.From) != how {
			t.Fatalf("imported by %s: %+v, %v", how, p.Candidate, err)
		}
		s.contains(s.post(root+"/discard", nil, 200), "discarded")
	}
	page := s.post(root+"/preview", url.Values{"how": {"url"}, "url": {idp.URL() + "/metadata"}}, 200)
	s.post(root+"/import", hidden(page), 200)
	s.contains(s.post(root+"/save", nil, 422), "Nothing was changed.")

	// A test that waits, is described, and passes.
	page = s.post(root+"/tests", nil, 200)
	run := s.run(id)
	begin := regexp.MustCompile(`id="begin-test" href="([^"]+)"`).FindStringSubmatch(page)
	if begin == nil {
		t.Fatalf("no link that begins the test:\n%s", page)
	}
	s.contains(page, "Waiting", "Did the identity provider show an error?", "AADSTS50105", `data-poll="`)
	s.contains(s.get(root+"/tests/"+run+"/state", 200), "begin-test")
	s.contains(s.post(root+"/tests/"+run+"/page", url.Values{"page": {"AADSTS50105: not assigned"}}, 200), "Thank you")
	s.contains(s.post(root+"/tests/"+run+"/page", url.Values{"page": {"the moon is wrong"}}, 200), "not known here")
	s.signIn(idp, begin[1], "nobody@acme.test")
	s.contains(s.get(root+"/tests/"+run, 200), "Passed", "nobody@acme.test", "Nobody here has this NameID", "What was checked and is in order", "Go on")
	if strings.Contains(s.get(root+"/tests/"+run+"/state", 200), "begin-test") {
		t.Error("a test that has passed still waits")
	}
	s.contains(s.get(root+"/tests/"+run+"/report", 200), "nobody@acme.test")
	s.contains(s.post(root+"/save", nil, 200), "The settings were saved")
	s.contains(s.post(root+"/settings", url.Values{"name": {"Acme"}, "domains": {"acme.test, acme.example\nother.test"}, "match": {""}}, 200), "The settings were changed", "acme.example")
	s.contains(s.post(root+"/settings", url.Values{"name": {"Acme"}, "domains": {"not a domain!"}}, 422), "Nothing was changed.")
	s.contains(s.post(root+"/enable", nil, 200), "Single sign-on is enabled")

	// Provisioning: one code, the token once.
	s.contains(s.get(root+"/scim", 200), "Provisioning is off")
	wrong := with(url.Values{"code": {"wrong"}, "user_type": {"endUser"}, "organizations": {"list"}, "organization": {"2"}})
	page = s.post(root+"/scim/enable", wrong, 422)
	s.contains(page, "The code is wrong", `value="2" checked`)
	s.contains(s.post(root+"/scim/enable", with(url.Values{"user_type": {"endUser"}, "organizations": {"list"}}), 422), "they would all be refused")
	page = s.post(root+"/scim/enable", with(url.Values{"user_type": {"endUser", "Technician"}, "organizations": {"any"}, "roles": {"any"}, "token": {"1"}}), 200)
	token := regexp.MustCompile(provider.TokenPrefix + `[^"]+`).FindString(page)
	if token == "" {
		t.Fatalf("no token:\n%s", page)
	}
	s.contains(page, "shown this once", "/ws/scim/v2")
	s.contains(s.get(root+"/scim", 200), "none yet: use Test connection", "The first cycle can take 40 minutes", "end users, technicians, any organization.")
	for _, path := range []string{root + "/scim", root, "/activity", root + "/scim/token"} {
		if strings.Contains(s.get(path, 200), token) {
			t.Errorf("%s shows the token again", path)
		}
	}
	client := s.Client(token)
	if status, body := s.Ask(client, "GET", `/Users?filter=userName eq "6e6d5c0e-7d3e-4f5a-9f1c-0a7f4b1d2e3f"`, ""); status != 200 {
		t.Fatal(status, body)
	}
	const user = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User"],"userName":"%s","urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User":{"organizationId":"%s","userType":"%s"}}`
	create := func(name, organization, kind string, want int) {
		if status, body := s.Ask(client, "POST", "/Users", strings.NewReplacer(`"userName":"%s"`, `"userName":"`+name+`"`, `"organizationId":"%s"`, `"organizationId":"`+organization+`"`, `"userType":"%s"`, `"userType":"`+kind+`"`).Replace(user)); status != want {
			t.Fatal(status, body)
		}
	}
	create("ada@acme.test", "1", "endUser", 201)
	create("bob@acme.test", "9", "endUser", 400)
	create("cy@acme.test", "1", "technician", 400)
	boss := s.User(scim.User{UserName: "boss@acme.test", Active: true, Administrator: true})
	s.User(scim.User{UserName: "root", Active: true, Administrator: true})
	create("boss@acme.test", "1", "Technician", 409)
	page = s.get(root+"/scim", 200)
	s.contains(page, "just now", "refused now: 3", "bob@acme.test", "organizationId", "cy@acme.test", "Technician", "Administrators who wait for your approval", "takes them over when it finds")
	s.contains(s.post(root+"/scim/approve/"+boss.ID, code, 200), "The takeover was approved")

	// Users: the list, one of them, release and reclaim, authentication type.
	ada := s.user("ada@acme.test")
	s.contains(s.get("/users?q=ADA&type=endUser&organization=1&state=active&source="+string(id), 200), "ada@acme.test", "Harbor Dental", "Acme")
	if page := s.get("/users?organization=2", 200); strings.Contains(page, "ada@acme.test") {
		t.Error("the filter shows users of another organization")
	}
	s.contains(s.get("/users/"+ada.ID, 200), "Acme manages this user", "Release")
	s.contains(s.post("/users/"+ada.ID, url.Values{"phone": {"+1 555"}, "language": {"en-GB"}}, 200), "The user was changed", "&#43;1 555")
	s.contains(s.post("/users/"+ada.ID, url.Values{"given_name": {"Eve"}, "version": {""}}, 422), "An identity provider manages this user")
	s.contains(s.post("/users/"+ada.ID+"/release", url.Values{"code": {"wrong"}}, 422), "The code is wrong")
	s.contains(s.post("/users/"+ada.ID+"/release", code, 200), "can be edited here until", "nobody: released")
	s.contains(s.post("/users/"+ada.ID, url.Values{"given_name": {"Ada"}, "user_type": {"endUser"}, "organization": {"2"}, "active_shown": {"1"}, "active": {"1"}}, 200), "The user was changed", "Maple Street Books")
	stale := s.post("/users/"+ada.ID, url.Values{"given_name": {"Eve"}, "version": {"W/old"}}, 409)
	s.contains(stale, "Somebody else has changed this")
	s.contains(s.post("/users/"+ada.ID+"/reclaim", code, 200), "given back")
	s.contains(s.post("/users/authentication", url.Values{"authentication": {"sso"}}, 422), "Tick the users first")
	s.contains(s.post("/users/authentication", url.Values{"authentication": {"native"}, "user": {ada.ID}}, 200), "The authentication type was changed")
	if s.user("ada@acme.test").SSO {
		t.Error("the user still signs in with single sign-on")
	}
	s.contains(s.post("/users/"+boss.ID+"/authentication", url.Values{"authentication": {"sso"}}, 200), "Signs in with single sign-on")

	// Groups and roles.
	s.contains(s.get(root+"/roles", 200), "No group was received")
	status, body := s.Ask(client, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Service desk","members":[{"value":"`+ada.ID+`"}]}`)
	if status != 201 {
		t.Fatal(status, body)
	}
	group := regexp.MustCompile(`"id": ?"([^"]+)"`).FindStringSubmatch(body)[1]
	s.contains(s.get(root+"/roles", 200), "Service desk", "Viewer", "Help desk")
	if strings.Contains(s.get(root+"/roles", 200), "Root") {
		t.Error("a role of administrators can be mapped")
	}
	mapping := url.Values{"mapping": {"1"}, "group": {group}, "map": {group + " viewer", group + " desk"}, "preview": {"1"}}
	s.contains(s.post(root+"/roles", mapping, 200), "What this would change", "ada@acme.test: Viewer", "another user type", "Nothing was saved yet")
	mapping.Del("preview")
	s.contains(s.post(root+"/roles", mapping, 200), "The mapping was saved")
	s.contains(s.get("/groups", 200), "Service desk", "Viewer, Help desk")
	s.contains(s.get("/groups/"+group, 200), "ada@acme.test")

	s.contains(s.get("/activity?provider="+string(id), 200), "Requests of provisioning", "POST /Users", "cy@acme.test", "exactly this spelling", "400")

	// The token is rotated, the old one revoked, provisioning turned off.
	s.Clock.Add(time.Minute)
	page = s.post(root+"/scim/token", code, 200)
	second := regexp.MustCompile(provider.TokenPrefix + `[^"]+`).FindString(page)
	old := regexp.MustCompile(`/scim/tokens/([^/]+)/revoke`).FindAllStringSubmatch(s.get(root+"/scim", 200), -1)
	if len(old) != 2 || second == "" {
		t.Fatalf("tokens %v", old)
	}
	s.contains(s.get(root+"/scim/tokens/"+old[1][1]+"/revoke", 200), "refused at once")
	s.contains(s.post(root+"/scim/tokens/"+old[1][1]+"/revoke", code, 200), "The token was revoked")
	if status, _ := s.Ask(client, "GET", "/Users", ""); status != 401 {
		t.Errorf("the revoked token is answered %d", status)
	}
	if status, _ := s.Ask(s.Client(second), "GET", "/Users", ""); status != 200 {
		t.Errorf("the new token is answered %d", status)
	}
	s.contains(s.post(root+"/scim/grants", with(url.Values{"user_type": {"endUser"}, "organizations": {"list"}, "organization": {"1"}, "more_organizations": {"2, 3"}, "all": {"1"}, "roles": {"list"}, "role": {"viewer", "desk"}, "managed": {"ninjaone"}, "on_delete": {"keep"}}), 200), "was changed", "Harbor Dental, Maple Street Books, 3, all organizations at once")
	s.contains(s.post(root+"/scim/grants", with(url.Values{"organizations": {"any"}}), 422), "one user type at least")
	s.contains(s.post(root+"/scim/disable", code, 200), "Provisioning is off")

	// The way out.
	s.contains(s.post(root+"/disable", url.Values{"code": {"wrong"}}, 422), "The code is wrong", "Disable single sign-on")
	s.contains(s.post(root+"/disable", code, 200), "Single sign-on is disabled")
	s.contains(s.post(root+"/delete", code, 200), "The provider was deleted", "No identity provider yet")
	s.contains(s.get("/activity", 200), "provider.deleted", "scim.token_made", "root@acme.example")
}

// TestRollover: the banner, the new metadata beside the old one, the swap.
func TestRollover(t *testing.T) {
	s := newSite(t)
	idp := s.IdP(people)
	root := s.begin("acme.test")
	id := provider.ID(root[len("/providers/"):])
	s.post(root+"/import", url.Values{"how": {"url"}, "url": {idp.URL() + "/metadata"}}, 200)
	s.Pass(providertest.Admin, idp, id)
	s.post(root+"/save", nil, 200)
	s.post(root+"/enable", nil, 200)
	s.contains(s.post(root+"/refresh", nil, 200), "The metadata has not changed")
	p, err := s.Provider(t.Context(), providertest.Admin, id)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := p.CertificateEnd()
	s.Clock.Add(end.Sub(s.Clock.Now()) - 10*24*time.Hour)
	s.contains(s.get(root, 200), "expires in 10 days", "Update metadata")
	s.contains(s.get("/providers?certificate=expiring", 200), "Expires soon")
}

// TestIncident: a refused sign-in is found under what the person was shown.
func TestIncident(t *testing.T) {
	s := newSite(t)
	idp := s.IdP(people)
	p := s.Connect(idp, "Acme", "acme.test")
	s.signIn(idp, s.StartURL(p.ID), "nobody@acme.test")
	list, err := s.Refusals(t.Context(), providertest.Admin, p.ID)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	s.contains(s.get("/activity", 200), "Refused sign-ins", list[0].Incident, "nobody@acme.test")
	s.contains(s.get("/activity?incident=+"+strings.ToLower(list[0].Incident)+"+", 200), "Why it was refused", "nobody@acme.test", string(list[0].Reason))
	s.get("/activity/AAAAAAAAAA", 404)
}

// people are who the identity provider knows.
func people(o *samltest.Options) {
	for _, name := range []string{"alice@example.com", "nobody@acme.test", "jane@customer.test"} {
		o.People = append(o.People, samltest.Person{NameID: name})
	}
}

// run returns the ID of the last test.
func (s *site) run(id provider.ID) string {
	s.t.Helper()
	tests, err := s.TestResults(s.t.Context(), providertest.Admin, id)
	if err != nil || len(tests) == 0 {
		s.t.Fatal(tests, err)
	}
	return tests[0].ID
}

// signIn goes to the identity provider and comes back.
func (s *site) signIn(idp *samltest.IdP, start, person string) {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, page, err := idp.SignIn(&http.Client{Jar: jar}, start, person); err != nil {
		s.t.Fatal(err, page)
	}
}

func (s *site) user(name string) scim.User {
	s.t.Helper()
	page, err := s.Users(s.t.Context(), providertest.Admin, provider.PeopleQuery{Search: name})
	if err != nil || len(page.Items) != 1 {
		s.t.Fatal(page, err)
	}
	return page.Items[0]
}

// certificate returns the first one of metadata.
func certificate(t *testing.T, metadata []byte) []byte {
	t.Helper()
	m := regexp.MustCompile(`(?s)X509Certificate>\s*([^<]+)<`).FindSubmatch(metadata)
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(m[1])), ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSetupLinks: an outsider gets one provider, and what the link allows.
func TestSetupLinks(t *testing.T) {
	s := newSite(t)
	idp := s.IdP(people)
	root := s.begin("customer.test")
	other := s.begin("other.test")
	id := provider.ID(root[len("/providers/"):])
	s.contains(s.post(root+"/links", with(url.Values{"for": {""}, "valid": {"7"}}), 422), "Say who the link is for")
	s.contains(s.post(root+"/links", with(url.Values{"for": {"Jane"}, "valid": {"9000"}}), 422), "Choose from the list")
	s.contains(s.post(root+"/links", url.Values{"for": {"Jane"}, "valid": {"7"}, "code": {"wrong"}}, 422), "The code is wrong")
	open := func(powers ...string) string {
		page := s.post(root+"/links", with(url.Values{"for": {"Jane"}, "valid": {"7"}, "power": powers}), 200)
		link := regexp.MustCompile(`/setup/open/` + provider.SetupLinkPrefix + `[^"]+`).FindString(page)
		if link == "" {
			t.Fatalf("no link:\n%s", page)
		}
		return link
	}
	plain, full := open(), open("enable", "tokens", "users")
	s.out = true // nobody is signed in here
	s.get("/providers", 403)
	s.contains(s.get("/setup/", 404), "This setup link is over")
	s.contains(s.get(plain, 200), "customer.test", "Setup link for Jane", "Reply URL")
	for _, path := range []string{"/scim", "/scim/enable", "/people", "/links", "/roles", "/disable", "/delete", "/scim/grants"} {
		s.get("/setup"+path, 404)
	}
	for _, path := range []string{"/save", "/enable", "/settings", "/scim/enable", "/scim/token", "/links", "/delete", "/identifiers", "/policy"} {
		s.post("/setup"+path, code, 404)
	}
	s.get(root, 403)
	s.get(other, 403)
	s.get("/users", 403)
	page := s.post("/setup/preview", url.Values{"how": {"url"}, "url": {idp.URL() + "/metadata"}}, 200)
	s.contains(s.post("/setup/import", hidden(page), 200), "The metadata was imported")
	page = s.post("/setup/tests", nil, 200)
	s.signIn(idp, regexp.MustCompile(`id="begin-test" href="([^"]+)"`).FindStringSubmatch(page)[1], "jane@customer.test")
	s.contains(s.get("/setup/tests/"+s.run(id), 200), "Passed", "jane@customer.test")
	s.contains(s.get("/setup/sheet?client=okta", 200), "Setup of Okta")
	s.contains(s.post("/setup/close", nil, 200), "has forgotten the setup link")
	s.get("/setup/", 404)

	s.get(full, 200)
	s.contains(s.post("/setup/save", nil, 200), "The settings were saved")
	s.contains(s.post("/setup/enable", nil, 422), "Without domains this provider would be for everybody")
	if _, err := s.Change(t.Context(), providertest.Admin, id, provider.Change{Domains: &[]string{"customer.test"}}); err != nil {
		t.Fatal(err)
	}
	s.contains(s.post("/setup/enable", nil, 200), "Single sign-on is enabled")
	s.contains(s.get("/setup/scim/enable", 200), "in the limits that were set")
	page = s.post("/setup/scim/enable", url.Values{"token": {"1"}, "user_type": {"Technician"}, "organizations": {"any"}}, 200)
	token := regexp.MustCompile(provider.TokenPrefix + `[^"]+`).FindString(page)
	if status, _ := s.Ask(s.Client(token), "GET", "/Users", ""); status != 200 {
		t.Errorf("the token is answered %d", status)
	}
	p, err := s.Provider(t.Context(), providertest.Admin, id)
	if err != nil || !p.SCIM || len(p.Provisioning.Grants.UserTypes) != 2 {
		t.Errorf("the link has changed the grants: %+v, %v", p.Provisioning.Grants, err)
	}
	s.contains(s.get("/setup/people", 200), "has created nobody yet")
	s.get("/setup/scim/grants", 404)
	s.get("/setup/disable", 404)
	if _, err := s.DisableSCIM(t.Context(), providertest.Admin, id, s.Proof(provider.ActionDisableSCIM, id)); err != nil {
		t.Fatal(err)
	}
	s.contains(s.post("/setup/scim/enable", url.Values{"token": {"1"}}, 422), "An administrator has turned provisioning off")
	events, err := s.Events(t.Context(), providertest.Admin, provider.EventQuery{Types: []provider.EventType{provider.EventEnabled}})
	if err != nil || len(events.Events) != 1 || !strings.Contains(events.Events[0].By, "Jane") {
		t.Errorf("events %v, %v", events, err)
	}

	s.out = false
	revoke := regexp.MustCompile(root+`/links/[^/"]+/revoke`).FindAllString(s.get(root+"/links", 200), -1)
	if len(revoke) != 2 {
		t.Fatalf("links to revoke: %q", revoke)
	}
	s.contains(s.post(revoke[0], nil, 200), "was revoked")
	s.post(revoke[1], nil, 200)
	s.get("/setup/", 404)
	s.get(full, 404)
}

// TestSecurity: what every answer has, and who is refused.
func TestSecurity(t *testing.T) {
	s := newSite(t, func(o *console.Options) {
		o.FactorHint = func(*http.Request) string { return "424242" }
	})
	p := s.Connect(s.IdP(), "Acme", "acme.test")
	for _, path := range []string{"/providers", "/nowhere", "/providers/" + string(p.ID) + "/delete", "/setup/", "/users"} {
		r, err := s.browser.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if csp := r.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	for name, headers := range map[string]map[string]string{
		"another site":   {"Sec-Fetch-Site": "cross-site"},
		"another origin": {"Origin": "https://evil.example"},
	} {
		r, err := http.NewRequest("POST", s.url+"/providers", strings.NewReader("name=evil"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for k, v := range headers {
			r.Header.Set(k, v)
		}
		answer, err := s.browser.Do(r)
		s.contains(s.read(name, answer, err, 403), "sent from another site")
	}
	if page, err := s.Providers(t.Context(), providertest.Admin, provider.Query{}); err != nil || len(page.Providers) != 1 {
		t.Errorf("a form of another site has added a provider: %v, %v", page, err)
	}
	s.contains(s.post("/providers/"+string(p.ID)+"/preview", url.Values{"how": {"xml"}, "xml": {strings.Repeat("x", 5<<20)}}, 422), "too large")
	s.contains(s.get("/providers/"+string(p.ID)+"/disable", 200), "424242")
	s.out = true
	s.contains(s.get("/providers", 403), "This page is for administrators")
	if strings.Contains(s.get("/providers", 403), "424242") {
		t.Error("a stranger sees the code of the demonstration")
	}
}

// TestNew: what cannot be meant.
func TestNew(t *testing.T) {
	h := providertest.NewHost(t)
	actor := func(*http.Request) (provider.Actor, error) { return provider.Actor{}, errors.New("nobody") }
	for name, o := range map[string]console.Options{
		"no actor": {}, "a base without slash": {Actor: actor, Base: "admin"}, "a base with a pattern": {Actor: actor, Base: "/{id}"}, "a base with a query": {Actor: actor, Base: "/a?b"},
	} {
		if _, err := console.New(h.Service, o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := console.New(nil, console.Options{Actor: actor}); err == nil {
		t.Error("no service: no error")
	}
}

// TestAddresses: an address that takes a form alone leads to the page of the form, and IDs of a host may have
// whatever characters.
func TestAddresses(t *testing.T) {
	s := newSite(t)
	root := s.begin("acme.test")
	u := s.User(scim.User{Meta: scim.Meta{ID: "a/b?c#d e"}, UserName: "odd@acme.test", Active: true})
	for path, want := range map[string]string{
		root + "/settings": "<h1>acme.test</h1>", root + "/preview": "<h1>acme.test</h1>", "/users/authentication": "<h1>Users</h1>",
		"/users/" + url.PathEscape(u.ID) + "/release": "<h1>odd@acme.test</h1>",
	} {
		s.contains(s.get(path, 200), want)
	}
	s.get("/nowhere/settings", 404)
	link := regexp.MustCompile(`href="/admin/identity(/users/[^"]+)"[^>]*>odd@acme\.test`).FindStringSubmatch(s.get("/users", 200))
	if link == nil {
		t.Fatal("no link to the user")
	}
	s.contains(s.get(link[1], 200), "<h1>odd@acme.test</h1>")
}
