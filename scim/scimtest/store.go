package scimtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A promise is one sentence of the contract of a store, and how to find out whether it is kept.
type promise struct {
	name, promise string
	check         func(*trial)
}

// A reporter is told what was found. It is a *testing.T, but in the tests of the suites.
type reporter interface {
	Context() context.Context
	Helper()
	Errorf(format string, args ...any)
	FailNow()
}

// The tenants of every trial.
const (
	red  scim.TenantID = "red"
	blue scim.TenantID = "blue"
)

// The managers of every trial. The native resources have none.
const (
	native = ""
	entra  = "entra"
	okta   = "okta"
)

// A trial is one promise put to the test on an empty store.
type trial struct {
	reporter
	promise string
	ids     atomic.Int64

	kind                   // the store, as far as users and groups are alike
	users  scim.UserStore  // the store, if it is one of users
	groups scim.GroupStore // the store, if it is one of groups
}

// everyone is the scope of most queries.
var everyone = scim.Scope{All: true}

// epoch is when the resources of the trials are created.
var epoch = time.Date(2026, 1, 15, 10, 0, 0, 123e6, time.UTC)

// broken reports what was seen instead of what was promised. The trial goes on.
func (t *trial) broken(format string, args ...any) {
	t.Helper()
	t.Errorf("promised: %s\nbroken:   %s", t.promise, fmt.Sprintf(format, args...))
}

// must ends the trial if something failed that it cannot go on without.
func (t *trial) must(err error, format string, args ...any) {
	t.Helper()
	if err != nil {
		t.broken("%s: %v", fmt.Sprintf(format, args...), err)
		t.FailNow()
	}
}

// refused expects an error.
func (t *trial) refused(err, want error, format string, args ...any) {
	t.Helper()
	if !errors.Is(err, want) {
		t.broken("%s: got error %v, want %v", fmt.Sprintf(format, args...), err, want)
	}
}

// conflicts expects a conflict for the name.
func (t *trial) conflicts(err error, format string, args ...any) {
	t.Helper()
	if !t.isConflict(err) {
		t.broken("%s: got error %v, want a *ConflictError for %s", fmt.Sprintf(format, args...), err, t.nameAttribute())
	}
}

func (t *trial) isConflict(err error) bool {
	var c *scim.ConflictError
	return errors.As(err, &c) && c.Attribute == t.nameAttribute()
}

// equal expects two values to be the same.
func (t *trial) equal(got, want any, format string, args ...any) {
	t.Helper()
	if d := difference(got, want); d != "" {
		t.broken("%s: %s", fmt.Sprintf(format, args...), d)
	}
}

// newID proposes an ID as the endpoint does: time-ordered, and not to be guessed.
func (t *trial) newID() string { return fmt.Sprintf("t%012d-%s", t.ids.Add(1), rand.Text()[:10]) }

// filter reads a filter.
func (t *trial) filter(text string) *filter.Bound {
	t.Helper()
	f, err := filter.Parse(text)
	t.must(err, "filter %s", text)
	b, err := f.Bind(t.registry())
	t.must(err, "filter %s", text)
	return b
}

// equals is the filter for one value, whatever is in it.
func (t *trial) equals(attribute, value string) *filter.Bound {
	t.Helper()
	ref, ok := t.registry().Ref(attribute)
	if !ok {
		t.must(errors.New("no such attribute"), "%s", attribute)
	}
	return filter.Equal(t.registry(), ref, value)
}

// at once calls f in n goroutines that start together, and returns what each returned.
func (t *trial) atOnce(n int, f func(i int) error) []error {
	var begin, end sync.WaitGroup
	begin.Add(1)
	errs := make([]error, n)
	for i := range n {
		end.Go(func() {
			begin.Wait()
			errs[i] = f(i)
		})
	}
	begin.Done()
	end.Wait()
	return errs
}
