package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/provider"
)

//go:embed html/checklist.html html/own.html
var guideFiles embed.FS

// guidePages are "checklist" and "own": their content, without the page around it, which is "guide".
var guidePages = template.Must(template.ParseFS(guideFiles, "html/*.html"))

// Paths of the guide.
const (
	ownPath    = checklistPath + "/own"
	guideStyle = "/checklist/style.css"
)

// A guide shows an administrator what is to be done, and what was.
type guide struct {
	service *provider.Service
	sso     *offline // nil = none
	base    string   // of the server
}

// A guideView is what its pages are made of. "checklist" and "own" need nothing around them but the stylesheet.
type guideView struct {
	Page       string
	Title      string
	Stylesheet string
	Provider   string // "" = there is none
	Steps      []checkStep
	Parts      []checkPart
	Done       int
	Next       int    // the index of the next step; -1 = none
	Offline    bool   // there is an offline identity provider
	Start      string // where somebody signs in there; "" = nowhere
	Base       string
	SCIM       string
	Console    string
	Public     bool // others can reach the server by https
}

// serves reports whether a path is one of the guide.
func (g *guide) serves(path string) bool {
	return path == checklistPath || path == ownPath || path == guideStyle
}

// ServeHTTP shows the pages. Whoever may see them is decided before: they name a provider and its people.
func (g *guide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		plain(w, http.StatusMethodNotAllowed, "These pages are to be read.")
		return
	}
	switch r.URL.Path {
	case guideStyle:
		serveOfflineFile("style.css")(w, r)
		return
	case ownPath:
		g.show(w, g.view("own", "Now with your own Entra ID or Okta"))
		return
	}
	v := g.view("checklist", "Checklist")
	if err := g.check(r, &v); err != nil {
		plain(w, http.StatusServiceUnavailable, "What was done cannot be read. Try again in a minute.")
		return
	}
	g.show(w, v)
}

func (g *guide) view(name, title string) guideView {
	v := guideView{
		Page: name, Title: title, Stylesheet: guideStyle, Parts: []checkPart{partSSO, partSCIM}, Next: -1,
		Base: g.base, SCIM: g.base + scimPath, Console: consolePath + "/", Offline: g.sso != nil, Public: strings.HasPrefix(g.base, "https://"),
	}
	if g.sso != nil {
		v.Start = g.sso.login
	}
	return v
}

// check fills in the steps.
func (g *guide) check(r *http.Request, v *guideView) (err error) {
	if v.Steps, v.Provider, err = checklist(r.Context(), g.service, provider.Actor{Tenant: tenant}); err != nil {
		return err
	}
	v.Next = slices.IndexFunc(v.Steps, func(s checkStep) bool { return !s.Done })
	for _, s := range v.Steps {
		if s.Done {
			v.Done++
		}
	}
	return nil
}

func (g *guide) show(w http.ResponseWriter, v guideView) {
	var b bytes.Buffer
	if err := guidePages.ExecuteTemplate(&b, "guide", v); err != nil {
		plain(w, http.StatusInternalServerError, "This page cannot be shown.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", offlineCSP)
	_, _ = w.Write(b.Bytes()) // the client may be gone
}
