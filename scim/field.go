package scim

import (
	"slices"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
)

// resource is what the engine reads and writes: any value that answers for the attributes of a
// registry. The engine knows no attribute by name.
type resource interface {
	filter.Resource
	meta() *Meta
	// set sets a simple attribute: element i of a multi-valued one, or of the multi-valued
	// attribute it is a part of; i is 0 for the others. The zero Value unsets it.
	set(r filter.Ref, i int, v filter.Value)
	// grow appends an empty element to a multi-valued attribute.
	grow(r filter.Ref)
	// cut removes element i of a multi-valued attribute.
	cut(r filter.Ref, i int)
}

// field ties one attribute to a place in a T. Its index in its table is the attribute's
// filter.Ref.Slot; slot 0 is for attributes that live in the extensions map.
type field[T any] struct {
	path string // as filter.Ref.String, without URN for the core schema
	text func(t *T, i int) *string
	flag func(t *T, i int) *bool
	when func(t *T) *time.Time
	made func(t *T) filter.Value // cannot be set
	// Of a multi-valued attribute and of its parts:
	size func(t *T) int
	grow func(t *T)
	cut  func(t *T, i int)
}

// text1 is the field of a singular string.
func text1[T any](path string, at func(*T) *string) field[T] {
	return field[T]{path: path, text: func(t *T, _ int) *string { return at(t) }}
}

// complex1 is the field of a singular complex attribute: it is there if a part is.
func complex1[T any](path string) field[T] { return field[T]{path: path} }

// listOf is the field of a multi-valued attribute kept in a slice.
func listOf[T, E any](path string, at func(*T) *[]E) field[T] {
	return field[T]{
		path: path,
		size: func(t *T) int { return len(*at(t)) },
		grow: func(t *T) { *at(t) = append(*at(t), *new(E)) },
		cut:  func(t *T, i int) { *at(t) = slices.Delete(*at(t), i, i+1) },
	}
}

// listText and listFlag are the fields of the parts of such an attribute.
func listText[T, E any](path string, at func(*T) *[]E, part func(t *T, i int) *string) field[T] {
	f := listOf(path, at)
	f.text = part
	return f
}

func listFlag[T, E any](path string, at func(*T) *[]E, part func(t *T, i int) *bool) field[T] {
	f := listOf(path, at)
	f.flag = part
	return f
}

// values are the five fields of an attribute of type []MultiValue.
func values[T any](path string, at func(*T) *[]MultiValue) []field[T] {
	return []field[T]{
		listOf(path, at),
		listText(path+".value", at, func(t *T, i int) *string { return &(*at(t))[i].Value }),
		listText(path+".display", at, func(t *T, i int) *string { return &(*at(t))[i].Display }),
		listText(path+".type", at, func(t *T, i int) *string { return &(*at(t))[i].Type }),
		listFlag(path+".primary", at, func(t *T, i int) *bool { return &(*at(t))[i].Primary }),
	}
}

// metaFields are the fields every resource type has (RFC 7643 §3.1).
func metaFields[T any](typ string, meta func(*T) *Meta) []field[T] {
	return []field[T]{
		{}, // slot 0
		text1("id", func(t *T) *string { return &meta(t).ID }),
		text1("externalId", func(t *T) *string { return &meta(t).ExternalID }),
		complex1[T]("meta"),
		{path: "meta.resourceType", made: func(*T) filter.Value { return filter.TextValue(typ) }},
		{path: "meta.created", when: func(t *T) *time.Time { return &meta(t).Created }},
		{path: "meta.lastModified", when: func(t *T) *time.Time { return &meta(t).LastModified }},
		{path: "meta.version", made: func(t *T) filter.Value { return filter.TextValue(etag(meta(t).Version)) }},
	}
}

// etag is the entity tag of a version: weak, since two encodings of one version are equal in
// meaning only (RFC 7644 §3.14).
func etag(version string) string { return `W/"` + version + `"` }

// fieldLen answers filter.Resource.Len for a T with the given fields and extensions.
func fieldLen[T any](fields []field[T], t *T, extensions map[string]Object, r filter.Ref) int {
	f := &fields[r.Slot()]
	switch {
	case r.Slot() == 0:
		return objectLen(extensions, r)
	case f.size != nil:
		return f.size(t)
	case r.Kind() == filter.Complex:
		for i := range r.Subs() {
			if fieldLen(fields, t, extensions, r.Sub(i)) > 0 {
				return 1
			}
		}
		return 0
	case fieldValue(fields, t, extensions, r, 0).Present():
		return 1
	}
	return 0
}

// fieldValue answers filter.Resource.Value.
func fieldValue[T any](fields []field[T], t *T, extensions map[string]Object, r filter.Ref, i int) filter.Value {
	f := &fields[r.Slot()]
	switch {
	case f.text != nil:
		if s := *f.text(t, i); s != "" {
			return filter.Value{Kind: r.Kind(), Text: s}
		}
		return filter.Value{}
	case f.flag != nil:
		return filter.BoolValue(*f.flag(t, i))
	case f.when != nil:
		return filter.TimeValue(*f.when(t))
	case f.made != nil:
		return f.made(t)
	case r.Slot() == 0:
		return objectValue(extensions, r, i)
	}
	return filter.Value{}
}

// fieldSet answers resource.set.
func fieldSet[T any](fields []field[T], t *T, extensions *map[string]Object, r filter.Ref, i int, v filter.Value) {
	f := &fields[r.Slot()]
	switch {
	case f.text != nil:
		*f.text(t, i) = v.Text
	case f.flag != nil:
		*f.flag(t, i) = v.Bool()
	case f.when != nil && v.Present():
		*f.when(t) = v.Time()
	case f.when != nil:
		*f.when(t) = time.Time{}
	case r.Slot() == 0:
		setObject(extensions, r, i, v)
	}
}

// fieldGrow and fieldCut answer resource.grow and resource.cut.
func fieldGrow[T any](fields []field[T], t *T, extensions *map[string]Object, r filter.Ref) {
	if r.Slot() == 0 {
		growObject(extensions, r)
		return
	}
	fields[r.Slot()].grow(t)
}

func fieldCut[T any](fields []field[T], t *T, extensions map[string]Object, r filter.Ref, i int) {
	if r.Slot() == 0 {
		cutObject(extensions, r, i)
		return
	}
	fields[r.Slot()].cut(t, i)
}
