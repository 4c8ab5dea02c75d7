package saml

import (
	"slices"
	"strings"
	"time"
)

// claims are what an assertion says, read and not yet judged.
type claims struct {
	id, issuer       string
	issueInstant     instant
	nameID           NameID
	hasSubject       bool
	confirmations    []confirmation
	conditions       *conditions
	statements       []authnStatement
	attributes       []Attribute
	byName           map[string]int // of attributes
	duplicates       []string       // names of attributes that are there twice
	encryptedSubject *node
	encryptedAttrs   []*node
}

// An Attribute is what an assertion says of the subject (SAML core §2.7.3.1).
type Attribute struct {
	Name, NameFormat, FriendlyName string
	Values                         []string
}

type confirmation struct {
	method, recipient, inResponseTo string
	notBefore, notOnOrAfter         instant
	hasData                         bool
}

type conditions struct {
	notBefore, notOnOrAfter instant
	audiences               [][]string // of each restriction
	unknown                 []string
}

type authnStatement struct {
	instant, sessionNotOnOrAfter instant
	sessionIndex, context        string
}

// An instant is a dateTime as it was written, and what it means.
type instant struct {
	text string
	time time.Time
	ok   bool
}

func (i instant) there() bool { return i.text != "" }

// readInstant reads an xs:dateTime. Without a zone it is UTC (SAML core §1.3.3).
func readInstant(text string) instant {
	text = strings.TrimSpace(text)
	i := instant{text: text}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			i.time, i.ok = t.UTC(), true
			return i
		}
	}
	return i
}

func (n *node) instant(name string) instant {
	text, _ := n.attr(name)
	return readInstant(text)
}

func (n *node) trimmed(name string) string {
	text, _ := n.attr(name)
	return strings.TrimSpace(text)
}

// leaf returns the text of an element that holds text alone.
func (n *node) leaf() (string, error) {
	text, ok := n.text()
	if !ok {
		return "", wrong(StructureText, "text alone in "+n.local, "elements")
	}
	return strings.TrimSpace(text), nil
}

// readClaims reads a verified assertion.
func readClaims(n *node) (*claims, error) {
	c := &claims{id: n.trimmed("ID"), issueInstant: n.instant("IssueInstant")}
	for e := range n.children() {
		var err error
		switch {
		case e.is(nsAssertion, "Issuer"):
			c.issuer, err = e.leaf()
		case e.is(nsAssertion, "Subject"):
			err = c.readSubject(e)
		case e.is(nsAssertion, "Conditions"):
			err = c.readConditions(e)
		case e.is(nsAssertion, "AuthnStatement"):
			err = c.readAuthn(e)
		case e.is(nsAssertion, "AttributeStatement"):
			err = c.readAttributes(e)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *claims) readSubject(n *node) error {
	for e := range n.children() {
		switch {
		case e.is(nsAssertion, "NameID"):
			if c.hasSubject || c.encryptedSubject != nil {
				return wrong(StructureChild, "one NameID in Subject", "several")
			}
			if err := c.setNameID(e); err != nil {
				return err
			}
		case e.is(nsAssertion, "EncryptedID"):
			if c.hasSubject || c.encryptedSubject != nil {
				return wrong(StructureChild, "one NameID in Subject", "several")
			}
			c.encryptedSubject = e
		case e.is(nsAssertion, "SubjectConfirmation"):
			c.confirmations = append(c.confirmations, readConfirmation(e))
		case e.is(nsAssertion, "BaseID"): // of an extension: nobody here can read it
		default:
			return wrong(StructureChild, "NameID and SubjectConfirmation in Subject", e.local+" of "+e.space)
		}
	}
	return nil
}

func (c *claims) setNameID(n *node) error {
	value, err := n.leaf()
	if err != nil {
		return err
	}
	c.nameID = NameID{
		Value: value, Format: n.trimmed("Format"), NameQualifier: n.trimmed("NameQualifier"),
		SPNameQualifier: n.trimmed("SPNameQualifier"), SPProvidedID: n.trimmed("SPProvidedID"),
	}
	c.hasSubject = true
	return nil
}

// readConfirmation reads one confirmation by itself: what stands in another one is not of this one.
func readConfirmation(n *node) confirmation {
	c := confirmation{method: n.trimmed("Method")}
	if data := n.child(nsAssertion, "SubjectConfirmationData"); data != nil {
		c.hasData = true
		c.recipient, c.inResponseTo = data.trimmed("Recipient"), data.trimmed("InResponseTo")
		c.notBefore, c.notOnOrAfter = data.instant("NotBefore"), data.instant("NotOnOrAfter")
	}
	return c
}

func (c *claims) readConditions(n *node) error {
	k := &conditions{notBefore: n.instant("NotBefore"), notOnOrAfter: n.instant("NotOnOrAfter")}
	c.conditions = k
	for e := range n.children() {
		switch {
		case e.is(nsAssertion, "AudienceRestriction"):
			audiences := []string{}
			for a := range e.children() {
				if !a.is(nsAssertion, "Audience") {
					return wrong(StructureChild, "Audience in AudienceRestriction", a.local+" of "+a.space)
				}
				text, err := a.leaf()
				if err != nil {
					return err
				}
				audiences = append(audiences, text)
			}
			k.audiences = append(k.audiences, audiences)
		case e.is(nsAssertion, "OneTimeUse"), e.is(nsAssertion, "ProxyRestriction"): // each assertion is used once, and passed on to nobody
		default:
			k.unknown = append(k.unknown, e.local+" of "+e.space)
		}
	}
	return nil
}

func (c *claims) readAuthn(n *node) error {
	s := authnStatement{instant: n.instant("AuthnInstant"), sessionNotOnOrAfter: n.instant("SessionNotOnOrAfter"), sessionIndex: n.trimmed("SessionIndex")}
	if ctx := n.child(nsAssertion, "AuthnContext"); ctx != nil {
		if class := ctx.child(nsAssertion, "AuthnContextClassRef"); class != nil {
			var err error
			if s.context, err = class.leaf(); err != nil {
				return err
			}
		}
	}
	c.statements = append(c.statements, s)
	return nil
}

func (c *claims) readAttributes(n *node) error {
	c.attributes = slices.Grow(c.attributes, len(n.items))
	if c.byName == nil {
		c.byName = make(map[string]int, len(n.items))
	}
	for e := range n.children() {
		switch {
		case e.is(nsAssertion, "Attribute"):
			if err := c.addAttribute(e); err != nil {
				return err
			}
		case e.is(nsAssertion, "EncryptedAttribute"):
			c.encryptedAttrs = append(c.encryptedAttrs, e)
		default:
			return wrong(StructureChild, "Attribute in AttributeStatement", e.local+" of "+e.space)
		}
	}
	return nil
}

// addAttribute adds an attribute. The values of one that is there twice are put together, and it is
// noted: whether that is an error is for the policy.
func (c *claims) addAttribute(n *node) error {
	a := Attribute{Name: n.trimmed("Name"), NameFormat: n.trimmed("NameFormat"), FriendlyName: n.trimmed("FriendlyName")}
	for e := range n.children() {
		if !e.is(nsAssertion, "AttributeValue") {
			return wrong(StructureChild, "AttributeValue in Attribute", e.local+" of "+e.space)
		}
		value, err := attributeValue(e)
		if err != nil {
			return err
		}
		a.Values = append(a.Values, value)
	}
	if i, twice := c.byName[a.Name]; twice {
		c.duplicates = append(c.duplicates, a.Name)
		c.attributes[i].Values = append(c.attributes[i].Values, a.Values...)
		return nil
	}
	if c.byName == nil {
		c.byName = map[string]int{}
	}
	c.byName[a.Name] = len(c.attributes)
	c.attributes = append(c.attributes, a)
	return nil
}

// attributeValue returns the text of a value, or of the NameID that is one, as in
// eduPersonTargetedID.
func attributeValue(n *node) (string, error) {
	children := n.elements()
	if len(children) == 1 && children[0].is(nsAssertion, "NameID") {
		for i := range n.items {
			if strings.TrimSpace(n.items[i].text) != "" {
				return "", wrong(StructureText, "text or a NameID in AttributeValue", "both")
			}
		}
		return children[0].leaf()
	}
	return n.leaf()
}
