package sqlstore

import (
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// source makes values of fuzzed bytes; when they are used up, zero values.
type source struct{ data []byte }

func (s *source) byte() byte {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return b
}

func (s *source) uint64() uint64 {
	var b [8]byte
	n := copy(b[:], s.data)
	s.data = s.data[n:]
	return binary.LittleEndian.Uint64(b[:])
}

func (s *source) text() string {
	n := min(int(s.byte()%16), len(s.data))
	text := strings.ToValidUTF8(string(s.data[:n]), "?")
	s.data = s.data[n:]
	return text
}

// value makes what an Object may hold.
func (s *source) value(depth int) any {
	kind := s.byte() % 8
	if depth == 0 {
		kind %= 6
	}
	switch kind {
	case 0:
		return s.text()
	case 1:
		return s.byte()%2 == 1
	case 2:
		return int64(s.uint64())
	case 3:
		if f := math.Float64frombits(s.uint64()); f == f {
			return f
		}
		return math.Inf(1) // a NaN is not equal to itself; see TestNaN
	case 4:
		return time.Unix(int64(s.uint64()%315e9)-62e9, int64(s.uint64()%1e9)).UTC()
	case 5:
		return append([]byte{}, s.text()...)
	case 6:
		list := make([]any, s.byte()%4)
		for i := range list {
			list[i] = s.value(depth - 1)
		}
		return list
	}
	return s.object(depth - 1)
}

var awkwardNames = []string{asTime, asBytes, asFloat, asObject, "$ref", "value", "", "ß"}

func (s *source) object(depth int) scim.Object {
	o := scim.Object{}
	for range s.byte() % 4 {
		name := awkwardNames[int(s.byte())%len(awkwardNames)]
		if s.byte()%2 == 1 {
			name = s.text()
		}
		o[name] = s.value(depth)
	}
	return o
}

// fill sets every field of a struct that is not set by hand.
func (s *source) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s.text())
	case reflect.Bool:
		v.SetBool(s.byte()%2 == 1)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			if s.byte()%8 > 0 {
				v.Set(reflect.ValueOf(time.Unix(int64(s.uint64()%2e10), int64(s.uint64()%1e9)).UTC()))
			}
			return
		}
		for i := range v.NumField() {
			s.fill(v.Field(i))
		}
	case reflect.Slice:
		n := int(s.byte() % 3)
		if n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range n {
			s.fill(v.Index(i))
		}
	case reflect.Map:
		if n := s.byte() % 3; n > 0 {
			m := map[string]scim.Object{}
			for range n {
				m["urn:"+s.text()] = s.object(3)
			}
			v.Set(reflect.ValueOf(m))
		}
	default:
		panic(v.Kind())
	}
}

// FuzzDocument has users and groups come back from their documents as they were.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte(strings.Repeat("\x05ada\x00\x01\xff", 200)))
	f.Add([]byte("\x02\x01\x00\x00\x07\x03\x01\x02\x00" + strings.Repeat("\x07\x01", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &source{data}
		var u scim.User
		s.fill(reflect.ValueOf(&u).Elem())
		text, err := encodeUser(&u)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeUser(text, u.Version)
		if err != nil || !reflect.DeepEqual(got, u) {
			t.Fatalf("%v\ngot  %+v\nwant %+v\n%s", err, got, u, text)
		}
		var g scim.Group
		s.fill(reflect.ValueOf(&g).Elem())
		if text, err = encodeGroup(&g); err != nil {
			t.Fatal(err)
		}
		group, err := decodeGroup(text, g.Version)
		if err != nil || !reflect.DeepEqual(group, g) {
			t.Fatalf("%v\ngot  %+v\nwant %+v\n%s", err, group, g, text)
		}
	})
}

func TestNaN(t *testing.T) {
	u := scim.User{Extensions: map[string]scim.Object{"urn:x": {"f": math.NaN(), "minus": math.Copysign(0, -1)}}}
	text, err := encodeUser(&u)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeUser(text, "")
	if err != nil {
		t.Fatal(err)
	}
	f, _ := got.Extensions["urn:x"]["f"].(float64)
	minus, _ := got.Extensions["urn:x"]["minus"].(float64)
	if !math.IsNaN(f) || !math.Signbit(minus) {
		t.Errorf("got %v and %v from %s", f, minus, text)
	}
}

// TestDocumentForm pins what is on disk: it is read by the releases to come.
func TestDocumentForm(t *testing.T) {
	when := time.Date(2026, 1, 15, 10, 0, 0, 123e6, time.UTC)
	u := scim.User{
		Meta:     scim.Meta{ID: "1", Version: "v", ManagedBy: "entra", ExternalID: "x", Created: when, LastModified: when},
		UserName: "ada", Active: true, Emails: []scim.MultiValue{{Value: "a@example.com", Type: "work", Primary: true}},
		Extensions: map[string]scim.Object{"urn:x": {"i": int64(1), "f": 1.0, "at": when, "b": []byte("hi"), "o": scim.Object{"$time": "no"}, "l": []any{true, "s"}}},
	}
	const want = `{"id":"1","managedBy":"entra","externalId":"x","created":"2026-01-15T10:00:00.123Z","lastModified":"2026-01-15T10:00:00.123Z",` +
		`"userName":"ada","active":true,"emails":[{"value":"a@example.com","type":"work","primary":true}],` +
		`"extensions":{"urn:x":{"at":{"$time":"2026-01-15T10:00:00.123Z"},"b":{"$bytes":"aGk="},"f":1.0,"i":1,"l":[true,"s"],"o":{"$object":{"$time":"no"}}}}}`
	if text, err := encodeUser(&u); err != nil || string(text) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, text, want)
	}
	for what, v := range map[string]any{"an int": 1, "a time beyond RFC 3339": time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), "nil": nil} {
		if _, err := encodeUser(&scim.User{Extensions: map[string]scim.Object{"urn:x": {"n": v}}}); err == nil || !strings.Contains(err.Error(), `"n"`) {
			t.Errorf("%s: got %v, want an error that names the attribute", what, err)
		}
	}
	for _, text := range []string{"", "{", `{"active":1}`, `{"extensions":{"urn:x":{"n":null}}}`, `{"extensions":{"urn:x":{"n":{"$time":1}}}}`, `{"extensions":{"urn:x":{"n":99999999999999999999}}}`} {
		if _, err := decodeUser([]byte(text), ""); err == nil {
			t.Errorf("%s: read", text)
		}
	}
}
