package scim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOrdered changes a list at random and compares it with a map; what was lent or forked on the
// way must stay as it was.
func TestOrdered(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	l, model := new(ordered[memberID]), make(map[string]bool)
	type moment struct {
		chunks []*chunk[memberID]
		want   []string
	}
	var kept []moment
	content := func(chunks []*chunk[memberID]) (all []string) {
		for id := range merge([][]*chunk[memberID]{chunks}, "", false) {
			all = append(all, string(id))
		}
		return all
	}
	for n := range 20_000 {
		id := fmt.Sprintf("%04d", random.IntN(5_000))
		if grow := n < 6_000 || n > 15_000; model[id] && !grow {
			delete(model, id)
			l.remove(id)
		} else {
			model[id] = true
			l.put(memberID(id))
		}
		if l.has(id) != model[id] || l.size != len(model) {
			t.Fatalf("step %d, %s: there %t, size %d; want %t, %d", n, id, l.has(id), l.size, model[id], len(model))
		}
		switch {
		case n%997 == 0:
			kept = append(kept, moment{l.lend(), slices.Sorted(maps.Keys(model))})
		case n%1499 == 0:
			kept = append(kept, moment{l.chunks, slices.Sorted(maps.Keys(model))})
			l = l.fork()
		}
	}
	if len(l.chunks) < 3 {
		t.Fatalf("%d chunks test little", len(l.chunks))
	}
	want := slices.Sorted(maps.Keys(model))
	kept = append(kept, moment{l.chunks, want})
	for i, m := range kept {
		if len(m.want) > 0 && !slices.Equal(content(m.chunks), m.want) {
			t.Errorf("list %d of %d changed after it was lent", i, len(kept))
		}
	}

	for _, after := range []string{"", "0", "2500", "25000", "4999", "9"} {
		from, found := slices.BinarySearch(want, after)
		if found {
			from++
		}
		for _, limit := range []int{0, 1, 700, 10_000} {
			want := want[from:min(from+limit, len(want))]
			got := l.after(after, limit)
			if !slices.EqualFunc(got, want, func(a memberID, b string) bool { return string(a) == b }) {
				t.Errorf("after %q, limit %d: %d elements, want %d, or others", after, limit, len(got), len(want))
			}
		}
	}
}

// TestMerge reads lists together, from every place in both directions.
func TestMerge(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	lists, all := make([]ordered[memberID], 3), []string(nil)
	for n := range 4_000 {
		id := fmt.Sprintf("%05d", 2*n)
		all = append(all, id)
		lists[random.IntN(3)].put(memberID(id))
	}
	var runs [][]*chunk[memberID]
	for i := range lists {
		runs = append(runs, lists[i].lend())
	}
	for _, key := range []string{"", "0", "00000", "00001", "00002", "03999", "04000", "07997", "07998", "07999", "9"} {
		from, found := slices.BinarySearch(all, key)
		before := slices.Clone(all[:from])
		slices.Reverse(before)
		if found {
			from++
		}
		after := all[from:]
		if key == "" {
			before = slices.Clone(all)
			slices.Reverse(before)
		}
		for back, want := range map[bool][]string{false: after, true: before} {
			var got []string
			for id := range merge(runs, key, back) {
				got = append(got, string(id))
			}
			if !slices.Equal(got, want) {
				t.Errorf("behind %q, back %t: %d elements, want %d, or others", key, back, len(got), len(want))
			}
		}
	}
}

func TestIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var x index[int]
	model := make(map[string]map[int]bool)
	for range 10_000 {
		key, v := fmt.Sprint(random.IntN(10)), random.IntN(8)
		if model[key] == nil {
			model[key] = make(map[int]bool)
		}
		if model[key][v] {
			delete(model[key], v)
			x.remove(key, v)
		} else {
			model[key][v] = true
			x.add(key, v)
		}
		if got := slices.Sorted(slices.Values(x.all(key))); !slices.Equal(got, slices.Sorted(maps.Keys(model[key]))) {
			t.Fatalf("key %s: got %v, want %v", key, got, model[key])
		}
	}
}
