package filter

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// FuzzGrown grows filters that are nearly always accepted, over words that are awkward for a
// fold, a parser or a database.
func FuzzGrown(f *testing.F) {
	f.Add([]byte("a"))
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"))
	f.Add([]byte(strings.Repeat("\x03\x11\x07\x2a\x05", 20)))
	f.Add([]byte(strings.Repeat("\x02\x00\x01", 30)))
	g := testRegistry(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &grower{data: data}
		text := s.expr(0)
		words := []string{s.word(), s.word(), s.word()}
		checkFilter(t, g, text, fuzzResources(words, s.int(), uint16(s.next())<<8|uint16(s.next())))
	})
}

// TestGrown is FuzzGrown with the same bytes each time: it also says how many of the filters that
// grow are accepted and match, so that the fuzz target does not quietly lose its subject.
func TestGrown(t *testing.T) {
	g := testRegistry(t)
	random := rand.New(rand.NewPCG(1, 2))
	const runs = 500
	accepted, matched := 0, 0
	for range runs {
		data := make([]byte, 8+random.IntN(100))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		s := &grower{data: data}
		text := s.expr(0)
		resources := fuzzResources([]string{s.word(), s.word(), s.word()}, s.int(), uint16(random.Uint32()))
		checkFilter(t, g, text, resources)
		if b, err := compile(g, text); err == nil {
			accepted++
			if b.Match(newDoc(g, resources[1])) {
				matched++
			}
		}
	}
	if accepted < runs/3 || matched < accepted/8 || matched > accepted*7/8 {
		t.Errorf("of %d filters %d are accepted and %d match", runs, accepted, matched)
	}
	t.Logf("of %d filters %d are accepted and %d match", runs, accepted, matched)
}

// grower makes a filter out of bytes.
type grower struct {
	data  []byte
	known []string // texts that resources have, to be asked for
}

func (s *grower) next() int {
	if len(s.data) == 0 {
		return 7 // a comparison: growing ends
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b)
}

func (s *grower) pick(list ...string) string { return list[s.next()%len(list)] }

// awkwardWords are what a fold, a parser or a database might trip over.
var awkwardWords = []string{"", "a", "A", "É", "é", "e\u0301", "İ", "i", "ı", "ß", "ẞ", "ss", "ſ", "s", "K", "\u212a", "k",
	"%", "_", "'", `"`, `\`, "'--", "a b", "null", "true", "𝄞", "Σ", "ς", "ǅ", "\uFFFD", "\u2028", "\x7f",
	"\t", "(", "]", "and", "work", strings.Repeat("aé", 150), strings.Repeat("%", 300)}

var awkwardNumbers = []string{"0", "-0", "1", "5", "-1", "9007199254740993", "9007199254740992",
	"9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809",
	"5.0", "1.5", "-0.5", "1e3", "5e-1", "1E308", "1e-308", "1e309", "9223372036854775807.5",
	"5e-324", "-5e-324", "1.7976931348623157e308", "2.2250738585072011e-308", "0.1", "0.30000000000000004"}

var awkwardTimes = []string{"2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", "2019-12-31T23:59:59.9999999Z",
	"1970-01-01T00:00:05", "2020-02-30T00:00:00Z", "2020-01-01T00:00:00.000000001Z", "1969-12-31T23:59:59.5Z",
	"0001-01-01T00:00:00.5Z", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999-23:59"}

func (s *grower) word() string { return s.pick(awkwardWords...) }

func (s *grower) int() int64 {
	n, _ := strconv.ParseInt(s.number(), 10, 64) // what does not fit comes out as a limit of int64
	return n
}

func (s *grower) number() string { return s.pick(awkwardNumbers...) }

func (s *grower) expr(depth int) string {
	if kind := s.next() % 8; depth < 8 {
		switch kind {
		case 0:
			return s.expr(depth+1) + s.pick(" and ", " AND ", "  and ") + s.expr(depth+1)
		case 1:
			return s.expr(depth+1) + s.pick(" or ", " Or ", " or  ") + s.expr(depth+1)
		case 2:
			return s.pick("not (", "not(", "NOT  ( ") + s.expr(depth+1) + ")"
		case 3:
			return "(" + s.expr(depth+1) + s.pick(")", " )")
		case 4:
			return s.element(depth)
		}
	}
	return s.comparison(s.pick("userName", "ID", "displayName", "externalId", "emails", "emails.value",
		"emails.type", "emails.primary", "tags", "loginCount", "score", "active", "meta.created", "name",
		"name.familyName", "prefs.lists", "picture", "addresses", "nobody", enterpriseURN+":department",
		strings.ToUpper(enterpriseURN)+":manager", "manager.value", "urn:acme:User.badge", acme2URN+":zone"))
}

// element grows a value filter.
func (s *grower) element(depth int) string {
	list := s.pick("emails", "emails", "tags", "prefs", "name", coreURN+":emails")
	part := map[string][]string{"tags": {"value"}, "prefs": {"lists", "level"}, "name": {"familyName", "givenName"}}[list]
	if part == nil {
		part = []string{"value", "type", "primary", "rank", "since"}
	}
	inner := s.comparison(s.pick(part...))
	for range s.next() % 4 {
		inner = s.pick("not (", "(") + inner + ")" + s.pick(" and ", " or ") + s.comparison(s.pick(part...))
	}
	switch s.next() % 3 {
	case 0:
		return s.comparison(list + "[" + inner + "]." + s.pick(part...))
	case 1:
		return "(" + list + "[" + inner + "] and " + s.expr(depth+1) + ")"
	}
	return list + "[" + inner + "]"
}

func (s *grower) comparison(path string) string {
	op := s.pick("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr", "eq", "EQ", "nE")
	if op == "pr" {
		return path + " pr"
	}
	return path + " " + op + " " + s.literal(path)
}

var (
	numberPath = regexp.MustCompile(`(?:Count|score|rank|level|badge)$`)
	boolPath   = regexp.MustCompile(`(?:active|primary)$`)
	timePath   = regexp.MustCompile(`(?:created|since)$`)
)

// literal grows a value that mostly suits the attribute.
func (s *grower) literal(path string) string {
	kind := s.next() % 16
	switch {
	case kind == 0:
		return s.pick("null", "NULL", "true", "bare", "É")
	case numberPath.MatchString(path):
		return s.number()
	case boolPath.MatchString(path):
		return s.pick("true", "false", `"True"`, "FALSE")
	case timePath.MatchString(path):
		return `"` + s.pick(awkwardTimes...) + `"`
	case len(s.known) > 0 && kind > 7:
		return s.escape(s.pick(s.known...))
	}
	return s.quote(s.word() + s.word())
}

func (s *grower) quote(word string) string {
	if s.next()%3 == 0 {
		return `""`
	}
	return s.escape(word)
}

func (s *grower) escape(word string) string {
	var b strings.Builder
	for _, r := range word {
		switch {
		case len(word) < 32 && s.next()%4 == 0 && r < 0x10000:
			fmt.Fprintf(&b, s.pick(`\u%04x`, `\u%04X`), r)
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}
