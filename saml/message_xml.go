package saml

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// An xmlWriter writes a document, by appending to it. Names are given with their prefix, which the
// caller declares.
type xmlWriter struct {
	b    []byte
	open []string // names of the elements that are open
	tag  bool     // whether the tag of the innermost one is
	bad  bool     // whether something was to be written that XML has no characters for
}

var errNotXMLText = errors.New("saml: a value has characters that XML has not")

// start begins an element; what follows the name are attributes and their values.
func (w *xmlWriter) start(name string, attributes ...string) {
	w.closeTag()
	w.b = append(append(w.b, '<'), name...)
	w.open, w.tag = append(w.open, name), true
	for i := 0; i < len(attributes); i += 2 {
		w.attribute(attributes[i], attributes[i+1])
	}
}

// attribute adds an attribute to the element that was begun last.
func (w *xmlWriter) attribute(name, value string) {
	w.check(value)
	w.b = append(append(append(w.b, ' '), name...), `="`...)
	w.b = append(escape(w.b, value, c14nValue), '"')
}

func (w *xmlWriter) text(text string) {
	w.check(text)
	w.closeTag()
	w.b = escape(w.b, text, c14nText)
}

// end ends the innermost element.
func (w *xmlWriter) end() {
	name := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	if w.tag {
		w.b = append(w.b, "/>"...)
		w.tag = false
		return
	}
	w.b = append(append(append(w.b, "</"...), name...), '>')
}

// leaf writes an element with a text in it.
func (w *xmlWriter) leaf(name, text string, attributes ...string) {
	w.start(name, attributes...)
	if text != "" {
		w.text(text)
	}
	w.end()
}

// finish ends what is open, and returns the document.
func (w *xmlWriter) finish() ([]byte, error) {
	for len(w.open) > 0 {
		w.end()
	}
	if w.bad {
		return nil, errNotXMLText
	}
	return w.b, nil
}

func (w *xmlWriter) closeTag() {
	if w.tag {
		w.b = append(w.b, '>')
		w.tag = false
	}
}

func (w *xmlWriter) check(s string) { w.bad = w.bad || !isXMLText(s) }

// isXMLText reports whether XML has all the characters of a text.
func isXMLText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !isChar(r) })
}
