package main

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
)

// front sends everybody where they belong; to those who are not signed in it says what this is.
func (h *host) front(w http.ResponseWriter, r *http.Request) {
	s, u, err := h.current(r)
	switch {
	case errors.Is(err, errSignedOut):
		h.render(w, r, http.StatusOK, "front", view{Title: "Gatehouse", Data: map[string]any{"SCIM": h.scimURL, "SignedOut": r.URL.Query().Has("signed-out")}})
	case err != nil:
		h.down(w, r, err)
	case s.Pending:
		http.Redirect(w, r, factorPath, http.StatusSeeOther)
	case !u.Administrator:
		http.Redirect(w, r, homePath, http.StatusSeeOther)
	case h.checklist != nil:
		http.Redirect(w, r, checklistPath, http.StatusSeeOther)
	default:
		http.Redirect(w, r, consolePath+"/", http.StatusSeeOther)
	}
}

// A row is a line of a page: a name and what is said of it.
type row struct {
	Name   string
	Values []string
}

// home shows a person what this server knows of them.
func (h *host) home(w http.ResponseWriter, r *http.Request) {
	s, u, err := h.signedIn(r)
	if errors.Is(err, errSignedOut) {
		http.Redirect(w, r, signInAt(signInPath, homePath), http.StatusSeeOther)
		return
	}
	if err != nil {
		h.down(w, r, err)
		return
	}
	given, err := h.roles.of(r.Context(), u.ID)
	if err != nil {
		h.down(w, r, err)
		return
	}
	count, err := h.sessions.count(r.Context(), u.ID)
	if err != nil {
		h.down(w, r, err)
		return
	}
	through, err := h.providerName(r.Context(), s.Provider)
	if err != nil {
		h.down(w, r, err)
		return
	}
	name := u.DisplayName
	if name == "" {
		name = strings.TrimSpace(u.Name.GivenName + " " + u.Name.FamilyName)
	}
	if name == "" {
		name = u.UserName
	}
	userType := map[string]string{extension.Technician: "Technician", extension.EndUser: "End user"}[u.NinjaOne.UserType]
	about := []row{{"User name", []string{u.UserName}}, {"User type", []string{userType}}}
	if u.NinjaOne.OrganizationID != "" {
		about = append(about, row{"Organization", []string{organizationName(u.NinjaOne.OrganizationID)}})
	}
	if len(given) > 0 {
		about = append(about, row{"Roles", given})
	}
	h.render(w, r, http.StatusOK, "home", view{Title: name, Wide: true, Data: map[string]any{
		"UserName": u.UserName, "Administrator": u.Administrator, "About": about, "Session": sessionRows(s, through), "Assertion": assertionRows(s), "Count": count,
	}})
}

// endOthers signs a person out everywhere but here.
func (h *host) endOthers(w http.ResponseWriter, r *http.Request) {
	s, _, err := h.signedIn(r)
	if errors.Is(err, errSignedOut) {
		http.Redirect(w, r, signInAt(signInPath, homePath), http.StatusSeeOther)
		return
	}
	if err == nil {
		err = h.sessions.endOthers(r.Context(), s)
	}
	if err != nil {
		h.down(w, r, err)
		return
	}
	http.Redirect(w, r, homePath, http.StatusSeeOther)
}

// providerName is what people call a provider, "" if it is none.
func (h *host) providerName(ctx context.Context, id provider.ID) (string, error) {
	if id == "" {
		return "", nil
	}
	p, err := h.Provider(ctx, serverActor(), id)
	if errors.Is(err, provider.ErrNotFound) || err == nil && p.Name == "" {
		return string(id), nil
	}
	return p.Name, err
}

// shownTime is how pages write a time.
const shownTime = "2 January 2006, 15:04:05 MST"

// sessionRows say how somebody signed in, and through which provider, "" = none.
func sessionRows(s session, through string) []row {
	how := s.How
	if through != "" {
		how += " through " + through
	}
	factor := s.Factor
	if s.Evidence != "" {
		factor += " (" + s.Evidence + ")"
	}
	return []row{
		{"Signed in with", []string{how}}, {"Second factor", []string{factor}},
		{"Since", []string{s.Began.Format(shownTime)}}, {"Until", []string{s.Expires.Format(shownTime)}},
	}
}

// assertionRows are what the identity provider has said, none for a session without one.
func assertionRows(s session) []row {
	if s.Provider == "" {
		return nil
	}
	rows := []row{{"NameID", []string{s.NameID}}}
	if s.NameIDFormat != "" {
		rows = append(rows, row{"NameID format", []string{s.NameIDFormat}})
	}
	if !s.AuthnInstant.IsZero() {
		rows = append(rows, row{"Signed in there", []string{s.AuthnInstant.UTC().Format(shownTime)}})
	}
	for _, a := range s.Attributes {
		rows = append(rows, row(a))
	}
	return rows
}
