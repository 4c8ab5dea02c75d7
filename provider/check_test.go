package provider_test

import (
	"errors"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestCheckOtherProvider: what was revoked with a provider stays so when another one takes its people
// over, and when it is deleted.
func TestCheckOtherProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.Connect(s.IdP(), "default")
	native := s.User(scim.User{UserName: "native@a.example", Active: true, SSO: true})
	issued := s.Clock.Now()
	users := map[string]scim.User{"managed": s.user(), "native": native}
	check := func(when string, want error) {
		t.Helper()
		for what, u := range users {
			if err := s.Check(t.Context(), providertest.Tenant, u.ID, s.p.ID, issued); !errors.Is(err, want) {
				t.Errorf("%s, a %s user: %v, want %v", when, what, err, want)
			}
		}
	}
	check("before", nil)
	s.Clock.Add(time.Minute)
	disable(t, s.Host, s.p.ID)
	check("disabled", provider.ErrOver)
	if err := s.Delete(t.Context(), providertest.Admin, s.p.ID, s.Proof(provider.ActionDelete, s.p.ID)); err != nil {
		t.Fatal(err)
	}
	check("deleted", provider.ErrOver)
	for what, u := range users {
		if err := s.Check(t.Context(), providertest.Tenant, u.ID, d.ID, s.Clock.Now().Add(time.Second)); err != nil {
			t.Errorf("a %s user, signed in by the other provider: %v", what, err)
		}
	}
}
