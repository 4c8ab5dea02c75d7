package console

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
)

// An activityData is what has happened.
type activityData struct {
	Filter   activityForm
	Types    []choice
	Sources  []choice
	Events   []eventRow
	Refusals []refusalRow
	Requests []requestRow
	Next     string
	Filtered bool
}

type activityForm struct{ Type, Provider, User, By, Incident string }

// An eventRow is an event, to be read.
type eventRow struct {
	provider.Event
	Meaning string
	Source  string
	Facts   []pair
}

// A refusalRow is a refused sign-in, to be read.
type refusalRow struct {
	provider.Refusal
	Entry  provider.ReasonEntry
	Source string
}

// A requestRow is a SCIM request, to be read.
type requestRow struct {
	provider.Request
	Source string
}

// listActivity shows events, and the last refused sign-ins.
func (c *call) listActivity() error {
	d := activityData{Filter: activityForm{c.query("type"), c.query("provider"), c.query("user"), c.query("by"), c.query("incident")}}
	if d.Filter.Incident != "" {
		http.Redirect(c.w, c.r, c.base+"/activity/"+url.PathEscape(strings.TrimSpace(d.Filter.Incident)), http.StatusSeeOther)
		return nil
	}
	d.Filtered = d.Filter != activityForm{}
	q := provider.EventQuery{Provider: provider.ID(d.Filter.Provider), User: d.Filter.User, By: d.Filter.By, After: c.query("after")}
	if d.Filter.Type != "" {
		q.Types = []provider.EventType{provider.EventType(d.Filter.Type)}
	}
	var err error
	if d.Events, d.Next, err = c.events(q); err != nil {
		return err
	}
	d.Next = c.next("/activity", d.Next)
	for _, t := range provider.EventTypes() {
		d.Types = append(d.Types, choice{ID: string(t), Name: string(t), Chosen: string(t) == d.Filter.Type})
	}
	names, err := c.providerNames()
	if err != nil {
		return err
	}
	for _, p := range names {
		p.Chosen = p.ID == d.Filter.Provider
		d.Sources = append(d.Sources, p)
	}
	if d.Filter.User == "" && d.Filter.By == "" && d.Filter.Type == "" && c.query("after") == "" {
		if d.Refusals, err = c.refusals(names, provider.ID(d.Filter.Provider)); err != nil {
			return err
		}
		if d.Requests, err = c.requests(names, provider.ID(d.Filter.Provider)); err != nil {
			return err
		}
	}
	return c.render("activity", c.pages.text("Activity"), "activity", d)
}

// maxRefusals bounds those on the page.
const maxRefusals = 20

// refusals returns the last refused sign-ins of a provider, or of all.
func (c *call) refusals(names []choice, of provider.ID) (rows []refusalRow, err error) {
	for _, p := range names {
		if of != "" && p.ID != string(of) {
			continue
		}
		list, err := c.service.Refusals(c.ctx(), c.actor, provider.ID(p.ID))
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			rows = append(rows, refusalRow{r, r.Reason.Entry(), p.Name})
		}
	}
	slices.SortStableFunc(rows, func(a, b refusalRow) int { return b.Time.Compare(a.Time) })
	return rows[:min(len(rows), maxRefusals)], nil
}

// maxRequests bounds those on the page.
const maxRequests = 50

// requests returns the last SCIM requests of a provider, or of all.
func (c *call) requests(names []choice, of provider.ID) (rows []requestRow, err error) {
	for _, p := range names {
		if of != "" && p.ID != string(of) {
			continue
		}
		list, err := c.service.Requests(c.ctx(), c.actor, provider.ID(p.ID))
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			rows = append(rows, requestRow{r, p.Name})
		}
	}
	slices.SortStableFunc(rows, func(a, b requestRow) int { return b.Time.Compare(a.Time) })
	return rows[:min(len(rows), maxRequests)], nil
}

// events returns a page of events, and where the next one begins.
func (c *call) events(q provider.EventQuery) (rows []eventRow, next string, err error) {
	page, err := c.service.Events(c.ctx(), c.actor, q)
	if err != nil {
		return nil, "", err
	}
	names, err := c.providerNames()
	if err != nil {
		return nil, "", err
	}
	for _, e := range page.Events {
		rows = append(rows, eventView(e, names))
	}
	return rows, page.Next, nil
}

// SignIn reports whether somebody has signed in or out, which is nobody's act but theirs.
func (r eventRow) SignIn() bool {
	return r.Type == provider.EventSignedIn || r.Type == provider.EventSignInRefused || r.Type == provider.EventSignedOut
}

// eventView reads an event for a page.
func eventView(e provider.Event, names []choice) eventRow {
	e.From = hostOf(e.From)
	row := eventRow{Event: e, Meaning: e.Type.Entry().Meaning, Source: string(e.Provider)}
	for _, p := range names {
		if p.ID == string(e.Provider) {
			row.Source = p.Name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		if value := e.Details[name]; value != "" {
			row.Facts = append(row.Facts, pair{strings.ReplaceAll(name, "_", " "), value})
		}
	}
	return row
}

// An incidentData is what is known under an incident ID.
type incidentData struct {
	Incident string
	Event    *eventRow
	Refusal  *refusalRow
	Request  *requestRow
	Checks   checkList
	User     string
	Advice   string
	Nearest  []provider.Neighbor // who may be meant
}

// showIncident shows what came, what was done, and why it was refused.
func (c *call) showIncident() error {
	report, err := c.service.Incident(c.ctx(), c.actor, c.r.PathValue("incident"))
	if errors.Is(err, provider.ErrNotFound) {
		c.notice(http.StatusNotFound, "Not found", "Nothing is kept under this incident ID. Compare it with what was shown; of what is long past nothing is left.", "")
		return nil
	}
	if err != nil {
		return err
	}
	names, err := c.providerNames()
	if err != nil {
		return err
	}
	d := incidentData{Incident: c.r.PathValue("incident")}
	if report.Event != nil {
		row := eventView(*report.Event, names)
		d.Event, d.User = &row, row.User
	}
	if r := report.Request; r != nil {
		row := requestRow{*r, string(r.Provider)}
		for _, p := range names {
			if p.ID == string(r.Provider) {
				row.Source = p.Name
			}
		}
		d.Request = &row
	}
	if r := report.Refusal; r != nil {
		row := refusalRow{Refusal: *r, Entry: r.Reason.Entry(), Source: string(r.Provider)}
		for _, p := range names {
			if p.ID == string(r.Provider) {
				row.Source = p.Name
			}
		}
		row.From = hostOf(row.From)
		d.Refusal, d.User = &row, r.User
		if r.Join != nil {
			d.Advice, d.Nearest = r.Join.Advice, r.Join.Nearest
		}
		if r.Report != nil {
			for _, check := range r.Report.Checks {
				entry := check.Code.Entry()
				d.Checks = append(d.Checks, checkView{check, entry.Meaning, entry.Action, entry.Path(saml.VendorGeneric)})
			}
		}
	} else if d.Event != nil {
		if reason := provider.Reason(report.Event.Details["reason"]); reason != "" {
			d.Refusal = &refusalRow{Refusal: provider.Refusal{Time: report.Event.Time, Reason: reason, NameID: report.Event.Details["name_id"], From: hostOf(report.Event.From), Provider: report.Event.Provider}, Entry: reason.Entry(), Source: d.Event.Source}
		}
	}
	return c.render("incident", d.Incident, "activity", d)
}
