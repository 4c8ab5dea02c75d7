package samltest

import (
	"html/template"
	"net/http"
)

// The pages have no style, and need no JavaScript: the one script presses a button.
const (
	pageTop    = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Test identity provider</title><h1>Test identity provider</h1>`
	peopleList = `{{range .People}}<p><label><input type="radio" name="person" value="{{.NameID}}" required> {{.NameID}}</label></p>{{end}}`
)

// page parses a page. All are constants, so one that does not parse is a mistake here.
func page(text string) *template.Template {
	return template.Must(template.New("").Parse(pageTop + text))
}

var (
	signInPage = page(`<form method="post" action="signin">` + peopleList +
		`<input type="hidden" name="SAMLRequest" value="{{.Request}}">
<input type="hidden" name="RelayState" value="{{.RelayState}}">
<button>Sign in</button></form>`)

	startPage = page(`<form method="post" action="start">` + peopleList +
		`{{range .ServiceProviders}}<p><label><input type="radio" name="sp" value="{{.EntityID}}" required> {{.EntityID}}</label></p>{{end}}
<p><label>RelayState <input name="RelayState"></label></p>
<button>Sign in</button></form>`)

	postPage = page(`<form method="post" action="{{.URL}}">
<input type="hidden" name="{{.Field}}" value="{{.Message}}">
{{if .RelayState}}<input type="hidden" name="RelayState" value="{{.RelayState}}">{{end}}
<button>Continue</button></form>
<script>document.forms[0].submit()</script>`)

	silentPage    = page(`<p>You cannot access this application.</p>`)
	signedOutPage = page(`<p>You are signed out.</p>`)
	refusedPage   = page(`<p>{{.}}</p>`)
)

// What the pages show.
type (
	signIn struct {
		People              []Person
		Request, RelayState string
	}
	start struct {
		People           []Person
		ServiceProviders []ServiceProvider
	}
	post struct {
		URL, Field, Message, RelayState string
	}
)

func show(w http.ResponseWriter, p *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = p.Execute(w, data) // the client may be gone
}

// refuse says what is wrong with a message.
func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusBadRequest)
	_ = refusedPage.Execute(w, err.Error())
}
