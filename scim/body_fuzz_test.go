package scim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
)

// FuzzBody posts bodies. What is accepted is answered as it is stored, and sent back as it was
// answered it changes nothing.
func FuzzBody(f *testing.F) {
	for _, table := range [][]attack{badJSON, badValues} {
		for _, a := range table {
			if len(a.body) < 2000 {
				f.Add([]byte(a.body), a.target == "/Groups", false)
			}
		}
	}
	for _, body := range fuzzBodies {
		f.Add([]byte(body), false, false)
		f.Add([]byte(body), false, true)
	}
	f.Add([]byte(`{"displayName":"x","members":[{"value":"{ada}","$ref":null},{"value":"{ada}"},"{grace}"],"externalId":"e"}`), true, false)
	freshSite := siteMaker(f)
	f.Fuzz(func(t *testing.T, body []byte, group, strict bool) {
		s := freshSite(t, strict)
		path := "/Users"
		if group {
			path = "/Groups"
		}
		before := s.state()
		a := s.send("POST", path, string(body))
		if a.status != 201 {
			s.kept(a, before)
			return
		}
		s.echoes(path+"/"+a.id(), a)
	})
}

// emptied is a store that is replaced now and then: an endpoint takes longer to make.
type emptied struct{ *scim.MemoryStore }

// siteMaker returns a function that returns populated sites, of which the last is in use.
func siteMaker(t testing.TB) func(t testing.TB, strict bool) *site {
	store := new(emptied)
	kept := func(stores *scim.Stores, c *scim.Config) {
		stores.Users, stores.Groups = store, store
		c.Limits.Rate = -1
	}
	lenient, strict := newSite(t, kept), newSite(t, kept, strictly)
	return func(t testing.TB, isStrict bool) *site {
		store.MemoryStore = new(scim.MemoryStore)
		s := *lenient
		s.TB = t
		s.log.Reset()
		s.populate()
		if isStrict {
			s.handler = strict.handler
			strict.log.Reset()
		}
		return &s
	}
}

// fuzzBodies are accepted, at least where nothing is strict.
var fuzzBodies = []string{
	`{"userName":"a"}`,
	`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a","emails":[{"value":"x","type":"work","primary":true}]}`,
	`{"userName":"é\u0001\u2028\ud83d\ude00","active":"False","displayName":"\"\\/"}`,
	`{"userName":"a","emails":[{"type":"work"},{"value":null,"type":"home"},{"display":"x"},"y",{"value":"z","primary":true},{"value":"z","primary":"True"}]}`,
	`{"userName":"a","emails":{"value":"x"},"roles":["r",{"value":"r","displayName":"R"}],"addresses":[{"country":"DE","primary":true},{}],"photos":[],"ims":null}`,
	`{"userName":"a","name.givenName":"A","name":null,"title":["t"],"id":"i","meta":{"version":"v"},"groups":[],"password":"p","nobody":{"x":[1]}}`,
	`{"USERNAME":"a","urn:ietf:params:scim:schemas:core:2.0:User:title":"t","department":"d","manager":"m"}`,
	`{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:user":{"Manager":[{"value":"m","$ref":"r","displayName":"n"}],"costCenter":""}}`,
	`{"userName":"a","urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User":{"organizationId":7,"userType":"endUser"}}`,
	`{"userName":"a","urn:example:Badge:User":{"number":-9223372036854775808,"level":-0.0,"expires":"2026-01-31T09:30:00.123456789+14:00","key":"AQ==","tags":["b","a","b"],"floors":[1,0,-1],"doors":[{"id":"1","primary":true}]}}`,
	`{"userName":"a","urn:example:Badge:User":{"level":1e21,"expires":"0001-01-01T00:00:00Z","key":"AQ=\n=","tags":[""]}}`,
	`{"userName":"a","urn:example:Badge:User":{"level":5e-324,"expires":"2026-01-31T09:30:00","floors":9007199254740993}}`,
	`{"userName":"a","x509Certificates":[{"value":"AQID"}],"profileUrl":"http://x","locale":"","timezone":null}`,
}

// kept expects a refusal that changed nothing.
func (s *site) kept(a reply, before string) {
	s.Helper()
	if a.status < 400 || a.status >= 500 {
		s.Fatalf("%s: %d %s", a.request, a.status, a.body)
	}
	s.answerIsSound(a)
	if after := s.state(); after != before {
		s.Fatalf("%s: refused with %s; stored before\n%s\nand after\n%s", a.request, a.body, before, after)
	}
}

// echoes expects that a resource reads as a says, and that a PUT of it changes nothing.
func (s *site) echoes(at string, a reply) {
	s.Helper()
	s.answerIsSound(a)
	s.wellFormed(a)
	if got := s.send("GET", at, "").is(200); got.body != a.body || got.header.Get("ETag") != a.header.Get("ETag") {
		s.Fatalf("%s was answered with\n%s and reads\n%s", a.request, a.body, got.body)
	}
	if put := s.send("PUT", at, a.body); put.status != 200 || put.body != a.body {
		s.Fatalf("PUT of\n%s is answered with %d\n%s", a.body, put.status, put.body)
	}
}

// answerIsSound expects JSON as SCIM wants it: no null, nothing empty, no name twice.
func (s *site) answerIsSound(a reply) {
	s.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	d.UseNumber()
	if err := sound(d); err != nil {
		s.Fatalf("%s: %d %s: %v", a.request, a.status, a.body, err)
	}
	if d.More() || a.header.Get("Content-Type") != "application/scim+json" {
		s.Fatalf("%s: %v %s", a.request, a.header, a.body)
	}
}

func sound(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil || token == nil || token == "" {
		return fmt.Errorf("a value is %v: %v", token, err)
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	n := 0
	for ; d.More(); n++ {
		if open == '{' {
			name, err := d.Token()
			if key, ok := name.(string); !ok || seen[strings.ToLower(key)] {
				return fmt.Errorf("the name %v is there twice: %v", name, err)
			} else {
				seen[strings.ToLower(key)] = true
			}
		}
		if err := sound(d); err != nil {
			return err
		}
	}
	if n == 0 {
		return fmt.Errorf("something is empty")
	}
	_, err = d.Token()
	return err
}
