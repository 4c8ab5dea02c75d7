package saml

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// An idpLogout is a message of the identity provider, written and signed with nothing of ours.
type idpLogout struct {
	name                                             string // of the root
	id, version, instant, destination, until, answer string
	issuer, body                                     string
	key                                              crypto.Signer
	method                                           string
	hash                                             crypto.Hash
}

// aLogout returns a request as it should be.
func aLogout() idpLogout {
	return idpLogout{
		name: "LogoutRequest", id: "_r1", version: "2.0", instant: "2026-01-15T11:59:30Z", until: "2026-01-15T12:04:30Z",
		destination: "https://app.example.com/saml/slo", issuer: "https://idp.example.com",
		body: `<saml:NameID Format="` + EmailFormat + `" NameQualifier="q" SPNameQualifier="s"> alice@example.com </saml:NameID><samlp:SessionIndex>_s1</samlp:SessionIndex><samlp:SessionIndex>_s2</samlp:SessionIndex>`,
		key:  rsaTestKeys()[0], method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", hash: crypto.SHA256,
	}
}

// anAnswer returns an answer as it should be.
func anAnswer(to string) idpLogout {
	l := aLogout()
	l.name, l.id, l.until, l.answer = "LogoutResponse", "_a1", "", to
	l.body = `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`
	return l
}

func (l idpLogout) document() string {
	attributes := ""
	for _, a := range [][2]string{{"ID", l.id}, {"Version", l.version}, {"IssueInstant", l.instant}, {"Destination", l.destination}, {"NotOnOrAfter", l.until}, {"InResponseTo", l.answer}} {
		if a[1] != "" {
			attributes += fmt.Sprintf(" %s=%q", a[0], a[1])
		}
	}
	return `<samlp:` + l.name + ` xmlns:samlp="` + nsProtocol + `" xmlns:saml="` + nsAssertion + `"` + attributes + `>` +
		`<saml:Issuer>` + l.issuer + `</saml:Issuer>` + l.body + `</samlp:` + l.name + `>`
}

func (l idpLogout) param() string {
	if strings.HasSuffix(l.name, "Response") {
		return "SAMLResponse"
	}
	return "SAMLRequest"
}

// unsigned returns the query without a signature.
func (l idpLogout) unsigned(relayState string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	w.Write([]byte(l.document()))
	w.Close()
	q := l.param() + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b.Bytes()))
	if relayState != "" {
		q += "&RelayState=" + url.QueryEscape(relayState)
	}
	return q
}

// signed signs octets and adds the signature to them.
func (l idpLogout) signed(t testing.TB, query string) string {
	t.Helper()
	query += "&SigAlg=" + url.QueryEscape(l.method)
	h := l.hash.New()
	h.Write([]byte(query))
	signature, err := l.key.Sign(rand.Reader, h.Sum(nil), l.hash)
	if err != nil {
		t.Fatal(err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}

func (l idpLogout) redirect(t testing.TB) LogoutMessage {
	return LogoutMessage{Query: l.signed(t, l.unsigned("their state & more"))}
}

// enveloped returns the document with a signature in it.
func (l idpLogout) enveloped(t testing.TB, certificate []byte) string {
	t.Helper()
	d := etree.NewDocument()
	if err := d.ReadFromString(l.document()); err != nil {
		t.Fatal(err)
	}
	c, err := dsig.NewSigningContext(l.key, [][]byte{certificate})
	if err != nil {
		t.Fatal(err)
	}
	c.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := c.SetSignatureMethod(l.method); err != nil {
		t.Fatal(err)
	}
	signature, err := c.ConstructSignature(d.Root(), true)
	if err != nil {
		t.Fatal(err)
	}
	d.Root().InsertChildAt(1, signature)
	out, err := d.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (l idpLogout) post(t testing.TB) LogoutMessage {
	return form(l.param(), l.enveloped(t, testCertificate()))
}

func form(param, document string) LogoutMessage {
	values := url.Values{param: {base64.StdEncoding.EncodeToString([]byte(document))}, "RelayState": {"their state & more"}}
	return LogoutMessage{Form: []byte(values.Encode())}
}

func TestReadLogout(t *testing.T) {
	for name, m := range map[string]LogoutMessage{
		"HTTP-Redirect": aLogout().redirect(t),
		"HTTP-POST":     aLogout().post(t),
	} {
		t.Run(name, func(t *testing.T) {
			sp := newProvider(t)
			l, err := sp.ReadLogout(t.Context(), m)
			if err != nil {
				t.Fatal(err, explain(err))
			}
			want := NameID{Value: "alice@example.com", Format: EmailFormat, NameQualifier: "q", SPNameQualifier: "s"}
			if l.Answer() || l.NameID() != want || !slices.Equal(l.Sessions(), []string{"_s1", "_s2"}) || l.Partial() || len(l.Data()) > 0 {
				t.Errorf("%+v", l)
			}
			_, err = sp.ReadLogout(t.Context(), m)
			wantCode(t, err, LogoutReplay, "_r1")
		})
	}
}

// Variations that identity providers send.
func TestReadLogoutAccepts(t *testing.T) {
	change := func(f func(*idpLogout)) LogoutMessage {
		l := aLogout()
		f(&l)
		return l.redirect(t)
	}
	query := aLogout().redirect(t).Query
	parts := strings.Split(query, "&")
	signing := func(c *Config) {
		c.IdP = mustMetadata(t, []byte(idpMetadata(entityID, "", keyXML(testCertificate())+keyXML(certificateFor(ecdsaTestKeys()[1], "p384"))+idpEndpoints)), "")
	}
	p384 := aLogout()
	p384.key, p384.method, p384.hash = ecdsaTestKeys()[1], "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", crypto.SHA384
	for name, m := range map[string]LogoutMessage{
		"no state":                         {Query: aLogout().signed(t, aLogout().unsigned(""))},
		"an empty state":                   {Query: aLogout().signed(t, aLogout().unsigned("")+"&RelayState=")},
		"parameters in another order":      {Query: strings.Join([]string{parts[3], parts[2], parts[1], parts[0]}, "&")},
		"a parameter of the host":          {Query: "provider=1&" + query + "&a=b&a=%zz"},
		"the encoding by name":             {Query: query + "&SAMLEncoding=" + url.QueryEscape(encodingDeflate)},
		"no sessions":                      change(func(l *idpLogout) { l.body = `<saml:NameID>alice@example.com</saml:NameID>` }),
		"no NotOnOrAfter":                  change(func(l *idpLogout) { l.until = "" }),
		"a slow clock":                     change(func(l *idpLogout) { l.instant = "2026-01-15T11:54:01Z"; l.until = "2026-01-15T11:59:01Z" }),
		"a fast clock":                     change(func(l *idpLogout) { l.instant = "2026-01-15T12:01:00Z" }),
		"a time without a zone":            change(func(l *idpLogout) { l.instant = "2026-01-15T11:59:30.123" }),
		"spaces around":                    change(func(l *idpLogout) { l.issuer = "\n  " + l.issuer + "\n" }),
		"extensions":                       change(func(l *idpLogout) { l.body = `<samlp:Extensions><a:b xmlns:a="urn:a"/></samlp:Extensions>` + l.body }),
		"lower case escapes that are kept": {Query: aLogout().signed(t, lowerEscapes(aLogout().unsigned("a/b")))},
		"SHA-512":                          change(func(l *idpLogout) { l.method, l.hash = strings.Replace(l.method, "256", "512", 1), crypto.SHA512 }),
		"ECDSA in ASN.1":                   p384.redirect(t),
		"ECDSA as r and s":                 {Query: sideBySide(t, p384.redirect(t).Query)},
		"ECDSA by POST":                    form("SAMLRequest", p384.enveloped(t, certificateFor(ecdsaTestKeys()[1], "p384"))),
	} {
		t.Run(name, func(t *testing.T) {
			l, err := newProvider(t, signing).ReadLogout(t.Context(), m)
			if err != nil {
				t.Fatal(err, explain(err))
			}
			if l.NameID().Value != "alice@example.com" {
				t.Errorf("%+v", l)
			}
		})
	}
}

// lowerEscapes writes a query as some programs do.
func lowerEscapes(query string) string {
	for _, e := range []string{"%2B", "%2F", "%3D"} {
		query = strings.ReplaceAll(query, e, strings.ToLower(e))
	}
	return query
}

// sideBySide replaces a signature in ASN.1 with one of r and s.
func sideBySide(t testing.TB, query string) string {
	t.Helper()
	at := strings.Index(query, "&Signature=") + len("&Signature=")
	value, _ := url.QueryUnescape(query[at:])
	der, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	out, err := xmlSigner{fixedSigner{ecdsaTestKeys()[1], der}}.Sign(nil, nil, crypto.SHA384)
	if err != nil {
		t.Fatal(err)
	}
	return query[:at] + url.QueryEscape(base64.StdEncoding.EncodeToString(out))
}

func TestReadLogoutRefuses(t *testing.T) {
	changed := func(f func(*idpLogout)) LogoutMessage {
		l := aLogout()
		f(&l)
		return l.redirect(t)
	}
	posting := func(document string) LogoutMessage { return form("SAMLRequest", document) }
	good := aLogout().redirect(t).Query
	enveloped := aLogout().enveloped(t, testCertificate())
	assertion := `<saml:Assertion ID="_a" Version="2.0"><saml:Issuer>https://idp.example.com</saml:Issuer></saml:Assertion>`
	for name, c := range map[string]struct {
		m     LogoutMessage
		code  Code
		words string
	}{
		"nothing":                  {LogoutMessage{}, LogoutParameter, "neither"},
		"both":                     {LogoutMessage{Query: good + "&SAMLResponse=a"}, LogoutParameter, "both"},
		"a parameter twice":        {LogoutMessage{Query: "SAMLRequest=a&" + good}, LogoutParameter, "SAMLRequest twice"},
		"a signature twice":        {LogoutMessage{Query: good + "&Signature=a"}, LogoutParameter, "Signature twice"},
		"a name that is escaped":   {LogoutMessage{Query: strings.Replace(good, "SAMLRequest", "SAML%52equest", 1)}, LogoutParameter, "SAML%52equest"},
		"twice, once escaped":      {LogoutMessage{Query: good + "&Relay%53tate=evil"}, LogoutParameter, "Relay%53tate"},
		"a value badly escaped":    {LogoutMessage{Query: good + "%z"}, LogoutParameter, "Signature"},
		"another encoding":         {LogoutMessage{Query: good + "&SAMLEncoding=none"}, LogoutParameter, "DEFLATE"},
		"too many parameters":      {LogoutMessage{Query: good + strings.Repeat("&a", 64)}, LogoutParameter, "at most 64"},
		"a long state":             {LogoutMessage{Query: aLogout().signed(t, aLogout().unsigned(strings.Repeat("a", 1025)))}, LogoutParameter, "at most 1024"},
		"too much":                 {LogoutMessage{Query: good + "&a=" + strings.Repeat("a", 400<<10)}, RequestTooLarge, "at most 409600"},
		"a bomb":                   {changed(func(l *idpLogout) { l.body += strings.Repeat(" ", 256<<10) }), RequestTooLarge, "at most 262144"},
		"much by POST":             {posting(strings.Replace(enveloped, "</samlp:LogoutRequest>", strings.Repeat(" ", 256<<10)+"</samlp:LogoutRequest>", 1)), RequestTooLarge, "at most 262144"},
		"no base64":                {LogoutMessage{Query: "SAMLRequest=%25"}, EncodingBase64, "base64"},
		"not deflated":             {LogoutMessage{Query: "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(aLogout().document())))}, XMLMalformed, "deflated"},
		"deflated by POST":         {LogoutMessage{Form: []byte(aLogout().unsigned(""))}, XMLMalformed, ""},
		"no document":              {posting("a"), XMLMalformed, "outside the root"},
		"a comment":                {posting(strings.Replace(enveloped, "<samlp:Session", "<!-- --><samlp:Session", 1)), XMLForbidden, "comment"},
		"no signature":             {LogoutMessage{Query: aLogout().unsigned("a")}, LogoutUnsigned, ""},
		"an empty signature":       {LogoutMessage{Query: aLogout().unsigned("a") + "&SigAlg=a&Signature="}, LogoutUnsigned, ""},
		"no signature by POST":     {posting(aLogout().document()), LogoutUnsigned, ""},
		"another key":              {changed(func(l *idpLogout) { l.key = rsaTestKeys()[2] }), LogoutSignature, ""},
		"another key by POST":      {func() LogoutMessage { l := aLogout(); l.key = rsaTestKeys()[2]; return l.post(t) }(), LogoutSignature, ""},
		"a signature of our own":   {changed(func(l *idpLogout) { l.key = rsaTestKeys()[1] }), LogoutSignature, ""},
		"encoded anew":             {LogoutMessage{Query: lowerEscapes(good)}, LogoutSignature, "as it was sent"},
		"another state":            {LogoutMessage{Query: strings.Replace(good, "their", "other", 1)}, LogoutSignature, ""},
		"no state any more":        {LogoutMessage{Query: strings.Replace(good, "&RelayState=their+state+%26+more", "", 1)}, LogoutSignature, ""},
		"a state more":             {LogoutMessage{Query: aLogout().signed(t, aLogout().unsigned("")) + "&RelayState=a"}, LogoutSignature, ""},
		"another message":          {LogoutMessage{Query: func() string { l := aLogout(); l.id = "_r2"; return l.unsigned("their state & more") }() + good[strings.Index(good, "&SigAlg"):]}, LogoutSignature, ""},
		"no base64 in a signature": {LogoutMessage{Query: aLogout().unsigned("a") + "&SigAlg=" + url.QueryEscape(aLogout().method) + "&Signature=!"}, LogoutSignature, ""},
		"changed by POST":          {posting(strings.Replace(enveloped, "alice@", "admin@", 1)), LogoutSignature, ""},
		"SHA-1":                    {changed(func(l *idpLogout) { l.method, l.hash = nsSignature+"rsa-sha1", crypto.SHA1 }), SignatureAlgorithm, "rsa-sha1"},
		"an algorithm of ECDSA":    {changed(func(l *idpLogout) { l.method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" }), LogoutSignature, ""},
		"HMAC":                     {changed(func(l *idpLogout) { l.method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256" }), SignatureAlgorithm, "hmac"},
		"no algorithm":             {changed(func(l *idpLogout) { l.method = "" }), SignatureAlgorithm, ""},
		"another issuer":           {changed(func(l *idpLogout) { l.issuer = "https://other.example.com" }), LogoutIssuer, "https://other.example.com"},
		"another destination":      {changed(func(l *idpLogout) { l.destination = "https://other.example.com/slo" }), LogoutDestination, "https://other.example.com/slo"},
		"no destination":           {changed(func(l *idpLogout) { l.destination = "" }), LogoutDestination, ""},
		"another by POST":          {func() LogoutMessage { l := aLogout(); l.destination += "/"; return l.post(t) }(), LogoutDestination, ""},
		"400 days ago":             {changed(func(l *idpLogout) { l.instant, l.until = "2024-12-11T12:00:00Z", "2024-12-11T12:05:00Z" }), LogoutExpired, "IssueInstant"},
		"too old":                  {changed(func(l *idpLogout) { l.instant = "2026-01-15T11:54:00Z" }), LogoutExpired, "IssueInstant"},
		"of the future":            {changed(func(l *idpLogout) { l.instant = "2026-01-15T12:01:01Z" }), LogoutExpired, "IssueInstant"},
		"of no time":               {changed(func(l *idpLogout) { l.instant = "" }), LogoutExpired, "IssueInstant"},
		"over":                     {changed(func(l *idpLogout) { l.until = "2026-01-15T11:59:00Z" }), LogoutExpired, "NotOnOrAfter"},
		"over at no time":          {changed(func(l *idpLogout) { l.until = "soon" }), LogoutExpired, "NotOnOrAfter"},
		"nobody":                   {changed(func(l *idpLogout) { l.body = "<saml:NameID> </saml:NameID>" }), LogoutProfile, "NameID with a text"},
		"a session without a name": {changed(func(l *idpLogout) { l.body += "<samlp:SessionIndex/>" }), LogoutProfile, "SessionIndex with a text"},
		"an element in a name":     {changed(func(l *idpLogout) { l.body = "<saml:NameID>a<b/></saml:NameID>" }), LogoutProfile, ""},
		"no name":                  {changed(func(l *idpLogout) { l.body = "" }), LogoutProfile, "NameID or EncryptedID"},
		"a BaseID":                 {changed(func(l *idpLogout) { l.body = "<saml:BaseID/>" }), LogoutProfile, "NameID or EncryptedID"},
		"two names":                {changed(func(l *idpLogout) { l.body = "<saml:NameID>a</saml:NameID>" + l.body }), LogoutProfile, "NameID"},
		"text between":             {changed(func(l *idpLogout) { l.body = "and" + l.body }), LogoutProfile, "text"},
		"too many sessions":        {changed(func(l *idpLogout) { l.body += strings.Repeat("<samlp:SessionIndex>a</samlp:SessionIndex>", 63) }), LogoutProfile, "at most 64"},
		"another version":          {changed(func(l *idpLogout) { l.version = "1.1" }), LogoutProfile, "2.0"},
		"no ID":                    {changed(func(l *idpLogout) { l.id = "" }), LogoutProfile, "an ID"},
		"a request as an answer":   {LogoutMessage{Query: strings.Replace(good, "SAMLRequest", "SAMLResponse", 1)}, LogoutProfile, "LogoutResponse"},
		"a response":               {form("SAMLResponse", string(realFiles(t)["ssp-both.xml"])), LogoutProfile, "LogoutResponse"},
		"an assertion in it":       {posting(strings.Replace(aLogout().document(), "</samlp:Logout", assertion+"</samlp:Logout", 1)), LogoutProfile, "Assertion"},
		"an assertion, signed":     {changed(func(l *idpLogout) { l.body += assertion }), LogoutProfile, "Assertion"},
		"one in extensions":        {changed(func(l *idpLogout) { l.body = "<samlp:Extensions><a>" + assertion + "</a></samlp:Extensions>" + l.body }), LogoutProfile, "such as Assertion"},
		"two signatures":           {posting(strings.Replace(enveloped, "</ds:Signature>", `</ds:Signature><ds:Signature xmlns:ds="`+nsSignature+`"/>`, 1)), LogoutProfile, "Signature"},
		"a signature at the end":   {posting(moveSignature(enveloped)), LogoutProfile, "Signature"},
		"enveloped by Redirect":    {changed(func(l *idpLogout) { l.body = `<ds:Signature xmlns:ds="` + nsSignature + `"/>` + l.body }), LogoutProfile, "beside the document"},
		"a reference to all":       {posting(strings.Replace(enveloped, `URI="#_r1"`, `URI=""`, 1)), LogoutSignature, "Reference"},
		"a transform more":         {posting(strings.Replace(enveloped, "<ds:Transforms>", `<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>`, 1)), LogoutSignature, "Transforms"},
		"C14N with comments":       {posting(strings.ReplaceAll(enveloped, "xml-exc-c14n#", "xml-exc-c14n#WithComments")), SignatureAlgorithm, "WithComments"},
		"a digest of MD5":          {posting(strings.Replace(enveloped, "xmlenc#sha256", "xmldsig-more#md5", 1)), SignatureAlgorithm, "md5"},
		"an object":                {posting(strings.Replace(enveloped, "</ds:Signature>", "<ds:Object/></ds:Signature>", 1)), LogoutSignature, "Object"},
		"two references":           {posting(strings.Replace(enveloped, "</ds:Reference>", "</ds:Reference><ds:Reference/>", 1)), LogoutSignature, "SignedInfo"},
		"a reference in two":       {posting(strings.Replace(enveloped, "</ds:DigestValue>", "</ds:DigestValue><ds:DigestValue/>", 1)), LogoutSignature, "in Reference"},
		"no base64 by POST":        {posting(strings.Replace(enveloped, "<ds:SignatureValue>", "<ds:SignatureValue>!", 1)), LogoutSignature, ""},
	} {
		t.Run(name, func(t *testing.T) {
			uses := &countingReplays{}
			l, err := newProvider(t, func(c *Config) { c.Replays = uses }).ReadLogout(t.Context(), c.m)
			if l != nil || uses.n > 0 {
				t.Errorf("%+v beside the refusal, %d uses of the cache", l, uses.n)
			}
			wantCode(t, err, c.code, c.words)
		})
	}
}

// moveSignature makes the signature of a document the last of its elements.
func moveSignature(document string) string {
	from, to := strings.Index(document, "<ds:Signature "), strings.Index(document, "</ds:Signature>")+len("</ds:Signature>")
	return strings.Replace(document[:from]+document[to:], "</samlp:Logout", document[from:to]+"</samlp:Logout", 1)
}

// countingReplays is a cache that is broken, if it has an error, and counts.
type countingReplays struct {
	n     int
	err   error
	until time.Time
}

func (c *countingReplays) Use(_ context.Context, _ string, until time.Time) error {
	c.n++
	c.until = until
	return c.err
}

// All checks are made, and the first one decides.
func TestReadLogoutReport(t *testing.T) {
	l := aLogout()
	l.issuer, l.destination, l.instant = "https://other.example.com", "https://other.example.com/slo", "2024-12-11T12:00:00Z"
	_, err := newProvider(t).ReadLogout(t.Context(), l.redirect(t))
	verdict, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatal(err)
	}
	var codes []Code
	for _, c := range verdict.Report.Failed() {
		codes = append(codes, c.Code)
		if !c.Verified {
			t.Errorf("%s is not of what is signed", c.Code)
		}
	}
	if verdict.Code != LogoutIssuer || !slices.Equal(codes, []Code{LogoutIssuer, LogoutDestination, LogoutExpired}) {
		t.Error(verdict.Code, codes)
	}
	if strings.Contains(err.Error(), "other") {
		t.Errorf("the text has what was received: %v", err)
	}
}

// A cache that is down is no verdict, and the ID is remembered for as long as the message is good.
func TestReadLogoutRemembers(t *testing.T) {
	cache := &countingReplays{err: errors.New("down")}
	sp := newProvider(t, func(c *Config) { c.Replays = cache })
	_, err := sp.ReadLogout(t.Context(), aLogout().redirect(t))
	verdict, ok := errors.AsType[*Error](err)
	if !ok || verdict.Code != StoreUnavailable || !errors.Is(err, cache.err) {
		t.Error(err)
	}
	cache.err = nil
	if _, err := sp.ReadLogout(t.Context(), aLogout().redirect(t)); err != nil {
		t.Fatal(err)
	}
	last := cache.until.Add(-time.Second)
	for d, good := range map[time.Duration]bool{-time.Second: true, 0: false} {
		late := newProvider(t, func(c *Config) { c.Replays, c.Now = &countingReplays{}, func() time.Time { return last.Add(d) } })
		l := aLogout()
		l.until = "2026-01-15T13:00:00Z"
		if _, err := late.ReadLogout(t.Context(), l.redirect(t)); (err == nil) != good {
			t.Errorf("%v after the end of what is remembered: %v", d, err)
		}
	}
}

func TestReadLogoutOptions(t *testing.T) {
	sha1 := aLogout()
	sha1.method, sha1.hash = nsSignature+"rsa-sha1", crypto.SHA1
	allow := func(c *Config) { c.AllowSHA1Insecure = true }
	if _, err := newProvider(t, allow).ReadLogout(t.Context(), sha1.redirect(t)); err != nil {
		t.Error(err)
	}
	if _, err := newProvider(t, allow).ReadLogout(t.Context(), sha1.post(t)); err != nil {
		t.Error(err, explain(err))
	}
	later := func(c *Config) { c.Now = func() time.Time { return noon.AddDate(2, 0, 0) } }
	late := aLogout()
	late.instant, late.until = "2028-01-15T12:00:00Z", ""
	for _, m := range []LogoutMessage{late.redirect(t), late.post(t)} {
		_, err := newProvider(t, later).ReadLogout(t.Context(), m)
		wantCode(t, err, CertificateExpired, "in force")
	}
	ignore := func(c *Config) {
		c.IgnoreCertificateDatesInsecure, c.Replays = true, NewMemoryReplays(0, c.Now)
	}
	if _, err := newProvider(t, later, ignore).ReadLogout(t.Context(), late.redirect(t)); err != nil {
		t.Error(err)
	}
	late.key = rsaTestKeys()[2]
	_, err := newProvider(t, later).ReadLogout(t.Context(), late.redirect(t))
	wantCode(t, err, LogoutSignature, "")
	_, err = newProvider(t, func(c *Config) {
		c.IdP = mustMetadata(t, []byte(idpMetadata(entityID+` validUntil="2026-01-15T12:00:00Z"`, "", "")), "")
	}).ReadLogout(t.Context(), aLogout().redirect(t))
	wantCode(t, err, MetadataExpired, "")
	if _, err := newProvider(t, without).ReadLogout(t.Context(), aLogout().redirect(t)); err != ErrNoLogout {
		t.Error(err)
	}
}

func TestReadLogoutOfEncryptedName(t *testing.T) {
	for name, c := range map[string]struct {
		plain string
		keys  []crypto.Decrypter
		code  Code
	}{
		"a name":           {plain: `<saml:NameID Format="f">alice@example.com</saml:NameID>`, keys: []crypto.Decrypter{rsaTestKeys()[0]}},
		"an empty name":    {plain: `<saml:NameID/>`, keys: []crypto.Decrypter{rsaTestKeys()[0]}, code: LogoutProfile},
		"another element":  {plain: `<saml:Issuer>a</saml:Issuer>`, keys: []crypto.Decrypter{rsaTestKeys()[0]}, code: DecryptionFailed},
		"another key":      {plain: `<saml:NameID>a</saml:NameID>`, keys: []crypto.Decrypter{rsaTestKeys()[2]}, code: DecryptionFailed},
		"no key that fits": {plain: `<saml:NameID>a</saml:NameID>`, code: DecryptionNoKey},
	} {
		t.Run(name, func(t *testing.T) {
			l := aLogout()
			l.body = encryptedID(t, c.plain)
			sp := newProvider(t, func(conf *Config) { conf.Decrypt, conf.DecryptCertificates = c.keys, nil })
			got, err := sp.ReadLogout(t.Context(), l.redirect(t))
			if c.code != "" {
				wantCode(t, err, c.code, "")
			} else if err != nil || got.NameID() != (NameID{Value: "alice@example.com", Format: "f"}) {
				t.Error(got, err, explain(err))
			}
		})
	}
}

func TestStartLogout(t *testing.T) {
	name := NameID{Value: "a&b", Format: PersistentFormat, NameQualifier: `"q"`, SPNameQualifier: "s", SPProvidedID: "p"}
	for binding, want := range map[Binding]string{HTTPRedirect: "https://idp.example.com/slo", HTTPPOST: "https://idp.example.com/slo/post"} {
		sp := newProvider(t, func(c *Config) { c.PreferPOST = binding == HTTPPOST })
		m, err := sp.StartLogout(LogoutRequest{NameID: name, Sessions: []string{"_s<1>", "_s2"}, Data: []byte("back")})
		if err != nil {
			t.Fatal(err)
		}
		document, to := logoutDocument(t, sp, m, "SAMLRequest", "LogoutRequest")
		if to != want {
			t.Errorf("to %s", to)
		}
		root := mustParse(t, string(document), xmlLimits{})
		if !hasAttributes(root, "ID", m.ID, "Version", "2.0", "IssueInstant", "2026-01-15T12:00:00Z", "Destination", want, "NotOnOrAfter", "2026-01-15T12:05:00Z") {
			t.Errorf("%s", document)
		}
		n := root.child(nsAssertion, "NameID")
		if text, _ := n.text(); text != "a&b" || !hasAttributes(n, "Format", PersistentFormat, "NameQualifier", `"q"`, "SPNameQualifier", "s", "SPProvidedID", "p") {
			t.Errorf("%s", document)
		}
		if p, err := sp.openPending(m.Pending, noon); err != nil || p.kind != pendingLogout || p.id != m.ID || string(p.data) != "back" {
			t.Error(p, err)
		}
	}
}

// logoutDocument returns a document of ours, after its signature was verified by others.
func logoutDocument(t testing.TB, sp *ServiceProvider, m Message, param, name string) (document []byte, to string) {
	t.Helper()
	if m.Binding == HTTPPOST {
		document = posted(t, m, param)
		verifyByOthers(t, document, nsProtocol+":"+name, sp.config.SignCertificate)
		return document, m.URL
	}
	document, query, to := redirected(t, m, param)
	checkQuery(t, query, sp.config.Sign.Public())
	return document, to
}

// hasAttributes reports whether an element has these attributes, and no others.
func hasAttributes(n *node, want ...string) bool {
	for i := 0; i < len(want); i += 2 {
		if got, ok := n.attr(want[i]); !ok || got != want[i+1] {
			return false
		}
	}
	return len(n.attrs) == len(want)/2
}

func TestStartLogoutRefuses(t *testing.T) {
	person := NameID{Value: "alice@example.com"}
	for name, r := range map[string]LogoutRequest{
		"nobody": {}, "too many": {NameID: person, Sessions: make([]string, 65)}, "too much": {NameID: person, Data: make([]byte, MaxData+1)},
		"no text": {NameID: NameID{Value: "\x00"}},
	} {
		if m, err := newProvider(t).StartLogout(r); err == nil || m.Binding != "" {
			t.Error(name, m)
		}
	}
	for name, change := range map[string]func(*Config){
		"there": func(c *Config) { c.IdP = mustMetadata(t, metadataFile(t, "okta.xml"), "") },
		"here":  func(c *Config) { c.SLO = "" },
	} {
		if _, err := newProvider(t, change).StartLogout(LogoutRequest{NameID: person}); err != ErrNoLogout {
			t.Error(name, err)
		}
	}
	_, err := newProvider(t, func(c *Config) {
		c.IdP = mustMetadata(t, []byte(idpMetadata(entityID+` validUntil="2026-01-15T12:00:00Z"`, "", keyXML(testCertificate())+idpEndpoints)), "")
	}).StartLogout(LogoutRequest{NameID: person})
	wantCode(t, err, MetadataExpired, "")
}

func TestAnswerLogout(t *testing.T) {
	for name, c := range map[string]struct {
		m    LogoutMessage
		want string
	}{
		"HTTP-Redirect": {aLogout().redirect(t), "https://idp.example.com/slo/answers?a=b&c"},
		"HTTP-POST":     {aLogout().post(t), "https://idp.example.com/slo/post"},
	} {
		for result, status := range map[LogoutResult]string{LoggedOut: statusSuccess, NotLoggedOut: statusResponder} {
			sp := newProvider(t)
			l, err := sp.ReadLogout(t.Context(), c.m)
			if err != nil {
				t.Fatal(err)
			}
			m, err := sp.AnswerLogout(l, result)
			if err != nil || m.RelayState != "their state & more" || m.Pending != "" {
				t.Fatalf("%+v, %v", m, err)
			}
			document, to := logoutDocument(t, sp, m, "SAMLResponse", "LogoutResponse")
			root := mustParse(t, string(document), xmlLimits{})
			if to != c.want || !hasAttributes(root, "ID", m.ID, "Version", "2.0", "IssueInstant", "2026-01-15T12:00:00Z", "Destination", c.want, "InResponseTo", "_r1") {
				t.Errorf("%s: %s to %s", name, document, to)
			}
			if code, _ := statusCodes(root.child(nsProtocol, "Status")); code != status {
				t.Errorf("%s: %s", name, code)
			}
		}
	}
}

// An identity provider that takes answers by one binding alone gets them by that one.
func TestAnswerLogoutByAnotherBinding(t *testing.T) {
	only := strings.Replace(strings.Replace(ssoXML, "SingleSignOn", "SingleLogout", 1), "/sso", "/slo", 1)
	sp := newProvider(t, func(c *Config) {
		c.IdP = mustMetadata(t, []byte(idpMetadata(entityID, "", keyXML(testCertificate())+only+ssoXML)), "")
	})
	l, err := sp.ReadLogout(t.Context(), aLogout().post(t))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := sp.AnswerLogout(l, LoggedOut); err != nil || m.Binding != HTTPRedirect {
		t.Error(m, err)
	}
	sp.config.IdP = mustMetadata(t, []byte(idpMetadata(entityID, "", "")), "")
	if _, err := sp.AnswerLogout(l, LoggedOut); err != ErrNoLogout {
		t.Error(err)
	}
}

func TestReadLogoutAnswer(t *testing.T) {
	sp := newProvider(t)
	ours, err := sp.StartLogout(LogoutRequest{NameID: NameID{Value: "alice@example.com"}, Data: []byte("back")})
	if err != nil {
		t.Fatal(err)
	}
	signOn := start(t, sp, Request{})
	status := func(xml string) func(*idpLogout) {
		return func(l *idpLogout) { l.body = "<samlp:Status>" + xml + "</samlp:Status>" }
	}
	same := func(*idpLogout) {}
	for name, c := range map[string]struct {
		change  func(*idpLogout)
		pending []string
		code    Code
		partial bool
	}{
		"good":                {change: same},
		"among others":        {change: same, pending: []string{signOn.Pending, "another cookie", ours.Pending}},
		"partial":             {change: status(`<samlp:StatusCode Value="` + statusSuccess + `"><samlp:StatusCode Value="` + statusPartial + `"/></samlp:StatusCode>`), partial: true},
		"of another browser":  {change: same, pending: []string{signOn.Pending}, code: InResponseToUnknown},
		"to a sign-in":        {change: func(l *idpLogout) { l.answer = signOn.ID }, pending: []string{signOn.Pending}, code: InResponseToUnknown},
		"to nothing":          {change: func(l *idpLogout) { l.answer = "" }, code: InResponseToUnknown},
		"not done":            {change: status(`<samlp:StatusCode Value="` + statusResponder + `"/>`), code: LogoutStatus},
		"without a code":      {change: status(``), code: LogoutStatus},
		"without a status":    {change: func(l *idpLogout) { l.body = "" }, code: LogoutProfile},
		"with a name as well": {change: func(l *idpLogout) { l.body += aLogout().body }, code: LogoutProfile},
	} {
		t.Run(name, func(t *testing.T) {
			l := anAnswer(ours.ID)
			c.change(&l)
			if c.pending == nil {
				c.pending = []string{ours.Pending}
			}
			for _, m := range []LogoutMessage{l.redirect(t), l.post(t)} {
				m.Pending = c.pending
				sp := newProvider(t)
				got, err := sp.ReadLogout(t.Context(), m)
				if c.code != "" {
					wantCode(t, err, c.code, "")
					continue
				}
				if err != nil || !got.Answer() || got.Partial() != c.partial || string(got.Data()) != "back" {
					t.Fatal(got, err, explain(err))
				}
				if _, err := sp.AnswerLogout(got, LoggedOut); err == nil {
					t.Error("an answer is answered")
				}
				_, err = sp.ReadLogout(t.Context(), m)
				wantCode(t, err, LogoutReplay, "")
			}
		})
	}
}

// Both verifiers of signatures take keys of their own kind alone.
func TestHasSignatureOf(t *testing.T) {
	data := []byte("octets")
	rsaMethod, ecMethod := methodFor(&rsaTestKeys()[0].PublicKey), methodFor(&ecdsaTestKeys()[0].PublicKey)
	for name, k := range map[string]crypto.PublicKey{"RSA": &rsaTestKeys()[0].PublicKey, "ECDSA": &ecdsaTestKeys()[0].PublicKey, "none": nil} {
		for _, m := range []signatureMethod{rsaMethod, ecMethod} {
			for _, signature := range [][]byte{nil, make([]byte, 64), make([]byte, 256)} {
				if hasSignatureOf(k, m, data, signature) {
					t.Errorf("%s has signed with %s", name, m.uri)
				}
			}
		}
	}
	if _, ok := any(&rsaTestKeys()[0].PublicKey).(*rsa.PublicKey); !ok {
		t.Error("the key is of another kind")
	}
	if inASN1(&ecdsa.PublicKey{Curve: ecdsaTestKeys()[0].Curve}, make([]byte, 63)) != nil {
		t.Error("63 bytes are r and s")
	}
}

// encryptedID returns an EncryptedID for rsaTestKeys()[0].
func encryptedID(t testing.TB, plain string) string {
	t.Helper()
	return strings.ReplaceAll(string(canonicalize(nil, gcm256.sealed(t, []byte(plain)), c14nExclusive, nil, nil)), "EncryptedAssertion", "EncryptedID")
}
