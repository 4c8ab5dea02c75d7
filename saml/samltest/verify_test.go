package samltest

import (
	"bytes"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// verify returns the element of a message that is signed, the outermost if several are, as the
// engine has verified it by one of the keys. What a Signature says of its key is left out: the engine
// reads less of it than there is.
func verify(document []byte, now time.Time, certificates []*x509.Certificate) (*etree.Element, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil {
		return nil, err
	}
	candidates := []*etree.Element{doc.Root(), doc.FindElement("/Response/Assertion")}
	if encrypted := doc.FindElement("/Response/EncryptedAssertion"); encrypted != nil {
		plaintext := etree.NewDocument()
		if err := plaintext.ReadFromBytes(decrypted(encrypted)); err != nil {
			return nil, err
		}
		candidates[1] = plaintext.Root()
	}
	for _, e := range candidates {
		if e == nil || !bare(e) {
			continue
		}
		err := errors.New("no certificates")
		for _, c := range certificates {
			v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
			v.Clock = dsig.NewFakeClockAt(now)
			var verified *etree.Element
			if verified, err = v.Validate(e); err == nil {
				return verified, nil
			}
		}
		return nil, err
	}
	return nil, dsig.ErrMissingSignature
}

// bare leaves the Signature of an element, if it has one, without KeyInfo, and its value without white
// space.
func bare(e *etree.Element) bool {
	for _, signature := range e.SelectElements("Signature") {
		if signature.NamespaceURI() != nsSignature {
			continue
		}
		if info := signature.SelectElement("KeyInfo"); info != nil {
			signature.RemoveChild(info)
		}
		value := signature.SelectElement("SignatureValue")
		value.SetText(strings.Join(strings.Fields(value.Text()), ""))
		return true
	}
	return false
}

// TestAcceptedVerify holds that what has to be accepted is signed so that the engine verifies it.
func TestAcceptedVerify(t *testing.T) {
	p := TestParams()
	for _, c := range Corpus() {
		if c.Binding != ResponsePOST || c.Want != Accept && c.With != Accept && !c.Repeat {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			now := p.Now
			if c.Option == "IgnoreCertificateDatesInsecure" {
				now = p.Keys.Expired.Certificate.NotAfter
			}
			verified, err := verify(c.Make(p), now, c.Certificates(p))
			if err != nil {
				t.Fatal(err)
			}
			if encrypted := verified.FindElement("//EncryptedAssertion"); encrypted != nil {
				plaintext := etree.NewDocument()
				if err := plaintext.ReadFromBytes(decrypted(encrypted)); err != nil {
					t.Fatal(err)
				}
				verified = plaintext.Root()
			}
			if id := verified.FindElement("//NameID"); strings.TrimSpace(id.Text()) != p.NameID {
				t.Errorf("it names %q", id.Text())
			}
		})
	}
}

// TestDeterministic holds that a case makes the same of the same Params, and something else of
// another request.
func TestDeterministic(t *testing.T) {
	p, q := TestParams(), TestParams()
	q.RequestID = "_another"
	for _, c := range Corpus() {
		if c.Generated {
			continue // large, and made as the others are
		}
		first := c.Make(p)
		if !bytes.Equal(first, c.Make(p)) {
			t.Errorf("%s: two messages of the same Params differ", c.ID)
		}
		if bytes.Equal(first, c.Make(q)) {
			t.Errorf("%s: messages of two sign-ins are the same", c.ID)
		}
	}
}
