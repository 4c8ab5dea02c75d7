package saml

import "strings"

// A PageError is an error that an identity provider shows on a page of its own instead of sending the
// user back.
type PageError struct {
	Shown   string // the code or the words on the page
	Vendor  Vendor
	Meaning string
	Fixer   Fixer
	Action  string
	Path    string // where the setting is, in the menus of the vendor
}

// maxPageText is how much of a pasted text is looked at, in bytes: a page has less.
const maxPageText = 4096

// IdPPageError answers the question "Did the identity provider show an error?". text is the code, or
// what was copied from the page with the code in it. Of Entra ID the number alone will do.
func IdPPageError(text string) (PageError, bool) {
	text = plain(text[:min(len(text), maxPageText)])
	for _, n := range pages() {
		for _, name := range append([]string{n.title}, n.also...) {
			if name = plain(name); says(text, name) || "aadsts"+text == name {
				return PageError{n.title, n.vendor, n.meaning, n.fixer, n.action, n.paths.of(n.vendor)}, true
			}
		}
	}
	return PageError{}, false
}

// plain returns a text in lower case, with single spaces.
func plain(text string) string { return strings.Join(strings.Fields(strings.ToLower(text)), " ") }

// says reports whether a text has a name in it, and not as a part of a longer one.
func says(text, name string) bool {
	for {
		i := strings.Index(text, name)
		if i < 0 {
			return false
		}
		end := i + len(name)
		if (i == 0 || !inName(text[i-1])) && (end == len(text) || !inName(text[end])) {
			return true
		}
		text = text[i+1:]
	}
}

func inName(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z'
}
