package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// postgresVariable names the PostgreSQL server that tests may use, as a URL.
const postgresVariable = "GATEHOUSE_TEST_POSTGRES"

// onEach runs a test with both databases and both kinds of keys, at the same time. name returns that
// of an empty database.
func onEach(t *testing.T, test func(t *testing.T, name func(*testing.T) string, keys string)) {
	for _, keys := range []string{"int", "uuid"} {
		t.Run("SQLite, "+keys, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) string { return filepath.Join(t.TempDir(), "host.db") }, keys)
		})
		t.Run("PostgreSQL, "+keys, func(t *testing.T) {
			t.Parallel()
			test(t, newSchema, keys)
		})
	}
}

// newSchema returns the URL of a schema of its own, which is dropped at the end.
func newSchema(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv(postgresVariable)
	if dsn == "" {
		t.Skipf("%s names no PostgreSQL", postgresVariable)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	schema := "gatehouse_test_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Errorf("drop the schema: %v", err)
		}
		admin.Close()
	})
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// known is the configuration of stores for the suites.
var known = sqlstore.Config{Schemas: scimtest.Schemas()}

// newTestUsers returns the store over a table without users.
func newTestUsers(t *testing.T, name, keys string, config sqlstore.Config) (*sql.DB, kind, *sqlstore.Beside) {
	t.Helper()
	db, kind, err := open(name, keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(10)
	if err := makeTable(t.Context(), db, kind); err != nil {
		t.Fatal(err)
	}
	users, err := newUsers(t.Context(), db, kind, config)
	if err != nil {
		t.Fatal(err)
	}
	return db, kind, users
}

func TestUsers(t *testing.T) {
	onEach(t, func(t *testing.T, name func(*testing.T) string, keys string) {
		scimtest.TestUserStore(t, func(t *testing.T) scim.UserStore {
			_, _, users := newTestUsers(t, name(t), keys, known)
			return users
		})
	})
}

func TestGroups(t *testing.T) {
	onEach(t, func(t *testing.T, name func(*testing.T) string, keys string) {
		scimtest.TestGroupStore(t, func(t *testing.T) scim.GroupStore {
			_, _, users := newTestUsers(t, name(t), keys, known)
			return users.Stores().Groups
		})
	})
}

// TestConversations holds every conversation in a tenant of its own.
func TestConversations(t *testing.T) {
	conversations, err := scimtest.Conversations()
	if err != nil {
		t.Fatal(err)
	}
	onEach(t, func(t *testing.T, name func(*testing.T) string, keys string) {
		_, _, users := newTestUsers(t, name(t), keys, known)
		for _, c := range conversations {
			t.Run(c.Name, func(t *testing.T) { c.Run(t, newHost(t, users, c)) })
		}
	})
}

const (
	testBase  = "https://tenant.example.com/ws/scim/v2"
	testToken = "gatehouse-test-token"
)

// newHost returns a host that has what a conversation needs.
func newHost(t *testing.T, users *sqlstore.Beside, c scimtest.Conversation) scimtest.Host {
	t.Helper()
	stores := users.Stores()
	config := scim.Config{BaseURL: func(*http.Request) string { return testBase }, Policy: scim.Policy{Check: audit}, Schemas: scimtest.Schemas()}
	for _, need := range c.Needs {
		switch need {
		case "groups": // there anyway
		case "no-groups":
			stores.Groups = nil
			stores.Transact = nil // whose stores have groups
			config.Policy.Check = nil
		case "strict":
			config.Strict = true
		case "ninjaone":
			config.Policy.NinjaOne = rules(extension.Rules{RequireOrganization: true})
		case "default-organization":
			config.Policy.NinjaOne = rules(extension.Rules{RequireOrganization: true, DefaultOrganization: "7"})
		default:
			t.Fatalf("no host here has %q", need)
		}
	}
	auth := new(scim.Tokens)
	auth.Add(testToken, scim.Principal{Tenant: scim.TenantID(c.Name), Manager: "entra", Key: "1"})
	h, err := scim.New(stores, auth, config)
	if err != nil {
		t.Fatal(err)
	}
	return scimtest.Host{Handler: h, Base: testBase, Header: http.Header{"Authorization": {"Bearer " + testToken}}}
}

// rules adds the organizations 7, 8 and 9 to rules.
func rules(r extension.Rules) func(context.Context, scim.Principal) (extension.Rules, error) {
	r.Resolve = func(_ context.Context, id string) (string, error) {
		if slices.Contains([]string{"7", "8", "9", extension.All}, id) {
			return id, nil
		}
		return "", extension.ErrUnknownOrganization
	}
	return func(context.Context, scim.Principal) (extension.Rules, error) { return r, nil }
}

// TestWelcome starts the program and does what it says to do.
func TestWelcome(t *testing.T) {
	onEach(t, func(t *testing.T, name func(*testing.T) string, keys string) {
		database := name(t)
		ctx, stop := context.WithCancel(t.Context())
		r, w := io.Pipe()
		var err error
		var ended sync.WaitGroup
		ended.Go(func() {
			err = run(ctx, "127.0.0.1:0", database, keys, w)
			w.CloseWithError(err)
		})
		buf := make([]byte, 64<<10)
		n, readErr := r.Read(buf)
		if readErr != nil {
			t.Fatal(readErr)
		}
		var answers []string
		for line := range strings.Lines(string(buf[:n])) {
			if command, ok := strings.CutPrefix(line, "  curl "); ok {
				answers = append(answers, curl(t, command))
			}
		}
		tables, _, _ := strings.Cut(string(buf[:n]), "\n\nNobody")
		_, command, _ := strings.Cut(tables, "  curl ")
		answers = append(answers, curl(t, command))
		want := []string{"Ada Lovelace", `"totalResults":0`, `"userName":"ada@example.com"`, `"familyName":"King"`, `"userName":"mary@example.com"`, "Ada King"}
		if len(answers) != len(want) {
			t.Fatalf("%d requests, want %d: %s", len(answers), len(want), buf[:n])
		}
		for i := range want {
			if !strings.Contains(answers[i], want[i]) {
				t.Errorf("request %d: %s\nwant something with %s", i+1, answers[i], want[i])
			}
		}
		last := answers[len(answers)-1]
		for _, row := range []string{"entra  adopts   ada@example.com   acme", "entra  creates  mary@example.com  acme", "mary@example.com        Mary Somerville  active"} {
			if !strings.Contains(last, row) {
				t.Errorf("the tables do not have %q:\n%s", row, last)
			}
		}
		stop()
		ended.Wait()
		if err != nil {
			t.Errorf("at the end: %v", err)
		}
	})
}

// curl does what the program of that name would, and returns the body of the answer.
func curl(t *testing.T, command string) string {
	t.Helper()
	var target, query, body string
	method, header := "GET", http.Header{}
	words := regexp.MustCompile(`'[^']*'|\S+`).FindAllString(command, -1)
	for i := 0; i < len(words); i++ {
		next := func() string { i++; return strings.Trim(words[i], "'") }
		switch word := words[i]; word {
		case "-sS", "-G":
		case "-w":
			next()
		case "-X":
			method = next()
		case "-H":
			name, value, _ := strings.Cut(next(), ": ")
			header.Add(name, value)
		case "-d":
			if body = next(); method == "GET" {
				method = "POST"
			}
		case "--data-urlencode":
			name, value, _ := strings.Cut(next(), "=")
			query = "?" + url.Values{name: {value}}.Encode()
		default:
			target += word
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPolicy asks for users who may not be taken over.
func TestPolicy(t *testing.T) {
	onEach(t, func(t *testing.T, name func(*testing.T) string, keys string) {
		db, kind, users := newTestUsers(t, name(t), keys, sqlstore.Config{})
		if err := hire(t.Context(), db, kind); err != nil {
			t.Fatal(err)
		}
		endpoint, err := newEndpoint(users, testBase, testToken)
		if err != nil {
			t.Fatal(err)
		}
		for login, want := range map[string]int{"GRACE@example.com": 1, "edsger@partner.example": 0, "root@example.com": 0, "nobody@example.com": 0} {
			r := httptest.NewRequest("GET", testBase+"/Users?filter="+url.QueryEscape(fmt.Sprintf("userName eq %q", login)), nil)
			r.Header.Set("Authorization", "Bearer "+testToken)
			w := httptest.NewRecorder()
			endpoint.ServeHTTP(w, r)
			var list struct{ TotalResults int }
			if err := json.Unmarshal(w.Body.Bytes(), &list); w.Code != 200 || err != nil || list.TotalResults != want {
				t.Errorf("%s: status %d, %d found, %v; want %d", login, w.Code, list.TotalResults, err, want)
			}
		}
	})
}

// TestFind looks logins up, which the store does only where the table has no column for it.
func TestFind(t *testing.T) {
	onEach(t, func(t *testing.T, name func(*testing.T) string, keys string) {
		db, kind, _ := newTestUsers(t, name(t), keys, known)
		if err := hire(t.Context(), db, kind); err != nil {
			t.Fatal(err)
		}
		var want string
		if err := db.QueryRow("SELECT CAST(id AS text) FROM users WHERE login = 'ada@example.com'").Scan(&want); err != nil {
			t.Fatal(err)
		}
		if id, err := (accounts{}).Find(t.Context(), db, tenant, "ADA@Example.com"); err != nil || id != want {
			t.Errorf("found %q, %v; want %q", id, err, want)
		}
		if id, err := (accounts{}).Find(t.Context(), db, "another", "ada@example.com"); !errors.Is(err, scim.ErrNotFound) {
			t.Errorf("found %q in another tenant, %v", id, err)
		}
	})
}

// TestKeys asks which texts are keys: those that the database would write.
func TestKeys(t *testing.T) {
	for _, id := range []string{"1", "-1", "9223372036854775807"} {
		if _, ok := intKey(id); !ok {
			t.Errorf("%q is no int", id)
		}
	}
	for _, id := range []string{"", "abc", "01", "+1", " 1", "1.0", "9223372036854775808"} {
		if _, ok := intKey(id); ok {
			t.Errorf("%q is an int", id)
		}
	}
	last := ""
	for range 1_000 {
		id := newUUID()
		if _, ok := uuidKey(id); !ok || id[14] != '7' || !strings.Contains("89ab", id[19:20]) {
			t.Fatalf("%q is no UUID of version 7", id)
		}
		if id[:18] < last {
			t.Fatalf("%s was made after one that begins with %s", id, last)
		}
		last = id[:18]
		for _, other := range []string{strings.ToUpper(id), "{" + id + "}", id[1:], id + "\n"} {
			if _, ok := uuidKey(other); ok && other != id {
				t.Errorf("%q is a UUID", other)
			}
		}
	}
}

func TestWrongKeys(t *testing.T) {
	if err := run(t.Context(), "127.0.0.1:0", "", "roman", io.Discard); err == nil || !strings.Contains(err.Error(), "roman") {
		t.Errorf("got %v, want an error that names the keys", err)
	}
}
