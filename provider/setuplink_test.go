package provider_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
)

// link makes a setup link.
func link(t *testing.T, h *providertest.Host, id provider.ID, powers ...provider.SetupPower) (string, provider.SetupLink) {
	t.Helper()
	secret, l, err := h.NewSetupLink(t.Context(), providertest.Admin, id, provider.SetupLinkOptions{For: "jane@customer.test", Powers: powers}, h.Proof(provider.ActionSetupLink, id))
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal(), l
}

// TestSetupLink: it opens one provider, until it expires or is revoked.
func TestSetupLink(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p, err := h.Begin(ctx, providertest.Admin, provider.Draft{Name: "Customer"})
	if err != nil {
		t.Fatal(err)
	}
	secret, l := link(t, h, p.ID)
	if text := fmt.Sprintf("%v %+v %#v", l, l, l); strings.Contains(text, secret) {
		t.Error("the link is kept")
	}
	c, opened, err := h.OpenSetupLink(ctx, secret, "192.0.2.1")
	if err != nil || c.Tenant != providertest.Tenant || c.Provider.ID != p.ID || opened.ID != l.ID {
		t.Fatalf("opened %+v %+v, %v", c, opened, err)
	}
	e := latest(t, h, provider.EventSetupLinkUsed)
	if !strings.Contains(e.By, "jane@customer.test") || e.From != "192.0.2.1" {
		t.Errorf("event %+v", e)
	}
	if _, _, err := h.OpenSetupLink(ctx, secret, ""); err != nil {
		t.Fatal(err)
	}
	if again := latest(t, h, provider.EventSetupLinkUsed); again.ID != e.ID {
		t.Error("each use is an event")
	}
	if list, err := h.SetupLinks(ctx, providertest.Admin, p.ID); err != nil || len(list) != 1 || !list[0].LastUsed.Equal(e.Time) {
		t.Errorf("links %+v, %v", list, err)
	}
	if after, err := h.Provider(ctx, providertest.Admin, p.ID); err != nil || after.Version != c.Provider.Version {
		t.Errorf("the use of a link changes the provider: %v", err)
	}
	other, err := h.Begin(ctx, providertest.Admin, provider.Draft{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty": "", "no secret": provider.SetupLinkPrefix + string(p.ID), "another secret": secret[:len(secret)-1] + "_", "longer": secret + "A",
		"of another provider": strings.Replace(secret, string(p.ID), string(other.ID), 1), "without prefix": strings.TrimPrefix(secret, provider.SetupLinkPrefix),
		"no such provider": provider.SetupLinkPrefix + "nobody.x.y",
	} {
		if _, _, err := h.OpenSetupLink(ctx, bad, ""); !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, action := range []provider.Action{provider.ActionNewToken, provider.ActionEnableSCIM, provider.ActionDelete} {
		if _, err := h.ProveSetupLink(ctx, secret, "", action); !isProblem(err, provider.ProblemProof) {
			t.Errorf("%s without the power: %v", action, err)
		}
	}
	if _, err := h.RevokeSetupLink(ctx, providertest.Admin, p.ID, l.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.OpenSetupLink(ctx, secret, ""); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("revoked: %v", err)
	}
	secret, _ = link(t, h, p.ID)
	h.Clock.Add(provider.SetupLinkFor)
	if _, _, err := h.OpenSetupLink(ctx, secret, ""); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("expired: %v", err)
	}
}

// TestSetupLinkPowers: with the power a link proves two acts, and no other.
func TestSetupLinkPowers(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p := h.Connect(h.IdP(), "Customer", "customer.test")
	secret, l := link(t, h, p.ID, provider.SetupMayTokens)
	actor := l.Actor(providertest.Tenant, "")
	proof, err := h.ProveSetupLink(ctx, secret, "", provider.ActionEnableSCIM)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.DisableSCIM(ctx, actor, p.ID, proof); err == nil {
		if p, _ := h.Provider(ctx, actor, p.ID); p.SCIM {
			t.Error("the proof is good for something else")
		}
	}
	if _, err := h.EnableSCIM(ctx, actor, p.ID, proof); err != nil {
		t.Error(err)
	}
	if proof, err = h.ProveSetupLink(ctx, secret, "", provider.ActionNewToken); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.NewToken(ctx, actor, p.ID, proof); err != nil {
		t.Error(err)
	}
	for _, action := range []provider.Action{provider.ActionDelete, provider.ActionDisable, provider.ActionGrants, provider.ActionSetupLink, provider.ActionRevokeToken} {
		if _, err := h.ProveSetupLink(ctx, secret, "", action); !isProblem(err, provider.ProblemProof) {
			t.Errorf("%s: %v", action, err)
		}
	}
}

// TestSetupLinkRefuses: what cannot be meant, and how many there are.
func TestSetupLinkRefuses(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p, err := h.Begin(ctx, providertest.Admin, provider.Draft{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    provider.SetupLinkOptions
		want provider.ProblemCode
	}{
		{provider.SetupLinkOptions{}, provider.ProblemName},
		{provider.SetupLinkOptions{For: "a\nb"}, provider.ProblemName},
		{provider.SetupLinkOptions{For: "a", Valid: provider.MaxSetupLinkFor + 1}, provider.ProblemPolicy},
		{provider.SetupLinkOptions{For: "a", Valid: -time.Hour}, provider.ProblemPolicy},
		{provider.SetupLinkOptions{For: "a", Powers: []provider.SetupPower{"all"}}, provider.ProblemPolicy},
	} {
		if _, _, err := h.NewSetupLink(ctx, providertest.Admin, p.ID, c.o, h.Proof(provider.ActionSetupLink, p.ID)); !isProblem(err, c.want) {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
	if _, _, err := h.NewSetupLink(ctx, providertest.Admin, p.ID, provider.SetupLinkOptions{For: "a"}, h.Proof(provider.ActionDelete, p.ID)); !isProblem(err, provider.ProblemProof) {
		t.Errorf("a proof for something else: %v", err)
	}
	for range 20 {
		link(t, h, p.ID)
	}
	if _, _, err := h.NewSetupLink(ctx, providertest.Admin, p.ID, provider.SetupLinkOptions{For: "a"}, h.Proof(provider.ActionSetupLink, p.ID)); !isProblem(err, provider.ProblemTooMany) {
		t.Errorf("one too many: %v", err)
	}
	h.Clock.Add(provider.SetupLinkFor)
	link(t, h, p.ID) // those that are over make room
}

// TestProveEach: one code proves several acts, each once.
func TestProveEach(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p := h.Connect(h.IdP(), "Acme", "acme.test")
	proofs, err := h.ProveEach(ctx, providertest.Admin, p.ID, providertest.Code, provider.ActionEnableSCIM, provider.ActionNewToken)
	if err != nil || len(proofs) != 2 {
		t.Fatal(proofs, err)
	}
	if _, _, err := h.NewToken(ctx, providertest.Admin, p.ID, proofs[0]); !isProblem(err, provider.ProblemProof) && !isProblem(err, provider.ProblemState) {
		t.Errorf("the first for the second act: %v", err)
	}
	if _, err := h.EnableSCIM(ctx, providertest.Admin, p.ID, proofs[0]); err != nil {
		t.Error(err)
	}
	if _, _, err := h.NewToken(ctx, providertest.Admin, p.ID, proofs[1]); err != nil {
		t.Error(err)
	}
	if _, _, err := h.NewToken(ctx, providertest.Admin, p.ID, proofs[1]); !isProblem(err, provider.ProblemProof) {
		t.Errorf("twice: %v", err)
	}
	if _, err := h.ProveEach(ctx, providertest.Admin, p.ID, "wrong", provider.ActionNewToken); !isProblem(err, provider.ProblemFactor) {
		t.Errorf("a wrong code: %v", err)
	}
}
