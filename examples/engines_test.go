package examples_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoEngineTypes checks that no exported declaration of ours leads to a type of an engine,
// neither by name nor by inference, by embedding nor through an unexported type on the way.
func TestNoEngineTypes(t *testing.T) {
	packages, exports := list(t)
	fset := token.NewFileSet()
	compiled := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := exports[path]
		if !ok {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(file)
	})

	seen := make(map[string]bool)
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if within(name, "examples") {
			continue // programs export nothing
		}
		seen[name] = true
		var files []*ast.File
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		found, err := leaks(fset, p.ImportPath, files, compiled)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			t.Errorf("%s: types of the engines stay out of the API, so that they can be replaced", f)
		}
	}
	for _, name := range []string{"extension", "filter", "scim"} {
		if !seen[name] {
			t.Errorf("package %s was not seen: the search is broken, or the package is gone", name)
		}
	}
}

type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// list returns the packages of the module, and where the compiler left its export data of each
// package they need. Reading those is what makes the types exact and the test quick.
func list(t *testing.T) (ours []listed, exports map[string]string) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles", "./...")
	cmd.Dir = ".."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	exports = make(map[string]string)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return ours, exports
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		exports[p.ImportPath] = p.Export
		if within(p.ImportPath, module) && len(p.GoFiles) > 0 {
			ours = append(ours, p)
		}
	}
}

// leaks returns a line for each way from an exported declaration of the package to an engine.
func leaks(fset *token.FileSet, path string, files []*ast.File, imp types.Importer) ([]string, error) {
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue), Defs: make(map[*ast.Ident]types.Object)}
	pkg, err := (&types.Config{Importer: imp}).Check(path, fset, files, info)
	if err != nil {
		return nil, err
	}
	s := &search{pkg: pkg, written: make(map[types.Object]types.Type), seen: make(map[types.Object]bool)}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				s.written[info.Defs[spec.Name]] = info.TypeOf(spec.Type)
			}
			return true
		})
	}
	for _, name := range pkg.Scope().Names() { // sorted
		o := pkg.Scope().Lookup(name)
		if !o.Exported() {
			continue
		}
		s.at = fset.Position(o.Pos())
		s.visit(pkg.Name()+"."+name, o.Type())
	}
	return s.found, nil
}

// A search walks the types of one package's API.
type search struct {
	pkg     *types.Package
	written map[types.Object]types.Type // the right side of each type declaration
	seen    map[types.Object]bool       // declared types already walked
	at      token.Position              // the exported declaration it began with
	found   []string
}

// report notes that the way to where ends at o, if that belongs to an engine.
func (s *search) report(where string, o types.Object) bool {
	if o.Pkg() == nil || !slices.ContainsFunc(engines, func(e string) bool { return within(o.Pkg().Path(), e) }) {
		return false
	}
	s.found = append(s.found, fmt.Sprintf("%s: %s leads to %s.%s", s.at, where, o.Pkg().Path(), o.Name()))
	return true
}

func (s *search) visit(where string, t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		if !s.report(where, t.Obj()) {
			s.constraints(where, t.TypeParams())
			s.arguments(where, t.TypeArgs())
			s.visit(where, t.Rhs())
		}
	case *types.Named:
		if !s.report(where, t.Obj()) {
			s.arguments(where, t.TypeArgs())
			s.declared(where, t.Origin())
		}
	case *types.Pointer:
		s.visit(where, t.Elem())
	case *types.Slice:
		s.visit(where, t.Elem())
	case *types.Array:
		s.visit(where, t.Elem())
	case *types.Chan:
		s.visit(where, t.Elem())
	case *types.Map:
		s.visit(where, t.Key())
		s.visit(where, t.Elem())
	case *types.Signature:
		s.constraints(where, t.TypeParams())
		for v := range t.Params().Variables() {
			s.visit(where+"(…)", v.Type())
		}
		for v := range t.Results().Variables() {
			s.visit(where+"() …", v.Type())
		}
	case *types.Struct:
		for f := range t.Fields() {
			// An embedded field lends its fields and methods, whatever its name.
			if (f.Exported() || f.Embedded()) && !s.report(where, f) {
				s.visit(where+"."+f.Name(), f.Type())
			}
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			if m.Exported() && !s.report(where, m) {
				s.visit(where+"."+m.Name(), m.Type())
			}
		}
		for e := range t.EmbeddedTypes() {
			s.visit(where, e)
		}
	case *types.Union:
		for term := range t.Terms() {
			s.visit(where, term.Type())
		}
	case *types.Basic, *types.TypeParam: // a type parameter is judged where it is declared
	default:
		panic(fmt.Sprintf("%s: a %T, which this search does not know", where, t))
	}
}

// declared walks what the declaration of a type of this package shows. Types of other packages
// show their own API, which is walked there or is not ours. An unexported type shows as much as
// an exported one once a function returns it.
func (s *search) declared(where string, t *types.Named) {
	if t.Obj().Pkg() != s.pkg || s.seen[t.Obj()] {
		return
	}
	s.seen[t.Obj()] = true
	s.constraints(where, t.TypeParams())
	if w, ok := s.written[t.Obj()]; ok {
		s.visit(where, w) // not the underlying type: "type Kind schema.Kind" is an int underneath
	}
	for m := range t.Methods() {
		if m.Exported() {
			s.visit(where+"."+m.Name(), m.Type())
		}
	}
}

func (s *search) constraints(where string, list *types.TypeParamList) {
	for p := range list.TypeParams() {
		s.visit(where+"["+p.Obj().Name()+"]", p.Constraint())
	}
}

func (s *search) arguments(where string, list *types.TypeList) {
	for a := range list.Types() {
		s.visit(where+"[…]", a)
	}
}

// TestEngineTypesAreFound shows leaks one declaration at a time, so that TestNoEngineTypes cannot
// pass because it looks at nothing.
func TestEngineTypesAreFound(t *testing.T) {
	const engine = elimity + "/schema"
	fset := token.NewFileSet()
	known := stubs{engine: check(t, fset, engine, `package schema
type Kind int
type Schema struct { ID string; hidden int }
func (Schema) Len() int { return 0 }
type Reader interface { Read() int }
type Number interface { ~int | ~int64 }
type Alias = Schema
func New() Schema { return Schema{} }
const One Kind = 1
`)}

	for _, c := range []struct {
		name, decl string
		where      string // what leads to the engine; "" if nothing does
	}{
		{"parameter", `func F(s schema.Schema) {}`, "p.F(…)"},
		{"result", `func F() (*schema.Schema, error) { return nil, nil }`, "p.F() …"},
		{"variadic", `func F(s ...schema.Schema) {}`, "p.F(…)"},
		{"callback", `func F(f func(schema.Kind)) {}`, "p.F(…)(…)"},
		{"method", `type T struct{}; func (*T) M(m map[string][]schema.Schema) {}`, "p.T.M(…)"},
		{"field", `type T struct { S chan schema.Schema }`, "p.T.S"},
		{"nested field", `type T struct { In struct { S [2]schema.Schema } }`, "p.T.In.S"},
		{"embedded", `type T struct { schema.Schema }`, "p.T.Schema"},
		{"embedded by an unexported alias", `type s = schema.Schema; type T struct { s }`, "p.T.s"},
		{"embedded by an unexported type", `type base struct { S schema.Schema }; type T struct { base }`, "p.T.base.S"},
		{"interface method", `type I interface { M() schema.Schema }`, "p.I.M() …"},
		{"embedded interface", `type I interface { schema.Reader }`, "p.I"},
		{"definition of a struct", `type T schema.Schema`, "p.T"},
		{"definition of an int", `type T schema.Kind`, "p.T"},
		{"definition in two steps", `type t schema.Kind; type T t`, "p.T"},
		{"alias", `type T = schema.Schema`, "p.T"},
		{"alias of an alias", `type T = *schema.Alias`, "p.T"},
		{"variable", `var V schema.Reader`, "p.V"},
		{"variable with an inferred type", `var V = schema.New()`, "p.V"},
		{"function variable", `var V = schema.New`, "p.V() …"},
		{"constant with an inferred type", `const C = schema.One`, "p.C"},
		{"constraint of a function", `func F[N schema.Number](n N) {}`, "p.F[N]"},
		{"constraint of a type", `type T[N interface{ schema.Number }] struct{}`, "p.T[N]"},
		{"union", `type I interface { schema.Kind | string }`, "p.I"},
		{"type argument", `type G[A any] struct{}; var V G[schema.Kind]`, "p.V[…]"},
		{"unexported type returned", `type t struct { S schema.Schema }; func F() *t { return nil }`, "p.F() ….S"},
		{"method of an unexported type returned", `type t struct{}; func (t) M(schema.Kind) {}; func F() t { return t{} }`, "p.F() ….M(…)"},
		{"dot import of the name", `type T struct { K Kind }`, "p.T.K"},

		{"unexported function", `func f(schema.Schema) {}`, ""},
		{"unexported field", `type T struct { s schema.Schema }`, ""},
		{"unexported method", `type T struct{}; func (T) m(schema.Kind) {}`, ""},
		{"method of an unexported type", `type t struct{}; func (t) M(schema.Kind) {}`, ""},
		{"unexported interface method", `type I interface { m(schema.Kind) }`, ""},
		{"plain value made by an engine", `var V = schema.New().ID`, ""},
		{"inside a function", `func F() int { return schema.New().Len() }`, ""},
		{"recursive type", `type T[A any] struct { Next *T[A]; F func(T[A]) error }`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			imports := "import \"" + engine + "\"\nvar _ schema.Kind\n"
			if strings.HasPrefix(c.name, "dot") {
				imports = "import . \"" + engine + "\"\n"
			}
			f, err := parser.ParseFile(fset, "p.go", "package p\n"+imports+c.decl+"\n", 0)
			if err != nil {
				t.Fatal(err)
			}
			found, err := leaks(fset, module+"/p", []*ast.File{f}, known)
			if err != nil {
				t.Fatal(err)
			}
			if c.where == "" {
				if len(found) != 0 {
					t.Errorf("reported: %q", found)
				}
				return
			}
			want := ": " + c.where + " leads to " + engine + "."
			if len(found) != 1 || !strings.Contains(found[0], want) {
				t.Errorf("reported: %q, want one line with %q", found, want)
			}
		})
	}

	// Each engine is known by name, with and without a version at the end of its path.
	for _, path := range append(slices.Clone(engines), filterParser+"/v2", gosaml2+"/types") {
		known[path] = check(t, fset, path, "package e; type T struct{}")
		f, err := parser.ParseFile(fset, "p.go", "package p; import e \""+path+"\"; var V e.T", 0)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := leaks(fset, module+"/p", []*ast.File{f}, known); err != nil || len(found) != 1 {
			t.Errorf("%s: reported %q, %v; want one line", path, found, err)
		}
	}
}

// stubs are packages that exist only here.
type stubs map[string]*types.Package

func (s stubs) Import(path string) (*types.Package, error) {
	if p, ok := s[path]; ok {
		return p, nil
	}
	return nil, fmt.Errorf("no stub of %s", path)
}

func check(t *testing.T, fset *token.FileSet, path, src string) *types.Package {
	t.Helper()
	f, err := parser.ParseFile(fset, "stub.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := new(types.Config).Check(path, fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
