package providertest_test

import (
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
)

func TestMemoryStore(t *testing.T) {
	providertest.TestStore(t, func(*testing.T) provider.Store { return new(provider.MemoryStore) })
}
