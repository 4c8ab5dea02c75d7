package providertest

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Stores are what a host keeps things in.
type Stores struct {
	Providers provider.Store
	Users     scim.Stores
	Replays   saml.ReplayCache
}

// With has a [Host] use the stores.
func (s Stores) With(c *provider.Config) {
	c.Store, c.Stores, c.Replays = s.Providers, s.Users, s.Replays
}

// TestSSO walks the steps by which an administrator sets up single sign-on, over the stores of a host, and
// looks after each at what the administrator would see: from "Add Provider" to people who sign in, the
// next certificate, and the end. open returns empty stores, and is given their clock.
func TestSSO(t *testing.T, open func(t *testing.T, now func() time.Time) Stores) {
	w := &walk{t: t, whole: t}
	w.Host = NewHost(t, func(c *provider.Config) {
		c.Sink, c.Retention = w, 100*365*24*time.Hour
		open(t, c.Now).With(c)
	})
	for i, step := range []struct {
		name string
		do   func()
	}{
		{"add provider", w.add},
		{"name and domains", w.name},
		{"copy entity ID and reply URL", w.copy},
		{"import metadata", w.importMetadata},
		{"test connection", w.test},
		{"save", w.save},
		{"enable, and sign in", w.enable},
		{"next certificate", w.rollover},
		{"disable", w.disable},
		{"delete", w.delete},
	} {
		if !t.Run(step.name, func(t *testing.T) { w.t, w.Host.t = t, t; step.do() }) {
			t.Fatalf("step %d has failed", i+1)
		}
	}
	w.t, w.Host.t = t, t
	w.told()
}

// A walk is an administrator on the way.
type walk struct {
	*Host
	t     *testing.T // of the step
	whole *testing.T
	idp   *samltest.IdP
	id    provider.ID
	ids   provider.Identifiers
	sunk  []provider.Event
}

// Record implements provider.Sink.
func (w *walk) Record(_ context.Context, events []provider.Event) error {
	w.sunk = append(w.sunk, events...)
	return nil
}

// must ends the walk.
func (w *walk) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// problem expects an act to be refused with a code, in words that have some others in them.
func (w *walk) problem(err error, code provider.ProblemCode, words string) {
	w.t.Helper()
	p, ok := errors.AsType[*provider.Problem](err)
	if !ok || p.Code != code || !strings.Contains(p.Detail, words) {
		w.t.Errorf("got %v, want a problem %s about %q", err, code, words)
	}
}

// sees expects the list of providers to show one in a state, and returns it.
func (w *walk) sees(state provider.State) provider.Provider {
	w.t.Helper()
	page, err := w.Providers(w.t.Context(), Admin, provider.Query{State: state})
	w.must(err)
	if len(page.Providers) != 1 || page.Providers[0].ID != w.id {
		w.t.Fatalf("the list of providers that are %s shows %v", state, page.Providers)
	}
	return page.Providers[0]
}

// happened expects the latest event to be of a type, by the administrator.
func (w *walk) happened(types ...provider.EventType) {
	w.t.Helper()
	page, err := w.Events(w.t.Context(), Admin, provider.EventQuery{Provider: w.id, Limit: len(types)})
	w.must(err)
	for i, want := range types {
		if i >= len(page.Events) || page.Events[i].Type != want {
			w.t.Errorf("the latest events are %v, want %v", page.Events, types)
			return
		}
	}
}

func (w *walk) add() {
	p, err := w.Begin(w.t.Context(), Admin, provider.Draft{})
	w.must(err)
	w.id = p.ID
	if seen := w.sees(provider.StateDraft); seen.CreatedBy != Admin.Name || seen.EntityID != w.URL+"/sso/"+string(p.ID) || seen.Active != nil {
		w.t.Errorf("the draft is %+v", seen)
	}
	w.happened(provider.EventBegun)
	_, err = w.Enable(w.t.Context(), Admin, w.id)
	w.problem(err, provider.ProblemName, "name")
	_, _, err = w.Test(w.t.Context(), Admin, w.id, provider.TestOptions{})
	w.problem(err, provider.ProblemNoCandidate, "metadata")
}

func (w *walk) name() {
	ctx := w.t.Context()
	name, domains := " Acme ", []string{"@Acme.Example", "müller.example", "acme.example"}
	p, err := w.Change(ctx, Admin, w.id, provider.Change{Name: &name, Domains: &domains})
	w.must(err)
	if p.Name != "Acme" || strings.Join(p.Domains, " ") != "acme.example xn--mller-kva.example" {
		w.t.Errorf("name %q, domains %q", p.Name, p.Domains)
	}
	w.happened(provider.EventChanged)
	bad := []string{"not a domain"}
	_, err = w.Change(ctx, Admin, w.id, provider.Change{Domains: &bad})
	w.problem(err, provider.ProblemDomain, "not a domain")
	_, err = w.Begin(ctx, Admin, provider.Draft{Name: "ACME"})
	w.problem(err, provider.ProblemName, `"Acme"`)
}

func (w *walk) copy() {
	ids, err := w.Identifiers(w.t.Context(), Admin, w.id)
	w.must(err)
	w.ids = ids
	if len(ids.ReplyURLs) != 1 || !strings.HasSuffix(ids.ReplyURLs[0], "/sso/"+string(w.id)+"/acs") {
		w.t.Errorf("reply URLs %q", ids.ReplyURLs)
	}
	response, err := http.Get(ids.Metadata)
	w.must(err)
	defer response.Body.Close()
	metadata, err := io.ReadAll(response.Body)
	w.must(err)
	for _, want := range []string{ids.EntityID, ids.ReplyURLs[0], ids.LogoutURL} {
		if !bytes.Contains(metadata, []byte(`"`+want+`"`)) {
			w.t.Errorf("our metadata does not say %s", want)
		}
	}
	// The identity provider knows this service provider now, and no other.
	w.idp = samltest.StartIdP(w.whole, samltest.Options{
		Now:              w.Clock.Now,
		ServiceProviders: []samltest.ServiceProvider{{EntityID: ids.EntityID, ACS: ids.ReplyURLs, SLO: ids.LogoutURL}},
		Published:        []*x509.Certificate{samltest.TestKeys().Second.Certificate},
	})
}

func (w *walk) importMetadata() {
	ctx := w.t.Context()
	for wrong, given := range map[string]provider.Given{
		"certificate":      {Data: samltest.TestKeys().IdP.Certificate.Raw},
		"web page":         {Data: []byte("<!DOCTYPE html><html><body>Sign in</body></html>")},
		"OpenID":           {Data: []byte(`{"issuer":"https://x","authorization_endpoint":"https://x/a","token_endpoint":"https://x/t"}`)},
		"service provider": {Data: w.ownMetadata()},
	} {
		_, err := w.Import(ctx, Admin, w.id, given)
		w.problem(err, provider.ProblemMetadata, wrong)
	}
	view, err := w.Preview(ctx, Admin, w.id, provider.Given{Data: w.idp.Metadata()})
	w.must(err)
	if view.Metadata.EntityID() != w.idp.EntityID() || len(view.Metadata.Keys()) != 2 || view.Change != nil {
		w.t.Errorf("the preview shows %+v", view)
	}
	if p := w.sees(provider.StateDraft); p.Candidate != nil {
		w.t.Error("a preview has changed the provider")
	}
	p, err := w.Import(ctx, Admin, w.id, provider.Given{URL: w.idp.URL() + "/metadata"})
	w.must(err)
	if p.Candidate == nil || p.Candidate.Source.From != provider.SourceURL || p.Candidate.Tested != nil || p.CertificateState(w.Clock.Now()) != provider.CertificateGood {
		w.t.Errorf("after the import: %+v", p)
	}
	w.happened(provider.EventImported)
	_, err = w.Save(ctx, Admin, w.id)
	w.problem(err, provider.ProblemUntested, "Test Connection")
}

// ownMetadata is what an administrator takes for that of the identity provider now and then.
func (w *walk) ownMetadata() []byte {
	response, err := http.Get(w.ids.Metadata)
	w.must(err)
	defer response.Body.Close()
	metadata, err := io.ReadAll(response.Body)
	w.must(err)
	return metadata
}

func (w *walk) test() {
	ctx := w.t.Context()
	// Unanswered: the identity provider shows a page of its own.
	run, _, err := w.Test(ctx, Admin, w.id, provider.TestOptions{})
	w.must(err)
	if run.State != provider.TestWaiting || !strings.Contains(run.Markdown(saml.VendorEntraID), "AADSTS50105") {
		w.t.Errorf("while it waits: %s", run.Markdown(saml.VendorEntraID))
	}
	page, known, err := w.ReportPage(ctx, Admin, w.id, run.ID, "Sorry, AADSTS50105: Your administrator has configured the application to block users")
	w.must(err)
	if !known || page.Action == "" {
		w.t.Errorf("the page is known: %v %+v", known, page)
	}
	w.Clock.Add(provider.TestFor)
	run, err = w.TestResult(ctx, Admin, w.id, run.ID)
	w.must(err)
	if run.State != provider.TestUnanswered || run.Page == nil {
		w.t.Errorf("after ten minutes: %+v", run)
	}
	w.happened(provider.EventTested)

	// Failed, with a report.
	run = w.tryTest(samltest.ResponseOptions{Faults: []samltest.Fault{samltest.WrongAudience}})
	if run.State != provider.TestFailed || run.Code != saml.AudienceMismatch || !strings.Contains(run.Markdown(saml.VendorOkta), w.ids.EntityID) {
		w.t.Errorf("with a wrong audience: %s %s\n%s", run.State, run.Code, run.Markdown(saml.VendorOkta))
	}
	_, err = w.Save(ctx, Admin, w.id)
	w.problem(err, provider.ProblemUntested, "Test Connection")
	run = w.tryTest(samltest.ResponseOptions{Person: samltest.Person{NameID: "S-1-5-21", Format: saml.PersistentFormat}})
	if run.State != provider.TestFailed || run.Code != saml.SubjectNotEmail {
		w.t.Errorf("with a NameID that is no e-mail address: %s %s", run.State, run.Code)
	}

	// Passed.
	run = w.tryTest(samltest.ResponseOptions{})
	if run.State != provider.TestPassed || run.NameID != "alice@example.com" || run.By != Admin.Name || run.Join == nil || run.Join.Reason != provider.ReasonUnknownUser {
		w.t.Errorf("the test that passes: %+v", run)
	}
	if p := w.sees(provider.StateDraft); !p.Fixed || p.Candidate.Tested == nil {
		w.t.Errorf("after the test: %+v", p)
	}
	other := "urn:another"
	_, err = w.Change(ctx, Admin, w.id, provider.Change{EntityID: &other})
	w.problem(err, provider.ProblemIdentifiers, "do not change")
	if len(w.Sessions()) != 0 {
		w.t.Error("a test has begun a session")
	}
}

// tryTest runs a test that the identity provider answers in some way.
func (w *walk) tryTest(o samltest.ResponseOptions) provider.Test {
	w.t.Helper()
	ctx := w.t.Context()
	run, url, err := w.Test(ctx, Admin, w.id, provider.TestOptions{})
	w.must(err)
	if o.Person.NameID == "" {
		o.Person = samltest.Person{NameID: "alice@example.com"}
	}
	client := Browser(w.t)
	asked := Requested(w.t, client, url)
	o.ACS, o.Audience, o.InResponseTo = asked.ACS, asked.Issuer, asked.ID
	response, err := client.PostForm(o.ACS, neturl.Values{"SAMLResponse": {w.idp.FormValue(o)}, "RelayState": {asked.RelayState}})
	w.must(err)
	response.Body.Close()
	run, err = w.TestResult(ctx, Admin, w.id, run.ID)
	w.must(err)
	return run
}

func (w *walk) save() {
	p, err := w.Save(w.t.Context(), Admin, w.id)
	w.must(err)
	if p.Active == nil || p.Candidate != nil || p.Enabled {
		w.t.Errorf("after saving: %+v", p)
	}
	w.sees(provider.StateSaved)
	w.happened(provider.EventSaved)
	w.User(Managed(w.id, "alice@example.com"))
	_, page, err := w.idp.SignIn(Browser(w.t), w.idp.URL()+"/start", "alice@example.com")
	if err == nil && len(w.Sessions()) != 0 {
		w.t.Errorf("somebody is signed in before it is enabled: %s", page)
	}
}

func (w *walk) enable() {
	_, err := w.Enable(w.t.Context(), Admin, w.id)
	w.must(err)
	w.sees(provider.StateEnabled)
	w.happened(provider.EventEnabled)
	w.signIn("alice@example.com", true)
	w.signIn("bob@example.com", false) // whom nobody has provisioned
	list, err := w.Refusals(w.t.Context(), Admin, w.id)
	w.must(err)
	if len(list) == 0 || list[0].Reason != provider.ReasonUnknownUser {
		w.t.Errorf("refusals %+v", list)
		return
	}
	page, err := w.Events(w.t.Context(), Admin, provider.EventQuery{Incident: list[0].Incident})
	w.must(err)
	if len(page.Events) != 1 || page.Events[0].Type != provider.EventSignInRefused || page.Events[0].Details["name_id"] != "bob@example.com" {
		w.t.Errorf("the incident leads to %v", page.Events)
	}
}

// signIn signs somebody in, or not.
func (w *walk) signIn(name string, want bool) {
	w.t.Helper()
	client := Browser(w.t)
	_, page, err := w.idp.SignIn(client, w.StartURL(w.id), name)
	if err != nil && want {
		w.t.Fatalf("%v: %s", err, page)
	}
	if _, ok := w.Session(client); ok != want {
		w.t.Errorf("%s is signed in: %v, want %v; %v", name, ok, want, w.Reasons(w.id))
	}
}

func (w *walk) rollover() {
	ctx := w.t.Context()
	enabled := w.sees(provider.StateEnabled)
	end, _ := enabled.CertificateEnd()
	w.Clock.Add(end.Add(-20 * 24 * time.Hour).Sub(w.Clock.Now()))
	if p := w.sees(provider.StateEnabled); p.CertificateState(w.Clock.Now()) != provider.CertificateExpiring {
		w.t.Errorf("20 days before the end: %s", p.CertificateState(w.Clock.Now()))
	}
	for range 3 {
		_, err := w.Maintain(ctx)
		w.must(err)
	}
	page, err := w.Events(ctx, Admin, provider.EventQuery{Types: []provider.EventType{provider.EventExpiring}})
	w.must(err)
	if len(page.Events) != 1 || page.Events[0].Details["days"] != "30" {
		w.t.Errorf("warnings %v, want one", page.Events)
	}
	_, changed, err := w.Refresh(ctx, Admin, w.id)
	w.must(err)
	if changed {
		w.t.Error("metadata that is the same is a candidate")
	}
}

func (w *walk) disable() {
	ctx := w.t.Context()
	client := Browser(w.t)
	if _, page, err := w.idp.SignIn(client, w.StartURL(w.id), "alice@example.com"); err != nil {
		w.t.Fatalf("%v: %s", err, page)
	}
	_, err := w.Disable(ctx, Admin, w.id, provider.Proof{})
	w.problem(err, provider.ProblemProof, "second factor")
	_, err = w.Prove(ctx, Admin, provider.ActionDisable, w.id, "000000")
	w.problem(err, provider.ProblemFactor, "wrong")
	proof, err := w.Prove(ctx, Admin, provider.ActionDisable, w.id, Code)
	w.must(err)
	err = w.Delete(ctx, Admin, w.id, proof)
	w.problem(err, provider.ProblemState, "Disable")
	_, err = w.Disable(ctx, Admin, w.id, proof)
	w.must(err)
	w.sees(provider.StateSaved)
	w.happened(provider.EventSessionsKilled, provider.EventDisabled, provider.EventRevoked)
	if _, ok := w.Session(client); ok {
		w.t.Error("a session has outlived its provider")
	}
	response, err := Browser(w.t).Get(w.StartURL(w.id))
	w.must(err)
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		w.t.Errorf("a sign-in begins: %d", response.StatusCode)
	}
}

func (w *walk) delete() {
	ctx := w.t.Context()
	proof, err := w.Prove(ctx, Admin, provider.ActionDelete, w.id, Code)
	w.must(err)
	w.must(w.Delete(ctx, Admin, w.id, proof))
	w.happened(provider.EventDeleted)
	if _, err := w.Provider(ctx, Admin, w.id); !errors.Is(err, provider.ErrNotFound) {
		w.t.Errorf("a deleted provider: %v", err)
	}
	users, err := w.Config.Stores.Users.Users(ctx, Tenant, scim.Query{Scope: scim.Scope{All: true}, Limit: 10})
	w.must(err)
	if len(users.Items) != 1 || users.Items[0].ManagedBy != "" || users.Items[0].UserName != "alice@example.com" {
		w.t.Errorf("its users are %+v", users.Items)
	}
}

// told expects the sink to have been told of everything, in the order in which it happened.
func (w *walk) told() {
	page, err := w.Events(w.t.Context(), Admin, provider.EventQuery{Limit: 500})
	w.must(err)
	if len(page.Events) != len(w.sunk) {
		w.t.Errorf("the sink was told of %d events, of %d", len(w.sunk), len(page.Events))
		return
	}
	for i, e := range w.sunk {
		if want := page.Events[len(page.Events)-1-i]; e.ID != want.ID {
			w.t.Errorf("event %d of the sink is %v, want %v", i, e, want)
		}
	}
}
