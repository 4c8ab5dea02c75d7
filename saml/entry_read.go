package saml

import (
	"embed"
	"fmt"
	"strings"
)

// entryFiles are written by hand: a heading, a list of who and where, what it means, what to do.
//
//go:embed entries/*.md
var entryFiles embed.FS

// mustReadNotes reads a file of notes. That there is nothing wrong with it is found out by tests.
func mustReadNotes(name string) []note {
	places, err := readPlaces(entryText("places"))
	if err != nil {
		panic("saml: places: " + err.Error())
	}
	notes, err := readNotes(entryText(name), places)
	if err != nil {
		panic("saml: " + name + ": " + err.Error())
	}
	return notes
}

func entryText(name string) string {
	b, err := entryFiles.ReadFile("entries/" + name + ".md")
	if err != nil {
		panic("saml: " + err.Error())
	}
	return string(b)
}

// A section is what stands under one heading.
type section struct {
	title      string
	list       [][2]string // "- name: value"
	paragraphs []string
}

// readSections splits a file at its headings. What is before the first says what the file is.
func readSections(text string) ([]section, error) {
	var sections []section
	parts := strings.Split("\n"+text, "\n# ")
	for _, part := range parts[1:] {
		title, body, _ := strings.Cut(part, "\n")
		s := section{title: strings.TrimSpace(title)}
		for paragraph := range strings.SplitSeq(body, "\n\n") {
			if paragraph = strings.TrimSpace(paragraph); paragraph == "" {
				continue
			}
			if !strings.HasPrefix(paragraph, "- ") {
				s.paragraphs = append(s.paragraphs, strings.Join(strings.Fields(paragraph), " "))
				continue
			}
			for line := range strings.SplitSeq(paragraph, "\n") {
				name, value, ok := strings.Cut(strings.TrimPrefix(line, "- "), ": ")
				if !ok || !strings.HasPrefix(line, "- ") {
					return nil, fmt.Errorf("%s: %q is no \"- name: value\"", s.title, line)
				}
				s.list = append(s.list, [2]string{name, strings.TrimSpace(value)})
			}
		}
		sections = append(sections, s)
	}
	return sections, nil
}

// readPlaces reads where settings are.
func readPlaces(text string) (map[string]places, error) {
	sections, err := readSections(text)
	if err != nil {
		return nil, err
	}
	all := make(map[string]places)
	for _, s := range sections {
		p := make(places)
		for _, line := range s.list {
			v, err := vendorCalled(line[0])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.title, err)
			}
			p[v] = line[1]
		}
		if all[s.title] != nil || p[VendorGeneric] == "" || len(p) != len(s.list) || len(s.paragraphs) > 0 {
			return nil, fmt.Errorf("%s: a path in general and one for each vendor, once each, are all it has", s.title)
		}
		all[s.title] = p
	}
	return all, nil
}

// readNotes reads notes whose settings are in places.
func readNotes(text string, places map[string]places) ([]note, error) {
	sections, err := readSections(text)
	if err != nil {
		return nil, err
	}
	var notes []note
	for _, s := range sections {
		n := note{title: s.title}
		for _, line := range s.list {
			if err := n.set(line[0], line[1], places); err != nil {
				return nil, fmt.Errorf("%s: %w", s.title, err)
			}
		}
		if len(s.paragraphs) != 2 || n.fixer == "" || n.paths == nil {
			return nil, fmt.Errorf("%s: what it means, what to do, Who and Where are needed", s.title)
		}
		n.meaning, n.action = s.paragraphs[0], s.paragraphs[1]
		notes = append(notes, n)
	}
	return notes, nil
}

// set sets what a line of the list says.
func (n *note) set(name, value string, places map[string]places) (err error) {
	switch name {
	case "Who":
		n.fixer, err = fixerCalled(value)
	case "Where":
		if n.paths = places[value]; n.paths == nil {
			err = fmt.Errorf("no place %q", value)
		}
	case "Vendor":
		n.vendor, err = vendorCalled(value)
	case "Also":
		n.also = strings.Split(value, "; ")
	default:
		err = fmt.Errorf("nothing is called %q", name)
	}
	return err
}

func fixerCalled(name string) (Fixer, error) {
	switch f := Fixer(name); f {
	case FixerIdentityProvider, FixerServiceProvider, FixerClock, FixerUser, FixerOperator:
		return f, nil
	}
	return "", fmt.Errorf("nobody is called %q", name)
}
