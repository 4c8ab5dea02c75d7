package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// The benchmarks send requests with a token to the endpoint over a store, as many users in one
// tenant as the environment says, and at random which of them:
//
//	GATEHOUSE_BENCH_USERS=1000,100000,1000000 go test -run '^$' -bench Scale -timeout 60m ./provider/sqlstore
//
// Databases are made when they are first needed. With a folder in GATEHOUSE_BENCH_DIR they are kept,
// in its files and in schemas of PostgreSQL named gatehouse_bench_*, and later runs find them again.
const (
	benchUsersVariable = "GATEHOUSE_BENCH_USERS"
	benchDirVariable   = "GATEHOUSE_BENCH_DIR"
)

func benchSizes(b *testing.B) (sizes []int) {
	b.Helper()
	text := os.Getenv(benchUsersVariable)
	if text == "" {
		text = "1000"
	}
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 200 {
			b.Fatalf("%s: %q is no number of users, or too low", benchUsersVariable, field)
		}
		sizes = append(sizes, n)
	}
	return sizes
}

// host is the endpoint over a store with many users.
type host struct {
	http.Handler
	store *sqlstore.Store
	users int
}

// benchHosts are kept between the benchmarks of one run.
var benchHosts = map[string]*host{}

func newHost(b *testing.B, e engine, users int) *host {
	b.Helper()
	key := fmt.Sprint(e.name, users)
	if h := benchHosts[key]; h != nil {
		return h
	}
	ctx := context.Background()
	db := benchDB(b, e, users)
	store, err := e.new(ctx, db, sqlstore.Config{})
	if err != nil {
		b.Fatal(err)
	}
	have, err := store.Users(ctx, "acme", scim.Query{Scope: scim.Scope{All: true}, Total: true})
	if err != nil {
		b.Fatal(err)
	}
	if have.Total == 0 {
		if _, err := store.Load(ctx, "acme", entraUsers(0, users)); err != nil {
			b.Fatal(err)
		}
		if e.name == postgresEngine.name {
			if _, err := db.Exec("VACUUM ANALYZE"); err != nil { // as autovacuum does, in its time
				b.Fatal(err)
			}
		}
	}
	auth := new(scim.Tokens)
	auth.Add(benchToken, scim.Principal{Tenant: "acme", Manager: "entra", Key: "1"})
	handler, err := scim.New(store.Stores(), auth, scim.Config{
		BaseURL: func(*http.Request) string { return benchBase },
		Limits:  scim.Limits{Rate: -1},
	})
	if err != nil {
		b.Fatal(err)
	}
	benchHosts[key] = &host{handler, store, users}
	return benchHosts[key]
}

// benchDB returns a database for so many users. It stays when the benchmark ends, for the next.
func benchDB(b *testing.B, e engine, users int) *sql.DB {
	dir := os.Getenv(benchDirVariable)
	switch {
	case dir == "":
		return e.open(lasting{b})
	case e.name == sqliteEngine.name:
		return openDB(lasting{b}, "sqlite", sqlstore.DSN(filepath.Join(dir, fmt.Sprintf("users-%d.db", users))))
	}
	schema := fmt.Sprintf("gatehouse_bench_%d", users)
	if _, err := openDB(b, "pgx", postgresDSN(b)).Exec("CREATE SCHEMA IF NOT EXISTS " + schema); err != nil {
		b.Fatal(err)
	}
	return openSchema(lasting{b}, schema)
}

// cleanups are run by TestMain.
var cleanups []func()

// lasting puts off what is to be cleaned up until all tests and benchmarks are over.
type lasting struct{ testing.TB }

func (t lasting) Cleanup(f func()) { cleanups = append(cleanups, f) }
func (t lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "gatehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	for i := len(cleanups) - 1; i >= 0; i-- {
		cleanups[i]()
	}
	os.Exit(code)
}

const (
	benchToken = "bench-token-0123456789"
	benchBase  = "https://scim.example.com/v2"
)

// send sends a request and fails unless the status is the one wanted.
func (h *host) send(t testing.TB, want int, method, target, body string) []byte {
	r := httptest.NewRequest(method, "/v2"+target, nil)
	r.Header.Set("Authorization", "Bearer "+benchToken)
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != want {
		t.Fatalf("%s %s: status %d, want %d: %s", method, target, w.Code, want, w.Body)
	}
	return w.Body.Bytes()
}

func (h *host) any() scim.User { return entraUser(rand.IntN(h.users)) }

func filterOf(text string, args ...any) string {
	return "/Users?filter=" + url.QueryEscape(fmt.Sprintf(text, args...))
}

const patchBody = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"Title %d"}]}`

func BenchmarkScale(b *testing.B) {
	found := []byte(`"totalResults":1,`)
	lookup := func(text string, value func(scim.User) string) func(testing.TB, *host, int) {
		return func(t testing.TB, h *host, _ int) {
			if answer := h.send(t, 200, "GET", filterOf(text, value(h.any())), ""); !bytes.Contains(answer, found) {
				t.Fatalf("not found: %s", answer)
			}
		}
	}
	userName := func(u scim.User) string { return u.UserName }
	for _, op := range []struct {
		name string
		do   func(testing.TB, *host, int)
	}{
		{"userName", lookup(`userName eq "%s"`, userName)},
		{"externalId", lookup(`externalId eq "%s"`, func(u scim.User) string { return u.ExternalID })},
		{"work e-mail", lookup(`emails[type eq "work" and value eq "%s"]`, userName)},
		{"by id", func(t testing.TB, h *host, _ int) { h.send(t, 200, "GET", "/Users/"+h.any().ID, "") }},
		{"PATCH", func(t testing.TB, h *host, i int) {
			h.send(t, 200, "PATCH", "/Users/"+h.any().ID, fmt.Sprintf(patchBody, i))
		}},
		{"first page", func(t testing.TB, h *host, _ int) { h.page(t, "cursor&count=100") }},
		{"startIndex 1", func(t testing.TB, h *host, _ int) { h.page(t, "count=100&startIndex=1") }},
		{"startIndex middle", func(t testing.TB, h *host, _ int) { h.page(t, fmt.Sprint("count=100&startIndex=", h.users/2)) }},
		{"startIndex end", func(t testing.TB, h *host, _ int) { h.page(t, fmt.Sprint("count=100&startIndex=", h.users-99)) }},
		{"sorted by userName", func(t testing.TB, h *host, _ int) { h.page(t, "cursor&count=100&sortBy=userName") }},
	} {
		for _, e := range []engine{sqliteEngine, postgresEngine} {
			for _, n := range benchSizes(b) {
				b.Run(fmt.Sprintf("%s/%s/users=%d", op.name, e.name, n), func(b *testing.B) {
					h := newHost(b, e, n)
					op.do(b, h, 0)
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						op.do(b, h, i)
					}
				})
			}
		}
	}
}

// BenchmarkScaleMembers adds one member to a group of ten and to one of many, and takes it out again.
func BenchmarkScaleMembers(b *testing.B) {
	const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":%q,"path":"members","value":[{"value":%q}]}]}`
	for _, e := range []engine{sqliteEngine, postgresEngine} {
		users := slices.Max(benchSizes(b))
		for _, members := range []int{10, min(users-1, 100_000)} {
			b.Run(fmt.Sprintf("%s/members=%d", e.name, members), func(b *testing.B) {
				h := newHost(b, e, users)
				var ids []string
				for n := range members {
					ids = append(ids, entraUser(n).ID)
				}
				g := scim.Group{Meta: scim.Meta{ID: fmt.Sprint("bench-", members), ManagedBy: "entra"}, DisplayName: fmt.Sprint("Bench ", members)}
				h.store.DeleteGroup(context.Background(), "acme", g.ID, "") // of an earlier run
				if _, err := h.store.CreateGroup(context.Background(), "acme", g, scim.MemberChange{Add: ids}); err != nil {
					b.Fatal(err)
				}
				one := entraUser(users - 1).ID
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					h.send(b, 204, "PATCH", "/Groups/"+g.ID, fmt.Sprintf(patch, []string{"add", "remove"}[i%2], one))
				}
			})
		}
	}
}

// page reads a page of 100.
func (h *host) page(t testing.TB, query string) (next string) {
	var list struct {
		NextCursor string
		Resources  []json.RawMessage
	}
	if err := json.Unmarshal(h.send(t, 200, "GET", "/Users?"+query, ""), &list); err != nil || len(list.Resources) != 100 {
		t.Fatalf("%d users, %v", len(list.Resources), err)
	}
	return list.NextCursor
}

// BenchmarkScaleWalk lists all users by cursor, page by page, and reports what the first pages and
// the last ones took, and the most memory that Go had.
func BenchmarkScaleWalk(b *testing.B) {
	for _, e := range []engine{sqliteEngine, postgresEngine} {
		for _, n := range benchSizes(b) {
			b.Run(fmt.Sprintf("%s/users=%d", e.name, n), func(b *testing.B) {
				h := newHost(b, e, n)
				for b.Loop() {
					walk(b, h)
				}
			})
		}
	}
}

func walk(b *testing.B, h *host) {
	var most float64
	next, pages := "", 0
	for {
		cursor := h.page(b, "count=100&cursor="+next)
		pages++
		if pages%100 == 1 {
			most = max(most, memory())
		}
		if next = cursor; next == "" {
			break
		}
	}
	if pages != h.users/100 {
		b.Fatalf("%d pages", pages)
	}
	b.ReportMetric(most/(1<<20), "MiB")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(pages), "ms/page")
}

// memory returns what Go has of the machine, without what it gave back.
func memory() float64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return float64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}
