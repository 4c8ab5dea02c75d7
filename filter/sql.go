package filter

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// SQL returns the filter as a condition on a row, and its arguments appended to args: what the
// statement has before the condition. The condition takes them as $1, $2, … by their place in the
// returned slice, and all that came from a client is in them; the text is made of the layout and
// of registered names, and is the same whatever a filter compares with.
//
//	condition, args := b.SQL(filter.SQLite, layout, []any{tenant})
//	rows, err := db.QueryContext(ctx, "SELECT … FROM users AS u WHERE u.tenant = $1 AND "+condition, args...)
//
// The condition holds for exactly the rows whose resource [Bound.Match] matches, provided that
// texts in the database are UTF-8 without NUL. It is true or false and never NULL, also under NOT,
// and needs no parentheses next to AND. Comparisons with a column can use an index on it; in
// PostgreSQL those by order need one with COLLATE "C".
//
// Like Match it is not for filters made by [Path.Bind], and panics if it comes across an element
// that nothing leads to.
func (b *Bound) SQL(d Dialect, l Layout, args []any) (condition string, all []any) {
	if d != SQLite && d != Postgres {
		panic("filter: SQL: there is no dialect " + strconv.Itoa(int(d)))
	}
	if b == nil {
		return "TRUE", args
	}
	w := sqlWriter{postgres: d == Postgres, layout: &l, text: make([]byte, 0, 256), args: args}
	w.node(b.root, and)
	return string(w.text), w.args
}

// sqlWriter writes one condition.
type sqlWriter struct {
	postgres bool
	layout   *Layout
	text     []byte
	args     []any
	within   within
}

// within says what the element at hand is.
type within uint8

const (
	nothing within = iota
	document
	row
)

func (w *sqlWriter) put(parts ...string) {
	for _, s := range parts {
		w.text = append(w.text, s...)
	}
}

// node writes n as an operand of outer, which is and or or. Chains of one kind need no
// parentheses, and get none: databases bound how deep an expression is.
func (w *sqlWriter) node(n *node, outer nodeKind) {
	switch n.kind {
	case and:
		w.node(n.left, and)
		w.put(" AND ")
		w.node(n.right, and)
	case or:
		if outer == and {
			w.put("(")
		}
		w.node(n.left, or)
		w.put(" OR ")
		w.node(n.right, or)
		if outer == and {
			w.put(")")
		}
	case not:
		w.put("NOT (")
		w.node(n.left, or)
		w.put(")")
	case element:
		w.element(n)
	case never:
		w.put("FALSE")
	default:
		w.term(n)
	}
}

// element writes a value path. The parts of a singular attribute are asked of the resource, those
// of a multi-valued one of an element.
func (w *sqlWriter) element(n *node) {
	if n.ref.Multi() {
		w.some(n.ref, n.left)
		return
	}
	w.presence(n.ref)
	w.put(" AND ")
	w.node(n.left, and)
}

// term writes a comparison or pr: about the element at hand, the one value of a singular attribute,
// or any element of a list.
func (w *sqlWriter) term(n *node) {
	switch {
	case n.reach == here || w.within != nothing:
		w.test(n, w.part(n.ref))
	case n.reach == only:
		w.test(n, w.singular(n.ref))
	case n.ref.Multi():
		w.some(n.ref, n)
	case n.typ == Complex:
		w.presence(n.ref)
	default:
		w.some(n.ref.Parent(), n)
	}
}

// some asks whether an element of list satisfies n: a value filter, or a comparison that stands
// outside of brackets.
func (w *sqlWriter) some(list Ref, n *node) {
	from, where := w.layout.rows(list)
	if from == "" && w.layout.Folded == "" {
		w.put("FALSE")
		return
	}
	w.put("EXISTS (SELECT 1 FROM ")
	next := " WHERE "
	if from == "" {
		w.within = document
		w.elements(list)
	} else {
		w.within = row
		w.put(from, " WHERE ", where)
		next = " AND "
	}
	if n.kind != present || n.typ != Complex { // else it is enough that there is one
		w.put(next)
		w.node(n, and)
	}
	w.put(")")
	w.within = nothing
}

// presence asks whether a singular complex attribute is there: in the folded document, or by one
// of its parts.
func (w *sqlWriter) presence(r Ref) {
	if w.layout.Folded != "" {
		w.place(place{ref: r})
		w.put(" IS NOT NULL")
		return
	}
	open := "("
	for _, a := range r.a.subs {
		if c := w.layout.column(Ref{a}); c != "" && !a.Derived {
			w.put(open, c, " IS NOT NULL")
			open = " OR "
		}
	}
	if open == "(" {
		w.put(open, "FALSE")
	}
	w.put(")")
}

// place is where a value is.
type place struct {
	ref    Ref
	column string // or, if it is "",
	in     within // the element at hand, or with nothing the document
	absent bool
}

// singular returns the place of a singular attribute of the resource.
func (w *sqlWriter) singular(r Ref) place {
	p := place{ref: r, column: w.layout.column(r)}
	p.absent = p.column == "" && w.layout.Folded == ""
	return p
}

// part returns the place of a value of the element at hand.
func (w *sqlWriter) part(r Ref) place {
	p := place{ref: r, in: w.within}
	switch w.within {
	case nothing:
		panic("filter: SQL: the filter is about an element of " + r.String() + ", which no value path leads to")
	case row:
		p.column = w.layout.column(r)
		p.absent = p.column == ""
	}
	return p
}

// test writes a comparison or pr with one value, so that it is never NULL. A column is named twice
// to that end, where an index can be used; all else is computed, once.
func (w *sqlWriter) test(n *node, p place) {
	switch {
	case p.absent || n.kind == compare && unstorable(n.folded):
		w.put("FALSE")
	case n.kind == present || n.folded == "" && (n.op == co || n.op == sw || n.op == ew):
		w.place(p)
		w.put(" IS NOT NULL")
	case p.column != "":
		w.put("(", p.column, " IS NOT NULL AND ")
		w.compare(n, p)
		w.put(")")
	default:
		w.put("COALESCE(")
		w.compare(n, p)
		w.put(", FALSE)")
	}
}

// unstorable reports whether no text in a database equals s. Only [Equal] can bring such a text.
func unstorable(s string) bool { return strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) }

var sqlOps = [...]string{eq: " = ", gt: " > ", ge: " >= ", lt: " < ", le: " <= "}

// compare writes a comparison that is NULL if there is no value. It compares bytes: there is no
// LIKE and no lower, which differ between databases, and no order but that of bytes.
func (w *sqlWriter) compare(n *node, p place) {
	key := n.folded
	if n.typ != String && n.typ != Reference && n.typ != Binary {
		key = n.ref.Key(n.want)
	}
	w.args = append(w.args, key)
	switch {
	case n.op == co && w.postgres:
		w.call("strpos(", p, ", ", ") > 0")
	case n.op == co:
		w.call("instr(", p, ", ", ") > 0")
	case n.op == sw && w.postgres:
		w.call("starts_with(", p, ", ", ")")
	case n.op == sw:
		w.call("substr(", p, ", 1, length(", ")) = ")
		w.arg()
	case n.op == ew && w.postgres:
		w.call("right(", p, ", length(", ")) = ")
		w.arg()
	case n.op == ew:
		w.call("substr(", p, ", -length(", ")) = ")
		w.arg()
	case n.op == eq && w.postgres: // an index may have any collation: equal means the same in all
		w.place(p)
		w.put(sqlOps[eq])
		w.arg()
	default:
		w.bytes(p)
		w.put(sqlOps[n.op])
		w.arg()
	}
}

func (w *sqlWriter) call(open string, p place, comma, end string) {
	w.put(open)
	w.bytes(p)
	w.put(comma)
	w.arg()
	w.put(end)
}

// arg refers to the last argument. PostgreSQL is told that it is text, so that a column which is
// not is a mistake in each query, and not only for some values.
func (w *sqlWriter) arg() {
	w.text = append(w.text, '$')
	w.text = strconv.AppendInt(w.text, int64(len(w.args)), 10)
	if w.postgres {
		w.put("::text")
	}
}

// bytes writes the expression at p, to be compared byte by byte.
func (w *sqlWriter) bytes(p place) {
	w.place(p)
	switch {
	case w.postgres:
		w.put(` COLLATE "C"`)
	case p.column != "": // what a JSON function returns has no other collation
		w.put(" COLLATE BINARY")
	}
}

// place writes the expression at p.
func (w *sqlWriter) place(p place) {
	simple := p.ref.Multi() // of a list without parts the element is the value
	switch {
	case p.column != "":
		w.put(p.column)
	case p.in == nothing:
		w.extract(w.layout.Folded, pathOf(p.ref))
	case simple && w.postgres:
		w.put("(scim_element.value #>> '{}')")
	case simple:
		w.put("scim_element.value")
	default:
		w.extract("scim_element.value", [3]string{2: p.ref.Name()})
	}
}

// extract writes the expression of a member of a document, as text.
func (w *sqlWriter) extract(document string, names [3]string) {
	if !w.postgres {
		w.put("json_extract(", document, ", ")
		w.jsonPath(names)
		w.put("')")
		return
	}
	w.put("(", document)
	for _, name := range names[:2] {
		if name != "" {
			w.put(" -> '", name, "'")
		}
	}
	w.put(" ->> '", names[2], "')")
}

// elements writes the elements of a multi-valued attribute in the document as a table.
func (w *sqlWriter) elements(list Ref) {
	w.each(list)
	w.put(" AS scim_element")
	if w.postgres {
		w.put("(value)")
	}
}

// each writes the call of a function that returns the elements.
func (w *sqlWriter) each(list Ref) {
	open, end := "json_each(", "')"
	if w.postgres {
		open, end = "jsonb_path_query(", "[*]')"
	}
	w.put(open, w.layout.Folded, ", ")
	w.jsonPath(pathOf(list))
	w.put(end)
}

// pathOf returns the members on the way to a value in the document: of an extension, of the
// attribute that r is a part of, and of r.
func pathOf(r Ref) (names [3]string) {
	names[0] = r.URN()
	if p := r.Parent(); !p.IsZero() {
		names[1] = p.Name()
	}
	names[2] = r.Name()
	return names
}

// jsonPath writes '$."a"."b" without the quote at its end. Neither database reads an escape there,
// and none is needed: see isName and isURN.
func (w *sqlWriter) jsonPath(names [3]string) {
	w.put("'$")
	for _, name := range names {
		if name != "" {
			w.put(`."`, name, `"`)
		}
	}
}
