package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
)

// discovery holds the documents of RFC 7644 §4. They are derived once from the schemas, stores and
// limits, so they cannot say what is not so. The base URL is filled in for each answer.
type discovery struct {
	schemas, types []document
	config         document

	mu       sync.Mutex
	narrower map[string][]document // the schemas where Policy.Keeps does not keep all, by what it keeps
}

// maxNarrower bounds how many variations are remembered; hosts have a preset or two.
const maxNarrower = 32

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
		}
	}
	var err error
	d.schemas, err = h.describeSchemas(func(*resourceType, filter.Ref) bool { return true })
	return d, err
}

// describeSchemas makes the documents of all schemas.
func (h *Handler) describeSchemas(keeps func(*resourceType, filter.Ref) bool) ([]document, error) {
	var docs []document
	for _, rt := range h.types {
		if !h.served(rt) {
			continue
		}
		for i := range rt.schemas {
			s := &rt.schemas[i]
			body, err := rt.schemaJSON(s, keeps)
			if err != nil {
				return nil, err
			}
			docs = append(docs, newDocument("Schema", s.def.ID, "/Schemas/"+s.def.ID, body))
		}
	}
	return docs, nil
}

// schemasFor returns the schemas as they are for a principal: what it does not manage is readOnly.
func (h *Handler) schemasFor(p Principal) ([]document, error) {
	if h.engine.policy.Keeps == nil {
		return h.discovery.schemas, nil
	}
	keeps := func(rt *resourceType, ref filter.Ref) bool { return h.engine.keeps(p, rt, ref) }
	var kept []byte
	for _, rt := range h.types {
		for i := range rt.attrs {
			if ref := rt.attrs[i].ref; ref.Parent().IsZero() {
				kept = strconv.AppendBool(kept, keeps(rt, ref))
			}
		}
	}
	d := h.discovery
	d.mu.Lock()
	defer d.mu.Unlock()
	docs, known := d.narrower[string(kept)]
	if known {
		return docs, nil
	}
	docs, err := h.describeSchemas(keeps)
	if err == nil && len(d.narrower) < maxNarrower {
		if d.narrower == nil {
			d.narrower = map[string][]document{}
		}
		d.narrower[string(kept)] = docs
	}
	return docs, err
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
		Pages   any       `json:"pagination"`
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
		Sort: supported{true},
		ETag: supported{true},
		Pages: struct { // RFC 9865 §4
			Cursor        bool   `json:"cursor"`
			Index         bool   `json:"index"`
			Default       string `json:"defaultPaginationMethod"`
			DefaultSize   int    `json:"defaultPageSize"`
			MaxSize       int    `json:"maxPageSize"`
			CursorTimeout int64  `json:"cursorTimeout"`
		}{true, true, "index", limits.usualPage(), limits.PageSize, int64(limits.CursorLifetime / time.Second)},
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
// with case, what is never returned, what is not kept. What has no description gets none, since ""
// and null upset Entra ID.
func (rt *resourceType) schemaJSON(s *typeSchema, keeps func(*resourceType, filter.Ref) bool) (map[string]any, error) {
	text, err := s.def.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("scim: schema %s: %w", s.def.ID, err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("scim: schema %s: %w", s.def.ID, err)
	}
	for _, name := range []string{"name", "description"} {
		if m[name] == "" {
			delete(m, name)
		}
	}
	for _, ref := range s.attrs {
		if a := named(m["attributes"], ref.Name()); a != nil {
			kept := keeps(rt, ref)
			rt.decorate(a, ref, kept)
			for i := range ref.Subs() {
				rt.decorate(named(a["subAttributes"], ref.Sub(i).Name()), ref.Sub(i), kept)
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

func (rt *resourceType) decorate(a map[string]any, ref filter.Ref, kept bool) {
	if _, ok := a["caseExact"]; ok {
		a["caseExact"] = ref.CaseExact()
	}
	a["returned"] = rt.info(ref).returned
	if !kept {
		a["mutability"] = "readOnly"
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
		var err error
		if docs, err = x.h.schemasFor(x.who); err != nil {
			return err
		}
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
