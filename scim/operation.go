package scim

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// operation is one operation of a PATCH (RFC 7644 §3.5.2).
type operation struct {
	op    string // add, replace or remove
	path  string // "" if there is none
	value jsonValue
	given bool // there was a value, perhaps null
}

// readPatch reads the body of a PATCH. Names, and op, are taken in any case: Entra ID without its
// compatibility flag writes Add, Replace and Remove.
func (rd *reader) readPatch(v jsonValue, limit int) ([]operation, error) {
	if v.kind != jsonObject {
		return nil, invalidSyntax("the body is %s, a PATCH is an object with Operations", v.kind)
	}
	list, ok := v.field("Operations")
	switch {
	case !ok || list.kind != jsonArray:
		return nil, invalidSyntax("Operations is missing or no array")
	case len(list.list) > limit:
		return nil, &Refusal{Status: 413, Type: "tooMany", Detail: fmt.Sprintf("%d operations received, at most %d are carried out in one PATCH", len(list.list), limit)}
	case rd.strict && len(list.list) == 0:
		return nil, invalidSyntax("Operations is empty")
	}
	if rd.strict {
		if err := patchSchemas(v); err != nil {
			return nil, err
		}
	}
	ops := make([]operation, len(list.list))
	for i, m := range list.list {
		var err error
		if ops[i], err = readOperation(m.jsonValue); err != nil {
			return nil, atOperation(i, ops[i], err)
		}
	}
	return ops, nil
}

const patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

func patchSchemas(v jsonValue) error {
	schemas, _ := v.field("schemas")
	for _, m := range schemas.list {
		if strings.EqualFold(m.text, patchURN) {
			return nil
		}
	}
	return invalidSyntax("schemas must list %s", patchURN)
}

func readOperation(v jsonValue) (operation, error) {
	if v.kind != jsonObject {
		return operation{}, invalidSyntax("%s received, an operation is an object", v.show())
	}
	op, _ := v.field("op")
	path, _ := v.field("path")
	o := operation{op: strings.ToLower(op.text), path: strings.TrimSpace(path.text)}
	o.value, o.given = v.field("value")
	switch {
	case op.kind != jsonString || o.op != "add" && o.op != "replace" && o.op != "remove":
		return o, invalidSyntax("op is %s; it must be add, replace or remove", op.show())
	case path.kind != jsonString && path.kind != jsonNull:
		return o, &Refusal{Status: 400, Type: "invalidPath", Detail: "path is " + path.show() + "; it must be a string"}
	case o.op == "remove" && o.path == "":
		return o, noTarget("remove needs a path")
	case o.op != "remove" && !o.given:
		return o, invalidValue("%s needs a value", o.op)
	case o.path == "" && o.value.kind != jsonObject:
		return o, invalidValue("%s received; without a path the value is an object of attributes", o.value.show())
	}
	return o, nil
}

// atOperation says in an error which operation it is about.
func atOperation(i int, o operation, err error) error {
	what := fmt.Sprintf("Operations[%d] %s", i, o.op)
	if o.path != "" {
		what += " " + shorten(o.path)
	}
	return about(what, err)
}

// about says in an error what it is about.
func about(what string, err error) error {
	if bad, ok := errors.AsType[*filter.Error](err); ok {
		return &Refusal{Status: 400, Type: string(bad.Code), Detail: what + ": " + bad.Error()}
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		said := *r
		said.Detail = what + ": " + r.Detail
		return &said
	}
	return err
}
