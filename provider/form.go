package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"

	"github.com/seed-30109bde/gatehouse/saml"
)

// submit presses the button of the page that posts a message. Without JavaScript the person does.
const submit = `document.forms[0].submit()`

var submitHash = func() string {
	sum := sha256.Sum256([]byte(submit))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

var postPage = template.Must(template.New("post").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>One moment</title></head>
<body><form method="post" action="{{.URL}}">{{range .Form}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">{{end}}
<p>You are being sent to your identity provider.</p><p><button>Continue</button></p></form>
<script>` + submit + `</script></body></html>
`))

// send sends a browser to the identity provider with a message.
func (s *Service) send(w http.ResponseWriter, r *http.Request, m saml.Message) {
	secure(w.Header(), "script-src 'sha256-"+submitHash+"'")
	if m.Binding == saml.HTTPRedirect {
		http.Redirect(w, r, m.URL, http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := postPage.Execute(w, m); err != nil {
		s.config.Logger.DebugContext(r.Context(), "a page was not read to its end", "error", err)
	}
}

// redirect sends a browser to a target that was checked, as it is: http.Redirect would clean its path.
func redirect(w http.ResponseWriter, target string) {
	secure(w.Header(), "")
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

// secure sets the headers of all pages: nothing is loaded, framed or kept.
func secure(h http.Header, allow string) {
	policy := "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
	if allow != "" {
		policy += "; " + allow
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}
