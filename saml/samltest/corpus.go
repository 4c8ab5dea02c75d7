package samltest

import (
	"cmp"
	"crypto/x509"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Accept is the verdict on a message that has to be believed.
const Accept = "accept"

// A Binding is how a message of the corpus is sent.
type Binding uint8

// The bindings of the corpus.
const (
	ResponsePOST   Binding = iota // to the ACS: Make returns the XML before its base64
	LogoutPOST                    // to the single logout URL: the XML before its base64
	LogoutRedirect                // to the single logout URL: the query as it is sent
)

// A Case is one message, and what has to become of it. But for what its Title says everything about
// it is in order.
type Case struct {
	ID    string // a letter for the family, and a number
	Title string // what is wrong or unusual
	Why   string // what a verdict other than Want would mean
	// Want is [Accept], or the code or the family of codes that must refuse the message.
	Want string
	// Option is the field of saml.Config that turns the verdict into With; "" if there is none. Of
	// those that are more than a switch, MaxResponse is 2 MiB, and AuthnContexts asks for
	// PasswordProtectedTransport, which all other cases have.
	Option, With string
	Binding      Binding
	// Repeat says that the message is sent twice, with the same cookies, and that the first time it is
	// accepted. Want is the second verdict.
	Repeat bool
	// Generated says that the message is too large to be among the files.
	Generated bool
	// Make returns the message. Params without a key that the case needs make it panic.
	Make func(Params) []byte

	trust func(Keys) []*x509.Certificate // nil for the key of the identity provider alone
}

// Family returns the letter of the ID.
func (c Case) Family() string { return c.ID[:1] }

// Certificates returns those of the keys that the service provider believes in this case.
func (c Case) Certificates(p Params) []*x509.Certificate {
	if c.trust == nil {
		return []*x509.Certificate{p.Keys.IdP.Certificate}
	}
	return c.trust(p.Keys)
}

// Where the identity provider of the corpus is. Nothing connects to it.
const (
	SSOURL = "https://idp.example.com/sso"
	SLOURL = "https://idp.example.com/slo"
)

// Metadata returns that of the identity provider of the case, with [Case.Certificates], [SSOURL] and
// [SLOURL].
func (c Case) Metadata(p Params) []byte {
	return metadata(p.IdPEntityID, SSOURL, SLOURL, c.Certificates(p)...)
}

// Corpus returns all cases, by family and number.
func Corpus() []Case {
	var all []Case
	for _, family := range [][]row{
		keyCases, algorithmCases, wrappingCases, signatureCases, documentCases,
		severalCases, claimCases, encryptionCases, sizeCases, logoutCases,
	} {
		n := len(all)
		for _, r := range family {
			all = append(all, r.complete())
		}
		slices.SortStableFunc(all[n:], func(a, b Case) int { return cmp.Compare(a.number(), b.number()) })
	}
	return all
}

// number returns that of the ID.
func (c Case) number() (n int) {
	_, _ = fmt.Sscan(strings.TrimRight(c.ID[1:], "b"), &n) // a second message of a case ends in b
	return n
}

//go:embed testdata/corpus
var corpusFiles embed.FS

// Files returns what the cases make of [TestParams]: of each that is not Generated a file ID.xml, or
// ID.query, and a file ID.txt that says what it is.
func Files() fs.FS {
	files, err := fs.Sub(corpusFiles, "testdata/corpus")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

// A row is a case as the tables have it.
type row struct {
	Case
	make func(m *maker) string
}

func (r row) complete() Case {
	c := r.Case
	c.Make = func(p Params) []byte { return []byte(r.make(&maker{Params: p, label: c.ID})) }
	return c
}

// edited returns a document with its one occurrence of old replaced. A change that does not take
// place would leave a case that tests nothing.
func edited(document, old, new string) string {
	if n := strings.Count(document, old); n != 1 {
		panic("samltest: " + old + " does not occur once in " + document)
	}
	return strings.Replace(document, old, new, 1)
}
