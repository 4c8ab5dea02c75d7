package provider

import (
	"fmt"
	"strings"

	"github.com/seed-30109bde/gatehouse/saml"
)

// knownPages are what identity providers show when they refuse somebody who does not come back.
var knownPages = []string{
	"AADSTS50105", "AADSTS700016", "AADSTS650056", "AADSTS50011", "AADSTS750054", "AADSTS75011",
	"403 App Not Assigned",
	"app_not_configured", "app_not_configured_for_user", "app_not_enabled_for_user",
}

// UnansweredHelp returns the pages that identity providers of a vendor show instead of answering, for
// the first tab while a test waits; those of all vendors for [saml.VendorGeneric].
func UnansweredHelp(v saml.Vendor) []saml.PageError {
	var list []saml.PageError
	for _, shown := range knownPages {
		if page, ok := saml.IdPPageError(shown); ok && (v == saml.VendorGeneric || page.Vendor == v) {
			list = append(list, page)
		}
	}
	return list
}

// Markdown returns the report of a test for an administrator, in CommonMark, with the menus of a vendor.
func (t Test) Markdown(v saml.Vendor) string {
	var b strings.Builder
	switch t.State {
	case TestWaiting, TestUnanswered:
		t.unanswered(&b, v)
	case TestPassed:
		fmt.Fprintf(&b, "The test has passed.\n\n")
	case TestFailed:
		fmt.Fprintf(&b, "The test has failed.\n\n")
		if t.Code == CodeTestChanged {
			fmt.Fprintf(&b, "The settings were changed while it ran. Test them again.\n\n")
		}
	}
	if t.NameID != "" {
		fmt.Fprintf(&b, "The identity provider calls the person %s; the test was begun by %s.\n\n", code(t.NameID), code(t.By))
	}
	t.joined(&b)
	if t.Report != nil {
		b.WriteString(t.Report.Markdown(v))
	}
	return b.String()
}

// unanswered writes what may have happened at an identity provider that does not answer.
func (t Test) unanswered(b *strings.Builder, v saml.Vendor) {
	fmt.Fprintf(b, "The identity provider has not answered.\n\n")
	if t.Page != nil {
		writePage(b, *t.Page)
		return
	}
	fmt.Fprintf(b, "Did it show an error? Most that refuse somebody do so on a page of their own, and send nothing back:\n\n")
	pages := UnansweredHelp(v)
	if len(pages) == 0 {
		pages = UnansweredHelp(saml.VendorGeneric)
	}
	for _, page := range pages {
		writePage(b, page)
	}
}

// writePage writes an item about a page of an identity provider.
func writePage(b *strings.Builder, p saml.PageError) {
	fmt.Fprintf(b, "- **%s** (%s): %s %s", p.Shown, p.Vendor, p.Meaning, p.Action)
	if p.Path != "" {
		fmt.Fprintf(b, " %s.", p.Path)
	}
	b.WriteString("\n")
}

// joined writes whether the NameID is that of a user.
func (t Test) joined(b *strings.Builder) {
	switch j := t.Join; {
	case j == nil:
	case j.User != "":
		fmt.Fprintf(b, "That is a user here, who can sign in.\n\n")
	case j.Reason != ReasonUnknownUser:
		fmt.Fprintf(b, "That is a user here, who cannot sign in through this identity provider: `%s`.\n\n", j.Reason)
	default:
		fmt.Fprintf(b, "No user here has this name. Users have to exist before they can sign in.\n\n")
		for _, n := range j.Nearest {
			fmt.Fprintf(b, "- %s %s\n", code(n.UserName), n.How)
		}
		if j.Advice != "" {
			fmt.Fprintf(b, "\n%s\n", j.Advice)
		}
		b.WriteString("\n")
	}
}

// code returns a text as a code span of CommonMark, in which nothing is markup.
func code(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '`' || r < ' ' || r == 0x7f {
			return '�'
		}
		return r
	}, text)
	return "`" + text + "`"
}
