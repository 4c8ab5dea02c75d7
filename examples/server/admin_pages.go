package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed-30109bde/gatehouse/provider/console"
	"github.com/seed-30109bde/gatehouse/scim"
)

// mountPages adds the pages of administrators: the console, and the checklist of what is to be done.
func (h *host) mountPages(sso *offline) error {
	links := []console.Link{{Text: "Checklist", URL: checklistPath}, {Text: "Your own Entra or Okta", URL: ownPath}}
	if sso != nil {
		links = append(links, console.Link{Text: "Offline identity provider", URL: sso.idp.URL() + "/"})
	}
	pages, err := console.New(h.Service, console.Options{
		Base: consolePath, Actor: h.actor, Denied: h.deny, From: h.from, FactorHint: h.consoleHint,
		Organizations: func(context.Context, scim.TenantID) (list []console.Organization, err error) {
			for _, o := range organizations {
				list = append(list, console.Organization(o))
			}
			return list, nil
		},
		Theme:  console.Theme{Product: tenantName, Home: console.Link{URL: "/"}, Links: links, SignOut: signOutPath, CSS: guideStyle},
		Now:    h.now,
		Logger: h.log,
	})
	if err != nil {
		return err
	}
	h.console = pages
	h.checklist = &guide{service: h.Service, sso: sso, base: h.base.String(), pages: pages, actor: h.actor, deny: h.deny}
	return nil
}

// deny sends whoever is not signed in to the sign-in page, and back to where they wanted to go.
func (h *host) deny(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errSignedOut) && r.Method == http.MethodGet:
		http.Redirect(w, r, signInAt(signInPath, r.URL.RequestURI()), http.StatusSeeOther)
	case errors.Is(err, errSignedOut):
		h.message(w, r, http.StatusForbidden, "You are signed out", "Nothing was done. Sign in again, and go back to the page.")
	case errors.Is(err, errNoAdministrator):
		h.message(w, r, http.StatusForbidden, "This page is for administrators", "You are signed in, but not as an administrator.")
	default:
		h.down(w, r, err)
	}
}
