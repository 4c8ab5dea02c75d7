package console

import (
	"net/url"

	"github.com/seed-30109bde/gatehouse/provider"
)

// A providersData is the list of providers.
type providersData struct {
	Search, State, SCIM, Certificate string
	Providers                        []providerRow
	Next                             string // the address of the next page
	Filtered                         bool
	Name                             string // of a draft that was refused
}

// A providerRow is a provider in the list.
type providerRow struct {
	provider.Provider
	State       provider.State
	Certificate provider.CertificateState
}

// listProviders shows the providers of the tenant.
func (c *call) listProviders() error {
	c.id = ""
	q := c.r.URL.Query()
	d := providersData{Search: q.Get("q"), State: q.Get("state"), SCIM: q.Get("scim"), Certificate: q.Get("certificate")}
	if c.problem != nil {
		d.Name = c.field("name")
	}
	d.Filtered = d.Search+d.State+d.SCIM+d.Certificate != ""
	query := provider.Query{Search: d.Search, State: provider.State(d.State), Certificate: provider.CertificateState(d.Certificate), After: q.Get("after")}
	if d.SCIM != "" {
		query.SCIM = new(d.SCIM == "on")
	}
	page, err := c.service.Providers(c.ctx(), c.actor, query)
	if err != nil {
		return err
	}
	for _, p := range page.Providers {
		d.Providers = append(d.Providers, providerRow{p, p.State(), p.CertificateState(c.o.Now())})
	}
	d.Next = c.next("/providers", page.Next)
	return c.render("providers", c.pages.text("Identity Providers"), "providers", d)
}

// next returns the address of the next page of a listing; "" = there is none.
func (c *call) next(path, after string) string {
	if after == "" {
		return ""
	}
	q := c.r.URL.Query()
	q.Del("done")
	q.Set("after", after)
	return c.base + path + "?" + q.Encode()
}

// addProvider begins a draft.
func (c *call) addProvider() error {
	p, err := c.service.Begin(c.ctx(), c.actor, provider.Draft{Name: c.field("name")})
	if err != nil {
		return err
	}
	return c.redirect("/providers/"+url.PathEscape(string(p.ID)), "added")
}
