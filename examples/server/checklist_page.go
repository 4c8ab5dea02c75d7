package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/console"
)

//go:embed html/checklist.html html/own.html
var guideFiles embed.FS

//go:embed assets/guide.css
var guideStyle string

// guidePages are "checklist" and "own": their content, without the page around it, which is that of the console.
var guidePages = template.Must(template.ParseFS(guideFiles, "html/*.html"))

// Paths of the guide.
const (
	ownPath = checklistPath + "/own"
)

// A guide shows an administrator what is to be done, and what was.
type guide struct {
	service *provider.Service
	sso     *offline // nil = none
	base    string   // of the server
	pages   *console.Console
	actor   func(*http.Request) (provider.Actor, error)
	deny    func(http.ResponseWriter, *http.Request, error) // whoever is no administrator
}

// A guideView is what its pages are made of.
type guideView struct {
	Title    string
	Provider string // "" = there is none
	Steps    []checkStep
	Parts    []checkPart
	Done     int
	Next     int    // the index of the next step; -1 = none
	Offline  bool   // there is an offline identity provider
	Start    string // where somebody signs in there; "" = nowhere
	Base     string
	SCIM     string
	Console  string
	Public   bool // others can reach the server by https
}

// ServeHTTP shows the pages to administrators: they name a provider and its people.
func (g *guide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		plain(w, http.StatusMethodNotAllowed, "These pages are to be read.")
		return
	}
	actor, err := g.actor(r)
	if err != nil {
		g.deny(w, r, err)
		return
	}
	switch r.URL.Path {
	case checklistPath:
		v := g.view("Checklist")
		if err := g.check(r, &v); err != nil {
			plain(w, http.StatusServiceUnavailable, "What was done cannot be read. Try again in a minute.")
			return
		}
		g.show(w, r, actor, "checklist", v)
	case ownPath:
		g.show(w, r, actor, "own", g.view("Now with your own Entra ID or Okta"))
	default:
		plain(w, http.StatusNotFound, "There is no such page.")
	}
}

func (g *guide) view(title string) guideView {
	v := guideView{
		Title: title, Parts: []checkPart{partSSO, partSCIM}, Next: -1,
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

func (g *guide) show(w http.ResponseWriter, r *http.Request, actor provider.Actor, name string, v guideView) {
	var b bytes.Buffer
	if err := guidePages.ExecuteTemplate(&b, name, v); err != nil {
		plain(w, http.StatusInternalServerError, "This page cannot be shown.")
		return
	}
	g.pages.Page(w, r, actor, v.Title, template.HTML(b.String())) // which a template has made
}
