package samltest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// LogoutOptions say how a request for logout is made.
type LogoutOptions struct {
	SLO        string // where it is sent
	Person     Person
	Session    string // the SessionIndex, optional
	RelayState string
	Unsigned   bool
}

// LogoutQuery returns a request for logout by HTTP-Redirect, as the query of the URL.
func (idp *IdP) LogoutQuery(o LogoutOptions) string {
	q := query("SAMLRequest", idp.logoutRequest(o).String(), o.RelayState)
	if o.Unsigned {
		return q
	}
	return idp.signature().signedQuery(q)
}

// LogoutFormValue returns a request for logout by HTTP-POST, as the value of the form field
// SAMLRequest.
func (idp *IdP) LogoutFormValue(o LogoutOptions) string {
	e := idp.logoutRequest(o)
	if !o.Unsigned {
		e = e.signed(idp.signature())
	}
	return base64.StdEncoding.EncodeToString([]byte(e.String()))
}

func (idp *IdP) signature() signature {
	return signature{key: idp.o.Key, rawECDSA: true}
}

func (idp *IdP) logoutRequest(o LogoutOptions) element {
	d := idp.draft(ResponseOptions{})
	return logoutRequest{
		id: d.id("l"), instant: d.at(0), notOnOrAfter: d.at(5 * time.Minute), destination: o.SLO,
		issuer: d.IdPEntityID, nameID: o.Person.nameID(), session: o.Session,
	}.element()
}

// serveLogout answers a request for logout the way it came, and takes the answer to one.
func (idp *IdP) serveLogout(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("SAMLResponse") != "" {
		idp.serveLoggedOut(w, r)
		return
	}
	message, relayState, err := received(r, "SAMLRequest")
	if err != nil {
		refuse(w, err)
		return
	}
	request, err := root(message, "LogoutRequest")
	if err != nil {
		refuse(w, err)
		return
	}
	sp, ok := idp.serviceProvider(r.Context(), issuerOf(request))
	if !ok || sp.SLO == "" {
		refuse(w, fmt.Errorf("there is no service provider %q, or it has no single logout", issuerOf(request)))
		return
	}
	answer := idp.logoutResponse(sp.SLO, request.SelectAttrValue("ID", ""))
	if r.Method == http.MethodPost {
		signed := answer.signed(idp.signature()).String()
		show(w, postPage, post{sp.SLO, "SAMLResponse", base64.StdEncoding.EncodeToString([]byte(signed)), relayState})
		return
	}
	target := sp.SLO + "?"
	if strings.Contains(sp.SLO, "?") {
		target = sp.SLO + "&"
	}
	http.Redirect(w, r, target+idp.signature().signedQuery(query("SAMLResponse", answer.String(), relayState)), http.StatusSeeOther)
}

// serveLoggedOut takes the answer of a service provider.
func (idp *IdP) serveLoggedOut(w http.ResponseWriter, r *http.Request) {
	message, _, err := received(r, "SAMLResponse")
	if err != nil {
		refuse(w, err)
		return
	}
	response, err := root(message, "LogoutResponse")
	if err != nil {
		refuse(w, err)
		return
	}
	code := response.FindElement("./Status/StatusCode")
	if code == nil || code.SelectAttrValue("Value", "") != statusSuccess {
		refuse(w, errors.New("the service provider has not signed out"))
		return
	}
	show(w, signedOutPage, nil)
}

func (idp *IdP) logoutResponse(destination, inResponseTo string) element {
	d := idp.draft(ResponseOptions{})
	id := d.id("l")
	return element{
		id: id,
		head: `<samlp:LogoutResponse xmlns:samlp="` + nsProtocol + `" xmlns:saml="` + nsAssertion + `"` + attribute("ID", id) +
			attribute("Version", "2.0") + attribute("IssueInstant", d.at(0)) + attribute("Destination", destination) +
			attribute("InResponseTo", inResponseTo) + ">" + issuer(d.IdPEntityID),
		tail: success + "</samlp:LogoutResponse>",
	}
}
