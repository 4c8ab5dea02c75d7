package scim

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
)

const (
	userURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

// nulls finds null, and empty descriptions, which upset Entra ID.
func nulls(path string, v any) []string {
	var bad []string
	switch v := v.(type) {
	case nil:
		bad = append(bad, path)
	case string:
		if v == "" {
			bad = append(bad, path)
		}
	case map[string]any:
		for name, v := range v {
			bad = append(bad, nulls(path+"."+name, v)...)
		}
	case []any:
		for _, v := range v {
			bad = append(bad, nulls(path+"[]", v)...)
		}
	}
	return bad
}

func TestDiscoveryListsWhatIsServed(t *testing.T) {
	r := newRig(t, hostSchemas)
	a := r.do("GET", "/Schemas", "")
	same(t, "schemas", a.found("id"), []string{userURN, EnterpriseURN, extension.URN, "urn:example:Badge", groupURN, "urn:example:Team:group"})
	a.is("6", "totalResults").is("1", "startIndex").is("6", "itemsPerPage").is(`["urn:ietf:params:scim:api:messages:2.0:ListResponse"]`, "schemas")
	types := r.do("GET", "/ResourceTypes", "")
	same(t, "types", types.found("id"), []string{"User", "Group"})
	same(t, "endpoints", types.found("endpoint"), []string{"/Users", "/Groups"})
	types.is(`[{"schema":"`+EnterpriseURN+`","required":false},{"schema":"`+extension.URN+`","required":false},{"schema":"urn:example:Badge","required":false}]`, "Resources", 0, "schemaExtensions")
	types.is(`[{"schema":"urn:example:Team:group","required":false}]`, "Resources", 1, "schemaExtensions")

	// What is said of a type holds: each schema is a resource, at the location it names.
	for _, list := range []answer{a, types} {
		for i, id := range list.found("id") {
			location := list.string("Resources", i, "meta", "location")
			path, ok := strings.CutPrefix(location, rigBase)
			if !ok {
				t.Fatalf("%s: meta.location %q", id, location)
			}
			r.do("GET", path, "").want(200).is(compactJSON(list.at("Resources", i)))
		}
		if bad := nulls("", list.at()); len(bad) > 0 {
			t.Errorf("%s: null or empty: %q", list.asked, bad)
		}
	}
}

func TestDiscoveryWithoutGroups(t *testing.T) {
	r := newRig(t, withoutGroups, hostSchemas)
	same(t, "types", r.do("GET", "/ResourceTypes", "").found("id"), []string{"User"})
	same(t, "schemas", r.do("GET", "/Schemas", "").found("id"), []string{userURN, EnterpriseURN, extension.URN, "urn:example:Badge"})
	for _, p := range []string{"/ResourceTypes/Group", "/Schemas/" + groupURN, "/Schemas/urn:example:Team:group"} {
		r.do("GET", p, "").want(404)
	}
	r.do("GET", "/Groups", "").want(200).is("0", "totalResults").is("[]", "Resources")
	r.do("GET", "/Groups/1", "").want(404)
	r.do("POST", "/Groups", `{"displayName":"Poets"}`).refused(501, "", "groups are not provisioned here")
}

// attributesOf indexes the attributes of a schema by name, sub-attributes by dotted name.
func attributesOf(a answer) map[string]map[string]any {
	out := map[string]map[string]any{}
	var walk func(prefix string, list any)
	walk = func(prefix string, list any) {
		attrs, _ := list.([]any)
		for _, v := range attrs {
			m := v.(map[string]any)
			name := prefix + m["name"].(string)
			out[name] = m
			walk(name+".", m["subAttributes"])
		}
	}
	walk("", a.at("attributes"))
	return out
}

func TestDiscoveryOfAttributes(t *testing.T) {
	r := newRig(t, hostSchemas)
	user := attributesOf(r.do("GET", "/Schemas/"+userURN, "").want(200))
	if user["password"] != nil {
		t.Error("a password is offered")
	}
	for name, want := range map[string]map[string]any{
		"userName":     {"type": "string", "required": true, "caseExact": false, "uniqueness": "server", "mutability": "readWrite", "returned": "default"},
		"groups":       {"mutability": "readOnly", "multiValued": true, "type": "complex"},
		"emails.type":  {"type": "string", "required": false},
		"active":       {"type": "boolean", "caseExact": nil, "uniqueness": nil},
		"profileUrl":   {"type": "reference", "caseExact": true},
		"emails.value": {"caseExact": false},
	} {
		for key, v := range want {
			if user[name][key] != v {
				t.Errorf("%s: %s is %v, want %v", name, key, user[name][key], v)
			}
		}
	}
	if got := compactJSON(user["emails.type"]["canonicalValues"]); got != `["work","home","other"]` {
		t.Errorf("canonicalValues of emails.type: %s", got)
	}
	ninja := attributesOf(r.do("GET", "/Schemas/"+extension.URN, "").want(200))
	if got := compactJSON(ninja[extension.UserType]["canonicalValues"]); got != `["Technician","endUser"]` || ninja[extension.UserType]["caseExact"] != true {
		t.Errorf("userType: %v", ninja[extension.UserType])
	}
	group := attributesOf(r.do("GET", "/Schemas/"+groupURN, "").want(200))
	if group["members.value"]["caseExact"] != true || group["displayName"]["required"] != true {
		t.Errorf("members.value: %v, displayName: %v", group["members.value"], group["displayName"])
	}
	badge := attributesOf(r.do("GET", "/Schemas/urn:example:Badge", "").want(200))
	if badge["photo.value"]["type"] != "binary" || badge["photo.camera"]["mutability"] != "readOnly" || badge["number"]["required"] != true {
		t.Errorf("Badge: %v", badge)
	}
	// What the engine compares with case is what it says it does.
	for _, rt := range r.h.types {
		for i := range rt.attrs {
			a := &rt.attrs[i]
			schema := attributesOf(r.do("GET", "/Schemas/"+rt.schemas[rt.schemaOf(a.ref)].def.ID, ""))
			path := strings.TrimPrefix(strings.TrimPrefix(a.ref.String(), a.ref.URN()), ":")
			if exact, said := schema[path]["caseExact"]; said && exact != a.ref.CaseExact() {
				t.Errorf("%s: caseExact is said to be %v", a.ref, exact)
			}
		}
	}
}

func TestServiceProviderConfig(t *testing.T) {
	r := newRig(t, func(_ *Stores, c *Config) {
		c.Limits = Limits{Body: 7 << 10, PageSize: 42, CursorLifetime: 90500 * time.Millisecond, Rate: -1}
	})
	a := r.do("GET", "/ServiceProviderConfig", "").want(200)
	a.is(`{"supported":true}`, "patch").is(`{"supported":true}`, "etag").is(`{"supported":true}`, "sort").is(`{"supported":false}`, "changePassword")
	a.is(`{"supported":true,"maxResults":42}`, "filter").is(`{"supported":false,"maxOperations":0,"maxPayloadSize":7168}`, "bulk")
	a.is(`"oauthbearertoken"`, "authenticationSchemes", 0, "type").is(`{"resourceType":"ServiceProviderConfig","location":"`+rigBase+`/ServiceProviderConfig"}`, "meta")
	a.is(`["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]`, "schemas")
	a.is(`{"cursor":true,"index":true,"defaultPaginationMethod":"index","defaultPageSize":42,"maxPageSize":42,"cursorTimeout":90}`, "pagination")
	if bad := nulls("", a.at()); len(bad) > 0 {
		t.Errorf("null or empty: %q", bad)
	}
	// maxResults is true.
	for range 43 {
		r.user(userNamed(newID(r.clock.read())))
	}
	r.do("GET", "/Users?count=1000", "").want(200).is("42", "itemsPerPage").is("43", "totalResults")
}

func TestDiscoveryRefuses(t *testing.T) {
	r := newRig(t)
	for _, p := range []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/Schemas/" + userURN, "/ResourceTypes/User"} {
		r.do("GET", p+"?filter="+escaped(`id eq "x"`), "").refused(403, "", "cannot be filtered")
		r.do("GET", p+"?aadOptscim062020", "").want(200)
		for _, m := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			if got := r.do(m, p, "{}").want(405).header.Get("Allow"); !slices.Contains(strings.Split(got, ", "), "GET") {
				t.Errorf("%s %s: Allow %q", m, p, got)
			}
		}
		r.as("nobody", "GET", p, "").want(401)
	}
	for _, p := range []string{"/Schemas/urn:example:nothing", "/ResourceTypes/Device", "/ServiceProviderConfig/1", "/Schemas/" + userURN + "/x", "/SchemasX", "/schema", "/"} {
		r.do("GET", p, "").want(404)
	}
	for _, p := range []string{"/Bulk", "/Me", "/.search", "/Users/.search"} {
		r.do("POST", p, "{}").refused(501, "", "is not served here")
	}
	r.do("GET", "/Schemas/"+strings.ToUpper(userURN), "").want(200).is(`"`+userURN+`"`, "id")
	r.do("GET", "/ResourceTypes/user", "").want(200).is(`"User"`, "id")
	r.do("GET", "/Schemas/", "").want(200).is("4", "totalResults")
}

// The documents are made once, but belong to whatever public URL a request came in on.
func TestDiscoveryFollowsTheBaseURL(t *testing.T) {
	r := newRig(t, func(_ *Stores, c *Config) {
		c.BaseURL = func(r *http.Request) string {
			return "https://" + r.Header.Get("X-Tenant") + ".example.com/ws/scim/v2/"
		}
	})
	for _, tenant := range []string{"one", "two"} {
		want := "https://" + tenant + ".example.com/ws/scim/v2"
		r.do("GET", "/ResourceTypes/User", "", "X-Tenant", tenant).want(200).is(`"`+want+`/ResourceTypes/User"`, "meta", "location")
		r.do("GET", "/ServiceProviderConfig", "", "X-Tenant", tenant).want(200).is(`"`+want+`/ServiceProviderConfig"`, "meta", "location")
		a := r.do("POST", "/Users", userNamed(tenant), "X-Tenant", tenant).want(201)
		if got := a.header.Get("Location"); got != want+"/Users/"+a.id() {
			t.Errorf("Location %q", got)
		}
	}
}
