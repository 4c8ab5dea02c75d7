package provider

import (
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
)

// A TestState says what came of a test.
type TestState string

// The states of a test.
const (
	TestWaiting TestState = "waiting"
	TestPassed  TestState = "passed"
	TestFailed  TestState = "failed"
	// TestUnanswered: the identity provider has sent nothing back. Most that refuse somebody do so on a
	// page of their own.
	TestUnanswered TestState = "unanswered"
)

// TestFor is how long an answer is waited for.
const TestFor = saml.PendingFor

// A Test is one live sign-in on the candidate settings of a provider. It starts no session.
type Test struct {
	ID       string
	Provider ID
	State    TestState
	// Hash is that of the settings and identifiers which are judged, see [Settings.Hash].
	Hash       string
	By         string // the [Actor.Name] that began it
	Began      time.Time
	Ended      time.Time // zero while it waits
	ForceAuthn bool      // the person had to sign in anew

	NameID     string // what the assertion has said; "" if it was not believed
	Attributes []saml.Attribute
	Evidence   string // of a second factor
	Code       saml.Code
	Report     *saml.Report
	Join       *Join           // whether the NameID is that of a user
	Page       *saml.PageError // what the administrator has seen at the identity provider
	Incident   string          // under which the log has it
}
