package scim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// FuzzPatch grows operations over the attributes there are, with awkward values, and applies them
// to ada or to the engineers.
//
// A PATCH that is refused changes nothing. One that is accepted leaves a resource that has its
// required attributes and at most one primary value in each list, and that a PUT of the answer
// does not change. A PATCH of one operation that is accepted keeps the version when it is sent
// again, unless it is one for values that, as it made them, its filter does not select any more.
func FuzzPatch(f *testing.F) {
	for i := range 64 {
		f.Add([]byte(strings.Repeat(string(rune('!'+i)), 6+i%7)), i%4 == 0, i%8 == 1)
	}
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15"), false, false)
	freshSite := siteMaker(f)
	f.Fuzz(func(t *testing.T, data []byte, group, strict bool) {
		g := &patchGrower{data: data, group: group}
		body := g.patch(1 + g.below(3))
		if strict {
			body = strings.Replace(body, "{", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],`, 1)
		}
		checkPatch(t, freshSite(t, strict), body, group, g.operations == 1)
	})
}

// FuzzPatchBody gives arbitrary bytes to PATCH, with the same oracle.
func FuzzPatchBody(f *testing.F) {
	for _, a := range badPatches {
		if len(a.body) < 2000 {
			f.Add([]byte(a.body), strings.HasPrefix(a.target, "/Groups"), false)
		}
	}
	f.Add([]byte(`{"Operations":[{"op":"Replace","path":"emails[type eq \"other\"].Value","value":"x"},{"op":"Add","path":"emails[type eq \"other\"].primary","value":"True"}]}`), false, false)
	f.Add([]byte(`{"Operations":[{"op":"remove","path":"members[value eq \"{ada}\"]"},{"op":"add","path":"members","value":[{"value":"{grace}","$ref":null}]}]}`), true, false)
	freshSite := siteMaker(f)
	f.Fuzz(func(t *testing.T, body []byte, group, strict bool) {
		checkPatch(t, freshSite(t, strict), string(body), group, false)
	})
}

func checkPatch(t *testing.T, s *site, body string, group, once bool) {
	at := "/Users/{ada}"
	if group {
		at = "/Groups/{eng}"
	}
	before := s.state()
	a := s.send("PATCH", at, body)
	if a.status >= 300 {
		s.kept(a, before)
		return
	}
	now := s.send("GET", at, "").is(200)
	if a.status == 200 && a.body != now.body || a.header.Get("ETag") != now.header.Get("ETag") {
		t.Fatalf("%s\nis answered with %v\n%s\nand reads %v\n%s", body, a.header, a.body, now.header, now.body)
	}
	if strings.Contains(now.body, `"number":`) && !strings.Contains(now.body, `"number":7,`) && !strings.Contains(now.body, `"number":7}`) {
		t.Fatalf("%s changed the number: %s", body, now.body)
	}
	if once {
		again := s.send("PATCH", at, body)
		gone := again.status == 400 && strings.Contains(again.body, `"noTarget"`) && strings.Contains(body, "[")
		same := again.status == a.status && again.body == a.body && again.header.Get("ETag") == a.header.Get("ETag")
		if !same && !gone {
			t.Fatalf("%s\nmade\n%s\nand sent again is answered with %d %v\n%s", body, now.body, again.status, again.header, again.body)
		}
	}
	s.echoes(at, now)
}

// wellFormed expects what every stored resource has: its required attributes, and no list with
// two primary values.
func (s *site) wellFormed(a reply) {
	s.Helper()
	var res map[string]any
	if err := json.Unmarshal([]byte(a.body), &res); err != nil {
		s.Fatal(err)
	}
	if res["userName"] == nil && res["displayName"] == nil || res["id"] == nil || res["meta"] == nil {
		s.Fatalf("%s: something required is missing: %s", a.request, a.body)
	}
	badges, _ := res[badge].(map[string]any)
	for _, attributes := range []map[string]any{res, badges} {
		for name, value := range attributes {
			list, _ := value.([]any)
			primaries := 0
			for _, e := range list {
				o, _ := e.(map[string]any)
				if o["primary"] == true {
					primaries++
				}
				if name == "doors" && o["id"] == nil {
					s.Fatalf("%s: a door without id: %s", a.request, a.body)
				}
			}
			if primaries > 1 {
				s.Fatalf("%s: %s has %d primary values: %s", a.request, name, primaries, a.body)
			}
		}
	}
}

// patchGrower reads a PATCH out of bytes.
type patchGrower struct {
	data       []byte
	group      bool
	operations int
}

// below returns a number below n.
func (g *patchGrower) below(n int) int {
	if len(g.data) == 0 {
		return 0
	}
	b := int(g.data[0])
	g.data = g.data[1:]
	return b % n
}

func pickOf[T any](g *patchGrower, of []T) T { return of[g.below(len(of))] }

func (g *patchGrower) patch(n int) string {
	var ops []string
	for range n {
		ops = append(ops, g.operation())
		if g.operations++; len(g.data) == 0 {
			break
		}
	}
	return `{"Operations":[` + strings.Join(ops, ",") + `]}`
}

func (g *patchGrower) operation() string {
	op := pickOf(g, []string{"add", "replace", "remove", "Replace", "Add", "Remove", "add", "replace"})
	if g.below(6) == 0 {
		return fmt.Sprintf(`{"op":%q,"value":%s}`, op, g.object(g.paths(), 0))
	}
	path := g.path()
	if strings.EqualFold(op, "remove") && g.below(3) > 0 {
		return fmt.Sprintf(`{"op":%q,"path":%s}`, op, quoted(path))
	}
	return fmt.Sprintf(`{"op":%q,"path":%s,"value":%s}`, op, quoted(path), g.value(0))
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (g *patchGrower) paths() []string {
	if g.group {
		return groupPaths
	}
	return userPaths
}

func (g *patchGrower) path() string {
	path := pickOf(g, g.paths())
	switch g.below(4) {
	case 0:
		path += "[" + g.filter(0) + "]"
		if g.below(3) > 0 {
			path += "." + pickOf(g, fuzzParts)
		}
	case 1:
		path += "." + pickOf(g, fuzzParts)
	}
	return path
}

func (g *patchGrower) filter(depth int) string {
	switch n := g.below(10); {
	case n == 0 && depth < 2:
		return g.filter(depth+1) + " and " + g.filter(depth+1)
	case n == 1 && depth < 2:
		return g.filter(depth+1) + " or " + g.filter(depth+1)
	case n == 2 && depth < 2:
		return "not (" + g.filter(depth+1) + ")"
	case n == 3:
		return pickOf(g, fuzzParts) + " pr"
	}
	op := pickOf(g, []string{"eq", "eq", "eq", "ne", "co", "sw", "ew", "gt"})
	return pickOf(g, fuzzParts) + " " + op + " " + pickOf(g, []string{`"work"`, `"home"`, `"WORK"`, `"ada@example.com"`, `"admin"`, `true`, `"True"`, `false`, `""`, `"x"`, `"1"`, `7`, `null`})
}

var userPaths = []string{
	"userName", "externalId", "id", "meta", "meta.version", "schemas", "groups", "active", "title", "displayName", "name", "name.givenName", "NAME.FAMILYNAME",
	"emails", "phoneNumbers", "addresses", "roles", "photos", "ims", "entitlements", "x509Certificates", "profileUrl", "password", "nobody", "urn:x:y:z",
	"department", "manager", enterprise, enterprise + ":manager", enterprise + ":department", enterprise + ".costCenter", coreUser + ":title",
	badge, badge + ":number", badge + ":level", badge + ":expires", badge + ":key", badge + ":tags", badge + ":floors", badge + ":doors", "doors", "tags",
	"urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User", "organizationId", "urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User:userType",
}

var groupPaths = []string{"displayName", "externalId", "members", "members", "members.value", "id", "meta", "schemas", "nobody", "urn:x:y:z"}

var fuzzParts = []string{"value", "type", "primary", "display", "id", "note", "country", "formatted", "displayName", "$ref", "givenName", "Value"}

// value grows a JSON value.
func (g *patchGrower) value(depth int) string {
	switch n := g.below(24); {
	case n < 5 && depth < 2:
		return g.object(fuzzParts, depth+1)
	case n < 9 && depth < 2:
		var list []string
		for range g.below(4) {
			list = append(list, g.value(depth+1))
		}
		return "[" + strings.Join(list, ",") + "]"
	case n == 9:
		return `[{"value":"{ada}"},{"value":"{grace}","type":"User"}]`
	case n == 10:
		return `{"value":"{grace}"}`
	}
	return pickOf(g, []string{`"x"`, `"work"`, `"home"`, `"ada@example.com"`, `"X"`, `""`, `null`, `true`, `false`, `"True"`, `7`, `-1.5`, `1e300`, `"2026-01-31T09:30:00Z"`,
		`"2026-01-31T09:30:00.123456789+01:00"`, `"AQID"`, `"é\u2028\"\\"`, `"endUser"`, `"Technician"`, `"{ada}"`, `"{grace}"`, `9223372036854775807`, `0`, `"admin"`})
}

func (g *patchGrower) object(names []string, depth int) string {
	var members []string
	seen := map[string]bool{}
	for range 1 + g.below(3) {
		name := pickOf(g, names)
		if seen[strings.ToLower(name)] {
			continue
		}
		seen[strings.ToLower(name)] = true
		members = append(members, quoted(name)+":"+g.value(depth))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// The rules of FuzzPatch, for operations that came near to breaking them.
func TestPatchRules(t *testing.T) {
	freshSite := siteMaker(t)
	for operation, made := range map[string]string{
		`{"op":"add","path":"emails","value":[{"value":"new","primary":true}]}`:                                  `{"value":"new","primary":true}`,
		`{"op":"add","path":"emails","value":[{"value":"ADA@home.example.com","primary":true}]}`:                 `"type":"home","primary":true`,
		`{"op":"add","path":"emails","value":[{"value":"new","primary":true},{"value":"newer","primary":true}]}`: `"newer"`,
		`{"op":"replace","path":"emails[type eq \"home\"].primary","value":"True"}`:                              `"type":"home","primary":true`,
		`{"op":"replace","path":"emails.primary","value":true}`:                                                  `"type":"work","primary":true`,
		`{"op":"replace","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}`:   `{"value":"b","primary":false}`,
		`{"op":"add","path":"phoneNumbers[type eq \"work\"].primary","value":true}`:                              `"phoneNumbers":[{"type":"work","primary":true}]`,
		`{"op":"add","path":"emails","value":[{"display":"nobody"}]}`:                                            `{"display":"nobody","primary":false}`,
		`{"op":"add","path":"emails","value":[{"value":"ada@example.com"}]}`:                                     `"ada@example.com"`,
		`{"op":"add","path":"addresses","value":[{"country":"gb"}]}`:                                             `"addresses":[{"country":"gb","type":"work"`,
		`{"op":"add","path":"` + badge + `:doors","value":[{"id":"1","note":"front"}]}`:                          `"doors":[{"id":"1","note":"front"`,
		`{"op":"add","path":"` + badge + `:tags","value":["B","c","c"]}`:                                         `"c"`,
		`{"op":"remove","path":"emails","value":[{"value":"ADA@example.com"}]}`:                                  `"emails":[{"value":"ada@home`,
		`{"op":"add","path":"emails","value":[{"type":"work","value":null}]}`:                                    `"emails"`,
	} {
		s := freshSite(t, false)
		checkPatch(t, s, `{"Operations":[`+operation+`]}`, false, true)
		if now := s.send("GET", "/Users/{ada}", "").body; !strings.Contains(now, made) {
			t.Errorf("%s made\n%s\nwithout %s", operation, now, made)
		}
	}
}

// The rules of FuzzPatch, over many more operations than its seeds.
func TestGrownPatches(t *testing.T) {
	freshSite := siteMaker(t)
	state := uint64(1)
	for range 1000 {
		data := make([]byte, 40)
		for i := range data {
			state = state*6364136223846793005 + 1442695040888963407
			data[i] = byte(state >> 56)
		}
		g := &patchGrower{data: data, group: state>>40%5 == 0}
		body := g.patch(1 + g.below(3))
		checkPatch(t, freshSite(t, false), body, g.group, g.operations == 1)
		if t.Failed() {
			return
		}
	}
}
