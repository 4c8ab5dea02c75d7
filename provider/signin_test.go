package provider_test

import (
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	idp := h.idp()
	p := h.connect(idp, "Acme", "example.com")
	alice := h.user(managed(p.ID, "alice@example.com"))
	b := browser(t)
	_, page, err := idp.SignIn(b, h.begin(p.ID)+"?return=/app/inbox", "alice@example.com")
	if err != nil || string(page) != "alice@example.com" {
		t.Fatalf("%v: %s; %v", err, page, h.reasons(p.ID))
	}
	s, ok := h.session(b)
	if !ok || s.User.ID != alice.ID || s.Provider != p.ID || s.Return != "/app/inbox" || s.SecondFactor != provider.SecondFactorNotAsked || s.Logout == "" {
		t.Errorf("session %v %+v", ok, s)
	}
}
