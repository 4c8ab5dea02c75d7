package saml

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Validate decides whether a response is believed, and returns what it says. Everything is checked
// in the order from cheap to dear and from form to meaning: bounds, form of the document, status,
// signatures by two verifiers, conditions, and last whether it was used before. Its errors are
// *[Error].
//
// The request that was answered and the assertion are used up when Validate has returned without an
// error; a second call with the same response is refused. When the replay cache cannot say, the
// response is refused for now, with [StoreUnavailable], and may be posted again.
func (sp *ServiceProvider) Validate(ctx context.Context, r Response) (*Assertion, error) {
	v := validation{sp: sp, now: sp.config.Now().UTC(), r: r, report: &Report{}}
	a, err := v.run(ctx)
	if err != nil {
		return nil, v.verdict(err)
	}
	return a, nil
}

// A validation is one response on its way.
type validation struct {
	sp     *ServiceProvider
	now    time.Time
	r      Response
	report *Report
}

// verdict makes an *Error of what ended a validation.
func (v *validation) verdict(err error) error {
	e, ok := errors.AsType[*Error](err)
	if ok { // of a part that has checks of its own
		if e.Report != nil && e.Report != v.report {
			v.report.Checks = append(v.report.Checks, e.Report.Checks...)
		}
		return &Error{Code: e.Code, Report: v.report, Cause: e.Cause}
	}
	if f, ok := errors.AsType[*fault](err); ok {
		v.report.Checks = append(v.report.Checks, Check{Code: f.code, Expected: f.expected, Actual: f.actual})
		return &Error{Code: f.code, Report: v.report}
	}
	if x, ok := errors.AsType[*xmlError](err); ok {
		v.report.Checks = append(v.report.Checks, Check{Code: x.code, Expected: x.rule, Actual: fmt.Sprintf("at byte %d", x.offset)})
		return &Error{Code: x.code, Report: v.report, Cause: err}
	}
	return &Error{Code: StoreUnavailable, Report: v.report, Cause: err}
}

func (v *validation) run(ctx context.Context) (*Assertion, error) {
	if !slices.Contains(v.sp.config.ACS, v.r.PostedTo) {
		return nil, &Error{Code: ConfigInvalid, Report: v.report, Cause: fmt.Errorf("saml: Response.PostedTo is %q, which Config.ACS does not list", v.r.PostedTo)}
	}
	if err := v.sp.config.IdP.ValidAt(v.now); err != nil {
		return nil, err
	}
	shape, err := v.read()
	if err != nil {
		return nil, err
	}
	if err := v.status(shape.status); err != nil {
		return nil, err
	}
	believed, err := v.believe(shape)
	if err != nil {
		return nil, err
	}
	return v.judge(ctx, believed)
}

// indented is how much longer base64 may be for the white space in it.
const indented = 2

// read decodes and parses a response, and finds its parts.
func (v *validation) read() (*shape, error) {
	limit := v.sp.config.MaxResponse
	if len(v.r.Encoded) > indented*base64.StdEncoding.EncodedLen(limit) {
		return nil, wrong(RequestTooLarge, fmt.Sprintf("at most %d bytes", limit), fmt.Sprintf("%d in base64", len(v.r.Encoded)))
	}
	text := withoutSpace(v.r.Encoded)
	if text == "" {
		return nil, wrong(RequestNoResponse, "a SAMLResponse", "none")
	}
	if len(text) > base64.StdEncoding.EncodedLen(limit) {
		return nil, wrong(RequestTooLarge, fmt.Sprintf("at most %d bytes", limit), fmt.Sprint(base64.StdEncoding.DecodedLen(len(text))))
	}
	document, err := decodeBase64(text)
	if err != nil {
		actual := "another text"
		if strings.ContainsAny(text, "-_") {
			actual = "the alphabet for URLs"
		}
		return nil, wrong(EncodingBase64, "base64", actual)
	}
	root, err := parseXMLText(document, v.sp.xmlLimits())
	if err != nil {
		return nil, err
	}
	return gateResponse(root)
}

// status ends the validation of a response by which the identity provider refuses. What it says is
// not verified: refusals need not be signed.
func (v *validation) status(n *node) error {
	code := n.child(nsProtocol, "StatusCode")
	value := code.trimmed("Value")
	if value == statusSuccess {
		return nil
	}
	said := []string{value}
	if inner := code.child(nsProtocol, "StatusCode"); inner != nil {
		said = append(said, inner.trimmed("Value"))
	}
	if message := n.child(nsProtocol, "StatusMessage"); message != nil {
		text, _ := message.text()
		said = append(said, strings.TrimSpace(text))
	}
	return wrong(IdPRefused, "the status Success", strings.Join(said, ": "))
}

// believed is what two verifiers have agreed on.
type believed struct {
	response       *node // verified if it was signed, else as it was read
	responseSigned bool
	assertion      *node
}

// believe verifies the signatures that are there, and refuses if those that have to be are not.
func (v *validation) believe(s *shape) (*believed, error) {
	b := &believed{response: s.response}
	if s.signature != nil {
		verified, err := v.verify(s.signature)
		if err != nil {
			return nil, err
		}
		b.response, b.responseSigned = verified, true
	}
	assertion, err := v.assertionOf(s, b)
	if err != nil {
		return nil, err
	}
	signature, err := gateSignature(assertion)
	if err != nil {
		return nil, err
	}
	if err := v.enough(b.responseSigned, signature != nil); err != nil {
		return nil, err
	}
	if signature == nil {
		b.assertion = assertion
		return b, nil
	}
	b.assertion, err = v.verify(signature)
	return b, err
}

// assertionOf returns the assertion: of the verified response if that was signed, and decrypted if
// it has to be.
func (v *validation) assertionOf(s *shape, b *believed) (*node, error) {
	if s.assertion == nil && s.encrypted == nil {
		return nil, wrong(StructureAssertion, "an Assertion", "none")
	}
	if s.encrypted != nil {
		return v.decrypted(s, b.responseSigned)
	}
	if !b.responseSigned {
		return s.assertion, nil
	}
	return b.response.child(nsAssertion, "Assertion"), nil
}

// enough refuses a response of which too little is signed.
func (v *validation) enough(response, assertion bool) error {
	ok := response || assertion
	expected := "a signature of the Response or the Assertion"
	switch v.sp.config.Policy {
	case SignedAssertion:
		ok, expected = assertion, "a signature of the Assertion"
	case SignedResponse:
		ok, expected = response, "a signature of the Response"
	case SignedBoth:
		ok, expected = response && assertion, "signatures of the Response and the Assertion"
	}
	if !ok {
		return wrong(SignatureMissing, expected, "none")
	}
	return nil
}

// verify has both verifiers look at a signature, and returns the element that the second believes.
func (v *validation) verify(s *signature) (*node, error) {
	found, err := s.verify(v.sp.trusted, v.sp.config.AllowSHA1Insecure)
	if err != nil {
		return nil, err
	}
	if !v.sp.config.IgnoreCertificateDatesInsecure && !found.key.current(v.now, v.sp.config.Skew) {
		return nil, wrong(CertificateExpired, "a certificate that is good at "+v.now.Format(time.RFC3339),
			fmt.Sprintf("%s to %s", found.key.certificate.NotBefore.Format(time.RFC3339), found.key.certificate.NotAfter.Format(time.RFC3339)))
	}
	n, err := found.again()
	if err != nil {
		return nil, err
	}
	v.report.Checks = append(v.report.Checks, Check{Code: SignatureInvalid, OK: true, Expected: "a signature of the " + s.parent.local, Verified: true})
	return n, nil
}

// checksMade is about how many checks are made of a response.
const checksMade = 24

// judge makes the checks of what was verified, and uses the response up.
func (v *validation) judge(ctx context.Context, b *believed) (*Assertion, error) {
	c, err := readClaims(b.assertion)
	if err != nil {
		return nil, err
	}
	if err := v.decryptClaims(c); err != nil {
		return nil, err
	}
	v.report.Checks = slices.Grow(v.report.Checks, checksMade)
	j := &judge{sp: v.sp, now: v.now, postedTo: v.r.PostedTo, report: v.report}
	j.pending = v.sp.waiting(v.r.Pending, v.now)
	j.response(b.response, b.responseSigned)
	request, chosen := j.assertion(c, b.response.trimmed("InResponseTo"))
	if failed := v.report.Failed(); len(failed) > 0 {
		return nil, &Error{Code: failed[0].Code, Report: v.report}
	}
	if err := j.secondOpinion(c, chosen); err != nil {
		return nil, err
	}
	a := &Assertion{claims: c, request: request, report: v.report, expires: chosen.notOnOrAfter.time}
	if len(c.statements) > 0 {
		a.statement = c.statements[0]
	}
	return a, v.use(ctx, a)
}

// use takes the request, and then the assertion, from all who may come later.
func (v *validation) use(ctx context.Context, a *Assertion) error {
	until := a.expires.Add(2 * v.sp.config.Skew)
	if a.request != nil {
		if err := v.once(ctx, "request", a.request.id, a.request.expires.Add(v.sp.config.Skew)); err != nil {
			return err
		}
	}
	return v.once(ctx, "assertion", a.claims.id, until)
}

func (v *validation) once(ctx context.Context, kind, id string, until time.Time) error {
	err := v.sp.config.Replays.Use(ctx, v.sp.replayKey(kind, id), until)
	switch {
	case errors.Is(err, ErrReplayed):
		return wrong(Replay, "an "+kind+" that was not used", id)
	case err != nil:
		return &Error{Code: StoreUnavailable, Report: v.report, Cause: err}
	}
	v.report.Checks = append(v.report.Checks, Check{Code: Replay, OK: true, Expected: "the " + kind + " once", Verified: true})
	return nil
}
