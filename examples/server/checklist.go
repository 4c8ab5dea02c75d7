package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
)

// A checkStep is one of the steps of setting up an identity provider, with whether it was done.
type checkStep struct {
	Part    checkPart
	Number  int // in its part, as in the setup sheet
	Title   string
	AtIdP   bool // it is done at the identity provider, so that only what comes of it is seen here
	Done    bool
	How     string // how that is known; what will tell, if it was not done
	Problem string // what is in the way now, in the words of the server; "" = nothing
	Link    string // the page of the console on which it is done, or described
	Offline string // the page of the offline identity provider on which it is done; "" = none
}

// A checkPart is a half of the setup.
type checkPart string

// The parts.
const (
	partSSO  checkPart = "Single sign-on"
	partSCIM checkPart = "Provisioning"
)

// Pages of the console, below that of the provider.
const (
	consoleProvider = ""
	consoleSCIM     = "/scim"
	consoleSheet    = "/sheet" // what to do at the identity provider, step by step
)

// Pages of the offline identity provider.
const (
	offlineApps         = idpPath + "/"
	offlineDirectory    = idpPath + "/directory"
	offlineProvisioning = idpPath + "/provisioning"
)

// A stepRule says how a step is known to be done. evidence is "" as long as it is not.
type stepRule struct {
	part     checkPart
	title    string
	atIdP    bool
	page     string // of the console, below that of the provider, where it is done or described
	offline  string
	evidence func(*checkFacts) string
	waitsFor string
	problem  func(*checkFacts) string // optional
}

// stepRules are the 7 steps of single sign-on and the 18 of provisioning that the setup sheet for Entra ID has.
var stepRules = []stepRule{
	{partSSO, "Add the provider", false, consoleProvider, "", (*checkFacts).begun, "an administrator adds a provider in the console", nil},
	{partSSO, "Create the application", true, consoleSheet, offlineApps, (*checkFacts).imported, "its metadata is imported", nil},
	{partSSO, "Enter our identifiers", true, consoleSheet, offlineApps, (*checkFacts).addressed, "a response arrives at our reply URL that is for our entity ID", (*checkFacts).lastTestProblem},
	{partSSO, "Set the unique user identifier and the claims", true, consoleSheet, offlineDirectory, (*checkFacts).named, "a test or a sign-in brings a NameID that looks like a user name", nil},
	{partSSO, "Import the metadata", false, consoleProvider, offlineApps, (*checkFacts).imported, "metadata is imported", nil},
	{partSSO, "Test the connection, and save", false, consoleProvider, offlineApps, (*checkFacts).saved, "a test passes and its settings are saved", (*checkFacts).lastTestProblem},
	{partSSO, "Enable single sign-on", false, consoleProvider, "", (*checkFacts).enabled, "single sign-on is enabled", nil},

	{partSCIM, "Open the provider", false, consoleSCIM, "", (*checkFacts).enabled, "single sign-on is enabled, which provisioning needs", nil},
	{partSCIM, "Enable SCIM provisioning", false, consoleSCIM + "/enable", "", (*checkFacts).scimEnabled, "SCIM is enabled, with the code of a second factor", nil},
	{partSCIM, "Look at the grants", false, consoleSCIM + "/grants", "", (*checkFacts).granted, "the grants are changed, or somebody is let in by them", nil},
	{partSCIM, "Generate the secret token", false, consoleSCIM + "/token", "", (*checkFacts).hasToken, "there is a token that was not revoked", nil},
	{partSCIM, "Copy the tenant URL", false, consoleSCIM, offlineProvisioning, (*checkFacts).requested, "a request arrives with the token", nil},
	{partSCIM, "Open provisioning at the identity provider", true, consoleSheet, offlineProvisioning, (*checkFacts).requested, "a request arrives with the token", nil},
	{partSCIM, "Enter the admin credentials", true, consoleSheet, offlineProvisioning, (*checkFacts).requested, "a request arrives with the token", nil},
	{partSCIM, "Test the connection there", true, consoleSheet, offlineProvisioning, (*checkFacts).probed, "it asks for somebody who does not exist, as a connection test does", nil},
	{partSCIM, "Leave users and groups enabled", true, consoleSheet, offlineProvisioning, (*checkFacts).provisioned, "somebody is provisioned", nil},
	{partSCIM, "Add the attributes to the list", true, consoleSheet, offlineProvisioning, (*checkFacts).provisioned, "somebody is provisioned: without an organization end users are refused", (*checkFacts).attributeProblem},
	{partSCIM, "Map the attributes", true, consoleSheet, offlineProvisioning, (*checkFacts).provisioned, "somebody is provisioned under their user name", nil},
	{partSCIM, "Map the organization ID", true, consoleSheet, offlineDirectory, (*checkFacts).provisioned, "somebody is provisioned: without an organization end users are refused", (*checkFacts).organizationProblem},
	{partSCIM, "Map the user type", true, consoleSheet, offlineDirectory, (*checkFacts).technician, "a technician is provisioned, in this spelling", (*checkFacts).userTypeProblem},
	{partSCIM, "Assign one person", true, consoleSheet, offlineDirectory, (*checkFacts).provisioned, "somebody is provisioned", nil},
	{partSCIM, "Provision this person on demand", true, consoleSheet, offlineProvisioning, (*checkFacts).provisioned, "somebody is provisioned", (*checkFacts).anyProblem},
	{partSCIM, "Assign everybody else", true, consoleSheet, offlineDirectory, (*checkFacts).several, "a second person is provisioned", nil},
	{partSCIM, "Assign groups", true, consoleSheet, offlineDirectory, (*checkFacts).grouped, "a group is provisioned", nil},
	{partSCIM, "Start provisioning", true, consoleSheet, offlineProvisioning, (*checkFacts).started, "several people are changed by requests that are accepted", (*checkFacts).anyProblem},
}

// checkFacts are what happened, as far as it is known here.
type checkFacts struct {
	provider provider.Provider
	tests    []provider.Test // the latest first
	tokens   []provider.Token
	health   provider.Health
	events   []provider.Event // the latest first
}

// checklist returns the steps, for the newest provider that an administrator has added, and the name of that
// one; "" = there is none.
func checklist(ctx context.Context, service *provider.Service, actor provider.Actor) ([]checkStep, string, error) {
	f, name := (*checkFacts)(nil), ""
	p, err := newestProvider(ctx, service, actor)
	if err != nil {
		return nil, "", err
	}
	if p != nil {
		name = nameOf(*p)
		if f, err = gather(ctx, service, actor, *p); err != nil {
			return nil, "", err
		}
	}
	steps := make([]checkStep, len(stepRules))
	number := map[checkPart]int{}
	for i, r := range stepRules {
		number[r.part]++
		steps[i] = r.step(f)
		steps[i].Number = number[r.part]
	}
	return steps, name, nil
}

// step judges the rule; f is nil if there is no provider.
func (r *stepRule) step(f *checkFacts) checkStep {
	s := checkStep{Part: r.part, Title: r.title, AtIdP: r.atIdP, Offline: r.offline, How: "Ticked when " + r.waitsFor + ".", Link: consolePath + "/providers"}
	if f == nil {
		return s
	}
	root := s.Link + "/" + string(f.provider.ID)
	s.Link = root + r.page
	if evidence := r.evidence(f); evidence != "" {
		s.Done, s.How, s.Link = true, evidence, root+r.seen()
	} else if r.problem != nil {
		s.Problem = r.problem(f)
	}
	return s
}

// seen is the page, below that of the provider, on which one looks at what was done.
func (r *stepRule) seen() string {
	if r.part == partSCIM {
		return consoleSCIM
	}
	return consoleProvider
}

// newestProvider returns the one that an administrator has added last, or nil.
func newestProvider(ctx context.Context, service *provider.Service, actor provider.Actor) (*provider.Provider, error) {
	var newest *provider.Provider
	for p, err := range allProviders(ctx, service, actor, provider.Query{}) {
		if err != nil {
			return nil, err
		}
		if p.CreatedBy != offlineActor.Name && (newest == nil || p.Created.After(newest.Created)) {
			newest = &p
		}
	}
	return newest, nil
}

// checkEvents are those that say that a step was done.
var checkEvents = []provider.EventType{
	provider.EventUserCreated, provider.EventUserAdopted, provider.EventUserUpdated, provider.EventUserConverted,
	provider.EventGroupCreated, provider.EventGrants, provider.EventSignedIn,
}

// gather collects what happened. Of events the latest will do: each of them is evidence.
func gather(ctx context.Context, service *provider.Service, actor provider.Actor, p provider.Provider) (*checkFacts, error) {
	f := &checkFacts{provider: p}
	var err error
	if f.tests, err = service.TestResults(ctx, actor, p.ID); err != nil {
		return nil, err
	}
	if f.tokens, err = service.Tokens(ctx, actor, p.ID); err != nil {
		return nil, err
	}
	if f.health, err = service.Health(ctx, actor, p.ID); err != nil {
		return nil, err
	}
	for _, kind := range checkEvents { // one by one, so that many of a kind leave none of another out
		page, err := service.Events(ctx, actor, provider.EventQuery{Types: []provider.EventType{kind}, Provider: p.ID, Limit: 50})
		if err != nil {
			return nil, err
		}
		f.events = append(f.events, page.Events...)
	}
	return f, nil
}

// shownAt is how a time is shown in evidence.
func shownAt(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func (f *checkFacts) begun() string {
	return fmt.Sprintf("%s was added on %s by %s.", nameOf(f.provider), shownAt(f.provider.Created), f.provider.CreatedBy)
}

func (f *checkFacts) imported() string {
	set := f.provider.Candidate
	if set == nil {
		set = f.provider.Active
	}
	if set == nil || set.Metadata == nil {
		return ""
	}
	return "There is metadata of " + set.Metadata.EntityID() + "."
}

// passed returns the latest test that has passed, or nil.
func (f *checkFacts) passed() *provider.Test {
	i := slices.IndexFunc(f.tests, func(t provider.Test) bool { return t.State == provider.TestPassed })
	if i < 0 {
		return nil
	}
	return &f.tests[i]
}

func (f *checkFacts) addressed() string {
	if t := f.passed(); t != nil {
		return "A response for our entity ID has arrived, in the test of " + shownAt(t.Began) + "."
	}
	return f.signedIn()
}

func (f *checkFacts) signedIn() string {
	if e := f.event(provider.EventSignedIn); e != nil {
		return "Somebody has signed in, on " + shownAt(e.Time) + "."
	}
	return ""
}

func (f *checkFacts) named() string {
	if t := f.passed(); t != nil && strings.Contains(t.NameID, "@") {
		return "The NameID of the last test is " + t.NameID + "."
	}
	return f.signedIn()
}

func (f *checkFacts) saved() string {
	if f.provider.Active == nil || f.provider.Active.Tested == nil {
		return ""
	}
	return "What sign-ins use was tested on " + shownAt(f.provider.Active.Tested.At) + "."
}

func (f *checkFacts) enabled() string {
	if !f.provider.Enabled {
		return ""
	}
	return "Single sign-on is enabled."
}

func (f *checkFacts) scimEnabled() string {
	if !f.provider.SCIM {
		return ""
	}
	return "SCIM is enabled."
}

func (f *checkFacts) granted() string {
	if e := f.event(provider.EventGrants); e != nil {
		return "The grants were changed on " + shownAt(e.Time) + "."
	}
	return f.provisioned()
}

func (f *checkFacts) hasToken() string {
	for _, t := range f.tokens {
		if t.Revoked.IsZero() || !t.LastUsed.IsZero() {
			return "A token was made on " + shownAt(t.Created) + "."
		}
	}
	return ""
}

func (f *checkFacts) requested() string {
	if f.health.Requested.IsZero() {
		return ""
	}
	return "The last request with the token came on " + shownAt(f.health.Requested) + "."
}

func (f *checkFacts) probed() string {
	if f.health.Tested.IsZero() {
		return ""
	}
	return "A connection test came on " + shownAt(f.health.Tested) + "."
}

// event returns the latest of some types, or nil.
func (f *checkFacts) event(types ...provider.EventType) *provider.Event {
	i := slices.IndexFunc(f.events, func(e provider.Event) bool { return slices.Contains(types, e.Type) })
	if i < 0 {
		return nil
	}
	return &f.events[i]
}

// people are the IDs of those who were provisioned.
func (f *checkFacts) people() []string {
	var ids []string
	for _, e := range f.events {
		if (e.Type == provider.EventUserCreated || e.Type == provider.EventUserAdopted) && !slices.Contains(ids, e.User) {
			ids = append(ids, e.User)
		}
	}
	return ids
}

func (f *checkFacts) provisioned() string {
	e := f.event(provider.EventUserCreated, provider.EventUserAdopted)
	if e == nil {
		return ""
	}
	what := "created"
	if e.Type == provider.EventUserAdopted {
		what = "taken over"
	}
	return fmt.Sprintf("%s was %s on %s.", e.Details["user_name"], what, shownAt(e.Time))
}

func (f *checkFacts) technician() string {
	for _, e := range f.events {
		if (e.Type == provider.EventUserCreated || e.Type == provider.EventUserConverted) && e.Details["user_type"] == extension.Technician {
			return "A technician was provisioned on " + shownAt(e.Time) + "."
		}
	}
	return ""
}

func (f *checkFacts) several() string {
	n := len(f.people())
	if n < 2 {
		return ""
	}
	return fmt.Sprintf("%d people or more were provisioned.", n)
}

func (f *checkFacts) grouped() string {
	e := f.event(provider.EventGroupCreated)
	if e == nil {
		return ""
	}
	return fmt.Sprintf("The group %s was created on %s.", e.Details["name"], shownAt(e.Time))
}

func (f *checkFacts) started() string {
	if len(f.people()) < 2 || f.health.Succeeded.IsZero() {
		return ""
	}
	return "The last request that was accepted came on " + shownAt(f.health.Succeeded) + "."
}

// lastTestProblem is why the last test has not passed.
func (f *checkFacts) lastTestProblem() string {
	if len(f.tests) == 0 || f.tests[0].State != provider.TestFailed {
		return ""
	}
	return "The last test has failed: " + string(f.tests[0].Code) + "."
}

// failing is the sentence of somebody who is refused now, with a word in it.
func (f *checkFacts) failing(word string) string {
	for _, x := range f.health.Failing {
		if strings.Contains(x.Sentence, word) {
			return x.Name + " is refused: " + x.Sentence
		}
	}
	return ""
}

func (f *checkFacts) anyProblem() string          { return f.failing("") }
func (f *checkFacts) attributeProblem() string    { return f.failing(extension.URN) }
func (f *checkFacts) organizationProblem() string { return f.failing("organizationId") }
func (f *checkFacts) userTypeProblem() string     { return f.failing("userType") }
