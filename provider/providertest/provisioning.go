package providertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// TestProvisioning walks the eighteen steps by which an administrator sets up provisioning, once from
// Entra ID and once from Okta, over the stores of a host, and looks after each at what the administrator
// would see. open returns empty stores, and is given their clock.
func TestProvisioning(t *testing.T, open func(t *testing.T, now func() time.Time) Stores) {
	for _, d := range []directory{entra, okta} {
		t.Run(d.name, func(t *testing.T) { provision(t, d, open) })
	}
}

// provision walks the steps with one directory.
func provision(t *testing.T, d directory, open func(t *testing.T, now func() time.Time) Stores) {
	w := &provisioning{t: t, directory: d, ids: map[string]string{}}
	w.Host = NewHost(t, func(c *provider.Config) {
		c.Organizations = Organizations{"7", "8", extension.All}
		open(t, c.Now).with(c)
	})
	w.idp = w.Host.IdP()
	for i, step := range []struct {
		name string
		do   func()
	}{
		{"open the provider", w.begin},
		{"toggle SCIM with a second factor", w.enable},
		{"generate the secret token", w.token},
		{"copy the tenant URL", w.url},
		{"enter URL and token", w.enter},
		{"test connection", w.connection},
		{"the attribute list", w.attributes},
		{"match by user name", w.match},
		{"map the organization", w.organization},
		{"map the user type", w.userType},
		{"assign people", w.people},
		{"people who are here already", w.convert},
		{"assign a group", w.assignGroup},
		{"provision on demand", w.onDemand},
		{"look at the cycle", w.cycle},
		{"sign in", w.signIn},
		{"unassign", w.unassign},
		{"rotate the token", w.rotate},
	} {
		if !t.Run(step.name, func(t *testing.T) { w.t, w.Host.t = t, t; step.do() }) {
			t.Fatalf("step %d has failed", i+1)
		}
		w.Clock.Add(time.Minute)
	}
	w.Host.t = t
}

// A provisioning is an administrator on the way.
type provisioning struct {
	*Host
	directory
	t      *testing.T // of the step
	idp    *samltest.IdP
	p      provider.Provider
	scim   scimtest.Host
	secret provider.Token
	ids    map[string]string // of what was provisioned, by name
}

func (w *provisioning) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// asks sends a request, which has to be answered with a status, and returns the answer.
func (w *provisioning) asks(method, path, body string, want int) map[string]any {
	w.t.Helper()
	status, text := w.Ask(w.scim, method, path, body)
	if status != want {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, status, text, want)
	}
	answer := map[string]any{}
	if text != "" {
		w.must(json.Unmarshal([]byte(text), &answer))
	}
	return answer
}

// health is what the page of the provider shows.
func (w *provisioning) health() provider.Health {
	w.t.Helper()
	h, err := w.Health(w.t.Context(), Admin, w.p.ID)
	w.must(err)
	return h
}

// happened expects events of a type about the provider, as many as wanted.
func (w *provisioning) happened(kind provider.EventType, want int) {
	w.t.Helper()
	page, err := w.Events(w.t.Context(), Admin, provider.EventQuery{Provider: w.p.ID, Types: []provider.EventType{kind}, Limit: 100})
	w.must(err)
	if len(page.Events) != want {
		w.t.Errorf("%d events %s, want %d: %v", len(page.Events), kind, want, page.Events)
	}
}

// sees returns a user as the console lists it.
func (w *provisioning) sees(name string) scim.User {
	w.t.Helper()
	u, err := w.Host.Config.Stores.Users.User(w.t.Context(), Tenant, w.ids[name])
	w.must(err)
	return u
}

func (w *provisioning) begin() {
	p, err := w.Begin(w.t.Context(), Admin, provider.Draft{Name: "Entra"})
	w.must(err)
	_, err = w.EnableSCIM(w.t.Context(), Admin, p.ID, w.Host.Proof(provider.ActionEnableSCIM, p.ID))
	if problem, ok := errors.AsType[*provider.Problem](err); !ok || problem.Code != provider.ProblemState {
		w.t.Errorf("SCIM before single sign-on: %v, want a problem that says so", err)
	}
	w.p = w.ConnectFor(Admin, w.idp, p.ID, "example.com")
}

func (w *provisioning) enable() {
	ctx := w.t.Context()
	if _, err := w.Prove(ctx, Admin, provider.ActionEnableSCIM, w.p.ID, "000000"); !errors.Is(err, provider.ErrWrongCode) {
		w.t.Errorf("a wrong code: %v", err)
	}
	if _, err := w.EnableSCIM(ctx, Admin, w.p.ID, provider.Proof{}); err == nil {
		w.t.Error("SCIM was enabled without a second factor")
	}
	p, err := w.EnableSCIM(ctx, Admin, w.p.ID, w.Host.Proof(provider.ActionEnableSCIM, w.p.ID))
	w.must(err)
	if !p.SCIM || !p.Provisioning.Grants.AnyOrganization || len(p.Provisioning.Grants.UserTypes) != 2 {
		w.t.Errorf("the only provider may hand out %+v", p.Provisioning.Grants)
	}
	w.happened(provider.EventSCIMEnabled, 1)
}

func (w *provisioning) token() {
	secret, token, err := w.NewToken(w.t.Context(), Admin, w.p.ID, w.Host.Proof(provider.ActionNewToken, w.p.ID))
	w.must(err)
	w.secret, w.scim = token, w.Client(secret.Reveal())
	list, err := w.Tokens(w.t.Context(), Admin, w.p.ID)
	w.must(err)
	switch {
	case len(list) != 1 || !list[0].LastUsed.IsZero():
		w.t.Errorf("tokens %v", list)
	case strings.Contains(fmt.Sprint(list, secret), secret.Reveal()):
		w.t.Error("the token is shown twice")
	}
}

func (w *provisioning) url() {
	if h := w.health(); !h.Requested.IsZero() || !h.Tested.IsZero() || len(h.Failing) > 0 {
		w.t.Errorf("health before the first request: %+v", h)
	}
	sheet, err := w.SetupSheet(w.t.Context(), Admin, w.p.ID, w.directory.client)
	w.must(err)
	if text := sheet.Markdown(); !strings.Contains(text, w.URL+"/ws/scim/v2") || strings.Contains(text, strings.TrimPrefix(w.scim.Header.Get("Authorization"), "Bearer ")) {
		w.t.Errorf("the setup sheet lacks the tenant URL, or shows the token:\n%s", text)
	}
	w.scim.Base = w.URL + "/ws/scim/v2"
}

func (w *provisioning) enter() {
	wrong := w.scim
	wrong.Header = http.Header{"Authorization": {"Bearer ghscim_mistyped"}}
	if status, body := w.Ask(wrong, http.MethodGet, "/Users?count=1", ""); status != http.StatusUnauthorized || !strings.Contains(body, "generate a new one") {
		w.t.Errorf("a mistyped token: %d %s", status, body)
	}
	if h := w.health(); !h.Requested.IsZero() {
		w.t.Errorf("a request without a token is one of the provider: %+v", h)
	}
}

func (w *provisioning) connection() {
	answer := w.asks(http.MethodGet, w.directory.test, "", http.StatusOK)
	if answer["totalResults"] != 0.0 {
		w.t.Errorf("Test Connection: %v", answer)
	}
	w.asks(http.MethodGet, "/Groups?count=1", "", http.StatusOK)
	minute := w.Clock.Now().Truncate(time.Minute)
	if h := w.health(); !h.Tested.Equal(minute) || !h.Succeeded.Equal(minute) || !h.Requested.Equal(minute) {
		w.t.Errorf("health after Test Connection: %+v", h)
	}
	list, err := w.Tokens(w.t.Context(), Admin, w.p.ID)
	w.must(err)
	if !list[0].LastUsed.Equal(minute) {
		w.t.Errorf("the token was last used %v, want %v", list[0].LastUsed, minute)
	}
}

func (w *provisioning) attributes() {
	text := fmt.Sprint(w.asks(http.MethodGet, "/Schemas/"+extension.URN, "", http.StatusOK))
	for _, name := range []string{extension.OrganizationID, extension.UserType} {
		if !strings.Contains(text, name) {
			w.t.Errorf("/Schemas lacks %s: %s", name, text)
		}
	}
}

func (w *provisioning) match() {
	for _, filter := range []string{`userName eq "ada@example.com"`, `externalId eq "ada"`, `emails[type eq "work"].value eq "ada@example.com"`} {
		if answer := w.asks(http.MethodGet, "/Users?filter="+filter, "", http.StatusOK); answer["totalResults"] != 0.0 {
			w.t.Errorf("%s: %v", filter, answer)
		}
	}
}

// creates sends a user, and returns the answer.
func (w *provisioning) creates(name, organization, userType string, want int) map[string]any {
	w.t.Helper()
	text, err := json.Marshal(w.directory.create(name, organization, userType))
	w.must(err)
	answer := w.asks(http.MethodPost, "/Users", string(text), want)
	if id, ok := answer["id"].(string); ok {
		w.ids[name] = id
	}
	return answer
}

// sends sends a request about a user, which has to succeed.
func (w *provisioning) sends(name, organization string, what func(person) request) {
	w.t.Helper()
	r := what(person{w.ids[name], name, organization, extension.EndUser})
	w.asks(r.method, "/Users/"+w.ids[name], r.body, http.StatusOK)
}

// fails expects the page to show that somebody is refused, and why.
func (w *provisioning) fails(name, reason string, words ...string) {
	w.t.Helper()
	h := w.health()
	i := slices.IndexFunc(h.Failing, func(f provider.Failure) bool { return f.Name == name+"@example.com" })
	if i < 0 {
		w.t.Fatalf("health does not show that %s is refused: %+v", name, h)
	}
	f := h.Failing[i]
	if f.Reason != reason || f.Since.IsZero() {
		w.t.Errorf("%s is refused: %+v, want %s", name, f, reason)
	}
	for _, word := range words {
		if !strings.Contains(f.Sentence, word) {
			w.t.Errorf("%s is refused: %q does not say %q", name, f.Sentence, word)
		}
	}
}

func (w *provisioning) organization() {
	w.creates("ada", "70", extension.EndUser, http.StatusBadRequest)
	w.fails("ada", "400 invalidValue", extension.OrganizationID, "70")
	w.creates("ada", "7", extension.EndUser, http.StatusCreated)
	if h := w.health(); len(h.Failing) != 0 {
		w.t.Errorf("ada is still refused: %+v", h)
	}
	if u := w.sees("ada"); u.NinjaOne != (extension.User{OrganizationID: "7", UserType: extension.EndUser}) || !u.SSO || u.Administrator {
		w.t.Errorf("ada is %+v", u)
	}
}

func (w *provisioning) userType() {
	w.creates("grace", "8", "technician", http.StatusBadRequest)
	w.fails("grace", "400 invalidValue", extension.Technician, extension.EndUser)
	since := w.health().Failing[0].Since
	w.Clock.Add(40 * time.Minute)
	w.creates("grace", "8", "technician", http.StatusBadRequest)
	if f := w.health().Failing[0]; !f.Since.Equal(since) || f.Count != 2 || !f.Last.Equal(w.Clock.Now()) {
		w.t.Errorf("refused twice: %+v, since %v", f, since)
	}
	w.creates("grace", "8", extension.Technician, http.StatusCreated)
	if u := w.sees("grace"); u.NinjaOne.UserType != extension.Technician {
		w.t.Errorf("grace is %+v", u)
	}
}

func (w *provisioning) people() {
	w.creates("alice", "7", "", http.StatusCreated)
	if u := w.sees("alice"); u.NinjaOne.UserType != extension.EndUser || !u.SSO {
		w.t.Errorf("alice is %+v", u)
	}
	if ok, err := w.Editable(w.t.Context(), Tenant, w.ids["alice"]); err != nil || ok {
		w.t.Errorf("alice can be edited here: %v, %v", ok, err)
	}
	w.creates("alice", "7", "", http.StatusConflict)
	w.fails("alice", "409 uniqueness")
	w.sends("alice", "8", w.change)
	if h := w.health(); len(h.Failing) != 0 {
		w.t.Errorf("alice was found and changed, and is still refused: %+v", h)
	}
	w.happened(provider.EventUserCreated, 3)
}

func (w *provisioning) convert() {
	u := Managed("", "hedy@example.com")
	u.SSO = false
	w.ids["hedy"] = w.User(u).ID
	other := Managed("", "hedy@elsewhere.example")
	w.ids["other"] = w.User(other).ID
	w.creates("hedy", "7", "", http.StatusConflict)
	if u := w.sees("hedy"); u.ManagedBy != "" {
		w.t.Errorf("a POST took hedy over: %+v", u)
	}
	if answer := w.asks(http.MethodGet, `/Users?filter=userName eq "hedy@example.com"`, "", http.StatusOK); answer["totalResults"] != 1.0 {
		w.t.Errorf("the search that follows: %v", answer)
	}
	w.sends("hedy", "7", w.takeOver)
	if u := w.sees("hedy"); u.ManagedBy != string(w.p.ID) || !u.Adopted || !u.SSO {
		w.t.Errorf("hedy was not taken over: %+v", u)
	}
	w.asks(http.MethodGet, "/Users/"+w.ids["other"], "", http.StatusNotFound)
	w.happened(provider.EventUserAdopted, 1)
}

func (w *provisioning) assignGroup() {
	create, add := w.directory.group(w.ids["grace"], w.ids["alice"])
	answer := w.asks(http.MethodPost, "/Groups", create, http.StatusCreated)
	w.ids["support"] = answer["id"].(string)
	w.asks(add.method, "/Groups/"+w.ids["support"], add.body, http.StatusNoContent)
	page, err := w.Host.Config.Stores.Groups.Members(w.t.Context(), Tenant, w.ids["support"], "", 10)
	w.must(err)
	if len(page.Items) != 2 {
		w.t.Errorf("the members are %v", page.Items)
	}
	w.happened(provider.EventGroupCreated, 1)
}

func (w *provisioning) onDemand() {
	w.sends("ada", "8", w.change)
	if u := w.sees("ada"); u.Name.GivenName != "Augusta" || u.NinjaOne.OrganizationID != "8" {
		w.t.Errorf("ada is %+v", u)
	}
}

func (w *provisioning) cycle() {
	w.Clock.Add(40 * time.Minute)
	for _, name := range []string{"ada", "grace", "alice", "hedy"} {
		if answer := w.asks(http.MethodGet, fmt.Sprintf(`/Users?filter=userName eq "%s@example.com"`, name), "", http.StatusOK); answer["totalResults"] != 1.0 {
			w.t.Errorf("%s: %v", name, answer)
		}
	}
	h := w.health()
	if !h.Succeeded.Equal(w.Clock.Now().Truncate(time.Minute)) || !h.Silent.IsZero() || len(h.Failing) > 0 {
		w.t.Errorf("health after a cycle: %+v", h)
	}
}

func (w *provisioning) signIn() {
	browser := Browser(w.t)
	if _, page, err := w.idp.SignIn(browser, w.StartURL(w.p.ID), "alice@example.com"); err != nil {
		w.t.Fatalf("%v: %s", err, page)
	}
	if s, ok := w.Session(browser); !ok || s.User.ID != w.ids["alice"] {
		w.t.Errorf("alice has the session %+v, %v", s, ok)
	}
}

func (w *provisioning) unassign() {
	w.sends("alice", "70", w.leave) // an organization that is none keeps nobody
	if u := w.sees("alice"); u.Active || len(w.Sessions()) != 0 {
		w.t.Errorf("alice is %+v, with %d sessions", u, len(w.Sessions()))
	}
	w.happened(provider.EventUserDeactivated, 1)
	w.asks(http.MethodDelete, "/Users/"+w.ids["alice"], "", http.StatusNoContent)
	w.asks(http.MethodGet, "/Users/"+w.ids["alice"], "", http.StatusNotFound)
}

func (w *provisioning) rotate() {
	ctx, old := w.t.Context(), w.scim
	secret, _, err := w.NewToken(ctx, Admin, w.p.ID, w.Host.Proof(provider.ActionNewToken, w.p.ID))
	w.must(err)
	w.scim = w.Client(secret.Reveal())
	for _, c := range []scimtest.Host{old, w.scim} {
		if status, body := w.Ask(c, http.MethodGet, "/Users?count=1", ""); status != http.StatusOK {
			w.t.Errorf("while both are good: %d %s", status, body)
		}
	}
	w.must(w.RevokeToken(ctx, Admin, w.p.ID, w.secret.ID, w.Host.Proof(provider.ActionRevokeToken, w.p.ID)))
	if status, _ := w.Ask(old, http.MethodGet, "/Users?count=1", ""); status != http.StatusUnauthorized {
		w.t.Errorf("the revoked token: %d", status)
	}
	w.asks(http.MethodGet, "/Users?count=1", "", http.StatusOK)
}
