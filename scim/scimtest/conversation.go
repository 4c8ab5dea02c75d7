// Package scimtest tests SCIM servers and the parts they are made of.
//
// # Conversations
//
// A [Conversation] is an exchange between an identity provider and a SCIM server, written down as
// text: what the client sends, in its own spelling, and what it must be told. The package embeds
// one file per behavior, returned by [Conversations]; a host may [Parse] its own. They run against
// any [http.Handler] and know nothing of the server behind it:
//
//	protects: a removal without a filter takes only the members it lists
//	source: Microsoft Entra ID, known issues with SCIM 2.0 compliance
//	needs: groups
//
//	# Ada is in the group, Grace is not.
//	> POST /Users
//	{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@example.com"}
//	< 201
//	< Location: {{base}}/Users/{{ada}}
//	{"id": "{{ada}}", "userName": "ada@example.com", "meta": {"created": "<time>"}}
//
//	> GET /Users?filter=userName eq "ada@example.com"
//	> Accept: application/scim+json
//	< 200
//	{"totalResults": 1, "Resources": [{"id": "{{ada}}"}]}
//
// A line that begins with # is a comment. The preamble has the lines protects (the promise, one
// sentence), source (who was seen doing it, or which specification says so) and, if the plain
// host will not do, needs (see [Conversation.Needs]).
//
// A request is a line "> METHOD target", header lines "> Name: value" and a body, sent as written.
// The target is appended to the base URL of the host, or replaces it if it is absolute; spaces,
// quotes, control characters and everything outside ASCII are percent-encoded, the rest is left
// alone. The headers of the host are sent along, and a request with a body is
// application/scim+json; a header line replaces either, and one without a value removes it.
//
// An answer is a line "< STATUS", header lines "< Name: value" and a JSON value, of which the one
// received must be an extension: an object may have more keys than those named (their case
// counts), an array must have the same elements in the same order, and everything else must be
// equal. Without a JSON value the body is not compared, but see below. Instead of a value stands
//
//	"<any>"             something that is not null
//	"<absent>"          nothing: the key, or the header, must not be there
//	"<time>"            an RFC 3339 time in UTC
//	"<contains: text>"  a string with text in it
//	"<not: text>"       any string but text
//
// and an array that begins with "<any order>" is matched in any order, one that begins with
// "<at least>" may have other elements too, as long as the ones listed are among them.
//
// {{name}} stands for what name was bound to: {{base}} is the base URL, every other name is bound
// where it first occurs in an answer, to whatever stands there, and must be equal from then on.
// In a request it must have been bound before.
//
// Of every answer the runner demands, unasked, that 204 and 304 come without a body; that any
// other body is application/scim+json, valid JSON and names no key twice; that one of a success
// has no null in it; and that a status of 400 or more is explained by a SCIM error body with the
// status as a string and a detail to read.
//
// # Stores
//
// [TestUserStore] and [TestGroupStore] hold a store to the contract of [scim.UserStore] and
// [scim.GroupStore], promise by promise; a failure prints the promise that was broken. A host calls
// them from a test of its own with a function that opens an empty store:
//
//	func TestUsers(t *testing.T) {
//		scimtest.TestUserStore(t, func(t *testing.T) scim.UserStore { return openStore(t) })
//	}
//
// They know nothing but the interface, and serve stores that choose IDs and versions of their own.
//
// [TestModel] goes on where promises end: it plays random sequences of operations on a store and on
// a plain reference, compares every answer, and tells a difference in the shortest sequence that
// shows it. Then many write at once. The same seed is the same sequence; a [Model] takes more of
// them, and longer ones.
//
// # Isolation
//
// [TestIsolation] mixes the requests of three principals at one handler, two of a tenant and one of
// another, and searches every answer for what the others sent. An [Overlaps], wrapped around the
// stores, makes their calls meet there and counts the requests that did; an [Isolation] says how
// many have to. The examples show how a host calls both.
package scimtest

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Conversation is one exchange between an identity provider and a SCIM server, as text. The
// package documentation describes the format.
type Conversation struct {
	Name     string // base name of the file, without .txt
	Protects string // the promise that is broken when the conversation fails
	Source   string // where the client was seen, or what it is entitled to

	// Needs names what the host must be, beside a server of users:
	//
	//	groups                a server of groups too; so is a host without needs
	//	no-groups             not a server of groups
	//	ninjaone              a host that demands an organizationId of end users; organizations
	//	                      7, 8 and 9 exist, any other is refused
	//	default-organization  as ninjaone, but end users without an organization go to 7
	//	strict                a host that refuses what it does not know instead of ignoring it
	Needs []string

	Steps []Step
}

// A Step is one request and the answer it must get.
type Step struct {
	Line int // of its first line in the file

	Method, Target string
	Header         []Field
	Body           string

	Status     int
	WantHeader []Field
	Want       string // JSON with marks; "" if the body is not compared
}

// A Field is one header line.
type Field struct{ Name, Value string }

// needs are the names that Conversation.Needs may hold.
var needs = []string{"groups", "no-groups", "ninjaone", "default-organization", "strict"}

//go:embed conversations/*.txt
var embedded embed.FS

// Conversations returns the conversations of this package, sorted by name.
func Conversations() ([]Conversation, error) {
	files, err := fs.Glob(embedded, "conversations/*.txt")
	if err != nil {
		return nil, fmt.Errorf("scimtest: %w", err)
	}
	var all []Conversation
	for _, file := range files {
		text, err := embedded.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("scimtest: %w", err)
		}
		c, err := Parse(file, text)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Conversation) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Parse reads a conversation. The name is that of the file it came from. It is an error, which
// names file and line, if anything in the text is unknown or could not be meant: so a
// conversation that parses either holds or fails, and never passes by a slip of the pen.
func Parse(name string, text []byte) (Conversation, error) {
	p := parser{
		c:     Conversation{Name: strings.TrimSuffix(path.Base(name), ".txt")},
		bound: map[string]bool{"base": true},
	}
	for line := range strings.Lines(string(text)) {
		p.lines = append(p.lines, strings.TrimRight(line, "\r\n"))
	}
	if err := p.parse(); err != nil {
		return Conversation{}, fmt.Errorf("scimtest: %s:%d: %w", name, max(1, min(p.at+1, len(p.lines))), err)
	}
	return p.c, nil
}

// A parser reads the lines of one conversation; at is the line it looks at.
type parser struct {
	c     Conversation
	lines []string
	at    int
	bound map[string]bool
}

func (p *parser) parse() error {
	if err := p.preamble(); err != nil {
		return err
	}
	for p.at < len(p.lines) {
		s, err := p.step()
		if err != nil {
			return err
		}
		p.c.Steps = append(p.c.Steps, s)
	}
	if len(p.c.Steps) == 0 {
		return fmt.Errorf("there are no steps")
	}
	return nil
}

// idle reports whether the current line is blank or a comment.
func (p *parser) idle() bool {
	line := strings.TrimSpace(p.lines[p.at])
	return line == "" || strings.HasPrefix(line, "#")
}

// begins reports whether there is a current line and it begins with one of the marks.
func (p *parser) begins(marks ...string) bool {
	return p.at < len(p.lines) && slices.ContainsFunc(marks, func(mark string) bool {
		return strings.HasPrefix(p.lines[p.at], mark)
	})
}

func (p *parser) preamble() error {
	seen := make(map[string]bool)
	for ; p.at < len(p.lines) && !p.begins(">"); p.at++ {
		if p.idle() {
			continue
		}
		key, value, ok := strings.Cut(p.lines[p.at], ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok || value == "":
			return fmt.Errorf("%q is not a line \"key: value\"", p.lines[p.at])
		case seen[key]:
			return fmt.Errorf("%s is given twice", key)
		}
		seen[key] = true
		switch key {
		case "protects":
			p.c.Protects = value
		case "source":
			p.c.Source = value
		case "needs":
			p.c.Needs = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
			for _, need := range p.c.Needs {
				if !slices.Contains(needs, need) {
					return fmt.Errorf("unknown need %q; there are %s", need, strings.Join(needs, ", "))
				}
			}
		default:
			return fmt.Errorf("unknown key %q; there are protects, source and needs", key)
		}
	}
	for _, key := range []string{"protects", "source"} {
		if !seen[key] {
			return fmt.Errorf("there is no line %q before the first step", key+": …")
		}
	}
	return nil
}

func (p *parser) step() (s Step, err error) {
	s.Line = p.at + 1
	line, err := p.marked(">")
	if err != nil {
		return s, err
	}
	s.Method, s.Target, _ = strings.Cut(line, " ")
	s.Target = strings.TrimSpace(s.Target)
	if s.Method == "" || strings.Trim(s.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || s.Target == "" {
		return s, fmt.Errorf("%q is not a request \"> METHOD target\"", p.lines[p.at])
	}
	if !strings.HasPrefix(s.Target, "/") && !strings.HasPrefix(s.Target, "{{") && !strings.Contains(s.Target, "://") {
		return s, fmt.Errorf("the target %q begins neither with a slash nor with a scheme", s.Target)
	}
	if err := p.mustBeBound(s.Target); err != nil {
		return s, err
	}
	p.at++
	if s.Header, err = p.headers(">"); err != nil {
		return s, err
	}
	start := p.at
	s.Body = p.body()
	if err := p.bodyMustBeBound(start); err != nil {
		return s, err
	}

	line, err = p.marked("<")
	if err != nil {
		return s, err
	}
	if s.Status, err = strconv.Atoi(line); err != nil || http.StatusText(s.Status) == "" {
		return s, fmt.Errorf("%q is not an answer \"< STATUS\"", p.lines[p.at])
	}
	p.at++
	if s.WantHeader, err = p.headers("<"); err != nil {
		return s, err
	}
	return s, p.want(&s)
}

// want reads the expected body of s.
func (p *parser) want(s *Step) error {
	start := p.at
	s.Want = p.body()
	if s.Want == "" {
		return nil
	}
	for p.at = start; p.idle(); p.at++ {
	}
	if bodyless(s.Status) {
		return fmt.Errorf("an answer %d has no body", s.Status)
	}
	v, offset, err := decode(s.Want)
	if err != nil {
		p.at = p.lineOf(start, s.Want, offset)
		return err
	}
	if err := p.declare(start, s.Want, v, false); err != nil {
		return err
	}
	p.at = start
	p.body()
	return nil
}

// lineOf returns the index of the line on which the given offset of a body lies that began at
// the line with index start. Comments count: the body has an empty line in their place.
func (p *parser) lineOf(start int, body string, offset int) int {
	return start + strings.Count(body[:min(offset, len(body))], "\n")
}

// marked returns the current line without its mark.
func (p *parser) marked(mark string) (string, error) {
	if !p.begins(mark) {
		if p.at >= len(p.lines) {
			return "", fmt.Errorf("the file ends where a line %q is due", mark+" …")
		}
		return "", fmt.Errorf("%q stands where a line %q is due", p.lines[p.at], mark+" …")
	}
	return strings.TrimSpace(p.lines[p.at][1:]), nil
}

var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // RFC 9110 §5.6.2

func (p *parser) headers(mark string) ([]Field, error) {
	var fields []Field
	for ; p.begins(mark); p.at++ {
		name, value, ok := strings.Cut(strings.TrimSpace(p.lines[p.at][1:]), ":")
		f := Field{name, strings.TrimSpace(value)}
		if !ok || !token.MatchString(name) {
			return nil, fmt.Errorf("%q is not a header \"%s Name: value\"", p.lines[p.at], mark)
		}
		check := p.mustBeBound
		if mark == "<" {
			check = p.declareText
		}
		if err := check(f.Value); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// body returns the lines up to the next mark, with comments blanked and the end trimmed. It
// keeps leading lines, so that positions in it are positions in the file.
func (p *parser) body() string {
	var b strings.Builder
	for ; p.at < len(p.lines) && !p.begins(">", "<"); p.at++ {
		if !p.idle() {
			b.WriteString(p.lines[p.at])
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n\t ")
}

var placeholder = regexp.MustCompile(`\{\{([A-Za-z][A-Za-z0-9_]*)\}\}`)

// names returns the names of the placeholders in text.
func names(text string) ([]string, error) {
	var all []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	if strings.Count(text, "{{") != len(all) {
		return nil, fmt.Errorf("%q has a {{ that does not begin a {{name}}", text)
	}
	return all, nil
}

// mustBeBound checks a piece of a request, where a name cannot be bound.
func (p *parser) mustBeBound(text string) error {
	all, err := names(text)
	if err != nil {
		return err
	}
	for _, name := range all {
		if !p.bound[name] {
			return fmt.Errorf("{{%s}} is not bound by any answer before", name)
		}
	}
	return nil
}

// bodyMustBeBound is mustBeBound for the body that ends at the current line.
func (p *parser) bodyMustBeBound(start int) error {
	end := p.at
	for p.at = start; p.at < end; p.at++ {
		if p.idle() {
			continue
		}
		if err := p.mustBeBound(p.lines[p.at]); err != nil {
			return err
		}
	}
	return nil
}

// declare checks the marks in an expected value, which may be that of a member of an object, and
// binds its names, in order.
func (p *parser) declare(start int, body string, v value, member bool) error {
	p.at = p.lineOf(start, body, v.offset)
	switch v.kind {
	case '"':
		if order(v.text) {
			return fmt.Errorf("%q may only begin an array", v.text)
		}
		if !member && v.text == "<absent>" {
			return fmt.Errorf("only a member of an object can be %q", v.text)
		}
		return p.declareText(v.text)
	case '[':
		elements := v.elements
		if len(elements) > 0 && order(elements[0].text) {
			elements = elements[1:]
		}
		for _, e := range elements {
			if err := p.declare(start, body, e, false); err != nil {
				return err
			}
		}
	case '{':
		for _, m := range v.members {
			if err := p.declare(start, body, m.value, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// declareText checks one expected string or header value and binds its names.
func (p *parser) declareText(text string) error {
	if _, argument, err := mark(text); err != nil {
		return err
	} else if argument != "" {
		return p.mustBeBound(argument)
	}
	all, err := names(text)
	for _, name := range all {
		p.bound[name] = true
	}
	return err
}

// mark splits an expected string that is not to be taken literally, such as <contains: text>,
// into its verb and argument. For any other text the verb is empty.
func mark(text string) (verb, argument string, err error) {
	if !strings.HasPrefix(text, "<") || !strings.HasSuffix(text, ">") {
		return "", "", nil
	}
	verb, argument, _ = strings.Cut(text[1:len(text)-1], ":")
	argument = strings.TrimSpace(argument)
	switch verb {
	case "any", "absent", "time":
		if argument == "" {
			return verb, "", nil
		}
	case "contains", "not":
		if argument != "" {
			return verb, argument, nil
		}
	}
	return "", "", fmt.Errorf("unknown mark %q", text)
}

// order reports whether text is a mark that tells how an array is matched.
func order(text string) bool { return text == "<any order>" || text == "<at least>" }
