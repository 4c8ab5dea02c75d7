package console_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider/console"
)

// TestTexts: what the code says can be replaced, as what the templates say.
func TestTexts(t *testing.T) {
	texts := console.Texts()
	for _, want := range []string{"Add Provider", "Test Connection", "The settings were changed.", "%d minutes ago", "Setup link for %s"} {
		if !slices.Contains(texts, want) {
			t.Errorf("Texts lacks %q", want)
		}
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, text := range spoken(n) {
				said++
				if !slices.Contains(texts, text) {
					t.Errorf("the code says %q, and Texts lacks it", text)
				}
			}
			return true
		})
	}
	if said < 40 {
		t.Errorf("%d texts were found in the code", said)
	}
}

// spoken returns the texts that a node says: an argument of text, notice or plain, or a field of a question.
func spoken(n ast.Node) (list []string) {
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil && strings.Trim(text, " :") != "" {
				list = append(list, text)
			}
		}
	}
	switch n := n.(type) {
	case *ast.CallExpr:
		f, ok := n.Fun.(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		switch f.Sel.Name {
		case "text":
			add(n.Args[0])
		case "notice":
			add(n.Args[1])
			add(n.Args[2])
		case "plain":
			add(n.Args[3])
		}
	case *ast.KeyValueExpr:
		if name, ok := n.Key.(*ast.Ident); ok && slices.Contains([]string{"Heading", "Text", "Button"}, name.Name) {
			add(n.Value)
		}
	}
	return list
}

// TestTheme: a host puts its name, its links, its words and its colors into the pages.
func TestTheme(t *testing.T) {
	s := newSite(t, func(o *console.Options) {
		o.Theme = console.Theme{Product: "Acme RMM", Home: console.Link{URL: "/dashboard"}, Links: []console.Link{{Text: "Devices", URL: "/devices"}}, SignOut: "/logout", CSS: ":root { --accent: #0a7a5a; }"}
		o.Texts = map[string]string{"Identity Providers": "Identitätsanbieter", "Add Provider": "Anbieter hinzufügen", "The provider was deleted. Its users stay, and are managed by nobody.": "Weg."}
	})
	page := s.get("/providers?done=deleted", 200)
	s.contains(page, "Acme RMM", `href="/dashboard"`, `<a href="/devices">Devices</a>`, `action="/logout"`, "<h1>Identitätsanbieter</h1>", "Anbieter hinzufügen", "Weg.")
	if strings.Contains(page, "Add Provider") {
		t.Error("a text that was replaced is still there")
	}
	css := s.get("/assets/console.css", 200)
	s.contains(css, "prefers-color-scheme: dark", "--accent: #0a7a5a")
	s.contains(s.get("/assets/console.js", 200), "data-copy")
	s.contains(s.post("/providers", url.Values{"name": {"x"}}, 200), "Draft")
}
