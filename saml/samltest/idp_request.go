package samltest

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/beevik/etree"
)

// An AuthnRequest is a request for a sign-in.
type AuthnRequest struct {
	ID         string
	Issuer     string
	ACS        string // where the answer goes
	ForceAuthn bool
	IsPassive  bool
	RelayState string
	XML        []byte // as it was received
}

// serveRequest takes a request for a sign-in and shows whom to choose from.
func (idp *IdP) serveRequest(w http.ResponseWriter, r *http.Request) {
	request, err := idp.ReadRequest(r)
	if err != nil {
		refuse(w, err)
		return
	}
	if idp.o.OnRequest != nil {
		idp.o.OnRequest(request)
	}
	switch {
	case idp.o.Silent:
		show(w, silentPage, nil)
	case request.IsPassive:
		o := idp.o.Answer
		o.Status = &Status{Second: statusNoPassive}
		idp.answer(w, request, o)
	default:
		show(w, signInPage, signIn{idp.o.People, base64.StdEncoding.EncodeToString(request.XML), request.RelayState})
	}
}

const statusNoPassive = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"

// serveSignIn answers the request for the person who was chosen.
func (idp *IdP) serveSignIn(w http.ResponseWriter, r *http.Request) {
	request, err := idp.ReadRequest(r)
	if err != nil {
		refuse(w, err)
		return
	}
	person, ok := idp.person(r.PostFormValue("person"))
	if !ok {
		refuse(w, errors.New("there is no such person"))
		return
	}
	answer := idp.o.Answer
	if answer.Person.NameID == "" {
		answer.Person = person
	}
	idp.answer(w, request, answer)
}

// ReadRequest reads the request for a sign-in that a browser has brought, by HTTP-Redirect or HTTP-POST: for
// an identity provider with pages of its own, which answers with [IdP.FormValue]. The request is of a
// service provider that is known, and ACS is one of its.
func (idp *IdP) ReadRequest(r *http.Request) (AuthnRequest, error) {
	message, relayState, err := received(r, "SAMLRequest")
	if err != nil {
		return AuthnRequest{}, err
	}
	request, err := idp.readRequest(r.Context(), message)
	request.RelayState = relayState
	return request, err
}

// answer sends the browser to the service provider with a response.
func (idp *IdP) answer(w http.ResponseWriter, request AuthnRequest, o ResponseOptions) {
	if o.ACS == "" {
		o.ACS = request.ACS
	}
	if o.Audience == "" {
		o.Audience = request.Issuer
	}
	if o.InResponseTo == "" {
		o.InResponseTo = request.ID
	}
	show(w, postPage, post{request.ACS, "SAMLResponse", idp.FormValue(o), request.RelayState})
}

// received returns the message of a request, decoded, and its RelayState.
func received(r *http.Request, field string) (message []byte, relayState string, err error) {
	values, inflate := r.URL.Query(), true
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			return nil, "", err
		}
		values, inflate = r.PostForm, false
	}
	message, err = decoded(values.Get(field), inflate)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", field, err)
	}
	return message, values.Get("RelayState"), nil
}

// decoded returns the message of a field.
func decoded(field string, inflate bool) ([]byte, error) {
	message, err := base64.StdEncoding.DecodeString(field)
	if err == nil && inflate {
		message, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(message)), maxForm))
	}
	if err == nil && len(message) == 0 {
		err = errors.New("it is not there")
	}
	return message, err
}

// readRequest reads a request that is well-formed and from a service provider that is known. A
// signature is not verified: whoever asks, the answer goes where it is known to belong.
func (idp *IdP) readRequest(ctx context.Context, message []byte) (AuthnRequest, error) {
	r, root, err := readAuthnRequest(message)
	if err != nil {
		return AuthnRequest{}, err
	}
	if d := root.SelectAttrValue("Destination", ""); d != "" && d != idp.o.URL+"/sso" {
		return AuthnRequest{}, fmt.Errorf("the request is for %q", d)
	}
	if b := root.SelectAttrValue("ProtocolBinding", bindingPOST); b != bindingPOST {
		return AuthnRequest{}, fmt.Errorf("the answer is wanted by %q", b)
	}
	err = idp.locate(ctx, &r)
	return r, err
}

// readAuthnRequest reads a request.
func readAuthnRequest(message []byte) (AuthnRequest, *etree.Element, error) {
	root, err := root(message, "AuthnRequest")
	if err != nil {
		return AuthnRequest{}, nil, err
	}
	return AuthnRequest{
		ID:         root.SelectAttrValue("ID", ""),
		ACS:        root.SelectAttrValue("AssertionConsumerServiceURL", ""),
		ForceAuthn: is(root, "ForceAuthn"),
		IsPassive:  is(root, "IsPassive"),
		Issuer:     issuerOf(root),
		XML:        message,
	}, root, nil
}

// locate finds out where the answer goes.
func (idp *IdP) locate(ctx context.Context, r *AuthnRequest) error {
	if idp.o.AnyServiceProvider {
		if r.ACS == "" {
			return errors.New("the request does not say where the answer goes")
		}
		return nil
	}
	sp, ok := idp.serviceProvider(ctx, r.Issuer)
	if !ok {
		return fmt.Errorf("there is no service provider %q", r.Issuer)
	}
	if r.ACS == "" && len(sp.ACS) > 0 {
		r.ACS = sp.ACS[0]
	}
	if !slices.Contains(sp.ACS, r.ACS) {
		return fmt.Errorf("%q has no assertion consumer service at %q", r.Issuer, r.ACS)
	}
	return nil
}

// root returns the root of a message that is a request or a response of a kind.
func root(message []byte, kind string) (*etree.Element, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(message); err != nil {
		return nil, err
	}
	e := doc.Root()
	switch {
	case e == nil || e.Tag != kind || e.NamespaceURI() != nsProtocol:
		return nil, fmt.Errorf("it is no %s", kind)
	case e.SelectAttrValue("Version", "") != "2.0":
		return nil, errors.New("it has another version than 2.0")
	case e.SelectAttrValue("ID", "") == "" || e.SelectAttrValue("IssueInstant", "") == "" || issuerOf(e) == "":
		return nil, errors.New("it has no ID, no IssueInstant or no Issuer")
	}
	return e, nil
}

func issuerOf(e *etree.Element) string {
	if issuer := e.SelectElement("Issuer"); issuer != nil && issuer.NamespaceURI() == nsAssertion {
		return issuer.Text()
	}
	return ""
}

// is reports whether an xs:boolean is true.
func is(e *etree.Element, name string) bool {
	v := e.SelectAttrValue(name, "")
	return v == "true" || v == "1"
}
