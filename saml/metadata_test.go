package saml

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// metadataFile returns a document of testdata/metadata.
func metadataFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "metadata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// mustMetadata reads metadata that is accepted.
func mustMetadata(t testing.TB, data []byte, entityID string) *Metadata {
	t.Helper()
	m, err := MetadataOptions{EntityID: entityID, AllowLoopback: true}.Parse(data)
	if err != nil {
		t.Fatal(err, explain(err))
	}
	return m
}

// explain returns what a refusal says to whoever can read a report.
func explain(err error) string {
	var b strings.Builder
	if verdict, ok := errors.AsType[*Error](err); ok {
		for _, c := range verdict.Report.Failed() {
			b.WriteString(string(c.Code) + ": wanted " + c.Expected + ", got " + c.Actual + "\n")
		}
	}
	return b.String()
}

// wantCode wants a refusal, with a code, whose report has some words.
func wantCode(t testing.TB, err error, code Code, words string) {
	t.Helper()
	verdict, ok := errors.AsType[*Error](err)
	if !ok || verdict.Code != code || !strings.Contains(explain(err), words) {
		t.Fatalf("%v\n%swant %s with %q", err, explain(err), code, words)
	}
}

func TestMetadataOfVendors(t *testing.T) {
	for name, want := range map[string]struct {
		file, entityID   string
		keys             int
		bindings, logout string // R = HTTP-Redirect, P = HTTP-POST
		formats          int
		signed           bool
		sso              string
	}{
		"Entra ID":   {file: "entra.xml", entityID: "https://sts.windows.net/3f2b9c4e-6d1a-4b7e-9c55-0a1b2c3d4e5f/", keys: 2, bindings: "RP", logout: "R", sso: "https://login.microsoftonline.com/3f2b9c4e-6d1a-4b7e-9c55-0a1b2c3d4e5f/saml2"},
		"AD FS":      {file: "adfs.xml", entityID: "http://adfs.example.com/adfs/services/trust", keys: 2, bindings: "RP", logout: "RP", formats: 3, sso: "https://adfs.example.com/adfs/ls/"},
		"Okta":       {file: "okta.xml", entityID: "http://www.okta.com/exk4a7c1example5d7", keys: 1, bindings: "PR", formats: 2, sso: "https://example.okta.com/app/example_gatehouse_1/exk4a7c1example5d7/sso/saml"},
		"Google":     {file: "google.xml", entityID: "https://accounts.google.com/o/saml2?idpid=C01example", keys: 1, bindings: "RP", formats: 1, sso: "https://accounts.google.com/o/saml2/idp?idpid=C01example"},
		"JumpCloud":  {file: "jumpcloud.xml", entityID: "JumpCloud", keys: 1, bindings: "RP", formats: 1, sso: "https://sso.jumpcloud.com/saml2/gatehouse"},
		"federation": {file: "federation.xml", entityID: "https://idp.example.org", keys: 2, bindings: "R", signed: true, sso: "https://idp.example.org/sso"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ParseMetadata(metadataFile(t, want.file), want.entityID)
			if err != nil {
				t.Fatal(err, explain(err))
			}
			if m.EntityID() != want.entityID || len(m.Keys()) != want.keys || len(m.Skipped()) > 0 {
				t.Errorf("%q with %d keys, skipped %q", m.EntityID(), len(m.Keys()), m.Skipped())
			}
			if b := letters(m.SignOn()); b != want.bindings || m.SignOn()[0].Location != want.sso {
				t.Errorf("sign-on by %s at %q", b, m.SignOn()[0].Location)
			}
			if b := letters(m.Logout()); b != want.logout {
				t.Errorf("logout by %s", b)
			}
			if len(m.NameIDFormats()) != want.formats || m.WantAuthnRequestsSigned() != want.signed {
				t.Errorf("formats %q, signed %v", m.NameIDFormats(), m.WantAuthnRequestsSigned())
			}
		})
	}
}

func letters(endpoints []Endpoint) (out string) {
	for _, e := range endpoints {
		out += strings.TrimPrefix(string(e.Binding), "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-")[:1]
	}
	return strings.ReplaceAll(out, "H", "")
}

func TestMetadataOfRealProviders(t *testing.T) {
	found := 0
	for name, data := range realFiles(t) {
		if !strings.HasSuffix(name, "-idp-metadata.xml") {
			continue
		}
		found++
		m := mustMetadata(t, data, "")
		if len(m.Keys()) != 1 || m.Keys()[0].Subject == "" {
			t.Errorf("%s: %v", name, m.Keys())
		}
		_, err := ParseMetadata(data, "")
		wantCode(t, err, MetadataEndpoint, "https")
	}
	if found != 3 {
		t.Errorf("%d identity providers", found)
	}
	m := mustMetadata(t, realFiles(t)["llng-idp-metadata.xml"], "")
	if e := m.Logout()[0]; e.answers() != "http://127.0.0.1:8092/saml/singleLogoutReturn" || m.Logout()[0].Location == e.answers() {
		t.Errorf("answers go to %q", e.answers())
	}
}

// The first of the certificates in an X509Data has the key; the others are its chain.
func TestMetadataKeyOfChain(t *testing.T) {
	m := mustMetadata(t, metadataFile(t, "federation.xml"), "https://idp.example.org")
	var subjects []string
	for _, k := range m.Keys() {
		subjects = append(subjects, k.Subject)
	}
	if !slices.Equal(subjects, []string{"CN=signing", "CN=next"}) {
		t.Errorf("keys of %q", subjects)
	}
}

func TestMetadataTimes(t *testing.T) {
	data := metadataFile(t, "federation.xml")
	m := mustMetadata(t, data, "https://idp.example.org")
	until, ok := m.ValidUntil()
	if want := time.Date(2026, 12, 30, 23, 0, 0, 0, time.UTC); !ok || !until.Equal(want) {
		t.Errorf("valid until %v, want the earliest, %v", until, want)
	}
	fetched := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	if at, ok := m.CacheUntil(fetched); !ok || !at.Equal(fetched.Add(6*time.Hour)) {
		t.Errorf("cached until %v, want the shortest", at)
	}
	if err := m.ValidAt(until.Add(-time.Second)); err != nil {
		t.Error(err)
	}
	wantCode(t, m.ValidAt(until), MetadataExpired, "2026-12-30T23:00:00Z")
	two := mustMetadata(t, data, "urn:example:idp:two")
	if until, _ := two.ValidUntil(); !until.Equal(time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("valid until %v, want that of the list", until)
	}
	okta := mustMetadata(t, metadataFile(t, "okta.xml"), "")
	if _, ok := okta.ValidUntil(); ok || okta.ValidAt(until.AddDate(1000, 0, 0)) != nil {
		t.Error("metadata without validUntil ends")
	}
	if _, ok := okta.CacheUntil(fetched); ok {
		t.Error("metadata without cacheDuration has one")
	}
}

func TestMetadataRoundTrip(t *testing.T) {
	for _, file := range []string{"entra.xml", "adfs.xml", "okta.xml", "google.xml", "jumpcloud.xml", "federation.xml"} {
		id := ""
		if file == "federation.xml" {
			id = "https://idp.example.org"
		}
		checkRoundTrip(t, mustMetadata(t, metadataFile(t, file), id))
	}
	for name, data := range realFiles(t) {
		if strings.HasSuffix(name, "-idp-metadata.xml") {
			checkRoundTrip(t, mustMetadata(t, data, ""))
		}
	}
}

// checkRoundTrip wants the text of metadata to be the same metadata, and to stay as it is.
func checkRoundTrip(t testing.TB, m *Metadata) {
	t.Helper()
	text, err := m.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var again Metadata
	if err := again.UnmarshalText(text); err != nil {
		t.Fatalf("%v, %s\n%s", err, explain(err), text)
	}
	if c, err := m.Compare(&again); err != nil || !c.None() {
		t.Fatalf("%+v, %v\n%s", c, err, text)
	}
	if second, err := again.MarshalText(); err != nil || string(second) != string(text) {
		t.Fatalf("%v\n%s\n%s", err, text, second)
	}
}

func TestMetadataInJSON(t *testing.T) {
	type row struct{ IdP *Metadata }
	m := mustMetadata(t, metadataFile(t, "okta.xml"), "")
	data, err := json.Marshal(row{m})
	if err != nil {
		t.Fatal(err)
	}
	var r row
	if err := json.Unmarshal(data, &r); err != nil || r.IdP.EntityID() != m.EntityID() {
		t.Fatal(err, r.IdP)
	}
	if err := json.Unmarshal([]byte(`{"IdP":"<a/>"}`), &r); err == nil {
		t.Error("another document is metadata")
	}
	if _, err := new(Metadata).MarshalText(); err == nil {
		t.Error("metadata that was never read has a text")
	}
}

// idpMetadata returns metadata with one key of its own, and with parts put where they belong.
func idpMetadata(entityAttributes, roleAttributes, children string) string {
	if children == "" {
		children = keyXML(testCertificate()) + ssoXML
	}
	return `<EntityDescriptor xmlns="` + nsMetadata + `" xmlns:ds="` + nsSignature + `" ` + entityAttributes + `><IDPSSODescriptor protocolSupportEnumeration="` +
		nsProtocol + `" ` + roleAttributes + `>` + children + `</IDPSSODescriptor></EntityDescriptor>`
}

const (
	ssoXML   = `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/>`
	entityID = `entityID="https://idp.example.com"`
)

func keyXML(certificate []byte) string {
	return `<KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` +
		base64.StdEncoding.EncodeToString(certificate) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`
}

func TestMetadataAccepted(t *testing.T) {
	key := keyXML(testCertificate())
	for name, text := range map[string]string{
		"a comment anywhere":            strings.Replace(idpMetadata(entityID, "", ""), "<ds:X509Certificate>", "<!-- before --><ds:X509Certificate><!-- in -->", 1),
		"a byte order mark":             "\uFEFF" + idpMetadata(entityID, "", ""),
		"a name with spaces around":     idpMetadata(`entityID=" https://idp.example.com "`, "", ""),
		"a key for everything":          idpMetadata(entityID, "", strings.Replace(key, ` use="signing"`, "", 1)+ssoXML),
		"a use that is empty":           idpMetadata(entityID, "", strings.Replace(key, `"signing"`, `""`, 1)+ssoXML),
		"a key twice":                   idpMetadata(entityID, "", key+key+ssoXML),
		"a key for encryption as well":  idpMetadata(entityID, "", strings.Replace(key, `"signing"`, `"encryption"`, 1)+key+ssoXML),
		"several protocols":             strings.Replace(idpMetadata(entityID, "", ""), `"`+nsProtocol, `"urn:oasis:names:tc:SAML:1.1:protocol  `+nsProtocol, 1),
		"a role of SAML 1.1 beside it":  strings.Replace(idpMetadata(entityID, "", ""), "<IDPSSODescriptor", `<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol"/><IDPSSODescriptor`, 1),
		"another binding with http":     idpMetadata(entityID, "", key+`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="http://idp.example.com"/>`+ssoXML),
		"binding and place with spaces": idpMetadata(entityID, "", key+strings.NewReplacer(`="urn`, `=" urn`, `="https`, `=" https`, `sso"`, `sso "`).Replace(ssoXML)),
		"a key that is armoured":        idpMetadata(entityID, "", strings.NewReplacer("<ds:X509Certificate>", "<ds:X509Certificate>\n  -----BEGIN CERTIFICATE-----\n  ", "</ds:X509Certificate>", "\n  -----END CERTIFICATE-----\n</ds:X509Certificate>").Replace(key)+ssoXML),
		"two X509Data":                  idpMetadata(entityID, "", strings.Replace(key, "<ds:X509Data>", "<ds:X509Data><ds:X509SubjectName>CN=a</ds:X509SubjectName></ds:X509Data><ds:X509Data>", 1)+ssoXML),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ParseMetadata([]byte(text), "https://idp.example.com")
			if err != nil {
				t.Fatal(err, explain(err))
			}
			if len(m.Keys()) != 1 || m.SignOn()[0].Location != "https://idp.example.com/sso" {
				t.Error(m.Keys(), m.SignOn())
			}
			checkRoundTrip(t, m)
		})
	}
}

func TestMetadataRefused(t *testing.T) {
	key := keyXML(testCertificate())
	at := func(location string) string {
		return strings.Replace(ssoXML, "https://idp.example.com/sso", location, 1)
	}
	good := idpMetadata(entityID, "", "")
	for name, c := range map[string]struct {
		text, entityID string
		code           Code
		words          string
	}{
		"document type":          {text: "<!DOCTYPE EntityDescriptor>" + good, code: MetadataParse, words: "document type declaration"},
		"processing instruction": {text: "<?xml-stylesheet href='a'?>" + good, code: MetadataParse, words: "processing instruction"},
		"not closed":             {text: strings.TrimSuffix(good, "</EntityDescriptor>"), code: MetadataParse, words: "at byte"},
		"too large":              {text: good + strings.Repeat(" ", maxMetadata), code: MetadataParse, words: "at most 2097152 bytes"},
		"another entity":         {text: good, entityID: "https://other.example.com", code: MetadataEntityChanged, words: "https://other.example.com"},
		"no such entity": {text: string(metadataFile(t, "federation.xml")), entityID: "https://other.example.com",
			code: MetadataNoIdP, words: "2: https://idp.example.org, urn:example:idp:two"},
		"several and none is named":   {text: string(metadataFile(t, "federation.xml")), code: MetadataNoIdP, words: "one of several"},
		"a service provider is named": {text: string(metadataFile(t, "federation.xml")), entityID: "https://sp.example.org", code: MetadataNoIdP, words: "service provider"},
		"one entity twice": {text: `<EntitiesDescriptor xmlns="` + nsMetadata + `">` + good + good + `</EntitiesDescriptor>`,
			entityID: "https://idp.example.com", code: MetadataParse, words: "2 of them"},
		"two roles":            {text: strings.Replace(good, "</EntityDescriptor>", good[strings.Index(good, "<IDPSSO"):], 1), code: MetadataParse, words: "two of them"},
		"no name":              {text: idpMetadata("", "", ""), code: MetadataParse, words: "entityID"},
		"a name too long":      {text: idpMetadata(`entityID="`+strings.Repeat("a", maxEntityID+1)+`"`, "", ""), code: MetadataParse, words: "entityID"},
		"no key":               {text: idpMetadata(entityID, "", ssoXML), code: MetadataNoKeys, words: "no signing certificate"},
		"encryption only":      {text: idpMetadata(entityID, "", strings.Replace(key, `"signing"`, `"encryption"`, 1)+ssoXML), code: MetadataNoKeys, words: "no signing certificate"},
		"KeyName only":         {text: idpMetadata(entityID, "", `<KeyDescriptor><ds:KeyInfo><ds:KeyName>a</ds:KeyName></ds:KeyInfo></KeyDescriptor>`+ssoXML), code: MetadataNoKeys, words: "without an X509Certificate"},
		"no KeyInfo":           {text: idpMetadata(entityID, "", `<KeyDescriptor/>`+ssoXML), code: MetadataNoKeys, words: "without KeyInfo"},
		"no certificate":       {text: idpMetadata(entityID, "", keyXML([]byte("none"))+ssoXML), code: MetadataNoKeys, words: "not an X.509 certificate"},
		"RSA of 1024 bits":     {text: idpMetadata(entityID, "", keyXML(weakCertificate(t, "rsa"))+ssoXML), code: MetadataNoKeys, words: "an RSA key of 1024 bits"},
		"P-224":                {text: idpMetadata(entityID, "", keyXML(weakCertificate(t, "p224"))+ssoXML), code: MetadataNoKeys, words: "curve other than"},
		"Ed25519":              {text: idpMetadata(entityID, "", keyXML(weakCertificate(t, "ed25519"))+ssoXML), code: MetadataNoKeys, words: "ed25519"},
		"too many keys":        {text: idpMetadata(entityID, "", manyKeys(t, maxMetadataKeys+1)+ssoXML), code: MetadataParse, words: "at most 16"},
		"no endpoint":          {text: idpMetadata(entityID, "", key), code: MetadataEndpoint, words: "SingleSignOnService"},
		"an artifact only":     {text: idpMetadata(entityID, "", key+strings.Replace(ssoXML, "HTTP-Redirect", "HTTP-Artifact", 1)), code: MetadataEndpoint, words: "SingleSignOnService"},
		"http":                 {text: idpMetadata(entityID, "", key+at("http://idp.example.com/sso")), code: MetadataEndpoint, words: "https"},
		"http at loopback":     {text: idpMetadata(entityID, "", key+at("http://127.0.0.1/sso")), code: MetadataEndpoint, words: "https"},
		"javascript":           {text: idpMetadata(entityID, "", key+at("javascript:alert(1)")), code: MetadataEndpoint, words: "absolute URL"},
		"relative":             {text: idpMetadata(entityID, "", key+at("/sso")), code: MetadataEndpoint, words: "absolute URL"},
		"a port alone":         {text: idpMetadata(entityID, "", key+at("https://:443/sso")), code: MetadataEndpoint, words: "absolute URL"},
		"a backslash":          {text: idpMetadata(entityID, "", key+at(`https://idp.example.com\@other.example.com`)), code: MetadataEndpoint, words: "absolute URL"},
		"a user":               {text: idpMetadata(entityID, "", key+at("https://idp.example.com@other.example.com/")), code: MetadataEndpoint, words: "user name"},
		"a fragment":           {text: idpMetadata(entityID, "", key+at("https://idp.example.com/#sso")), code: MetadataEndpoint, words: "fragment"},
		"a long place":         {text: idpMetadata(entityID, "", key+at("https://idp.example.com/"+strings.Repeat("a", maxLocation))), code: MetadataEndpoint, words: "at most 2048 bytes"},
		"http for a logout":    {text: idpMetadata(entityID, "", key+strings.NewReplacer("SignOn", "Logout", "https", "http").Replace(ssoXML)+ssoXML), code: MetadataEndpoint, words: "https"},
		"http for its answers": {text: idpMetadata(entityID, "", key+strings.Replace(strings.Replace(ssoXML, "SignOn", "Logout", 1), "/>", ` ResponseLocation="http://idp.example.com/"/>`, 1)+ssoXML), code: MetadataEndpoint, words: "https"},
		"a wrong time":         {text: idpMetadata(entityID+` validUntil="2026-02-30T00:00:00Z"`, "", ""), code: MetadataParse, words: "xs:dateTime"},
		"a wrong duration":     {text: idpMetadata(entityID, `cacheDuration="-P1D"`, ""), code: MetadataParse, words: "xs:duration"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ParseMetadata([]byte(c.text), c.entityID)
			if m != nil {
				t.Error("there is metadata beside the refusal")
			}
			wantCode(t, err, c.code, c.words)
		})
	}
}

// A key that is not used does not take the others with it, but is told.
func TestMetadataSkipsKeys(t *testing.T) {
	text := idpMetadata(entityID, "", keyXML(weakCertificate(t, "rsa"))+keyXML(testCertificate())+ssoXML)
	m := mustMetadata(t, []byte(text), "")
	if len(m.Keys()) != 1 || len(m.Skipped()) != 1 || !strings.Contains(m.Skipped()[0], "1024 bits") {
		t.Error(m.Keys(), m.Skipped())
	}
}

func TestMetadataLoopback(t *testing.T) {
	for location, ok := range map[string]bool{
		"http://localhost:8080/":            true,
		"http://127.1.2.3/":                 true,
		"http://[::1]:80/":                  true,
		"http://localhost.example.com/":     false,
		"http://127.0.0.1.example.com/":     false,
		"http://10.0.0.1/":                  false,
		"http://[::ffff:127.0.0.1]:8080/":   true,
		"ftp://localhost/":                  false,
		"http://user@localhost/":            false,
		"https://example.com:8443/a?b=c&d=": true,
	} {
		if problem := urlProblem(location, true); (problem == "") != ok {
			t.Errorf("%s: %q", location, problem)
		}
	}
}

func TestMetadataSignature(t *testing.T) {
	for _, file := range []string{"entra.xml", "adfs.xml"} {
		data := metadataFile(t, file)
		keys := mustMetadata(t, data, "").Keys()
		signer := MetadataOptions{SignedBy: keys[0].Certificate}
		if _, err := signer.Parse(data); err != nil {
			t.Error(file, err, explain(err))
		}
		if _, err := signer.Parse([]byte("\uFEFF<!-- a -->" + strings.TrimPrefix(string(data), `<?xml version="1.0" encoding="utf-8"?>`))); err != nil {
			t.Errorf("%s with a comment more: %v", file, err)
		}
		_, err := MetadataOptions{SignedBy: keys[1].Certificate}.Parse(data)
		wantCode(t, err, SignatureUnknownKey, "")
		for _, binding := range []string{bindingRedirect, bindingPOST} {
			_, err = signer.Parse([]byte(strings.Replace(string(data), binding+`" Location="https://`, binding+`" Location="https://evil.`, 1)))
			wantCode(t, err, SignatureInvalid, "")
		}
	}
	_, err := MetadataOptions{SignedBy: testCertificate()}.Parse(metadataFile(t, "okta.xml"))
	wantCode(t, err, SignatureMissing, "")
	_, err = MetadataOptions{SignedBy: []byte("none")}.Parse(metadataFile(t, "okta.xml"))
	wantCode(t, err, ConfigInvalid, "SignedBy")
}

// What is around a signed entity is not signed, and what is beside it is not chosen with its signature.
func TestMetadataSignatureInList(t *testing.T) {
	signed := string(metadataFile(t, "entra.xml"))
	signed = signed[strings.Index(signed, "<EntityDescriptor"):]
	list := `<EntitiesDescriptor xmlns="` + nsMetadata + `">` + idpMetadata(entityID, "", "") + signed + `</EntitiesDescriptor>`
	certificate := mustMetadata(t, []byte(signed), "").Keys()[0].Certificate
	o := MetadataOptions{SignedBy: certificate, EntityID: "https://sts.windows.net/3f2b9c4e-6d1a-4b7e-9c55-0a1b2c3d4e5f/"}
	if _, err := o.Parse([]byte(list)); err != nil {
		t.Error(err, explain(err))
	}
	o.EntityID = "https://idp.example.com"
	_, err := o.Parse([]byte(list))
	wantCode(t, err, SignatureMissing, "")
}

func TestMetadataFromParts(t *testing.T) {
	der := testCertificate()
	b64 := base64.StdEncoding.EncodeToString(der)
	pem := "-----BEGIN CERTIFICATE-----\r\n" + b64[:64] + "\r\n" + b64[64:128] + "\r\n" + b64[128:] + "\r\n-----END CERTIFICATE-----\r\n"
	for name, certificate := range map[string]string{
		"DER": string(der), "PEM": pem, "base64": b64, "base64 in lines": "\n " + b64[:100] + "\n\t" + b64[100:], "PEM after a mark": "\uFEFF" + pem,
	} {
		m, err := MetadataFromParts(" urn:example:idp ", "https://idp.example.com/sso ", []byte(certificate))
		if err != nil {
			t.Fatal(name, err, explain(err))
		}
		if m.EntityID() != "urn:example:idp" || len(m.Keys()) != 1 || letters(m.SignOn()) != "R" {
			t.Error(name, m)
		}
		checkRoundTrip(t, m)
	}
	_, err := MetadataFromParts("", "https://idp.example.com/sso", der)
	wantCode(t, err, MetadataParse, "entity ID")
	_, err = MetadataFromParts("a\x00", "https://idp.example.com/sso", der)
	wantCode(t, err, MetadataParse, "entity ID")
	_, err = MetadataFromParts("a", "http://idp.example.com/sso", der)
	wantCode(t, err, MetadataEndpoint, "https")
	_, err = MetadataFromParts("a", "https://idp.example.com/sso")
	wantCode(t, err, MetadataNoKeys, "no signing certificate")
	_, err = MetadataFromParts("a", "https://idp.example.com/sso", der, weakCertificate(t, "rsa"))
	wantCode(t, err, MetadataNoKeys, "1024 bits")
	if _, err := (MetadataOptions{EntityID: "a", AllowLoopback: true}).FromParts("http://localhost/sso", der); err != nil {
		t.Error(err)
	}
}

func TestMetadataCompare(t *testing.T) {
	read := func(text string) *Metadata { return mustMetadata(t, []byte(text), "") }
	one, two := keyXML(testCertificate()), keyXML(mustMetadata(t, metadataFile(t, "okta.xml"), "").Keys()[0].Certificate)
	before := read(idpMetadata(entityID, "", one+ssoXML))
	for name, c := range map[string]struct {
		next                      *Metadata
		added, removed            int
		endpoints, other, isNever bool
	}{
		"nothing":        {next: read(idpMetadata(entityID, "", one+one+ssoXML))},
		"a key is added": {next: read(idpMetadata(entityID, "", one+two+ssoXML)), added: 1},
		"a key is gone":  {next: read(idpMetadata(entityID, "", two+ssoXML)), added: 1, removed: 1},
		"an endpoint":    {next: read(idpMetadata(entityID, "", one+strings.Replace(ssoXML, "/sso", "/new", 1))), endpoints: true},
		"signed":         {next: read(idpMetadata(entityID, `WantAuthnRequestsSigned=" true "`, one+ssoXML)), other: true},
		"a time":         {next: read(idpMetadata(entityID, `cacheDuration="P1D"`, one+ssoXML)), other: true},
	} {
		got, err := before.Compare(c.next)
		if err != nil || len(got.KeysAdded) != c.added || len(got.KeysRemoved) != c.removed || got.Endpoints != c.endpoints || got.Other != c.other {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if got.None() != (name == "nothing") {
			t.Errorf("%s: None is %v", name, got.None())
		}
	}
	_, err := before.Compare(read(idpMetadata(`entityID="https://other.example.com"`, "", "")))
	wantCode(t, err, MetadataEntityChanged, "https://other.example.com")
}

func TestMetadataExpiring(t *testing.T) {
	m := mustMetadata(t, metadataFile(t, "entra.xml"), "") // certificates to 2028-03-01 and 2029-03-01
	const month = 30 * 24 * time.Hour
	if w := m.Expiring(time.Date(2028, 2, 20, 0, 0, 0, 0, time.UTC), month); len(w) != 0 {
		t.Errorf("a key that is rolled over already: %v", w)
	}
	w := m.Expiring(time.Date(2029, 2, 20, 0, 0, 0, 0, time.UTC), month)
	if len(w) != 2 || w[0].Code != CertificateExpired || w[0].At.Year() != 2028 || w[1].At.Year() != 2029 || !strings.Contains(w[1].Text, "Federated SSO") {
		t.Error(w)
	}
	google := mustMetadata(t, metadataFile(t, "google.xml"), "") // to 2028-02-29, its certificate a day longer
	w = google.Expiring(time.Date(2028, 2, 20, 0, 0, 0, 0, time.UTC), month)
	if len(w) != 2 || w[0].Code != MetadataExpired || w[1].Code != CertificateExpired {
		t.Error(w)
	}
	if w := google.Expiring(time.Date(2026, 2, 20, 0, 0, 0, 0, time.UTC), month); len(w) != 0 {
		t.Error(w)
	}
}
