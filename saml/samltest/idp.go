package samltest

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// Options are those of an identity provider.
type Options struct {
	// URL is where Handler is served, without a slash at its end; "" = https://idp.example.com, which
	// will do where nobody connects.
	URL      string
	EntityID string           // "" = URL + /metadata
	Now      func() time.Time // required
	Key      Key              // that signs; zero = IdP of [TestKeys]
	// Published are certificates that the metadata lists after that of Key.
	Published []*x509.Certificate
	People    []Person // who can sign in; nil = [TestPeople]
	// ServiceProviders are those that it knows. Requests of others, and those that want the answer
	// elsewhere, get an error page.
	ServiceProviders []ServiceProvider
	// Lookup finds a service provider that is not among ServiceProviders by its entity ID, at each request:
	// for those that come and go. It may be called concurrently. Optional.
	Lookup func(ctx context.Context, entityID string) (ServiceProvider, bool)
	// AnyServiceProvider answers whoever asks, wherever the request says.
	AnyServiceProvider bool
	// Answer says how responses are made. Of its fields about the request and the person those that are
	// empty are filled in.
	Answer ResponseOptions
	// Silent makes it refuse everybody on its own page and never answer, as Entra ID does with users
	// that are not assigned.
	Silent bool
	// OnRequest is called with each request for a sign-in that is well-formed. Optional.
	OnRequest func(AuthnRequest)
}

// A ServiceProvider is one that the identity provider knows.
type ServiceProvider struct {
	EntityID string
	ACS      []string // the first is for requests that name none
	SLO      string   // "" = none
}

// An IdP is an identity provider that believes everybody. It is for tests: its keys are public, and
// whoever can reach it is whoever they say.
type IdP struct {
	o     Options
	count atomic.Uint64 // of what was sent, for IDs
}

// NewIdP returns an identity provider.
func NewIdP(o Options) *IdP {
	if o.Now == nil {
		panic("samltest: Options.Now is nil")
	}
	if o.URL == "" {
		o.URL = "https://idp.example.com"
	}
	if o.EntityID == "" {
		o.EntityID = o.URL + "/metadata"
	}
	if o.Key.Private == nil {
		o.Key = TestKeys().IdP
	}
	if o.People == nil {
		o.People = TestPeople()
	}
	return &IdP{o: o}
}

// StartIdP serves an identity provider on a loopback address, which is its URL, until the test ends.
func StartIdP(t testing.TB, o Options) *IdP {
	server := httptest.NewUnstartedServer(nil)
	o.URL = "http://" + server.Listener.Addr().String()
	idp := NewIdP(o)
	server.Config.Handler = idp.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return idp
}

// URL returns where it is served.
func (idp *IdP) URL() string { return idp.o.URL }

// EntityID returns its name.
func (idp *IdP) EntityID() string { return idp.o.EntityID }

// Metadata returns what it publishes.
func (idp *IdP) Metadata() []byte {
	certificates := append([]*x509.Certificate{idp.o.Key.Certificate}, idp.o.Published...)
	return metadata(idp.o.EntityID, idp.o.URL+"/sso", idp.o.URL+"/slo", certificates...)
}

// Handler serves
//
//	/metadata  its metadata
//	/sso       requests for a sign-in, by HTTP-Redirect and HTTP-POST: a page to choose a person from
//	/start     a page to sign in at a service provider that has not asked
//	/slo       single logout, by HTTP-Redirect and HTTP-POST
func (idp *IdP) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		_, _ = w.Write(idp.Metadata()) // the client may be gone
	})
	mux.HandleFunc("/sso", idp.serveRequest)
	mux.HandleFunc("POST /signin", idp.serveSignIn)
	mux.HandleFunc("GET /start", idp.serveStart)
	mux.HandleFunc("POST /start", idp.serveStarted)
	mux.HandleFunc("/slo", idp.serveLogout)
	return http.MaxBytesHandler(mux, maxForm)
}

// maxForm bounds what is read of a request, in bytes.
const maxForm = 1 << 20

// serviceProvider returns one that it knows.
func (idp *IdP) serviceProvider(ctx context.Context, entityID string) (ServiceProvider, bool) {
	i := slices.IndexFunc(idp.o.ServiceProviders, func(s ServiceProvider) bool { return s.EntityID == entityID })
	switch {
	case i >= 0:
		return idp.o.ServiceProviders[i], true
	case idp.o.Lookup == nil:
		return ServiceProvider{}, false
	}
	return idp.o.Lookup(ctx, entityID)
}

func (idp *IdP) person(nameID string) (Person, bool) {
	i := slices.IndexFunc(idp.o.People, func(p Person) bool { return p.NameID == nameID })
	if i < 0 {
		return Person{}, false
	}
	return idp.o.People[i], true
}
