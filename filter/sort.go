package filter

// Sortable reports whether resources can be put in the order of r: whether it has a simple value,
// its own or that of its default part, and is not [Ref.Derived].
func (r Ref) Sortable() bool { return !r.sorted().IsZero() }

// sorted returns the attribute whose values an order by r compares.
func (r Ref) sorted() Ref {
	if r.IsZero() {
		return Ref{}
	}
	if r.Kind() == Complex {
		r = r.Default()
	}
	if r.IsZero() || r.Derived() {
		return Ref{}
	}
	return r
}

// list returns the multi-valued attribute that r is, or is a part of, else the zero Ref.
func (r Ref) list() Ref {
	if p := r.Parent(); !r.Multi() && !p.IsZero() {
		r = p
	}
	if !r.Multi() {
		return Ref{}
	}
	return r
}

// SortKey returns what a resource is sorted by when sortBy names r (RFC 7644 §3.4.2.3): the
// [Ref.Key] of its value; of a multi-valued attribute that of the primary element, or of the
// first if none is primary. It is not ok if there is no such value, or r is not [Ref.Sortable].
func (r Ref) SortKey(res Resource) (key string, ok bool) {
	by := r.sorted()
	if by.IsZero() {
		return "", false
	}
	list, i := by.list(), 0
	if !list.IsZero() {
		if res.Len(list) == 0 {
			return "", false
		}
		i = primary(list, res)
	}
	v := res.Value(by, i)
	if !v.Present() {
		return "", false
	}
	return by.Key(v), true
}

// primary returns the first element of a list that is primary, or 0.
func primary(list Ref, res Resource) int {
	flag, ok := list.Part("primary")
	if !ok || flag.Kind() != Boolean {
		return 0
	}
	for i := range res.Len(list) {
		if res.Value(flag, i).Bool() {
			return i
		}
	}
	return 0
}

// SortSQL returns an expression for the [Ref.SortKey] of the row at hand: text to be compared byte
// by byte, NULL where there is none. It is "" if r is not [Ref.Sortable], or is kept in rows of
// its own.
func (r Ref) SortSQL(d Dialect, l Layout) string {
	by := r.sorted()
	if by.IsZero() {
		return ""
	}
	w := sqlWriter{postgres: d == Postgres, layout: &l}
	list := by.list()
	if list.IsZero() {
		p := w.singular(by)
		if p.absent {
			return "CAST(NULL AS text)" // a bare NULL PostgreSQL takes for the number of a column
		}
		w.bytes(p)
		return string(w.text)
	}
	if from, _ := l.rows(list); from != "" || l.Folded == "" {
		return ""
	}
	w.within = document
	w.put("(SELECT ")
	w.bytes(w.part(by))
	w.put(" FROM ")
	w.each(list)
	place := "scim_element.key"
	if w.postgres {
		w.put(" WITH ORDINALITY AS scim_element(value, place)")
		place = "scim_element.place"
	} else {
		w.put(" AS scim_element")
	}
	w.put(" ORDER BY ")
	if flag, ok := list.Part("primary"); ok && flag.Kind() == Boolean {
		w.put("COALESCE(")
		w.place(w.part(flag))
		w.put(" = '1', FALSE) DESC, ")
	}
	w.put(place, " LIMIT 1)")
	return string(w.text)
}
