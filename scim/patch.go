package scim

import (
	"cmp"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// patcher applies operations to a copy of a resource.
type patcher struct {
	reader
	res     resource
	members memberChange
	late    error // what is wrong with a late attribute
	scans   int   // how often all members were looked at
	// matching lists the stored members of the group that satisfy a value filter.
	matching func(*filter.Bound) ([]string, error)
}

func (p *patcher) apply(ops []operation, before resource) error {
	for i, o := range ops {
		late := p.late
		if err := p.operation(o); err != nil {
			return atOperation(i, o, err)
		}
		if late == nil && p.late != nil {
			p.late = atOperation(i, o, p.late)
		}
	}
	if ref, ok := p.rt.lacks(p.res, before); ok {
		return invalidValue("%s is required and would be missing", ref)
	}
	return nil
}

func (p *patcher) operation(o operation) error {
	if o.path == "" {
		for _, m := range o.value.list {
			if err := p.keyed(o.op, m.key, m.jsonValue); err != nil {
				return err
			}
		}
		return nil
	}
	if p.rt.isPassword(o.path) {
		return nil
	}
	t, attribute, err := p.bind(o.path)
	switch {
	case err != nil && !p.strict && p.foreign(attribute):
		return nil
	case err != nil && p.lateName(attribute):
		p.late = cmp.Or(p.late, err)
		return nil
	case err != nil:
		return err
	}
	if p.strict && t.Liberty != "" {
		return &Refusal{Status: 400, Type: "invalidPath", Detail: t.Liberty + ", which strict mode refuses"}
	}
	return p.target(o, t, true)
}

// bind looks a path up, and returns it without its value filter if it could be read. Nearly all
// are the name of an attribute, which needs no parsing.
func (p *patcher) bind(text string) (t filter.Target, attribute string, err error) {
	if ref, liberty, ok := p.rt.registry.Find(text); ok {
		return filter.Target{Ref: ref, Liberty: liberty}, text, nil
	}
	path, err := filter.ParsePath(text)
	if err != nil {
		return t, "", err
	}
	t, err = path.Bind(p.rt.registry)
	return t, path.Attribute(), err
}

// foreign reports whether a path belongs to a schema that is not known here. Such attributes are
// passed over, as in a POST: a mapping to another product's extension must not keep a leaver. A
// name that a schema known here does not have is a typing mistake, and refused.
func (p *patcher) foreign(attribute string) bool {
	if !strings.Contains(attribute, ":") {
		return false
	}
	_, known := p.schemaNamed(attribute)
	return !known
}

// lateName reports whether a path that cannot be bound begins with a schema whose attributes are
// late: a misspelled name must not keep a leaver either.
func (p *patcher) lateName(attribute string) bool {
	urn, known := p.schemaNamed(attribute)
	return known && p.rt.lateSchema(urn)
}

// schemaNamed returns the URN, of a schema known here, that a path begins with.
func (p *patcher) schemaNamed(attribute string) (urn string, known bool) {
	for i := range p.rt.schemas {
		urn := p.rt.schemas[i].def.ID
		if len(attribute) > len(urn) && strings.EqualFold(attribute[:len(urn)], urn) {
			return urn, true
		}
	}
	return "", false
}

// keyed applies one member of a value without path. Its key is any path: a name, "name.givenName"
// and "urn:…:employeeNumber" are what Entra ID sends with its compatibility flag.
func (p *patcher) keyed(op, key string, v jsonValue) error {
	o := operation{op: op, path: key, value: v, given: true}
	if p.rt.isPassword(key) {
		return nil
	}
	t, ok, err := p.bindKey(key)
	switch {
	case err != nil && p.lateName(key):
		p.late = cmp.Or(p.late, about(shorten(key), err))
		return nil
	case err != nil:
		return about(shorten(key), err)
	case p.strict && (!ok || t.Liberty != ""):
		return invalidSyntax("no schema here has the attribute %q", shorten(key))
	case !ok:
		return nil
	}
	return p.target(o, t, false)
}

// bindKey is bind for keys, of which a body can hold many and most may be unknown: that is no
// error, but what is wrong behind the name of an attribute is.
func (p *patcher) bindKey(key string) (t filter.Target, ok bool, err error) {
	name := strings.TrimSpace(key)
	if i := strings.IndexByte(name, '['); i >= 0 {
		name = name[:i]
	}
	if _, _, ok = p.rt.registry.Find(name); !ok {
		if _, ok = p.rt.registry.URN(name); !ok {
			return t, false, nil
		}
	}
	t, _, err = p.bind(key)
	return t, err == nil, err
}

// target applies an operation to what its path names. explicit is false for the keys of a value
// without path, where clients echo what they may not write.
func (p *patcher) target(o operation, t filter.Target, explicit bool) error {
	if t.Extension != "" {
		return p.extension(o, t.Extension)
	}
	top := t.Ref
	if parent := top.Parent(); !parent.IsZero() {
		top = parent
	}
	part := t.Sub
	if part.IsZero() {
		part = t.Ref
	}
	switch {
	case top == p.rt.members && !top.IsZero():
		return p.member(o, t)
	case top.Derived() || part.Derived() || p.rt.info(top).mutability == "readOnly" || p.rt.info(part).mutability == "readOnly":
		return p.readOnly(o, part, explicit)
	case t.Filter != nil:
		return p.filtered(o, t)
	case top != t.Ref && top.Multi():
		return p.everyElement(o, top, t.Ref)
	case t.Ref.Multi():
		return p.list(o, t.Ref)
	case t.Ref.Kind() == filter.Complex:
		return p.complexOne(o, t.Ref)
	}
	return p.simpleOne(o, t.Ref)
}

// extension applies an operation to all attributes of an extension.
func (p *patcher) extension(o operation, urn string) error {
	if o.op == "remove" {
		for _, ref := range p.rt.schemas[p.rt.schemaIndex(urn)].attrs {
			if err := p.target(operation{op: "remove", path: ref.String()}, filter.Target{Ref: ref}, false); err != nil {
				return err
			}
		}
		return nil
	}
	switch {
	case o.value.kind == jsonNull || !p.strict && !o.value.says():
		return nil
	case o.value.kind != jsonObject:
		err := invalidValue("%s: %s received, an object of attributes is expected", urn, o.value.show())
		if p.rt.lateSchema(urn) {
			p.late = cmp.Or[error](p.late, err)
			return nil
		}
		return err
	}
	for _, m := range o.value.list {
		if err := p.keyed(o.op, urn+":"+m.key, m.jsonValue); err != nil {
			return err
		}
	}
	return nil
}

// readOnly refuses to write, unless the value is what is there, or one of the attributes that
// clients echo with a whole resource: schemas, meta, groups.
func (p *patcher) readOnly(o operation, ref filter.Ref, explicit bool) error {
	same := o.value.kind == jsonNull && o.given ||
		o.given && ref.Kind() != filter.Complex && !ref.Derived() && o.value.text == valueAt(p.res, ref, 0).Text
	echoed := !explicit && (ref.Derived() || ref.Kind() == filter.Complex)
	if same || echoed && !p.strict {
		return nil
	}
	return mutability("%s is read-only; received %s", ref, o.value.show())
}

// value reads the operation's value as one of ref, and lets elimity's validation judge each
// simple value in it.
func (p *patcher) value(o operation, ref filter.Ref) (any, error) {
	if o.op == "remove" {
		return nil, nil
	}
	v, err := p.attribute(ref, o.value)
	if err != nil || v == nil {
		return nil, err
	}
	if !ref.Multi() {
		return v, p.judge(ref, v)
	}
	for _, e := range v.([]any) {
		if err := p.judge(ref, e); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (p *patcher) judge(ref filter.Ref, v any) error {
	if parts, ok := v.(map[string]any); ok {
		for k := range ref.Subs() {
			sub := ref.Sub(k)
			part := parts[sub.Name()]
			if list, ok := part.([]any); ok {
				for _, e := range list {
					if err := p.judge(sub, e); err != nil {
						return err
					}
				}
			} else if err := p.judge(sub, part); err != nil {
				return err
			}
		}
		return nil
	}
	if v == nil {
		return nil
	}
	if _, scimErr := p.rt.info(ref).def.ValidateSingular(v); scimErr != nil {
		return invalidValue("%s: %s", ref, scimErr.Detail)
	}
	return nil
}

// setOne sets a simple value, immutable ones only once (RFC 7643 §7).
func (p *patcher) setOne(ref filter.Ref, i int, v any) error {
	now := valueAt(p.res, ref, i)
	next := valueFrom(ref.Kind(), v)
	if p.rt.info(ref).mutability == "immutable" && now.Present() && now != next {
		return mutability("%s is immutable and has a value", ref)
	}
	p.res.set(ref, i, next)
	return nil
}

// simpleOne applies an operation to a singular simple attribute, or a part of a singular complex.
func (p *patcher) simpleOne(o operation, ref filter.Ref) error {
	info := p.rt.info(ref)
	v, err := p.value(o, ref)
	if err != nil && info.late {
		p.late = cmp.Or(p.late, err)
		return nil
	}
	if err != nil {
		return err
	}
	if v == nil && (o.op == "remove" && info.removeKeeps || o.op != "remove" && info.emptyKeeps) {
		return nil
	}
	if err := p.setOne(ref, 0, v); err != nil {
		return err
	}
	if parent := ref.Parent(); !parent.IsZero() && ref == parent.Default() {
		p.valueChanged(parent, 0, map[string]any{ref.Name(): v})
	}
	return nil
}

// complexOne applies an operation to a singular complex attribute: the parts given are set, the
// others stay (RFC 7644 §3.5.2.3).
func (p *patcher) complexOne(o operation, ref filter.Ref) error {
	v, err := p.value(o, ref)
	if err != nil {
		return err
	}
	parts, ok := v.(map[string]any)
	if !ok { // unassigned
		clearAttribute(p.res, ref)
		return nil
	}
	return p.merge(ref, 0, parts)
}

// merge sets the parts given of element i, and unsets those given as nil.
func (p *patcher) merge(ref filter.Ref, i int, parts map[string]any) error {
	for k := range ref.Subs() {
		sub := ref.Sub(k)
		part, given := parts[sub.Name()]
		switch {
		case !given:
		case sub.Multi():
			assign(p.res, sub, part)
		default:
			if err := p.setOne(sub, i, part); err != nil {
				return err
			}
		}
	}
	p.valueChanged(ref, i, parts)
	return nil
}

// valueChanged follows a new value part: without one a singular attribute is gone, as with
// {"value":""} for a manager, and a $ref beside it was that of the old value.
func (p *patcher) valueChanged(ref filter.Ref, i int, parts map[string]any) {
	value := ref.Default()
	if value.IsZero() {
		return
	}
	v, given := parts[value.Name()]
	if !given {
		return
	}
	if v == nil && !ref.Multi() {
		clearAttribute(p.res, ref)
		return
	}
	if link, ok := ref.Part("$ref"); ok && parts[link.Name()] == nil && !link.Derived() {
		p.res.set(link, i, filter.Value{})
	}
}
