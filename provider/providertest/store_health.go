package providertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
)

func seen(t *trial) {
	ctx := t.Context()
	p, other := t.put(red, t.draft("a")), t.put(red, t.draft("b"))
	at := func(minutes int) time.Time { return when.Add(time.Duration(minutes) * time.Minute) }
	expect := func(want provider.Seen) {
		t.Helper()
		got, err := t.Seen(ctx, red, p.ID)
		t.must("Seen", err)
		t.same("Seen", got, want)
	}
	expect(provider.Seen{})
	t.must("Touch", t.Touch(ctx, red, p.ID, provider.Seen{Requested: at(5), Tested: at(5)}))
	t.must("Touch", t.Touch(ctx, red, p.ID, provider.Seen{Requested: at(3), Succeeded: at(3)}))
	expect(provider.Seen{Requested: at(5), Succeeded: at(3), Tested: at(5)})
	t.must("Touch", t.Touch(ctx, red, p.ID, provider.Seen{Requested: at(6), Succeeded: at(6), Tested: at(6)}))
	t.must("Touch", t.Touch(ctx, red, p.ID, provider.Seen{}))
	t.must("Touch", t.Touch(ctx, blue, p.ID, provider.Seen{Requested: at(9)}))
	t.must("Touch", t.Touch(ctx, red, "nobody", provider.Seen{Requested: at(9)}))
	expect(provider.Seen{Requested: at(6), Succeeded: at(6), Tested: at(6)})
	for _, c := range []struct {
		tenant string
		id     provider.ID
	}{{"red", other.ID}, {"red", "nobody"}, {"blue", p.ID}} {
		tenant := red
		if c.tenant == "blue" {
			tenant = blue
		}
		if got, err := t.Seen(ctx, tenant, c.id); err != nil || got != (provider.Seen{}) {
			t.broken("Seen of %s for %s: %+v, %v", c.id, c.tenant, got, err)
		}
	}
}

// aFailure is one of a provider.
func aFailure(p provider.Provider, subject string, minute int) provider.Failure {
	at := when.Add(time.Duration(minute) * time.Minute)
	return provider.Failure{Provider: p.ID, Subject: subject, Reason: "400 invalidValue", Since: at, Last: at, Count: 1}
}

func failures(t *trial) {
	ctx := t.Context()
	p, other := t.put(red, t.draft("a")), t.put(red, t.draft("b"))
	want := full[provider.Failure]()
	want.Provider, want.Since, want.Last = p.ID, when, when
	for _, f := range []provider.Failure{want, aFailure(p, "late", 9), aFailure(p, "odd \x00 \xff '", 5), aFailure(other, "late", 1)} {
		t.must("PutFailure", t.PutFailure(ctx, red, f))
	}
	again := aFailure(p, "late", 20)
	again.Sentence = "another one"
	t.must("PutFailure", t.PutFailure(ctx, red, again))
	again.Since, again.Count = when.Add(9*time.Minute), 2
	list, err := t.Failures(ctx, red, p.ID)
	t.must("Failures", err)
	if len(list) != 3 {
		t.broken("Failures: %+v, want three", list)
		return
	}
	t.same("the first failure", list[0], want)
	if list[1].Since != when.Add(5*time.Minute) {
		t.broken("the second failure is %+v, want the one of minute 5", list[1])
	}
	t.same("a failure that was there", list[2], again)
	if err := t.PutFailure(ctx, blue, aFailure(p, "x", 0)); !errors.Is(err, provider.ErrNotFound) {
		t.broken("PutFailure for another tenant: %v, want ErrNotFound", err)
	}
	if list, err := t.Failures(ctx, blue, p.ID); err != nil || len(list) > 0 {
		t.broken("Failures for another tenant: %v, %v", list, err)
	}
	t.must("Heal", t.Heal(ctx, blue, p.ID, "late"))
	t.must("Heal", t.Heal(ctx, red, p.ID, "nobody", "odd \x00 \xff '"))
	t.must("Heal", t.Heal(ctx, red, p.ID))
	if list, err := t.Failures(ctx, red, p.ID); err != nil || len(list) != 2 || list[1].Subject != "late" {
		t.broken("Failures after Heal: %+v, %v", list, err)
	}
	if list, err := t.Failures(ctx, red, other.ID); err != nil || len(list) != 1 {
		t.broken("Failures of another provider: %+v, %v", list, err)
	}
	t.must("DeleteProvider", t.DeleteProvider(ctx, red, p.ID, p.Version))
	if list, err := t.Failures(ctx, red, p.ID); err != nil || len(list) > 0 {
		t.broken("Failures of a provider that is gone: %v, %v", list, err)
	}
}

func manyFailures(t *trial) {
	p, other := t.put(red, t.draft("a")), t.put(red, t.draft("b"))
	ctx := t.Context()
	t.must("Transact", t.Transact(ctx, red, func(ctx context.Context, st provider.Store) error {
		for n := range provider.MaxFailures + 3 {
			if err := st.PutFailure(ctx, red, aFailure(p, fmt.Sprint("subject ", n), n)); err != nil {
				return err
			}
		}
		return nil
	}))
	t.must("PutFailure", t.PutFailure(ctx, red, aFailure(p, "subject 0", 5000)))
	t.must("PutFailure", t.PutFailure(ctx, red, aFailure(other, "subject", 0)))
	list, err := t.Failures(ctx, red, p.ID)
	t.must("Failures", err)
	if len(list) != provider.MaxFailures || list[0].Count != 2 {
		t.broken("%d failures are kept, the first %+v, want %d, and the first counted twice", len(list), list[0], provider.MaxFailures)
	}
	if list, err := t.Failures(ctx, red, other.ID); err != nil || len(list) != 1 {
		t.broken("Failures of another provider: %+v, %v", list, err)
	}
}
