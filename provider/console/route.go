package console

import (
	"net"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/provider"
)

// A handler answers a request, or returns why it cannot.
type handler func(*call) error

// forAdministrators keeps a page from setup links, whatever their powers.
const forAdministrators provider.SetupPower = "-"

// route tells which path is answered by what.
func (c *Console) route() {
	admin := func(pattern string, h handler) { c.mux.HandleFunc(c.pattern(pattern), c.administrator(h, nil)) }
	act := func(path string, h, page handler) {
		c.mux.HandleFunc(c.pattern("POST "+path), c.administrator(h, page))
	}
	admin("GET /{$}", (*call).begin)
	admin("GET /providers", (*call).listProviders)
	act("/providers", (*call).addProvider, (*call).listProviders)
	c.routeProvider()

	admin("GET /users", (*call).listUsers)
	act("/users/authentication", (*call).setAuthentication, (*call).listUsers)
	admin("GET /users/authentication", (*call).nowhere)
	admin("GET /users/{user}", (*call).showUser)
	act("/users/{user}", (*call).editUser, (*call).showUser)
	act("/users/{user}/authentication", (*call).setOneAuthentication, (*call).showUser)
	act("/users/{user}/release", (*call).releaseUser, (*call).showUser)
	act("/users/{user}/reclaim", (*call).reclaimUser, (*call).showUser)
	admin("GET /organizations", (*call).listOrganizations)
	admin("GET /groups", (*call).listGroups)
	admin("GET /groups/{group}", (*call).showGroup)
	admin("GET /activity", (*call).listActivity)
	admin("GET /activity/{incident}", (*call).showIncident)

	c.mux.HandleFunc(c.pattern("GET /setup/open/{secret}"), c.openSetup)
	c.mux.HandleFunc(c.pattern("POST /setup/close"), c.closeSetup)
	c.mux.HandleFunc(c.pattern("/"), c.administrator((*call).nowhere, nil))
	c.mux.HandleFunc(c.pattern("/setup/"), c.outsider("", (*call).nowhere, nil))
}

// routeProvider routes what belongs to one provider: for administrators, and for setup links.
func (c *Console) routeProvider() {
	get := func(path string, power provider.SetupPower, h handler) { c.both("GET", path, power, h, nil) }
	act := func(path string, power provider.SetupPower, h, page handler) { c.both("POST", path, power, h, page) }
	const everybody = provider.SetupPower("")

	get("", everybody, (*call).showProvider)
	act("/preview", everybody, (*call).previewImport, (*call).showProvider)
	act("/import", everybody, (*call).importMetadata, (*call).showProvider)
	act("/refresh", everybody, (*call).refreshMetadata, (*call).showProvider)
	act("/discard", everybody, (*call).discardCandidate, (*call).showProvider)
	act("/tests", everybody, (*call).beginTest, (*call).showProvider)
	get("/tests/{run}", everybody, (*call).showTest)
	get("/tests/{run}/state", everybody, (*call).showTestState)
	get("/tests/{run}/report", everybody, (*call).downloadReport)
	act("/tests/{run}/page", everybody, (*call).reportPage, (*call).showTest)
	get("/sheet", everybody, (*call).showSheet)
	get("/sheet/download", everybody, (*call).downloadSheet)
	act("/save", provider.SetupMayEnable, (*call).saveCandidate, (*call).showProvider)
	act("/enable", provider.SetupMayEnable, (*call).enableProvider, (*call).showProvider)

	act("/settings", forAdministrators, (*call).changeSettings, (*call).showProvider)
	act("/identifiers", forAdministrators, (*call).changeIdentifiers, (*call).showProvider)
	act("/policy", forAdministrators, (*call).changePolicy, (*call).showProvider)
	get("/disable", forAdministrators, (*call).askDisable)
	act("/disable", forAdministrators, (*call).disableProvider, (*call).askDisable)
	get("/delete", forAdministrators, (*call).askDelete)
	act("/delete", forAdministrators, (*call).deleteProvider, (*call).askDelete)

	get("/scim", provider.SetupMayTokens, (*call).showSCIM)
	get("/scim/enable", provider.SetupMayTokens, (*call).askEnableSCIM)
	act("/scim/enable", provider.SetupMayTokens, (*call).enableSCIM, (*call).askEnableSCIM)
	get("/scim/token", provider.SetupMayTokens, (*call).askToken)
	act("/scim/token", provider.SetupMayTokens, (*call).newToken, (*call).askToken)
	get("/scim/tokens/{token}/revoke", forAdministrators, (*call).askRevoke)
	act("/scim/tokens/{token}/revoke", forAdministrators, (*call).revokeToken, (*call).askRevoke)
	get("/scim/disable", forAdministrators, (*call).askDisableSCIM)
	act("/scim/disable", forAdministrators, (*call).disableSCIM, (*call).askDisableSCIM)
	get("/scim/grants", forAdministrators, (*call).askGrants)
	act("/scim/grants", forAdministrators, (*call).setGrants, (*call).askGrants)
	get("/scim/approve/{user}", forAdministrators, (*call).askApprove)
	act("/scim/approve/{user}", forAdministrators, (*call).approve, (*call).askApprove)
	get("/people", provider.SetupMayUsers, (*call).listPeople)

	get("/roles", forAdministrators, (*call).showRoles)
	act("/roles", forAdministrators, (*call).mapRoles, (*call).showRoles)
	get("/links", forAdministrators, (*call).showLinks)
	act("/links", forAdministrators, (*call).newLink, (*call).showLinks)
	act("/links/{link}/revoke", forAdministrators, (*call).revokeLink, (*call).showLinks)
}

// both routes a page of one provider for administrators, and for setup links with a power; "" = for all.
func (c *Console) both(method, path string, power provider.SetupPower, h, page handler) {
	c.mux.HandleFunc(c.pattern(method+" /providers/{id}"+path), c.administrator(h, page))
	if power == forAdministrators {
		return
	}
	if path == "" {
		path = "/{$}"
	}
	c.mux.HandleFunc(c.pattern(method+" /setup"+path), c.outsider(power, h, page))
}

// pattern puts the base into a pattern, which is a path with a method in front of it or without.
func (c *Console) pattern(p string) string {
	for i := range len(p) {
		if p[i] == '/' {
			return p[:i] + c.base + p[i:]
		}
	}
	panic("console: a pattern without a path")
}

// administrator serves administrators. page is shown again, with the problem, if h has one.
func (c *Console) administrator(h, page handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		actor, err := c.o.Actor(r)
		if err != nil {
			c.deny(w, r, err)
			return
		}
		(&call{Console: c, w: w, r: r, actor: actor, id: provider.ID(r.PathValue("id"))}).answer(h, page)
	}
}

func (c *Console) deny(w http.ResponseWriter, r *http.Request, err error) {
	if c.o.Denied != nil {
		c.o.Denied(w, r, err)
		return
	}
	c.plain(w, r, http.StatusForbidden, "This page is for administrators.")
}

// begin sends whoever comes to the first page.
func (c *call) begin() error { return c.redirect("/providers", "") }

// posted are the last parts of addresses that take forms alone: one is in the address bar where a form was
// refused.
var posted = []string{"preview", "import", "refresh", "discard", "tests", "page"}

// postedByAdministrators are those that setup links do not have, or not all of them.
var postedByAdministrators = []string{"save", "enable", "settings", "identifiers", "policy", "authentication", "release", "reclaim"}

// nowhere answers what is asked for at no page: at an address of a form the page that the form is on.
func (c *call) nowhere() error {
	parent, last := path.Split(c.r.URL.EscapedPath())
	rest, ok := strings.CutPrefix(strings.TrimSuffix(parent, "/"), c.base)
	known := slices.Contains(posted, last) || c.link == nil && slices.Contains(postedByAdministrators, last)
	if !ok || c.r.Method != http.MethodGet || !known || !strings.HasPrefix(rest, "/providers/") && !strings.HasPrefix(rest, "/users") && !strings.HasPrefix(rest, "/setup") {
		return provider.ErrNotFound
	}
	if rest == "/setup" {
		rest += "/"
	}
	return c.redirect(rest, "")
}

// remote returns where a request came from.
func remote(r *http.Request) string { return hostOf(r.RemoteAddr) }

// hostOf returns an address without its port, if it has one.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
