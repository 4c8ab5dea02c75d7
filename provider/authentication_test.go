package provider_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestSetAuthentication: users become SSO or native, and one native administrator is left.
func TestSetAuthentication(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	native := func(name string, administrator bool) scim.User {
		return h.User(scim.User{UserName: name, Active: true, Administrator: administrator})
	}
	a, b, u := native("a", true), native("b", true), native("u", false)
	set := func(sso bool, users ...scim.User) error {
		var ids []string
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		return h.SetAuthentication(ctx, providertest.Admin, ids, sso)
	}
	sso := func(u scim.User) bool {
		stored, err := h.Config.Stores.Users.User(ctx, providertest.Tenant, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		return stored.SSO
	}
	if err := set(true, a, b, u); !isProblem(err, provider.ProblemLastNative) || sso(a) || sso(b) || sso(u) {
		t.Errorf("all administrators at once: %v; %v %v %v", err, sso(a), sso(b), sso(u))
	}
	if err := set(true, a, u); err != nil || !sso(a) || !sso(u) {
		t.Errorf("one of two: %v", err)
	}
	if err := set(true, b); !isProblem(err, provider.ProblemLastNative) || sso(b) {
		t.Errorf("the last one: %v", err)
	}
	if err := set(false, a, u); err != nil || sso(a) || sso(u) {
		t.Errorf("back again: %v", err)
	}
	if err := set(true, scim.User{Meta: scim.Meta{ID: "nobody"}}); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	if err := h.SetAuthentication(ctx, providertest.Admin, make([]string, 1001), true); !isProblem(err, provider.ProblemTooMany) {
		t.Errorf("1,001 users: %v", err)
	}
	if ok, err := h.MayUsePassword(ctx, providertest.Tenant, u.ID); err != nil || !ok {
		t.Errorf("a native user may use a password: %v, %v", ok, err)
	}
	if err := set(true, u); err != nil {
		t.Error(err)
	}
	for what, id := range map[string]string{"an SSO user": u.ID, "nobody": "nobody"} {
		if ok, err := h.MayUsePassword(ctx, providertest.Tenant, id); err != nil || ok {
			t.Errorf("%s may use a password: %v, %v", what, ok, err)
		}
	}
	page, err := h.Events(ctx, providertest.Admin, provider.EventQuery{Types: []provider.EventType{provider.EventUserAuthSet}, User: u.ID})
	if err != nil || len(page.Events) == 0 || page.Events[0].By != providertest.Admin.Name || page.Events[0].Details["sso"] != "true" {
		t.Errorf("events %v, %v", page.Events, err)
	}
}

// TestLastNativeRace: of two who take the last two native administrators away at once, not both succeed.
func TestLastNativeRace(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		h := providertest.NewHost(t)
		var ids []string
		for i := range 2 {
			ids = append(ids, h.User(scim.User{UserName: fmt.Sprint("root", i), Active: true, Administrator: true}).ID)
		}
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() {
				h.SetAuthentication(context.WithoutCancel(t.Context()), providertest.Admin, []string{id}, true)
			})
		}
		wg.Wait()
		left := 0
		for _, id := range ids {
			u, err := h.Config.Stores.Users.User(t.Context(), providertest.Tenant, id)
			if err != nil {
				t.Fatal(err)
			}
			if !u.SSO {
				left++
			}
		}
		if left == 0 {
			t.Fatalf("round %d: no native administrator is left", round)
		}
	}
}

func isProblem(err error, code provider.ProblemCode) bool {
	p, ok := errors.AsType[*provider.Problem](err)
	return ok && p.Code == code
}
