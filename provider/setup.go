package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
)

// A SetupClient is a product at the other end, as a [SetupSheet] explains it.
type SetupClient string

// The products.
const (
	SetupEntra       SetupClient = "entra"
	SetupOkta        SetupClient = "okta"         // an app integration of one's own
	SetupOktaCatalog SetupClient = "okta-catalog" // an app of the Okta Integration Network
	SetupGoogle      SetupClient = "google"       // Google Workspace
	SetupGeneric     SetupClient = "generic"      // whatever speaks SCIM 2.0
)

// A SetupSheet is what an administrator does at the identity provider, step by step, with the values to
// copy. It has no secret: a token is shown once, by [Service.NewToken].
type SetupSheet struct {
	Client       SetupClient
	Product      string // what the product is called
	Provider     string // the name of the provider
	SSO          []SetupStep
	Claims       []SetupClaim
	SCIM         []SetupStep
	Attributes   []SetupAttribute // that do not come with the product and have to be added there
	Mapping      []SetupMapping
	NotSupported []string
}

// A SetupStep is one step of a how-to.
type SetupStep struct {
	Number int
	Where  string // the menus, "" = where the step before has ended
	Do     string
	Values []SetupValue
}

// A SetupValue is a field of the identity provider and what belongs into it.
type SetupValue struct{ Field, Value string }

// A SetupClaim is what an assertion says of a person.
type SetupClaim struct{ Name, Source, Note string }

// A SetupAttribute is an attribute as /Schemas describes it (RFC 7643 §7).
type SetupAttribute struct {
	Name      string
	Namespace string // the URN of its schema, which Okta calls External namespace
	Path      string // what Entra ID calls it
	Type      string
	Required  bool
	Multi     bool
	CaseExact bool
}

// A SetupMapping says where the value of an attribute comes from.
type SetupMapping struct {
	Kind   string // direct, expression or constant
	Source string // at the identity provider
	Target string // the SCIM attribute
	Note   string
	// Matching is the matching precedence, 1 = asked first; 0 = users are not found by it.
	Matching int
}

// SetupSheet returns how a provider is set up at a product. What it says of attributes is what the SCIM
// endpoint serves to this provider, and what it may hand out.
func (s *Service) SetupSheet(ctx context.Context, a Actor, id ID, client SetupClient) (SetupSheet, error) {
	product, ok := setupProducts[client]
	if !ok {
		return SetupSheet{}, &Problem{Code: ProblemPolicy, Detail: fmt.Sprintf("There is no setup sheet for %q.", shorten(string(client)))}
	}
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return SetupSheet{}, err
	}
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return SetupSheet{}, err
	}
	ids, err := s.Identifiers(ctx, a, id)
	if err != nil {
		return SetupSheet{}, err
	}
	w := &setup{s: s, p: &p, ids: ids, tenantURL: u.Native + scimPath, client: client, here: s.config.Menu}
	if w.traits, err = s.traits(); err != nil {
		return SetupSheet{}, err
	}
	return SetupSheet{
		Client: client, Product: product, Provider: p.Name,
		SSO: w.sso(), Claims: w.claims(), SCIM: w.scim(),
		Attributes: w.attributes(), Mapping: w.mapping(), NotSupported: w.notSupported(),
	}, nil
}

var setupProducts = map[SetupClient]string{
	SetupEntra: "Microsoft Entra ID", SetupOkta: "Okta, with an app integration of your own",
	SetupOktaCatalog: "Okta, with an app of the catalogue", SetupGoogle: "Google Workspace", SetupGeneric: "an identity provider with SCIM 2.0",
}

// A setup is a sheet in the making.
type setup struct {
	s         *Service
	p         *Provider
	ids       Identifiers
	tenantURL string
	here      string // where our own pages are
	client    SetupClient
	traits    map[filter.Ref]setupTrait
}

// okta reports whether the product is Okta.
func (w *setup) okta() bool { return w.client == SetupOkta || w.client == SetupOktaCatalog }

// userTypes are those that the provider may hand out; of one that does not provision yet both.
func (w *setup) userTypes() []string {
	if types := w.p.Provisioning.Grants.UserTypes; len(types) > 0 {
		return types
	}
	return allGrants().UserTypes
}

// notSupported lists what people try in vain.
func (w *setup) notSupported() []string {
	out := []string{
		"Nested groups: only direct members of a group that is assigned are provisioned.",
		"An on-premises directory alone, without a cloud identity provider that speaks SAML and SCIM.",
	}
	switch w.client {
	case SetupEntra:
		out = append(out, "App registrations: provisioning needs an enterprise application.",
			"Hybrid directories: what Entra ID has synchronised can differ from what you expect; provision one person on demand before everybody.")
	case SetupOkta, SetupOktaCatalog:
		out = append(out, "Import of users from here into Okta: leave Import off.", "Passwords: those that Okta sends are dropped.")
	case SetupGoogle:
		out = append(out, "Automatic provisioning to an app of your own: Google Workspace provisions to apps of its own catalogue. Use it for single sign-on, and provision from a product that has SCIM.")
	}
	for _, ref := range w.added() {
		if why := w.unfillable(ref); why != "" {
			out = append(out, ref.String()+": "+why+".")
		}
	}
	if !slices.Contains(w.userTypes(), extension.Technician) {
		out = append(out, "Technicians: this provider may not make any; see "+w.s.grantsPage()+".")
	}
	if w.s.config.Stores.Groups == nil {
		out = append(out, "Groups: they are not provisioned here.")
	}
	return out
}
