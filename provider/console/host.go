package console

import (
	"html/template"
	"net/http"

	"github.com/seed-30109bde/gatehouse/provider"
)

// Page writes a page of the host's own in the clothes of these: with their header, navigation and style sheet.
// content goes into the main part, below a heading of the title. It is for an administrator, as [Options.Actor]
// has returned them.
func (c *Console) Page(w http.ResponseWriter, r *http.Request, actor provider.Actor, title string, content template.HTML) {
	secure(w.Header())
	p := &call{Console: c, w: w, r: r, actor: actor}
	if err := p.render("host", title, "", content); err != nil {
		p.fail(err)
	}
}
