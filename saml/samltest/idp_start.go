package samltest

import (
	"errors"
	"net/http"
)

// serveStart shows whom to sign in and where.
func (idp *IdP) serveStart(w http.ResponseWriter, _ *http.Request) {
	show(w, startPage, start{idp.o.People, idp.o.ServiceProviders})
}

// serveStarted signs in at a service provider that has not asked.
func (idp *IdP) serveStarted(w http.ResponseWriter, r *http.Request) {
	person, known := idp.person(r.PostFormValue("person"))
	sp, ok := idp.serviceProvider(r.Context(), r.PostFormValue("sp"))
	if !known || !ok || len(sp.ACS) == 0 {
		refuse(w, errors.New("there is no such person, or no such service provider"))
		return
	}
	o := idp.o.Answer
	if o.Person.NameID == "" {
		o.Person = person
	}
	idp.answer(w, AuthnRequest{
		Issuer: sp.EntityID, ACS: sp.ACS[0], RelayState: r.PostFormValue("RelayState"),
	}, o)
}
