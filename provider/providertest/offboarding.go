package providertest

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
)

const leave = `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]}`

// with has a host use stores, and a replay cache in memory if there is none.
func (s Stores) with(c *provider.Config) {
	if s.Replays == nil {
		s.Replays = saml.NewMemoryReplays(0, c.Now)
	}
	s.With(c)
}

// TestLastAdministrator has the last two administrators of a tenant deactivated at once, many times over:
// at least one is left each time.
func TestLastAdministrator(t *testing.T, open func(t *testing.T, now func() time.Time) Stores) {
	h := NewHost(t, func(c *provider.Config) { open(t, c.Now).with(c) })
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	for round := range 10 {
		var ids []string
		for i := range 2 {
			u := Managed(p.ID, fmt.Sprintf("root%d-%d@a.example", round, i))
			u.Administrator, u.SSO = true, false
			ids = append(ids, h.User(u).ID)
		}
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() {
				if status, body := h.Ask(client, http.MethodPatch, "/Users/"+id, leave); status != http.StatusOK && status != http.StatusForbidden && status != http.StatusServiceUnavailable {
					t.Errorf("round %d: %d %s", round, status, body)
				}
			})
		}
		wg.Wait()
		left := 0
		for _, id := range ids {
			u, err := h.Config.Stores.Users.User(t.Context(), Tenant, id)
			if err != nil {
				t.Fatal(err)
			}
			if u.Active {
				left++
			}
			u.Active, u.Administrator = false, false // out of the way of the next round
			if _, err := h.Config.Stores.Users.UpdateUser(t.Context(), Tenant, u); err != nil {
				t.Fatal(err)
			}
		}
		if left == 0 {
			t.Fatalf("round %d: no administrator is left", round)
		}
	}
}

// TestOffboarding holds a host to what has to be true when an identity provider deactivates somebody: the
// sessions are over, and so are tokens that were issued before, also if the host's session killer fails
// first; and what has failed is finished by the next request, or by maintenance. open is that of [TestSSO].
func TestOffboarding(t *testing.T, open func(t *testing.T, now func() time.Time) Stores) {
	for _, finish := range []string{"the identity provider tries again", "maintenance"} {
		t.Run(finish, func(t *testing.T) {
			h := NewHost(t, func(c *provider.Config) { open(t, c.Now).with(c) })
			p := h.Connect(h.IdP(), "default")
			_, client := h.Provision(p.ID)
			u := h.User(Managed(p.ID, "leaver@a.example"))
			h.mu.Lock()
			h.sessions["leaver"] = provider.SignIn{Tenant: Tenant, Provider: p.ID, User: u}
			h.mu.Unlock()
			issued := h.Clock.Now()
			h.Clock.Add(time.Second)
			h.KillError = errors.New("no connection")
			if status, body := h.Ask(client, http.MethodPatch, "/Users/"+u.ID, leave); status != http.StatusServiceUnavailable {
				t.Errorf("while sessions cannot be ended: %d %s, want 503", status, body)
			}
			if stored, err := h.Config.Stores.Users.User(t.Context(), Tenant, u.ID); err != nil || stored.Active {
				t.Errorf("the user is active: %+v, %v", stored, err)
			}
			if err := h.Check(t.Context(), Tenant, u.ID, p.ID, issued); !errors.Is(err, provider.ErrOver) {
				t.Errorf("a token from before is good: %v", err)
			}
			h.KillError = nil
			if finish == "maintenance" {
				h.Clock.Add(time.Hour)
				if _, err := h.Maintain(t.Context()); err != nil {
					t.Error(err)
				}
			} else if status, body := h.Ask(client, http.MethodPatch, "/Users/"+u.ID, leave); status != http.StatusOK {
				t.Errorf("the second time: %d %s", status, body)
			}
			for _, s := range h.Sessions() {
				if s.User.ID == u.ID {
					t.Error("the session is alive")
				}
			}
			kills := len(h.Kills())
			h.Clock.Add(time.Hour)
			if _, err := h.Maintain(t.Context()); err != nil || len(h.Kills()) != kills {
				t.Errorf("it is not acknowledged: %v, %v", h.Kills(), err)
			}
		})
	}
}
