package console

import (
	"net/http"
	"net/url"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
)

// A testData is a test of a connection.
type testData struct {
	providerData
	Test    provider.Test
	URL     string // where it begins; "" unless it waits
	Help    []saml.PageError
	Checks  checkList
	Page    *saml.PageError // what the administrator has seen
	Unknown bool            // nobody knows the page that was described
}

// A checkView is a rule and what came of it, with what to do.
type checkView struct {
	saml.Check
	Meaning, Action, Path string
}

// A checkList is what was checked of a response.
type checkList []checkView

// Failed are the rules that were not kept.
func (l checkList) Failed() checkList { return l.those(false) }

// Passed are those that were.
func (l checkList) Passed() checkList { return l.those(true) }

func (l checkList) those(ok bool) (out checkList) {
	for _, c := range l {
		if c.OK == ok {
			out = append(out, c)
		}
	}
	return out
}

// Waits reports whether nothing has come back.
func (d testData) Waits() bool { return d.Test.State == provider.TestWaiting }

// Unanswered reports whether nothing has come back, for now or for good.
func (d testData) Unanswered() bool {
	return d.Waits() || d.Test.State == provider.TestUnanswered
}

// beginTest begins a test, which the page of it leads to.
func (c *call) beginTest() error {
	run, _, err := c.service.Test(c.ctx(), c.actor, c.id, provider.TestOptions{ForceAuthn: c.field("again") != ""})
	if err != nil {
		return err
	}
	return c.back("/tests/"+url.PathEscape(run.ID), "")
}

func (c *call) testData() (d testData, err error) {
	if d.providerData, err = c.providerData("sso"); err != nil {
		return d, err
	}
	if d.Test, err = c.service.TestResult(c.ctx(), c.actor, c.id, c.r.PathValue("run")); err != nil {
		return d, err
	}
	vendor := saml.VendorGeneric
	if shown := d.Shown(); shown != nil {
		vendor = shown.Vendor
	}
	if join := d.Test.Join; join != nil && c.link != nil && !c.link.May(provider.SetupMayUsers) {
		unnamed := *join
		unnamed.Nearest = nil
		d.Test.Join = &unnamed
	}
	d.Page = d.Test.Page
	if d.Waits() {
		if d.URL, err = c.service.TestURL(c.ctx(), c.actor, c.id, d.Test.ID); err != nil {
			return d, err
		}
	}
	if d.Unanswered() {
		d.Help = provider.UnansweredHelp(vendor)
	}
	if d.Test.Report != nil {
		for _, check := range d.Test.Report.Checks {
			entry := check.Code.Entry()
			d.Checks = append(d.Checks, checkView{check, entry.Meaning, entry.Action, entry.Path(vendor)})
		}
	}
	return d, nil
}

// showTest is the page that the first tab shows while the identity provider is asked in another one.
func (c *call) showTest() error {
	d, err := c.testData()
	if err != nil {
		return err
	}
	d.Unknown = c.r.URL.Query().Get("page") == "unknown"
	return c.render("test", d.title(), "providers", d)
}

// showTestState is what of the page changes, for the script that looks for it.
func (c *call) showTestState() error {
	d, err := c.testData()
	if err != nil {
		return err
	}
	return c.render("test:state-of-test", d.title(), "providers", d)
}

// reportPage keeps what the administrator has seen at the identity provider.
func (c *call) reportPage() error {
	run := c.r.PathValue("run")
	_, known, err := c.service.ReportPage(c.ctx(), c.actor, c.id, run, c.field("page"))
	if err != nil {
		return err
	}
	path := c.root() + "/tests/" + url.PathEscape(run) + "?done=page"
	if !known {
		path = c.root() + "/tests/" + url.PathEscape(run) + "?page=unknown"
	}
	http.Redirect(c.w, c.r, path, http.StatusSeeOther)
	return nil
}

// downloadReport sends the report of a test as a document.
func (c *call) downloadReport() error {
	d, err := c.testData()
	if err != nil {
		return err
	}
	vendor := saml.VendorGeneric
	if shown := d.Shown(); shown != nil {
		vendor = shown.Vendor
	}
	return c.download("test-"+d.Test.ID+".md", d.Test.Markdown(vendor))
}

// download sends a text as a file.
func (c *call) download(name, text string) error {
	c.w.Header().Set("Content-Type", "text/markdown; charset=utf-8")
	c.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if _, err := c.w.Write([]byte(text)); err != nil {
		c.o.Logger.DebugContext(c.ctx(), "a file was not read to its end", "error", err)
	}
	return nil
}
