// Package providertest tests what a host writes for package provider.
//
// [TestStore] holds a [provider.Store] to every promise of its contract, a subtest each: a store of a
// host's own is tested by
//
//	func TestStore(t *testing.T) {
//		providertest.TestStore(t, func(t *testing.T) provider.Store { return newStore(t) })
//	}
package providertest
