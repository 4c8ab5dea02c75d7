package samltest

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A Target is a running service provider.
type Target struct {
	// Client returns a new browser: a client with a cookie jar of its own. Its CheckRedirect is set.
	Client func() *http.Client
	// Begin is the URL where a sign-in begins: it answers with an AuthnRequest for the identity
	// provider, by HTTP-Redirect or HTTP-POST.
	Begin string
	// Trust makes the service provider believe the identity provider of the metadata, and it alone. An
	// error says that the metadata was refused.
	Trust func(metadata []byte) error
	// SignedIn returns the NameID of who is signed in in a browser.
	SignedIn func(client *http.Client) (nameID string, ok bool)

	ACS         string            // "" = what the request says
	EntityID    string            // of the service provider; "" = the Issuer of the request
	IdPEntityID string            // that the metadata shall have; "" = that of [TestParams]
	NameID      string            // who can sign in; "" = that of [TestParams]
	Attacker    string            // another one who can; "" = that of [TestParams]
	Certificate *x509.Certificate // that assertions are encrypted for; nil = SP of [TestKeys]
	Now         func() time.Time  // the clock of the service provider; nil = time.Now
	Families    string            // the letters of the cases that it is judged by; "" = all
	// Options are those options of cases that the service provider has set.
	Options []string
	// Skip has the IDs of cases that it is not judged by, and why not.
	Skip map[string]string
}

// TestServiceProvider sends a running service provider the messages of the corpus, each in a sign-in
// of its own: a subtest each, whose failure says what a program believes that gets it wrong. After a
// message that has to be refused nobody is signed in, after one that has to be accepted the right
// person is. That sign-ins work at all is tested first and last, or else there would be nothing to
// refuse. Cases of logout are left out.
func TestServiceProvider(t *testing.T, target Target) {
	trial := newTrial(target)
	for _, c := range controls() {
		if err := trial.judge(c); err != nil {
			t.Fatalf("%s: %v; before this works no refusal means anything", c.ID, err)
		}
	}
	for _, c := range trial.cases() {
		t.Run(c.ID, func(t *testing.T) {
			if why, ok := target.Skip[c.ID]; ok {
				t.Skip(why)
			}
			if err := trial.judge(c); err != nil {
				t.Error(err)
			}
		})
	}
	if err := trial.judge(controls()[0]); err != nil {
		t.Errorf("%s, once more at the end: %v", controls()[0].ID, err)
	}
}

// controls are the cases that any service provider accepts.
func controls() []Case { return Corpus()[:3] }

// A trial is a target, and what it was told.
type trial struct {
	Target
	keys    Keys
	trusted string // the metadata that it believes
}

func newTrial(t Target) *trial {
	p := TestParams()
	x := &trial{Target: t, keys: p.Keys}
	for _, f := range []struct {
		field   *string
		instead string
	}{{&x.IdPEntityID, p.IdPEntityID}, {&x.NameID, p.NameID}, {&x.Attacker, p.Attacker}} {
		if *f.field == "" {
			*f.field = f.instead
		}
	}
	if x.Certificate != nil {
		x.keys.SP = x.Certificate
	}
	if x.Now == nil {
		x.Now = time.Now
	}
	return x
}

// cases returns those that the target is judged by.
func (x *trial) cases() []Case {
	var all []Case
	for _, c := range Corpus() {
		if c.Binding == ResponsePOST && (x.Families == "" || strings.Contains(x.Families, c.Family())) {
			all = append(all, c)
		}
	}
	return all
}

// judge returns what was wrong with how the target has decided.
func (x *trial) judge(c Case) error {
	want := c.Want
	for _, option := range x.Options {
		if c.Option == option {
			want = c.With
		}
	}
	refused, err := x.trust(c)
	if err == nil && !refused {
		err = x.try(c, want == Accept)
	} else if refused && want != Accept {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%s (want %s): %w; %s", c.Title, want, err, c.Why)
	}
	return nil
}

// trust has the target believe the keys of a case, if those are others than of the case before.
func (x *trial) trust(c Case) (refused bool, err error) {
	m := string(c.Metadata(Params{IdPEntityID: x.IdPEntityID, Keys: x.keys}))
	if m == x.trusted {
		return false, nil
	}
	x.trusted = ""
	if err := x.Trust([]byte(m)); err != nil {
		return true, fmt.Errorf("its metadata was refused: %w", err)
	}
	x.trusted = m
	return false, nil
}
