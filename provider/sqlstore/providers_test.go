package sqlstore_test

import (
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

func TestProviders(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		providertest.TestStore(t, func(t *testing.T) provider.Store {
			return newStore(t, e, sqlstore.Config{}).Providers()
		})
	})
}

func TestReplays(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		samltest.TestReplayCache(t, func(t *testing.T, now func() time.Time) saml.ReplayCache {
			return newStore(t, e, sqlstore.Config{}).Replays(now)
		})
	})
}

func TestSSO(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		providertest.TestSSO(t, inDatabase(e))
	})
}

// inDatabase is what a host keeps everything in.
func inDatabase(e engine) func(*testing.T, func() time.Time) providertest.Stores {
	return func(t *testing.T, now func() time.Time) providertest.Stores {
		s := newStore(t, e, sqlstore.Config{})
		return providertest.Stores{Providers: s.Providers(), Users: s.Stores(), Replays: s.Replays(now)}
	}
}

func TestOffboarding(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) { providertest.TestOffboarding(t, inDatabase(e)) })
}

func TestLastAdministrator(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) { providertest.TestLastAdministrator(t, inDatabase(e)) })
}

func TestConversations(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		if e.name == postgresEngine.name { // a schema for each takes a while; the others are held on SQLite
			providertest.TestConversations(t, inDatabase(e), "ninjaone", "okta", "validator")
			return
		}
		providertest.TestConversations(t, inDatabase(e))
	})
}

func TestServiceIsolation(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		providertest.TestIsolation(t, scimtest.Isolation{Overlaps: setting(t, "GATEHOUSE_OVERLAPS")}, inDatabase(e))
	})
}

func TestProvisioning(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) { providertest.TestProvisioning(t, inDatabase(e)) })
}
