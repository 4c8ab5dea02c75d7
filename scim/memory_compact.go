package scim

import (
	"strings"
)

// reused is how far compact looks for a text it has already, in bytes: a user has some hundred
// bytes of text, in which a display name, a user name or a work address occurs two or three
// times. It bounds the work on one who has a megabyte.
const reused = 1024

// compact makes all text of a user, and its keys, parts of one string, so that a user is few
// objects, and keeps no body alive that its text was cut from. ManagedBy is the table's.
func compact(r *userRow, p []posting) {
	var b strings.Builder
	b.Grow(reused)
	at := make([]int, 0, 64) // where each text begins
	eachText(r, p, func(s *string) {
		text := b.String()
		i := strings.Index(text[:min(len(text), reused)], *s)
		if i < 0 {
			i = len(text)
			b.WriteString(*s)
		}
		at = append(at, i)
	})
	whole, n := strings.Clone(b.String()), 0
	eachText(r, p, func(s *string) {
		*s = whole[at[n] : at[n]+len(*s)]
		n++
	})
	for _, o := range r.Extensions {
		cloneText(o)
	}
}

// eachText visits every text of a user that is not empty, and its keys, always in the same order.
func eachText(r *userRow, p []posting, visit func(*string)) {
	some := func(s *string) {
		if *s != "" {
			visit(s)
		}
	}
	some(&r.Version)
	for _, f := range userFields {
		if f.text == nil {
			continue
		}
		n := 1
		if f.size != nil {
			n = f.size(&r.User)
		}
		for i := range n {
			some(f.text(&r.User, i))
		}
	}
	for i := range p {
		some(&p[i].key)
	}
}

// cloneText gives an object strings of its own.
func cloneText(o Object) {
	for name, v := range o {
		o[name] = withOwnText(v)
	}
}

func withOwnText(v any) any {
	switch v := v.(type) {
	case string:
		return strings.Clone(v)
	case Object:
		cloneText(v)
	case []any:
		for i := range v {
			v[i] = withOwnText(v[i])
		}
	}
	return v
}
