package samltest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
)

func testNow() time.Time { return TestParams().Now }

// answerOf returns the options of a response to the test service provider about alice.
func answerOf(change func(o *ResponseOptions)) ResponseOptions {
	p := TestParams()
	o := ResponseOptions{ACS: p.ACS, Audience: p.EntityID, InResponseTo: p.RequestID, Person: TestPeople()[0]}
	change(&o)
	return o
}

func testIdP() *IdP { return NewIdP(Options{Now: testNow}) }

// TestResponseVerifies holds that whatever an identity provider signs, by whatever algorithm, the
// engine verifies.
func TestResponseVerifies(t *testing.T) {
	p := TestParams()
	for name, change := range map[string]func(o *ResponseOptions){
		"assertion":         func(o *ResponseOptions) {},
		"response":          func(o *ResponseOptions) { o.Sign = SignResponse },
		"both":              func(o *ResponseOptions) { o.Sign = SignBoth },
		"SHA-1":             func(o *ResponseOptions) { o.Hash = crypto.SHA1 },
		"SHA-384":           func(o *ResponseOptions) { o.Hash = crypto.SHA384 },
		"SHA-512":           func(o *ResponseOptions) { o.Hash = crypto.SHA512 },
		"no key":            func(o *ResponseOptions) { o.NoKey = true },
		"no prefixes":       func(o *ResponseOptions) { o.NoPrefixes = true },
		"no prefixes, both": func(o *ResponseOptions) { o.NoPrefixes, o.Sign = true, SignBoth },
		"ECDSA":             func(o *ResponseOptions) { o.Key, o.ECDSADER = p.Keys.ECDSA, true },
		"encrypted":         func(o *ResponseOptions) { o.Encrypt = &Encryption{Certificate: p.Keys.SP} },
		"CBC, OAEP with SHA-256": func(o *ResponseOptions) {
			o.Encrypt = &Encryption{Certificate: p.Keys.SP, Data: AES128CBC, Transport: RSAOAEP11, Digest: crypto.SHA256, MGF: crypto.SHA256}
		},
		"encrypted, the response signed": func(o *ResponseOptions) {
			o.Sign, o.Encrypt = SignResponse, &Encryption{Certificate: p.Keys.SP}
		},
	} {
		o := answerOf(change)
		trusted := p.Keys.IdP.Certificate
		if o.Key.Certificate != nil {
			trusted = o.Key.Certificate
		}
		if _, err := verify(testIdP().Response(o), p.Now, []*x509.Certificate{trusted}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRawECDSA holds that a signature with ECDSA is r and s, as XML Signature has it.
func TestRawECDSA(t *testing.T) {
	key := TestKeys().ECDSA
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(testIdP().Response(answerOf(func(o *ResponseOptions) { o.Key = key }))); err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(doc.FindElement("//SignatureValue").Text())
	if err != nil || len(raw) != 64 {
		t.Fatalf("%d bytes, %v, want 64", len(raw), err)
	}
	info := doc.FindElement("//SignedInfo")
	info.CreateAttr("xmlns:ds", nsSignature)
	text := etree.NewDocument()
	text.SetRoot(info.Copy())
	text.WriteSettings.CanonicalEndTags = true
	signed, err := text.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(signed)
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	if !ecdsa.Verify(key.Private.Public().(*ecdsa.PublicKey), sum[:], r, s) {
		t.Error("it does not verify")
	}
}

// TestFaults holds that each fault changes a response, and those of signatures break it.
func TestFaults(t *testing.T) {
	p := TestParams()
	good := string(testIdP().Response(answerOf(func(*ResponseOptions) {})))
	broken := map[Fault]bool{ExpiredCertificate: true, UnknownKey: true, Tampered: true}
	for _, f := range Faults() {
		for _, sign := range []Signing{SignAssertion, SignResponse, SignBoth, SignNothing} {
			bad := testIdP().Response(answerOf(func(o *ResponseOptions) { o.Faults, o.Sign = []Fault{f}, sign }))
			_, err := verify(bad, p.Now, []*x509.Certificate{p.Keys.IdP.Certificate})
			if sign != SignNothing && (err != nil) != broken[f] {
				t.Errorf("%s: verification: %v", f, err)
			}
			if sign == SignAssertion && string(bad) == good {
				t.Errorf("%s changes nothing", f)
			}
		}
	}
}

// TestNoPrefixes looks for prefixes, also in what is added to a response afterwards.
func TestNoPrefixes(t *testing.T) {
	for _, o := range []ResponseOptions{{Sign: SignBoth}, {Faults: []Fault{Tampered}}, {Status: &Status{}}} {
		response := testIdP().Response(answerOf(func(a *ResponseOptions) {
			a.NoPrefixes, a.Sign, a.Faults, a.Status = true, o.Sign, o.Faults, o.Status
		}))
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(response); err != nil {
			t.Fatal(err)
		}
		for _, e := range doc.FindElements("//*") {
			if e.Space != "" && e.NamespaceURI() != nsProtocol || e.NamespaceURI() == "" {
				t.Errorf("%+v: %s of %q", o, e.FullTag(), e.NamespaceURI())
			}
		}
	}
}

// A conversation is an identity provider and the smallest service provider: it notes what it is sent.
type conversation struct {
	idp    *IdP
	server *httptest.Server
	got    url.Values
}

func converse(t *testing.T, change func(o *Options)) *conversation {
	c := &conversation{}
	mux := http.NewServeMux()
	c.server = httptest.NewServer(mux)
	t.Cleanup(c.server.Close)
	o := Options{Now: testNow, ServiceProviders: []ServiceProvider{{
		EntityID: "urn:test:sp", ACS: []string{c.server.URL + "/acs"}, SLO: c.server.URL + "/slo?tenant=1",
	}}}
	change(&o)
	c.idp = StartIdP(t, o)
	mux.HandleFunc("/begin", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, c.idp.URL()+"/sso?"+query("SAMLRequest", c.request(r.URL.Query().Get("acs")), "return & state"), http.StatusFound)
	})
	mux.HandleFunc("/begin-post", func(w http.ResponseWriter, r *http.Request) {
		message := base64.StdEncoding.EncodeToString([]byte(c.request("/acs")))
		show(w, postPage, post{c.idp.URL() + "/sso", "SAMLRequest", message, "return & state"})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		c.got = r.Form
		_, _ = io.WriteString(w, "received")
	})
	return c
}

func (c *conversation) request(acs string) string {
	p := TestParams()
	return fmt.Sprintf(`<samlp:AuthnRequest xmlns:samlp="%s" ID="%s" Version="2.0" IssueInstant="%s"`+
		` AssertionConsumerServiceURL="%s" Destination="%s/sso"><saml:Issuer xmlns:saml="%s">urn:test:sp</saml:Issuer></samlp:AuthnRequest>`,
		nsProtocol, p.RequestID, p.Now.Format(dateTime), c.server.URL+acs, c.idp.URL(), nsAssertion)
}

// received returns the response that the service provider was sent.
func (c *conversation) received(t *testing.T) *etree.Element {
	t.Helper()
	message, err := base64.StdEncoding.DecodeString(c.got.Get("SAMLResponse"))
	doc := etree.NewDocument()
	if err == nil {
		err = doc.ReadFromBytes(message)
	}
	if err != nil || doc.Root() == nil {
		t.Fatalf("%q: %v", message, err)
	}
	return doc.Root()
}

// TestSignIn holds a conversation by each binding of requests.
func TestSignIn(t *testing.T) {
	var asked []AuthnRequest
	c := converse(t, func(o *Options) { o.OnRequest = func(r AuthnRequest) { asked = append(asked, r) } })
	for _, begin := range []string{"/begin?acs=/acs", "/begin-post"} {
		c.got = nil
		if _, page, err := c.idp.SignIn(http.DefaultClient, c.server.URL+begin, "carol@example.com"); err != nil || string(page) != "received" {
			t.Fatalf("%s: %q, %v", begin, page, err)
		}
		r := c.received(t)
		if got := r.SelectAttrValue("InResponseTo", ""); got != TestParams().RequestID {
			t.Errorf("%s: it answers %q", begin, got)
		}
		if got := r.FindElement("//NameID").Text(); got != "carol@example.com" {
			t.Errorf("%s: it is about %q", begin, got)
		}
		if got := r.FindElement("//Audience").Text(); got != "urn:test:sp" {
			t.Errorf("%s: it is for %q", begin, got)
		}
		if r.FindElement("//Attribute[@Name='http://schemas.microsoft.com/claims/authnmethodsreferences']") == nil {
			t.Errorf("%s: there is no evidence of how carol has signed in", begin)
		}
		if got := c.got.Get("RelayState"); got != "return & state" {
			t.Errorf("%s: RelayState is %q", begin, got)
		}
	}
	if len(asked) != 2 || asked[0].Issuer != "urn:test:sp" || asked[1].ID != TestParams().RequestID {
		t.Errorf("OnRequest was called with %+v", asked)
	}
}

// TestRequestRefused holds that no answer goes where it does not belong.
func TestRequestRefused(t *testing.T) {
	c := converse(t, func(*Options) {})
	_, _, err := c.idp.SignIn(http.DefaultClient, c.server.URL+"/begin?acs=/elsewhere", "alice@example.com")
	if err == nil || c.got != nil {
		t.Errorf("the service provider got %v, %v", c.got, err)
	}
	for _, q := range []string{"", "SAMLRequest=AAAA", query("SAMLRequest", "<x/>", ""), query("SAMLRequest", strings.Replace(c.request("/acs"), "urn:test:sp", "urn:other", 1), "")} {
		r, page, err := body(http.Get(c.idp.URL() + "/sso?" + q))
		if err != nil || r.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %v, %q, %v", q, r.StatusCode, page, err)
		}
	}
	open := converse(t, func(o *Options) { o.ServiceProviders, o.AnyServiceProvider = nil, true })
	if _, _, err := open.idp.SignIn(http.DefaultClient, open.server.URL+"/begin?acs=/elsewhere", "alice@example.com"); err != nil {
		t.Errorf("with AnyServiceProvider: %v", err)
	}
}

// TestSilent holds that one that refuses on its own page says nothing to the service provider.
func TestSilent(t *testing.T) {
	c := converse(t, func(o *Options) { o.Silent = true })
	_, _, err := c.idp.SignIn(http.DefaultClient, c.server.URL+"/begin?acs=/acs", "alice@example.com")
	if err == nil || c.got != nil {
		t.Errorf("the service provider got %v, %v", c.got, err)
	}
}

// TestStatus holds that one that refuses by a message sends it.
func TestStatus(t *testing.T) {
	c := converse(t, func(o *Options) {
		o.Answer = ResponseOptions{Sign: SignResponse, Status: &Status{Second: statusDenied, Message: "not assigned"}}
	})
	if _, _, err := c.idp.SignIn(http.DefaultClient, c.server.URL+"/begin?acs=/acs", "alice@example.com"); err != nil {
		t.Fatal(err)
	}
	r := c.received(t)
	if r.FindElement("./Status/StatusCode").SelectAttrValue("Value", "") != statusResponder || r.FindElement("./Assertion") != nil {
		t.Error("it is no refusal")
	}
	if r.FindElement("./Signature") == nil {
		t.Error("it is not signed")
	}
}

// TestStarted holds that a sign-in may begin at the identity provider.
func TestStarted(t *testing.T) {
	c := converse(t, func(*Options) {})
	r, page, err := body(http.Get(c.idp.URL() + "/start"))
	if err != nil {
		t.Fatal(err)
	}
	f, ok := readForm(r.Request.URL, page)
	if !ok {
		t.Fatalf("no form in %s", page)
	}
	f.fields.Set("person", "bob@example.com")
	f.fields.Set("sp", "urn:test:sp")
	r, page, err = body(http.PostForm(f.action, f.fields))
	if err != nil {
		t.Fatal(err)
	}
	if f, ok = readForm(r.Request.URL, page); !ok {
		t.Fatalf("no form in %s", page)
	}
	if _, _, err = body(http.PostForm(f.action, f.fields)); err != nil {
		t.Fatal(err)
	}
	e := c.received(t)
	if e.SelectAttr("InResponseTo") != nil || e.FindElement("//SubjectConfirmationData").SelectAttr("InResponseTo") != nil {
		t.Error("it answers a request")
	}
}

// TestLogout holds a conversation of single logout by each binding, in both directions.
func TestLogout(t *testing.T) {
	c := converse(t, func(*Options) {})
	request := strings.NewReplacer("https://app.example.com/saml/slo", c.idp.URL()+"/slo",
		"https://idp.example.com/saml", "urn:test:sp").Replace((&maker{Params: TestParams()}).logout().element().String())
	if _, _, err := body(http.Get(c.idp.URL() + "/slo?" + query("SAMLRequest", request, "relay"))); err != nil {
		t.Fatal(err)
	}
	if c.got.Get("tenant") != "1" || c.got.Get("Signature") == "" || c.got.Get("RelayState") != "relay" {
		t.Errorf("the service provider got %v", c.got)
	}
	r, page, err := body(http.PostForm(c.idp.URL()+"/slo", url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(request))}}))
	if err != nil {
		t.Fatal(err)
	}
	f, ok := readForm(r.Request.URL, page)
	if !ok || f.action != c.server.URL+"/slo?tenant=1" {
		t.Fatalf("%+v in %s", f, page)
	}
	answer, err := base64.StdEncoding.DecodeString(f.fields.Get("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify(answer, testNow(), []*x509.Certificate{TestKeys().IdP.Certificate}); err != nil {
		t.Errorf("the answer: %v", err)
	}
	if _, page, err = body(http.Get(c.idp.URL() + "/slo?" + query("SAMLResponse", string(answer), ""))); err != nil || !strings.Contains(string(page), "signed out") {
		t.Errorf("%s, %v", page, err)
	}
}

// TestLogoutRequests holds that requests of the identity provider are signed.
func TestLogoutRequests(t *testing.T) {
	idp, o := testIdP(), LogoutOptions{SLO: TestParams().SLO, Person: TestPeople()[0], RelayState: "x"}
	message, err := base64.StdEncoding.DecodeString(idp.LogoutFormValue(o))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify(message, testNow(), []*x509.Certificate{TestKeys().IdP.Certificate}); err != nil {
		t.Error(err)
	}
	q := idp.LogoutQuery(o)
	signed, value, _ := strings.Cut(q, "&Signature=")
	value, err = url.QueryUnescape(value)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := TestKeys().IdP.Certificate.CheckSignature(x509.SHA256WithRSA, []byte(signed), raw); err != nil {
		t.Error(err)
	}
}

// TestMetadata holds that what is published names the endpoints and the keys.
func TestMetadata(t *testing.T) {
	keys := TestKeys()
	idp := StartIdP(t, Options{Now: testNow, Published: []*x509.Certificate{keys.Second.Certificate}})
	_, got, err := body(http.Get(idp.URL() + "/metadata"))
	doc := etree.NewDocument()
	if err == nil {
		err = doc.ReadFromBytes(got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if n := len(doc.FindElements("//X509Certificate")); n != 2 {
		t.Errorf("%d certificates, want 2", n)
	}
	if got := doc.FindElement("//SingleSignOnService").SelectAttrValue("Location", ""); got != idp.URL()+"/sso" {
		t.Errorf("the SSO endpoint is %s", got)
	}
	if doc.Root().SelectAttrValue("entityID", "") != idp.EntityID() {
		t.Error("the entity ID is another")
	}
}

// TestLookup holds that service providers which come and go are asked for by each request, that those which
// are known are not asked for, and that the answer goes to a service of theirs alone.
func TestLookup(t *testing.T) {
	t.Parallel()
	known := map[string]ServiceProvider{}
	var asked []string
	idp := NewIdP(Options{
		Now:              testNow,
		ServiceProviders: []ServiceProvider{{EntityID: "urn:test:fixed", ACS: []string{"https://fixed.example.com/acs"}}},
		Lookup: func(_ context.Context, entityID string) (ServiceProvider, bool) {
			asked = append(asked, entityID)
			sp, ok := known[entityID]
			return sp, ok
		},
	})
	read := func(entityID, acs string) (AuthnRequest, error) {
		message := `<samlp:AuthnRequest xmlns:samlp="` + nsProtocol + `" xmlns:saml="` + nsAssertion + `" ID="_1" Version="2.0" IssueInstant="2026-01-15T10:00:00Z"` +
			attribute("AssertionConsumerServiceURL", acs) + `><saml:Issuer>` + text(entityID) + `</saml:Issuer></samlp:AuthnRequest>`
		return idp.ReadRequest(httptest.NewRequest(http.MethodGet, "/sso?"+query("SAMLRequest", message, "state"), nil))
	}
	if _, err := read("urn:test:new", "https://new.example.com/acs"); err == nil {
		t.Error("one that is not there was answered")
	}
	known["urn:test:new"] = ServiceProvider{EntityID: "urn:test:new", ACS: []string{"https://new.example.com/acs"}}
	r, err := read("urn:test:new", "https://new.example.com/acs")
	if err != nil || r.ACS != "https://new.example.com/acs" || r.RelayState != "state" || r.ID != "_1" {
		t.Errorf("one that has come: %+v, %v", r, err)
	}
	if _, err := read("urn:test:new", "https://fixed.example.com/acs"); err == nil {
		t.Error("the answer would have gone to another service provider")
	}
	asked = nil
	if _, err := read("urn:test:fixed", "https://fixed.example.com/acs"); err != nil || asked != nil {
		t.Errorf("one that is known: %v, asked for %q", err, asked)
	}
}
