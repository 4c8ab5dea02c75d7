package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// discovery holds the documents of RFC 7644 §4. They are derived once from the schemas, stores and
// limits, so they cannot say what is not so. The base URL is filled in for each answer.
type discovery struct {
	schemas, types []document
	config         document
}

// document is one discovery resource up to the value of meta.location, and what follows it.
type document struct {
	id       string
	endpoint string
	before   []byte // {…,"meta":{"resourceType":"Schema","location":
	after    []byte // }}
}

func newDiscovery(h *Handler) (*discovery, error) {
	d := &discovery{config: newDocument("ServiceProviderConfig", "", "/ServiceProviderConfig", h.providerConfig())}
	seen := map[string]bool{}
	for _, rt := range h.types {
		if !h.served(rt) {
			continue
		}
		d.types = append(d.types, newDocument("ResourceType", rt.name, "/ResourceTypes/"+rt.name, rt.describe()))
		for i := range rt.schemas {
			s := &rt.schemas[i]
			if seen[s.def.ID] {
				return nil, fmt.Errorf("scim: the schema %s is used twice", s.def.ID)
			}
			seen[s.def.ID] = true
			body, err := rt.schemaJSON(s)
			if err != nil {
				return nil, err
			}
			d.schemas = append(d.schemas, newDocument("Schema", s.def.ID, "/Schemas/"+s.def.ID, body))
		}
	}
	return d, nil
}

// newDocument appends meta to a JSON object.
func newDocument(resourceType, id, endpoint string, object any) document {
	body, err := json.Marshal(object)
	if err != nil {
		panic(err) // maps of strings, numbers and booleans
	}
	before := append(body[:len(body)-1], `,"meta":{"resourceType":"`+resourceType+`","location":`...)
	return document{id: id, endpoint: endpoint, before: before, after: []byte("}}")}
}

func (d *document) append(buf []byte, base string) []byte {
	return append(appendString(append(buf, d.before...), base+d.endpoint), d.after...)
}

// providerConfig is the ServiceProviderConfig (RFC 7643 §5). bulk.maxOperations is there although
// bulk is not: authentik takes a document without it for none at all.
func (h *Handler) providerConfig() any {
	limits := h.engine.limits
	type supported struct {
		Supported bool `json:"supported"`
	}
	return struct {
		Schemas []string  `json:"schemas"`
		Patch   supported `json:"patch"`
		Bulk    any       `json:"bulk"`
		Filter  any       `json:"filter"`
		Change  supported `json:"changePassword"`
		Sort    supported `json:"sort"`
		ETag    supported `json:"etag"`
		Auth    []any     `json:"authenticationSchemes"`
	}{
		Schemas: []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		Patch:   supported{true},
		Bulk: struct {
			supported
			MaxOperations  int   `json:"maxOperations"`
			MaxPayloadSize int64 `json:"maxPayloadSize"`
		}{MaxPayloadSize: limits.Body},
		Filter: struct {
			supported
			MaxResults int `json:"maxResults"`
		}{supported{true}, limits.PageSize},
		ETag: supported{true},
		Auth: []any{map[string]any{
			"type": "oauthbearertoken", "name": "Bearer token", "primary": true,
			"description": "A secret token in the Authorization header (RFC 6750).",
			"specUri":     "https://www.rfc-editor.org/info/rfc6750",
		}},
	}
}

// describe is the ResourceType (RFC 7643 §6).
func (rt *resourceType) describe() any {
	extensions := []any{}
	for _, s := range rt.schemas[1:] {
		extensions = append(extensions, map[string]any{"schema": s.def.ID, "required": false})
	}
	return map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
		"id":      rt.name, "name": rt.name, "description": rt.description,
		"endpoint": rt.endpoint, "schema": rt.schemas[0].def.ID, "schemaExtensions": extensions,
	}
}

// schemaJSON is elimity's JSON of a schema, with what the engine does added: which strings compare
// with case. Attributes without a description have none, since "" and null upset Entra ID.
func (rt *resourceType) schemaJSON(s *typeSchema) (map[string]any, error) {
	text, err := s.def.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("scim: schema %s: %w", s.def.ID, err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("scim: schema %s: %w", s.def.ID, err)
	}
	for _, ref := range s.attrs {
		if a := named(m["attributes"], ref.Name()); a != nil {
			decorate(a, ref)
			for i := range ref.Subs() {
				decorate(named(a["subAttributes"], ref.Sub(i).Name()), ref.Sub(i))
			}
		}
	}
	return m, nil
}

func named(list any, name string) map[string]any {
	attrs, _ := list.([]any)
	for _, a := range attrs {
		if a := a.(map[string]any); a["name"] == name {
			return a
		}
	}
	return nil
}

func decorate(a map[string]any, ref filter.Ref) {
	if _, ok := a["caseExact"]; ok {
		a["caseExact"] = ref.CaseExact()
	}
	if a["description"] == "" {
		delete(a, "description")
	}
}

// discover answers the discovery endpoints (RFC 7644 §4).
func (x *exchange) discover(name, id string) error {
	if x.r.Method != http.MethodGet {
		return x.wrongMethod("GET")
	}
	if err := x.parseQuery(); err != nil {
		return err
	}
	if x.query.values["filter"] != "" {
		return &Refusal{Status: http.StatusForbidden, Detail: "/" + name + " cannot be filtered (RFC 7644 §4)"}
	}
	docs := []document{x.h.discovery.config}
	switch {
	case name == "ServiceProviderConfig" && id == "":
		return x.respond(http.StatusOK, func(e *encoder) error {
			e.buf = docs[0].append(e.buf, x.base)
			return nil
		})
	case name == "Schemas":
		docs = x.h.discovery.schemas
	case name == "ResourceTypes":
		docs = x.h.discovery.types
	}
	if id == "" {
		return x.discoverAll(docs)
	}
	i := slices.IndexFunc(docs, func(d document) bool { return strings.EqualFold(d.id, id) })
	if i < 0 || name == "ServiceProviderConfig" {
		return ErrNotFound
	}
	return x.respond(http.StatusOK, func(e *encoder) error {
		e.buf = docs[i].append(e.buf, x.base)
		return nil
	})
}

// discoverAll answers with a ListResponse, which Entra ID expects of /Schemas.
func (x *exchange) discoverAll(docs []document) error {
	return x.respond(http.StatusOK, func(e *encoder) error {
		e.buf = fmt.Appendf(e.buf, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":1,"itemsPerPage":%d,"Resources":[`, len(docs), len(docs))
		for i := range docs {
			e.comma()
			e.buf = docs[i].append(e.buf, x.base)
		}
		e.buf = append(e.buf, `]}`...)
		return nil
	})
}
