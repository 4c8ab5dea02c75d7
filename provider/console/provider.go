package console

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
)

// A providerData is the page of a provider.
type providerData struct {
	P           provider.Provider
	Tab         string
	State       provider.State
	Certificate provider.CertificateState
	IDs         provider.Identifiers
	Active      *settingsView
	Candidate   *settingsView
	Tests       []provider.Test
	Tested      bool   // the candidate, or what is active if there is none, has passed with our identifiers
	Bypass      string // why the second factor cannot be left to the identity provider
	CanRefresh  bool
	Form        map[string]string // what was entered, where that was refused
}

// A settingsView is what is known of an identity provider, to be read.
type settingsView struct {
	*provider.Settings
	Vendor    saml.Vendor
	EntityID  string
	Endpoints []endpointView
	Logout    bool
	Keys      []keyView
	Until     *time.Time // of the metadata
}

type endpointView struct{ Binding, Location string }

// A keyView is a certificate, to be compared.
type keyView struct {
	saml.Key
	Fingerprint string
	Expired     bool
}

// showProvider is the page of a provider, from identifiers to enabled.
func (c *call) showProvider() error {
	d, err := c.providerData("sso")
	if err != nil {
		return err
	}
	if d.Tests, err = c.service.TestResults(c.ctx(), c.actor, c.id); err != nil {
		return err
	}
	return c.render("provider", d.title(), "providers", d)
}

// providerData reads what the head of every page of a provider shows.
func (c *call) providerData(tab string) (providerData, error) {
	p, err := c.service.Provider(c.ctx(), c.actor, c.id)
	if err != nil {
		return providerData{}, err
	}
	d := providerData{P: p, Tab: tab, State: p.State(), Certificate: p.CertificateState(c.o.Now()), Form: map[string]string{}}
	if d.IDs, err = c.service.Identifiers(c.ctx(), c.actor, c.id); err != nil {
		return providerData{}, err
	}
	d.Active, d.Candidate = c.viewOf(p.Active), c.viewOf(p.Candidate)
	judged := p.Candidate
	if judged == nil {
		judged = p.Active
	}
	d.Tested = judged != nil && judged.Tested != nil
	d.Bypass = p.BypassReason()
	if p.BypassMFA {
		d.Bypass = ""
	}
	d.CanRefresh = judged != nil && judged.Source.From == provider.SourceURL
	if c.problem != nil {
		for name := range c.r.PostForm {
			d.Form[name] = c.r.PostForm.Get(name)
		}
	}
	return d, nil
}

// Of returns what a field of a form shows: what was entered, if the form was refused, or what there is. A
// form is told by a field that it always has, the mark.
func (d providerData) Of(mark, field, stored string) string {
	if _, refused := d.Form[mark]; refused {
		return d.Form[field]
	}
	return stored
}

// Ticked is Of for a box.
func (d providerData) Ticked(mark, field string, stored bool) bool {
	if _, refused := d.Form[mark]; refused {
		return d.Form[field] != ""
	}
	return stored
}

// Refused reports whether the form with the mark was.
func (d providerData) Refused(mark string) bool {
	_, refused := d.Form[mark]
	return refused
}

func (d *providerData) title() string {
	if d.P.Name == "" {
		return string(d.P.ID)
	}
	return d.P.Name
}

// Title is the name, or what there is in place of one.
func (d providerData) Title() string { return d.title() }

// Shown are the settings that the page explains: the candidate, or what is active.
func (d providerData) Shown() *settingsView {
	if d.Candidate != nil {
		return d.Candidate
	}
	return d.Active
}

// Domains are those of the form, a line each.
func (d providerData) Domains() string { return strings.Join(d.P.Domains, "\n") }

// Expires is when the last certificate ends.
func (d providerData) Expires() time.Time {
	end, _ := d.P.CertificateEnd()
	return end
}

func (c *call) viewOf(s *provider.Settings) *settingsView {
	if s == nil {
		return nil
	}
	v := c.metadataView(s.Metadata)
	v.Settings = s
	return v
}

// metadataView reads metadata for a page.
func (c *call) metadataView(m *saml.Metadata) *settingsView {
	v := &settingsView{EntityID: m.EntityID(), Logout: len(m.Logout()) > 0}
	sso := ""
	for i, e := range m.SignOn() {
		if i == 0 {
			sso = e.Location
		}
		v.Endpoints = append(v.Endpoints, endpointView{shortBinding(e.Binding), e.Location})
	}
	v.Vendor = saml.GuessVendor(v.EntityID, sso)
	for _, k := range m.Keys() {
		sum := sha256.Sum256(k.Certificate)
		v.Keys = append(v.Keys, keyView{k, colons(hex.EncodeToString(sum[:])), !k.NotAfter.IsZero() && k.NotAfter.Before(c.o.Now())})
	}
	slices.SortStableFunc(v.Keys, func(a, b keyView) int { return b.NotAfter.Compare(a.NotAfter) })
	if until, ok := m.ValidUntil(); ok {
		v.Until = &until
	}
	return v
}

func shortBinding(b saml.Binding) string {
	text := string(b)
	return text[strings.LastIndexByte(text, ':')+1:]
}

// colons writes a fingerprint as certificate viewers do.
func colons(digits string) string {
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strings.ToUpper(digits[i : i+2]))
	}
	return b.String()
}

// changeSettings changes name, domains and toggles.
func (c *call) changeSettings() error {
	change := provider.Change{Version: c.field("version"), Name: c.sent("name")}
	if text := c.sent("domains"); text != nil {
		change.Domains = new(strings.FieldsFunc(*text, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ' ' || r == ';' }))
	}
	if match := c.sent("match"); match != nil {
		change.Match = new(provider.Match(*match))
	}
	if c.sent("bypass_shown") != nil { // the form has its boxes
		change.AllowIdPInitiated = new(c.field("idp_initiated") != "")
	}
	if c.field("bypass_shown") != "" {
		change.BypassMFA = new(c.field("bypass") != "")
	}
	if _, err := c.service.Change(c.ctx(), c.actor, c.id, change); err != nil {
		return err
	}
	return c.back("", "changed")
}

// changeIdentifiers changes our entity ID and reply URL, for a product that has others already.
func (c *call) changeIdentifiers() error {
	change := provider.Change{Version: c.field("version"), EntityID: c.sent("entity_id"), ReplyURL: c.sent("reply_url")}
	if _, err := c.service.Change(c.ctx(), c.actor, c.id, change); err != nil {
		return err
	}
	return c.back("", "changed")
}

// signed are the values of the field for what has to be signed.
var signed = map[string]saml.SignaturePolicy{
	"": saml.SignedEither, "assertion": saml.SignedAssertion, "response": saml.SignedResponse, "both": saml.SignedBoth,
}

// Signed names what has to be signed, as the form does.
func (v *settingsView) Signed() string {
	for name, p := range signed {
		if p == v.Policy.Signed {
			return name
		}
	}
	return ""
}

// MaxAge is Policy.MaxAuthnAge in minutes; "" = any.
func (v *settingsView) MaxAge() string { return inMinutes(v.Policy.MaxAuthnAge) }

// inMinutes writes a time in minutes, a part of one as a whole one.
func inMinutes(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return strconv.Itoa(int((d + time.Minute - 1) / time.Minute))
}

// changePolicy proposes a sign-in policy.
func (c *call) changePolicy() error {
	p, err := c.service.Provider(c.ctx(), c.actor, c.id)
	if err != nil {
		return err
	}
	var policy provider.SignInPolicy
	for _, s := range []*provider.Settings{p.Active, p.Candidate} {
		if s != nil {
			policy = s.Policy
		}
	}
	sign, ok := signed[c.field("signed")]
	if !ok {
		return &provider.Problem{Code: provider.ProblemPolicy, Detail: "Choose what has to be signed from the list."}
	}
	age := c.field("max_age")
	minutes, err := strconv.Atoi(age)
	if age != "" && (err != nil || minutes < 0 || minutes > 60*24*365) {
		return &provider.Problem{Code: provider.ProblemPolicy, Detail: "The age of a sign-in is a number of minutes, or empty."}
	}
	if policy.Signed = sign; age != inMinutes(policy.MaxAuthnAge) {
		policy.MaxAuthnAge = time.Duration(minutes) * time.Minute
	}
	policy.PreferPOST, policy.MergeAttributes = c.field("post") != "", c.field("merge") != ""
	policy.NameIDFormat = c.field("format")
	policy.AuthnContexts = strings.Fields(c.field("contexts"))
	policy.AllowSHA1Insecure, policy.AllowRSA15Insecure = c.field("sha1") != "", c.field("rsa15") != ""
	policy.IgnoreCertificateDatesInsecure = c.field("dates") != ""
	if _, err := c.service.SetPolicy(c.ctx(), c.actor, c.id, policy); err != nil {
		return err
	}
	return c.back("", "policy")
}

func (c *call) saveCandidate() error {
	if _, err := c.service.Save(c.ctx(), c.actor, c.id); err != nil {
		return err
	}
	return c.back("", "saved")
}

func (c *call) enableProvider() error {
	if c.link != nil {
		p, err := c.service.Provider(c.ctx(), c.actor, c.id)
		if err != nil {
			return err
		}
		if len(p.Domains) == 0 {
			return &provider.Problem{Code: provider.ProblemDomain, Detail: "Without domains this provider would be for everybody here. Ask who gave you the link to enter yours first."}
		}
	}
	if _, err := c.service.Enable(c.ctx(), c.actor, c.id); err != nil {
		return err
	}
	return c.back("", "enabled")
}

// An askData is a page that asks for a second factor before something is done.
type askData struct {
	providerData
	Heading, Text, Button, Action string
	Danger                        bool
}

// ask shows a page that asks for a second factor.
func (c *call) ask(tab string, a askData) error {
	var err error
	if a.providerData, err = c.providerData(tab); err != nil {
		return err
	}
	a.Heading, a.Text, a.Button = c.pages.text(a.Heading), c.pages.text(a.Text), c.pages.text(a.Button)
	return c.render("ask", a.title(), "providers", a)
}

func (c *call) askDisable() error {
	return c.ask("sso", askData{Heading: "Disable single sign-on", Action: "/disable", Button: "Disable", Danger: true,
		Text: "Nobody signs in through this provider any more, and the sessions that began with it end now. Its users are not let in with a password instead."})
}

func (c *call) disableProvider() error {
	proofs, err := c.prove(provider.ActionDisable)
	if err != nil {
		return err
	}
	if _, err := c.service.Disable(c.ctx(), c.actor, c.id, proofs[0]); err != nil {
		return err
	}
	return c.back("", "disabled")
}

func (c *call) askDelete() error {
	if p, err := c.service.Provider(c.ctx(), c.actor, c.id); err != nil || p.Enabled {
		if err == nil {
			err = c.back("", "") // where it says that it is disabled first
		}
		return err
	}
	return c.ask("sso", askData{Heading: "Delete this provider", Action: "/delete", Button: "Delete", Danger: true,
		Text: "Its tokens stop working at once. Its users and groups stay, and are managed by nobody from then on. This cannot be undone."})
}

func (c *call) deleteProvider() error {
	proofs, err := c.prove(provider.ActionDelete)
	if err != nil {
		return err
	}
	if err := c.service.Delete(c.ctx(), c.actor, c.id, proofs[0]); err != nil {
		return err
	}
	return c.redirect("/providers", "deleted")
}
