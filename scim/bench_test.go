package scim_test

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
)

// The benchmarks of this file run this handler over a MemoryStore, and elimity's server over a
// map, in one process and with the same requests:
//
//	go test -run '^$' -bench . -count 6 ./scim | benchstat -col /impl -
//
// No two requests of a benchmark have the same text, so that nothing can be answered from a cache
// of texts; they differ in digits that are patched into place. Here the token is checked too;
// elimity's server leaves that to its host.

const benchBase = "https://scim.example.com/v2"

var benchImpls = []struct {
	name string
	new  func(testing.TB) http.Handler
}{
	{"impl=gatehouse", func(t testing.TB) http.Handler { h, _ := newGatehouse(t); return h }},
	{"impl=elimity", func(t testing.TB) http.Handler { h, _ := newElimity(t); return h }},
}

func newGatehouse(t testing.TB) (http.Handler, *scim.MemoryStore) {
	t.Helper()
	store, auth := new(scim.MemoryStore), new(scim.Tokens)
	auth.Add(token, scim.Principal{Tenant: "acme", Manager: "entra", Key: "1"})
	h, err := scim.New(scim.Stores{Users: store, Groups: store}, auth, scim.Config{
		BaseURL: func(*http.Request) string { return benchBase },
		Limits:  scim.Limits{Rate: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, store
}

// entraBody is what Microsoft Entra ID sends to create a user by its default mappings, with both
// extensions.
const entraBody = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User"],` +
	`"externalId":"0a21f0f2-8d2a-4f8e-bf98-73630` + digits + `","userName":"ada.lovelace` + digits + `@contoso.example.com","active":true,` +
	`"displayName":"Ada Lovelace ` + digits + `","title":"Senior Engineer","preferredLanguage":"en-US",` +
	`"emails":[{"primary":true,"type":"work","value":"ada.lovelace` + digits + `@contoso.example.com"}],` +
	`"meta":{"resourceType":"User"},"name":{"formatted":"Ada Lovelace","familyName":"Lovelace","givenName":"Ada"},"roles":[],` +
	`"addresses":[{"type":"work","formatted":"12 St James's Square, London","streetAddress":"12 St James's Square","locality":"London","region":"England","postalCode":"SW1Y 4LB","country":"GB"}],` +
	`"phoneNumbers":[{"type":"work","value":"+44 20 ` + digits + `"},{"type":"mobile","value":"+44 77 ` + digits + `"}],` +
	`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"E` + digits + `","department":"Analytical Engines","manager":{"value":"0197a3c4-5b1e-7c3d-9a2f-4e5d6c7b8a90"}},` +
	`"urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User":{"organizationId":"7","userType":"endUser"}}`

const patchActive = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":%t}]}`

// sideBySide runs a benchmark with each of the two.
func sideBySide(b *testing.B, bench func(*testing.B, *benchClient)) {
	for _, impl := range benchImpls {
		b.Run(impl.name, func(b *testing.B) {
			b.ReportAllocs()
			bench(b, newBenchClient(b, impl.new(b)))
		})
	}
}

func BenchmarkPOST(b *testing.B) {
	sideBySide(b, func(b *testing.B, c *benchClient) {
		body, n := newNumbered(entraBody), 0
		for b.Loop() {
			c.send(http.StatusCreated, http.MethodPost, "/v2/Users", "", body.with(n))
			n++
		}
		wantUser(b, c.answer.body, n-1, true)
	})
}

func BenchmarkGET(b *testing.B) {
	sideBySide(b, func(b *testing.B, c *benchClient) {
		paths, n := c.fill(1_000), 0
		for b.Loop() {
			c.send(http.StatusOK, http.MethodGet, paths[n%len(paths)], "", nil)
			n++
		}
		wantUser(b, c.answer.body, (n-1)%len(paths), true)
	})
}

// BenchmarkPATCH disables one user after another, and then restores them.
func BenchmarkPATCH(b *testing.B) {
	sideBySide(b, func(b *testing.B, c *benchClient) {
		paths, n := c.fill(1_000), 0
		bodies := [][]byte{fmt.Appendf(nil, patchActive, false), fmt.Appendf(nil, patchActive, true)}
		for b.Loop() {
			c.send(http.StatusOK, http.MethodPatch, paths[n%len(paths)], "", bodies[n/len(paths)%2])
			n++
		}
		wantUser(b, c.answer.body, (n-1)%len(paths), (n-1)/len(paths)%2 == 1)
	})
}

// BenchmarkList reads 100 of 10,000 users, each time others.
func BenchmarkList(b *testing.B) {
	sideBySide(b, func(b *testing.B, c *benchClient) {
		const users, page = 10_000, 100
		c.fill(users)
		query, n := newNumbered("startIndex="+digits+"&count=100"), 0
		for b.Loop() {
			n = (n + 97) % (users - page)
			c.send(http.StatusOK, http.MethodGet, "/v2/Users", string(query.with(n+1)), nil)
		}
		wantList(b, c.answer.body, page, users)
	})
}

// BenchmarkFilter looks for one of 100,000 users by its name.
func BenchmarkFilter(b *testing.B) {
	sideBySide(b, func(b *testing.B, c *benchClient) {
		benchFilter(b, c, "filter=userName+eq+%22ada.lovelace"+digits+"%40contoso.example.com%22")
	})
}

func benchFilter(b *testing.B, c *benchClient, filter string) {
	c.fill(many)
	query, n := newNumbered(filter), 0
	for b.Loop() {
		n = (n + 9_973) % many
		c.send(http.StatusOK, http.MethodGet, "/v2/Users", string(query.with(n)), nil)
	}
	wantUser(b, wantList(b, c.answer.body, 1, 1), n, true)
}

func BenchmarkSchemas(b *testing.B) {
	sideBySide(b, func(b *testing.B, c *benchClient) {
		for b.Loop() {
			c.send(http.StatusOK, http.MethodGet, "/v2/Schemas", "", nil)
		}
		for _, urn := range []string{"urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group", scim.EnterpriseURN} {
			if !bytes.Contains(c.answer.body, []byte(strconv.Quote(urn))) {
				b.Fatalf("%s is missing", urn)
			}
		}
	})
}

// BenchmarkUserMemory reports what each of 100,000 users costs that came by POST, with all that
// the store keeps to find them. It has no time.
func BenchmarkUserMemory(b *testing.B) {
	for _, impl := range benchImpls {
		b.Run(impl.name, func(b *testing.B) {
			var bytes, objects float64
			for b.Loop() {
				h := impl.new(b)
				before := liveHeap()
				newBenchClient(b, h).fill(many)
				after := liveHeap()
				runtime.KeepAlive(h)
				bytes = float64(int64(after.HeapAlloc-before.HeapAlloc)) / many
				objects = float64(int64(after.HeapObjects-before.HeapObjects)) / many
			}
			b.ReportMetric(bytes, "B/user")
			b.ReportMetric(objects, "objects/user")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// liveHeap returns what is in use after two collections: the second takes what pools kept.
func liveHeap() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
