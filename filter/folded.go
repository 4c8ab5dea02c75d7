package filter

import "unicode/utf8"

// Folded returns the folded document of res: a JSON object of the shape the resource has on the
// wire, in which each simple value is a string, its [Ref.Key]. The conditions of [Bound.SQL] read
// it, so a store keeps it in the row, next to whatever it makes the resource from, and makes it
// anew with each change; and in every row when the registry changed, or Go brought a new Unicode.
//
//	{"userName":"ADA@EXAMPLE.COM","active":"1","emails":[{"value":"ADA@EXAMPLE.COM","type":"WORK"}]}
//
// Derived attributes are not in it. A NUL and what is not UTF-8 become U+FFFD, as PostgreSQL keeps
// neither.
func (g *Registry) Folded(res Resource) string {
	f := folder{res: res, out: make([]byte, 1, 1024)}
	f.out[0] = '{'
	for _, a := range g.tops[0] {
		f.attribute(a, 0)
	}
	for i, tops := range g.tops[1:] {
		mark := f.name(g.schemas[i+1].URN)
		if !f.object(tops, 0) {
			f.out = f.out[:mark]
		}
	}
	return string(append(f.out, '}'))
}

// folder writes a folded document.
type folder struct {
	res Resource
	out []byte
}

// name begins a member of an object, and returns where, so that it can be taken back.
func (f *folder) name(name string) (mark int) {
	mark = len(f.out)
	if f.out[mark-1] != '{' {
		f.out = append(f.out, ',')
	}
	f.out = append(f.out, '"')
	f.out = append(f.out, name...)
	f.out = append(f.out, `":`...)
	return mark
}

// object writes an object of attributes, and reports whether it has a member.
func (f *folder) object(list []*attr, i int) bool {
	start := len(f.out)
	f.out = append(f.out, '{')
	for _, a := range list {
		f.attribute(a, i)
	}
	f.out = append(f.out, '}')
	return len(f.out) > start+len("{}")
}

// attribute writes a member, if there is a value; i is the element whose part it is.
func (f *folder) attribute(a *attr, i int) {
	if a.Derived {
		return
	}
	mark, ok := f.name(a.Name), true
	switch {
	case a.Multi:
		ok = f.list(a)
	case a.Kind != Complex:
		ok = f.simple(a, i)
	case f.res.Len(Ref{a}) > 0:
		f.object(a.subs, 0)
	default:
		ok = false
	}
	if !ok {
		f.out = f.out[:mark]
	}
}

// list writes the elements of a multi-valued attribute, null for one without a value.
func (f *folder) list(a *attr) bool {
	n := f.res.Len(Ref{a})
	for i := range n {
		f.out = append(f.out, "[,"[min(i, 1)])
		switch {
		case a.Kind == Complex:
			f.object(a.subs, i)
		case !f.simple(a, i):
			f.out = append(f.out, "null"...)
		}
	}
	f.out = append(f.out, ']')
	return n > 0
}

// simple writes one value.
func (f *folder) simple(a *attr, i int) bool {
	v := f.res.Value(Ref{a}, i)
	if !v.Present() {
		return false
	}
	f.out = append(f.out, '"')
	switch a.Kind {
	case String, Reference, Binary:
		f.text(v.Text, a.CaseExact)
	default:
		f.out = appendKey(f.out, a.Kind, v)
	}
	f.out = append(f.out, '"')
	return true
}

// text writes the key of s as the inside of a JSON string (RFC 8259 §7).
func (f *folder) text(s string, exact bool) {
	for _, r := range s { // of bytes that are not UTF-8, range makes U+FFFD
		if !exact {
			r = foldRune(r)
		}
		switch {
		case r == 0:
			f.out = utf8.AppendRune(f.out, utf8.RuneError)
		case r == '"' || r == '\\':
			f.out = append(f.out, '\\', byte(r))
		case r < ' ':
			f.out = appendHex(append(f.out, `\u`...), uint64(r), 4)
		default:
			f.out = utf8.AppendRune(f.out, r)
		}
	}
}
