package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A walker is an administrator at a browser, whose authenticator shows a new code whenever one is needed.
type walker struct {
	*tab
	*clock
	server *running
}

// TestWalk is what the five minutes of a newcomer consist of, and the hours of an administrator after them, in a
// real browser.
func TestWalk(t *testing.T) {
	b := newChromium(t)
	c := new(clock)
	s := startWith(t, c.into)
	w := &walker{b.person(s.base()), c, s}
	w.firstSignIn()
	w.addProvider()
	w.importFourWays()
	w.testThreeWays()
	w.enable()
	token := w.provision()
	w.playCycle(token)
	claude := w.signInAs("claude@contoso.example")
	w.deactivate("Claude Shannon", claude)
	w.rotate()
	w.setupLink()
	w.rollOver()
}

// code waits for a code that was not used, as the page shows it.
func (w *walker) code() {
	w.t.Helper()
	w.advance(30 * time.Second)
	w.open(w.address())
	w.until("a code", `!!document.querySelector("[data-demo-code], .hint code") && /^\d{6}$/.test(document.querySelector("[data-demo-code], .hint code").innerText)`)
	shown, err := eval[string](w.tab, `document.querySelector("[data-demo-code], .hint code").innerText`)
	if err != nil {
		w.t.Fatal(err)
	}
	w.fill("#code", shown)
}

func (w *walker) address() string {
	w.t.Helper()
	address, err := eval[string](w.tab, "location.href")
	if err != nil {
		w.t.Fatal(err)
	}
	return address
}

// firstSignIn follows the printed link, and gives the code that the page shows.
func (w *walker) firstSignIn() {
	w.t.Helper()
	w.open(linkIn(w.t, w.server.stdout.String()))
	w.shot("01-link")
	w.press("button")
	w.says("First look on this machine")
	w.code()
	w.shot("02-factor")
	w.press("main form button")
	w.says("0 of 25 steps are done", "Next step: Add the provider")
	w.shot("03-checklist")
}

// addProvider begins a draft.
func (w *walker) addProvider() {
	w.t.Helper()
	w.open("/console/")
	w.says("Identity Providers", "example.com")
	w.fill("#name", "contoso.example")
	w.link("Add Provider")
	w.says("The provider was added as a draft", "Entity ID")
	w.click("[data-copy=entity-id]")
	w.fill("#domains", "@contoso.example")
	w.link("Change settings")
	w.says("The settings were changed")
	w.shot("04-draft")
}

// importFourWays previews the metadata in each of the ways, and uses it.
func (w *walker) importFourWays() {
	w.t.Helper()
	draft := w.address()
	_, metadata := do(w.t, newRequest(w.t, w.server.IdPURL))
	file := filepath.Join(w.t.TempDir(), "metadata.xml")
	if err := os.WriteFile(file, []byte(metadata), 0o600); err != nil {
		w.t.Fatal(err)
	}
	certificate := regexp.MustCompile(`X509Certificate>\s*([^<]+?)\s*<`).FindStringSubmatch(metadata)[1]
	for _, way := range []struct {
		name string
		fill func()
	}{
		{"File", func() { w.upload("#file", file) }},
		{"XML", func() { w.set("#xml", metadata) }},
		{"By hand", func() {
			w.fill("#hand-entity", idpEntityID)
			w.fill("#hand-url", strings.TrimSuffix(w.server.IdPURL, "/metadata")+"/sso")
			w.set("#hand-cert", certificate)
		}},
		{"URL", func() { w.fill("#url", w.server.IdPURL) }},
	} {
		w.open(draft)
		w.unfold(way.name)
		way.fill()
		w.press("details[open] button")
		w.says("Preview of the metadata", idpEntityID, "SHA-256 fingerprint", "Offline identity provider")
		w.link("Use this metadata")
		w.says("The metadata was imported", "To be tested and saved")
	}
	w.shot("05-imported")
	w.open(draft)
	w.unfold("XML")
	w.set("#xml", "<html>a page</html>")
	w.press("details[open] button")
	w.says("Nothing was changed.")
	w.open(draft)
}

// unfold opens one way to give metadata.
func (w *walker) unfold(name string) {
	w.t.Helper()
	w.until("the way "+name, `(() => { for (const d of document.querySelectorAll("details[name=import]")) d.open = d.querySelector("summary").innerText.trim() === `+quoted(name)+`; return !!document.querySelector("details[name=import][open]") })()`)
}

// testThreeWays has a test fail, stay unanswered, and pass.
func (w *walker) testThreeWays() {
	w.t.Helper()
	provider := w.address()
	begin := func() *tab {
		w.open(provider)
		w.link("Test Connection")
		w.says("Waiting", "Did the identity provider show an error?")
		idp := w.follow("#begin-test")
		idp.says("Pick a person")
		return idp
	}
	idp := begin()
	idp.shot("06-identity-provider")
	idp.do(choosePerson("margaret@contoso.example")...)
	idp.choose("#trouble", "audience")
	idp.link("Sign in")
	w.says("Failed", "audience.mismatch") // by itself: the script looks
	w.shot("07-failed")

	idp = begin()
	idp.do(choosePerson("hedy@example.com")...)
	idp.link("Sign in")
	idp.says("AADSTS50105")
	idp.shot("08-unassigned")
	w.fill("#page", "AADSTS50105")
	w.link("What does it mean?")
	w.says("The user is not assigned")
	w.advance(11 * time.Minute)
	w.open(w.address())
	w.says("Unanswered")
	w.shot("09-unanswered")

	idp = begin()
	idp.do(choosePerson("margaret@contoso.example")...)
	idp.link("Sign in")
	idp.says("the result is in the first one")
	w.says("Passed", "margaret@contoso.example", "Nobody here has this NameID")
	w.shot("10-passed")
	w.link("Go on")
}

// enable saves and enables.
func (w *walker) enable() {
	w.t.Helper()
	w.press("#save button")
	w.says("The settings were saved")
	w.press("#enable button")
	w.says("Single sign-on is enabled")
	w.shot("11-enabled")
}

// provision turns SCIM on and returns the token.
func (w *walker) provision() string {
	w.t.Helper()
	w.link("SCIM")
	w.link("Enable SCIM provisioning")
	w.says("User types", "Harbor Dental")
	w.code()
	w.click("input[name=user_type][value=Technician]")
	w.click("input[name=organizations][value=any]")
	w.click("input[name=roles][value=any]")
	w.shot("12-enable-scim")
	w.link("Continue")
	w.says("The token is shown this once")
	w.shot("13-token")
	if got := w.value("#tenant-url"); got != w.server.SCIMURL {
		w.t.Errorf("tenant URL %s", got)
	}
	token := w.value("#secret-token")
	w.link("I have copied it")
	w.says("none yet: use Test connection", "The first cycle can take 40 minutes")
	return token
}

// playCycle has the identity provider test the connection and provision.
func (w *walker) playCycle(token string) {
	w.t.Helper()
	scim := w.address()
	idp := w.tab
	idp.open(strings.TrimSuffix(w.server.IdPURL, "/metadata") + "/provisioning")
	idp.fill("#token", token)
	idp.link("Test connection")
	idp.says("200")
	idp.link("Start provisioning (one cycle)")
	idp.says("POST", "margaret@contoso.example", "201")
	idp.shot("14-cycle")
	w.open(scim)
	w.says("Last connection test", "is none of this provider's") // people of the other domain are refused
	w.shot("15-health")
	w.open("/console/users?q=contoso")
	w.says("margaret@contoso.example", "claude@contoso.example", "Ridgeline Farms", "Technician")
	w.shot("16-users")
}

// signInAs signs somebody in with their own browser.
func (w *walker) signInAs(name string) *tab {
	w.t.Helper()
	p := w.person(w.server.base())
	p.open("/")
	p.open("/sign-in")
	p.fill("#login", name)
	p.press("main form button")
	p.until("the identity provider", `location.hostname === "localhost" && document.readyState === "complete"`)
	p.do(choosePerson(name)...)
	p.press("main form button")
	p.until("the page of the person", `location.pathname === "/home" && document.readyState === "complete"`)
	p.says(name, "Ridgeline Farms")
	p.shot("17-home")
	return p
}

// deactivate disables a person at the identity provider, whose next cycle ends the session here.
func (w *walker) deactivate(name string, p *tab) {
	w.t.Helper()
	root := strings.TrimSuffix(w.server.IdPURL, "/metadata")
	w.open(root + "/directory")
	w.link(name)
	w.click("input[name=active]")
	w.press("main form button")
	w.open(root + "/provisioning")
	w.link("Start provisioning (one cycle)")
	w.says("deactivated", "PATCH")
	w.shot("18-deactivated")
	p.open("/home")
	p.until("the sign-in page", `location.pathname === "/sign-in"`)
	p.says("Your session has ended")
	p.shot("19-ended")
	w.open("/console/users?q=claude&state=inactive")
	w.says("claude@contoso.example", "Inactive")
	w.open("/checklist")
	w.shot("20-checklist")
}

// rotate makes a second token and revokes the first.
func (w *walker) rotate() {
	w.t.Helper()
	w.open("/console/providers")
	w.link("contoso.example")
	w.link("SCIM")
	scim := w.address()
	w.link("Generate token")
	w.code()
	w.press("main form button.primary")
	w.says("shown this once")
	second := w.value("#secret-token")
	w.open(scim)
	w.until("two tokens", `document.querySelectorAll("a[href$='/revoke']").length === 2`)
	w.press("tbody tr:last-child a[href$='/revoke']")
	w.code()
	w.press("main form button.danger")
	w.says("The token was revoked", "Revoked")
	w.shot("21-rotated")
	root := strings.TrimSuffix(w.server.IdPURL, "/metadata")
	w.open(root + "/provisioning")
	w.link("Test connection")
	w.says("401")
	w.fill("#token", second)
	w.link("Test connection")
	w.says("200")
}

// setupLink gives an outsider the pages of a draft, until the link is revoked.
func (w *walker) setupLink() {
	w.t.Helper()
	w.open("/console/providers")
	w.fill("#name", "fabrikam.example")
	w.link("Add Provider")
	w.link("Setup links")
	links := w.address()
	w.code()
	w.fill("#for", "jane@fabrikam.example")
	w.link("Make link")
	w.says("shown this once")
	w.shot("22-setup-link")
	jane := w.person(w.server.base())
	jane.open(w.value("#setup-link"))
	jane.says("Setup link for jane@fabrikam.example", "Copy to your identity provider")
	jane.until("no way to more", `!document.querySelector("#settings, #enable, .side, a[href*='/scim']")`)
	jane.fill("#url", w.server.IdPURL)
	jane.press("details[open] button")
	jane.link("Use this metadata")
	jane.says("The metadata was imported")
	jane.link("Test Connection")
	idp := jane.follow("#begin-test")
	idp.do(choosePerson("grace@example.com")...)
	idp.link("Sign in")
	jane.says("Passed", "grace@example.com")
	jane.shot("23-setup")
	jane.link("Setup sheet")
	jane.says("Setup of Microsoft Entra ID")
	jane.open("/console/providers")
	jane.until("the sign-in page", `location.pathname === "/sign-in"`)
	w.open(links)
	w.link("Revoke")
	w.says("was revoked")
	jane.open("/console/setup/")
	jane.says("This setup link is over")
}

// rollOver replaces certificates: one is left out by a test and a save, and the banner is there in time.
func (w *walker) rollOver() {
	w.t.Helper()
	w.open("/console/providers")
	w.link("contoso.example")
	page := w.address()
	_, metadata := do(w.t, newRequest(w.t, w.server.IdPURL))
	certificates := regexp.MustCompile(`X509Certificate>\s*([^<]+?)\s*<`).FindAllStringSubmatch(metadata, -1)
	w.unfold("By hand")
	w.fill("#hand-entity", idpEntityID)
	w.fill("#hand-url", strings.TrimSuffix(w.server.IdPURL, "/metadata")+"/sso")
	w.set("#hand-cert", certificates[0][1])
	w.press("details[open] button")
	w.says("What differs from what is in use", "a key that is not there any more")
	w.shot("24-rollover")
	w.link("Use this metadata")
	w.says("In use", "To be tested and saved")
	w.link("Test Connection")
	idp := w.follow("#begin-test")
	idp.do(choosePerson("margaret@contoso.example")...)
	idp.link("Sign in")
	w.says("Passed")
	w.link("Go on")
	w.press("#save button")
	w.says("The settings were saved")

	w.advance(10*365*24*time.Hour - 15*24*time.Hour) // the certificate is good for ten years
	w.open("/sign-in?way=password&return=" + strings.TrimPrefix(page, w.server.base()))
	w.fill("#login", w.server.ConsoleUser)
	w.fill("#password", w.server.ConsolePassword)
	w.press("main form button")
	w.code()
	w.press("main form button")
	w.open(page)
	w.says("The certificate of the identity provider expires in")
	w.shot("25-expiring")
}
