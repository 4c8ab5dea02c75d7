package providertest

import "github.com/seed-30109bde/gatehouse/provider"

func queued(t *trial) {
	ctx := t.Context()
	q := func(tenant, user, stamp string) provider.Queued {
		if tenant == "red" {
			return provider.Queued{Tenant: red, User: user, Stamp: stamp}
		}
		return provider.Queued{Tenant: blue, User: user, Stamp: stamp}
	}
	expect := func(after provider.Queued, limit int, want ...provider.Queued) {
		t.Helper()
		list, err := t.Queued(ctx, after, limit)
		t.must("Queued", err)
		if len(list) == 0 && len(want) == 0 {
			return
		}
		t.same("Queued", list, want)
	}
	expect(provider.Queued{}, 10)
	t.must("Enqueue", t.Enqueue(ctx, red, "1", "c", "a", "a"))
	t.must("Enqueue", t.Enqueue(ctx, blue, "1", "b", "Z"))
	t.must("Enqueue", t.Enqueue(ctx, red, "1"))
	expect(provider.Queued{}, 10, q("blue", "Z", "1"), q("blue", "b", "1"), q("red", "a", "1"), q("red", "c", "1"))
	expect(q("blue", "b", ""), 1, q("red", "a", "1"))
	t.must("Enqueue", t.Enqueue(ctx, red, "2", "a"))
	t.must("Dequeue", t.Dequeue(ctx, q("red", "a", "1")))
	t.must("Dequeue", t.Dequeue(ctx, q("blue", "c", "1")))
	t.must("Dequeue", t.Dequeue(ctx, q("red", "nobody", "1")))
	expect(q("blue", "b", ""), 10, q("red", "a", "2"), q("red", "c", "1"))
	t.must("Dequeue", t.Dequeue(ctx, q("red", "a", "2")))
	expect(q("blue", "b", ""), 10, q("red", "c", "1"))
}
