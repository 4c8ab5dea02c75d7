package provider

import (
	"fmt"
	"strconv"
	"strings"
)

// Markdown returns the sheet as a document (CommonMark, with tables).
func (s SetupSheet) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Setup of %s for %s\n", plain(s.Provider), plain(s.Product))
	b.WriteString("\n## Single sign-on\n")
	writeSteps(&b, s.SSO)
	b.WriteString("\n### Claims\n\n")
	writeTable(&b, []string{"Claim", "Source", "Note"}, len(s.Claims), func(i int) []string {
		c := s.Claims[i]
		return []string{cell(c.Name), cell(c.Source), plain(c.Note)}
	})
	b.WriteString("\n## Provisioning\n")
	writeSteps(&b, s.SCIM)
	b.WriteString("\n### Attributes to add\n\n")
	writeTable(&b, []string{"Name", "Namespace", "Path", "Type", "Required", "Multi-valued", "Case matters"}, len(s.Attributes), func(i int) []string {
		a := s.Attributes[i]
		return []string{cell(a.Name), cell(a.Namespace), cell(a.Path), a.Type, yes(a.Required), yes(a.Multi), yes(a.CaseExact)}
	})
	b.WriteString("\n### Mapping\n\n")
	writeTable(&b, []string{"Kind", "Source", "SCIM attribute", "Matching precedence", "Note"}, len(s.Mapping), func(i int) []string {
		m := s.Mapping[i]
		matching := ""
		if m.Matching > 0 {
			matching = strconv.Itoa(m.Matching)
		}
		return []string{m.Kind, cell(m.Source), cell(m.Target), matching, plain(m.Note)}
	})
	b.WriteString("\n## Not supported\n\n")
	for _, text := range s.NotSupported {
		b.WriteString("- " + plain(text) + "\n")
	}
	return b.String()
}

func yes(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func writeSteps(b *strings.Builder, steps []SetupStep) {
	for _, step := range steps {
		fmt.Fprintf(b, "\n%d. ", step.Number)
		if step.Where != "" {
			fmt.Fprintf(b, "**%s**: ", plain(step.Where))
		}
		b.WriteString(plain(step.Do) + "\n")
		for _, v := range step.Values {
			fmt.Fprintf(b, "    - %s: %s\n", plain(v.Field), inCode(v.Value))
		}
	}
}

// writeTable writes a table, whose cells are Markdown already.
func writeTable(b *strings.Builder, head []string, n int, row func(int) []string) {
	if n == 0 {
		b.WriteString("None.\n")
		return
	}
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	line(strings.Split(strings.Repeat("---\n", len(head)-1)+"---", "\n"))
	for i := range n {
		line(row(i))
	}
}

// plain returns a text that Markdown shows as it is: what an administrator has typed breaks no sheet.
func plain(text string) string {
	var b strings.Builder
	for _, r := range oneLine(text) {
		if strings.ContainsRune("\\`*_[]<&|#~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cell returns a text as code in a table, where a bar ends the cell in code too. Elsewhere code shows a
// backslash, so it is not for values outside of one.
func cell(text string) string { return strings.ReplaceAll(inCode(text), "|", "\\|") }

// inCode returns a text as code.
func inCode(text string) string {
	if text == "" {
		return ""
	}
	fence, text := "`", oneLine(text)
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence != "`" {
		text = " " + text + " "
	}
	return fence + text + fence
}

// oneLine returns a text without line breaks and other control characters.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}
