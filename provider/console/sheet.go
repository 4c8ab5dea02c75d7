package console

import (
	"strings"

	"github.com/seed-30109bde/gatehouse/provider"
)

// A sheetData is how a product is set up.
type sheetData struct {
	providerData
	Sheet   provider.SetupSheet
	Clients []choice
}

// clients are the products that there is a sheet for.
var clients = []choice{
	{ID: string(provider.SetupEntra), Name: "Microsoft Entra ID"}, {ID: string(provider.SetupOkta), Name: "Okta"},
	{ID: string(provider.SetupOktaCatalog), Name: "Okta catalog"}, {ID: string(provider.SetupGoogle), Name: "Google Workspace"},
	{ID: string(provider.SetupGeneric), Name: "Other"},
}

// client returns which product is asked for, or is likely.
func (c *call) client(d *providerData) provider.SetupClient {
	if chosen := c.r.URL.Query().Get("client"); chosen != "" {
		return provider.SetupClient(chosen)
	}
	if shown := d.Shown(); shown != nil {
		switch vendor := strings.ToLower(string(shown.Vendor)); {
		case strings.HasPrefix(vendor, "okta"):
			return provider.SetupOkta
		case strings.HasPrefix(vendor, "google"):
			return provider.SetupGoogle
		}
	}
	return provider.SetupEntra
}

func (c *call) sheetData() (d sheetData, err error) {
	if d.providerData, err = c.providerData("sheet"); err != nil {
		return d, err
	}
	chosen := c.client(&d.providerData)
	if d.Sheet, err = c.service.SetupSheet(c.ctx(), c.actor, c.id, chosen); err != nil {
		return d, err
	}
	for _, one := range clients {
		one.Chosen = one.ID == string(chosen)
		d.Clients = append(d.Clients, one)
	}
	return d, nil
}

func (c *call) showSheet() error {
	d, err := c.sheetData()
	if err != nil {
		return err
	}
	return c.render("sheet", d.title(), "providers", d)
}

func (c *call) downloadSheet() error {
	d, err := c.sheetData()
	if err != nil {
		return err
	}
	return c.download("setup-"+string(d.Sheet.Client)+".md", d.Sheet.Markdown())
}
