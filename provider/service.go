package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A Config is what a [Service] needs of its host. Store, Stores, Replays, URLs, Keys, Sessions and
// Prover are required.
type Config struct {
	Store    Store
	Stores   scim.Stores // the users, and groups
	Replays  saml.ReplayCache
	URLs     func(ctx context.Context, tenant scim.TenantID) (URLs, error)
	Keys     Keys
	Sessions Sessions
	Prover   Prover
	Sink     Sink // optional

	// Tenant tells which tenant a request is for, from its host for example. It is for /sso/start, which
	// is not served without; everything else finds the tenant by the provider.
	Tenant func(*http.Request) (scim.TenantID, error)

	// SCIM has what else the endpoint is configured with. BaseURL, Now and Logger are set by New where
	// they are not, and so is Policy, whose hooks of the host belong in Hooks.
	SCIM scim.Config
	// Provision tells who sends a SCIM request, for a host with tokens of its own; its principals name a
	// provider as Manager. nil = the service itself, with the tokens of [Service.NewToken].
	Provision scim.Authenticator
	// Hooks are the host's own rules for provisioning. Optional.
	Hooks Hooks
	// Organizations are those that users can be placed in; nil = any, and none is required.
	Organizations Organizations
	// Roles are those that groups may give to users; nil = none.
	Roles Roles
	// SCIMWithoutSSO lets providers provision that do not sign anybody in.
	SCIMWithoutSSO bool

	// SecondFactor says whether a user has to have a second factor to sign in. Optional: by default
	// technicians and administrators have to.
	SecondFactor func(ctx context.Context, tenant scim.TenantID, u scim.User) (bool, error)
	// Administrators returns the IDs of those who administer a tenant, or may, in the transaction that
	// stores belong to if they belong to one. Optional: by default all users of the tenant are looked
	// at when somebody could be the last one, which takes a while among a million.
	Administrators func(ctx context.Context, stores scim.Stores, tenant scim.TenantID) ([]string, error)
	// Admit makes a user of a person whom the provider vouches for and nobody knows (just-in-time
	// creation), or returns scim.ErrNotFound. What it returns is judged like any user. Optional: by
	// default only SCIM creates users.
	Admit func(ctx context.Context, tenant scim.TenantID, p Provider, a *saml.Assertion) (scim.User, error)

	// Returns are where else a sign-in may end: exact origins (https://app.example.com) and the
	// schemes of app links (com.example.app:). They get a one-time code for [Service.Redeem].
	Returns []string
	// Page writes the pages that a person sees when something cannot go on. Optional: a plain page.
	Page func(w http.ResponseWriter, r *http.Request, p Notice)
	// RequestHost returns the host, with its port, that the browser has asked for. Optional: by
	// default the Host of the request, which a proxy has to preserve.
	RequestHost func(*http.Request) string

	// Menu is where administrators find the identity providers, in the words of the host's menus: refusals and
	// setup sheets say it. Optional: Administration > Accounts > Identity Provider.
	Menu string
	// Networks may be connected to for metadata beside public addresses, such as the host's own.
	Networks []netip.Prefix
	// TokenFor is how long SCIM tokens are good; 0 = [TokenFor], at most two years.
	TokenFor time.Duration
	// Session is for how long the host keeps a session or a stateless token at most; 0 = 30 days.
	// Revocations are remembered that long.
	Session time.Duration
	// Retention is how long events are kept; 0 = 400 days.
	Retention time.Duration
	// AllowLoopbackInsecure takes http at loopback addresses: for our own URLs, for metadata, and for
	// the endpoints in it. Cookies are weaker there. It is for tests and for a first look.
	AllowLoopbackInsecure bool

	Now    func() time.Time     // nil: time.Now
	Logger *slog.Logger         // nil: silent
	Meter  metric.MeterProvider // nil: nothing is measured
	Tracer trace.TracerProvider // nil: nothing is traced
}

// A Service keeps the identity providers of all tenants of a host, and signs people in. Its methods may
// be called concurrently, and in any number of processes that share the stores.
//
// Methods that take an [Actor] are for administrators of a tenant, and see nothing of another. Their
// errors are *[Problem] for what an administrator can do something about, ErrNotFound, ErrStale, and
// those of the stores.
type Service struct {
	config   Config
	users    *filter.Registry
	groups   *filter.Registry
	scim     *scim.Handler // nil: not served
	measure  measure
	refusals recent[Refusal]
	requests recent[Request]
	// provisioning has the provider of each token as it was last authenticated, for rules that are asked
	// without a context.
	provisioning sync.Map       // of *Provider, by token ID
	unkept       sync.Map       // of attributes that an event was recorded about, by provider and attribute
	seen         sync.Map       // of Seen, by provider: what of it this process has written down
	fetchRoots   *x509.CertPool // of tests; nil = those of the system
}

// New returns a service, or says what is missing.
func New(c Config) (*Service, error) {
	for _, need := range []struct {
		name string
		ok   bool
	}{
		{"Store", c.Store != nil},
		{"Stores.Users", c.Stores.Users != nil},
		{"Replays", c.Replays != nil},
		{"URLs", c.URLs != nil},
		{"Keys", c.Keys != nil},
		{"Sessions", c.Sessions != nil},
		{"Prover", c.Prover != nil},
	} {
		if !need.ok {
			return nil, fmt.Errorf("provider: Config.%s is required", need.name)
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Session == 0 {
		c.Session = 30 * 24 * time.Hour
	}
	if c.Retention == 0 {
		c.Retention = 400 * 24 * time.Hour
	}
	if c.Menu == "" {
		c.Menu = "Administration > Accounts > Identity Provider"
	}
	if c.TokenFor == 0 {
		c.TokenFor = TokenFor
	}
	if c.TokenFor < 0 || c.TokenFor > maxTokenFor {
		return nil, errors.New("provider: Config.TokenFor is at most two years")
	}
	if c.Session < 0 || c.Retention < 0 {
		return nil, errors.New("provider: Config.Session and Config.Retention are not negative")
	}
	if err := checkReturns(c.Returns); err != nil {
		return nil, err
	}
	s := &Service{config: c}
	var err error
	if s.users, err = scim.UserRegistry(c.SCIM.Schemas...); err != nil {
		return nil, err
	}
	if s.groups, err = scim.GroupRegistry(); err != nil {
		return nil, err
	}
	if s.measure, err = newMeasure(c.Meter, c.Tracer); err != nil {
		return nil, fmt.Errorf("provider: Config.Meter: %w", err)
	}
	if s.scim, err = s.newSCIM(); err != nil {
		return nil, err
	}
	return s, nil
}

// now returns the time, in UTC and whole milliseconds, as stores keep it.
func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Millisecond) }
