package scimtest

import (
	"context"
	"slices"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A shortener looks for the shortest sequence on which a store fails, by leaving operations out: an
// operation on what is not made any more is one on an unknown ID.
type shortener struct {
	model Model
	ctx   context.Context
	open  func() scim.Stores
	runs  int
}

// mostRuns bounds how often a sequence is played to shorten it.
const mostRuns = 100

// shorten returns a sequence that fails like the one that failed, and how. There is no failure if the
// sequence does not fail when it is played again.
func (s *shortener) shorten(all []operation, failed *failure) ([]operation, *failure) {
	all = all[:failed.step+1]
	f := s.play(all, failed.looking)
	if f == nil {
		return all, nil
	}
	for size := max(1, len(all)/2); ; size = max(1, size/2) {
		shorter := false
		for from := 0; from < len(all) && s.runs < mostRuns; {
			rest := slices.Delete(slices.Clone(all), from, min(from+size, len(all)))
			if g := s.play(rest, failed.looking); g != nil {
				all, f, shorter = rest[:g.step+1], g, true
				continue
			}
			from += size
		}
		if size == 1 && !shorter || s.runs >= mostRuns {
			return all, f
		}
	}
}

// play plays a sequence. If it is by looking that the store was found to fail, it looks at the end.
func (s *shortener) play(all []operation, looking bool) *failure {
	s.runs++
	every := never
	if looking {
		every = max(1, len(all))
	}
	return s.model.play(s.ctx, s.open(), all, every)
}
