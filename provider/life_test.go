package provider_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

func TestNormalizeDomain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"example.com": "example.com", " @Example.COM ": "example.com", "Müller.example": "xn--mller-kva.example", "xn--mller-kva.example": "xn--mller-kva.example",
		"a.b.c.example": "a.b.c.example", "localhost": "localhost", "EXAMPLE。com": "example.com",
		"": "", "@": "", "@@example.com": "", "a@b.example": "", "example.com.": "", ".example.com": "", "a..b": "", "exa mple.com": "", "example.com/x": "",
		"*.example.com": "", "example.com:443": "", "-a.example": "", "xn--": "", "\x00": "", "\xff.example": "", "ex\u200bample.com": "",
		strings.Repeat("a", 64) + ".example": "", strings.Repeat("a.", 130) + "example": "", strings.Repeat("x", 1<<20): "",
	} {
		got, err := provider.NormalizeDomain(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.40q: %q, %v; want %q", text, got, err, want)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("%.40q: an error of %d bytes", text, len(err.Error()))
		}
	}
}

// TestDomains: enabled providers have their domains alone, drafts may name them, and the refusal names who
// has one.
func TestDomains(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	h.Connect(h.IdP(), "first", "a.example", "b.example")
	p := h.Connect(h.IdP(), "second", "c.example")
	set := func(id provider.ID, domains ...string) error {
		_, err := h.Change(ctx, providertest.Admin, id, provider.Change{Domains: &domains})
		return err
	}
	if err := set(p.ID, "c.example", "B.example"); !isProblem(err, provider.ProblemDomain) || !strings.Contains(err.Error(), `"first"`) {
		t.Errorf("the domain of another: %v", err)
	}
	draft, err := h.Begin(ctx, providertest.Admin, provider.Draft{Name: "draft"})
	if err != nil {
		t.Fatal(err)
	}
	if err := set(draft.ID, "b.example"); err != nil {
		t.Errorf("a draft that names it: %v", err)
	}
	if err := set(p.ID); err != nil {
		t.Errorf("the default one: %v", err)
	}
	third := h.Connect(h.IdP(), "third", "d.example")
	if err := set(third.ID); !isProblem(err, provider.ProblemDefault) || !strings.Contains(err.Error(), `"second"`) {
		t.Errorf("another default one: %v", err)
	}
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf("d%d.example", i))
	}
	if err := set(third.ID, many...); !isProblem(err, provider.ProblemDomain) {
		t.Errorf("101 domains: %v", err)
	}
	if err := set(third.ID, many[:100]...); err != nil {
		t.Errorf("100 domains: %v", err)
	}
}

// TestIdentifiers: those that a product has had are taken as they are, if they can be, until a test has
// used them.
func TestIdentifiers(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	for _, d := range []provider.Draft{
		{EntityID: "has space"}, {EntityID: strings.Repeat("x", 1025)}, {EntityID: "a\nb"}, {ReplyURL: "x"}, {ReplyURL: "http://app.example.com/acs"},
		{ReplyURL: "https://app.example.com/acs?x=1"}, {ReplyURL: "https://u@app.example.com/acs"}, {ReplyURL: "ftp://app.example.com/"}, {ReplyURL: "https:///acs"}, {ReplyURL: "https://app.example.com/#x"},
	} {
		if _, err := h.Begin(t.Context(), providertest.Admin, d); !isProblem(err, provider.ProblemIdentifiers) {
			t.Errorf("%.60q: %v", d, err)
		}
	}
	for _, id := range []provider.ID{"start", provider.Deleted, "Upper", "a/b", "a.b", "é", provider.ID(strings.Repeat("x", 65))} {
		if _, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{ID: id}); !isProblem(err, provider.ProblemIdentifiers) {
			t.Errorf("the ID %.20q: %v", id, err)
		}
	}
	for _, name := range []string{strings.Repeat("x", 129), "a\nb", "a\x00b", "\xff"} {
		if _, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{Name: name}); !isProblem(err, provider.ProblemName) {
			t.Errorf("the name %.20q: %v", name, err)
		}
	}
	p, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{EntityID: "JumpCloud-like", ReplyURL: h.URL + "/saml"})
	if err != nil || p.EntityID != "JumpCloud-like" || p.ReplyURL != h.URL+"/saml" {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := h.Begin(t.Context(), providertest.Actor("blue"), provider.Draft{EntityID: p.EntityID}); !isProblem(err, provider.ProblemIdentifiers) || strings.Contains(err.Error(), string(p.ID)) {
		t.Errorf("the entity ID of another tenant: %v", err)
	}
	empty, other := "", "urn:other"
	if p, err = h.Change(t.Context(), providertest.Admin, p.ID, provider.Change{EntityID: &other, ReplyURL: &empty}); err != nil || p.EntityID != other || p.ReplyURL != "" {
		t.Errorf("changed: %+v, %v", p, err)
	}
}

// TestURLs: base URLs of a host that cannot be used are said, and nothing is made of them.
func TestURLs(t *testing.T) {
	t.Parallel()
	var urls provider.URLs
	h := providertest.NewHost(t, func(c *provider.Config) {
		c.AllowLoopbackInsecure = false
		c.URLs = func(context.Context, scim.TenantID) (provider.URLs, error) { return urls, nil }
	})
	for _, u := range []provider.URLs{
		{}, {Native: "app.example.com"}, {Native: "https://app.example.com/"}, {Native: "http://app.example.com"}, {Native: "http://localhost:8080"},
		{Native: "https://app.example.com", Others: []string{"https://app.example.com"}}, {Native: "https://app.example.com", Others: []string{""}}, {Native: "https://app.example.com?x"},
	} {
		urls = u
		if _, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{}); !isProblem(err, provider.ProblemURLs) {
			t.Errorf("%+v: %v", u, err)
		}
	}
	urls = provider.URLs{Native: "https://app.example.com/auth", Others: []string{"https://acme.example"}}
	if p, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{}); err != nil || p.EntityID != "https://app.example.com/auth/sso/"+string(p.ID) {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestImport: what is no metadata is refused in words that help, and settings that were tested stay tested.
func TestImport(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	idp := h.IdP()
	p := h.Connect(idp, "A", "a.example")
	certificate := samltest.TestKeys().IdP.Certificate.Raw
	for what, c := range map[string]struct {
		given provider.Given
		words string
	}{
		"nothing":            {provider.Given{}, "one of"},
		"two ways":           {provider.Given{URL: "https://x.example", Data: []byte("<x/>")}, "one of"},
		"too large":          {provider.Given{Data: make([]byte, 2<<20+1)}, "2 MiB"},
		"not XML":            {provider.Given{Data: []byte("hello")}, ""},
		"an endpoint":        {provider.Given{Data: []byte(strings.ReplaceAll(string(idp.Metadata()), idp.URL(), "http://idp.example.com"))}, "https"},
		"another one":        {provider.Given{Data: h.IdP(func(o *samltest.Options) { o.EntityID = "urn:another" }).Metadata()}, "urn:another"},
		"ourselves":          {provider.Given{EntityID: p.EntityID, SignOnURL: "https://idp.example.com/sso", Certificates: [][]byte{certificate}}, "our own"},
		"no certificate":     {provider.Given{EntityID: "x", SignOnURL: "https://idp.example.com/sso"}, ""},
		"no URL":             {provider.Given{EntityID: "x", Certificates: [][]byte{certificate}}, ""},
		"a bad certificate":  {provider.Given{EntityID: "x", SignOnURL: "https://idp.example.com/sso", Certificates: [][]byte{[]byte("x")}}, ""},
		"not signed":         {provider.Given{Data: idp.Metadata(), SignedBy: certificate}, ""},
		"entity that is not": {provider.Given{Data: idp.Metadata(), EntityID: "urn:nobody"}, ""},
	} {
		_, err := h.Import(ctx, providertest.Admin, p.ID, c.given)
		if !isProblem(err, provider.ProblemMetadata) || !strings.Contains(err.Error(), c.words) || len(err.Error()) < 20 {
			t.Errorf("%s: %v", what, err)
		}
	}
	p, err := h.Import(ctx, providertest.Admin, p.ID, provider.Given{Data: idp.Metadata(), File: true})
	if err != nil || p.Candidate == nil || p.Candidate.Tested == nil || p.Candidate.Source.From != provider.SourceFile {
		t.Fatalf("what was tested already: %+v, %v", p.Candidate, err)
	}
	if _, err := h.Save(ctx, providertest.Admin, p.ID); err != nil {
		t.Errorf("and saved: %v", err)
	}
	// A policy is a candidate too.
	p, err = h.SetPolicy(ctx, providertest.Admin, p.ID, provider.SignInPolicy{AllowSHA1Insecure: true})
	if err != nil || p.Active.Policy.AllowSHA1Insecure || !p.Candidate.Policy.AllowSHA1Insecure || p.Candidate.Tested != nil {
		t.Errorf("a policy: %+v, %v", p, err)
	}
	if _, err := h.Save(ctx, providertest.Admin, p.ID); !isProblem(err, provider.ProblemUntested) {
		t.Errorf("a policy that was not tested: %v", err)
	}
	p, err = h.Import(ctx, providertest.Admin, p.ID, provider.Given{Data: idp.Metadata()})
	if err != nil || !p.Candidate.Policy.AllowSHA1Insecure || p.Candidate.Tested != nil {
		t.Errorf("metadata beside a policy: %+v, %v", p.Candidate, err)
	}
	if p, err = h.Discard(ctx, providertest.Admin, p.ID); err != nil || p.Candidate != nil || p.Active == nil {
		t.Errorf("discarded: %+v, %v", p, err)
	}
	for _, bad := range []provider.SignInPolicy{{Signed: saml.SignedBoth + 1}, {MaxAuthnAge: -1}, {MaxAuthnAge: time.Second}, {AuthnContexts: make([]string, 11)}} {
		if _, err := h.SetPolicy(ctx, providertest.Admin, p.ID, bad); !isProblem(err, provider.ProblemPolicy) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestSettingsChangedDuringTest: a test passes for what it has judged, and for nothing else.
func TestSettingsChangedDuringTest(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "A", "a.example")
	run, address, err := h.Test(t.Context(), providertest.Admin, p.ID, provider.TestOptions{ForceAuthn: true})
	if err != nil {
		t.Fatal(err)
	}
	client := providertest.Browser(t)
	r := begin(t, client, address)
	if !r.ForceAuthn {
		t.Error("the person is not asked to sign in again")
	}
	if _, err := h.SetPolicy(t.Context(), providertest.Admin, p.ID, provider.SignInPolicy{AllowSHA1Insecure: true}); err != nil {
		t.Fatal(err)
	}
	value := idp.FormValue(samltest.ResponseOptions{ACS: r.ACS, Audience: r.Issuer, InResponseTo: r.ID, Person: samltest.Person{NameID: "x@a.example"}})
	post(t, client, r.ACS, map[string][]string{"SAMLResponse": {value}, "RelayState": {r.RelayState}})
	run, err = h.TestResult(t.Context(), providertest.Admin, p.ID, run.ID)
	if err != nil || run.State != provider.TestFailed || run.Code != provider.CodeTestChanged || !strings.Contains(run.Markdown(""), "changed") {
		t.Errorf("%+v, %v", run, err)
	}
	stored, err := h.Provider(t.Context(), providertest.Admin, p.ID)
	if err != nil || stored.Candidate.Tested != nil {
		t.Errorf("the new settings are tested: %+v, %v", stored.Candidate, err)
	}
	// The URL of a test that is over begins none.
	if response, err := client.Get(address); err != nil || response.Request.URL.Host == "" || !strings.Contains(response.Request.URL.Path, "/test/") {
		t.Errorf("a test that is over begins again: %v, %v", response, err)
	}
}

// TestTestIsNoSignIn: the answer to a test signs in nobody, also where it is posted as that of a sign-in, and
// a candidate's word counts for tests alone.
func TestTestIsNoSignIn(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "A", "a.example")
	h.User(providertest.Managed(p.ID, "alice@a.example"))
	evil := samltest.TestKeys().Attacker
	m, err := saml.MetadataOptions{EntityID: idp.EntityID(), AllowLoopback: true}.FromParts(idp.URL()+"/sso", evil.Certificate.Raw)
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Import(t.Context(), providertest.Admin, p.ID, provider.Given{Data: text}); err != nil {
		t.Fatal(err)
	}
	_, address, err := h.Test(t.Context(), providertest.Admin, p.ID, provider.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client := providertest.Browser(t)
	test, real := begin(t, client, address), begin(t, client, h.StartURL(p.ID))
	for what, c := range map[string]struct{ to, relay samltest.AuthnRequest }{
		"as a test":           {test, test},
		"as a sign-in":        {real, real},
		"a test as a sign-in": {test, real},
		"a sign-in as a test": {real, test},
		"begun by nobody":     {samltest.AuthnRequest{Issuer: test.Issuer, ACS: test.ACS}, samltest.AuthnRequest{}},
	} {
		value := idp.FormValue(samltest.ResponseOptions{ACS: test.ACS, Audience: test.Issuer, InResponseTo: c.to.ID, Key: evil, Person: samltest.Person{NameID: "alice@a.example"}})
		post(t, client, test.ACS, map[string][]string{"SAMLResponse": {value}, "RelayState": {c.relay.RelayState}})
		if s, ok := h.Session(client); ok {
			t.Fatalf("%s: %s is signed in by a candidate", what, s.User.UserName)
		}
	}
}

// TestProofs: a proof is good once, for five minutes, for what it was given.
func TestProofs(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p := h.Connect(h.IdP(), "A", "a.example")
	other := h.Connect(h.IdP(), "B", "b.example")
	prove := func(a provider.Actor, action provider.Action, target provider.ID) provider.Proof {
		t.Helper()
		proof, err := h.Prove(ctx, a, action, target, providertest.Code)
		if err != nil {
			t.Fatal(err)
		}
		return proof
	}
	somebody := providertest.Admin
	somebody.Name = "somebody@acme.example"
	old := prove(providertest.Admin, provider.ActionDisable, p.ID)
	h.Clock.Add(provider.ProofFor)
	for what, proof := range map[string]provider.Proof{
		"none":                {},
		"of somebody else":    prove(somebody, provider.ActionDisable, p.ID),
		"of another tenant":   prove(provider.Actor{Tenant: "blue", Name: providertest.Admin.Name}, provider.ActionDisable, p.ID),
		"for something else":  prove(providertest.Admin, provider.ActionDelete, p.ID),
		"for another":         prove(providertest.Admin, provider.ActionDisable, other.ID),
		"of five minutes ago": old,
	} {
		if _, err := h.Disable(ctx, providertest.Admin, p.ID, proof); !isProblem(err, provider.ProblemProof) {
			t.Errorf("a proof %s: %v", what, err)
		}
		if text := fmt.Sprintf("%v %+v %#v %s", proof, proof, proof, proof); strings.Contains(text, "acme") {
			t.Errorf("a proof prints %s", text)
		}
	}
	proof := prove(providertest.Admin, provider.ActionDisable, p.ID)
	h.Clock.Add(provider.ProofFor - time.Second)
	if _, err := h.Disable(ctx, providertest.Admin, p.ID, proof); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Enable(ctx, providertest.Admin, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Disable(ctx, providertest.Admin, p.ID, proof); !isProblem(err, provider.ProblemProof) {
		t.Errorf("a second time: %v", err)
	}
	var wg sync.WaitGroup
	once := prove(providertest.Admin, provider.ActionDisable, p.ID)
	results := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			_, err := h.Disable(ctx, providertest.Admin, p.ID, once)
			results <- err
		})
	}
	wg.Wait()
	if p, err := h.Provider(ctx, providertest.Admin, p.ID); err != nil || p.Enabled {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestDelete: an interrupted deletion goes on, and users and groups are nobody's after it.
func TestDelete(t *testing.T) {
	t.Parallel()
	broken := errors.New("no connection")
	users := &failing{UserStore: new(scim.MemoryStore)}
	h := providertest.NewHost(t, func(c *provider.Config) { c.Stores.Users = users })
	ctx := t.Context()
	p := h.Connect(h.IdP(), "A", "a.example")
	for i := range 450 {
		u := providertest.Managed(p.ID, fmt.Sprintf("u%d@a.example", i))
		u.ExternalID = "x"
		h.User(u)
	}
	for i, manager := range []string{string(p.ID), "", string(p.ID)} {
		g := scim.Group{Meta: scim.Meta{ID: fmt.Sprint("g", i), ManagedBy: manager}, DisplayName: []string{"One", "one", "Two"}[i]}
		if _, err := h.Config.Stores.Groups.CreateGroup(ctx, providertest.Tenant, g, scim.MemberChange{}); err != nil {
			t.Fatal(err)
		}
	}
	prove := func(action provider.Action) provider.Proof {
		proof, err := h.Prove(ctx, providertest.Admin, action, p.ID, providertest.Code)
		if err != nil {
			t.Fatal(err)
		}
		return proof
	}
	if _, err := h.Disable(ctx, providertest.Admin, p.ID, prove(provider.ActionDisable)); err != nil {
		t.Fatal(err)
	}
	users.failAfter(300, broken)
	if err := h.Delete(ctx, providertest.Admin, p.ID, prove(provider.ActionDelete)); !errors.Is(err, broken) {
		t.Fatalf("a store that fails: %v", err)
	}
	if _, err := h.Provider(ctx, providertest.Admin, p.ID); err != nil {
		t.Fatalf("the provider is gone before its users are: %v", err)
	}
	users.failAfter(-1, nil)
	if err := h.Delete(ctx, providertest.Admin, p.ID, prove(provider.ActionDelete)); err != nil {
		t.Fatal(err)
	}
	page, err := users.Users(ctx, providertest.Tenant, scim.Query{Scope: scim.Scope{All: true}, Limit: 500})
	if err != nil || len(page.Items) != 450 {
		t.Fatalf("%d users, %v", len(page.Items), err)
	}
	for _, u := range page.Items {
		if u.ManagedBy != "" || u.ExternalID != "" || !u.SSO || !u.Active {
			t.Fatalf("a user: %+v", u)
		}
		if err := h.Check(ctx, providertest.Tenant, u.ID, p.ID, h.Clock.Now().Add(time.Hour)); !errors.Is(err, provider.ErrOver) {
			t.Fatalf("a user of a deleted provider has a session: %v", err)
		}
	}
	groups, err := h.Config.Stores.Groups.Groups(ctx, providertest.Tenant, scim.Query{Scope: scim.Scope{All: true}, Limit: 10})
	if err != nil || len(groups.Items) != 3 {
		t.Fatalf("%v, %v", groups.Items, err)
	}
	for _, g := range groups.Items {
		if g.ManagedBy != "" {
			t.Errorf("the group %q is managed by %s", g.DisplayName, g.ManagedBy)
		}
	}
}

// failing is a store whose updates fail after some.
type failing struct {
	scim.UserStore
	mu   sync.Mutex
	left int
	err  error
}

func (f *failing) failAfter(n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.err = n, err
}

func (f *failing) UpdateUser(ctx context.Context, tenant scim.TenantID, u scim.User) (scim.User, error) {
	f.mu.Lock()
	f.left--
	fail := f.err != nil && f.left < 0
	f.mu.Unlock()
	if fail {
		return scim.User{}, f.err
	}
	return f.UserStore.UpdateUser(ctx, tenant, u)
}
