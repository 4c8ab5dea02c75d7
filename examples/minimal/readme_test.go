package main

import (
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// top is the top of the repository, as seen from this package.
const top = "../.."

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(path.Join(top, file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// blocks returns the fenced blocks of the README in one language.
func blocks(t *testing.T, language string) (all []string) {
	t.Helper()
	fence := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	for _, m := range fence.FindAllStringSubmatch(read(t, "README.md"), -1) {
		all = append(all, m[1])
	}
	return all
}

// TestReadmeCode holds the README's Go to the code of this package: it is quoted, not imitated.
func TestReadmeCode(t *testing.T) {
	source := read(t, "examples/minimal/main.go") + read(t, "examples/minimal/main_test.go")
	quoted := blocks(t, "go")
	if len(quoted) != 2 {
		t.Fatalf("the README has %d blocks of Go, want the endpoint and the test", len(quoted))
	}
	for i, most := range []int{20, 12} {
		if lines := strings.Count(quoted[i], "\n"); lines > most {
			t.Errorf("block %d of the README has %d lines, it promises %d at most", i+1, lines, most)
		}
		if !strings.Contains(source, quoted[i]) {
			t.Errorf("block %d of the README is not the code of examples/minimal:\n%s", i+1, quoted[i])
		}
	}
}

// TestReadmeConversation holds the conversation in the README with the endpoint in the README.
func TestReadmeConversation(t *testing.T) {
	held := 0
	for _, block := range blocks(t, "text") {
		if !strings.HasPrefix(block, "protects:") {
			continue
		}
		c, err := scimtest.Parse("README.md", []byte(block))
		if err != nil {
			t.Fatal(err)
		}
		service, err := newService("test-token")
		if err != nil {
			t.Fatal(err)
		}
		c.Run(t, scimtest.Host{Handler: service.Handler(), Base: base + "/ws/scim/v2", Header: http.Header{"Authorization": {"Bearer test-token"}}})
		held++
	}
	if held != 1 {
		t.Errorf("the README has %d conversations, want 1", held)
	}
	if all, err := scimtest.Conversations(); err != nil || len(all) <= 100 {
		t.Errorf("the README promises more than a hundred conversations; there are %d (%v)", len(all), err)
	}
}

// TestReadmeCommands checks that every command is one that the go tool will find.
func TestReadmeCommands(t *testing.T) {
	commands := strings.Split(strings.TrimSpace(strings.Join(blocks(t, "sh"), "")), "\n")
	if want := []string{"go run ./examples/server", "go test ./..."}; !slices.Equal(commands, want) {
		t.Errorf("the README says to run %q, want %q", commands, want)
	}
	if !strings.Contains(read(t, "go.mod"), "\ngo 1.26") {
		t.Error("the README asks for Go 1.26, go.mod for another version")
	}
}

// TestReadmeLinks checks that what the README links to is there, and that its table has every
// package that can be imported or run.
func TestReadmeLinks(t *testing.T) {
	readme := read(t, "README.md")
	linked := make(map[string]bool)
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(readme, -1) {
		linked[m[1]] = true
		if _, err := os.Stat(path.Join(top, m[1])); err != nil {
			t.Errorf("a link of the README leads nowhere: %v", err)
		}
	}
	err := fs.WalkDir(os.DirFS(top), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") || strings.Contains(file, "internal/"):
		case !linked[path.Dir(file)]:
			linked[path.Dir(file)] = true // once is enough
			t.Errorf("the README does not list the package %s", path.Dir(file))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestReadmeLimits compares the table of limits with where they are defined.
func TestReadmeLimits(t *testing.T) {
	defined := read(t, "scim/limit.go") + read(t, "filter/limits.go")
	rows := regexp.MustCompile("(?m)^\\| `(Limits|filter)\\.(\\w+)` \\| ([^|]+) \\|").FindAllStringSubmatch(read(t, "README.md"), -1)
	if len(rows) != 9 {
		t.Errorf("the table has %d rows, want 9", len(rows))
	}
	for _, row := range rows {
		name, value := row[2], row[3]
		if row[1] == "Limits" {
			name = "default" + name
		}
		is := value
		if number, unit, ok := strings.Cut(value, " "); ok {
			is = number + map[string]string{"KiB": " << 10", "MiB": " << 20", "hour": ` \* time.Hour`}[unit]
		}
		is = strings.ReplaceAll(is, ",", "_")
		if !regexp.MustCompile(`(?m)^\t` + name + `\s+= ` + is + `$`).MatchString(defined) {
			t.Errorf("the README says that %s.%s is %s; the code does not have %s = %s", row[1], row[2], value, name, is)
		}
	}
}
