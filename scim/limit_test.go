package scim

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestBucketsAreBounded(t *testing.T) {
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	b := newBuckets(25, func() time.Time { return now })
	for i := range maxBuckets + 100 {
		if wait := b.Allow(t.Context(), Principal{Tenant: "acme", Manager: "entra", Key: strconv.Itoa(i)}); wait != 0 {
			t.Fatalf("key %d waits %v", i, wait)
		}
	}
	if len(b.m) > maxBuckets {
		t.Errorf("%d buckets, want at most %d", len(b.m), maxBuckets)
	}
	now = now.Add(time.Hour) // all are full again
	b.Allow(t.Context(), Principal{Tenant: "acme", Manager: "entra", Key: "another"})
	if len(b.m) != 1 {
		t.Errorf("%d buckets after an hour of silence, want 1", len(b.m))
	}
}

func TestTextsAreBounded(t *testing.T) {
	r := newRig(t)
	user := func(attribute string, n int) string {
		text := `"` + strings.Repeat("x", n) + `"`
		if attribute == "userName" {
			return `{"userName":` + text + `}`
		}
		return `{"userName":"ada@acme.example.com","` + attribute + `":` + text + `}`
	}
	for attribute, limit := range map[string]int{"userName": maxName, "externalId": maxName, "title": maxText} {
		r.do("POST", "/Users", user(attribute, limit+1)).refused(400, "invalidValue", attribute+": a text of")
		u := r.do("POST", "/Users", user(attribute, limit)).want(201).id()
		r.do("PATCH", "/Users/"+u, patchBody(`{"op":"replace","path":"`+attribute+`","value":"`+strings.Repeat("y", limit+1)+`"}`)).
			refused(400, "invalidValue", attribute+": a text of")
		r.do("DELETE", "/Users/"+u, "").want(204)
	}
	r.do("POST", "/Groups", `{"displayName":"`+strings.Repeat("x", maxName+1)+`"}`).refused(400, "invalidValue", "displayName: a text of")
}

func TestMemberScansAreBounded(t *testing.T) {
	r := newRig(t)
	u := r.user(ada)
	g := r.group(`{"displayName":"Engineers","members":[{"value":"` + u + `"}]}`)
	ops := func(n int, filter string) string {
		return patchBody(strings.TrimSuffix(strings.Repeat(`{"op":"remove","path":"members[`+filter+`]"},`, n), ","))
	}
	r.do("PATCH", "/Groups/"+g, ops(maxScans+1, `display sw \"x\"`)).refused(413, "tooMany", "value eq")
	r.do("PATCH", "/Groups/"+g, ops(maxScans, `display sw \"x\"`)).want(204)
	r.do("PATCH", "/Groups/"+g, ops(maxScans+1, `value eq \"`+u+`\"`)).want(204)
	r.do("GET", "/Groups/"+g, "").want(200).is("", "members")
}
