package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// idpPath is where the offline identity provider is served: on another site than the server, as
// identity providers are, since it is localhost there and an address here.
const (
	idpPath     = "/offline-idp"
	idpEntityID = "urn:gatehouse:offline-idp"
	// ourEntityID is that of all servers of a database, wherever they listen.
	ourEntityID = "urn:gatehouse:reference-server"
)

// connectFor is how long the server takes to connect its own identity provider.
const connectFor = 20 * time.Second

// An offline is an identity provider that runs beside the server and believes everybody, with keys of its
// own for each database. What its pages change is kept in the memory of the process.
type offline struct {
	idp      *samltest.IdP
	handler  http.Handler
	login    string // where somebody signs in
	metadata string // of this server

	base      string // of this server
	expired   samltest.Key
	directory *directory
	cycles    *cycleSessions
	service   atomic.Pointer[provider.Service] // nil until it is connected
}

// newOffline returns the identity provider of a server at a base URL. It knows no service provider before
// connect is called.
func newOffline(ctx context.Context, s settings, base string, now func() time.Time) (*offline, error) {
	key, err := offlineKey(ctx, s, "offline identity provider", false)
	if err != nil {
		return nil, err
	}
	expired, err := offlineKey(ctx, s, "offline identity provider, expired", true)
	if err != nil {
		return nil, err
	}
	o := &offline{
		login: base + "/sso/" + idpID + "/start", metadata: base + "/sso/" + idpID + "/metadata",
		base: base, expired: expired, directory: newDirectory(), cycles: newCycleSessions(strings.HasPrefix(base, "https://")),
	}
	o.idp = samltest.NewIdP(samltest.Options{
		URL: strings.Replace(base, "127.0.0.1", "localhost", 1) + idpPath, EntityID: idpEntityID,
		Now: now, Key: key, Published: []*x509.Certificate{expired.Certificate},
		People: []samltest.Person{}, // its own pages know who there is
		Lookup: o.serviceProvider,
	})
	o.handler = o.newHandler()
	return o, nil
}

// offlineKey is that of the database: nobody can sign for it who has not read it.
func offlineKey(ctx context.Context, s settings, name string, expired bool) (samltest.Key, error) {
	text, err := s.share(ctx, name, func() ([]byte, error) { return newOfflineKey(expired) })
	if err != nil {
		return samltest.Key{}, err
	}
	return readOfflineKey(text)
}

// newOfflineKey makes a key, as it is kept. The certificate of an expired one ended a month ago.
func newOfflineKey(expired bool) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	from := time.Now().Add(-time.Hour)
	until := from.AddDate(10, 0, 0)
	if expired {
		from, until = from.AddDate(-1, 0, 0), from.AddDate(0, -1, 0)
	}
	certificate, err := saml.NewCertificate(key, "Offline identity provider", from, until)
	if err != nil {
		return nil, err
	}
	return json.Marshal([][]byte{x509.MarshalPKCS1PrivateKey(key), certificate})
}

func readOfflineKey(text []byte) (k samltest.Key, err error) {
	var parts [2][]byte // base64 in JSON
	if err := json.Unmarshal(text, &parts); err != nil {
		return k, errors.New("the key of the offline identity provider cannot be read")
	}
	private, err := x509.ParsePKCS1PrivateKey(parts[0])
	if err != nil {
		return k, errors.New("the key of the offline identity provider cannot be read")
	}
	k.Private = private
	k.Certificate, err = x509.ParseCertificate(parts[1])
	return k, err
}

// serviceProvider is the [samltest.Options] Lookup: every connection of this server, by its entity ID.
func (o *offline) serviceProvider(ctx context.Context, entityID string) (samltest.ServiceProvider, bool) {
	p, ids, ok := o.connection(ctx, entityID)
	if !ok {
		return samltest.ServiceProvider{}, false
	}
	return samltest.ServiceProvider{EntityID: p.EntityID, ACS: ids.ReplyURLs, SLO: ids.LogoutURL}, true
}

// connection returns the connection of this server that calls itself by an entity ID.
func (o *offline) connection(ctx context.Context, entityID string) (provider.Provider, provider.Identifiers, bool) {
	service := o.service.Load()
	if service == nil || entityID == "" {
		return provider.Provider{}, provider.Identifiers{}, false
	}
	for p, err := range allProviders(ctx, service, offlineActor, provider.Query{Search: entityID}) {
		if err != nil || p.EntityID != entityID { // a search also finds those that it is a part of
			continue
		}
		ids, err := service.Identifiers(ctx, offlineActor, p.ID)
		return p, ids, err == nil
	}
	return provider.Provider{}, provider.Identifiers{}, false
}

// allProviders yields the providers that match a query, page by page.
func allProviders(ctx context.Context, service *provider.Service, a provider.Actor, q provider.Query) iter.Seq2[provider.Provider, error] {
	q.Limit, q.Now = 100, time.Now()
	return func(yield func(provider.Provider, error) bool) {
		for {
			page, err := service.Providers(ctx, a, q)
			if err != nil {
				yield(provider.Provider{}, err)
				return
			}
			for _, p := range page.Providers {
				if !yield(p, nil) {
					return
				}
			}
			if q.After = page.Next; q.After == "" {
				return
			}
		}
	}
}

// offlineActor is who connects it, and looks connections up for it.
var offlineActor = provider.Actor{Tenant: tenant, Name: "the server itself"}

// connect does with it what an administrator does with an identity provider: add, import, test, save,
// enable. Where that was done before, it does what has changed.
func (o *offline) connect(ctx context.Context, service *provider.Service) error {
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	o.service.Store(service)
	actor := offlineActor
	p, err := service.Provider(ctx, actor, idpID)
	if errors.Is(err, provider.ErrNotFound) {
		p, err = service.Begin(ctx, actor, provider.Draft{ID: idpID, Name: "example.com", EntityID: ourEntityID})
	}
	if err != nil {
		return err
	}
	if p, err = service.Import(ctx, actor, p.ID, provider.Given{Data: o.idp.Metadata()}); err != nil {
		return err
	}
	if p.Candidate != nil && p.Candidate.Tested == nil {
		if err := o.test(ctx, service, actor, p.ID); err != nil {
			return err
		}
	}
	if _, err := service.Save(ctx, actor, p.ID); err != nil {
		return err
	}
	_, err = service.Enable(ctx, actor, p.ID)
	return err
}

// test signs in as an administrator would.
func (o *offline) test(ctx context.Context, service *provider.Service, actor provider.Actor, id provider.ID) error {
	run, url, err := service.Test(ctx, actor, id, provider.TestOptions{})
	if err != nil {
		return err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	if _, page, err := o.idp.SignIn(&http.Client{Jar: jar, Timeout: connectFor}, url, firstPerson); err != nil {
		return fmt.Errorf("%w: %s", err, page)
	}
	if run, err = service.TestResult(ctx, actor, id, run.ID); err != nil {
		return err
	}
	if run.State != provider.TestPassed {
		return fmt.Errorf("the test is %s: %s", run.State, run.Code)
	}
	return nil
}
