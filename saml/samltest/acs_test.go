package samltest

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// A testACS is a small service provider over the engine alone, which can be broken. It is right for
// the families of judged.
type testACS struct {
	ignoreValue  bool // believes the digest, whoever has signed it
	fromDocument bool // verifies what is signed, and reads the first assertion that there is
	anyAudience  bool

	url     string
	mu      sync.Mutex
	trusted []*x509.Certificate
	count   int
	pending map[string]string // requests by browser
	used    map[string]bool   // IDs of assertions
	people  map[string]string // who is signed in, by session
}

const judged = "ABXSMCZ"

// newTarget serves it.
func (s *testACS) newTarget(t *testing.T) Target {
	s.pending, s.used, s.people = map[string]string{}, map[string]bool{}, map[string]string{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /begin", s.begin)
	mux.HandleFunc("POST /acs", s.consume)
	mux.HandleFunc("GET /who", s.who)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return Target{
		Client: func() *http.Client {
			jar, _ := cookiejar.New(nil) // never fails
			return &http.Client{Transport: server.Client().Transport, Jar: jar}
		},
		Begin: s.url + "/begin", Trust: s.trust, Now: testNow, Families: judged,
		SignedIn: func(c *http.Client) (string, bool) {
			r, name, err := body(c.Get(s.url + "/who"))
			return string(name), err == nil && r.StatusCode == http.StatusOK
		},
	}
}

func (s *testACS) trust(metadata []byte) error {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(metadata); err != nil {
		return err
	}
	s.trusted = nil
	for _, e := range doc.FindElements("//X509Certificate") {
		der, err := base64.StdEncoding.DecodeString(e.Text())
		if err != nil {
			return err
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		s.trusted = append(s.trusted, c)
	}
	return nil
}

func (s *testACS) begin(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	browser, id := fmt.Sprint(s.count), fmt.Sprintf("_request%d", s.count)
	s.pending[browser] = id
	http.SetCookie(w, &http.Cookie{Name: "browser", Value: browser, Path: "/"})
	request := fmt.Sprintf(`<p:AuthnRequest xmlns:p="%s" ID="%s" Version="2.0" IssueInstant="%s" AssertionConsumerServiceURL="%s/acs">`+
		`<Issuer xmlns="%s">%s</Issuer></p:AuthnRequest>`, nsProtocol, id, testNow().Format(dateTime), s.url, nsAssertion, TestParams().EntityID)
	http.Redirect(w, r, SSOURL+"?"+query("SAMLRequest", request, "handle"), http.StatusFound)
}

func (s *testACS) consume(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Body = http.MaxBytesReader(w, r.Body, 400<<10)
	raw, err := base64.StdEncoding.DecodeString(r.PostFormValue("SAMLResponse"))
	browser, _ := r.Cookie("browser")
	if err != nil || browser == nil {
		http.Error(w, "no response", http.StatusBadRequest)
		return
	}
	name, err := s.validate(string(raw), s.pending[browser.Value])
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	session := "of-" + browser.Value
	s.people[session] = name
	http.SetCookie(w, &http.Cookie{Name: "session", Value: session, Path: "/"})
}

func (s *testACS) who(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, err := r.Cookie("session")
	if err != nil || s.people[session.Value] == "" {
		http.Error(w, "nobody", http.StatusUnauthorized)
		return
	}
	_, _ = io.WriteString(w, s.people[session.Value])
}

// A checklist notes the first thing that is wrong.
type checklist struct{ err error }

func (c *checklist) must(ok bool, what string) {
	if !ok && c.err == nil {
		c.err = errors.New(what)
	}
}

func (s *testACS) validate(raw, request string) (string, error) {
	c := new(checklist)
	c.must(!strings.Contains(raw, "<!") && !strings.Contains(raw, "<?"), "more than elements and text")
	doc := etree.NewDocument()
	if err := doc.ReadFromString(raw); err != nil || c.err != nil || doc.Root() == nil {
		return "", errors.Join(c.err, err, errors.New("no document"))
	}
	if !s.fromDocument {
		structure(c, doc.Root())
	}
	if c.err != nil {
		return "", c.err
	}
	response := doc.Root()
	signed := response.SelectElement("Signature") != nil
	assertion, err := s.verified(doc)
	if err != nil {
		return "", err
	}
	if s.fromDocument {
		assertion = doc.FindElement("//Assertion")
	}
	s.checkResponse(c, response, request, signed)
	s.checkAssertion(c, assertion, request)
	if c.err != nil {
		return "", c.err
	}
	s.used[assertion.SelectAttrValue("ID", "")] = true
	return textOf(assertion, "./Subject/NameID"), nil
}

// structure checks that there is one assertion in its place, with signatures in theirs.
func structure(c *checklist, response *etree.Element) {
	c.must(response.Tag == "Response" && response.NamespaceURI() == nsProtocol, "no response")
	c.must(len(response.Attr) <= 16, "attributes")
	c.must(len(response.FindElements("//Assertion")) == 1 && len(response.SelectElements("Assertion")) == 1, "assertions")
	c.must(len(response.SelectElements("Status")) == 1 && response.SelectElement("Extensions") == nil, "children")
	if c.err != nil {
		return
	}
	assertion := response.SelectElement("Assertion")
	c.must(assertion.SelectAttrValue("ID", "") != response.SelectAttrValue("ID", ""), "one ID for two")
	own := append(response.SelectElements("Signature"), assertion.SelectElements("Signature")...)
	c.must(len(own) == len(response.FindElements("//Signature")), "a signature out of its place")
	for _, e := range []*etree.Element{response, assertion} {
		c.must(len(e.SelectElements("Signature")) <= 1, "two signatures")
	}
	for _, e := range own {
		signatureStructure(c, e)
	}
}

func signatureStructure(c *checklist, signature *etree.Element) {
	for _, child := range signature.ChildElements() {
		c.must(slices.Contains([]string{"SignedInfo", "SignatureValue", "KeyInfo"}, child.Tag), "children of a signature")
		c.must(len(signature.SelectElements(child.Tag)) == 1, "twice in a signature")
	}
	for _, reference := range signature.FindElements(".//Reference") {
		c.must(reference.SelectAttrValue("URI", "") == "#"+signature.Parent().SelectAttrValue("ID", ""), "a reference")
	}
	for _, e := range signature.FindElements(".//*[@Algorithm]") {
		switch a := e.SelectAttrValue("Algorithm", ""); a {
		case exclusive, enveloped, digestMethods[5], methodOf(TestKeys().IdP, 5), methodOf(TestKeys().ECDSA, 5):
		default:
			c.must(false, a)
		}
	}
}

// verified returns the assertion as it was verified.
func (s *testACS) verified(doc *etree.Document) (*etree.Element, error) {
	var assertion *etree.Element
	for _, e := range append(doc.FindElements("//Response"), doc.FindElements("//Assertion")...) {
		if !bare(e) {
			continue
		}
		v, err := s.verify(e)
		if err != nil {
			return nil, err
		}
		if v.Tag == "Response" {
			v = v.SelectElement("Assertion")
		}
		assertion = v
	}
	if assertion == nil {
		return nil, errors.New("nothing signed")
	}
	return assertion, nil
}

func (s *testACS) verify(e *etree.Element) (v *etree.Element, err error) {
	if s.ignoreValue {
		return onlyDigest(e)
	}
	for _, c := range s.trusted {
		engine := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
		engine.Clock = dsig.NewFakeClockAt(testNow())
		if v, err = engine.Validate(e); err == nil {
			return v, nil
		}
	}
	return nil, err
}

// onlyDigest verifies no more of a signature than the digest.
func onlyDigest(e *etree.Element) (*etree.Element, error) {
	want := e.FindElement("./Signature/SignedInfo/Reference/DigestValue").Text()
	alone := e.Copy()
	alone.RemoveChild(alone.SelectElement("Signature"))
	doc := etree.NewDocument()
	doc.SetRoot(alone)
	text, err := doc.WriteToString()
	if err == nil && (signature{hash: 5, c14n: exclusive}).digest(text) != want {
		err = errors.New("another digest")
	}
	return alone, err
}

func (s *testACS) checkResponse(c *checklist, r *etree.Element, request string, signed bool) {
	destination := r.SelectAttrValue("Destination", "")
	c.must(destination == s.url+"/acs" || destination == "" && !signed, "destination")
	c.must(r.SelectAttrValue("InResponseTo", "") == request, "request")
	issuer := r.SelectElement("Issuer")
	c.must(issuer == nil || issuer.Text() == TestParams().IdPEntityID, "issuer of the response")
	code := r.FindElement("./Status/StatusCode")
	c.must(code != nil && code.SelectAttrValue("Value", "") == statusSuccess, "status")
}

func (s *testACS) checkAssertion(c *checklist, a *etree.Element, request string) {
	c.must(textOf(a, "./Issuer") == TestParams().IdPEntityID, "issuer")
	c.must(a.SelectAttrValue("Version", "") == "2.0", "version")
	c.must(!s.used[a.SelectAttrValue("ID", "")], "replay")
	c.must(testNow().Sub(timeOf(a, "IssueInstant", time.Time{})) < 5*time.Minute, "instant")
	c.must(textOf(a, "./Subject/NameID") != "", "subject")
	s.checkConditions(c, a.SelectElement("Conditions"))
	c.must(slices.ContainsFunc(a.FindElements("./Subject/SubjectConfirmation"), func(e *etree.Element) bool {
		return s.confirms(e, request)
	}), "confirmation")
	for _, e := range a.SelectElements("AuthnStatement") {
		c.must(within(e, "", "SessionNotOnOrAfter"), "session")
	}
	names := map[string]bool{}
	for _, e := range a.FindElements("./AttributeStatement/Attribute") {
		c.must(!names[e.SelectAttrValue("Name", "")], "attribute twice")
		names[e.SelectAttrValue("Name", "")] = true
	}
}

func (s *testACS) checkConditions(c *checklist, conditions *etree.Element) {
	c.must(conditions != nil, "conditions")
	if conditions == nil {
		return
	}
	c.must(within(conditions, "NotBefore", "NotOnOrAfter"), "time")
	c.must(s.anyAudience || conditions.SelectElement("AudienceRestriction") != nil, "no audience")
	for _, e := range conditions.ChildElements() {
		c.must(e.Tag == "AudienceRestriction" || e.Tag == "OneTimeUse", "condition")
		if e.Tag == "AudienceRestriction" && !s.anyAudience {
			c.must(slices.ContainsFunc(e.SelectElements("Audience"), func(e *etree.Element) bool {
				return strings.TrimSpace(e.Text()) == TestParams().EntityID
			}), "audience")
		}
	}
}

func (s *testACS) confirms(e *etree.Element, request string) bool {
	d := e.SelectElement("SubjectConfirmationData")
	return d != nil && e.SelectAttrValue("Method", "") == bearer && d.SelectAttr("NotBefore") == nil &&
		d.SelectAttr("NotOnOrAfter") != nil && within(d, "", "NotOnOrAfter") &&
		d.SelectAttrValue("Recipient", "") == s.url+"/acs" && d.SelectAttrValue("InResponseTo", "") == request
}

// within reports whether it is now between two attributes, give or take a minute.
func within(e *etree.Element, from, to string) bool {
	return !testNow().Add(time.Minute).Before(timeOf(e, from, testNow())) &&
		testNow().Add(-time.Minute).Before(timeOf(e, to, testNow()))
}

func timeOf(e *etree.Element, name string, otherwise time.Time) time.Time {
	v := e.SelectAttrValue(name, "")
	if v == "" {
		return otherwise
	}
	t, err := time.Parse(dateTime, strings.TrimSuffix(v, "Z")+"Z")
	if err != nil {
		return time.Time{}
	}
	return t
}

func textOf(e *etree.Element, path string) string {
	if found := e.FindElement(path); found != nil {
		return strings.TrimSpace(found.Text())
	}
	return ""
}

// TestRightACS holds that a service provider that is right passes.
func TestRightACS(t *testing.T) {
	TestServiceProvider(t, new(testACS).newTarget(t))
}

// TestBrokenACS holds that one that is broken in one way fails: by the cases that are about it, and by
// no others.
func TestBrokenACS(t *testing.T) {
	for _, test := range []struct {
		name string
		acs  *testACS
		want string
	}{
		{"ignores SignatureValue", &testACS{ignoreValue: true}, "A5 A6 B4 B5"},
		{
			"reads claims from the document", &testACS{fromDocument: true},
			"B1 B7 B9 X3 X4 X7 X9 X10 X12 X13 X15 X16 S9 M1 M2 M3",
		},
		{"skips the audience", &testACS{anyAudience: true}, "C1 C2 C29"},
	} {
		target := test.acs.newTarget(t)
		target.Families = "ABXSMC"
		trial := newTrial(target)
		for _, c := range controls() {
			if err := trial.judge(c); err != nil {
				t.Errorf("%s: %s: %v", test.name, c.ID, err)
			}
		}
		var failed []string
		for _, c := range trial.cases() {
			if err := trial.judge(c); err != nil {
				failed = append(failed, c.ID)
			}
		}
		if got := strings.Join(failed, " "); got != test.want {
			t.Errorf("one that %s fails %s, want %s", test.name, got, test.want)
		}
	}
}
