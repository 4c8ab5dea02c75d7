package examples_test

import (
	"os/exec"
	"strings"
	"testing"
)

// heavy is what no host gets by importing a package of the SDK, with the reason: of everything below,
// to the last dependency.
var heavy = map[string]string{
	"testing":                                     "nothing made for tests lands in a host",
	"net/http/httptest":                           "nothing made for tests lands in a host",
	"modernc.org/sqlite":                          "the host chooses the driver",
	"github.com/jackc/pgx":                        "the host chooses the driver",
	"github.com/lib/pq":                           "the host chooses the driver",
	"github.com/mattn/go-sqlite3":                 "the host chooses the driver",
	"github.com/chromedp":                         "browsers are for tests",
	"go.opentelemetry.io/otel/sdk":                "the host decides what is recorded",
	"go.opentelemetry.io/otel/exporters":          "the host decides what is recorded",
	"github.com/seed-30109bde/gatehouse/examples": "examples are to be read",
}

// TestWeight looks at what comes with the packages that a host imports.
func TestWeight(t *testing.T) {
	for _, name := range []string{"extension", "filter", "scim", "saml", "provider", "provider/sqlstore"} {
		out, err := exec.Command("go", "list", "-deps", module+"/"+name).Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		deps := strings.Fields(string(out))
		if len(deps) < 10 || deps[len(deps)-1] != module+"/"+name {
			t.Fatalf("go list of %s says %q", name, deps)
		}
		for _, dep := range deps {
			for heavy, why := range heavy {
				if within(dep, heavy) {
					t.Errorf("importing %s brings %s: %s", name, dep, why)
				}
			}
		}
	}
}
