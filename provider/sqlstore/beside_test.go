package sqlstore_test

import (
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// TestBesideUsers holds the store to its promises: with columns, and with none, where all is found
// by looking.
func TestBesideUsers(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		t.Run("columns", func(t *testing.T) {
			scimtest.TestUserStore(t, func(t *testing.T) scim.UserStore {
				_, b := newBeside(t, e, accountTable())
				return b
			})
		})
		t.Run("no columns", func(t *testing.T) {
			scimtest.TestUserStore(t, func(t *testing.T) scim.UserStore {
				table := accountTable()
				table.Columns = nil
				_, b := newBeside(t, e, table)
				return b
			})
		})
	})
}

func TestBesideGroups(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		scimtest.TestGroupStore(t, func(t *testing.T) scim.GroupStore {
			_, b := newBeside(t, e, accountTable())
			return b.Stores().Groups
		})
	})
}
