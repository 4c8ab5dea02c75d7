package console

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
)

//go:embed html/*.html
var html embed.FS

// pages are the templates, each with the layout and the parts that several have.
type pages struct {
	byName map[string]*template.Template
	texts  map[string]string
}

// newPages reads the templates.
func newPages(c *Console) (*pages, error) {
	p := &pages{byName: map[string]*template.Template{}, texts: c.o.Texts}
	base, err := template.New("").Funcs(p.functions()).ParseFS(html, "html/layout.html", "html/parts.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(html, "html/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range names {
		t, err := template.Must(base.Clone()).ParseFS(html, file)
		if err != nil {
			return nil, err
		}
		p.byName[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return p, nil
}

// execute writes a page. A name that begins with "part:" is that of a part of its page alone.
func (p *pages) execute(w io.Writer, name string, v view) error {
	page, part, ok := strings.Cut(name, ":")
	if !ok {
		part = "layout"
	}
	t, ok := p.byName[page]
	if !ok {
		return fmt.Errorf("console: there is no page %q", name)
	}
	return t.ExecuteTemplate(w, part, v)
}

// text returns what the pages say in place of an English text.
func (p *pages) text(english string) string {
	if other, ok := p.texts[english]; ok {
		return other
	}
	return english
}

func (p *pages) done(name string) string {
	if name == "" {
		return ""
	}
	return p.text(messages[name])
}

func (p *pages) functions() template.FuncMap {
	return template.FuncMap{
		"t": func(english string, args ...any) string {
			if len(args) == 0 {
				return p.text(english)
			}
			return fmt.Sprintf(p.text(english), args...)
		},
		"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"human": func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"ago":   p.ago,
		"days":  func(t, now time.Time) int { return int(t.Sub(now) / (24 * time.Hour)) },
		"seg":   url.PathEscape,
		"kv":    keyValues,
		"join":  strings.Join,
		"str":   func(v any) string { return fmt.Sprint(v) },
		"has":   func(list []string, v string) bool { return slices.Contains(list, v) },
		"soon":  func(t, now time.Time) bool { return t.Sub(now) < provider.ExpirySoon },
		"add":   func(a, b int) int { return a + b },
	}
}

// ago says how long ago a time was, roughly.
func (p *pages) ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 2*time.Minute:
		return p.text("just now")
	case d < 2*time.Hour:
		return fmt.Sprintf(p.text("%d minutes ago"), int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf(p.text("%d hours ago"), int(d/time.Hour))
	}
	return fmt.Sprintf(p.text("%d days ago"), int(d/(24*time.Hour)))
}

// keyValues makes what a part of a page is given.
func keyValues(list ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(list); i += 2 {
		key, ok := list[i].(string)
		if !ok {
			return nil, fmt.Errorf("console: %v is no key", list[i])
		}
		m[key] = list[i+1]
	}
	return m, nil
}
