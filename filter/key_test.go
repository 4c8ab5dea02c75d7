package filter

import (
	"cmp"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestKeyOrder: keys are in the order of values, for values that are near or far.
func TestKeyOrder(t *testing.T) {
	g := testRegistry(t)
	ref := func(path string) Ref { r, _ := g.Ref(path); return r }
	random := rand.New(rand.NewPCG(7, 8))
	ints := []int64{math.MinInt64, math.MinInt64 + 1, -1 << 53, -1, 0, 1, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64}
	floats := []float64{math.NaN(), math.Inf(-1), -math.MaxFloat64, -1, -math.SmallestNonzeroFloat64, math.Copysign(0, -1), 0,
		math.SmallestNonzeroFloat64, 2.225073858507201e-308, 0.1, 1, math.MaxFloat64, math.Inf(1)}
	nanos := []int32{0, 1, 500_000_000, 999_999_999}
	for range 100 {
		ints = append(ints, int64(random.Uint64())>>random.IntN(64))
		floats = append(floats, math.Float64frombits(random.Uint64()))
	}
	for _, a := range ints {
		for _, b := range ints {
			checkKeyOrder(t, ref("loginCount"), Value{Kind: Integer, Int: a}, Value{Kind: Integer, Int: b}, cmp.Compare(a, b))
			for _, n := range nanos {
				for _, m := range nanos {
					x, y := Value{Kind: DateTime, Int: a, Nanos: n}, Value{Kind: DateTime, Int: b, Nanos: m}
					checkKeyOrder(t, ref("meta.created"), x, y, compareTime(x, y))
				}
			}
		}
	}
	for _, a := range floats {
		for _, b := range floats {
			checkKeyOrder(t, ref("score"), Value{Kind: Decimal, Float: a}, Value{Kind: Decimal, Float: b}, cmp.Compare(a, b))
		}
	}
}

func checkKeyOrder(t *testing.T, r Ref, a, b Value, want int) {
	t.Helper()
	if got := strings.Compare(r.Key(a), r.Key(b)); got != want {
		t.Fatalf("%s: %v has the key %s, %v has %s: %d, want %d", r, a, r.Key(a), b, r.Key(b), got, want)
	}
}
