package saml

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzMetadata holds that reading metadata never panics, and that what is accepted has a key and an
// endpoint, and is the same after it was stored.
func FuzzMetadata(f *testing.F) {
	for _, file := range []string{"entra.xml", "adfs.xml", "okta.xml", "google.xml", "jumpcloud.xml", "federation.xml", "wsfed.xml"} {
		f.Add(metadataFile(f, file), "")
	}
	f.Add(metadataFile(f, "federation.xml"), "https://idp.example.org")
	for name, data := range realFiles(f) {
		if strings.Contains(name, "metadata") {
			f.Add(data, "")
		}
	}
	for _, attribute := range []string{`validUntil="2026-01-15T24:00:00+01:00"`, `cacheDuration="P1Y2M3DT4H5M6.7S"`, `WantAuthnRequestsSigned="1"`} {
		f.Add([]byte(idpMetadata(entityID, attribute, keyXML(testCertificate())+idpEndpoints)), "")
	}
	for _, text := range []string{"", "{}", `{"issuer":"a","jwks_uri":"b"}`, "<html>", "-----BEGIN CERTIFICATE-----\n", "MIIC", "\xFF\xFE"} {
		f.Add([]byte(text), "a")
	}
	f.Fuzz(func(t *testing.T, data []byte, entityID string) {
		m, err := ParseMetadata(data, entityID)
		if err != nil {
			if m != nil || len(explain(err)) == 0 {
				t.Fatalf("%v, %v", m, err)
			}
			return
		}
		if entityID != "" && m.EntityID() != entityID || len(m.Keys()) == 0 || len(m.SignOn()) == 0 {
			t.Fatalf("%+v", m)
		}
		for _, e := range append(m.SignOn(), m.Logout()...) {
			for _, location := range []string{e.Location, e.answers()} {
				if u, err := url.Parse(location); err != nil || u.Scheme != "https" || u.Host == "" {
					t.Fatalf("%q: %v", location, err)
				}
			}
		}
		for _, k := range m.Keys() {
			if keyProblem(k.Public) != "" {
				t.Fatal(keyProblem(k.Public))
			}
		}
		checkRoundTrip(t, m)
		m.Expiring(noon, 1)
	})
}
