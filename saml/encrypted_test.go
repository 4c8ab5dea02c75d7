package saml

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	dsig "github.com/russellhaering/goxmldsig"
)

// encryptedAttribute returns an EncryptedAttribute for rsaTestKeys()[0].
func encryptedAttribute(t testing.TB, plain string) string {
	t.Helper()
	return strings.ReplaceAll(encryptedID(t, plain), "EncryptedID", "EncryptedAttribute")
}

// attributeOf is an attribute by itself, as it is encrypted.
func attributeOf(name string, values ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<saml:Attribute xmlns:saml=%q Name=%q>`, nsAssertion, name)
	for _, value := range values {
		fmt.Fprintf(&b, "<saml:AttributeValue>%s</saml:AttributeValue>", value)
	}
	return b.String() + "</saml:Attribute>"
}

// responseWith is a response that nobody asked for, whose signed assertion has the statement.
func responseWith(t testing.TB, now time.Time, statement string) string {
	t.Helper()
	at := func(d time.Duration) string { return now.Add(d).Format("2006-01-02T15:04:05Z") }
	assertion := fmt.Sprintf(`<saml:Assertion xmlns:saml=%q ID="_a1" Version="2.0" IssueInstant=%q><saml:Issuer>https://idp.example.com</saml:Issuer>`+
		`<saml:Subject><saml:NameID>alice@example.com</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">`+
		`<saml:SubjectConfirmationData Recipient="https://sp.example.com/acs" NotOnOrAfter=%q/></saml:SubjectConfirmation></saml:Subject>`+
		`<saml:Conditions NotOnOrAfter=%q><saml:AudienceRestriction><saml:Audience>https://sp.example.com</saml:Audience></saml:AudienceRestriction></saml:Conditions>`+
		`<saml:AuthnStatement AuthnInstant=%q><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`+
		`<saml:AttributeStatement>%s</saml:AttributeStatement></saml:Assertion>`,
		nsAssertion, at(0), at(time.Minute), at(time.Minute), at(0), statement)
	signed := signedAs(t, assertion, envelopedForm{canonicalizer: dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")}, rsaTestKeys()[0])
	from := strings.LastIndex(signed, "<ds:Signature ")
	signature := signed[from:strings.LastIndex(signed, "</saml:Assertion>")]
	signed = strings.Replace(signed[:from]+signed[from+len(signature):], "</saml:Issuer>", "</saml:Issuer>"+signature, 1)
	return fmt.Sprintf(`<samlp:Response xmlns:samlp=%q ID="_r1" Version="2.0" IssueInstant=%q Destination="https://sp.example.com/acs">`+
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>%s</samlp:Response>`, nsProtocol, at(0), signed)
}

// TestEncryptedAttributes: attributes that were encrypted by themselves are read like the others, and what
// is wrong with one is told like what is wrong with the others.
func TestEncryptedAttributes(t *testing.T) {
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	metadata, err := MetadataFromParts("https://idp.example.com", "https://idp.example.com/sso", testCertificate())
	if err != nil {
		t.Fatal(err)
	}
	judge := func(statement string, keys ...crypto.Decrypter) (*Assertion, error) {
		sp, err := New(Config{
			EntityID: "https://sp.example.com", ACS: []string{"https://sp.example.com/acs"}, IdP: metadata,
			Replays: NewMemoryReplays(0, func() time.Time { return now }), Now: func() time.Time { return now },
			Seal: [][]byte{make([]byte, 32)}, Decrypt: keys, AllowIdPInitiatedInsecure: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		text := responseWith(t, now, statement)
		return sp.Validate(t.Context(), Response{Encoded: base64.StdEncoding.EncodeToString([]byte(text)), PostedTo: "https://sp.example.com/acs"})
	}
	plain := attributeOf("mail", "alice@example.com")
	a, err := judge(plain+encryptedAttribute(t, attributeOf("groups", "one", "two"))+encryptedAttribute(t, attributeOf("role", "admin")), rsaTestKeys()[0])
	if err != nil {
		t.Fatal(err, explain(err))
	}
	if !slices.Equal(a.Values("groups"), []string{"one", "two"}) || !slices.Equal(a.Values("role"), []string{"admin"}) || !slices.Equal(a.Values("mail"), []string{"alice@example.com"}) {
		t.Errorf("attributes %+v", a.Attributes())
	}
	for what, c := range map[string]struct {
		statement string
		keys      []crypto.Decrypter
		code      Code
	}{
		"another key":      {encryptedAttribute(t, attributeOf("role", "admin")), []crypto.Decrypter{rsaTestKeys()[2]}, DecryptionFailed},
		"no key":           {encryptedAttribute(t, attributeOf("role", "admin")), nil, DecryptionNoKey},
		"twice, encrypted": {encryptedAttribute(t, attributeOf("role", "admin")) + encryptedAttribute(t, attributeOf("role", "user")), []crypto.Decrypter{rsaTestKeys()[0]}, AttributeDuplicate},
		"twice, in plain":  {plain + encryptedAttribute(t, attributeOf("mail", "admin@example.com")), []crypto.Decrypter{rsaTestKeys()[0]}, AttributeDuplicate},
		"a NameID in it":   {encryptedAttribute(t, `<saml:NameID xmlns:saml="`+nsAssertion+`">admin@example.com</saml:NameID>`), []crypto.Decrypter{rsaTestKeys()[0]}, DecryptionFailed},
		"garbage in it":    {encryptedAttribute(t, "not XML"), []crypto.Decrypter{rsaTestKeys()[0]}, DecryptionFailed},
	} {
		a, err := judge(c.statement, c.keys...)
		if verdict, ok := err.(*Error); !ok || verdict.Code != c.code || a != nil {
			t.Errorf("%s: %v, want %s; %s", what, err, c.code, explain(err))
		}
	}
}
