package samltest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
)

// deflated returns a message as HTTP-Redirect has it (SAML bindings §3.4.4.1). It is stored, not
// compressed: what compression makes of it changes with its implementation.
func deflated(message string) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.NoCompression)
	if err == nil {
		_, err = w.Write([]byte(message))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("samltest: deflating: " + err.Error()) // a Buffer takes everything
	}
	return b.Bytes()
}

// query returns the query of a message sent by HTTP-Redirect; kind is SAMLRequest or SAMLResponse.
func query(kind, message, relayState string) string {
	q := kind + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated(message)))
	if relayState != "" {
		q += "&RelayState=" + url.QueryEscape(relayState)
	}
	return q
}

// signedQuery returns the query with a signature over its octets (SAML bindings §3.4.4.1).
func (s signature) signedQuery(q string) string {
	s = s.withDefaults(element{})
	q += "&SigAlg=" + url.QueryEscape(s.method)
	return q + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(s.sign([]byte(q))))
}
