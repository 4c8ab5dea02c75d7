package samltest

import (
	"bytes"
	"crypto/x509"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// undo says how to take back what was done to a message: expressions, and what replaces them. Then
// its signature holds.
var undo = map[string][]string{
	"S1": {`<!--.*?-->`, "", "mallory", "alice"},
	"S2": {`<ds:SignedInfo>.*?</ds:SignedInfo>(<ds:SignedInfo>)`, "$1", "mallory", "alice"},
	"S3": {`(</ds:SignatureValue>)<ds:SignatureValue>.*?</ds:SignatureValue>`, "$1"},
	"S4": {`<ds:Transform [^>]*xslt.*?</ds:Transform>`, ""},
	"S5": {`(</ds:Signature>)<ds:Signature .*?</ds:Signature>`, "$1"},
	"S6": {`<ds:Signature .*?</ds:Signature>(<ds:Signature )`, "$1"},
	"S7": {`(<saml:Subject>.*)(<ds:Signature .*</ds:Signature>)`, "$2$1"},
	"S8": {"mallory(@example.com</saml:NameID>)", "alice$1"},

	"D2":  {"<!-- -->", ""},
	"D3":  {`<\?x y\?>`, ""},
	"D4":  {`<!\[CDATA\[(.*?)\]\]>`, "$1"},
	"D5":  {"<!DOCTYPE.*?>", ""},
	"D6":  {`<!DOCTYPE.*?\]>`, ""},
	"D7":  {`<!DOCTYPE.*?\]>`, "", "&who;", "alice@example.com"},
	"D8":  {`<!DOCTYPE.*?\]>`, ""},
	"D9":  {`<\?xml-stylesheet.*?\?>`, ""},
	"D10": {` encoding="UTF-16"`, ""},
	"D11": {` encoding="ISO-8859-1"`, ""},
	"D12": {"garbage$", ""},
	"D13": {`(</samlp:Response>)<samlp:Response.*`, "$1"},
	"D14": {` Destination="https://evil[^"]*"`, ""},
	"D15": {` ID="_evil[^"]*"`, ""},
	"D16": {` :x="1"`, ""},
	"D17": {"<x:></x:>", ""},
	"D18": {` xmlns:samlp="urn:example:evil"`, ""},
	"D19": {"SAML:1.0:protocol", "SAML:2.0:protocol"},
	"D20": {` xmlns:x="void"`, ""},
	"D21": {` xmlns:x="void"`, ""},
	"D22": {` xmlns:xml="urn:example:evil" xml:id="_evil"`, ""},
	"D23": {` xmlns:xmlns="urn:example:evil"`, ""},
	"D25": {`<samlp:Status><samlp:StatusCode Value="[^"]*Responder"/></samlp:Status>`, ""},
	"Z14": {"</?x:d>", ""},
}

// unsigned are the cases of which no signature of the identity provider holds, whatever is undone,
// and those that are large.
const unsigned = " A4 A5 A6 B2 B3 B4 C17 E2 E12 E14 E15 E17 E18 Z11 Z13 Z17 Z17b Z18 "

// TestUndone holds that nothing but what its title says is wrong with a message: the engine verifies
// it once that is undone, or as it is if the signature is over it.
func TestUndone(t *testing.T) {
	p := TestParams()
	for _, c := range Corpus() {
		if c.Want == Accept || c.Family() == "X" || c.Binding != ResponsePOST || strings.Contains(unsigned, " "+c.ID+" ") {
			continue
		}
		message := string(c.Make(p))
		for how := undo[c.ID]; len(how) > 0; how = how[2:] {
			undone := regexp.MustCompile("(?s)"+how[0]).ReplaceAllString(message, how[1])
			if undone == message {
				t.Errorf("%s: there is no %s", c.ID, how[0])
			}
			message = undone
		}
		now := p.Now
		if c.ID == "B5" {
			now = p.Keys.Expired.Certificate.NotAfter
		}
		if _, err := verify([]byte(message), now, c.Certificates(p)); err != nil {
			t.Errorf("%s, undone: %v", c.ID, err)
		}
	}
}

// TestWrapped holds that every wrapping attack holds an element that the identity provider did sign,
// which is about the person, beside what the attacker says.
func TestWrapped(t *testing.T) {
	p := TestParams()
	for _, c := range Corpus() {
		if c.Family() != "X" {
			continue
		}
		message := c.Make(p)
		if c.ID != "X10" && !bytes.Contains(message, []byte(name(p.Attacker))) {
			t.Errorf("%s says nothing about the attacker", c.ID)
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(message); err != nil {
			t.Fatal(err)
		}
		if n := restored(doc, p); n != 1 {
			t.Errorf("%s: %d elements hold with the signature, want 1", c.ID, n)
		}
	}
}

// restored counts the elements with the ID of the reference for which the signature holds.
func restored(doc *etree.Document, p Params) int {
	signature := doc.FindElement("//Signature").Copy()
	for _, child := range signature.ChildElements() {
		if child.Tag != "SignedInfo" && child.Tag != "SignatureValue" {
			signature.RemoveChild(child)
		}
	}
	id := signature.FindElement("//Reference").SelectAttrValue("URI", "")[1:]
	n := 0
	for _, e := range doc.FindElements("//*") {
		if e.SelectAttrValue("ID", "") == id && holds(e.Copy(), signature.Copy(), p) {
			n++
		}
	}
	return n
}

func holds(e, signature *etree.Element, p Params) bool {
	for _, s := range e.FindElements(".//Signature") {
		s.Parent().RemoveChild(s)
	}
	for _, evil := range e.SelectElements("Assertion") {
		if evil.SelectAttrValue("ID", "")[:5] == "_evil" {
			e.RemoveChild(evil)
		}
	}
	e.InsertChildAt(1, signature)
	store := &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{p.Keys.IdP.Certificate}}
	v := dsig.NewDefaultValidationContext(store)
	v.Clock = dsig.NewFakeClockAt(p.Now)
	verified, err := v.Validate(e)
	return err == nil && verified.FindElement("//NameID").Text() == p.NameID
}
