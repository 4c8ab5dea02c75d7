package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
)

const noticeStyle = `:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto 0;padding:0 1.5rem}h1{font-size:1.4rem}code{font-size:1.05em}`

var noticeStyleHash = func() string {
	sum := sha256.Sum256([]byte(noticeStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

var noticePage = template.Must(template.New("notice").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}</title><style>` + noticeStyle + `</style></head>
<body><h1>{{.Title}}</h1><p>{{.Text}}</p>{{with .Incident}}<p>Incident ID: <code>{{.}}</code></p>{{end}}</body></html>
`))

// What is on the page of every refusal, whatever its reason.
const (
	refusedTitle = "You are not signed in"
	refusedText  = "Begin again where you came from. If this page comes back, tell your administrator the incident ID: the reason is kept under it."
)

// notice shows a page in place of where a person wanted to go.
func (s *Service) notice(w http.ResponseWriter, r *http.Request, n Notice) {
	if n.Kind == NoticeRefused {
		n.Title, n.Text = refusedTitle, refusedText
	}
	secure(w.Header(), "style-src 'sha256-"+noticeStyleHash+"'")
	if s.config.Page != nil {
		s.config.Page(w, r, n)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(n.Status)
	if err := noticePage.Execute(w, n); err != nil {
		s.config.Logger.DebugContext(r.Context(), "a page was not read to its end", "error", err)
	}
}
