package saml_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

var testSeal = []byte("a key of thirty-two bytes, or more")

// newSP returns the service provider that a case of the corpus is sent to.
func newSP(t testing.TB, c samltest.Case, p samltest.Params, change func(*saml.Config)) *saml.ServiceProvider {
	t.Helper()
	metadata, err := saml.ParseMetadata(c.Metadata(p), p.IdPEntityID)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return p.Now }
	config := saml.Config{
		EntityID: p.EntityID, IdP: metadata, ACS: []string{p.ACS}, Now: now,
		Replays: saml.NewMemoryReplays(1_000, now), Decrypt: []crypto.Decrypter{samltest.TestDecrypter()}, Seal: [][]byte{testSeal},
	}
	if change != nil {
		change(&config)
	}
	sp, err := saml.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return sp
}

// options are those that cases of the corpus name.
var options = map[string]func(*saml.Config){
	"AllowSHA1Insecure":              func(c *saml.Config) { c.AllowSHA1Insecure = true },
	"AllowRSA15Insecure":             func(c *saml.Config) { c.AllowRSA15Insecure = true },
	"AllowIdPInitiatedInsecure":      func(c *saml.Config) { c.AllowIdPInitiatedInsecure = true },
	"IgnoreCertificateDatesInsecure": func(c *saml.Config) { c.IgnoreCertificateDatesInsecure = true },
	"MergeAttributes":                func(c *saml.Config) { c.MergeAttributes = true },
	"MaxResponse":                    func(c *saml.Config) { c.MaxResponse = 2 << 20 },
	"AuthnContexts": func(c *saml.Config) {
		c.AuthnContexts = []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"}
	},
}

// verdict sends a case, and returns what became of it.
func verdict(t testing.TB, c samltest.Case, p samltest.Params, change func(*saml.Config)) (string, *saml.Error) {
	t.Helper()
	sp := newSP(t, c, p, change)
	pending, err := sp.SealPending(p.RequestID, p.ACS, []byte("data"), p.Now.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	r := saml.Response{Encoded: base64.StdEncoding.EncodeToString(c.Make(p)), PostedTo: p.ACS, Pending: []string{pending}}
	a, err := sp.Validate(t.Context(), r)
	if c.Repeat && err == nil {
		a, err = sp.Validate(t.Context(), r)
	}
	if err == nil {
		if a.NameID().Value != p.NameID {
			t.Errorf("signed in %q, want %q", a.NameID().Value, p.NameID)
		}
		return samltest.Accept, nil
	}
	var e *saml.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *saml.Error", err)
	}
	if len(e.Report.Failed()) == 0 {
		t.Error("the report of a refusal lists nothing that failed")
	}
	if strings.Contains(e.Error(), p.NameID) || strings.Contains(e.Error(), p.Attacker) {
		t.Errorf("the text of the error repeats what was received: %s", e)
	}
	return string(e.Code), e
}

// is reports whether a code is the one wanted, or of the family.
func is(got, want string) bool { return got == want || strings.HasPrefix(got, want+".") }

func TestCorpus(t *testing.T) {
	p := samltest.TestParams()
	for _, c := range samltest.Corpus() {
		if c.Binding != samltest.ResponsePOST {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			if got, e := verdict(t, c, p, nil); !is(got, c.Want) {
				t.Errorf("%s: %s, want %s\n%s\n%+v", c.Title, got, c.Want, c.Why, e)
			}
			if c.Option == "" {
				return
			}
			change, ok := options[c.Option]
			if !ok {
				t.Fatalf("no option %s", c.Option)
			}
			if got, e := verdict(t, c, p, change); !is(got, c.With) {
				t.Errorf("%s, with %s: %s, want %s\n%+v", c.Title, c.Option, got, c.With, e)
			}
		})
	}
}

// baseline is the response with nothing wrong.
func baseline(t testing.TB) samltest.Case {
	t.Helper()
	for _, c := range samltest.Corpus() {
		if c.ID == "A1" {
			return c
		}
	}
	t.Fatal("no case A1")
	return samltest.Case{}
}

// TestReportListsAll has a response that is wrong in several ways: the first decides, and all are
// listed.
func TestReportListsAll(t *testing.T) {
	p := samltest.TestParams()
	const elsewhere = "https://other.example.com/acs"
	sp := newSP(t, baseline(t), p, func(c *saml.Config) {
		c.EntityID, c.ACS = "https://other.example.com", []string{elsewhere}
		c.Now = func() time.Time { return p.Now.Add(time.Hour) }
	})
	_, err := sp.Validate(t.Context(), saml.Response{Encoded: base64.StdEncoding.EncodeToString(baseline(t).Make(p)), PostedTo: elsewhere})
	var e *saml.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	var codes []saml.Code
	for _, c := range e.Report.Failed() {
		codes = append(codes, c.Code)
	}
	for _, want := range []saml.Code{
		saml.DestinationMismatch, saml.TimeIssueInstant, saml.TimeExpired, saml.AudienceMismatch, saml.RecipientMismatch, saml.InResponseToUnknown,
	} {
		if !slices.Contains(codes, want) {
			t.Errorf("%s is not among %v", want, codes)
		}
	}
	if e.Code != codes[0] {
		t.Errorf("decided by %s, want the first of %v", e.Code, codes)
	}
	if text := e.Report.Markdown(saml.VendorEntraID); !strings.Contains(text, string(saml.AudienceMismatch)) || !strings.Contains(text, "https://other.example.com") {
		t.Errorf("the report for people says:\n%s", text)
	}
}

// TestExpiredMetadata has nobody sign in by metadata whose time is over.
func TestExpiredMetadata(t *testing.T) {
	p, c := samltest.TestParams(), baseline(t)
	text := strings.Replace(string(c.Metadata(p)), "<md:EntityDescriptor", `<md:EntityDescriptor validUntil="`+p.Now.Format(time.RFC3339)+`"`, 1)
	metadata, err := saml.ParseMetadata([]byte(text), p.IdPEntityID)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := verdict(t, c, p, func(c *saml.Config) { c.IdP = metadata }); got != string(saml.MetadataExpired) {
		t.Errorf("%s, want %s", got, saml.MetadataExpired)
	}
	if got, _ := verdict(t, c, p, func(c *saml.Config) {
		c.IdP, c.Now = metadata, func() time.Time { return p.Now.Add(-time.Second) }
	}); got != samltest.Accept {
		t.Errorf("a second earlier: %s", got)
	}
}

// TestNoVerdict has a replay cache that cannot say: nothing is decided, and the response is good when
// it can.
func TestNoVerdict(t *testing.T) {
	p, c := samltest.TestParams(), baseline(t)
	down := errors.New("down")
	cache := &flaky{err: down}
	sp := newSP(t, c, p, func(c *saml.Config) { c.Replays = cache })
	pending, err := sp.SealPending(p.RequestID, p.ACS, []byte("data"), p.Now)
	if err != nil {
		t.Fatal(err)
	}
	r := saml.Response{Encoded: base64.StdEncoding.EncodeToString(c.Make(p)), PostedTo: p.ACS, Pending: []string{pending}}
	var e *saml.Error
	if _, err := sp.Validate(t.Context(), r); !errors.As(err, &e) || e.Code != saml.StoreUnavailable || !errors.Is(err, down) {
		t.Errorf("got %v, want no verdict", err)
	}
	cache.err = nil
	a, err := sp.Validate(t.Context(), r)
	if err != nil || string(a.Data()) != "data" || a.RequestID() != p.RequestID {
		t.Errorf("afterwards: %v", err)
	}
}

type flaky struct{ err error }

func (f *flaky) Use(context.Context, string, time.Time) error { return f.err }

// TestReal validates the responses of real identity providers, at the time they were made.
func TestReal(t *testing.T) {
	key := readKey(t)
	for name, c := range map[string]struct {
		metadata string
		change   func(*saml.Config)
	}{
		"ssp-assertion": {"ssp", nil}, "ssp-response": {"ssp", nil}, "ssp-both": {"ssp", nil}, "ssp-sha512": {"ssp", nil},
		"ssp-enc": {"ssp", nil}, "ssp-enc-nameid": {"ssp", nil}, "samlidp-plain": {"samlidp", nil}, "samlidp-enc": {"samlidp", nil},
		"llng-plain":  {"llng", nil},
		"ssp-sha1":    {"ssp", func(c *saml.Config) { c.AllowSHA1Insecure = true }},
		"ssp-idpinit": {"ssp", func(c *saml.Config) { c.AllowIdPInitiatedInsecure = true }},
	} {
		t.Run(name, func(t *testing.T) {
			data := real(t, name+".xml")
			at, err := time.Parse(time.RFC3339Nano, between(string(data), `IssueInstant="`, `"`))
			if err != nil {
				t.Fatal(err)
			}
			at = at.Add(time.Second)
			metadata, err := saml.MetadataOptions{AllowLoopback: true}.Parse(real(t, c.metadata+"-idp-metadata.xml"))
			if errors.As(err, new(*saml.Error)) {
				t.Fatalf("metadata: %v: %+v", err, err.(*saml.Error).Report.Failed())
			}
			config := saml.Config{
				EntityID: "http://127.0.0.1:8080/saml/metadata", IdP: metadata, ACS: []string{"http://127.0.0.1:8080/saml/acs"},
				Now: func() time.Time { return at }, Replays: saml.NewMemoryReplays(10, func() time.Time { return at }),
				Decrypt: []crypto.Decrypter{key}, Seal: [][]byte{testSeal}, IgnoreCertificateDatesInsecure: true,
			}
			if c.change != nil {
				refused(t, config, name, data, at)
				c.change(&config)
			}
			a, e := validate(t, config, name, data, at)
			if e != nil {
				t.Fatalf("%v: %+v %v", e, e.Report.Failed(), e.Cause)
			}
			if a.NameID().Value == "" || len(a.Attributes()) == 0 {
				t.Errorf("read %+v and %d attributes", a.NameID(), len(a.Attributes()))
			}
		})
	}
}

func refused(t *testing.T, config saml.Config, name string, data []byte, at time.Time) {
	t.Helper()
	if _, e := validate(t, config, name, data, at); e == nil {
		t.Error("accepted without its option")
	}
}

func validate(t *testing.T, config saml.Config, name string, data []byte, at time.Time) (*saml.Assertion, *saml.Error) {
	t.Helper()
	sp, err := saml.New(config)
	if err != nil {
		t.Fatalf("%v: %+v", err, err)
	}
	var pending []string
	if request, err := os.ReadFile(filepath.Join("testdata/real", name+".authnrequest.xml")); err == nil {
		s, err := sp.SealPending(between(string(request), ` ID="`, `"`), config.ACS[0], nil, at)
		if err != nil {
			t.Fatal(err)
		}
		pending = append(pending, s)
	}
	a, err := sp.Validate(t.Context(), saml.Response{Encoded: base64.StdEncoding.EncodeToString(data), PostedTo: config.ACS[0], Pending: pending})
	var e *saml.Error
	errors.As(err, &e)
	return a, e
}

func real(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/real", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readKey(t *testing.T) crypto.Decrypter {
	t.Helper()
	block, _ := pem.Decode(real(t, "sp.key"))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Decrypter)
}

func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	text, _, _ := strings.Cut(rest, to)
	return text
}

// TestCorpusLogout sends the logout messages of the corpus.
func TestCorpusLogout(t *testing.T) {
	p := samltest.TestParams()
	sent := 0
	for _, c := range samltest.Corpus() {
		if c.Binding == samltest.ResponsePOST {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			sp := newSP(t, c, p, func(c *saml.Config) {
				c.SLO, c.Sign, c.SignCertificate = p.SLO, samltest.TestDecrypter(), p.Keys.SP.Raw
			})
			m := saml.LogoutMessage{Query: string(c.Make(p))}
			if c.Binding == samltest.LogoutPOST {
				m = saml.LogoutMessage{Form: []byte(url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(c.Make(p))}}.Encode())}
			}
			got := samltest.Accept
			_, err := sp.ReadLogout(t.Context(), m)
			var e *saml.Error
			if errors.As(err, &e) {
				got = string(e.Code)
			} else if err != nil {
				t.Fatal(err)
			}
			if !is(got, c.Want) {
				t.Errorf("%s: %s, want %s\n%s\n%v", c.Title, got, c.Want, c.Why, err)
			}
		})
		sent++
	}
	if sent < 8 {
		t.Errorf("%d messages", sent)
	}
}

// TestForceAuthn asks for a new authentication, and gets one that is older than the request.
func TestForceAuthn(t *testing.T) {
	p, c := samltest.TestParams(), baseline(t)
	answered := func(force bool, asked time.Time) string {
		now := asked
		sp := newSP(t, c, p, func(c *saml.Config) { c.Now = func() time.Time { return now } })
		m, err := sp.Start(saml.Request{ForceAuthn: force})
		if err != nil {
			t.Fatal(err)
		}
		q := p
		q.RequestID = m.ID
		now = p.Now.Add(30 * time.Second)
		_, err = sp.Validate(t.Context(), saml.Response{Encoded: base64.StdEncoding.EncodeToString(c.Make(q)), PostedTo: p.ACS, Pending: []string{m.Pending}})
		var e *saml.Error
		if errors.As(err, &e) {
			return string(e.Code)
		}
		return samltest.Accept
	}
	before, after := p.Now.Add(-8*time.Minute), p.Now.Add(29*time.Second)
	for _, force := range []bool{false, true} {
		if got := answered(force, before); got != samltest.Accept {
			t.Errorf("forced %t, authenticated after the request: %s", force, got)
		}
	}
	if got := answered(false, after); got != samltest.Accept {
		t.Errorf("not forced, authenticated before the request: %s", got)
	}
	if got := answered(true, p.Now.Add(2*time.Minute)); got != string(saml.SessionExpired) {
		t.Errorf("forced, authenticated two minutes before the request: %s, want %s", got, saml.SessionExpired)
	}
}

// TestRefusedCheaply bounds what a stranger can make of memory with a response that is refused.
func TestRefusedCheaply(t *testing.T) {
	const most = 4 << 20 // bytes, beside the response itself
	p := samltest.TestParams()
	for _, c := range samltest.Corpus() {
		if c.Family() != "Z" || c.Want == samltest.Accept || c.Repeat || c.Binding != samltest.ResponsePOST {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			sp := newSP(t, c, p, nil)
			r := saml.Response{Encoded: base64.StdEncoding.EncodeToString(c.Make(p)), PostedTo: p.ACS}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := sp.Validate(t.Context(), r)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > most {
				t.Errorf("%d bytes used, %v; want a refusal with %d at most", used, err, most)
			}
		})
	}
}
