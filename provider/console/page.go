package console

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template/parse"
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

// messages are what a page says after an act, by the name of it in the address.
var messages = map[string]string{
	"added":         "The provider was added as a draft. Copy the identifiers below to your identity provider.",
	"changed":       "The settings were changed.",
	"imported":      "The metadata was imported. Test the connection next.",
	"same":          "The metadata has not changed.",
	"discarded":     "The changes were discarded.",
	"policy":        "The sign-in policy was changed. Test the connection next.",
	"saved":         "The settings were saved, and are what sign-ins are judged by from now on.",
	"enabled":       "Single sign-on is enabled.",
	"disabled":      "Single sign-on is disabled, and the sessions that began with it have ended.",
	"deleted":       "The provider was deleted. Its users stay, and are managed by nobody.",
	"scim_disabled": "Provisioning is off. The users stay, and can be edited here.",
	"grants":        "What the provider may hand out was changed.",
	"revoked":       "The token was revoked.",
	"approved":      "The takeover was approved. It happens at the next request of the identity provider.",
	"roles":         "The mapping was saved. Users get their roles in the next minutes.",
	"link_revoked":  "The setup link was revoked.",
	"user":          "The user was changed.",
	"auth":          "The authentication type was changed.",
	"released":      "The user was released, and can be edited here until you give the user back.",
	"reclaimed":     "The user was given back to the identity provider.",
	"page":          "Thank you, the answer is kept with the test.",
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

// Texts returns the English texts that [Options.Texts] can replace, sorted. What has verbs of package fmt is
// given values in this order.
func Texts() []string {
	set := map[string]bool{}
	p := &pages{}
	names, _ := fs.Glob(html, "html/*.html")
	for _, file := range names {
		t := template.Must(template.New("").Funcs(p.functions()).ParseFS(html, file))
		for _, one := range t.Templates() {
			if one.Tree != nil {
				collect(one.Tree.Root, set)
			}
		}
	}
	for _, text := range messages {
		set[text] = true
	}
	for _, text := range spoken {
		set[text] = true
	}
	return slices.Sorted(func(yield func(string) bool) {
		for text := range set {
			if !yield(text) {
				return
			}
		}
	})
}

// spoken are texts that the code says, and no template.
var spoken = []string{
	"just now", "%d minutes ago", "%d hours ago", "%d days ago", "Not found", "Changed meanwhile", "This cannot be done", "Not now", "Something went wrong",
	"There is nothing here. It may have been deleted, or the address may be mistyped.",
	"Somebody else has changed this since you opened the page, and nothing was done. Open it again and look.",
	"This could not be finished right now, and goes on by itself or when you try again.",
	"The log has what happened, under the incident ID below.", "This page is for administrators.",
	"This form was sent from another site, and nothing was done. Open the page here and try again.",
	"This setup link is over, or was never good. Ask who gave it to you for another one.",
	"Identity Providers", "Users", "Organizations", "Groups", "Activity", "Setup",
}

// collect adds the constant first arguments of calls of t below a node.
func collect(node parse.Node, set map[string]bool) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				collect(child, set)
			}
		}
	case *parse.ActionNode:
		collect(n.Pipe, set)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			collect(n.Pipe, set)
		}
	case *parse.IfNode:
		collectBranch(&n.BranchNode, set)
	case *parse.RangeNode:
		collectBranch(&n.BranchNode, set)
	case *parse.WithNode:
		collectBranch(&n.BranchNode, set)
	case *parse.PipeNode:
		for _, command := range n.Cmds {
			collectCommand(command, set)
		}
	}
}

func collectBranch(n *parse.BranchNode, set map[string]bool) {
	collect(n.Pipe, set)
	collect(n.List, set)
	collect(n.ElseList, set)
}

func collectCommand(c *parse.CommandNode, set map[string]bool) {
	if f, ok := c.Args[0].(*parse.IdentifierNode); ok && f.Ident == "t" && len(c.Args) > 1 {
		if text, ok := c.Args[1].(*parse.StringNode); ok {
			set[text.Text] = true
		}
	}
	for _, arg := range c.Args {
		collect(arg, set)
	}
}
