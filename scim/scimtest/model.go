package scimtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A Model says how thoroughly a store is compared with a reference. The zero Model suits a test
// that is run with every change.
type Model struct {
	// Seeds are those of the sequences of operations, one each: the same seed is the same sequence
	// for every store. Empty means 1 to 4.
	Seeds []uint64
	// Steps is how long each sequence is; 0 means 500.
	Steps int
	// Writers is how many goroutines write at once; 0 means 6. Turns is how much each of them
	// does; 0 means 40.
	Writers, Turns int
}

// TestModel is the test of the zero [Model].
func TestModel(t *testing.T, open func(t *testing.T) scim.Stores) {
	Model{}.Test(t, open)
}

// Test plays random sequences of operations on a store and on a reference, which is slow and plain,
// and compares every answer, and again and again all there is to see. Then many write at once, and
// what they leave has to follow from what they were told. Groups and transactions are part of it if
// [scim.Stores] has them.
//
// open returns empty stores; it is called anew for each sequence, and many times more when one
// fails, to find the shortest sequence that still does. The stores may choose their own IDs and any
// form of version.
func (m Model) Test(t *testing.T, open func(t *testing.T) scim.Stores) {
	m = m.withDefaults()
	for _, seed := range m.Seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			m.sequence(t, seed, func() scim.Stores { return open(t) })
		})
	}
	has := open(t)
	for _, p := range writerPromises {
		if p.of == nil || p.of(has) {
			t.Run(p.name, func(t *testing.T) { m.race(t, p, open(t)) })
		}
	}
}

func (m Model) withDefaults() Model {
	if len(m.Seeds) == 0 {
		m.Seeds = []uint64{1, 2, 3, 4}
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&m.Steps, 500}, {&m.Writers, 6}, {&m.Turns, 40}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return m
}

// everySteps is how many operations are played between two looks at everything.
const everySteps = 25

// never, in its place, leaves the looks out.
const never = 0

// A failure is the first difference that a sequence showed.
type failure struct {
	step    int // the index of the operation
	text    string
	looking bool // it was seen by looking at everything
}

// sequence plays the sequence of a seed, and reports it in its shortest form if the store fails.
func (m Model) sequence(r reporter, seed uint64, open func() scim.Stores) {
	stores := open()
	all, err := sequence(seed, m.Steps, stores)
	if err != nil {
		r.Errorf("the sequence of seed %d: %v", seed, err)
		return
	}
	f := m.play(r.Context(), stores, all, everySteps)
	if f == nil {
		return
	}
	s := shortener{model: m, ctx: r.Context(), open: open}
	short, again := s.shorten(all, f)
	r.Errorf("%s", m.report(seed, all, f, short, again, s.runs))
}

// play plays operations on empty stores, looks at everything after every so many of them and at the
// end, and returns what went wrong, if something did.
func (m Model) play(ctx context.Context, s scim.Stores, all []operation, every int) *failure {
	w, err := newWorld()
	if err != nil {
		return &failure{text: err.Error()}
	}
	c := &comparison{world: w}
	for i := range all {
		if d := c.step(ctx, s, &all[i]); d != "" {
			return &failure{step: i, text: d}
		}
		if every == never || (i+1)%every != 0 && i+1 != len(all) {
			continue
		}
		look := c.state(s.Groups != nil)
		for j := range look {
			if d := c.step(ctx, s, &look[j]); d != "" {
				return &failure{i, fmt.Sprintf("afterwards, %s\n%s", &look[j], d), true}
			}
		}
	}
	return nil
}

// lastSteps is how many operations a report has of the sequence as it was played.
const lastSteps = 20

func (m Model) report(seed uint64, all []operation, f *failure, short []operation, again *failure, runs int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "the store is not like the reference: seed %d, step %d of %d\n  %s\n%s\n", seed, f.step+1, len(all), &all[f.step], indented(f.text))
	if again != nil {
		fmt.Fprintf(&b, "\nthe shortest sequence found that shows a difference, %d of %d operations, after %d tries:\n", len(short), f.step+1, runs)
		write(&b, short, 0)
		fmt.Fprintf(&b, "%s\n", indented(again.text))
	} else {
		b.WriteString("\nplayed again on an empty store the sequence shows no difference: the store is not the same twice\n")
	}
	from := max(0, f.step+1-lastSteps)
	fmt.Fprintf(&b, "\nthe last operations as they were played, of Model{Seeds: []uint64{%d}, Steps: %d}:\n", seed, m.Steps)
	write(&b, all[from:f.step+1], from)
	return b.String()
}

func write(b *strings.Builder, all []operation, from int) {
	for i := range all {
		fmt.Fprintf(b, "%4d  %s\n", from+i+1, &all[i])
	}
}

func indented(text string) string { return "      " + strings.ReplaceAll(text, "\n", "\n      ") }
