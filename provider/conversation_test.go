package provider_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// inMemory is what a host keeps things in that has no database.
func inMemory(*testing.T, func() time.Time) providertest.Stores {
	users := new(scim.MemoryStore)
	return providertest.Stores{Providers: new(provider.MemoryStore), Users: scim.Stores{Users: users, Groups: users}}
}

func TestConversations(t *testing.T) { providertest.TestConversations(t, inMemory) }

// TestIsolation is longer with GATEHOUSE_OVERLAPS.
func TestIsolation(t *testing.T) {
	overlaps, err := strconv.Atoi(os.Getenv("GATEHOUSE_OVERLAPS"))
	if err != nil {
		overlaps = 0
	}
	providertest.TestIsolation(t, scimtest.Isolation{Overlaps: overlaps}, inMemory)
}
