package console_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// TestAccessible: what keyboards and screen readers need of every page.
func TestAccessible(t *testing.T) {
	w := newHostileWorld(t)
	w.pages["a test that waits"] = w.post(w.root()+"/tests", nil, 200)
	w.Clock.Add(time.Hour)
	for _, run := range regexp.MustCompile(`/tests/([^/"]+)/state`).FindStringSubmatch(w.pages["a test that waits"])[1:] {
		w.pages["a test that was not answered"] = w.get(w.root()+"/tests/"+run+"?page=unknown", 200)
	}
	w.pages["a token"] = w.post(w.root()+"/scim/token", code, 200)
	w.pages["a refusal"] = w.post(w.root()+"/settings", url.Values{"domains": {"/"}}, 422)
	for path, page := range w.pages {
		if page != "" {
			accessible(t, path, page)
		}
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// accessible fails unless each ID of a page is of one element, each reference leads to one, each field has a
// label, each button and link a name, and headings begin with one of the first level and skip none.
func accessible(t *testing.T, path, page string) {
	ids, labeled, mains := map[string]int{}, map[string]bool{}, 0
	each(t, page, func(n *html.Node) {
		if id := attribute(n, "id"); id != "" {
			ids[id]++
		}
		if n.Data == "label" {
			labeled[attribute(n, "for")] = true
		}
		if n.Data == "main" {
			mains++
		}
	})
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s: %d elements have the ID %q", path, n, id)
		}
	}
	if mains != 1 {
		t.Errorf("%s: %d main elements", path, mains)
	}
	level := 0
	each(t, page, func(n *html.Node) {
		refers := append(strings.Fields(attribute(n, "aria-describedby")), attribute(n, "for"), attribute(n, "data-copy"), attribute(n, "list"))
		if fragment, ok := strings.CutPrefix(attribute(n, "href"), "#"); ok {
			refers = append(refers, fragment)
		}
		for _, id := range refers {
			if id != "" && ids[id] == 0 {
				t.Errorf("%s: nothing has the ID %q that <%s> refers to", path, id, n.Data)
			}
		}
		switch n.Data {
		case "input", "select", "textarea":
			within := n.Parent != nil && n.Parent.Data == "label"
			if attribute(n, "type") != "hidden" && !within && attribute(n, "aria-label") == "" && !labeled[attribute(n, "id")] {
				t.Errorf("%s: the field %q has no label", path, attribute(n, "name"))
			}
		case "button", "a", "summary", "th", "caption", "legend":
			if said(n) == "" {
				t.Errorf("%s: <%s> %v has no text", path, n.Data, n.Attr)
			}
		case "nav":
			if attribute(n, "aria-label") == "" {
				t.Errorf("%s: a navigation has no name", path)
			}
		case "h1", "h2", "h3", "h4":
			next := int(n.Data[1] - '0')
			if next > level+1 || next == 1 && level > 0 {
				t.Errorf("%s: <%s> %q comes after level %d", path, n.Data, said(n), level)
			}
			level = next
		}
	})
	if level == 0 {
		t.Errorf("%s: there is no heading", path)
	}
}

// said is the text in an element.
func said(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}
