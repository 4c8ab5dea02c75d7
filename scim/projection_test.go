package scim

import (
	"strings"
	"testing"
)

const fullUser = `{"userName":"ada","externalId":"x","name":{"givenName":"Ada","familyName":"Lovelace"},"title":"Countess","active":true,
	"emails":[{"value":"a@x","type":"work","primary":true},{"value":"b@x"}],
	"` + EnterpriseURN + `":{"department":"Engines","manager":{"value":"8"}},"` + hostURN + `":{"number":7,"doors":["A"]}}`

const hostURN = "urn:example:Badge"

// shown is what a projection makes of fullUser, without id and schemas, which are always there.
var shown = []struct{ query, want string }{
	{"attributes=userName", `{"userName":"ada"}`},
	{"ATTRIBUTES=USERNAME,title", `{"userName":"ada","title":"Countess"}`},
	{"attributes=%20userName%20,,title,", `{"userName":"ada","title":"Countess"}`},
	{"attributes=urn:ietf:params:scim:schemas:core:2.0:User:title", `{"title":"Countess"}`},
	{"attributes=name", `{"name":{"familyName":"Lovelace","givenName":"Ada"}}`},
	{"attributes=name.GIVENname", `{"name":{"givenName":"Ada"}}`},
	{"attributes=name.givenName,name", `{"name":{"familyName":"Lovelace","givenName":"Ada"}}`},
	{"attributes=name.honorificPrefix", `{}`},
	{"attributes=emails.value", `{"emails":[{"value":"a@x"},{"value":"b@x"}]}`},
	{"attributes=emails.type", `{"emails":[{"type":"work"}]}`},
	{"attributes=emails.display", `{}`},
	{"attributes=" + EnterpriseURN, `{"` + EnterpriseURN + `":{"department":"Engines","manager":{"value":"8"}}}`},
	{"attributes=" + EnterpriseURN + ":department", `{"` + EnterpriseURN + `":{"department":"Engines"}}`},
	{"attributes=" + EnterpriseURN + ":manager.value", `{"` + EnterpriseURN + `":{"manager":{"value":"8"}}}`},
	{"attributes=department", `{"` + EnterpriseURN + `":{"department":"Engines"}}`},
	{"attributes=URN:EXAMPLE:badge:doors", `{"` + hostURN + `":{"doors":["A"]}}`},
	{"attributes=meta.resourceType", `{"meta":{"resourceType":"User"}}`},
	{"attributes=nothing", `{}`},
	{"attributes=nothing,title", `{"title":"Countess"}`},
	{"attributes=password", `{}`},
	{"excludedAttributes=id,schemas,meta,userName,name,emails,externalId,active,urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User," + EnterpriseURN + "," + hostURN, `{"title":"Countess"}`},
	{"excludedAttributes=meta,userName,name.givenName,emails.value,emails.primary,title,externalId,active,nothing,ninjaone,userType,organizationId," + EnterpriseURN + ":manager,urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User," + hostURN + ":number",
		`{"name":{"familyName":"Lovelace"},"emails":[{"type":"work"}],"` + EnterpriseURN + `":{"department":"Engines"},"` + hostURN + `":{"doors":["A"]}}`},
	{"attributes=name,title&excludedAttributes=name.givenName", `{"name":{"familyName":"Lovelace"},"title":"Countess"}`},
}

func TestProjectionOfEveryAnswer(t *testing.T) {
	r := newRig(t, hostSchemas)
	id := ""
	answers := map[string]func(query string) answer{
		"POST": func(q string) answer {
			if id != "" {
				r.do("DELETE", "/Users/"+id, "").want(204)
			}
			a := r.do("POST", "/Users?"+q, fullUser).want(201)
			id = a.id()
			return a
		},
		"GET":   func(q string) answer { return r.do("GET", "/Users/"+id+"?"+q, "").want(200) },
		"PUT":   func(q string) answer { return r.do("PUT", "/Users/"+id+"?"+q, fullUser).want(200) },
		"PATCH": func(q string) answer { return r.do("PATCH", "/Users/"+id+"?"+q, patchBody("")).want(200) },
		"list": func(q string) answer {
			a := r.do("GET", "/Users?"+q, "").want(200)
			a.body, _ = a.at("Resources", 0).(map[string]any)
			return a
		},
	}
	for _, c := range shown {
		for _, method := range []string{"POST", "GET", "PUT", "PATCH", "list"} {
			a := answers[method](c.query)
			a.asked = method + " ?" + c.query
			if a.id() != id || !strings.Contains(compactJSON(a.at("schemas")), hostURN) {
				t.Errorf("%s: id %q, schemas %v", a.asked, a.id(), a.at("schemas"))
			}
			if method != "list" && a.version() == "" {
				t.Errorf("%s: no ETag", a.asked)
			}
			delete(a.body, "id")
			delete(a.body, "schemas")
			a.is(c.want)
		}
	}
}

func TestProjectionOfGroups(t *testing.T) {
	r := newRig(t)
	u := r.user(ada)
	g := r.group(`{"displayName":"Poets","members":["` + u + `"]}`)
	ref := rigBase + "/Users/" + u
	for query, want := range map[string]string{
		"":                                       `[{"value":"` + u + `","$ref":"` + ref + `","type":"User"}]`,
		"?attributes=members.value":              `[{"value":"` + u + `"}]`,
		"?attributes=members.$ref,members.type":  `[{"$ref":"` + ref + `","type":"User"}]`,
		"?excludedAttributes=members.$ref":       `[{"value":"` + u + `","type":"User"}]`,
		"?excludedAttributes=members":            ``,
		"?attributes=displayName":                ``,
		"?excludedAttributes=displayName,nobody": `[{"value":"` + u + `","$ref":"` + ref + `","type":"User"}]`,
	} {
		r.do("GET", "/Groups/"+g+query, "").want(200).is(want, "members")
		r.do("GET", "/Groups"+query, "").want(200).is(want, "Resources", 0, "members")
		r.do("PUT", "/Groups/"+g+query, `{"displayName":"Poets"}`).want(200).is(want, "members")
	}
}

func TestProjectionStrict(t *testing.T) {
	r := newRig(t, strict)
	u := r.do("POST", "/Users", ada).want(201).id()
	for _, q := range []string{"attributes=nothing", "excludedAttributes=title,name.nothing"} {
		for _, a := range []answer{
			r.do("GET", "/Users/"+u+"?"+q, ""), r.do("GET", "/Users?"+q, ""), r.do("POST", "/Users?"+q, ada),
			r.do("PUT", "/Users/"+u+"?"+q, ada), r.do("PATCH", "/Users/"+u+"?"+q, patchBody("")),
		} {
			a.refused(400, "invalidValue", q[:strings.Index(q, "=")], "nothing")
		}
	}
	r.do("GET", "/Users/"+u+"?attributes=title", "").want(200)
}

// The returned characteristic of a host's attributes wins over what was asked.
func TestReturnedCharacteristic(t *testing.T) {
	const urn = "urn:example:Returned"
	r := newRig(t, func(_ *Stores, c *Config) {
		c.Schemas = [][]byte{[]byte(`{"id":"` + urn + `","attributes":[
			{"name":"always","type":"string","returned":"always"},{"name":"never","type":"string","returned":"never"},
			{"name":"request","type":"string","returned":"request"},{"name":"default","type":"string"},
			{"name":"parts","type":"complex","subAttributes":[{"name":"always","type":"string","returned":"always"},
				{"name":"never","type":"string","returned":"never"},{"name":"request","type":"string","returned":"request"},{"name":"default","type":"string"}]}]}`)}
	})
	const values = `{"always":"a","never":"n","request":"r","default":"d"}`
	u := r.user(`{"userName":"ada","` + urn + `":` + strings.Replace(values, "}", `,"parts":`+values+`}}`, 1))
	for query, want := range map[string]string{
		"":                                      `{"always":"a","default":"d","parts":{"always":"a","default":"d"}}`,
		"?attributes=userName":                  `{"always":"a"}`,
		"?attributes=" + urn + ":never":         `{"always":"a"}`,
		"?attributes=" + urn + ":request":       `{"always":"a","request":"r"}`,
		"?attributes=" + urn + ":parts.never":   `{"always":"a","parts":{"always":"a"}}`,
		"?attributes=" + urn + ":parts.request": `{"always":"a","parts":{"always":"a","request":"r"}}`,
		"?excludedAttributes=" + urn:            `{"always":"a"}`,
		"?excludedAttributes=" + urn + ":parts.default," + urn + ":parts.always": `{"always":"a","default":"d","parts":{"always":"a"}}`,
	} {
		r.do("GET", "/Users/"+u+query, "").want(200).is(want, urn)
		r.do("PATCH", "/Users/"+u+query, patchBody("")).want(200).is(want, urn)
	}
	if got := r.stored(u).Extensions[urn]["never"]; got != "n" {
		t.Errorf("never returned is %v in the store", got)
	}
}
