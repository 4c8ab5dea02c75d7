package scim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The benchmarks of this file have nothing beside them.

func gatehouse(b *testing.B) *benchClient {
	h, _ := newGatehouse(b)
	return newBenchClient(b, h)
}

func BenchmarkPUT(b *testing.B) {
	c := gatehouse(b)
	paths, n := c.fill(1_000), 0
	body := newNumbered(strings.Replace(entraBody, "Analytical Engines", "Department "+digits, 1))
	b.ReportAllocs()
	for b.Loop() {
		// User n gets the name and department of a number nobody has.
		c.send(http.StatusOK, http.MethodPut, paths[n%len(paths)], "", body.with(n+len(paths)))
		n++
	}
}

// BenchmarkFilterWorkEmail looks for one of 100,000 users by its work address.
func BenchmarkFilterWorkEmail(b *testing.B) {
	b.ReportAllocs()
	benchFilter(b, gatehouse(b),
		"filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22ada.lovelace"+digits+"%40contoso.example.com%22")
}

// BenchmarkGroupMember adds a member to a group of 100,000, and with the next request removes it.
func BenchmarkGroupMember(b *testing.B) {
	c := gatehouse(b)
	const spare = 1_000
	users := c.fill(many + spare)
	answer := c.send(http.StatusCreated, http.MethodPost, "/v2/Groups", "", groupBody(newNumbered("Everyone "+digits).with(0), users[spare:]))
	group := "/v2/Groups/" + idOf(b, answer)
	var bodies [][]byte
	for _, u := range users[:spare] {
		for _, op := range []string{"Add", "Remove"} {
			bodies = append(bodies, fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],`+
				`"Operations":[{"op":%q,"path":"members","value":[{"$ref":null,"value":%q}]}]}`, op, u[len("/v2/Users/"):]))
		}
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		c.send(http.StatusNoContent, http.MethodPatch, group, "", bodies[n%len(bodies)])
	}
}

// BenchmarkGroupCreate creates groups of 10,000 members.
func BenchmarkGroupCreate(b *testing.B) {
	c := gatehouse(b)
	body := newNumbered(string(groupBody([]byte("Group "+digits), c.fill(10_000))))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		answer := c.send(http.StatusCreated, http.MethodPost, "/v2/Groups", "", body.with(n))
		b.StopTimer()
		c.send(http.StatusNoContent, http.MethodDelete, "/v2/Groups/"+idOf(b, answer), "", nil)
		b.StartTimer()
	}
}

// groupBody is a group of the users with the given paths.
func groupBody(name []byte, users []string) []byte {
	body := fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":%q,"members":[`, name)
	for i, u := range users {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"value":%q}`, u[len("/v2/Users/"):])
	}
	return append(body, "]}"...)
}
