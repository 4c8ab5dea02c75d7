package saml

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A grower writes documents at random. Few prefixes, namespaces and names make it likely that they
// meet in awkward ways.
type grower struct {
	*rand.Rand
	b strings.Builder
}

func (g *grower) pick(words ...string) string { return words[g.IntN(len(words))] }

// prefix returns a prefix with its colon, often none.
func (g *grower) prefix() string { return g.pick("", "", "p:", "p:", "q:", "r:") }

func (g *grower) element(depth int) {
	name := g.prefix() + g.pick("a", "b", "c")
	g.b.WriteString("<" + name)
	if depth == 0 {
		g.b.WriteString(` xmlns:p="u:p" xmlns:q="u:q" xmlns:r="u:p"`)
	}
	for range g.IntN(3) {
		g.attribute(depth)
	}
	if g.IntN(4) == 0 {
		g.b.WriteString("/>")
		return
	}
	g.b.WriteString(">")
	for range g.IntN(5 - min(depth, 4)) {
		if g.b.WriteString(g.words()); g.IntN(2) == 0 {
			g.element(depth + 1)
		}
	}
	g.b.WriteString("</" + name + ">")
}

func (g *grower) attribute(depth int) {
	switch {
	case depth > 0 && g.IntN(3) == 0:
		fmt.Fprintf(&g.b, ` xmlns:%s="%s"`, g.pick("p", "q", "r"), g.pick("u:p", "u:q", "u:r"))
	case g.IntN(3) == 0:
		fmt.Fprintf(&g.b, ` xmlns="%s"`, g.pick("u:p", "u:q", "u:d", ""))
	case g.IntN(3) == 0:
		fmt.Fprintf(&g.b, ` xml:%s="%d"`, g.pick("lang", "space", "base"), depth)
	default:
		fmt.Fprintf(&g.b, ` %s%s='%s'`, g.prefix(), g.pick("a", "b", "l", "m", "z"), g.words())
	}
}

func (g *grower) words() string {
	return g.pick("", "x", " ", "\n", "\r\n", "\r", "\t", "&lt;", "&#13;", "&#10;", "&#9;", "&amp;&gt;", `"`, ">", "é\u2028")
}

// TestGrownDocuments compares documents, and elements in them, with the other readers. Most are
// accepted.
func TestGrownDocuments(t *testing.T) {
	g := &grower{Rand: rand.New(rand.NewPCG(1, 2))}
	var texts []string
	codes := make(map[Code]int)
	for range 1000 {
		g.b.Reset()
		g.element(0)
		text := g.b.String()
		if _, err := parseXML([]byte(text), xmlLimits{}); err != nil {
			code, _ := refusal(t, text, xmlLimits{})
			codes[code]++
			continue
		}
		checkXML(t, []byte(text), false)
		checkC14N(t, []byte(text), g.pick("", "p", "q r"), g.IntN(8), g.IntN(8))
		texts = append(texts, text)
	}
	if len(texts) < 600 || codes[XMLMalformed] == 0 || codes[XMLForbidden] == 0 {
		t.Fatalf("%d accepted, refused: %v", len(texts), codes)
	}
	compareReaders(t, texts)
}
