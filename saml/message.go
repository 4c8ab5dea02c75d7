package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"strings"
)

// A Message is what a host sends through a browser to the identity provider.
type Message struct {
	Binding Binding
	// URL is where the browser goes: by HTTP-Redirect with the message in its query, by HTTP-POST
	// with a form of the fields.
	URL  string
	Form []Field // hidden, in this order; none by HTTP-Redirect

	ID         string // of the request or answer
	RelayState string // comes back with the answer; it is an opaque handle
	// Pending is the request for the browser to keep, in a cookie as long as PendingFor says and no
	// longer, until it brings the answer. It is "" for an answer.
	Pending string
}

// A Field is a field of a form.
type Field struct{ Name, Value string }

// Names of parameters (SAML bindings §3.4.4.1, §3.5.4).
const (
	paramRequest    = "SAMLRequest"
	paramResponse   = "SAMLResponse"
	paramRelayState = "RelayState"
	paramSigAlg     = "SigAlg"
	paramSignature  = "Signature"
	paramEncoding   = "SAMLEncoding"
)

// encodingDeflate is the one encoding of HTTP-Redirect (SAML bindings §3.4.4.1).
const encodingDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

// maxRelayState bounds what comes back to us, in bytes: 80 are allowed (SAML bindings §3.4.3), and
// some send more.
const maxRelayState = 1024

// An outgoing is a document on its way out.
type outgoing struct {
	param      string // paramRequest or paramResponse
	to         Endpoint
	location   string
	document   []byte // signed already, for HTTP-POST
	relayState string
}

// send returns the document as a message.
func (sp *ServiceProvider) send(o outgoing, sign bool) (Message, error) {
	m := Message{Binding: o.to.Binding, URL: o.location, RelayState: o.relayState}
	if o.to.Binding == HTTPPOST {
		m.Form = append(m.Form, Field{o.param, base64.StdEncoding.EncodeToString(o.document)})
		if o.relayState != "" {
			m.Form = append(m.Form, Field{paramRelayState, o.relayState})
		}
		return m, nil
	}
	query, err := deflatedQuery(o)
	if err == nil && sign {
		query, err = sp.signQuery(query)
	}
	if err != nil {
		return Message{}, err
	}
	m.URL = strings.TrimRight(o.location, "?&")
	if strings.Contains(m.URL, "?") {
		m.URL += "&" + query
	} else {
		m.URL += "?" + query
	}
	return m, nil
}

// deflatedQuery returns the query of a message without its signature.
func deflatedQuery(o outgoing) (string, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err = w.Write(o.document); err == nil {
		err = w.Close()
	}
	query := o.param + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b.Bytes()))
	if o.relayState != "" {
		query += "&" + paramRelayState + "=" + url.QueryEscape(o.relayState)
	}
	return query, err
}

var (
	errBase64  = errors.New("text that is not base64")
	errDeflate = errors.New("bytes that are not deflated")
	errInflate = errors.New("a message that is too long")
)

// inflate undoes deflatedQuery, up to a number of bytes.
func inflate(data []byte, limit int) ([]byte, error) {
	r := bytes.NewReader(data)
	z := flate.NewReader(r)
	out, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
	switch {
	case len(out) > limit:
		return nil, errInflate
	case err != nil || r.Len() > 0:
		return nil, errDeflate
	}
	return out, nil
}

// decodeSpaced decodes base64 with white space in it.
func decodeSpaced(s string) ([]byte, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(strings.Map(func(r rune) rune {
		if strings.ContainsRune(xmlSpaces, r) {
			return -1
		}
		return r
	}, s))
	if err != nil {
		return nil, errBase64
	}
	return data, nil
}
