package scim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"

	"github.com/seed-30109bde/gatehouse/extension"
)

// Each test in this file is a canary: it pins one behaviour of the schema engine that we rely on,
// or that we supplement, so that an upgrade which changes it is noticed here and not by a
// directory. A canary that dies asks one question: which line of ours can, or must, go with it?

// canarySchema has one attribute for each question.
func canarySchema(t testing.TB) schema.Schema {
	t.Helper()
	var s schema.Schema
	if err := json.Unmarshal([]byte(deviceSchema), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// validated runs the schema's validation over the attributes in text.
func validated(t testing.TB, text string) (map[string]any, *errors.ScimError) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	in := map[string]any{"schemas": []any{deviceURN}}
	if err := d.Decode(&in); err != nil {
		t.Fatal(err)
	}
	return canarySchema(t).Validate(in)
}

// takes and refuses check one attribute beside the required one.
func takes(t testing.TB, name, value, want string) {
	t.Helper()
	clean, err := validated(t, fmt.Sprintf(`{"tag":"t",%q:%s}`, name, value))
	if err != nil {
		t.Fatalf("%s: %s is refused: %v", name, value, err)
	}
	got := "nothing"
	if v, ok := clean[name]; ok {
		got = compactJSON(v)
	}
	if got != want {
		t.Errorf("%s: %s becomes %s, want %s", name, value, got, want)
	}
}

func refuses(t testing.TB, name, value string, want errors.ScimType) {
	t.Helper()
	if clean, err := validated(t, fmt.Sprintf(`{"tag":"t",%q:%s}`, name, value)); err == nil || err.ScimType != want || err.Status != 400 {
		t.Errorf("%s: %s becomes %v, %v; want a 400 of type %s", name, value, clean[name], err, want)
	}
}

// We rely on: values are judged by type, and unknown attributes are left out.
func TestCanaryTypes(t *testing.T) {
	takes(t, "serial", `"aB"`, `"aB"`)
	takes(t, "online", `false`, `false`)
	takes(t, "ports", `9007199254740993`, `9007199254740993`)
	takes(t, "weight", `2.5`, `2.5`)
	takes(t, "size", `{"height":2,"depth":3}`, `{"height":2}`)
	takes(t, "nothing", `1`, `nothing`)
	for name, value := range map[string]string{
		"serial": `1`, "online": `"true"`, "ports": `1.5`, "weight": `"2.5"`, "size": `"2"`, "manual": `1`, "bought": `1`, "key": `1`,
	} {
		refuses(t, name, value, errors.ScimTypeInvalidValue)
	}
}

// We rely on: a json.Number comes out as int64 or float64.
func TestCanaryNumbers(t *testing.T) {
	clean, err := validated(t, `{"tag":"t","ports":7,"weight":7}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := clean["ports"].(int64); !ok {
		t.Errorf("an integer is %T", clean["ports"])
	}
	if _, ok := clean["weight"].(float64); !ok {
		t.Errorf("a decimal is %T", clean["weight"])
	}
	if v, err := canarySchema(t).Attributes[3].ValidateSingular(json.Number("7")); err != nil || v != int64(7) {
		t.Errorf("ValidateSingular of an integer: %T %v, %v", v, v, err)
	}
}

// We rely on: names are folded to those of the schema, and readOnly attributes are dropped.
func TestCanaryNames(t *testing.T) {
	clean, err := validated(t, `{"TAG":"t","SIZE":{"HEIGHT":2,"CHECKED":"no"},"asset":"mine"}`)
	if err != nil {
		t.Fatal(err)
	}
	delete(clean, "schemas")
	if got := compactJSON(clean); got != `{"size":{"height":2},"tag":"t"}` {
		t.Errorf("cleaned to %s", got)
	}
	if _, err := validated(t, `{"tag":"t","TAG":"t"}`); err == nil || err.ScimType != errors.ScimTypeInvalidSyntax {
		t.Errorf("one attribute twice: %v", err)
	}
}

// We supplement: errors name no attribute and no value, so ours are found before.
func TestCanaryBareErrors(t *testing.T) {
	_, err := validated(t, `{"tag":"t","ports":"seven"}`)
	if err == nil || *err != errors.ScimErrorInvalidValue || strings.Contains(err.Detail, "ports") || strings.Contains(err.Detail, "seven") {
		t.Errorf("%v", err)
	}
	newDevices(t).do("POST", "/Devices", `{"tag":"t","ports":"seven"}`).refused(400, "invalidValue", `ports: "seven" received`)
}

// We supplement: "schemas" is compared exactly, so what clients write there is not handed on.
func TestCanarySchemas(t *testing.T) {
	s := canarySchema(t)
	for list, ok := range map[string]bool{
		deviceURN: true, strings.ToUpper(deviceURN): false, deviceURN + "x": false,
	} {
		if _, err := s.Validate(map[string]any{"schemas": []any{list}, "tag": "t"}); (err == nil) != ok {
			t.Errorf("schemas %s: %v", list, err)
		}
	}
	if _, err := s.Validate(map[string]any{"tag": "t"}); err == nil || err.ScimType != errors.ScimTypeInvalidSyntax {
		t.Errorf("without schemas: %v", err)
	}
	if _, err := s.ValidateExtension(map[string]any{"tag": "t"}); err != nil {
		t.Errorf("ValidateExtension asks for schemas: %v", err)
	}
	newDevices(t).do("POST", "/Devices", `{"schemas":["`+strings.ToUpper(deviceURN)+`"],"tag":"t"}`).want(201)
}

// We supplement: an object where a list is due passes, as an object.
func TestCanaryObjectForList(t *testing.T) {
	takes(t, "disks", `{"value":"sda"}`, `{"value":"sda"}`)
	refuses(t, "aliases", `"one"`, errors.ScimTypeInvalidSyntax)
	newDevices(t).do("POST", "/Devices", `{"tag":"t","disks":{"value":"sda"},"aliases":"one"}`).want(201).
		is(`[{"value":"sda"}]`, "disks").is(`["one"]`, "aliases")
}

// We supplement: a required string may be empty; two values may be primary.
func TestCanaryEmptyAndPrimary(t *testing.T) {
	if _, err := validated(t, `{"tag":""}`); err != nil {
		t.Errorf("an empty required string: %v", err)
	}
	if _, err := validated(t, `{}`); err == nil || err.ScimType != errors.ScimTypeInvalidValue {
		t.Errorf("an absent required string: %v", err)
	}
	takes(t, "disks", `[{"value":"a","primary":true},{"value":"b","primary":true}]`, `[{"primary":true,"value":"a"},{"primary":true,"value":"b"}]`)
	r := newDevices(t)
	r.do("POST", "/Devices", `{"tag":""}`).refused(400, "invalidValue", "tag is required")
	r.do("POST", "/Devices", `{"tag":"t","disks":[{"value":"a","primary":true},{"value":"b","primary":true}]}`).want(201).is("false", "disks", 1, "primary")
}

// We supplement: a dateTime is an xsd:dateTime there and RFC 3339 here. Its text is returned as it
// was, so the reading of a fraction (.050) is ours.
func TestCanaryDateTime(t *testing.T) {
	takes(t, "bought", `"2026-01-31T09:30:00.050Z"`, `"2026-01-31T09:30:00.050Z"`)
	takes(t, "bought", `"2026-01-31T09:30:00"`, `"2026-01-31T09:30:00"`)
	takes(t, "bought", `"-2026-01-31T09:30:00Z"`, `"-2026-01-31T09:30:00Z"`)
	refuses(t, "bought", `"2026-01-31"`, errors.ScimTypeInvalidValue)
	r := newDevices(t)
	r.do("POST", "/Devices", `{"tag":"t","bought":"-2026-01-31T09:30:00Z"}`).refused(400, "invalidValue", "bought")
	r.do("POST", "/Devices", `{"tag":"t","bought":"2026-01-31T09:30:00.050Z"}`).want(201).is(`"2026-01-31T09:30:00.05Z"`, "bought")
	// What we write is read there: nine digits, an offset of zero.
	takes(t, "bought", `"2026-01-31T09:30:00.123456789Z"`, `"2026-01-31T09:30:00.123456789Z"`)
}

// We rely on: binary is the alphabet of RFC 4648 §4 with padding. We supplement: bits beyond the
// last byte pass there.
func TestCanaryBinary(t *testing.T) {
	takes(t, "key", `"AAEC"`, `"AAEC"`)
	takes(t, "key", `"AQ=="`, `"AQ=="`)
	takes(t, "key", `""`, `""`)
	takes(t, "key", `"AR=="`, `"AR=="`)
	for _, v := range []string{`"A"`, `"AQ"`, `"_-__"`, `"AAEC\n"`} {
		refuses(t, "key", v, errors.ScimTypeInvalidValue)
	}
	newDevices(t).do("POST", "/Devices", `{"tag":"t","key":"AR=="}`).refused(400, "invalidValue", "key")
}

// We supplement: immutable and writeOnly are stated by the schema and enforced here.
func TestCanaryMutability(t *testing.T) {
	takes(t, "serial", `"x"`, `"x"`)
	takes(t, "pin", `"1"`, `"1"`)
	s := canarySchema(t)
	for name, want := range map[string]string{"tag": "readWrite", "serial": "immutable", "asset": "readOnly", "pin": "writeOnly"} {
		if a, ok := s.Attributes.ContainsAttribute(name); !ok || a.Mutability() != want {
			t.Errorf("%s is %s, want %s", name, a.Mutability(), want)
		}
	}
	if a, _ := s.Attributes.ContainsAttribute("pin"); a.Returned() != "default" {
		t.Errorf("a writeOnly attribute is returned: %s", a.Returned())
	}
}

// We rely on: the form of an error on the wire, with its status as a string.
func TestCanaryErrorJSON(t *testing.T) {
	got, err := json.Marshal(errors.ScimError{Status: 409, ScimType: errors.ScimTypeUniqueness, Detail: "taken"})
	if want := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"uniqueness","detail":"taken","status":"409"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	got, _ = json.Marshal(errors.ScimError{Status: 404})
	if want := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}`; string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// We rely on: a schema that is written and read again is the same. We supplement: an absent
// description is written as "".
func TestCanarySchemaJSON(t *testing.T) {
	for _, s := range []schema.Schema{schema.CoreUserSchema(), schema.CoreGroupSchema(), schema.ExtensionEnterpriseUser(), canarySchema(t)} {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again schema.Schema
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", s.ID, err)
		}
		second, err := json.Marshal(again)
		if err != nil || string(second) != string(text) {
			t.Errorf("%s is written as %s and then as %s", s.ID, text, second)
		}
	}
	text, _ := json.Marshal(canarySchema(t))
	if !strings.Contains(string(text), `"description":""`) {
		t.Error("an absent description is not written any more")
	}
	var ninja schema.Schema
	if err := json.Unmarshal(extension.Schema(), &ninja); err != nil || ninja.ID != extension.URN || len(ninja.Attributes) != 2 {
		t.Errorf("the schema of package extension: %+v, %v", ninja, err)
	}
	if a, _ := ninja.Attributes.ContainsAttribute(extension.UserType); !slices.Equal(a.CanonicalValues(), []string{extension.Technician, extension.EndUser}) {
		t.Errorf("canonicalValues %q", a.CanonicalValues())
	}
	for text, what := range map[string]string{
		`{"id":"x","attributes":[{"name":"$x","type":"string"}]}`:                    "a name that begins with $",
		`{"id":"x","attributes":[{"name":"a","type":"text"}]}`:                       "an unknown type",
		`{"id":"x","attributes":[{"name":"a","type":"string","mutability":"rw"}]}`:   "an unknown mutability",
		`{"id":"x","attributes":[{"name":"a","type":"string","returned":"often"}]}`:  "an unknown returned",
		`{"id":"x","attributes":[{"name":"a","type":"string","uniqueness":"some"}]}`: "an unknown uniqueness",
	} {
		if err := json.Unmarshal([]byte(text), new(schema.Schema)); err == nil {
			t.Errorf("%s is read", what)
		}
	}
	if !(optional.NewString("x").Present()) || (optional.String{}).Present() {
		t.Error("optional.String")
	}
}

// We rely on: which attributes the schemas have. One more is a field more here.
func TestCanaryAttributes(t *testing.T) {
	var have []string
	list := func(prefix string, attrs []schema.CoreAttribute) {
		for _, a := range attrs {
			have = append(have, prefix+a.Name())
			for _, sub := range a.SubAttributes() {
				have = append(have, prefix+a.Name()+"."+sub.Name())
			}
		}
	}
	list("", schema.CommonAttributes())
	list("", schema.CoreUserSchema().Attributes)
	list(EnterpriseURN+":", schema.ExtensionEnterpriseUser().Attributes)
	ours := append(paths(userFields)[1:],
		"schemas", "meta.location", // derived
		"groups", "groups.value", "groups.$ref", "groups.display", "groups.type",
		"password", // dropped unread
		extension.URN+":"+extension.OrganizationID, extension.URN+":"+extension.UserType)
	have = append(have, extension.URN+":"+extension.OrganizationID, extension.URN+":"+extension.UserType)
	slices.Sort(have)
	slices.Sort(ours)
	same(t, "attributes of a user", have, slices.Compact(ours))

	have = nil
	list("", schema.CommonAttributes())
	list("", schema.CoreGroupSchema().Attributes)
	ours = append(paths(groupFields)[1:], "schemas", "meta.location")
	slices.Sort(have)
	slices.Sort(ours)
	same(t, "attributes of a group", have, ours)
	if first := schema.CommonAttributes()[0]; first.Name() != "schemas" || first.Mutability() != "immutable" {
		t.Errorf("the first common attribute is %s", first.Name())
	}
}

// We supplement: the core schemas as they are there, where ours differ.
func TestCanaryCoreSchemas(t *testing.T) {
	user, group := schema.CoreUserSchema(), schema.CoreGroupSchema()
	if user.ID != schema.UserSchema || group.ID != schema.GroupSchema || schema.ExtensionEnterpriseUser().ID != EnterpriseURN {
		t.Errorf("the schemas are %s, %s and %s", user.ID, group.ID, schema.ExtensionEnterpriseUser().ID)
	}
	members, _ := group.Attributes.ContainsAttribute("members")
	value, _ := members.SubAttributes().ContainsAttribute("value")
	if value.CaseExact() {
		t.Error("members.value has become caseExact: typeDef.exact can go")
	}
	userName, _ := user.Attributes.ContainsAttribute("userName")
	password, ok := user.Attributes.ContainsAttribute("password")
	if !userName.Required() || userName.CaseExact() || userName.Uniqueness() != "server" || !ok || password.Returned() != "never" {
		t.Errorf("userName %+v, password %+v", userName, password)
	}
	manager, _ := schema.ExtensionEnterpriseUser().Attributes.ContainsAttribute("manager")
	name, _ := manager.SubAttributes().ContainsAttribute("displayName")
	if name.Mutability() != "readOnly" {
		t.Error("manager.displayName is writable")
	}
}
