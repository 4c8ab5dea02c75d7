package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// An answer is a response of an identity provider on its way through.
type answer struct {
	w       http.ResponseWriter
	r       *http.Request
	began   time.Time
	tenant  scim.TenantID
	p       Provider
	asked   outstanding
	data    pendingData
	hint    string // for the administrator, if it is refused
	posted  saml.Response
	asserts *saml.Assertion
}

// acs serves the assertion consumer service of a provider; id is "" at a reply URL that several may
// share.
func (s *Service) acs(w http.ResponseWriter, r *http.Request, id ID) {
	ctx, span := s.measure.span(r.Context(), "sign-in")
	defer span.End()
	r = r.WithContext(ctx)
	in := &answer{w: w, r: r, began: s.config.Now()}
	body, err := readForm(w, r)
	if err == nil {
		in.posted, err = saml.ReadForm(body)
	}
	if err != nil {
		s.refuseAnswer(in, err)
		return
	}
	shared := id == ""
	if shared {
		id = s.cookieOf(r, in.posted.RelayState)
	}
	in.tenant, in.p, err = s.connection(ctx, id)
	if err == nil && shared && !in.p.isReply(r.URL.Path) {
		err = fmt.Errorf("%w: no reply URL ends in %q", ErrNotFound, shorten(r.URL.Path))
	}
	if err != nil {
		s.refuseAnswer(in, err)
		return
	}
	s.conclude(in, s.believe(ctx, in))
}

// isReply reports whether a path is that of the reply URL that a product has had before, with the path of
// a base URL or without.
func (p *Provider) isReply(path string) bool {
	u, err := url.Parse(p.ReplyURL)
	return err == nil && p.ReplyURL != "" && strings.HasSuffix(u.Path, path)
}

// cookieOf returns the provider that a request at a shared reply URL was for, as the browser says; what is
// sealed has to agree.
func (s *Service) cookieOf(r *http.Request, relayState string) ID {
	name := s.cookieName(r, relayState)
	for _, c := range s.pending(r) {
		if c.name == name {
			return c.provider
		}
	}
	return ""
}

// believe has the response judged, by the settings that its request was made with.
func (s *Service) believe(ctx context.Context, in *answer) error {
	u, err := s.urls(ctx, in.tenant)
	if err != nil {
		return err
	}
	in.asked = s.answered(in.r, in.p.ID, in.posted.RelayState)
	in.posted.Pending = in.asked.sealed
	if in.posted.PostedTo, err = s.postedTo(in, u); err != nil {
		return err
	}
	set := in.p.Active
	if in.asked.kind == pendingTest {
		set = tested(&in.p)
	}
	if set == nil {
		return errDisabled
	}
	sp, err := s.serviceProvider(ctx, in.tenant, &in.p, set, in.asked.kind == pendingTest)
	if err != nil {
		return err
	}
	a, err := sp.Validate(ctx, in.posted)
	if err != nil {
		return err
	}
	in.asserts = a
	if a.RequestID() == "" { // the identity provider began
		in.data = pendingData{Kind: pendingSignIn, Tenant: in.tenant, Provider: in.p.ID}
		if isLocalPath(in.posted.RelayState) {
			in.data.Return = in.posted.RelayState
		}
	} else if in.data, err = openData(a.Data()); err != nil {
		return err
	}
	if in.data.Kind != in.asked.kind || in.data.Tenant != in.tenant || in.data.Provider != in.p.ID {
		return &saml.Error{Code: saml.InResponseToUnknown, Report: a.Report(), Cause: errOtherRequest}
	}
	return nil
}

var errOtherRequest = errors.New("provider: the request was made for something else")

// postedTo returns the reply URL on which a POST has arrived.
func (s *Service) postedTo(in *answer, u URLs) (string, error) {
	host := s.requestHost(in.r)
	list := in.p.replyURLs(u)
	for _, reply := range list {
		if sameHost(reply, host) && u.has(reply) { // a host that was the tenant's may be another's now
			if len(in.posted.Pending) == 0 {
				in.hint = wrongHost(host, list[0])
			}
			return reply, nil
		}
	}
	in.hint = wrongHost(host, list[0])
	return "", &saml.Error{Code: saml.InResponseToUnknown, Cause: errors.New(in.hint)}
}

func wrongHost(host, reply string) string {
	return fmt.Sprintf("The browser has no request pending at %s, where the identity provider has sent it. If people begin elsewhere, set %s as the default reply URL at the identity provider.", shorten(host), reply)
}

// sameHost reports whether a URL is at a host.
func sameHost(address, host string) bool {
	u, err := url.Parse(address)
	return err == nil && strings.EqualFold(u.Host, host)
}

// readForm returns the body of a POST, bounded. Where the host has read it already, it is written again
// from what was read.
func readForm(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.PostForm != nil {
		return []byte(r.PostForm.Encode()), nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(saml.MaxForm(maxResponse))))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, &saml.Error{Code: saml.RequestTooLarge, Cause: err}
	}
	if err != nil {
		return nil, &saml.Error{Code: saml.RequestNoResponse, Cause: err}
	}
	return body, nil
}

// conclude ends a test, or signs a person in.
func (s *Service) conclude(in *answer, verdict error) {
	if in.asked.kind == pendingTest {
		s.clear(in.w, in.r, in.asked.cookie)
		s.concludeTest(in, verdict)
		return
	}
	if verdict != nil {
		s.refuseAnswer(in, verdict)
		return
	}
	s.clear(in.w, in.r, in.asked.cookie)
	s.signIn(in)
}

// refuseAnswer shows the page of a response that is not believed, or not judged.
func (s *Service) refuseAnswer(in *answer, cause error) {
	refusal := Refusal{Tenant: in.tenant, Provider: in.p.ID, Reason: ReasonStore, From: in.r.RemoteAddr, Cause: cause}
	status := http.StatusServiceUnavailable
	verdict, isVerdict := errors.AsType[*saml.Error](cause)
	switch {
	case isVerdict && verdict.Code != saml.StoreUnavailable:
		refusal.Reason, refusal.Report, status = Reason(verdict.Code), verdict.Report, http.StatusForbidden
		refusal.Hint = in.hintFor(verdict.Code)
	case errors.Is(cause, ErrNotFound):
		refusal.Reason, status = ReasonUnknownProvider, http.StatusForbidden
	case errors.Is(cause, errDisabled):
		refusal.Reason, status = ReasonDisabled, http.StatusForbidden
	}
	s.showRefused(in, refusal, status, false)
}

// hintFor returns what an administrator could change about an answer that no request is known of.
func (in *answer) hintFor(code saml.Code) string {
	switch code {
	case saml.InResponseToUnknown:
		return in.hint
	case saml.InResponseToMissing:
		return "The sign-in began at the identity provider. Have its tile open the start link of this provider, or allow sign-ins that begin there."
	}
	return ""
}

// showRefused records a refusal and shows its page.
func (s *Service) showRefused(in *answer, refusal Refusal, status int, believed bool) {
	ctx := in.r.Context()
	refusal = s.refuse(ctx, refusal, believed)
	s.measure.signIn(ctx, false, s.config.Now().Sub(in.began))
	s.notice(in.w, in.r, Notice{Kind: NoticeRefused, Status: status, Incident: refusal.Incident})
}
