package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elimity-com/scim/schema"

	"github.com/seed-30109bde/gatehouse/filter"
)

// A device is a resource type the package does not have, with an attribute of every kind and
// characteristic. It is served by the same engine, which is how we know that the engine has no
// attribute's name in it.

const (
	deviceURN = "urn:example:schemas:core:2.0:Device"
	labURN    = "urn:example:schemas:extension:lab:2.0:Device"
)

const deviceSchema = `{"id":"` + deviceURN + `","name":"Device","description":"Something in a rack","attributes":[
	{"name":"tag","type":"string","required":true,"uniqueness":"server"},
	{"name":"serial","type":"string","caseExact":true,"mutability":"immutable"},
	{"name":"online","type":"boolean"},
	{"name":"ports","type":"integer"},
	{"name":"weight","type":"decimal"},
	{"name":"bought","type":"dateTime"},
	{"name":"key","type":"binary"},
	{"name":"manual","type":"reference","referenceTypes":["external"]},
	{"name":"asset","type":"string","mutability":"readOnly"},
	{"name":"pin","type":"string","mutability":"writeOnly"},
	{"name":"hash","type":"string","returned":"never"},
	{"name":"model","type":"string","returned":"always"},
	{"name":"notes","type":"string","returned":"request"},
	{"name":"aliases","type":"string","multiValued":true},
	{"name":"vlans","type":"integer","multiValued":true,"mutability":"immutable"},
	{"name":"size","type":"complex","subAttributes":[
		{"name":"height","type":"integer"},
		{"name":"unit","type":"string","mutability":"immutable"},
		{"name":"checked","type":"string","mutability":"readOnly"},
		{"name":"labels","type":"string","multiValued":true}]},
	{"name":"origin","type":"complex","mutability":"immutable","subAttributes":[
		{"name":"country","type":"string"},
		{"name":"batch","type":"integer"}]},
	{"name":"owner","type":"complex","subAttributes":[
		{"name":"value","type":"string","caseExact":true},
		{"name":"$ref","type":"reference","referenceTypes":["User"]}]},
	{"name":"disks","type":"complex","multiValued":true,"subAttributes":[
		{"name":"value","type":"string","required":true},
		{"name":"type","type":"string"},
		{"name":"slot","type":"integer"},
		{"name":"load","type":"decimal"},
		{"name":"mounted","type":"dateTime"},
		{"name":"uuid","type":"binary"},
		{"name":"primary","type":"boolean"}]}]}`

const labSchema = `{"id":"` + labURN + `","name":"Lab","attributes":[
	{"name":"room","type":"string","required":true},
	{"name":"shelves","type":"integer","multiValued":true},
	{"name":"rack","type":"complex","subAttributes":[{"name":"row","type":"integer"},{"name":"aisle","type":"string"}]}]}`

// device keeps its attributes in maps, the core ones under the URN "".
type device struct {
	Meta
	attrs map[string]Object
}

var deviceFields = metaFields("Device", func(d *device) *Meta { return &d.Meta })

// field returns where a common attribute is, nil for the others.
func (d *device) field(r filter.Ref) *field[device] {
	i := slices.IndexFunc(deviceFields, func(f field[device]) bool { return f.path == r.String() })
	if i < 0 {
		return nil
	}
	return &deviceFields[i]
}

func (d *device) Len(r filter.Ref) int {
	switch f := d.field(r); {
	case f == nil:
		return objectLen(d.attrs, r)
	case r.Kind() == filter.Complex || d.Value(r, 0).Present():
		return 1
	}
	return 0
}

func (d *device) Value(r filter.Ref, i int) filter.Value {
	f := d.field(r)
	switch {
	case f == nil:
		return objectValue(d.attrs, r, i)
	case f.text != nil:
		return filter.TextValue(*f.text(d, i))
	case f.when != nil:
		return filter.TimeValue(*f.when(d))
	case f.made != nil:
		return f.made(d)
	}
	return filter.Value{}
}

func (d *device) set(r filter.Ref, i int, v filter.Value) {
	if f := d.field(r); f != nil {
		*f.text(d, i) = v.Text
		return
	}
	setObject(&d.attrs, r, i, v)
}

func (d *device) meta() *Meta             { return &d.Meta }
func (d *device) grow(r filter.Ref)       { growObject(&d.attrs, r) }
func (d *device) cut(r filter.Ref, i int) { cutObject(d.attrs, r, i) }

func (d *device) clone() *device { return &device{d.Meta, cloneObjects(d.attrs)} }

var _ resource = (*device)(nil)

// devices is a store of devices. Their tags are unique in the tenant.
type devices struct {
	mu       sync.Mutex
	versions int
	m        map[TenantID]map[string]*device
}

func (s *devices) put(t TenantID, d *device) (resource, error) {
	for _, o := range s.m[t] {
		tag, mine := o.attrs[""]["tag"].(string), d.attrs[""]["tag"].(string)
		if o.ID != d.ID && strings.EqualFold(tag, mine) {
			return nil, &ConflictError{"tag"}
		}
	}
	s.versions++
	d = d.clone()
	d.Version = fmt.Sprint("d", s.versions)
	if s.m[t] == nil {
		s.m[t] = map[string]*device{}
	}
	s.m[t][d.ID] = d
	return d.clone(), nil
}

func (s *devices) create(_ context.Context, _ Stores, t TenantID, r resource, _ MemberChange) (resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := r.(*device)
	put(d.makeCore(), "asset", filter.TextValue("A-"+d.ID[:8])) // the host's own, as readOnly attributes are
	return s.put(t, d)
}

func (d *device) makeCore() Object { return d.attrs[""] }

func (s *devices) get(_ context.Context, _ Stores, t TenantID, id string) (resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.m[t][id]; d != nil {
		return d.clone(), nil
	}
	return nil, ErrNotFound
}

func (s *devices) list(_ context.Context, _ Stores, t TenantID, q Query) (Page[resource], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []resource
	for _, d := range s.m[t] {
		if q.Scope.Sees(d.ManagedBy) && q.Filter.Match(d) {
			found = append(found, d.clone())
		}
	}
	return paged(found, q)
}

func (s *devices) update(_ context.Context, _ Stores, t TenantID, r resource, _ MemberChange) (resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := r.(*device)
	switch old := s.m[t][d.ID]; {
	case old == nil:
		return nil, ErrNotFound
	case d.Version != "" && d.Version != old.Version:
		return nil, ErrStale
	}
	return s.put(t, d)
}

func (s *devices) remove(_ context.Context, _ Stores, t TenantID, id, version string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch old := s.m[t][id]; {
	case old == nil:
		return ErrNotFound
	case version != "" && version != old.Version:
		return ErrStale
	}
	delete(s.m[t], id)
	return nil
}

func (s *devices) copy(r resource) resource { return r.(*device).clone() }

func (s *devices) change(by Principal, _, _ resource, _ MemberChange) Change { return Change{By: by} }

var _ collection = (*devices)(nil)

// newDevices is newRig with devices.
func newDevices(t testing.TB, options ...func(*Stores, *Config)) *rig {
	t.Helper()
	r := newRig(t, options...)
	parse := func(text string) (s schema.Schema) {
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	rt, err := newType(typeDef{
		name: "Device", endpoint: "/Devices", description: "A device.",
		core: parse(deviceSchema), extensions: []schema.Schema{parse(labSchema)},
		derived: []string{"schemas", "meta.location"},
		new:     func() resource { return &device{attrs: map[string]Object{"": {}}} },
	})
	if err != nil {
		t.Fatal(err)
	}
	rt.stores = &devices{m: map[TenantID]map[string]*device{}}
	r.h.types = append(r.h.types, rt)
	if r.h.discovery, err = newDiscovery(r.h); err != nil {
		t.Fatal(err)
	}
	return r
}

const router = `{"schemas":["` + deviceURN + `","` + labURN + `"],"externalId":"x1","tag":"Router","serial":"aB","online":false,
	"ports":9007199254740993,"weight":2.5,"bought":"2026-01-31T10:30:00.05+01:00","key":"AAEC","manual":"https://example.com/Manual",
	"asset":"mine","pin":"1234","hash":"h","model":"R1","notes":"dusty","aliases":["gw","edge"],"vlans":[1,2],
	"size":{"height":2,"unit":"U","checked":"no","labels":["front","rear"]},"origin":{"country":"DE","batch":7},"owner":{"value":"u1","$ref":"../Users/u1"},
	"disks":[{"value":"sda","type":"ssd","slot":0,"load":0.5,"mounted":"2026-01-01T00:00:00Z","uuid":"AQ==","primary":true},{"value":"sdb","type":"hdd","slot":1}],
	"` + labURN + `":{"room":"7","shelves":[1,3],"rack":{"row":4,"aisle":"B"}}}`

func TestThingRoundTrip(t *testing.T) {
	r := newDevices(t)
	a := r.do("POST", "/Devices", router).want(201)
	want := `{"schemas":["` + deviceURN + `","` + labURN + `"],"id":"` + a.id() + `","externalId":"x1",
		"meta":{"resourceType":"Device","created":"2026-01-15T10:00:01Z","lastModified":"2026-01-15T10:00:01Z","location":"` + rigBase + `/Devices/` + a.id() + `","version":"W/\"d1\""},
		"tag":"Router","serial":"aB","online":false,"ports":9007199254740993,"weight":2.5,"bought":"2026-01-31T09:30:00.05Z","key":"AAEC",
		"manual":"https://example.com/Manual","asset":"A-` + a.id()[:8] + `","model":"R1","aliases":["gw","edge"],"vlans":[1,2],
		"size":{"height":2,"unit":"U","labels":["front","rear"]},"origin":{"country":"DE","batch":7},"owner":{"value":"u1","$ref":"../Users/u1"},
		"disks":[{"value":"sda","type":"ssd","slot":0,"load":0.5,"mounted":"2026-01-01T00:00:00Z","uuid":"AQ==","primary":true},{"value":"sdb","type":"hdd","slot":1}],
		"` + labURN + `":{"room":"7","shelves":[1,3],"rack":{"row":4,"aisle":"B"}}}`
	a.is(want)
	r.do("GET", "/Devices/"+a.id(), "").want(200).is(want)
	r.do("GET", "/Devices", "").want(200).is(want, "Resources", 0)
	if !strings.Contains(a.text, "9007199254740993") {
		t.Error("the integer was rounded")
	}
	// What comes back can be sent back, and nothing changes: what is never returned stays.
	b := r.do("PUT", "/Devices/"+a.id(), a.text).want(200)
	if b.modified() == a.modified() || b.version() == a.version() {
		t.Errorf("notes are readWrite and were not sent: version %s", b.version())
	}
	c := r.do("PUT", "/Devices/"+a.id(), b.text).want(200).is(b.text)
	if c.version() != b.version() {
		t.Errorf("an echo changed the version from %s to %s", b.version(), c.version())
	}
	for _, f := range []string{`pin eq "1234"`, `hash eq "h"`} {
		same(t, f, r.do("GET", "/Devices?filter="+escaped(f), "").found("tag"), []string{"Router"})
	}
	r.do("POST", "/Devices", `{"tag":"rOUTER"}`).refused(409, "uniqueness", `tag "rOUTER" exists already`)
	r.as("okta", "POST", "/Devices", `{"tag":"Router"}`).refused(409, "uniqueness", "in use outside this provider")
	r.do("DELETE", "/Devices/"+a.id(), "", "If-Match", `W/"x"`).want(412)
	r.do("DELETE", "/Devices/"+a.id(), "", "If-Match", c.version()).want(204)
	r.do("DELETE", "/Devices/"+a.id(), "").want(404)
}

// escaped is a filter as a URL has it.
func escaped(filter string) string {
	return strings.NewReplacer(" ", "%20", `"`, "%22", "+", "%2B", "[", "%5B", "]", "%5D").Replace(filter)
}

func TestThingFilters(t *testing.T) {
	r := newDevices(t)
	r.do("POST", "/Devices", router).want(201)
	r.do("POST", "/Devices", `{"tag":"Switch","online":true,"ports":48,"weight":-1,"bought":"2025-06-01T00:00:00Z","key":"AAED","aliases":["sw"],"disks":[{"value":"SDA","slot":1}]}`).want(201)
	both, one, other, none := []string{"Router", "Switch"}, []string{"Router"}, []string{"Switch"}, []string{}
	for _, c := range []struct {
		filter string
		want   []string
	}{
		{`tag eq "ROUTER"`, one}, {`TAG sw "s"`, other}, {`tag ew "R"`, one}, {`tag gt "router"`, other},
		{`serial eq "aB"`, one}, {`serial eq "ab"`, none}, {`serial ne "ab"`, both}, {`serial pr`, one}, {`serial eq null`, other},
		{`online eq true`, other}, {`online ne true`, one}, {`online pr`, both},
		{`ports eq 9007199254740993`, one}, {`ports eq 9007199254740992`, none}, {`ports le 48`, other},
		{`weight lt 0`, other}, {`weight ge 2.5`, one},
		{`bought gt "2026-01-31T09:30:00Z"`, one}, {`bought eq "2025-06-01T02:00:00+02:00"`, other},
		{`key eq "AAEC"`, one}, {`key eq "aaec"`, none},
		{`manual co "/Manual"`, one}, {`manual co "/manual"`, none},
		{`aliases eq "GW"`, one}, {`aliases sw "e" or aliases eq "sw"`, both}, {`aliases[value eq "edge"]`, one},
		{`vlans gt 1`, one}, {`size.height eq 2`, one}, {`size.labels co "REAR"`, one}, {`size[height eq 2 and unit eq "u"]`, one},
		{`origin.batch pr`, one}, {`not (origin pr)`, other}, {`owner eq "u1"`, one}, {`owner.$ref pr`, one},
		{`disks eq "sda"`, both}, {`disks[value eq "sda" and slot eq 0]`, one}, {`disks.slot eq 1`, both}, {`disks[slot eq 1 and type eq "hdd"]`, one},
		{`disks[load gt 0.4 and mounted lt "2026-01-02T00:00:00Z" and uuid eq "AQ=="]`, one}, {`disks[primary eq true]`, one}, {`disks[not (type pr)]`, other},
		{labURN + `:room eq "7"`, one}, {labURN + `:rack.row lt 5 and tag eq "router"`, one}, {labURN + `:shelves eq 3`, one},
		{deviceURN + `:tag eq "switch"`, other}, {`meta.resourceType eq "Device"`, both}, {`meta.created gt "2026-01-15T10:00:01Z"`, other},
		{`externalId eq "x1"`, one}, {`externalId eq "X1"`, none}, {`asset sw "a-"`, both},
	} {
		got := r.do("GET", "/Devices?filter="+escaped(c.filter), "").found("tag")
		slices.Sort(got)
		same(t, c.filter, got, c.want)
	}
	for _, f := range []string{`online gt true`, `ports co "4"`, `weight eq "2.5"`, `bought eq "yesterday"`, `key gt "AAEC"`, `nothing pr`, `userName pr`, `size.depth pr`} {
		r.do("GET", "/Devices?filter="+escaped(f), "").refused(400, "invalidFilter")
	}
}

func TestThingBodies(t *testing.T) {
	r := newDevices(t)
	for _, c := range []struct{ body, scimType, says string }{
		{`{}`, "invalidValue", "tag is required"},
		{`{"tag":""}`, "invalidValue", "tag is required"},
		{`{"tag":7}`, "invalidValue", "tag: 7 received, a string is expected"},
		{`{"tag":"t","online":"yes"}`, "invalidValue", "online: \"yes\" received, true or false"},
		{`{"tag":"t","ports":1.5}`, "invalidValue", "ports: 1.5 received, a whole number"},
		{`{"tag":"t","ports":9223372036854775808}`, "invalidValue", "ports"},
		{`{"tag":"t","ports":"7"}`, "invalidValue", "ports"},
		{`{"tag":"t","weight":"heavy"}`, "invalidValue", "weight: \"heavy\" received, a number"},
		{`{"tag":"t","weight":1e999}`, "invalidValue", "weight"},
		{`{"tag":"t","bought":"2026-01-31"}`, "invalidValue", "bought"},
		{`{"tag":"t","bought":"2026-02-30T00:00:00Z"}`, "invalidValue", "bought"},
		{`{"tag":"t","key":"A"}`, "invalidValue", "key: \"A\" received, base64 text"},
		{`{"tag":"t","key":"_-__"}`, "invalidValue", "key"},
		{`{"tag":"t","manual":{}}`, "invalidValue", "manual"},
		{`{"tag":"t","size":7}`, "invalidValue", "size: 7 received, an object"},
		{`{"tag":"t","size":{"height":"2"}}`, "invalidValue", "size.height"},
		{`{"tag":"t","disks":[{"value":"sda","slot":"a"}]}`, "invalidValue", "disks.slot"},
		{`{"tag":"t","disks":[{"slot":1}]}`, "invalidValue", ""},
		{`{"tag":"t","aliases":[["a"]]}`, "invalidValue", "aliases"},
		{`{"tag":"t","aliases":["a","b"],"` + deviceURN + `:aliases":["c"]}`, "invalidSyntax", "given twice"},
		{`{"tag":"t","size.height":1,"size":{"unit":"U"}}`, "invalidSyntax", "given twice"},
		{`{"tag":"t","` + labURN + `":{"shelves":[1]}}`, "invalidValue", "room is required"},
		{`{"tag":"t","` + labURN + `":[1]}`, "invalidValue", "an object is expected"},
		{`{"tag":"t","` + labURN + `":"a"}`, "invalidValue", "an object is expected"},
	} {
		r.do("POST", "/Devices", c.body).refused(400, c.scimType, c.says)
	}
	for body, want := range map[string]string{
		`{"TAG":"t","Online":"True","aliases":"one"}`:                               `{"tag":"t","online":true,"aliases":["one"]}`,
		`{"tag":["t"],"size.height":2,"size.labels":["a"],"unknown":1}`:             `{"tag":"t","size":{"height":2,"labels":["a"]}}`,
		`{"tag":"t","owner":"u1","disks":{"value":"sda"}}`:                          `{"tag":"t","owner":{"value":"u1"},"disks":[{"value":"sda"}]}`,
		`{"tag":"t","ports":null,"aliases":[],"size":{},"manual":"","disks":[]}`:    `{"tag":"t"}`,
		`{"tag":"t","` + labURN + `:room":"7","` + labURN + `":{"rack":{"row":1}}}`: `{"tag":"t","` + labURN + `":{"room":"7","rack":{"row":1}}}`,
		`{"tag":"t","bought":"2026-01-31T09:30:00","disks":[{"value":"a","primary":true},{"value":"b","primary":true}]}`: `{"tag":"t","bought":"2026-01-31T09:30:00Z",
			"disks":[{"value":"a","primary":true},{"value":"b","primary":false}]}`,
	} {
		a := r.do("POST", "/Devices", body).want(201)
		r.do("DELETE", "/Devices/"+a.id(), "").want(204)
		a.deviceIs(want)
	}
}

// deviceIs compares a device without what every device has.
func (a answer) deviceIs(want string) {
	a.t.Helper()
	for _, n := range []string{"schemas", "id", "meta", "asset"} {
		delete(a.body, n)
	}
	a.is(want)
}

func TestThingPut(t *testing.T) {
	r := newDevices(t)
	id := r.do("POST", "/Devices", router).want(201).id()
	path := "/Devices/" + id

	// Absent means unassigned, but for what the client cannot send again or not change.
	a := r.do("PUT", path, `{"tag":"Router 2"}`).want(200)
	a.deviceIs(`{"tag":"Router 2","serial":"aB","vlans":[1,2],"size":{"unit":"U"},"origin":{"country":"DE","batch":7}}`)
	same(t, "what is never returned", r.do("GET", "/Devices?filter="+escaped(`pin eq "1234" and hash eq "h"`), "").found("tag"), []string{"Router 2"})

	for _, c := range []string{
		`{"tag":"t","serial":"ab"}`, `{"tag":"t","serial":null}`, `{"tag":"t","vlans":[1]}`, `{"tag":"t","vlans":[1,2,3]}`,
		`{"tag":"t","origin":{"country":"FR","batch":7}}`, `{"tag":"t","origin":{"country":"DE"}}`, `{"tag":"t","size":{"unit":"cm"}}`,
	} {
		r.do("PUT", path, c).refused(400, "mutability", "is immutable and has a value")
	}
	r.do("PUT", path, `{"tag":"Router 2","asset":"mine","serial":"aB","vlans":[1,2],"origin":{"batch":7,"country":"DE"},"size":{"unit":"U","height":3}}`).want(200).
		is(`{"height":3,"unit":"U"}`, "size")
	r.do("GET", path, "").is(`"A-`+id[:8]+`"`, "asset")
}

func TestThingPatch(t *testing.T) {
	const op = `{"op":%q,"path":%q,"value":%s}`
	add := func(path, value string) string { return fmt.Sprintf(op, "add", path, value) }
	set := func(path, value string) string { return fmt.Sprintf(op, "replace", path, value) }
	del := func(path string) string { return fmt.Sprintf(`{"op":"remove","path":%q}`, path) }
	disk := `{"value":"sda","type":"ssd","slot":0,"load":0.5,"mounted":"2026-01-01T00:00:00Z","uuid":"AQ==","primary":true}`
	hdd := `{"value":"sdb","type":"hdd","slot":1}`
	for _, c := range []struct {
		name, ops, at, want string // want: what is at the place, or an error behind "!"
	}{
		// simple
		{"replace a string", set("TAG", `"R2"`), "tag", `"R2"`},
		{"replace behind the URN", set(deviceURN+":tag", `"R2"`), "tag", `"R2"`},
		{"a boolean as text", set("online", `"TRUE"`), "online", `true`},
		{"an integer", add("ports", `8`), "ports", `8`},
		{"a decimal", set("weight", `-0.25`), "weight", `-0.25`},
		{"a time", set("bought", `"2026-01-31T09:30:00+09:30"`), "bought", `"2026-01-31T00:00:00Z"`},
		{"binary", set("key", `"/+8="`), "key", `"/+8="`},
		{"a reference", set("manual", `"https://example.com/2"`), "manual", `"https://example.com/2"`},
		{"one-element array", set("weight", `[3]`), "weight", `3`},
		{"remove", del("ports"), "ports", ``},
		{"null unassigns", set("ports", `null`), "ports", ``},
		{"empty unassigns", set("manual", `""`), "manual", ``},
		{"no path", `{"op":"replace","value":{"ports":9,"size.height":4,"` + labURN + `:room":"8","unknown":1}}`, "ports", `9`},
		{"no path, dotted", `{"op":"add","value":{"size.height":4}}`, "size", `{"height":4,"unit":"U","labels":["front","rear"]}`},
		{"wrong type", set("ports", `"8"`), "", `!invalidValue ports: "8" received, a whole number`},
		{"wrong path", set("port", `8`), "", `!invalidPath port`},
		{"required", del("tag"), "", `!invalidValue tag is required and would be missing`},
		{"required, empty", set("tag", `""`), "", `!invalidValue tag is required`},
		// characteristics
		{"readOnly", set("asset", `"mine"`), "", `!mutability asset is read-only`},
		{"readOnly, removed", del("asset"), "", `!mutability asset is read-only`},
		{"readOnly part", set("size.checked", `"yes"`), "", `!mutability size.checked is read-only`},
		{"readOnly part in an object", set("size", `{"checked":"yes","height":3}`), "size", `{"height":3,"unit":"U","labels":["front","rear"]}`},
		{"immutable", set("serial", `"ab"`), "", `!mutability serial is immutable`},
		{"immutable, removed", del("serial"), "", `!mutability serial is immutable`},
		{"immutable, equal", set("serial", `"aB"`), "serial", `"aB"`},
		{"immutable part", set("size.unit", `"cm"`), "", `!mutability size.unit is immutable`},
		{"immutable part in an object", set("size", `{"unit":"cm"}`), "", `!mutability size.unit is immutable`},
		{"immutable part of a whole that goes", del("size"), "", `!mutability size`},
		{"immutable list", add("vlans", `[3]`), "", `!mutability vlans is immutable`},
		{"immutable list, equal", set("vlans", `[1,2]`), "vlans", `[1,2]`},
		{"immutable list, added again", add("vlans", `[2]`), "vlans", `[1,2]`},
		{"immutable list, one removed", del("vlans[value eq 2]"), "", `!mutability vlans is immutable`},
		{"immutable list, removed", del("vlans"), "", `!mutability vlans is immutable`},
		{"immutable list, listed values removed", fmt.Sprintf(op, "remove", "vlans", `[1]`), "", `!mutability vlans is immutable`},
		{"immutable complex", set("origin.batch", `8`), "", `!mutability origin is immutable`},
		{"immutable complex, removed", del("origin"), "", `!mutability origin is immutable`},
		{"immutable complex, equal", set("origin", `{"batch":7}`), "origin", `{"country":"DE","batch":7}`},
		{"writeOnly", set("pin", `"9"`), "pin", ``},
		// singular complex
		{"merge", set("size", `{"height":3}`), "size", `{"height":3,"unit":"U","labels":["front","rear"]}`},
		{"a part", set("size.height", `3`), "size", `{"height":3,"unit":"U","labels":["front","rear"]}`},
		{"a multi-valued part", add("size.labels", `["top"]`), "size", `{"height":2,"unit":"U","labels":["front","rear","top"]}`},
		{"a multi-valued part, replaced", set("size.labels", `"top"`), "size", `{"height":2,"unit":"U","labels":["top"]}`},
		{"a multi-valued part, removed", del("size.labels"), "size", `{"height":2,"unit":"U"}`},
		{"remove a part", del("size.height"), "size", `{"unit":"U","labels":["front","rear"]}`},
		{"null for a part", set("size", `{"height":null}`), "size", `{"unit":"U","labels":["front","rear"]}`},
		{"a filter that holds", set("size[unit eq \"U\"].height", `5`), "size", `{"height":5,"unit":"U","labels":["front","rear"]}`},
		{"a filter that does not", set("size[unit eq \"cm\"].height", `5`), "", `!noTarget size`},
		{"text for the value", set("owner", `"u2"`), "owner", `{"value":"u2"}`},
		{"a value loses its link", set("owner.value", `"u2"`), "owner", `{"value":"u2"}`},
		{"no value, no owner", set("owner", `{"value":""}`), "owner", ``},
		{"remove", del("owner"), "owner", ``},
		// multi-valued simple
		{"add to a list", add("aliases", `["new","GW"]`), "aliases", `["gw","edge","new"]`},
		{"add one", add("aliases", `"new"`), "aliases", `["gw","edge","new"]`},
		{"replace a list", set("aliases", `["x","y"]`), "aliases", `["x","y"]`},
		{"empty a list", set("aliases", `[]`), "aliases", ``},
		{"remove a list", del("aliases"), "aliases", ``},
		{"remove listed values", fmt.Sprintf(op, "remove", "aliases", `["EDGE"]`), "aliases", `["gw"]`},
		{"remove by filter", del(`aliases[value eq "gw"]`), "aliases", `["edge"]`},
		{"replace by filter", set(`aliases[value sw "g"]`, `"x"`), "aliases", `["x","edge"]`},
		// multi-valued complex
		{"add an element", add("disks", `[{"value":"sdc","slot":2}]`), "disks", `[` + disk + `,` + hdd + `,{"value":"sdc","slot":2}]`},
		{"add a known one", add("disks", `{"value":"SDB","type":"hdd","load":0.1}`), "disks", `[` + disk + `,{"value":"SDB","type":"hdd","slot":1,"load":0.1}]`},
		{"a new primary", set(`disks[value eq "sdb"].primary`, `true`), "disks",
			`[` + strings.Replace(disk, "true", "false", 1) + `,{"value":"sdb","type":"hdd","slot":1,"primary":true}]`},
		{"replace all", set("disks", `[{"value":"x"}]`), "disks", `[{"value":"x"}]`},
		{"a part by filter", set(`disks[type eq "hdd"].slot`, `9`), "disks", `[` + disk + `,{"value":"sdb","type":"hdd","slot":9}]`},
		{"a part by numbers and times", set(`disks[slot ge 1 or mounted gt "2027-01-01T00:00:00Z"].load`, `1`), "disks",
			`[` + disk + `,{"value":"sdb","type":"hdd","slot":1,"load":1}]`},
		{"a part of all", set("disks.slot", `7`), "disks", `[` + strings.Replace(disk, `"slot":0`, `"slot":7`, 1) + `,{"value":"sdb","type":"hdd","slot":7}]`},
		{"an element by filter", set(`disks[slot eq 1]`, `{"load":0.9}`), "disks", `[` + disk + `,{"value":"sdb","type":"hdd","slot":1,"load":0.9}]`},
		{"built from a filter", add(`disks[type eq "tape" and slot eq 5].value`, `"st0"`), "disks", `[` + disk + `,` + hdd + `,{"value":"st0","type":"tape","slot":5}]`},
		{"built in steps", set(`disks[type eq "tape"].value`, `"st0"`) + "," + set(`disks[type eq "tape"].load`, `0.1`), "disks",
			`[` + disk + `,` + hdd + `,{"value":"st0","type":"tape","load":0.1}]`},
		{"built without what is required", set(`disks[type eq "tape"].load`, `0.1`), "", `!invalidValue disks.value is required`},
		{"nothing to build from", set(`disks[type sw "tape"].value`, `"st0"`), "", `!noTarget disks`},
		{"remove elements", del(`disks[slot eq 1]`), "disks", `[` + disk + `]`},
		{"remove none", del(`disks[slot eq 5]`), "disks", `[` + disk + `,` + hdd + `]`},
		{"remove a part of one", del(`disks[value eq "sdb"].slot`), "disks", `[` + disk + `,{"value":"sdb","type":"hdd"}]`},
		{"remove all", del("disks"), "disks", ``},
		// extension
		{"extension", add(labURN, `{"room":"9"}`), labURN, `{"room":"9","shelves":[1,3],"rack":{"row":4,"aisle":"B"}}`},
		{"extension attribute", set(labURN+":rack.row", `5`), labURN, `{"room":"7","shelves":[1,3],"rack":{"row":5,"aisle":"B"}}`},
		{"extension list", add(labURN+":shelves", `[3,4]`), labURN, `{"room":"7","shelves":[1,3,4],"rack":{"row":4,"aisle":"B"}}`},
		{"extension requires", del(labURN + ":room"), "", `!invalidValue room is required`},
		{"extension, removed", del(labURN), labURN, ``},
		{"unknown extension", set("urn:example:other:2.0:Device:x", `1`), "tag", `"Router"`},
		// all or nothing
		{"all or nothing", set("tag", `"R3"`) + "," + set("ports", `"x"`), "", `!invalidValue Operations[1] replace ports`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newDevices(t)
			before := r.do("POST", "/Devices", router).want(201)
			a := r.do("PATCH", "/Devices/"+before.id(), patchBody(c.ops))
			a.t = t
			if scimType, says, isError := strings.Cut(strings.TrimPrefix(c.want, "!"), " "); isError && c.want[0] == '!' {
				a.refused(400, scimType, says)
				r.do("GET", "/Devices/"+before.id(), "").want(200).is(before.text)
				return
			}
			a.want(200).is(c.want, c.at)
		})
	}
}

func TestThingProjection(t *testing.T) {
	r := newDevices(t)
	id := r.do("POST", "/Devices", router).want(201).id()
	for _, c := range []struct{ query, want string }{
		{"?attributes=tag", `{"tag":"Router","model":"R1"}`},
		{"?attributes=notes,pin,hash", `{"notes":"dusty","model":"R1"}`},
		{"?attributes=" + labURN, `{"model":"R1","` + labURN + `":{"room":"7","shelves":[1,3],"rack":{"row":4,"aisle":"B"}}}`},
		{"?attributes=" + labURN + ":rack.aisle,DISKS.slot", `{"model":"R1","disks":[{"slot":0},{"slot":1}],"` + labURN + `":{"rack":{"aisle":"B"}}}`},
		{"?attributes=size.depth", `{"model":"R1"}`},
		{"?attributes=disks.load", `{"model":"R1","disks":[{"load":0.5}]}`},
		{"?excludedAttributes=model,disks,vlans,size,origin,owner,aliases,key,manual,bought,weight,ports," + labURN, `{"externalId":"x1","tag":"Router","serial":"aB","online":false,"model":"R1"}`},
	} {
		for _, a := range []answer{
			r.do("GET", "/Devices/"+id+c.query, "").want(200),
			r.do("PATCH", "/Devices/"+id+c.query, patchBody("")).want(200),
		} {
			a.deviceIs(c.want)
		}
		list := r.do("GET", "/Devices"+c.query, "").want(200)
		list.body, _ = list.at("Resources", 0).(map[string]any)
		list.deviceIs(c.want)
	}
}

func TestThingBelongsToItsManager(t *testing.T) {
	r := newDevices(t, withPolicy(Policy{Keeps: func(p Principal, ref filter.Ref) bool { return p.Manager != "okta" || ref.Name() != "ports" }}))
	id := r.do("POST", "/Devices", router).want(201).id()
	for _, token := range []string{"okta", "strange"} {
		r.as(token, "GET", "/Devices/"+id, "").want(404)
		r.as(token, "PATCH", "/Devices/"+id, patchBody("")).want(404)
		same(t, token, r.as(token, "GET", "/Devices", "").found("id"), none())
	}
	mine := r.as("okta", "POST", "/Devices", `{"tag":"mine","ports":3,"online":true}`).want(201).is("", "ports").is("true", "online")
	r.as("okta", "PUT", "/Devices/"+mine.id(), `{"tag":"mine","ports":3}`).want(200).is("", "ports").is("", "online")
}

func TestThingIsDiscovered(t *testing.T) {
	r := newDevices(t)
	r.do("GET", "/ResourceTypes/Device", "").want(200).is(`"/Devices"`, "endpoint").is(`"`+deviceURN+`"`, "schema").
		is(`[{"schema":"`+labURN+`","required":false}]`, "schemaExtensions")
	r.do("GET", "/Schemas/"+deviceURN, "").want(200).is(`"Device"`, "name").is(`"tag"`, "attributes", 0, "name")
	r.do("GET", "/Schemas/"+labURN, "").want(200)
	r.do("POST", "/Devices/1", "{}").want(405)
	if got := r.do("PUT", "/Devices", "{}").want(405).header.Get("Allow"); got != "GET, POST" {
		t.Errorf("Allow: %s", got)
	}
}
