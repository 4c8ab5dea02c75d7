package saml

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxShown is how much of a value is shown in a report, in bytes.
const maxShown = 200

// Markdown returns the report for an administrator, in CommonMark: first what failed, each with what
// was expected and received, who can fix it and where in the menus of a vendor; then what was kept,
// in short. A report without checks is empty.
//
// What was received stands in code spans with nothing in it that ends them. Markup in it is shown and
// does nothing, control characters are visible, and what is long is cut.
func (r *Report) Markdown(v Vendor) string {
	if r == nil || len(r.Checks) == 0 {
		return ""
	}
	var b strings.Builder
	failed := r.Failed()
	for i, c := range failed {
		c.writeFailed(&b, i+1, v)
	}
	if len(failed) < len(r.Checks) {
		b.WriteString("## Kept\n\n")
	}
	for _, c := range r.Checks {
		if c.OK {
			c.writeKept(&b)
		}
	}
	return b.String()
}

// writeFailed writes all there is to say about a check that failed.
func (c Check) writeFailed(b *strings.Builder, number int, v Vendor) {
	e := c.Code.Entry()
	fmt.Fprintf(b, "## %d. %s\n\n", number, shown(string(c.Code)))
	if e.Meaning != "" {
		fmt.Fprintf(b, "%s\n\n", e.Meaning)
	}
	if c.Expected != "" {
		fmt.Fprintf(b, "- Expected: %s\n", shown(c.Expected))
	}
	fmt.Fprintf(b, "- Received: %s\n", c.received())
	if e.Fixer != "" {
		fmt.Fprintf(b, "- Who can fix it: %s\n- What to do: %s\n", e.Fixer, e.Action)
		fmt.Fprintf(b, "- Where%s: %s\n", inMenusOf(e, v), e.Path(v))
	}
	b.WriteByte('\n')
}

// inMenusOf names the vendor if the path is its own.
func inMenusOf(e Entry, v Vendor) string {
	if _, ok := e.paths[v]; !ok || v == VendorGeneric {
		return ""
	}
	return " (" + string(v) + ")"
}

// writeKept writes one line.
func (c Check) writeKept(b *strings.Builder) {
	fmt.Fprintf(b, "- %s", shown(string(c.Code)))
	if c.Actual != "" {
		fmt.Fprintf(b, ": %s", c.received())
	}
	b.WriteByte('\n')
}

// received shows what was received, and whether it is signed.
func (c Check) received() string {
	if c.Actual == "" {
		return "nothing"
	}
	if !c.Verified {
		return shown(c.Actual) + " (not verified)"
	}
	return shown(c.Actual)
}

// shown returns a value as a code span. A value with anything in it that could not be seen is shown
// between quotation marks and escaped as in Go. So are backticks, which would end the span, and less
// than signs, for what renders Markdown badly.
func shown(value string) string {
	text := shorten(value)
	quoted := strconv.Quote(text)
	if quoted != `"`+text+`"` || text == "" || strings.TrimSpace(text) != text {
		text = quoted
	}
	text = strings.NewReplacer("`", `\x60`, "<", `\x3c`).Replace(text)
	if len(value) > maxShown {
		return fmt.Sprintf("`%s` … (%d bytes in all)", text, len(value))
	}
	return "`" + text + "`"
}

// shorten cuts a value between two characters.
func shorten(value string) string {
	if len(value) <= maxShown {
		return value
	}
	end := maxShown
	for end > maxShown-utf8.UTFMax && !utf8.RuneStart(value[end]) {
		end--
	}
	return value[:end]
}
