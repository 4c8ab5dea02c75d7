package providertest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestStore tests that a store keeps every promise of [provider.Store]: a subtest each, whose failure
// says which promise was broken. open returns an empty store, and is called anew for each. Times are
// kept in whole milliseconds at least.
func TestStore(t *testing.T, open func(t *testing.T) provider.Store) {
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) { try(t, p, open(t)) })
	}
}

// A promise is one sentence of the contract, and how to find out whether it is kept.
type promise struct {
	name, promise string
	check         func(*trial)
}

var promises = []promise{
	{"everything is kept", "a provider is returned as it was stored, field by field", keepsProviders},
	{"tests are kept", "a test is returned as it was stored, field by field", keepsTests},
	{"events are kept", "an event is returned as it was stored, field by field, and its ID and tenant beside", keepsEvents},
	{"values are apart", "a caller may change what it gave and what it got", valuesApart},
	{"tenants are apart", "no call made for one tenant sees or touches what belongs to another", tenantsApart},
	{"found by ID alone", "Connection finds a provider of any tenant, and says whose it is", connections},
	{"walk", "Walk goes through the providers of all tenants, each once, in the order of IDs", walks},
	{"compare and swap", "a write is made only if the version is the stored one, and gives a new one", swaps},
	{"create once", "a provider that is there is not created again", createsOnce},
	{"names are unique", "two providers of a tenant cannot have one name, however it is spelled; drafts without are fine", uniqueNames},
	{"entity IDs are unique", "two providers of whatever tenant cannot have one entity ID", uniqueEntityIDs},
	{"issuers are unique", "two providers with one reply URL of their own cannot have one issuer", uniqueIssuers},
	{"domains are unique", "two enabled providers of a tenant cannot have one domain; others may name it", uniqueDomains},
	{"one default", "one enabled provider of a tenant is without domains", oneDefault},
	{"a refused write", "a write that is refused changes nothing", refusedWrites},
	{"deleting", "a deleted provider is gone, with its tests, and what it had is free", deletes},
	{"realm", "Realm returns the enabled provider of a domain, else the enabled default one", realms},
	{"searching", "a search finds a part of name, domain or entity ID, however it is spelled, and takes every character as it is", searches},
	{"filters", "providers are listed by state, SCIM and certificate", filters},
	{"paging", "pages come in the order of names, and each provider is in one, also while others are added", pages},
	{"latest tests", "Tests returns the latest ones, up to KeptTests, the latest first", latestTests},
	{"events in order", "events have IDs in the order of recording, and are listed the latest first", eventsInOrder},
	{"event filters", "events are listed by type, provider, user, actor, incident and time", eventFilters},
	{"event pages", "pages of events have each event once, also while others are recorded", eventPages},
	{"sent", "Unsent returns what is not sent, in the order of recording, until Sent is told", sentEvents},
	{"tokens", "a token is found by its ID alone, and returned as it was stored; those of a provider are listed, and go with it", tokens},
	{"touching tokens", "TouchToken changes LastUsed alone, of a token of the tenant, and never back", touches},
	{"seen", "Touch moves each time up, of a provider of the tenant, and never back", seen},
	{"failures", "a failure is returned as it was stored, the longest failing first, with the time of the first one of its subject, until Heal or until the provider goes", failures},
	{"many failures", "of a provider MaxFailures are kept, and those go on being counted", manyFailures},
	{"queue", "a user who was noted is returned, in order, until it is dequeued under the latest stamp", queued},
	{"once", "of concurrent calls with a key one is the first, until it is over", once},
	{"once is undone", "a call of Once that is undone was none", onceUndone},
	{"revocations", "the latest revocation of a user and of a provider is returned, and of nobody else", revocations},
	{"unacknowledged", "revocations that are due are returned, the earliest first, until they are acknowledged", unacknowledged},
	{"pruning", "Prune forgets what is over, a bit at a time, and nothing else", prunes},
	{"transactions", "what f writes is there when Transact returns, and not at all if it fails or panics", transacts},
	{"reading what was written", "within a transaction f reads what it has written", readsOwn},
	{"nothing is lost", "of concurrent changes by compare-and-swap none is lost", nothingLost},
	{"canceled", "a call whose context is canceled returns an error, and changes nothing", canceled},
}

// A reporter is told what was found. It is a *testing.T, but in the tests of the suite.
type reporter interface {
	Context() context.Context
	Helper()
	Errorf(format string, args ...any)
}

// A trial is one promise put to the test on an empty store.
type trial struct {
	reporter
	provider.Store
	promise string
	n       int
}

// stop ends a trial that cannot go on.
type stop struct{}

// try puts one promise to the test.
func try(r reporter, p promise, s provider.Store) {
	defer func() {
		if v := recover(); v != nil {
			if _, ok := v.(stop); !ok {
				panic(v)
			}
		}
	}()
	p.check(&trial{reporter: r, Store: s, promise: p.promise})
}

// broken reports what was seen instead of what was promised. The trial goes on.
func (t *trial) broken(format string, args ...any) {
	t.Helper()
	t.Errorf("promised: %s\nbroken:   %s", t.promise, fmt.Sprintf(format, args...))
}

// must ends the trial if a call has failed that has to work.
func (t *trial) must(what string, err error) {
	t.Helper()
	if err != nil {
		t.broken("%s: %v", what, err)
		panic(stop{})
	}
}

// The two tenants of the suite.
const (
	red  scim.TenantID = "red"
	blue scim.TenantID = "blue"
)

// when is when the suite happens.
var when = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// draft is a provider that nothing is known of yet.
func (t *trial) draft(name string) provider.Provider {
	t.n++
	id := provider.ID(fmt.Sprintf("provider%04d", t.n))
	return provider.Provider{ID: id, Name: name, EntityID: "https://sp.example.com/" + string(id), Created: when, Modified: when}
}

// put stores a provider.
func (t *trial) put(tenant scim.TenantID, p provider.Provider) provider.Provider {
	t.Helper()
	stored, err := t.PutProvider(t.Context(), tenant, p)
	t.must("PutProvider", err)
	if stored.Version == "" || stored.Version == p.Version {
		t.broken("PutProvider returned the version %q", stored.Version)
	}
	return stored
}

// enabled is a provider that is enabled for some domains.
func (t *trial) enabled(name string, domains ...string) provider.Provider {
	p := t.draft(name)
	p.Enabled, p.Domains, p.Active = true, domains, &provider.Settings{Metadata: metadata("https://idp.example.com/" + name)}
	return p
}

// metadata is that of an identity provider.
func metadata(entityID string) *saml.Metadata {
	m, err := saml.MetadataFromParts(entityID, samltest.SSOURL, samltest.TestKeys().IdP.Certificate.Raw)
	if err != nil {
		panic(err)
	}
	return m
}

// take expects a write to be refused for a field that somebody has.
func (t *trial) taken(err error, field provider.TakenField, by provider.ID) {
	t.Helper()
	taken, ok := err.(*provider.Taken)
	if !ok || taken.Field != field || taken.By != by {
		t.broken("got %v %+v, want a *Taken of %s by %q", err, taken, field, by)
	}
}

// same expects two values to be equal, but for empty lists.
func (t *trial) same(what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.broken("%s: got\n%+v\nwant\n%+v", what, got, want)
	}
}

// names lists providers by name.
func names(list []provider.Provider) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Name)
	}
	return strings.Join(out, " ")
}
