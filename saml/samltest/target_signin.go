package samltest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A journey is one sign-in, up to where the identity provider would answer.
type journey struct {
	*trial
	client     *http.Client
	params     Params
	relayState string
}

// try signs in with the message of a case.
func (x *trial) try(c Case, accept bool) error {
	j, err := x.begin()
	if err != nil {
		return err
	}
	message := base64.StdEncoding.EncodeToString(c.Make(j.params))
	if c.Repeat {
		thief := j.thief()
		if err := j.accepted(message); err != nil {
			return fmt.Errorf("the first time: %w", err)
		}
		j.client = thief
	}
	if accept {
		return j.accepted(message)
	}
	// A connection that is cut is a refusal too.
	_ = j.post(message)
	if name, ok := x.SignedIn(j.client); ok {
		return fmt.Errorf("%q is signed in", name)
	}
	return nil
}

// accepted posts a message that has to sign in the person.
func (j *journey) accepted(message string) error {
	if err := j.post(message); err != nil {
		return err
	}
	name, ok := j.SignedIn(j.client)
	if !ok {
		return errors.New("nobody is signed in")
	}
	if name != j.NameID {
		return fmt.Errorf("%q is signed in, want %q", name, j.NameID)
	}
	return nil
}

// thief returns a browser with the cookies that the ACS sees in this one.
func (j *journey) thief() *http.Client {
	acs, err := url.Parse(j.params.ACS)
	if err != nil || j.client.Jar == nil {
		return j.client
	}
	client := j.Client()
	client.Jar.SetCookies(acs, j.client.Jar.Cookies(acs))
	return client
}

// post sends a message to the ACS, and follows where it leads.
func (j *journey) post(message string) error {
	form := "SAMLResponse=" + escapeBase64.Replace(message)
	if j.relayState != "" {
		form += "&RelayState=" + url.QueryEscape(j.relayState)
	}
	_, _, err := body(j.client.Post(j.params.ACS, "application/x-www-form-urlencoded", strings.NewReader(form)))
	return err
}

// escapeBase64 escapes as a form has it, which for large messages is worth doing without url.Values.
var escapeBase64 = strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D")

// begin begins a sign-in in a new browser.
func (x *trial) begin() (*journey, error) {
	j := &journey{trial: x, client: x.Client()}
	j.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Query().Has("SAMLRequest") {
			return http.ErrUseLastResponse
		}
		if len(via) >= 10 {
			return errors.New("more than ten redirects")
		}
		return nil
	}
	request, err := j.request()
	if err != nil {
		return nil, fmt.Errorf("beginning a sign-in: %w", err)
	}
	j.params = Params{
		EntityID: x.EntityID, ACS: x.ACS, RequestID: request.ID, IdPEntityID: x.IdPEntityID,
		NameID: x.NameID, Attacker: x.Attacker, Now: x.Now(), Keys: x.keys,
	}
	if j.params.EntityID == "" {
		j.params.EntityID = request.Issuer
	}
	if j.params.ACS == "" {
		j.params.ACS = request.ACS
	}
	j.relayState = request.RelayState
	return j, nil
}

// request asks the target for its request.
func (j *journey) request() (AuthnRequest, error) {
	response, page, err := body(j.client.Get(j.Begin))
	if err != nil {
		return AuthnRequest{}, err
	}
	var values url.Values
	inflate := response.StatusCode/100 == 3
	if inflate {
		location, err := response.Location()
		if err != nil {
			return AuthnRequest{}, err
		}
		values = location.Query()
	} else if f, ok := readForm(response.Request.URL, page); ok {
		values = f.fields
	}
	message, err := decoded(values.Get("SAMLRequest"), inflate)
	if err != nil {
		return AuthnRequest{}, err
	}
	request, _, err := readAuthnRequest(message)
	request.RelayState = values.Get("RelayState")
	return request, err
}
