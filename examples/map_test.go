package examples_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// A room is a row of the import map: what the non-test files of one package may import besides
// the standard library. In theirs and never, "x/..." stands for x and everything below it.
type room struct {
	ours    []string // packages of this module
	theirs  []string // packages of other modules
	never   []string // packages of the standard library that would break the promise
	kit     bool     // a test kit; only kits may import testing
	promise string   // what the row protects
}

// house is the import map. A new package fails TestMap until it has a row here that says what it
// may know. A row without a package is harmless: the room is planned and not built yet.
//
// Files named _test.go are not on the map: they may use kits, stores and drivers as they like.
var house = map[string]room{
	"extension": {
		never:   []string{"net/http/...", "database/sql/..."},
		promise: "it is data",
	},
	"filter": {
		theirs:  []string{filterParser + "/..."},
		never:   []string{"net/http/...", "database/sql/..."},
		promise: "it writes conditions, it does not run them",
	},
	"saml": {
		theirs:  []string{gosaml2 + "/...", goxmldsig + "/...", etree + "/..."},
		never:   []string{"net", "net/http/...", "database/sql/..."},
		promise: "it reads and writes bytes; cookies, forms and connections are provider's",
	},
	"scim": {
		ours:    []string{"filter", "extension"},
		theirs:  []string{elimity + "/..."},
		never:   []string{"database/sql/..."},
		promise: "SCIM works without SAML, and knows no policy",
	},
	"provider": {
		ours: []string{"scim", "saml", "extension", "filter"},
		theirs: []string{
			"golang.org/x/net/idna",
			// The API of OpenTelemetry, not its SDK: the host decides what is recorded.
			"go.opentelemetry.io/otel",
			"go.opentelemetry.io/otel/attribute",
			"go.opentelemetry.io/otel/codes",
			"go.opentelemetry.io/otel/metric/...",
			"go.opentelemetry.io/otel/trace/...",
		},
		promise: "it is wiring and policy, not protocol and not storage",
	},
	"provider/console": {
		ours:    []string{"provider", "scim", "saml", "extension"}, // extension is data: the two user types
		promise: "it is pages over an API that anyone could call",
	},
	"provider/sqlstore": {
		ours:    []string{"provider", "scim", "saml", "filter", "extension"},
		theirs:  []string{"github.com/pressly/goose/v3/..."}, // migrations; it pulls no driver
		promise: "the host chooses the driver",
	},

	"scim/scimtest": {
		ours:    []string{"scim", "filter", "extension"},
		kit:     true,
		promise: "a kit stays small",
	},
	"saml/samltest": {
		ours:    []string{"saml"},
		theirs:  []string{goxmldsig + "/...", etree + "/..."},
		kit:     true,
		promise: "a kit stays small, and what signs is another program than what verifies",
	},
	"provider/providertest": {
		ours:    []string{"provider", "scim", "saml", "filter", "extension", "scim/scimtest", "saml/samltest"},
		kit:     true,
		promise: "a kit stays small",
	},

	"examples": {
		promise: "it holds the tests of the house, and nothing to import",
	},
	"examples/minimal": {
		ours:    append([]string{"saml/samltest"}, hostRooms...), // the offline identity provider
		promise: "a host can start without a database",
	},
	"examples/ownusers": {
		ours:    hostRooms,
		theirs:  drivers,
		promise: "it shows what a host writes, with what a host may import",
	},
	"examples/server": {
		ours: append([]string{"saml/samltest"}, hostRooms...), // the offline identity provider
		// Passwords and second factors are the host's.
		theirs:  append([]string{"golang.org/x/crypto/argon2", "github.com/pquerna/otp/..."}, drivers...),
		promise: "it shows what a host writes, with what a host may import",
	},
}

var (
	hostRooms = []string{"extension", "filter", "saml", "scim", "provider", "provider/console", "provider/sqlstore"}
	drivers   = []string{"modernc.org/sqlite/...", "github.com/jackc/pgx/v5/..."}
)

// kitsOnly is what no package but a kit may import. httptest is on the list because importing it
// registers a command-line flag in the host's program.
var kitsOnly = []string{"testing/...", "net/http/httptest"}

func TestMap(t *testing.T) {
	root := os.DirFS("..")
	if mod, err := fs.ReadFile(root, "go.mod"); err != nil {
		t.Fatal(err)
	} else if !strings.HasPrefix(string(mod), "module "+module+"\n") {
		t.Fatalf("go.mod does not begin with %q: the map looks for the wrong imports", "module "+module)
	}

	seen, broken, err := survey(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
	for _, name := range []string{"extension", "filter", "scim"} {
		if !seen[name] {
			t.Errorf("package %s was not seen: the survey is broken, or the package is gone", name)
		}
	}
}

// TestMapItself checks that the map is drawn in ink: no row refers to a package that has none,
// nothing but a kit leans on a kit, and nothing leans on an example.
func TestMapItself(t *testing.T) {
	for name, r := range house {
		if r.promise == "" {
			t.Errorf("%s has no promise", name)
		}
		for _, o := range r.ours {
			switch to, ok := house[o]; {
			case !ok:
				t.Errorf("%s may import %s, which is not on the map", name, o)
			case to.kit && !r.kit && !within(name, "examples"):
				t.Errorf("%s may import %s, a test kit: nothing of a kit lands in a host", name, o)
			case within(o, "examples"):
				t.Errorf("%s may import %s, an example", name, o)
			}
		}
	}
}

// survey compares every import in the non-test files of root with the map, whatever the build
// constraints of a file say. It returns the packages it saw and a sentence for each broken rule.
func survey(root fs.FS) (seen map[string]bool, broken []string, err error) {
	seen = make(map[string]bool)
	unplaced := make(map[string]bool)

	err = fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := file != "." && strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_")
		if d.IsDir() {
			if hidden || d.Name() == "testdata" { // as the go command does
				return fs.SkipDir
			}
			return nil
		}
		dir := path.Dir(file)
		if d.Name() == "go.mod" && dir != "." {
			broken = append(broken, fmt.Sprintf("%s: a second module: its packages would escape the map", file))
		}
		if hidden || path.Ext(file) != ".go" {
			return nil
		}
		r, ok := house[dir]
		if !ok {
			unplaced[dir] = true
			return nil
		}
		if strings.HasSuffix(file, "_test.go") {
			return nil
		}
		seen[dir] = true

		src, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("%s: import %s: %w", file, spec.Path.Value, err)
			}
			if why := r.refuses(to); why != "" {
				broken = append(broken, fmt.Sprintf("%s: %s imports %s: %s", file, dir, to, why))
			}
		}
		return nil
	})
	for _, dir := range slices.Sorted(maps.Keys(unplaced)) {
		broken = append(broken, fmt.Sprintf("package %s is not on the map: give it a row in examples/map_test.go "+
			"that says what it may import, and why", dir))
	}
	return seen, broken, err
}

// refuses says why a room may not import a path. It returns "" if it may.
func (r room) refuses(to string) string {
	breaks := fmt.Sprintf("which breaks its promise that %s", r.promise)
	if to == module || strings.HasPrefix(to, module+"/") {
		if name := strings.TrimPrefix(to, module+"/"); !slices.Contains(r.ours, name) {
			return "the map has no such arrow, " + breaks
		}
		return ""
	}
	host, _, _ := strings.Cut(to, "/")
	if strings.Contains(host, ".") { // another module; the standard library has no dot there
		if !covers(r.theirs, to) {
			return "the map has no such arrow, " + breaks
		}
		return ""
	}
	if covers(r.never, to) {
		return "it never may, " + breaks
	}
	if !r.kit && covers(kitsOnly, to) {
		return "only a test kit may, so that nothing made for tests lands in a host"
	}
	return ""
}

func covers(patterns []string, to string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if root, ok := strings.CutSuffix(p, "/..."); ok {
			return within(to, root)
		}
		return to == p
	})
}

// TestMapRefuses shows survey small trees with one fault each, so that TestMap cannot pass
// because it looks at nothing.
func TestMapRefuses(t *testing.T) {
	importing := func(pkg, path string) string {
		return "package " + pkg + "\n\nimport _ " + strconv.Quote(path) + "\n"
	}
	for _, c := range []struct {
		name, file, src string
		want            string // part of the one sentence; "" if nothing is wrong
	}{
		{"an arrow on the map", "scim/a.go", importing("scim", module+"/filter"), ""},
		{"an arrow that points up", "filter/a.go", importing("filter", module+"/scim"), "filter imports " + module + "/scim: the map has no such arrow"},
		{"an arrow between siblings", "scim/a.go", importing("scim", module+"/saml"), "SCIM works without SAML"},
		{"an arrow to a kit", "scim/a.go", importing("scim", module+"/scim/scimtest"), "no such arrow"},
		{"an arrow to an example", "provider/a.go", importing("provider", module+"/examples/server"), "no such arrow"},
		{"an arrow to the root", "provider/a.go", importing("provider", module), "no such arrow"},
		{"a neighbor of the same prefix", "provider/a.go", importing("provider", module+"/scimx"), "no such arrow"},
		{"an engine in its room", "filter/a.go", importing("filter", filterParser+"/v2"), ""},
		{"an engine outside its room", "provider/a.go", importing("provider", elimity+"/schema"), "not protocol"},
		{"another module with an engine's prefix", "scim/a.go", importing("scim", elimity+"x"), "no such arrow"},
		{"a driver in the store", "provider/sqlstore/a.go", importing("sqlstore", "modernc.org/sqlite"), "the host chooses the driver"},
		{"the SDK of OpenTelemetry", "provider/a.go", importing("provider", "go.opentelemetry.io/otel/sdk/trace"), "no such arrow"},
		{"the API of OpenTelemetry", "provider/a.go", importing("provider", "go.opentelemetry.io/otel/trace"), ""},
		{"a forbidden standard package", "saml/a.go", importing("saml", "net"), "saml imports net: it never may"},
		{"a package below a forbidden one", "extension/a.go", importing("extension", "database/sql/driver"), "it is data"},
		{"a standard package beside a forbidden one", "saml/a.go", importing("saml", "net/url"), ""},
		{"scim speaks HTTP", "scim/a.go", importing("scim", "net/http"), ""},
		{"testing in a host", "scim/a.go", importing("scim", "testing"), "only a test kit may"},
		{"a server for tests in a host", "scim/a.go", importing("scim", "net/http/httptest"), "only a test kit may"},
		{"testing in an example", "examples/server/a.go", importing("main", "testing/fstest"), "only a test kit may"},
		{"testing in a kit", "scim/scimtest/a.go", importing("scimtest", "testing"), ""},
		{"a test file", "filter/a_test.go", importing("filter_test", module+"/scim/scimtest"), ""},
		{"another system's file", "filter/a_windows.go", importing("filter", "net/http"), "it never may"},
		{"a file nobody builds", "filter/a.go", "//go:build ignore\n\n" + importing("main", "net/http"), "it never may"},
		{"test data", "filter/testdata/a.go", importing("a", "net/http"), ""},
		{"a package without a row", "util/a.go", "package util\n", "package util is not on the map"},
		{"a root package", "a.go", "package gatehouse\n", "package . is not on the map"},
		{"a test package without a row", "filter/more/a_test.go", "package more\n", "package filter/more is not on the map"},
		{"a second module", "examples/server/go.mod", "module x\n", "a second module"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, broken, err := survey(fstest.MapFS{c.file: {Data: []byte(c.src)}})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if len(broken) != 0 {
					t.Errorf("refused: %q", broken)
				}
				return
			}
			if len(broken) != 1 || !strings.Contains(broken[0], c.want) {
				t.Errorf("broken rules: %q, want one that says %q", broken, c.want)
			}
		})
	}

	if _, _, err := survey(fstest.MapFS{"filter/a.go": {Data: []byte("package")}}); err == nil {
		t.Error("a file that cannot be read was passed over in silence")
	}
}
