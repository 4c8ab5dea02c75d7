package filter

// A Path is the "path" of a PATCH operation (RFC 7644 §3.5.2), read but not yet looked up.
type Path struct{ p *parsed }

// A Target is what a path names in a registry: an attribute, with a value filter some of its
// elements, with a sub-attribute a part of it or of them; or a whole extension.
type Target struct {
	Extension string // the URN, if the path is that of a schema; then nothing else is set
	Ref       Ref
	Sub       Ref    // the part behind a value filter, or zero
	Filter    *Bound // which elements, or nil; see [Bound.MatchElement]
	Liberty   string // what was tolerated, or ""
}

// ParsePath reads a path: userName, name.givenName, emails[type eq "work"].value, each also behind
// a URN, or a URN alone. Its error is an [*Error].
func ParsePath(text string) (Path, error) {
	l := lifter{text: text, code: InvalidPath}
	if err := l.checkText(); err != nil {
		return Path{}, err
	}
	l.spaces()
	o, err := l.operand(0)
	if err != nil {
		return Path{}, err
	}
	l.spaces()
	if l.pos < len(text) {
		return Path{}, l.fail(l.pos, "the path ends before it")
	}
	return Path{&parsed{text: text, code: InvalidPath, operands: []operand{o}}}, nil
}

// String returns the text the path was read from.
func (p Path) String() string {
	if p.p == nil {
		return ""
	}
	return p.p.text
}

// Attribute returns the path without its value filter and what follows that.
func (p Path) Attribute() string {
	if p.p == nil {
		return ""
	}
	return p.p.operands[0].path
}

// Bind looks the path up in a registry. The error is an [*Error].
func (p Path) Bind(g *Registry) (Target, error) {
	if p.p == nil {
		return Target{}, &Error{InvalidPath, 0, "", "an attribute is expected"}
	}
	o := &p.p.operands[0]
	if urn, ok := g.URN(o.path); ok && o.element == nil {
		return Target{Extension: urn}, nil
	}
	b := binder{registry: g, parsed: p.p}
	ref, liberty, ok := g.Find(o.path)
	if !ok {
		return Target{}, b.unknown(o)
	}
	t := Target{Ref: ref, Liberty: liberty}
	if o.element == nil {
		return t, nil
	}
	inner, err := b.inside(ref, o)
	if err != nil {
		return Target{}, err
	}
	if o.sub != "" {
		if t.Sub, ok = ref.Part(o.sub); !ok {
			return Target{}, b.fail(o.subPos, o.sub, "the attribute "+ref.String()+" has no such sub-attribute")
		}
	}
	t.Filter = &Bound{registry: g, root: inner, text: o.element.text, liberty: b.liberty}
	if t.Liberty == "" {
		t.Liberty = b.liberty
	}
	return t, nil
}
