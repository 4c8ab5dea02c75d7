package provider_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml"
)

// TestJudgedByOthers: a test of some settings does not pass by an answer that was judged by others, which
// were there for a moment.
func TestJudgedByOthers(t *testing.T) {
	t.Parallel()
	var s *site
	var meanwhile func()
	s = newSite(t, func(c *provider.Config) {
		c.Replays = useFunc(func(ctx context.Context, key string, until time.Time) error {
			if f := meanwhile; f != nil {
				meanwhile = nil
				f()
			}
			return nil
		})
	})
	policy := func(signed saml.SignaturePolicy) {
		if _, err := s.SetPolicy(t.Context(), providertest.Admin, s.p.ID, provider.SignInPolicy{Signed: signed}); err != nil {
			t.Error(err)
		}
	}
	policy(saml.SignedBoth)
	run, address, err := s.Test(t.Context(), providertest.Admin, s.p.ID, provider.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client := providertest.Browser(t)
	r := begin(t, client, address)
	policy(saml.SignedEither)
	meanwhile = func() { policy(saml.SignedBoth) }
	post(t, client, r.ACS, s.answer(r))
	if meanwhile != nil {
		t.Fatal("the answer was not judged")
	}
	if run, err = s.TestResult(t.Context(), providertest.Admin, s.p.ID, run.ID); err != nil || run.Code != provider.CodeTestChanged {
		t.Errorf("%s %s, %v; want that the settings were changed", run.State, run.Code, err)
	}
	if _, err := s.Save(t.Context(), providertest.Admin, s.p.ID); !isProblem(err, provider.ProblemUntested) {
		t.Errorf("saved: %v", err)
	}
}

// useFunc is a replay cache made of a function.
type useFunc func(ctx context.Context, key string, until time.Time) error

func (f useFunc) Use(ctx context.Context, key string, until time.Time) error {
	return f(ctx, key, until)
}
