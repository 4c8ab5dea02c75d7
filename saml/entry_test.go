package saml

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// declaredCodes reads the constants of type Code from the source, so that nobody can forget one.
func declaredCodes(t *testing.T) map[Code]string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	codes := make(map[Code]string)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
				addCodes(t, d, codes)
			}
		}
	}
	if len(codes) < 50 {
		t.Fatalf("only %d codes are declared", len(codes))
	}
	return codes
}

func addCodes(t *testing.T, d *ast.GenDecl, codes map[Code]string) {
	t.Helper()
	for _, s := range d.Specs {
		s := s.(*ast.ValueSpec)
		if typ, ok := s.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			continue
		}
		for i, name := range s.Names {
			text, err := strconv.Unquote(s.Values[i].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if other := codes[Code(text)]; other != "" {
				t.Errorf("%s and %s are one code", name, other)
			}
			codes[Code(text)] = name.Name
		}
	}
}

func TestEveryCodeHasAnEntry(t *testing.T) {
	codes := declaredCodes(t)
	for code, name := range codes {
		e := code.Entry()
		if e.Code != code || e.Meaning == "" || e.Fixer == "" || e.Action == "" {
			t.Errorf("%s: the entry lacks a part: %+v", name, e)
		}
		for _, v := range append(Vendors(), VendorGeneric, "somebody") {
			if e.Path(v) == "" {
				t.Errorf("%s: no path for %q", name, v)
			}
		}
	}
	for title := range entries() {
		if codes[Code(title)] == "" {
			t.Errorf("an entry is about %q, which is no code", title)
		}
	}
}

func TestEntriesAreWrittenOnce(t *testing.T) {
	seen := make(map[string]string)
	files, err := entryFiles.ReadDir("entries")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".md")
		if name == "places" {
			continue
		}
		for _, n := range mustReadNotes(name) {
			if seen[n.title] != "" {
				t.Errorf("%q is in %s and in %s", n.title, seen[n.title], name)
			}
			seen[n.title] = name
			if _, ok := entries()[n.title]; !ok && name != "pages" {
				t.Errorf("%s is in %s, which is not read", n.title, name)
			}
		}
	}
}

// The texts go into Markdown and have none of it in them. They are sentences.
func TestEntriesAreSentences(t *testing.T) {
	notes := slices.Concat(slices.Collect(maps.Values(entries())), pages())
	for _, n := range notes {
		for _, text := range []string{n.meaning, n.action} {
			if !strings.HasSuffix(text, ".") || strings.ToUpper(text[:1]) != text[:1] {
				t.Errorf("%s: %q is no sentence", n.title, text)
			}
			if len(text) > 320 {
				t.Errorf("%s: %d bytes are too long for a sentence or two", n.title, len(text))
			}
		}
		for _, text := range append(slices.Collect(maps.Values(n.paths)), n.meaning, n.action) {
			if i := strings.IndexAny(text, "`*[]<|\\#~\n"); i >= 0 {
				t.Errorf("%s: %q in %q", n.title, text[i], text)
			}
		}
	}
}

// Where an administrator acts at the identity provider, each vendor has a menu of its own.
func TestEveryVendorHasAMenu(t *testing.T) {
	lacks := map[string][]Vendor{ // has no such setting
		"algorithm":  {VendorGoogle},
		"encryption": {VendorGoogle, VendorJumpCloud},
		"context":    {VendorGoogle},
		"logout":     {VendorGoogle},
	}
	all, err := readPlaces(entryText("places"))
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, n := range slices.Concat(slices.Collect(maps.Values(entries())), pages()) {
		for title, p := range all {
			used[title] = used[title] || maps.Equal(p, n.paths)
		}
	}
	for title, p := range all {
		if !used[title] {
			t.Errorf("nothing is at the place %q", title)
		}
		if title == "connection" || title == "page" || title == "server" {
			continue // ours
		}
		for _, v := range vendors {
			if has := p[v] != ""; has == slices.Contains(lacks[title], v) {
				t.Errorf("%s: %s has a menu of its own: %t", title, v, has)
			}
		}
	}
}

func TestEntryOfForeignCode(t *testing.T) {
	e := Code("signin.blocked").Entry()
	if e.Code != "signin.blocked" || e.Meaning != "" || e.Path(VendorOkta) != "" {
		t.Errorf("got %+v", e)
	}
}

func TestEntryPath(t *testing.T) {
	e := SignatureAlgorithm.Entry()
	if got := e.Path("somebody"); got != e.Path(VendorGeneric) {
		t.Errorf("a vendor that is not known: got %q", got)
	}
	if own := e.Path(VendorOkta); own == e.Path(VendorGeneric) || !strings.Contains(own, "Signature Algorithm") {
		t.Errorf("Okta: got %q", own)
	}
	if got := e.Path(VendorGoogle); got != e.Path(VendorGeneric) {
		t.Errorf("Google Workspace has no such setting: got %q", got)
	}
}

func TestReadNotes(t *testing.T) {
	p := map[string]places{"here": {VendorGeneric: "Here"}}
	good := "About.\n\n# a.b\n\n- Who: clock\n- Where: here\n\nIt\nis.\n\nDo.\n"
	notes, err := readNotes(good, p)
	if err != nil || len(notes) != 1 || notes[0].title != "a.b" || notes[0].meaning != "It is." || notes[0].action != "Do." || notes[0].fixer != FixerClock {
		t.Fatalf("got %+v, %v", notes, err)
	}
	for name, text := range map[string]string{
		"no meaning":     strings.Replace(good, "It\nis.\n\n", "", 1),
		"a third":        good + "\nMore.\n",
		"nobody":         strings.Replace(good, "- Who: clock\n", "", 1),
		"somebody":       strings.Replace(good, "clock", "somebody", 1),
		"nowhere":        strings.Replace(good, "- Where: here\n", "", 1),
		"elsewhere":      strings.Replace(good, "Where: here", "Where: there", 1),
		"unknown":        strings.Replace(good, "- Who", "- When: now\n- Who", 1),
		"unknown vendor": strings.Replace(good, "- Who", "- Vendor: Ours\n- Who", 1),
		"no list":        strings.Replace(good, "- Where: here", "Where: here", 1),
		"no value":       strings.Replace(good, "- Who: clock", "- Who clock", 1),
	} {
		if notes, err := readNotes(text, p); err == nil {
			t.Errorf("%s: got %+v, want an error", name, notes)
		}
	}
	for name, text := range map[string]string{
		"no path in general": "# a\n\n- Okta: x\n",
		"a path twice":       "# a\n\n- Generic: x\n- Generic: y\n",
		"a place twice":      "# a\n\n- Generic: x\n\n# a\n\n- Generic: x\n",
		"a sentence":         "# a\n\n- Generic: x\n\nHow nice.\n",
		"a vendor we lack":   "# a\n\n- Generic: x\n- Ours: x\n",
		"no list":            "# a\n\n- Generic\n",
	} {
		if p, err := readPlaces(text); err == nil {
			t.Errorf("%s: got %+v, want an error", name, p)
		}
	}
}
