package scim_test

import (
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

func TestMemoryStoreModel(t *testing.T) {
	var model scimtest.Model
	for seed := range setting(t, "GATEHOUSE_SEEDS") {
		model.Seeds = append(model.Seeds, uint64(seed+1))
	}
	model.Test(t, func(*testing.T) scim.Stores {
		s := new(scim.MemoryStore)
		return scim.Stores{Users: s, Groups: s}
	})
}
