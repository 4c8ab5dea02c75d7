package saml

import (
	"fmt"
	"strings"
)

// logoutParts are the parts of a message of a logout.
type logoutParts struct {
	issuer, signature *node
	name              *node   // of a request: NameID or EncryptedID
	sessions          []*node // of a request
	status            *node   // of an answer
}

// offProfile is the refusal of a document that is not a message of a logout, whatever is signed in it.
func offProfile(expected, actual string) error { return refuse(LogoutProfile, expected, actual) }

// readLogoutParts wants a LogoutRequest or a LogoutResponse (SAML core §3.7) with its parts in their
// order and nothing beside them: a signature in it could be of something else.
func readLogoutParts(root *node, in logoutInput) (logoutParts, error) {
	want := "LogoutRequest"
	if in.answer {
		want = "LogoutResponse"
	}
	if err := checkLogoutRoot(root, want); err != nil {
		return logoutParts{}, err
	}
	r := partReader{rest: root.elements()}
	parts := logoutParts{issuer: r.one(nsAssertion, "Issuer"), signature: r.maybe(nsSignature, "Signature")}
	if extensions := r.maybe(nsProtocol, "Extensions"); extensions != nil {
		r.foreign(extensions)
	}
	if in.answer {
		parts.status = r.one(nsProtocol, "Status")
	} else {
		r.request(&parts)
	}
	if len(r.rest) > 0 {
		r.miss("nothing more")
	}
	switch {
	case r.missing != "":
		return parts, offProfile(want+" with "+r.missing, r.found)
	case hasText(root):
		return parts, offProfile("elements", "text between them")
	case parts.signature != nil && in.binding == HTTPRedirect:
		return parts, offProfile("a signature beside the document, by HTTP-Redirect", "one in it")
	}
	return parts, nil
}

// checkLogoutRoot checks what all messages have (SAML core §3.2.1, §3.2.2).
func checkLogoutRoot(root *node, want string) error {
	version, _ := root.attr("Version")
	id, _ := root.attr("ID")
	switch {
	case !root.is(nsProtocol, want):
		return offProfile(want, root.local)
	case version != "2.0":
		return offProfile("Version 2.0", version)
	case id == "":
		return offProfile("an ID", "none")
	}
	return nil
}

// A partReader takes the parts of a message one by one.
type partReader struct {
	rest    []*node
	missing string // the first part that was not there
	found   string // and what was in its place
}

// one takes a part that has to be there.
func (r *partReader) one(space, local string) *node {
	n := r.maybe(space, local)
	if n == nil {
		r.miss(local)
	}
	return n
}

func (r *partReader) miss(what string) {
	if r.missing != "" {
		return
	}
	r.missing, r.found = what, "its end"
	if len(r.rest) > 0 {
		r.found = r.rest[0].local
	}
}

// maybe takes a part, if it comes next.
func (r *partReader) maybe(space, local string) *node {
	if len(r.rest) == 0 || !r.rest[0].is(space, local) {
		return nil
	}
	n := r.rest[0]
	r.rest = r.rest[1:]
	return n
}

// request takes the parts of a request: whose sessions, and which.
func (r *partReader) request(parts *logoutParts) {
	if parts.name = r.maybe(nsAssertion, "NameID"); parts.name == nil {
		parts.name = r.maybe(nsAssertion, "EncryptedID")
	}
	if parts.name == nil {
		r.miss("NameID or EncryptedID")
	}
	for {
		s := r.maybe(nsProtocol, "SessionIndex")
		if s == nil {
			break
		}
		parts.sessions = append(parts.sessions, s)
	}
	if len(parts.sessions) > maxSessions {
		r.miss(fmt.Sprintf("at most %d SessionIndex", maxSessions))
	}
}

// foreign wants nothing of SAML or of a signature in Extensions: there it would mean nothing.
func (r *partReader) foreign(n *node) {
	for _, c := range n.elements() {
		if c.space == nsAssertion || c.space == nsProtocol || c.space == nsSignature || c.space == nsEncrypt {
			r.miss("Extensions without elements of SAML, signatures or encryption, such as " + c.local)
		}
		r.foreign(c)
	}
}

// hasText reports whether there is text between the elements in an element.
func hasText(n *node) bool {
	for _, it := range n.items {
		if it.node == nil && strings.Trim(it.text, xmlSpaces) != "" {
			return true
		}
	}
	return false
}
