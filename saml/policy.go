package saml

import (
	"slices"
	"strings"
	"time"
)

// maxAge is how old a message may be, beside the skew: it was made for the moment.
const maxAge = 5 * time.Minute

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// A judge makes the checks that need a reader's understanding, all of them, and writes each down.
type judge struct {
	sp       *ServiceProvider
	now      time.Time
	postedTo string
	pending  []pending
	report   *Report
}

// check notes a rule and what came of it.
func (j *judge) check(code Code, ok, verified bool, expected, actual string) bool {
	if ok {
		actual = ""
	}
	j.report.Checks = append(j.report.Checks, Check{Code: code, OK: ok, Expected: expected, Actual: clip(actual), Verified: verified})
	return ok
}

// response judges what a response says beside its assertion. What is not signed is judged too: who
// sends one thing and means another is refused.
func (j *judge) response(n *node, signed bool) {
	if issuer := n.child(nsAssertion, "Issuer"); issuer != nil {
		text, _ := issuer.text()
		text = strings.TrimSpace(text)
		j.check(IssuerMismatch, text == j.sp.config.IdP.entityID, signed, "Issuer of the Response: "+j.sp.config.IdP.entityID, text)
	}
	destination, there := n.attr("Destination")
	destination = strings.TrimSpace(destination)
	switch {
	case there && destination != "":
		j.check(DestinationMismatch, destination == j.postedTo, signed, "Destination: "+j.postedTo, destination)
	default:
		j.check(DestinationMissing, !signed, signed, "a Destination of a signed Response", "none")
	}
	j.issued(n.instant("IssueInstant"), signed, "Response")
}

// issued judges when a message was made.
func (j *judge) issued(i instant, verified bool, of string) {
	ok := i.ok && !i.time.After(j.now.Add(j.sp.config.Skew)) && i.time.After(j.now.Add(-maxAge-j.sp.config.Skew))
	j.check(TimeIssueInstant, ok, verified, "IssueInstant of the "+of+" within "+maxAge.String()+" of "+j.now.Format(time.RFC3339), i.text)
}

// notYet and expired judge a window.
func (j *judge) notYet(i instant, what string) {
	if i.there() {
		j.check(TimeNotYet, i.ok && !i.time.After(j.now.Add(j.sp.config.Skew)), true, what+" before "+j.now.Format(time.RFC3339), i.text)
	}
}

func (j *judge) expired(code Code, i instant, what string) {
	if i.there() {
		j.check(code, j.stillOpen(i), true, what+" after "+j.now.Format(time.RFC3339), i.text)
	}
}

func (j *judge) stillOpen(i instant) bool { return i.ok && i.time.After(j.now.Add(-j.sp.config.Skew)) }

// assertion judges the claims, and returns the request they answer, or nil.
func (j *judge) assertion(c *claims, responseTo string) (request *pending, chosen *confirmation) {
	j.check(IssuerMismatch, c.issuer == j.sp.config.IdP.entityID, true, "Issuer of the Assertion: "+j.sp.config.IdP.entityID, c.issuer)
	j.issued(c.issueInstant, true, "Assertion")
	j.conditions(c.conditions)
	chosen = j.confirmation(c.confirmations)
	request = j.answers(responseTo, chosen)
	j.check(SubjectMissing, c.hasSubject && c.nameID.Value != "", true, "a NameID", "none")
	if j.sp.config.RequireEmailNameID {
		j.check(SubjectNotEmail, isEmail(c.nameID.Value), true, "a NameID that is an e-mail address", c.nameID.Value)
	}
	for _, s := range c.statements {
		j.statement(s)
	}
	j.forced(request, c.statements)
	j.attributes(c)
	return request, chosen
}

func (j *judge) conditions(k *conditions) {
	if !j.check(ConditionMissing, k != nil, true, "Conditions", "none") {
		return
	}
	j.notYet(k.notBefore, "Conditions: NotBefore")
	j.expired(TimeExpired, k.notOnOrAfter, "Conditions: NotOnOrAfter")
	j.check(AudienceMissing, len(k.audiences) > 0, true, "an AudienceRestriction", "none")
	for _, audiences := range k.audiences {
		j.check(AudienceMismatch, slices.Contains(audiences, j.sp.config.EntityID), true, "Audience: "+j.sp.config.EntityID, strings.Join(audiences, ", "))
	}
	j.check(ConditionUnknown, len(k.unknown) == 0, true, "conditions of SAML 2.0", strings.Join(k.unknown, ", "))
}

// confirmation chooses the bearer confirmation that is good, or else the first one, and notes what
// is wrong with it. Each is judged by itself.
func (j *judge) confirmation(list []confirmation) *confirmation {
	var chosen *confirmation
	for i := range list {
		c := &list[i]
		if c.method != bearer {
			continue
		}
		if chosen == nil || j.confirms(c) {
			chosen = c
		}
		if j.confirms(c) {
			break
		}
	}
	if !j.check(ConfirmationNone, chosen != nil, true, "a bearer SubjectConfirmation", methodsOf(list)) {
		return nil
	}
	j.check(RecipientMismatch, chosen.recipient == j.postedTo, true, "Recipient: "+j.postedTo, chosen.recipient)
	j.check(ConfirmationNone, !chosen.notBefore.there(), true, "no NotBefore in SubjectConfirmationData", chosen.notBefore.text)
	j.check(ConfirmationNone, chosen.notOnOrAfter.there(), true, "NotOnOrAfter in SubjectConfirmationData", "none")
	j.expired(TimeExpired, chosen.notOnOrAfter, "SubjectConfirmationData: NotOnOrAfter")
	return chosen
}

// confirms reports whether a confirmation is good in all but what it answers.
func (j *judge) confirms(c *confirmation) bool {
	return c.recipient == j.postedTo && !c.notBefore.there() && j.stillOpen(c.notOnOrAfter)
}

func methodsOf(list []confirmation) string {
	var methods []string
	for _, c := range list {
		methods = append(methods, c.method)
	}
	return strings.Join(methods, ", ")
}

// answers finds the request of this browser that a response answers. Response and confirmation have
// to name the same one, as far as they name one.
func (j *judge) answers(responseTo string, c *confirmation) *pending {
	confirmed := ""
	if c != nil {
		confirmed = c.inResponseTo
	}
	if responseTo == "" && confirmed == "" {
		j.check(InResponseToMissing, j.sp.config.AllowIdPInitiatedInsecure, true, "InResponseTo", "none; the identity provider began")
		return nil
	}
	if !j.check(InResponseToMissing, confirmed != "", true, "InResponseTo in SubjectConfirmationData", "none") {
		return nil
	}
	i := slices.IndexFunc(j.pending, func(p pending) bool { return p.id == confirmed && p.acs == j.postedTo })
	known := i >= 0 && (responseTo == "" || responseTo == confirmed)
	if !j.check(InResponseToUnknown, known, true, "InResponseTo a request of this browser that is waiting", confirmed+" "+responseTo) {
		return nil
	}
	return &j.pending[i]
}

func (j *judge) statement(s authnStatement) {
	j.expired(SessionExpired, s.sessionNotOnOrAfter, "SessionNotOnOrAfter")
	if wanted := j.sp.config.AuthnContexts; len(wanted) > 0 {
		j.check(AuthnContext, slices.Contains(wanted, s.context), true, "AuthnContext: "+strings.Join(wanted, " or "), s.context)
	}
	if age := j.sp.config.MaxAuthnAge; age > 0 {
		j.check(SessionExpired, s.instant.ok && s.instant.time.After(j.now.Add(-age-j.sp.config.Skew)), true, "AuthnInstant within "+age.String(), s.instant.text)
	}
}

// forced wants a person who was asked to authenticate anew to have done so.
func (j *judge) forced(request *pending, statements []authnStatement) {
	if request == nil || !request.force {
		return
	}
	since, actual := request.created.Add(-j.sp.config.Skew), "no AuthnStatement"
	anew := slices.ContainsFunc(statements, func(s authnStatement) bool {
		actual = s.instant.text
		return s.instant.ok && !s.instant.time.Before(since)
	})
	j.check(SessionExpired, anew, true, "AuthnInstant after the request of "+request.created.Format(time.RFC3339), actual)
}

func (j *judge) attributes(c *claims) {
	ok := len(c.duplicates) == 0 || j.sp.config.MergeAttributes
	j.check(AttributeDuplicate, ok, true, "each attribute once", strings.Join(c.duplicates, ", "))
}

// isEmail reports whether a text has the form of an address: one at sign with something on both
// sides, and no white space.
func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.ContainsAny(s, " \t\r\n") && !strings.Contains(domain, "@")
}
