package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
)

// setupCookie carries the secret of a setup link.
const setupCookie = "gatehouse-setup"

// openSetup takes a setup link: the secret goes from the address into a cookie.
func (c *Console) openSetup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Referrer-Policy", "no-referrer") // the address has the secret
	secret := r.PathValue("secret")
	connection, l, err := c.service.OpenSetupLink(r.Context(), secret, c.o.From(r))
	if err != nil {
		c.refuseSetup(w, r, err)
		return
	}
	ids, err := c.service.Identifiers(r.Context(), l.Actor(connection.Tenant, c.o.From(r)), connection.Provider.ID)
	if err != nil {
		c.refuseSetup(w, r, err)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: setupCookie, Value: secret, Path: c.base + "/setup", MaxAge: int(l.Expires.Sub(c.o.Now()) / time.Second), HttpOnly: true,
		Secure: strings.HasPrefix(ids.TenantURL, "https://"), SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, c.base+"/setup/", http.StatusSeeOther)
}

// closeSetup forgets the link in this browser.
func (c *Console) closeSetup(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: setupCookie, Path: c.base + "/setup", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	(&call{Console: c, w: w, r: r}).notice(http.StatusOK, "Setup link closed", "This browser has forgotten the setup link. It stays good: open it again to go on.", "")
}

// refuseSetup says that a link is over, and nothing else.
func (c *Console) refuseSetup(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, provider.ErrNotFound) {
		c.plain(w, r, http.StatusNotFound, "This setup link is over, or was never good. Ask who gave it to you for another one.")
		return
	}
	(&call{Console: c, w: w, r: r}).fail(err)
}

// outsider serves whoever has come by a setup link that has a power; "" = every link.
func (c *Console) outsider(power provider.SetupPower, h, page handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		secret := ""
		if cookie, err := r.Cookie(setupCookie); err == nil {
			secret = cookie.Value
		}
		from := c.o.From(r)
		connection, l, err := c.service.OpenSetupLink(r.Context(), secret, from)
		if err == nil && power != "" && !l.May(power) {
			err = provider.ErrNotFound
		}
		if err != nil {
			c.refuseSetup(w, r, err)
			return
		}
		a := l.Actor(connection.Tenant, from)
		(&call{Console: c, w: w, r: r, actor: a, id: connection.Provider.ID, link: &l, secret: secret}).answer(h, page)
	}
}

// A linksData is the setup links of a provider.
type linksData struct {
	providerData
	Links  []linkRow
	Chosen []string // powers that were, where the form was refused
}

type linkRow struct {
	provider.SetupLink
	Good bool
}

// showLinks is the list of setup links, with the form for another one.
func (c *call) showLinks() error {
	d := linksData{Chosen: c.r.PostForm["power"]}
	var err error
	if d.providerData, err = c.providerData("links"); err != nil {
		return err
	}
	links, err := c.service.SetupLinks(c.ctx(), c.actor, c.id)
	if err != nil {
		return err
	}
	for _, l := range links {
		d.Links = append(d.Links, linkRow{l, l.Good(c.o.Now())})
	}
	return c.render("links", d.title(), "providers", d)
}

// validity are how long a link can be good, by the value of the field.
var validity = map[string]time.Duration{"1": 24 * time.Hour, "7": provider.SetupLinkFor, "30": provider.MaxSetupLinkFor}

// newLink makes a setup link and shows it.
func (c *call) newLink() error {
	valid, ok := validity[c.field("valid")]
	if !ok {
		return &provider.Problem{Code: provider.ProblemPolicy, Detail: "Choose from the list for how long the link is good."}
	}
	o := provider.SetupLinkOptions{For: c.field("for"), Valid: valid}
	for _, p := range c.r.PostForm["power"] {
		o.Powers = append(o.Powers, provider.SetupPower(p))
	}
	proofs, err := c.prove(provider.ActionSetupLink)
	if err != nil {
		return err
	}
	secret, l, err := c.service.NewSetupLink(c.ctx(), c.actor, c.id, o, proofs[0])
	if err != nil {
		return err
	}
	d, err := c.providerData("links")
	if err != nil {
		return err
	}
	at, err := url.Parse(d.IDs.TenantURL)
	if err != nil {
		return err
	}
	return c.render("link", d.title(), "providers", linkData{d, at.Scheme + "://" + at.Host + c.base + "/setup/open/" + secret.Reveal(), l})
}

// A linkData is a setup link, shown this once.
type linkData struct {
	providerData
	URL  string
	Link provider.SetupLink
}

func (c *call) revokeLink() error {
	if _, err := c.service.RevokeSetupLink(c.ctx(), c.actor, c.id, c.r.PathValue("link")); err != nil {
		return err
	}
	return c.back("/links", "link_revoked")
}
