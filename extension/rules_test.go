package extension_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
)

const (
	technician = extension.Technician
	endUser    = extension.EndUser
)

var (
	errDown = errors.New("database is down")
	errOwn  = &extension.Error{Attribute: extension.OrganizationID, Value: "own", Rule: "it must be another one"}
)

// A directory is a resolver that writes down what it was asked.
type directory struct{ asked []string }

func (d *directory) resolve(_ context.Context, id string) (string, error) {
	d.asked = append(d.asked, id)
	switch id {
	case "7", "8", extension.All:
		return id, nil
	case "acme":
		return "42", nil
	case "quiet":
		return "", nil
	case "down":
		return "", errDown
	case "own":
		return "", errOwn
	}
	return "", fmt.Errorf("tenant 5: %w", extension.ErrUnknownOrganization)
}

// A verdict is what a test expects of an error: the attribute it refuses, or no refusal.
type verdict string

const (
	fine            verdict = ""
	refusesType     verdict = extension.UserType
	refusesOrg      verdict = extension.OrganizationID
	unknownOrg      verdict = "organizationId, because it is unknown"
	resolversOwnOrg verdict = "organizationId, in the resolver's words"
	outage          verdict = "nothing, as Resolve could not tell"
)

func verdictOf(t *testing.T, err error) verdict {
	t.Helper()
	refusal, refused := errors.AsType[*extension.Error](err)
	switch {
	case err == nil:
		return fine
	case !refused && errors.Is(err, errDown) && !errors.Is(err, extension.ErrUnknownOrganization):
		return outage
	case !refused:
		t.Errorf("error %v is neither a refusal nor the resolver's", err)
		return "?"
	case err == errOwn:
		return resolversOwnOrg
	case errors.Is(err, extension.ErrUnknownOrganization):
		return unknownOrg
	}
	return verdict(refusal.Attribute)
}

// A ruling is a row of the tables for Update and Leave, and without before of that for Create.
type ruling struct {
	name          string
	rules         extension.Rules // Resolve is that of a directory
	before, after extension.User
	want          extension.User
	verdicts      []verdict
	asked         []string // what the resolver was asked, in order
}

// check runs one row with judge, a method of Rules.
func (c ruling) check(t *testing.T, judge func(extension.Rules) (extension.User, []error)) {
	t.Helper()
	var d directory
	c.rules.Resolve = d.resolve
	got, errs := judge(c.rules)
	if got != c.want {
		t.Errorf("got %+v, want %+v", got, c.want)
	}
	var verdicts []verdict
	for _, err := range errs {
		verdicts = append(verdicts, verdictOf(t, err))
	}
	if !slices.Equal(verdicts, c.verdicts) {
		t.Errorf("errors %q, want those that refuse %q", errs, c.verdicts)
	}
	if !slices.Equal(d.asked, c.asked) {
		t.Errorf("resolver was asked %q, want %q", d.asked, c.asked)
	}
}

// list makes one error, or none, comparable with the errors of Leave.
func list(err error) []error {
	if err == nil {
		return nil
	}
	return []error{err}
}
