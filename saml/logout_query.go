package saml

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Limits on what is read of a logout: its messages have a kilobyte or two.
const (
	maxLogoutInput   = 400 << 10 // bytes of the query or of the form
	maxLogoutMessage = 256 << 10 // bytes of the document
	maxParameters    = 64        // of a query or form
)

// A logoutInput is a message as it arrived, before anything in it is believed.
type logoutInput struct {
	binding    Binding
	answer     bool // SAMLResponse
	document   []byte
	relayState string

	signed    []byte // by HTTP-Redirect, the octets that are signed
	method    string // and the SigAlg
	signature string // and the Signature, in base64; "" = none
}

// A parameter is one of a query or form, as it was written and as it reads.
type parameter struct{ raw, value string }

// ourParameters are those that the bindings name. A host may have others in its URL.
var ourParameters = []string{paramRequest, paramResponse, paramRelayState, paramSigAlg, paramSignature, paramEncoding}

// readParameters reads the parameters that the bindings name. Each is there once, and its name is
// written as it is, so that there are no two readings of what was sent.
func readParameters(text string) (map[string]parameter, error) {
	found := make(map[string]parameter)
	if strings.Count(text, "&") >= maxParameters {
		return nil, refuse(LogoutParameter, fmt.Sprintf("at most %d parameters", maxParameters), "more")
	}
	for pair := range strings.SplitSeq(text, "&") {
		rawName, raw, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil || !slices.Contains(ourParameters, name) {
			continue
		}
		value, err := url.QueryUnescape(raw)
		switch _, twice := found[name]; {
		case rawName != name:
			return nil, refuse(LogoutParameter, "the name "+name, rawName)
		case twice:
			return nil, refuse(LogoutParameter, "each parameter once", name+" twice")
		case err != nil:
			return nil, refuse(LogoutParameter, "a value of "+name+" that is escaped as a URL has it", raw)
		}
		found[name] = parameter{raw, value}
	}
	return found, nil
}

// readLogoutInput returns the message in a query or a form.
func readLogoutInput(m LogoutMessage) (logoutInput, error) {
	text, binding := m.Query, HTTPRedirect
	if len(m.Form) > 0 {
		text, binding = string(m.Form), HTTPPOST
	}
	if len(text) > maxLogoutInput {
		return logoutInput{}, refuse(RequestTooLarge, fmt.Sprintf("at most %d bytes", maxLogoutInput), fmt.Sprintf("%d bytes", len(text)))
	}
	params, err := readParameters(text)
	if err != nil {
		return logoutInput{}, err
	}
	in := logoutInput{binding: binding, relayState: params[paramRelayState].value}
	kind := paramRequest
	message, request := params[paramRequest]
	if answer, ok := params[paramResponse]; ok {
		if request {
			return in, refuse(LogoutParameter, "SAMLRequest or SAMLResponse", "both")
		}
		kind, message, in.answer = paramResponse, answer, true
	} else if !request {
		return in, refuse(LogoutParameter, "SAMLRequest or SAMLResponse", "neither")
	}
	if len(in.relayState) > maxRelayState {
		return in, refuse(LogoutParameter, fmt.Sprintf("a RelayState of at most %d bytes", maxRelayState), fmt.Sprintf("%d bytes", len(in.relayState)))
	}
	if binding == HTTPRedirect {
		err = in.readSignature(kind, params)
	}
	if err == nil {
		err = in.decode(message.value)
	}
	return in, err
}

// readSignature puts the signed octets together as they were received, in the order that they are
// signed in, whatever order they came in (SAML bindings §3.4.4.1).
func (in *logoutInput) readSignature(kind string, params map[string]parameter) error {
	if e, ok := params[paramEncoding]; ok && e.value != encodingDeflate {
		return refuse(LogoutParameter, "the encoding "+encodingDeflate, e.value)
	}
	in.signature, in.method = params[paramSignature].value, params[paramSigAlg].value
	for _, name := range []string{kind, paramRelayState, paramSigAlg} {
		if p, ok := params[name]; ok {
			if len(in.signed) > 0 {
				in.signed = append(in.signed, '&')
			}
			in.signed = append(append(append(in.signed, name...), '='), p.raw...)
		}
	}
	return nil
}

// decode returns the document: base64, and by HTTP-Redirect deflated.
func (in *logoutInput) decode(message string) error {
	data, err := decodeSpaced(message)
	if err != nil {
		return &Error{Code: EncodingBase64, Report: refuse(EncodingBase64, "a message in base64", err.Error()).Report, Cause: err}
	}
	if in.binding == HTTPRedirect {
		data, err = inflate(data, maxLogoutMessage)
	}
	switch {
	case err == errInflate || len(data) > maxLogoutMessage:
		return refuse(RequestTooLarge, fmt.Sprintf("a document of at most %d bytes", maxLogoutMessage), "a longer one")
	case err != nil:
		return refuse(XMLMalformed, "a document that is deflated", err.Error())
	}
	in.document = data
	return nil
}
