package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A TestOptions says how a test is made. The zero value signs in as a person would.
type TestOptions struct {
	ForceAuthn bool // "sign in again", whatever session the identity provider has
}

// Test begins a test of the candidate settings of a provider, or of the active ones if there is nothing
// to save. The administrator opens url in another tab, where it asks the identity provider; meanwhile
// [Service.TestResult] says what came of it. The URL is good for [TestFor], and for nobody else.
func (s *Service) Test(ctx context.Context, a Actor, id ID, o TestOptions) (t Test, url string, err error) {
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return Test{}, "", err
	}
	err = s.act(ctx, a, func(ctx context.Context, st Store) ([]Event, error) {
		p, err := st.Provider(ctx, a.Tenant, id)
		if err != nil {
			return nil, err
		}
		set := tested(&p)
		if set == nil {
			return nil, &Problem{Code: ProblemNoCandidate, Detail: "There is no metadata to test yet: import that of the identity provider first."}
		}
		t = Test{
			ID: strings.ToLower(rand.Text()), Provider: id, State: TestWaiting, Hash: p.hash(set, u),
			By: a.Name, Began: s.now(), ForceAuthn: o.ForceAuthn,
		}
		if err := st.PutTest(ctx, a.Tenant, t); err != nil {
			return nil, err
		}
		return []Event{{Type: EventTestBegun, Provider: id, Details: map[string]string{"run": t.ID}}}, nil
	})
	if err != nil {
		return Test{}, "", err
	}
	return t, u.testURL(id, t.ID), nil
}

func (u URLs) testURL(id ID, run string) string {
	return fmt.Sprintf("%s/sso/%s/test/%s", u.Native, id, run)
}

// TestURL returns the URL of a test again, for a page that is asked for a second time.
func (s *Service) TestURL(ctx context.Context, a Actor, id ID, run string) (string, error) {
	t, err := s.config.Store.Test(ctx, a.Tenant, id, run)
	if err != nil {
		return "", err
	}
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return "", err
	}
	return u.testURL(id, t.ID), nil
}

// tested returns the settings that a test judges.
func tested(p *Provider) *Settings {
	if p.Candidate != nil {
		return p.Candidate
	}
	return p.Active
}

// TestResult returns what came of a test. One that waited for longer than [TestFor] is unanswered.
func (s *Service) TestResult(ctx context.Context, a Actor, id ID, run string) (Test, error) {
	t, err := s.config.Store.Test(ctx, a.Tenant, id, run)
	if err != nil || !s.overdue(t) {
		return t, err
	}
	return s.unanswered(ctx, a, id, run)
}

// TestResults returns the last tests of a provider, the latest first.
func (s *Service) TestResults(ctx context.Context, a Actor, id ID) ([]Test, error) {
	return s.config.Store.Tests(ctx, a.Tenant, id)
}

// overdue reports whether nobody waits for the answer to a test any more.
func (s *Service) overdue(t Test) bool {
	return t.State == TestWaiting && !s.now().Before(t.Began.Add(TestFor))
}

// unanswered ends a test that is overdue, once.
func (s *Service) unanswered(ctx context.Context, a Actor, id ID, run string) (t Test, err error) {
	err = s.act(ctx, Actor{Tenant: a.Tenant}, func(ctx context.Context, st Store) ([]Event, error) {
		var err error
		if t, err = st.Test(ctx, a.Tenant, id, run); err != nil || !s.overdue(t) {
			return nil, err
		}
		t.State, t.Ended = TestUnanswered, s.now()
		return []Event{testedEvent(t)}, st.PutTest(ctx, a.Tenant, t)
	})
	return t, err
}

// testedEvent is that of a test which has ended.
func testedEvent(t Test) Event {
	details := map[string]string{"run": t.ID, "result": string(t.State), "began_by": t.By}
	if t.Code != "" {
		details["code"] = string(t.Code)
	}
	if t.NameID != "" {
		details["name_id"] = t.NameID
	}
	return Event{Type: EventTested, Provider: t.Provider, Incident: t.Incident, Details: details}
}

// ReportPage answers the question "Did the identity provider show an error?" of a test: text is the
// code, or what the administrator has copied from the page. The answer is kept with the test. known is
// false if nobody here knows such a page.
func (s *Service) ReportPage(ctx context.Context, a Actor, id ID, run, text string) (page saml.PageError, known bool, err error) {
	page, known = saml.IdPPageError(text)
	if !known {
		_, err = s.config.Store.Test(ctx, a.Tenant, id, run)
		return page, false, err
	}
	err = s.config.Store.Transact(ctx, a.Tenant, func(ctx context.Context, st Store) error {
		t, err := st.Test(ctx, a.Tenant, id, run)
		if err != nil {
			return err
		}
		t.Page = &page
		return st.PutTest(ctx, a.Tenant, t)
	})
	return page, err == nil, err
}

// beginTest asks the identity provider, in the tab that was opened for a test.
func (s *Service) beginTest(w http.ResponseWriter, r *http.Request, id ID, run string) {
	ctx := r.Context()
	tenant, p, err := s.connection(ctx, id)
	if err != nil {
		s.refuseTest(w, r, "", "", err)
		return
	}
	var t Test
	if err = ErrNotFound; isID(ID(run)) { // they are made like IDs
		t, err = s.config.Store.Test(ctx, tenant, id, run)
	}
	if err != nil {
		s.refuseTest(w, r, tenant, id, err)
		return
	}
	if t.State != TestWaiting || s.overdue(t) {
		s.notice(w, r, Notice{Kind: NoticeTested, Status: http.StatusOK, Title: "This test is over", Text: "Begin another one in the first tab."})
		return
	}
	message, err := s.startTest(ctx, tenant, &p, t)
	if err != nil {
		s.failTest(w, r, tenant, &p, t, err)
		return
	}
	s.setPending(w, r, &p, pendingTest, t.ID, message)
	s.send(w, r, message)
}

// startTest returns the request of a test, for the settings that it judges.
func (s *Service) startTest(ctx context.Context, tenant scim.TenantID, p *Provider, t Test) (saml.Message, error) {
	u, err := s.urls(ctx, tenant)
	if err != nil {
		return saml.Message{}, err
	}
	set := tested(p)
	if set == nil || p.hash(set, u) != t.Hash {
		return saml.Message{}, errTestChanged
	}
	sp, err := s.serviceProvider(ctx, tenant, p, set, true)
	if err != nil {
		return saml.Message{}, err
	}
	data, err := pendingData{Kind: pendingTest, Tenant: tenant, Provider: p.ID, Run: t.ID}.seal()
	if err != nil {
		return saml.Message{}, err
	}
	return sp.Start(saml.Request{ACS: p.replyURLs(u)[0], ForceAuthn: t.ForceAuthn, Data: data})
}

// errTestChanged ends a test whose settings are not those of the provider any more.
var errTestChanged = errors.New("provider: the settings were changed while the test ran")

// concludeTest ends a test with the answer of the identity provider: an assertion, or why it was not
// believed.
func (s *Service) concludeTest(in *answer, verdict error) {
	w, r, ctx := in.w, in.r, in.r.Context()
	run := in.data.Run
	if verdict != nil { // then the browser says which test it is
		run = in.asked.run
	}
	t, err := s.config.Store.Test(ctx, in.tenant, in.p.ID, run)
	switch {
	case err != nil:
		s.refuseTest(w, r, in.tenant, in.p.ID, errors.Join(err, verdict))
		return
	case t.State != TestWaiting:
		s.noticeTested(w, r, t)
		return
	case verdict != nil:
		s.failTest(w, r, in.tenant, &in.p, t, verdict)
		return
	}
	a := in.asserts
	t.NameID, t.Attributes = strings.TrimSpace(a.NameID().Value), a.Attributes()
	t.Evidence, t.Report = evidence(a), a.Report()
	if t.Join, err = s.join(ctx, in.tenant, &in.p, t.NameID, joinScan); err != nil {
		s.refuseTest(w, r, in.tenant, in.p.ID, err)
		return
	}
	if err := s.passTest(ctx, in.tenant, &in.p, &t); err != nil {
		s.failTest(w, r, in.tenant, &in.p, t, err)
		return
	}
	s.noticeTested(w, r, t)
}

// passTest marks the settings as tested, if they still are those that the test is of, and the answer was
// judged by these: judged is the provider as it was then.
func (s *Service) passTest(ctx context.Context, tenant scim.TenantID, judged *Provider, t *Test) error {
	u, err := s.urls(ctx, tenant)
	if err != nil {
		return err
	}
	if judged.hash(tested(judged), u) != t.Hash {
		return errTestChanged
	}
	return s.act(ctx, nobody(tenant), func(ctx context.Context, st Store) ([]Event, error) {
		p, err := st.Provider(ctx, tenant, judged.ID)
		if err != nil {
			return nil, err
		}
		set := tested(&p)
		if set == nil || p.hash(set, u) != t.Hash {
			return nil, errTestChanged
		}
		t.State, t.Ended = TestPassed, s.now()
		set.Tested = &Tested{Hash: t.Hash, Run: t.ID, At: t.Ended, By: t.By, NameID: t.NameID, Evidence: t.Evidence}
		p.Fixed, p.Modified = true, t.Ended
		if _, err := st.PutProvider(ctx, tenant, p); err != nil {
			return nil, err
		}
		return []Event{testedEvent(*t)}, st.PutTest(ctx, tenant, *t)
	})
}

// failTest ends a test with what was wrong. What is no verdict leaves it waiting.
func (s *Service) failTest(w http.ResponseWriter, r *http.Request, tenant scim.TenantID, p *Provider, t Test, cause error) {
	verdict := (*saml.Error)(nil)
	switch {
	case errors.As(cause, &verdict) && verdict.Code != saml.StoreUnavailable:
		t.Code, t.Report = verdict.Code, verdict.Report
	case errors.Is(cause, errTestChanged):
		t.Code = CodeTestChanged
	default:
		s.refuseTest(w, r, tenant, p.ID, cause)
		return
	}
	refusal := s.refuse(r.Context(), Refusal{Tenant: tenant, Provider: p.ID, Reason: Reason(t.Code), Report: t.Report, From: r.RemoteAddr, Cause: cause}, false)
	t.State, t.Ended, t.Incident = TestFailed, refusal.Time, refusal.Incident
	err := s.act(r.Context(), nobody(tenant), func(ctx context.Context, st Store) ([]Event, error) {
		if now, err := st.Test(ctx, tenant, p.ID, t.ID); err != nil || now.State != TestWaiting {
			return nil, err
		}
		return []Event{testedEvent(t)}, st.PutTest(ctx, tenant, t)
	})
	if err != nil {
		s.refuseTest(w, r, tenant, p.ID, err)
		return
	}
	s.noticeTested(w, r, t)
}

// CodeTestChanged is the [Test.Code] of a test whose settings were changed while it ran.
const CodeTestChanged saml.Code = "test.changed"

// refuseTest shows the page of a test that could not be made, and has come to no result.
func (s *Service) refuseTest(w http.ResponseWriter, r *http.Request, tenant scim.TenantID, id ID, cause error) {
	reason, status := ReasonStore, http.StatusServiceUnavailable
	if errors.Is(cause, ErrNotFound) {
		reason, status = ReasonUnknownProvider, http.StatusForbidden
	}
	refusal := s.refuse(r.Context(), Refusal{Tenant: tenant, Provider: id, Reason: reason, From: r.RemoteAddr, Cause: cause}, false)
	s.notice(w, r, Notice{Kind: NoticeRefused, Status: status, Incident: refusal.Incident})
}

// noticeTested tells the tab of a test that it is over.
func (s *Service) noticeTested(w http.ResponseWriter, r *http.Request, t Test) {
	n := Notice{Kind: NoticeTested, Status: http.StatusOK, Title: "The test has passed", Text: "You can close this tab: the result is in the first one."}
	if t.State != TestPassed {
		n.Title, n.Incident = "The test has failed", t.Incident
	}
	s.notice(w, r, n)
}
