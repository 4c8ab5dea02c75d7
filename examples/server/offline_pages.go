package main

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

//go:embed html/offline
var offlineFiles embed.FS

// offlinePages are the pages of the offline identity provider, by file name.
var offlinePages = parseOffline("apps", "signin", "post", "refused", "directory", "person", "provisioning")

// parseOffline parses pages, each with the layout. They are part of the program, so one that does not parse
// is a mistake here.
func parseOffline(names ...string) map[string]*template.Template {
	pages := map[string]*template.Template{}
	for _, name := range names {
		pages[name] = template.Must(template.ParseFS(offlineFiles, "html/offline/layout.html", "html/offline/"+name+".html"))
	}
	return pages
}

// maxOfflineForm bounds what is read of a form, in bytes.
const maxOfflineForm = 1 << 20

// offlineCSP lets pages load the one stylesheet, and send forms to this identity provider alone.
const offlineCSP = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// newHandler serves the identity provider, below idpPath.
func (o *offline) newHandler() http.Handler {
	protocol := o.idp.Handler() // which also has pages of its own; they are not served
	mux := http.NewServeMux()
	mux.Handle("GET /metadata", protocol)
	mux.HandleFunc("GET /metadata.xml", o.serveMetadataFile)
	mux.Handle("/slo", protocol)
	mux.HandleFunc("GET /sso", o.serveSignIn)
	mux.HandleFunc("POST /sso", o.serveSignIn) // from the site of the service provider
	for _, name := range []string{"style.css", "post.js"} {
		mux.HandleFunc("GET /"+name, serveOfflineFile(name))
	}

	// What changes something is asked by its own pages alone.
	own := http.NewCrossOriginProtection()
	form := func(pattern string, h http.HandlerFunc) { mux.Handle("POST "+pattern, own.Handler(h)) }
	mux.HandleFunc("GET /{$}", o.serveApps)
	form("/signin", o.serveSignedIn)
	form("/launch", o.serveLaunch)
	mux.HandleFunc("GET /directory", o.serveDirectory)
	mux.HandleFunc("GET /directory/{id}", o.servePerson)
	form("/directory/{id}", o.savePerson)
	form("/directory", o.resetDirectory)
	mux.HandleFunc("GET /provisioning", o.serveProvisioning)
	form("/provisioning", o.startProvisioning)
	return o.atHome(http.StripPrefix(idpPath, http.MaxBytesHandler(mux, maxOfflineForm)))
}

// atHome serves the identity provider on its own host name alone, as long as that is one of this machine: who
// comes by the address of the server is sent there, and pages that another name leads to are not for it.
func (o *offline) atHome(h http.Handler) http.Handler {
	home, err := url.Parse(o.idp.URL())
	if err != nil || home.Hostname() != "localhost" {
		return h
	}
	here := strings.TrimPrefix(o.base, "http://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == home.Host:
			h.ServeHTTP(w, r)
		case r.Host == here && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			http.Redirect(w, r, home.Scheme+"://"+home.Host+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		default:
			plain(w, http.StatusMisdirectedRequest, "The offline identity provider is at "+o.idp.URL()+"/.")
		}
	})
}

// An offlineView is what every page has.
type offlineView struct {
	Title string
	Here  string // the entry of the navigation
	Base  string // of the server
	Path  string // of the identity provider
	Data  any
}

// show writes a page.
func (o *offline) show(w http.ResponseWriter, status int, name, title string, data any) {
	var b bytes.Buffer
	if err := offlinePages[name].ExecuteTemplate(&b, "layout", offlineView{title, name, o.base, idpPath, data}); err != nil {
		plain(w, http.StatusInternalServerError, "This page cannot be shown.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Content-Security-Policy") == "" {
		h.Set("Content-Security-Policy", offlineCSP)
	}
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client may be gone
}

// An offlineRefusal is why the identity provider goes no further: the browser stays here.
type offlineRefusal struct {
	Code string // as the product would show it; "" = none
	Text string
	Back bool // there is a page to choose somebody else
}

func (o *offline) refuse(w http.ResponseWriter, status int, r offlineRefusal) {
	o.show(w, status, "refused", "Sign-in stopped here", r)
}

func serveOfflineFile(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		http.ServeFileFS(w, r, offlineFiles, "html/offline/"+name)
	}
}

// serveMetadataFile is the metadata to be kept as a file.
func (o *offline) serveMetadataFile(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Header().Set("Content-Disposition", `attachment; filename="offline-idp.xml"`)
	_, _ = w.Write(o.idp.Metadata()) // the client may be gone
}

// An offlineApp is a connection of this server, as the identity provider sees it.
type offlineApp struct {
	Name, EntityID, Start string
	IdPInitiated          bool
}

// serveApps shows where somebody can sign in, and what else there is.
func (o *offline) serveApps(w http.ResponseWriter, r *http.Request) {
	var apps []offlineApp
	if service := o.service.Load(); service != nil {
		for p, err := range allProviders(r.Context(), service, offlineActor, provider.Query{}) {
			if err != nil {
				plain(w, http.StatusServiceUnavailable, "The connections of the server cannot be read.")
				return
			}
			ids, err := service.Identifiers(r.Context(), offlineActor, p.ID)
			if err != nil || !o.knows(p) {
				continue
			}
			apps = append(apps, offlineApp{nameOf(p), p.EntityID, ids.StartURL, p.AllowIdPInitiated})
		}
	}
	o.show(w, http.StatusOK, "apps", "Applications", map[string]any{
		"Apps": apps, "People": o.directory.list(), "Metadata": o.idp.URL() + "/metadata", "EntityID": o.idp.EntityID(),
	})
}

// knows reports whether a connection is one to this identity provider, so that a sign-in there ends here.
func (o *offline) knows(p provider.Provider) bool {
	return p.Active != nil && p.Enabled && p.Active.Metadata.EntityID() == o.idp.EntityID()
}

func nameOf(p provider.Provider) string {
	if p.Name == "" {
		return "a connection without a name"
	}
	return p.Name
}

// troubles are what can go wrong at a sign-in, as the page offers it.
var troubles = []trouble{
	{"", "Nothing: an ordinary sign-in"},
	{"unassigned", "The person is not assigned to the application"},
	{"audience", "Wrong audience: the entity ID was entered wrongly at the identity provider"},
	{"certificate", "The response is signed with an expired certificate"},
	{"nameid", "Misspelled NameID: the claim comes from another field than the user name"},
	{"unsigned", "The response is signed with a key that is not in the metadata"},
	{"late", "The response arrives an hour late"},
}

type trouble struct{ Value, Text string }

// serveSignIn takes a request for a sign-in and asks who it is.
func (o *offline) serveSignIn(w http.ResponseWriter, r *http.Request) {
	request, err := o.idp.ReadRequest(r)
	if err != nil {
		o.refuse(w, http.StatusBadRequest, offlineRefusal{Code: "AADSTS700016", Text: "The application that asks is not one of this server, or it asks for the answer elsewhere: " + err.Error() + "."})
		return
	}
	if request.IsPassive { // nobody has a session here
		o.answer(w, request, samltest.ResponseOptions{Status: &samltest.Status{Second: "urn:oasis:names:tc:SAML:2.0:status:NoPassive"}})
		return
	}
	p, _, _ := o.connection(r.Context(), request.Issuer)
	o.show(w, http.StatusOK, "signin", "Sign in to "+nameOf(p), map[string]any{
		"App": nameOf(p), "EntityID": request.Issuer, "ACS": request.ACS, "People": o.directory.list(), "Troubles": troubles,
		"Request": base64.StdEncoding.EncodeToString(request.XML), "RelayState": request.RelayState,
	})
}

// serveSignedIn answers a request for the person who was chosen.
func (o *offline) serveSignedIn(w http.ResponseWriter, r *http.Request) {
	request, err := o.idp.ReadRequest(r)
	if err != nil {
		o.refuse(w, http.StatusBadRequest, offlineRefusal{Code: "AADSTS700016", Text: "The application that asks is not one of this server, or it asks for the answer elsewhere: " + err.Error() + "."})
		return
	}
	o.signIn(w, r, request)
}

// serveLaunch signs in at an application that has not asked.
func (o *offline) serveLaunch(w http.ResponseWriter, r *http.Request) {
	sp, ok := o.serviceProvider(r.Context(), r.PostFormValue("sp"))
	if !ok || len(sp.ACS) == 0 {
		o.refuse(w, http.StatusBadRequest, offlineRefusal{Code: "AADSTS700016", Text: "This application is not one of this server."})
		return
	}
	o.signIn(w, r, samltest.AuthnRequest{Issuer: sp.EntityID, ACS: sp.ACS[0]})
}

// signIn answers for the person of a form, with what goes wrong, or stops on a page of its own.
func (o *offline) signIn(w http.ResponseWriter, r *http.Request, request samltest.AuthnRequest) {
	who, ok := o.directory.named(r.PostFormValue("person"))
	if !ok {
		o.refuse(w, http.StatusBadRequest, offlineRefusal{Code: "AADSTS50034", Text: "This person is not in the directory."})
		return
	}
	what := r.PostFormValue("trouble")
	if !slices.ContainsFunc(troubles, func(t trouble) bool { return t.Value == what }) {
		o.refuse(w, http.StatusBadRequest, offlineRefusal{Text: "This identity provider has no such trouble."})
		return
	}
	p, _, _ := o.connection(r.Context(), request.Issuer)
	switch {
	case !who.Active:
		o.refuse(w, http.StatusForbidden, offlineRefusal{Code: "AADSTS50057", Text: "The user account is disabled.", Back: request.ID != ""})
		return
	case !who.Assigned || what == "unassigned":
		o.refuse(w, http.StatusForbidden, offlineRefusal{Code: "AADSTS50105", Back: request.ID != "", Text: "Your administrator has configured the application " + nameOf(p) + " (" + request.Issuer +
			") to block users unless they are specifically granted (“assigned”) access to the application. The signed in user " + who.UserName + " is blocked because they are not assigned."})
		return
	}
	factor := who.SecondFactor
	switch r.PostFormValue("factor") {
	case "yes":
		factor = true
	case "no":
		factor = false
	}
	a := samltest.ResponseOptions{Person: who.subject(factor)}
	switch what {
	case "audience":
		a.Faults = []samltest.Fault{samltest.WrongAudience}
	case "certificate":
		a.Key = o.expired
	case "nameid":
		a.Person.NameID = misspelled(who.UserName)
	case "unsigned":
		a.Faults = []samltest.Fault{samltest.UnknownKey}
	case "late":
		a.Faults = []samltest.Fault{samltest.ExpiredAssertion}
	}
	o.answer(w, request, a)
}

// misspelled is a user name with a slip in it: the last letter before the "@" twice.
func misspelled(name string) string {
	before, after, _ := strings.Cut(name, "@")
	return before + before[len(before)-1:] + "@" + after
}

// answer sends the browser to the service provider with a response, by a page that needs one click where
// there is no JavaScript.
func (o *offline) answer(w http.ResponseWriter, request samltest.AuthnRequest, a samltest.ResponseOptions) {
	a.ACS, a.Audience, a.InResponseTo = request.ACS, request.Issuer, request.ID
	to, err := url.Parse(request.ACS)
	if err != nil {
		o.refuse(w, http.StatusBadRequest, offlineRefusal{Text: "The address that asks for the answer cannot be read."})
		return
	}
	// The page alone has a script, and sends its form to the other site.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; form-action "+
		to.Scheme+"://"+to.Host+"; base-uri 'none'; frame-ancestors 'none'")
	o.show(w, http.StatusOK, "post", "Back to the application", map[string]any{
		"ACS": request.ACS, "Response": o.idp.FormValue(a), "RelayState": request.RelayState,
	})
}

// serveDirectory shows everybody.
func (o *offline) serveDirectory(w http.ResponseWriter, _ *http.Request) {
	o.show(w, http.StatusOK, "directory", "Directory", o.directory.list())
}

// A personForm is the page of one person.
type personForm struct {
	employee
	New           bool
	Problem       string // why it was not saved; "" = nothing
	AllGroups     []string
	Organizations []organization
}

// newEmployee is the ID of somebody who is to be added.
const newEmployee = "new"

func (o *offline) servePerson(w http.ResponseWriter, r *http.Request) {
	form := personForm{employee: employee{Assigned: true, Active: true, UserType: "endUser", Organization: organizations[0].ID}, New: true}
	if id := r.PathValue("id"); id != newEmployee {
		var ok bool
		if form.employee, ok = o.directory.byID(id); !ok {
			o.refuse(w, http.StatusNotFound, offlineRefusal{Text: "This person is not in the directory any more."})
			return
		}
		form.New = false
	}
	o.showPerson(w, http.StatusOK, form)
}

func (o *offline) showPerson(w http.ResponseWriter, status int, f personForm) {
	title := cmp.Or(f.DisplayName(), f.UserName)
	if f.New {
		title = "Add a person"
	}
	f.AllGroups, f.Organizations = directoryGroups, organizations
	o.show(w, status, "person", title, f)
}

func (o *offline) savePerson(w http.ResponseWriter, r *http.Request) {
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	f := personForm{New: r.PathValue("id") == newEmployee, employee: employee{
		ID: r.PathValue("id"), UserName: value("username"), Given: value("given"), Family: value("family"), Title: value("title"),
		Organization: value("organization"), UserType: value("usertype"),
		Assigned: value("assigned") != "", Active: value("active") != "", SecondFactor: value("factor") != "",
	}}
	for _, g := range directoryGroups {
		if slices.Contains(r.PostForm["group"], g) {
			f.Groups = append(f.Groups, g)
		}
	}
	if f.New {
		f.ID = ""
	} else if _, ok := o.directory.byID(f.ID); !ok {
		o.refuse(w, http.StatusNotFound, offlineRefusal{Text: "This person is not in the directory any more."})
		return
	}
	if _, f.Problem = o.directory.put(f.employee); f.Problem != "" {
		o.showPerson(w, http.StatusUnprocessableEntity, f)
		return
	}
	http.Redirect(w, r, idpPath+"/directory", http.StatusSeeOther)
}

func (o *offline) resetDirectory(w http.ResponseWriter, r *http.Request) {
	o.directory.reset()
	http.Redirect(w, r, idpPath+"/directory", http.StatusSeeOther)
}
