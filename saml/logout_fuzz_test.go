package saml

import (
	"crypto"
	"os"
	"strings"
	"testing"
)

// FuzzLogout holds that reading a message of a logout never panics, and that nothing is believed but
// what the identity provider has signed.
func FuzzLogout(f *testing.F) {
	pem, err := os.ReadFile("testdata/real/sp.crt")
	if err != nil {
		f.Fatal(err)
	}
	key, err := readKey(pem)
	if err != nil {
		f.Fatal(err)
	}
	signed := aLogout()
	signed.key = realKey(f).(crypto.Signer)
	f.Add(signed.redirect(f).Query, "")
	f.Add("", string(form("SAMLRequest", signed.enveloped(f, key.Certificate)).Form))
	f.Add(signed.unsigned("a")+"&SigAlg=a&Signature=b", "")
	f.Add("", string(form("SAMLResponse", anAnswer("_a").document()).Form))
	config := hostConfig(f)
	config.IdP = mustMetadata(f, []byte(idpMetadata(entityID, "", keyXML(key.Certificate)+idpEndpoints)), "")
	config.IgnoreCertificateDatesInsecure = true
	config.Replays = &countingReplays{}
	sp, err := New(config)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		l, err := sp.ReadLogout(t.Context(), LogoutMessage{Query: query, Form: []byte(body), Pending: []string{query, body}})
		if err != nil {
			if l != nil || len(explain(err)) == 0 {
				t.Fatalf("%v, %v", l, err)
			}
			return
		}
		if l.Answer() || l.id != "_r1" || l.NameID().Value != "alice@example.com" || strings.Join(l.Sessions(), " ") != "_s1 _s2" {
			t.Fatalf("%+v is believed of %q, %q", l, query, body)
		}
		if _, err := sp.AnswerLogout(l, LoggedOut); err != nil {
			t.Fatal(err)
		}
	})
}
