package providertest

import (
	"errors"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
)

// aToken is a token of a provider.
func aToken(p provider.Provider, id string, created time.Duration) provider.Token {
	return provider.Token{ID: id, Provider: p.ID, Digest: [32]byte{1, 2, 3}, By: "ann", Created: when.Add(created), Expires: when.Add(time.Hour)}
}

func tokens(t *trial) {
	ctx := t.Context()
	p := t.put(red, t.draft("a"))
	want := full[provider.Token]()
	want.Provider = p.ID
	for i := range want.Digest {
		want.Digest[i] = byte(200 + i)
	}
	t.must("PutToken", t.PutToken(ctx, red, want))
	tenant, got, err := t.Token(ctx, want.ID)
	if err != nil || tenant != red {
		t.broken("Token: %s, %v", tenant, err)
	}
	t.same("Token", got, want)
	first, second := aToken(p, "first", 100*time.Hour), aToken(p, "second", 101*time.Hour)
	t.must("PutToken", t.PutToken(ctx, red, first))
	t.must("PutToken", t.PutToken(ctx, red, second))
	first.Revoked = when.Add(time.Minute)
	t.must("PutToken", t.PutToken(ctx, red, first))
	list, err := t.Tokens(ctx, red, p.ID)
	t.must("Tokens", err)
	t.same("Tokens", list, []provider.Token{second, first, want})
	for _, id := range []string{"", "nobody", "FIRST", "first ", "nul\x00", "\xff"} {
		if _, _, err := t.Token(ctx, id); !errors.Is(err, provider.ErrNotFound) {
			t.broken("Token %q: %v, want ErrNotFound", id, err)
		}
	}
	if list, err := t.Tokens(ctx, blue, p.ID); err != nil || len(list) != 0 {
		t.broken("Tokens for another tenant: %v, %v", list, err)
	}
	if err := t.PutToken(ctx, blue, aToken(p, "third", 0)); !errors.Is(err, provider.ErrNotFound) {
		t.broken("PutToken for another tenant: %v, want ErrNotFound", err)
	}
	t.must("DeleteProvider", t.DeleteProvider(ctx, red, p.ID, p.Version))
	if _, _, err := t.Token(ctx, "first"); !errors.Is(err, provider.ErrNotFound) {
		t.broken("a token of a provider that is gone: %v, want ErrNotFound", err)
	}
}

func touches(t *trial) {
	ctx := t.Context()
	p := t.put(red, t.draft("a"))
	want := aToken(p, "token", 0)
	t.must("PutToken", t.PutToken(ctx, red, want))
	t.must("TouchToken", t.TouchToken(ctx, blue, "token", when.Add(9*time.Minute)))
	t.must("TouchToken", t.TouchToken(ctx, red, "nobody", when))
	t.must("TouchToken", t.TouchToken(ctx, red, "token", when.Add(2*time.Minute)))
	t.must("TouchToken", t.TouchToken(ctx, red, "token", when.Add(time.Minute)))
	want.LastUsed = when.Add(2 * time.Minute)
	_, got, err := t.Token(ctx, "token")
	t.must("Token", err)
	t.same("Token", got, want)
}
