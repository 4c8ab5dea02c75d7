package saml

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

// verifiedResponse returns a signature that was verified here, as it is handed to goxmldsig.
func verifiedResponse(t *testing.T) *verified {
	t.Helper()
	response := mustParse(t, string(realFiles(t)["ssp-response.xml"]), xmlLimits{})
	signature, err := gateSignature(response)
	if err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(signature.hints[0])
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := trustedKeys([]Key{{Public: certificate.PublicKey, Certificate: der}})
	if err != nil {
		t.Fatal(err)
	}
	found, err := signature.verify(keys, false)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestAgain has the two verifiers disagree, on one thing at a time.
func TestAgain(t *testing.T) {
	n, err := verifiedResponse(t).again()
	if err != nil || !n.is(nsProtocol, "Response") || n.child(nsSignature, "Signature") != nil {
		t.Fatalf("%+v, %v; want the Response without its Signature", n, err)
	}
	for name, change := range map[string]func(v *verified){
		"a byte here":        func(v *verified) { v.canonical[len(v.canonical)/2] ^= 1 },
		"fewer bytes here":   func(v *verified) { v.canonical = v.canonical[:len(v.canonical)-1] },
		"no bytes here":      func(v *verified) { v.canonical = nil },
		"a text there":       func(v *verified) { find(v.parent, "Issuer").items[0].text += " " },
		"an attribute there": func(v *verified) { v.parent.attrs[1].value += " " },
		"the signature":      func(v *verified) { v.value[10] ^= 1 },
		"the digest": func(v *verified) {
			digest := find(v.element, "DigestValue")
			digest.items[0].text = strings.Repeat("A", 43) + "="
		},
	} {
		v := verifiedResponse(t)
		change(v)
		n, err := v.again()
		if f, ok := errors.AsType[*fault](err); !ok || f.code != VerifierDisagreement || n != nil {
			t.Errorf("%s: %v, %v", name, n, err)
		}
	}
}
