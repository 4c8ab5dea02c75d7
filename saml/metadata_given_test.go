package saml

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

func TestNotMetadata(t *testing.T) {
	der := testCertificate()
	for name, c := range map[string]struct {
		text string
		want Given
	}{
		"nothing":             {"", GivenNothing},
		"white space":         {" \n\t", GivenNothing},
		"DER":                 {string(der), GivenCertificate},
		"PEM":                 {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), GivenCertificate},
		"base64":              {base64.StdEncoding.EncodeToString(der), GivenCertificate},
		"private key":         {"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", GivenPrivateKey},
		"address":             {" https://login.microsoftonline.com/common/federationmetadata", GivenURL},
		"page":                {"<!DOCTYPE html>\n<html><body><br></body></html>", GivenHTML},
		"page in capitals":    {"\n<HTML><BODY><BR>", GivenHTML},
		"page of XHTML":       {`<html xmlns="http://www.w3.org/1999/xhtml"/>`, GivenHTML},
		"discovery":           {`{"issuer":"https://idp.example.com","authorization_endpoint":"https://idp.example.com/a","jwks_uri":"https://idp.example.com/k"}`, GivenOpenID},
		"other JSON":          {`{"error":"not found"}`, GivenJSON},
		"UTF-16":              {"\xFF\xFE<\x00?\x00", GivenUTF16},
		"WS-Federation":       {string(metadataFile(t, "wsfed.xml")), GivenFederation},
		"service provider":    {string(realFiles(t)["sp-metadata.xml"]), GivenServiceProvider},
		"ours":                {string(ourMetadata(t)), GivenServiceProvider},
		"SAML 1.1":            {strings.Replace(idpMetadata(entityID, "", ""), nsProtocol, "urn:oasis:names:tc:SAML:1.1:protocol", 1), GivenSAML1},
		"nobody":              {`<EntityDescriptor xmlns="` + nsMetadata + `" entityID="a"/>`, GivenNoIdP},
		"list of nobody":      {`<EntitiesDescriptor xmlns="` + nsMetadata + `"/>`, GivenNoIdP},
		"response":            {string(realFiles(t)["ssp-both.xml"]), GivenMessage},
		"assertion":           {`<Assertion xmlns="` + nsAssertion + `"/>`, GivenMessage},
		"another document":    {`<rss version="2.0"/>`, GivenXML},
		"no namespace at all": {`<EntityDescriptor entityID="a"/>`, GivenXML},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseMetadata([]byte(c.text), "")
			what, ok := errors.AsType[*NotMetadata](err)
			if !ok || what.Given != c.want || what.Hint == "" {
				t.Fatalf("%v, %+v, want %q", err, what, c.want)
			}
			if e := explain(err); !strings.Contains(e, string(c.want)) || !strings.Contains(what.Error(), what.Hint) {
				t.Errorf("%q does not say %q", e, c.want)
			}
		})
	}
}

// What is damaged metadata is not taken for something else.
func TestDamagedMetadata(t *testing.T) {
	for _, text := range []string{"<EntityDescriptor", `{"issuer":`, "-----BEGIN CERTIFICATE-----\nAAAA", "hello", "\xFF"} {
		_, err := ParseMetadata([]byte(text), "")
		wantCode(t, err, MetadataParse, "at byte")
		if what, ok := errors.AsType[*NotMetadata](err); ok {
			t.Errorf("%q is %v", text, what)
		}
	}
}

func TestEveryGivenHasAHint(t *testing.T) {
	if len(hints) != 14 {
		t.Errorf("%d hints", len(hints))
	}
	for g, hint := range hints {
		if hint == "" || strings.HasSuffix(hint, ".") || g == "" {
			t.Errorf("%q: %q", g, hint)
		}
	}
}
