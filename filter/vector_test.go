package filter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The vectors in testdata/filters and testdata/paths are blocks of "key: value" lines, apart by
// an empty line; lines that begin with # say what a file protects. Every block has
//
//	why:      what it protects, in a sentence
//	source:   where that comes from
//	filter:   the text, to the end of the line (in testdata/paths, path:)
//	go:       or the text as a Go string in quotes, where it has bytes a line cannot hold
//
// and either, in testdata/filters,
//
//	match:    the resources of testdata/resources.json that satisfy it, or all, or none
//	liberty:  what was tolerated, if anything
//
// or, in testdata/paths,
//
//	target:   the attribute, the part behind a value filter in the form "emails / emails.value",
//	          or "extension URN"
//	elements: of a value filter, the elements that satisfy it, such as ada/0
//	liberty:  what was tolerated, if anything
//
// or, in both,
//
//	error:    code, byte offset and term, such as invalidFilter 0 "active"
type vector map[string]string

var vectorKeys = []string{"why", "source", "filter", "path", "go", "match", "target", "elements", "liberty", "error"}

func (v vector) text(tb testing.TB) string {
	tb.Helper()
	if quoted, ok := v["go"]; ok {
		s, err := strconv.Unquote(quoted)
		if err != nil {
			tb.Fatalf("go: %s: %v", quoted, err)
		}
		return s
	}
	return v["filter"] + v["path"]
}

// readVectors returns the vectors of a directory by file and line.
func readVectors(tb testing.TB, dir string) map[string]vector {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no vectors in %s: %v", dir, err)
	}
	all := map[string]vector{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		name, line := strings.TrimSuffix(filepath.Base(file), ".txt"), 1
		for block := range strings.SplitSeq(string(data), "\n\n") {
			if v := readVector(tb, file, block); len(v) > 0 {
				all[fmt.Sprintf("%s:%d", name, line)] = v
			}
			line += strings.Count(block, "\n") + 2
		}
	}
	return all
}

func readVector(tb testing.TB, file, block string) vector {
	tb.Helper()
	v := vector{}
	for line := range strings.SplitSeq(block, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, ": ")
		if _, twice := v[key]; !ok || twice || !slices.Contains(vectorKeys, key) {
			tb.Fatalf("%s: bad line %q", file, line)
		}
		v[key] = value
	}
	if len(v) > 0 && (v["why"] == "" || v["source"] == "") {
		tb.Fatalf("%s: a vector says neither why nor whence:\n%s", file, block)
	}
	return v
}

// judgement is an error as vectors write it.
func judgement(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%s %d %q", e.Code, e.Pos, e.Term)
}

func compile(g *Registry, text string) (*Bound, error) {
	f, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return f.Bind(g)
}

func TestFilterVectors(t *testing.T) {
	g := testRegistry(t)
	resources := testResources(t)
	for name, v := range readVectors(t, "filters") {
		t.Run(name, func(t *testing.T) { testFilterVector(t, g, resources, v) })
	}
}

func testFilterVector(t *testing.T, g *Registry, resources map[string]map[string]any, v vector) {
	text := v.text(t)
	b, err := compile(g, text)
	match, liberty, refErr := readFilter(testSchemas, text)
	if want := v["error"]; want != "" || err != nil {
		if got := judgement(err); got != want {
			t.Fatalf("%s\n%q: %v\n got %s\nwant %s", v["why"], text, err, got, want)
		}
		if refErr == nil && !isLimit(err) {
			t.Errorf("%q: the reference accepts it", text)
		}
		return
	}
	if refErr != nil {
		t.Fatalf("%q: the reference refuses it", text)
	}
	if b.Liberty() != v["liberty"] || liberty != (v["liberty"] != "") {
		t.Errorf("%q: liberty %q, reference %t, want %q", text, b.Liberty(), liberty, v["liberty"])
	}
	var ours, theirs []string
	for name, m := range resources {
		if b.Match(newDoc(g, m)) {
			ours = append(ours, name)
		}
		if match(m) {
			theirs = append(theirs, name)
		}
	}
	for who, names := range map[string][]string{"Match": ours, "reference": theirs} {
		if got := nameList(names, len(resources)); got != v["match"] {
			t.Errorf("%s\n%q: %s\n got %s\nwant %s", v["why"], text, who, got, v["match"])
		}
	}
}

func nameList(names []string, all int) string {
	switch len(names) {
	case 0:
		return "none"
	case all:
		return "all"
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// isLimit reports whether text was refused for its size, which the reference does not judge.
func isLimit(err error) bool {
	var e *Error
	return errors.As(err, &e) && (strings.HasPrefix(e.Rule, "more than") || strings.HasPrefix(e.Rule, "it is longer"))
}

func TestPathVectors(t *testing.T) {
	g := testRegistry(t)
	resources := testResources(t)
	for name, v := range readVectors(t, "paths") {
		t.Run(name, func(t *testing.T) { testPathVector(t, g, resources, v) })
	}
}

func testPathVector(t *testing.T, g *Registry, resources map[string]map[string]any, v vector) {
	text := v.text(t)
	p, err := ParsePath(text)
	var target Target
	if err == nil {
		target, err = p.Bind(g)
	}
	if want := v["error"]; want != "" || err != nil {
		if got := judgement(err); got != want {
			t.Fatalf("%s\n%q: %v\n got %s\nwant %s", v["why"], text, err, got, want)
		}
		return
	}
	if p.String() != text {
		t.Errorf("%q: String is %q", text, p)
	}
	if got := targetText(target); got != v["target"] || target.Liberty != v["liberty"] {
		t.Errorf("%s\n%q: got %s, liberty %q; want %s, %q", v["why"], text, got, target.Liberty, v["target"], v["liberty"])
	}
	if (target.Filter == nil) != (v["elements"] == "") {
		t.Fatalf("%q: filter %v, but elements: %q", text, target.Filter, v["elements"])
	}
	if target.Filter != nil {
		got := nameList(matchingElements(g, resources, target), -1)
		if got != v["elements"] {
			t.Errorf("%s\n%q:\n got %s\nwant %s", v["why"], text, got, v["elements"])
		}
	}
}

func targetText(t Target) string {
	if t.Extension != "" {
		return "extension " + t.Extension
	}
	if !t.Sub.IsZero() {
		return t.Ref.String() + " / " + t.Sub.String()
	}
	return t.Ref.String()
}

func matchingElements(g *Registry, resources map[string]map[string]any, target Target) (names []string) {
	for name, m := range resources {
		d := newDoc(g, m)
		for i := range d.Len(target.Ref) {
			if target.Filter.MatchElement(d, i) {
				names = append(names, fmt.Sprintf("%s/%d", name, i))
			}
		}
	}
	return names
}
