package provider_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// signIn signs somebody in, and returns the status of where the browser has ended, and its text.
func signIn(t *testing.T, idp *samltest.IdP, b *http.Client, begin, nameID string) (int, string) {
	t.Helper()
	response, page, err := idp.SignIn(b, begin, nameID)
	if err != nil {
		t.Fatalf("%v: %s", err, page)
	}
	return response.StatusCode, string(page)
}

// refused expects that the last sign-in was refused for a reason, and that nobody is signed in.
func refused(t *testing.T, h *providertest.Host, id provider.ID, b *http.Client, status int, page string, want provider.Reason) {
	t.Helper()
	if s, ok := h.Session(b); ok {
		t.Errorf("%s is signed in", s.User.UserName)
	}
	list, err := h.Refusals(t.Context(), providertest.Admin, id)
	if err != nil || len(list) == 0 || list[0].Reason != want {
		t.Fatalf("status %d: %s; refusals %v, %v; want %s", status, page, h.Reasons(id), err, want)
	}
	if !strings.Contains(page, list[0].Incident) || strings.Contains(page, string(want)) {
		t.Errorf("the page has no incident ID, or the reason: %s", page)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "Acme", "example.com")
	alice := h.User(providertest.Managed(p.ID, "alice@example.com"))
	b := providertest.Browser(t)
	if status, page := signIn(t, idp, b, h.StartURL(p.ID)+"?return=/app/inbox", "alice@example.com"); status != 200 || page != "alice@example.com" {
		t.Fatalf("%d: %s; %v", status, page, h.Reasons(p.ID))
	}
	s, ok := h.Session(b)
	if !ok || s.User.ID != alice.ID || s.Provider != p.ID || s.Return != "/app/inbox" || s.SecondFactor != provider.SecondFactorNotAsked || s.Logout == "" || s.IdPInitiated {
		t.Errorf("session %v %+v", ok, s)
	}
	page, err := h.Events(t.Context(), providertest.Admin, provider.EventQuery{Types: []provider.EventType{provider.EventSignedIn}})
	if err != nil || len(page.Events) != 1 || page.Events[0].User != alice.ID || page.Events[0].Details["name_id"] != "alice@example.com" {
		t.Errorf("events %v, %v", page.Events, err)
	}
}

func TestSignInByDiscovery(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "Acme", "example.com")
	h.User(providertest.Managed(p.ID, "alice@example.com"))
	b := providertest.Browser(t)
	if _, page := signIn(t, idp, b, h.URL+"/sso/start?login=Whoever%40EXAMPLE.com&return=/app", "alice@example.com"); page != "alice@example.com" {
		t.Errorf("page %s, %v", page, h.Reasons(p.ID))
	}
	for login, want := range map[string]bool{"x@example.com": true, "x@EXAMPLE.COM ": true, "x@sub.example.com": false, "x": false, "": false, "x@": false} {
		way, err := h.Discover(t.Context(), providertest.Tenant, login, "/app")
		if err != nil || (way.Provider == p.ID) != want {
			t.Errorf("%q: %+v, %v", login, way, err)
		}
	}
	response, err := b.Get(h.URL + "/sso/start?login=x@elsewhere.example")
	if err != nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("a domain of nobody: %v, %v", response, err)
	}
}

// TestBinding asserts everybody whom an identity provider must not sign in, in every way it has.
func TestBinding(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idpA, idpB := h.IdP(), h.IdP()
	a := h.Connect(idpA, "A", "a.example")
	b := h.Connect(idpB, "B", "b.example")
	initiated := true
	if _, err := h.Change(t.Context(), providertest.Admin, b.ID, provider.Change{AllowIdPInitiated: &initiated}); err != nil {
		t.Fatal(err)
	}
	native := func(name string, sso, administrator bool, userType string) scim.User {
		return scim.User{UserName: name, Active: true, SSO: sso, Administrator: administrator, NinjaOne: extension.User{UserType: userType},
			Emails: []scim.MultiValue{{Value: name, Type: "work"}}}
	}
	victims := []scim.User{
		providertest.Managed(a.ID, "alice@a.example"),
		providertest.Managed(a.ID, "stray@b.example"), // A's, though the domain is B's
		native("tech@a.example", false, false, extension.Technician),
		native("tech@b.example", false, false, extension.Technician), // the domain is B's, the account is not
		native("sso@a.example", true, false, extension.Technician),
		native("root@b.example", false, true, ""),
		native("root@nowhere.example", true, true, ""),
		native("rootsso@a.example", true, true, ""),
	}
	for _, u := range victims {
		u.ExternalID = "ext-" + u.UserName
		h.User(u)
	}
	bob := providertest.Managed(b.ID, "bob@b.example")
	h.User(bob)
	off := providertest.Managed(b.ID, "off@b.example")
	off.Active = false
	h.User(off)
	ways := map[string]func(*samltest.ResponseOptions, string){
		"NameID": func(o *samltest.ResponseOptions, name string) { o.Person = samltest.Person{NameID: name} },
		"NameID in capitals": func(o *samltest.ResponseOptions, name string) {
			o.Person = samltest.Person{NameID: " " + strings.ToUpper(name) + "\n"}
		},
		"attributes": func(o *samltest.ResponseOptions, name string) {
			o.Person = samltest.Person{NameID: "nobody@b.example"}
			for _, attribute := range []string{"email", "mail", "userName", "uid", "urn:oid:0.9.2342.19200300.100.1.3", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "externalId"} {
				o.Person.Attributes = append(o.Person.Attributes, samltest.Attribute{Name: attribute, Values: []string{name}})
			}
		},
	}
	for _, u := range victims {
		for way, person := range ways {
			for _, idpInitiated := range []bool{false, true} {
				client := providertest.Browser(t)
				status, page := assert(t, h, idpB, client, b, idpInitiated, func(o *samltest.ResponseOptions) { person(o, u.UserName) })
				want := provider.ReasonWrongProvider
				if way == "attributes" {
					want = provider.ReasonUnknownUser
				}
				refused(t, h, b.ID, client, status, page, want)
			}
		}
	}
	local := providertest.Managed(b.ID, "local@b.example")
	local.SSO = false
	h.User(local)
	for name, want := range map[string]provider.Reason{"off@b.example": provider.ReasonInactive, "local@b.example": provider.ReasonNotSSO} {
		client := providertest.Browser(t)
		status, page := assert(t, h, idpB, client, b, false, func(o *samltest.ResponseOptions) { o.Person.NameID = name })
		refused(t, h, b.ID, client, status, page, want)
	}
	for _, idpInitiated := range []bool{false, true} {
		client := providertest.Browser(t)
		assert(t, h, idpB, client, b, idpInitiated, func(o *samltest.ResponseOptions) { o.Person.NameID = "BOB@b.example" })
		if s, ok := h.Session(client); !ok || s.User.UserName != "bob@b.example" || s.IdPInitiated != idpInitiated {
			t.Errorf("its own user, %v: %v %+v; %v", idpInitiated, ok, s, h.Reasons(b.ID))
		}
	}
}

// assert has an identity provider post a response to a provider, in answer to a request or not.
func assert(t *testing.T, h *providertest.Host, idp *samltest.IdP, client *http.Client, p provider.Provider, idpInitiated bool, change func(*samltest.ResponseOptions)) (int, string) {
	t.Helper()
	ids, err := h.Identifiers(t.Context(), providertest.Admin, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	o := samltest.ResponseOptions{ACS: ids.ReplyURLs[0], Audience: ids.EntityID}
	relay := ""
	if !idpInitiated {
		request := begin(t, client, h.StartURL(p.ID))
		o.InResponseTo, relay = request.ID, request.RelayState
	}
	change(&o)
	return post(t, client, o.ACS, url.Values{"SAMLResponse": {idp.FormValue(o)}, "RelayState": {relay}})
}

// post posts a form, and follows where that leads.
func post(t *testing.T, client *http.Client, to string, form url.Values) (int, string) {
	t.Helper()
	response, err := client.PostForm(to, form)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

// TestNativeBinding: a native user of type SSO belongs to the provider that home-realm discovery finds.
func TestNativeBinding(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp, idpDefault := h.IdP(), h.IdP()
	p := h.Connect(idp, "A", "a.example")
	d := h.Connect(idpDefault, "default")
	h.User(scim.User{UserName: "tech@a.example", Active: true, SSO: true})
	h.User(scim.User{UserName: "other@elsewhere.example", Active: true, SSO: true})
	for _, c := range []struct {
		idp  *samltest.IdP
		p    provider.Provider
		name string
		want bool
	}{
		{idp, p, "tech@a.example", true},
		{idp, p, "other@elsewhere.example", false},
		{idpDefault, d, "tech@a.example", false},
		{idpDefault, d, "other@elsewhere.example", true},
	} {
		client := providertest.Browser(t)
		assert(t, h, c.idp, client, c.p, false, func(o *samltest.ResponseOptions) { o.Person.NameID = c.name })
		if _, ok := h.Session(client); ok != c.want {
			t.Errorf("%s signs in %s: %v, want %v; %v", c.p.Name, c.name, ok, c.want, h.Reasons(c.p.ID))
		}
	}
}

// TestDisabledDomain: people of a disabled provider are refused, and not left to the default one.
func TestDisabledDomain(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp, idpDefault := h.IdP(), h.IdP()
	p := h.Connect(idp, "A", "a.example")
	d := h.Connect(idpDefault, "default")
	_, client := h.Provision(d.ID)
	native := h.User(scim.User{UserName: "tech@a.example", Active: true, SSO: true})
	if _, err := h.Disable(t.Context(), providertest.Admin, p.ID, h.Proof(provider.ActionDisable, p.ID)); err != nil {
		t.Fatal(err)
	}
	browser := providertest.Browser(t)
	status, page := assert(t, h, idpDefault, browser, d, false, func(o *samltest.ResponseOptions) { o.Person.NameID = native.UserName })
	refused(t, h, d.ID, browser, status, page, provider.ReasonWrongProvider)
	if way, err := h.Discover(t.Context(), providertest.Tenant, "x@a.example", ""); err != nil || way.Provider != "" {
		t.Errorf("the domain leads to %+v, %v", way, err)
	}
	ask(t, h, client, "GET", "/Users/"+native.ID, "", http.StatusNotFound)
	ask(t, h, client, "POST", "/Users", userBody("new@a.example"), http.StatusBadRequest)
	ask(t, h, client, "POST", "/Users", userBody("new@b.example"), http.StatusCreated)
}

// TestWorkEmail: a provider may match on the work e-mail address, among its own users and where that is
// unique.
func TestWorkEmail(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "A", "a.example")
	match := provider.MatchWorkEmail
	if _, err := h.Change(t.Context(), providertest.Admin, p.ID, provider.Change{Match: &match}); err != nil {
		t.Fatal(err)
	}
	with := func(u scim.User, address, kind string) {
		u.Emails = []scim.MultiValue{{Value: address, Type: kind}}
		h.User(u)
	}
	with(providertest.Managed(p.ID, "u1"), "one@mail.example", "work")
	with(providertest.Managed(p.ID, "u2"), "two@mail.example", "work")
	with(providertest.Managed(p.ID, "u3"), "two@mail.example", "work")
	with(providertest.Managed(p.ID, "u4"), "home@mail.example", "home")
	with(providertest.Managed("another", "u5"), "five@mail.example", "work")
	with(scim.User{UserName: "u6", Active: true, SSO: true}, "six@mail.example", "work")
	for name, want := range map[string]provider.Reason{
		"ONE@mail.example": "", "two@mail.example": provider.ReasonAmbiguousUser, "home@mail.example": provider.ReasonUnknownUser,
		"five@mail.example": provider.ReasonUnknownUser, "six@mail.example": provider.ReasonUnknownUser, "u1": provider.ReasonUnknownUser,
	} {
		client := providertest.Browser(t)
		status, page := assert(t, h, idp, client, p, false, func(o *samltest.ResponseOptions) { o.Person.NameID = name })
		if want != "" {
			refused(t, h, p.ID, client, status, page, want)
		} else if s, ok := h.Session(client); !ok || s.User.UserName != "u1" {
			t.Errorf("%s: %v %+v; %v", name, ok, s, h.Reasons(p.ID))
		}
	}
}

// TestTwoTenants: an assertion for one tenant never works in another, though one identity provider is
// connected in both.
func TestTwoTenants(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	mine := h.Connect(idp, "A", "a.example")
	other := providertest.Actor("blue")
	theirs, err := h.Begin(t.Context(), other, provider.Draft{Name: "A"})
	if err != nil {
		t.Fatal(err)
	}
	theirs = h.ConnectFor(other, idp, theirs.ID, "a.example")
	h.User(providertest.Managed(mine.ID, "alice@a.example"))
	u := providertest.Managed(theirs.ID, "alice@a.example")
	u.ID = "blue-alice"
	if _, err := h.Config.Stores.Users.CreateUser(t.Context(), "blue", u); err != nil {
		t.Fatal(err)
	}
	idsOf := func(a provider.Actor, id provider.ID) provider.Identifiers {
		ids, err := h.Identifiers(t.Context(), a, id)
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	red, blue := idsOf(providertest.Admin, mine.ID), idsOf(other, theirs.ID)
	if red.EntityID == blue.EntityID {
		t.Fatal("two providers have one entity ID")
	}
	client := providertest.Browser(t)
	request := begin(t, client, h.StartURL(mine.ID))
	value := idp.FormValue(samltest.ResponseOptions{ACS: red.ReplyURLs[0], Audience: red.EntityID, InResponseTo: request.ID, Person: samltest.Person{NameID: "alice@a.example"}})
	// The same response, signed for red, at the reply URL of blue: with the cookies of a request there.
	begin(t, client, h.StartURL(theirs.ID))
	status, page := post(t, client, blue.ReplyURLs[0], url.Values{"SAMLResponse": {value}, "RelayState": {request.RelayState}})
	if _, ok := h.Session(client); ok || status != http.StatusForbidden {
		t.Errorf("the assertion for one tenant works in another: %d %s", status, page)
	}
	post(t, client, red.ReplyURLs[0], url.Values{"SAMLResponse": {value}, "RelayState": {request.RelayState}})
	if s, ok := h.Session(client); !ok || s.Tenant != providertest.Tenant {
		t.Errorf("and not in its own: %+v %v", s, h.Reasons(mine.ID))
	}
	for what, call := range map[string]func() error{
		"Provider": func() error { _, err := h.Provider(t.Context(), other, mine.ID); return err },
		"Change":   func() error { _, err := h.Change(t.Context(), other, mine.ID, provider.Change{}); return err },
		"Import": func() error {
			_, err := h.Import(t.Context(), other, mine.ID, provider.Given{Data: idp.Metadata()})
			return err
		},
		"Test":       func() error { _, _, err := h.Test(t.Context(), other, mine.ID, provider.TestOptions{}); return err },
		"Save":       func() error { _, err := h.Save(t.Context(), other, mine.ID); return err },
		"Enable":     func() error { _, err := h.Enable(t.Context(), other, mine.ID); return err },
		"Disable":    func() error { _, err := h.Disable(t.Context(), other, mine.ID, provider.Proof{}); return err },
		"Delete":     func() error { return h.Delete(t.Context(), other, mine.ID, provider.Proof{}) },
		"Refusals":   func() error { _, err := h.Refusals(t.Context(), other, mine.ID); return err },
		"Refresh":    func() error { _, _, err := h.Refresh(t.Context(), other, mine.ID); return err },
		"SetPolicy":  func() error { _, err := h.SetPolicy(t.Context(), other, mine.ID, provider.SignInPolicy{}); return err },
		"Discard":    func() error { _, err := h.Discard(t.Context(), other, mine.ID); return err },
		"TestResult": func() error { _, err := h.TestResult(t.Context(), other, mine.ID, "x"); return err },
		"Preview": func() error {
			_, err := h.Preview(t.Context(), other, mine.ID, provider.Given{Data: idp.Metadata()})
			return err
		},
		"Identifiers": func() error { _, err := h.Identifiers(t.Context(), other, mine.ID); return err },
	} {
		if err := call(); !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("%s by an administrator of another tenant: %v, want ErrNotFound", what, err)
		}
	}
}

// TestSecondFactor: the bypass needs the toggle, a technician, and the evidence in this assertion.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP(func(o *samltest.Options) { o.EntityID = "https://sts.windows.net/8f7a-tenant/" })
	p := h.Connect(idp, "A", "a.example")
	bypass := true
	_, err := h.Change(t.Context(), providertest.Admin, p.ID, provider.Change{BypassMFA: &bypass})
	if problem, ok := errors.AsType[*provider.Problem](err); !ok || problem.Code != provider.ProblemEvidence {
		t.Fatalf("turning the bypass on without evidence: %v", err)
	}
	run, address, err := h.Test(t.Context(), providertest.Admin, p.ID, provider.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	signIn(t, idp, providertest.Browser(t), address, "carol@example.com") // with the evidence of Entra ID
	if run, err = h.TestResult(t.Context(), providertest.Admin, p.ID, run.ID); err != nil || run.Evidence == "" {
		t.Fatalf("test %+v, %v", run, err)
	}
	if _, err := h.Change(t.Context(), providertest.Admin, p.ID, provider.Change{BypassMFA: &bypass}); err != nil {
		t.Fatal(err)
	}
	technician := providertest.Managed(p.ID, "tech@a.example")
	technician.NinjaOne.UserType = extension.Technician
	h.User(technician)
	h.User(providertest.Managed(p.ID, "end@a.example"))
	root := scim.User{UserName: "root@a.example", Active: true, SSO: true, Administrator: true}
	h.User(root)
	for _, c := range []struct {
		name     string
		evidence []samltest.Attribute
		want     provider.SecondFactor
	}{
		{"tech@a.example", nil, provider.SecondFactorRequired},
		{"tech@a.example", []samltest.Attribute{samltest.EntraMFA()}, provider.SecondFactorByIdP},
		{"tech@a.example", []samltest.Attribute{samltest.OktaMFA()}, provider.SecondFactorByIdP},
		{"tech@a.example", []samltest.Attribute{{Name: "amr", Values: []string{"pwd", "MFA"}}}, provider.SecondFactorRequired},
		{"tech@a.example", []samltest.Attribute{{Name: "AMR", Values: []string{"mfa"}}}, provider.SecondFactorRequired},
		{"end@a.example", []samltest.Attribute{samltest.EntraMFA()}, provider.SecondFactorNotAsked},
		{"root@a.example", []samltest.Attribute{samltest.EntraMFA()}, provider.SecondFactorRequired},
	} {
		client := providertest.Browser(t)
		assert(t, h, idp, client, p, false, func(o *samltest.ResponseOptions) {
			o.Person = samltest.Person{NameID: c.name, Attributes: c.evidence}
		})
		s, ok := h.Session(client)
		if !ok || s.SecondFactor != c.want || (s.Evidence != "") != (c.want == provider.SecondFactorByIdP) {
			t.Errorf("%s with %v: %v %q %q, want %q; %v", c.name, c.evidence, ok, s.SecondFactor, s.Evidence, c.want, h.Reasons(p.ID))
		}
	}
}

// TestAdmit: a host may make users of people whom nobody knows; the rule is the same for them.
func TestAdmit(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t, func(c *provider.Config) {
		c.Admit = func(ctx context.Context, tenant scim.TenantID, p provider.Provider, a *saml.Assertion) (scim.User, error) {
			switch name := a.NameID().Value; name {
			case "new@a.example":
				return c.Stores.Users.CreateUser(ctx, tenant, scim.User{Meta: scim.Meta{ID: "new", ManagedBy: string(p.ID)}, UserName: name, Active: true, SSO: true})
			case "odd@a.example":
				return c.Stores.Users.CreateUser(ctx, tenant, scim.User{Meta: scim.Meta{ID: "odd"}, UserName: name, Active: true})
			case "down@a.example":
				return scim.User{}, errors.New("no seats to be counted")
			}
			return scim.User{}, scim.ErrNotFound
		}
	})
	idp := h.IdP()
	p := h.Connect(idp, "A", "a.example")
	for name, want := range map[string]provider.Reason{
		"new@a.example": "", "odd@a.example": provider.ReasonWrongProvider, "down@a.example": provider.ReasonStore, "nobody@a.example": provider.ReasonUnknownUser,
	} {
		client := providertest.Browser(t)
		status, page := assert(t, h, idp, client, p, false, func(o *samltest.ResponseOptions) { o.Person.NameID = name })
		if want != "" {
			refused(t, h, p.ID, client, status, page, want)
		} else if _, ok := h.Session(client); !ok {
			t.Errorf("%s is not signed in: %v", name, h.Reasons(p.ID))
		}
	}
}

// TestEventsOfStrangers: what nobody has signed makes no event, and what is wrong with a person whom the
// identity provider has vouched for makes one.
func TestEventsOfStrangers(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "A", "a.example")
	count := func() int {
		page, err := h.Events(t.Context(), providertest.Admin, provider.EventQuery{Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Events)
	}
	before := count()
	for range 3 {
		for _, fault := range []samltest.Fault{samltest.Tampered, samltest.UnknownKey, samltest.WrongAudience, samltest.ExpiredAssertion} {
			client := providertest.Browser(t)
			assert(t, h, idp, client, p, false, func(o *samltest.ResponseOptions) { o.Faults, o.Person.NameID = []samltest.Fault{fault}, "x@a.example" })
		}
		post(t, providertest.Browser(t), h.URL+"/sso/nobody/acs", url.Values{"SAMLResponse": {"x"}})
		post(t, providertest.Browser(t), h.URL+"/anywhere", url.Values{})
	}
	if n := count(); n != before {
		t.Errorf("strangers have made %d events", n-before)
	}
	if n := len(h.Reasons(p.ID)); n != 12 {
		t.Errorf("%d refusals are kept, want 12", n)
	}
	assert(t, h, idp, providertest.Browser(t), p, false, func(o *samltest.ResponseOptions) { o.Person.NameID = "x@a.example" })
	if n := count(); n != before+1 {
		t.Errorf("a person whom nobody knows has made %d events, want 1", n-before)
	}
	for range 150 {
		post(t, providertest.Browser(t), h.StartURL(p.ID)[:len(h.StartURL(p.ID))-len("start")]+"acs", url.Values{"SAMLResponse": {"x"}})
	}
	if n := len(h.Reasons(p.ID)); n != 100 {
		t.Errorf("%d refusals are kept, want 100", n)
	}
}

// TestHostFails: a host that cannot start a session, and one whose stores are down, sign in nobody.
func TestHostFails(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "A", "a.example")
	h.User(providertest.Managed(p.ID, "alice@a.example"))
	h.StartError = errors.New("no room")
	client := providertest.Browser(t)
	status, page := assert(t, h, idp, client, p, false, func(o *samltest.ResponseOptions) { o.Person.NameID = "alice@a.example" })
	if status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	refused(t, h, p.ID, client, status, page, provider.ReasonHost)
}

// TestCheck: a stateless token is over when the user is, and when sessions were revoked after it.
func TestCheck(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "A", "a.example")
	alice := h.User(providertest.Managed(p.ID, "alice@a.example"))
	native := h.User(scim.User{UserName: "native@a.example", Active: true})
	ctx := t.Context()
	check := func(what string, u scim.User, at time.Time, want error) {
		t.Helper()
		throughs := []provider.ID{""} // a password, or nobody knows
		if u.ManagedBy != "" {
			throughs = append(throughs, p.ID)
		}
		for _, through := range throughs {
			if err := h.Check(ctx, providertest.Tenant, u.ID, through, at); !errors.Is(err, want) {
				t.Errorf("%s, through %q: %v, want %v", what, through, err, want)
			}
		}
	}
	issued := h.Clock.Now()
	check("a user", alice, issued, nil)
	check("a native user", native, issued, nil)
	check("nobody", scim.User{Meta: scim.Meta{ID: "nobody"}}, issued, provider.ErrOver)
	if err := h.Check(ctx, "blue", alice.ID, p.ID, issued); !errors.Is(err, provider.ErrOver) {
		t.Errorf("a user of another tenant: %v", err)
	}
	h.Clock.Add(time.Minute)
	proof, err := h.Prove(ctx, providertest.Admin, provider.ActionDisable, p.ID, providertest.Code)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Disable(ctx, providertest.Admin, p.ID, proof); err != nil {
		t.Fatal(err)
	}
	check("a user of a disabled provider", alice, h.Clock.Now().Add(time.Hour), provider.ErrOver)
	check("a native user", native, issued, nil)
	if _, err := h.Enable(ctx, providertest.Admin, p.ID); err != nil {
		t.Fatal(err)
	}
	check("a token from before", alice, issued, provider.ErrOver)
	check("a token of the same moment", alice, h.Clock.Now(), provider.ErrOver)
	check("a token from after", alice, h.Clock.Now().Add(time.Millisecond), nil)
	alice.Active = false
	if _, err := h.Config.Stores.Users.UpdateUser(ctx, providertest.Tenant, alice); err != nil {
		t.Fatal(err)
	}
	check("an inactive user", alice, h.Clock.Now().Add(time.Hour), provider.ErrOver)
}
