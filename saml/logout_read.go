package saml

import (
	"context"
	"errors"
	"strings"
	"time"
)

// ReadLogout reads what a browser brought to the single logout URL, and returns it if the identity
// provider has signed it for us, now, and it was not read before. Else it refuses with an [*Error]:
// then nothing is answered, since nobody knows who asked.
func (sp *ServiceProvider) ReadLogout(ctx context.Context, m LogoutMessage) (*Logout, error) {
	if sp.config.SLO == "" {
		return nil, ErrNoLogout
	}
	now := sp.config.Now()
	in, err := readLogoutInput(m)
	if err != nil {
		return nil, err
	}
	root, err := parseXML(in.document, xmlLimits{})
	if err != nil {
		return nil, unreadable(err)
	}
	parts, err := readLogoutParts(root, in)
	if err != nil {
		return nil, err
	}
	if err := sp.verifyLogout(in, root, now); err != nil {
		return nil, err
	}
	r := logoutReading{sp: sp, root: root, parts: parts, now: now}
	if err := r.judge(in, m.Pending); err != nil {
		return nil, err
	}
	if err := sp.useOnce(ctx, r.logout.id, in.answer, r.until); err != nil {
		return nil, err
	}
	return r.logout, nil
}

// unreadable is the refusal of a document that is not read.
func unreadable(err error) error {
	x, ok := errors.AsType[*xmlError](err)
	if !ok {
		return err
	}
	e := refuse(x.code, "a document that every reader reads alike", x.rule)
	e.Cause = err
	return e
}

// useOnce takes the ID of a message, which must not be used again.
func (sp *ServiceProvider) useOnce(ctx context.Context, id string, answer bool, until time.Time) error {
	kind := "LogoutRequest"
	if answer {
		kind = "LogoutResponse"
	}
	switch err := sp.config.Replays.Use(ctx, sp.replayKey(kind, id), until); {
	case errors.Is(err, ErrReplayed):
		return refuse(LogoutReplay, "an ID that was not used", id)
	case err != nil:
		return &Error{Code: StoreUnavailable, Cause: err}
	}
	return nil
}

// verifyLogout wants a signature of the identity provider.
func (sp *ServiceProvider) verifyLogout(in logoutInput, root *node, now time.Time) error {
	usable, err := sp.usableKeys(now)
	if err != nil {
		return err
	}
	verify := sp.verifyQuery
	if in.binding == HTTPPOST {
		verify = func(_ logoutInput, keys []Key) error {
			_, err := verifyEnveloped(root, keys, sp.config.AllowSHA1Insecure)
			return logoutVerdict(err)
		}
	}
	err = verify(in, usable)
	if verdict, ok := errors.AsType[*Error](err); ok && verdict.Code == LogoutSignature && len(usable) < len(sp.config.IdP.keys) {
		if verify(in, sp.config.IdP.keys) == nil {
			return refuse(CertificateExpired, "a signing certificate that is in force", "one that is not")
		}
	}
	return err
}

// logoutVerdict says what a verdict about a signature is called for a logout.
func logoutVerdict(err error) error {
	verdict, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	code := LogoutSignature
	switch verdict.Code {
	case SignatureMissing:
		code = LogoutUnsigned
	case SignatureAlgorithm, VerifierDisagreement:
		code = verdict.Code
	}
	e := &Error{Code: code, Report: &Report{}, Cause: verdict}
	for _, c := range verdict.Report.Failed() {
		c.Code = code
		e.Report.Checks = append(e.Report.Checks, c)
	}
	return e
}

// verifyQuery verifies the signature of a query (SAML bindings §3.4.4.1).
func (sp *ServiceProvider) verifyQuery(in logoutInput, keys []Key) error {
	if in.signature == "" {
		return refuse(LogoutUnsigned, "a query with a Signature", "none")
	}
	m, ok := methodCalled(in.method)
	if !ok || m.insecure && !sp.config.AllowSHA1Insecure {
		return refuse(SignatureAlgorithm, "RSA or ECDSA with SHA-256, SHA-384 or SHA-512", in.method)
	}
	signature, err := decodeSpaced(in.signature)
	if err == nil {
		for _, k := range keys {
			if hasSignatureOf(k.Public, m, in.signed, signature) {
				return nil
			}
		}
	}
	return refuse(LogoutSignature, "a signature of a key of the identity provider, over the query as it was sent", "another one")
}

// A logoutReading reads what is signed, and judges it.
type logoutReading struct {
	sp     *ServiceProvider
	root   *node
	parts  logoutParts
	now    time.Time
	checks []Check
	logout *Logout
	until  time.Time // how long the ID has to be remembered
}

// check notes a check that was made of what is signed.
func (r *logoutReading) check(code Code, ok bool, expected, actual string) {
	r.checks = append(r.checks, Check{Code: code, OK: ok, Expected: expected, Actual: received(actual), Verified: true})
}

// judge makes all checks, and returns a refusal with the first one that failed.
func (r *logoutReading) judge(in logoutInput, pendings []string) error {
	id, _ := r.root.attr("ID")
	r.logout = &Logout{id: id, binding: in.binding, relayState: in.relayState, answer: in.answer}
	r.issuer()
	r.destination()
	r.times()
	var err error
	if in.answer {
		r.answered(pendings)
	} else {
		err = r.named()
	}
	report := &Report{Checks: r.checks}
	if failed := report.Failed(); len(failed) > 0 {
		return &Error{Code: failed[0].Code, Report: report}
	}
	return err
}

func (r *logoutReading) issuer() {
	issuer, _ := r.parts.issuer.text()
	issuer = strings.Trim(issuer, xmlSpaces)
	r.check(LogoutIssuer, issuer == r.sp.config.IdP.entityID, r.sp.config.IdP.entityID, issuer)
}

// destination has to be there, because the message is signed (SAML bindings §3.4.5.2, §3.5.5.2).
func (r *logoutReading) destination() {
	destination, _ := r.root.attr("Destination")
	destination = strings.Trim(destination, xmlSpaces)
	r.check(LogoutDestination, destination == r.sp.config.SLO, r.sp.config.SLO, destination)
}

// times wants a message that was made just now, and is not over.
func (r *logoutReading) times() {
	skew := r.sp.config.Skew
	text, _ := r.root.attr("IssueInstant")
	issued, ok := parseDateTime(text)
	fresh := ok && !issued.After(r.now.Add(skew)) && issued.Add(logoutLifetime+skew).After(r.now)
	r.check(LogoutExpired, fresh, "an IssueInstant of the last minutes, at "+dateTime(r.now), text)
	if text, there := r.root.attr("NotOnOrAfter"); there {
		end, ok := parseDateTime(text)
		r.check(LogoutExpired, ok && end.Add(skew).After(r.now), "a NotOnOrAfter to come, at "+dateTime(r.now), text)
	}
	r.until = issued.Add(logoutLifetime + skew + time.Second)
}

// answered looks for the request that is answered, and at what came of it.
func (r *logoutReading) answered(pendings []string) {
	to, _ := r.root.attr("InResponseTo")
	p, ok := r.sp.findPending(pendings, pendingLogout, to, r.now)
	r.check(InResponseToUnknown, ok, "the ID of a logout that this browser began", to)
	r.logout.data = p.data
	code, second := statusCodes(r.parts.status)
	r.check(LogoutStatus, code == statusSuccess, statusSuccess, strings.TrimSpace(code+" "+second))
	r.logout.partial = second == statusPartial
}

// statusCodes returns the first two codes of a Status.
func statusCodes(status *node) (first, second string) {
	code := status.child(nsProtocol, "StatusCode")
	if code == nil {
		return "", ""
	}
	first, _ = code.attr("Value")
	if inner := code.child(nsProtocol, "StatusCode"); inner != nil {
		second, _ = inner.attr("Value")
	}
	return first, second
}

// named reads who is meant, and which sessions.
func (r *logoutReading) named() error {
	name := r.parts.name
	if name.local == "EncryptedID" {
		var err error
		opt := decryptOptions{entityID: r.sp.config.EntityID, allowRSA15: r.sp.config.AllowRSA15Insecure}
		if name, err = decryptNode(name, r.sp.config.Decrypt, opt, "NameID"); err != nil {
			return err
		}
	}
	value, ok := name.text()
	n := NameID{Value: strings.Trim(value, xmlSpaces)}
	for local, to := range map[string]*string{
		"Format": &n.Format, "NameQualifier": &n.NameQualifier, "SPNameQualifier": &n.SPNameQualifier, "SPProvidedID": &n.SPProvidedID,
	} {
		*to, _ = name.attr(local)
	}
	r.check(LogoutProfile, ok && n.Value != "", "a NameID with a text", n.Value)
	r.logout.name = n
	for _, s := range r.parts.sessions {
		text, ok := s.text()
		text = strings.Trim(text, xmlSpaces)
		r.check(LogoutProfile, ok && text != "", "a SessionIndex with a text", text)
		r.logout.sessions = append(r.logout.sessions, text)
	}
	return nil
}
