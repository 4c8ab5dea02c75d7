package filter

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// maxExponent bounds the exponent of a number in a filter: that of the largest float64.
const maxExponent = 308

// bindDecimal sets what a decimal attribute is compared with. Decimals compare as float64.
func (n *node) bindDecimal(text string) bool {
	f, err := strconv.ParseFloat(text, 64)
	n.want.Float = f
	return err == nil
}

// bindInteger sets what an integer attribute is compared with, exactly: a fraction or a number
// beyond int64 is replaced by a comparison with the same outcome for every int64.
func (n *node) bindInteger(text string) bool {
	i, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		n.want.Int = i
		return true
	}
	if !boundedExponent(text) {
		return false
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return false
	}
	floor := new(big.Int).Div(r.Num(), r.Denom()) // Euclidean: rounds down
	switch {
	case floor.Cmp(big.NewInt(math.MinInt64)) < 0: // below every value
		n.decide(n.op == gt || n.op == ge)
	case !floor.IsInt64(): // above every value
		n.decide(n.op == lt || n.op == le)
	case r.IsInt():
		n.want.Int = floor.Int64()
	case n.op == eq:
		n.kind = never
	default: // between floor and floor+1
		n.want.Int = floor.Int64()
		n.op = map[op]op{gt: gt, ge: gt, lt: le, le: le}[n.op]
	}
	return true
}

// decide makes the comparison one that every present value satisfies, or none.
func (n *node) decide(holds bool) {
	if n.kind = never; holds {
		n.kind = present
	}
}

func boundedExponent(text string) bool {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return true
	}
	e, err := strconv.Atoi(text[i+1:])
	return err == nil && -maxExponent <= e && e <= maxExponent
}
