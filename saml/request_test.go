package saml

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/xml"
	"io"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"
)

// authnRequest is what other programs read of a request.
type authnRequest struct {
	XMLName                                xml.Name
	ID, Version, IssueInstant, Destination string     `xml:",attr"`
	ForceAuthn, ProtocolBinding            string     `xml:",attr"`
	ACS                                    string     `xml:"AssertionConsumerServiceURL,attr"`
	Issuer                                 string     `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Signature                              []struct{} `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	Policy                                 struct {
		AllowCreate string `xml:",attr"`
		Format      string `xml:",attr"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol NameIDPolicy"`
	Contexts struct {
		Comparison string   `xml:",attr"`
		Class      []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnContextClassRef"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol RequestedAuthnContext"`
}

// redirected returns the document in a URL, its query, and where it went.
func redirected(t testing.TB, m Message, param string) (document []byte, query, location string) {
	t.Helper()
	if m.Binding != HTTPRedirect || len(m.Form) > 0 {
		t.Fatalf("%+v", m)
	}
	at := strings.Index(m.URL, param+"=")
	if at < 1 {
		t.Fatal(m.URL)
	}
	location, query = m.URL[:at-1], m.URL[at:]
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	deflated, err := base64.StdEncoding.DecodeString(values.Get(param))
	if err != nil {
		t.Fatal(err)
	}
	document, err = io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	if err != nil {
		t.Fatal(err)
	}
	return document, query, location
}

// readRequest reads a request as other programs do.
func readRequest(t testing.TB, document []byte) (r authnRequest) {
	t.Helper()
	if err := xml.Unmarshal(document, &r); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	mustParse(t, string(document), xmlLimits{})
	return r
}

func start(t testing.TB, sp *ServiceProvider, r Request) Message {
	t.Helper()
	m, err := sp.Start(r)
	if err != nil {
		t.Fatal(err, explain(err))
	}
	return m
}

func TestStartByRedirect(t *testing.T) {
	sp := newProvider(t, without)
	m := start(t, sp, Request{ACS: "https://app.example.com/saml/acs?x=1&y=2", Data: []byte("tenant")})
	document, query, location := redirected(t, m, "SAMLRequest")
	if location != "https://idp.example.com/sso?tenant=a&b=%20c" || strings.Contains(query, "SigAlg") {
		t.Errorf("%s to %s", query, location)
	}
	r := readRequest(t, document)
	if r.XMLName.Space != nsProtocol || r.XMLName.Local != "AuthnRequest" || r.Version != "2.0" || r.ForceAuthn != "" || r.ProtocolBinding != bindingPOST {
		t.Errorf("%+v", r)
	}
	if r.ID != m.ID || r.IssueInstant != "2026-01-15T12:00:00Z" || r.Destination != location || r.Issuer != sp.config.EntityID || r.ACS != "https://app.example.com/saml/acs?x=1&y=2" {
		t.Errorf("%+v", r)
	}
	if r.Policy.Format != EmailFormat || r.Policy.AllowCreate != "true" || r.Contexts.Class != nil || r.Signature != nil {
		t.Errorf("%+v", r)
	}
	if values, _ := url.ParseQuery(query); values.Get("RelayState") != m.RelayState || len(m.RelayState) == 0 || len(m.RelayState) > 80 {
		t.Errorf("RelayState %q", m.RelayState)
	}
	p, err := sp.openPending(m.Pending, noon)
	if err != nil || p.id != m.ID || p.acs != r.ACS || string(p.data) != "tenant" || p.force || p.kind != pendingSignOn {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestStartOptions(t *testing.T) {
	classes := []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:X509", "urn:a:b"}
	sp := newProvider(t, func(c *Config) { c.NameIDFormat, c.AuthnContexts = UnspecifiedFormat, classes })
	m := start(t, sp, Request{ForceAuthn: true})
	document, _, _ := redirected(t, m, "SAMLRequest")
	r := readRequest(t, document)
	if r.ForceAuthn != "true" || r.Policy.Format != UnspecifiedFormat || r.Contexts.Comparison != "exact" || strings.Join(r.Contexts.Class, " ") != strings.Join(classes, " ") {
		t.Errorf("%+v", r)
	}
	if p, err := sp.openPending(m.Pending, noon); err != nil || !p.force || p.acs != sp.config.ACS[0] || r.ACS != p.acs {
		t.Errorf("%+v, %v", p, err)
	}
}

// checkQuery verifies the signature of a query with nothing of ours.
func checkQuery(t testing.TB, query string, public crypto.PublicKey) {
	t.Helper()
	signed, last, ok := strings.Cut(query, "&Signature=")
	value, err := url.QueryUnescape(last)
	signature, err2 := base64.StdEncoding.DecodeString(value)
	if !ok || err != nil || err2 != nil {
		t.Fatal(query)
	}
	values, _ := url.ParseQuery(query)
	valid := false
	switch k := public.(type) {
	case *rsa.PublicKey:
		sum := sha256.Sum256([]byte(signed))
		valid = values.Get("SigAlg") == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" && rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
		var digest []byte
		switch name := strings.TrimPrefix(values.Get("SigAlg"), "http://www.w3.org/2001/04/xmldsig-more#"); name + k.Params().Name {
		case "ecdsa-sha256P-256":
			sum := sha256.Sum256([]byte(signed))
			digest = sum[:]
		case "ecdsa-sha384P-384":
			sum := sha512.Sum384([]byte(signed))
			digest = sum[:]
		case "ecdsa-sha512P-521":
			sum := sha512.Sum512([]byte(signed))
			digest = sum[:]
		}
		valid = half*2 == len(signature) && half == (k.Params().BitSize+7)/8 && ecdsa.Verify(k, digest, r, s)
	}
	if !valid {
		t.Fatalf("%T does not verify %s", public, query)
	}
}

func TestStartSignsTheQuery(t *testing.T) {
	for name, key := range signingKeys() {
		t.Run(name, func(t *testing.T) {
			m := start(t, newProvider(t, signingWith(key)), Request{})
			document, query, _ := redirected(t, m, "SAMLRequest")
			checkQuery(t, query, key.Public())
			if r := readRequest(t, document); r.Signature != nil {
				t.Error("there is a signature in the document as well")
			}
			var names []string
			for _, pair := range strings.Split(query, "&") {
				names = append(names, strings.SplitN(pair, "=", 2)[0])
			}
			if got := strings.Join(names, " "); got != "SAMLRequest RelayState SigAlg Signature" {
				t.Errorf("the order is %s", got)
			}
		})
	}
}

func TestStartByPOST(t *testing.T) {
	for name, key := range signingKeys() {
		t.Run(name, func(t *testing.T) {
			sp := newProvider(t, signingWith(key), func(c *Config) { c.PreferPOST = true })
			m := start(t, sp, Request{})
			document := posted(t, m, "SAMLRequest")
			if m.URL != "https://idp.example.com/sso/post" {
				t.Error(m.URL)
			}
			r := readRequest(t, document)
			if len(r.Signature) != 1 || r.Destination != m.URL || r.ID != m.ID {
				t.Errorf("%+v", r)
			}
			root := mustParse(t, string(document), xmlLimits{})
			if root.elements()[0].local != "Issuer" || root.elements()[1].local != "Signature" {
				t.Error("the signature does not follow the issuer")
			}
			verifyByOthers(t, document, nsProtocol+":AuthnRequest", sp.config.SignCertificate)
			verifyByUs(t, document, sp.config.SignCertificate)
		})
	}
	m := start(t, newProvider(t, without, func(c *Config) { c.PreferPOST = true }), Request{})
	if r := readRequest(t, posted(t, m, "SAMLRequest")); r.Signature != nil {
		t.Error("signed without a key")
	}
}

// posted returns the document in a form.
func posted(t testing.TB, m Message, param string) []byte {
	t.Helper()
	if m.Binding != HTTPPOST || len(m.Form) != 2 || m.Form[0].Name != param || m.Form[1] != (Field{"RelayState", m.RelayState}) {
		t.Fatalf("%+v", m)
	}
	document, err := base64.StdEncoding.DecodeString(m.Form[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// The binding follows what the identity provider takes.
func TestStartChoosesTheBinding(t *testing.T) {
	only := func(binding string) func(*Config) {
		return func(c *Config) {
			endpoint := strings.Replace(ssoXML, bindingRedirect, binding, 1)
			c.IdP = mustMetadata(t, []byte(idpMetadata(entityID, "", keyXML(testCertificate())+endpoint)), "")
		}
	}
	prefer := func(c *Config) { c.PreferPOST = true }
	for want, changes := range map[Binding][]func(*Config){
		HTTPRedirect: {only(bindingRedirect), prefer},
		HTTPPOST:     {only(bindingPOST)},
	} {
		if m := start(t, newProvider(t, changes...), Request{}); m.Binding != want {
			t.Errorf("%s, want %s", m.Binding, want)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	sp := newProvider(t)
	if _, err := sp.Start(Request{ACS: "https://app.example.com/other"}); err == nil || !strings.Contains(err.Error(), "Request.ACS") {
		t.Error(err)
	}
	if _, err := sp.Start(Request{Data: make([]byte, MaxData+1)}); err == nil || !strings.Contains(err.Error(), "Request.Data") {
		t.Error(err)
	}
	start(t, sp, Request{Data: make([]byte, MaxData)})
	wants := func(c *Config) {
		c.IdP = mustMetadata(t, []byte(idpMetadata(entityID, `WantAuthnRequestsSigned="true"`, "")), "")
	}
	_, err := newProvider(t, without, wants).Start(Request{})
	wantCode(t, err, ConfigInvalid, "takes signed requests only")
	start(t, newProvider(t, wants), Request{})
	_, err = newProvider(t, func(c *Config) {
		c.IdP = mustMetadata(t, []byte(idpMetadata(entityID+` validUntil="2026-01-15T12:00:00Z"`, "", "")), "")
	}).Start(Request{})
	wantCode(t, err, MetadataExpired, "2026-01-15T12:00:00Z")
	for _, post := range []bool{false, true} {
		_, err = newProvider(t, func(c *Config) { c.Sign, c.PreferPOST = brokenSigner{c.Sign}, post }).Start(Request{})
		if err == nil || !strings.Contains(err.Error(), "the key is away") {
			t.Error(err)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	seen := make(map[string]bool)
	sp := newProvider(t, without)
	for range 100 {
		m := start(t, sp, Request{})
		if seen[m.ID] || len(m.ID) != 41 || m.ID[0] != '_' || seen[m.Pending] {
			t.Fatal(m.ID)
		}
		seen[m.ID], seen[m.Pending] = true, true
	}
}

// An ECDSA key whose signatures cannot be read signs nothing.
func TestSignerOfNonsense(t *testing.T) {
	for _, signature := range []string{"", "0", "\x30\x06\x02\x01\x00\x02\x01\x01", "\x30\x06\x02\x01\x01\x02\x01\x01x"} {
		s := xmlSigner{fixedSigner{ecdsaTestKeys()[0], []byte(signature)}}
		if out, err := s.Sign(nil, nil, crypto.SHA256); err == nil {
			t.Errorf("%x is %x", signature, out)
		}
	}
	big := append([]byte("\x30\x26\x02\x21\x01"), append(make([]byte, 32), 2, 1, 1)...)
	if _, err := (xmlSigner{fixedSigner{ecdsaTestKeys()[0], big}}).Sign(nil, nil, crypto.SHA256); err == nil || !strings.Contains(err.Error(), "another curve") {
		t.Error(err)
	}
}

type fixedSigner struct {
	crypto.Signer
	signature []byte
}

func (s fixedSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return s.signature, nil
}

func TestPending(t *testing.T) {
	sp := newProvider(t)
	p := pend(pendingSignOn, noon)
	p.acs, p.data, p.force = "https://app.example.com/saml/acs", []byte("a\x00b"), true
	sealed, err := sp.sealPending(p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := sp.openPending(sealed, noon.Add(PendingFor-time.Second))
	if err != nil || got.id != p.id || got.acs != p.acs || string(got.data) != "a\x00b" || !got.force || got.kind != pendingSignOn || !got.created.Equal(noon) || !got.expires.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := sp.openPending(sealed, noon.Add(PendingFor)); err != errPendingExpired {
		t.Error(err)
	}
	flipped := []byte(sealed)
	flipped[len(flipped)/2] ^= 1
	for name, s := range map[string]string{
		"empty": "", "shorter": sealed[:len(sealed)-1], "longer": sealed + "A", "changed": string(flipped), "padded": sealed + "=",
		"another alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(sealed) + "\n", "too long": sealed + strings.Repeat("A", maxSealed),
	} {
		if got, err := sp.openPending(s, noon); err != errPending {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Whoever shares the keys does not share the requests.
func TestPendingIsForOnePair(t *testing.T) {
	sealed := start(t, newProvider(t), Request{}).Pending
	for name, change := range map[string]func(*Config){
		"another entity":   func(c *Config) { c.EntityID = "https://other.example.com" },
		"another provider": func(c *Config) { c.IdP = mustMetadata(t, metadataFile(t, "okta.xml"), "") },
		"another key":      func(c *Config) { c.Seal = [][]byte{bytes.Repeat([]byte{2}, minSeal)} },
	} {
		if _, err := newProvider(t, change).openPending(sealed, noon); err != errPending {
			t.Errorf("%s: %v", name, err)
		}
	}
	rolled := newProvider(t, func(c *Config) { c.Seal = append([][]byte{bytes.Repeat([]byte{2}, 40)}, c.Seal...) })
	if _, err := rolled.openPending(sealed, noon); err != nil {
		t.Error("the second key does not open:", err)
	}
	if _, err := newProvider(t).openPending(start(t, rolled, Request{}).Pending, noon); err != errPending {
		t.Error("the second key seals:", err)
	}
}

// What was sealed in another form, or by a mistake, is not read.
func TestPendingOfAnotherForm(t *testing.T) {
	sp := newProvider(t)
	head := append([]byte{pendingForm, 's', 0}, make([]byte, 16)...)
	for name, text := range map[string][]byte{
		"nothing": {}, "a head alone": head, "another form": append([]byte{2}, head[1:]...), "two texts": appendParts(head, "a", "b"),
		"four texts": appendParts(head, "a", "b", "c", "d"), "a length too long": append(appendParts(head, "a", "b"), 9, 'c'),
		"a length without end": append(head, 0xFF),
	} {
		sealed, ok := sp.seals.seal(text)
		if !ok {
			t.Fatal(name)
		}
		if got, err := sp.openPending(sealed, time.Unix(-1, 0)); err != errPending {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestPendingFitsACookie(t *testing.T) {
	sp := newProvider(t)
	p := pend(pendingSignOn, noon)
	p.acs, p.data = strings.Repeat("a", 700), make([]byte, MaxData)
	if sealed, err := sp.sealPending(p); err != nil || len(sealed) > 3800 {
		t.Error(len(sealed), err)
	}
	p.acs = strings.Repeat("a", 1000)
	if _, err := sp.sealPending(p); err != errPendingLong {
		t.Error(err)
	}
	long := "https://app.example.com/" + strings.Repeat("a", 1500)
	sp = newProvider(t, func(c *Config) { c.ACS = []string{long} })
	if _, err := sp.Start(Request{Data: make([]byte, MaxData)}); err != errPendingLong {
		t.Error(err)
	}
}

func TestFindPending(t *testing.T) {
	sp := newProvider(t)
	var sealed []string
	var ids []string
	for range 6 {
		m := start(t, sp, Request{})
		sealed, ids = append(sealed, m.Pending), append(ids, m.ID)
	}
	sealed[1] = "another cookie"
	for i, id := range ids {
		p, ok := sp.findPending(sealed, pendingSignOn, id, noon)
		if want := i != 1 && i < 5; ok != want || ok && p.id != id {
			t.Errorf("%d: %v", i, ok)
		}
	}
	if _, ok := sp.findPending(sealed, pendingLogout, ids[0], noon); ok {
		t.Error("a sign-in is the request of a logout")
	}
	if _, ok := sp.findPending(sealed, pendingSignOn, ids[0], noon.Add(time.Hour)); ok {
		t.Error("found after its time")
	}
	if _, ok := sp.findPending(nil, pendingSignOn, "", noon); ok {
		t.Error("found nothing")
	}
}
