package providertest_test

import (
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

func TestMemoryStore(t *testing.T) {
	providertest.TestStore(t, func(*testing.T) provider.Store { return new(provider.MemoryStore) })
}

func TestSSO(t *testing.T) {
	providertest.TestSSO(t, func(_ *testing.T, now func() time.Time) providertest.Stores {
		users := new(scim.MemoryStore)
		return providertest.Stores{
			Providers: new(provider.MemoryStore), Users: scim.Stores{Users: users, Groups: users}, Replays: saml.NewMemoryReplays(0, now),
		}
	})
}

func inMemory(*testing.T, func() time.Time) providertest.Stores {
	users := new(scim.MemoryStore)
	return providertest.Stores{Providers: new(provider.MemoryStore), Users: scim.Stores{Users: users, Groups: users}}
}

func TestOffboarding(t *testing.T) { providertest.TestOffboarding(t, inMemory) }

func TestLastAdministrator(t *testing.T) { providertest.TestLastAdministrator(t, inMemory) }

func TestProvisioning(t *testing.T) { providertest.TestProvisioning(t, inMemory) }
