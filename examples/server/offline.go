package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
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
// own for each database.
type offline struct {
	idp      *samltest.IdP
	handler  http.Handler
	login    string // where somebody signs in
	metadata string // of this server
}

// people are who can sign in there: the second one is never provisioned, and is refused.
var people = []samltest.Person{{NameID: "ada@example.com"}, {NameID: "grace@example.com"}}

// newOffline returns the identity provider of a server at a base URL.
func newOffline(ctx context.Context, s settings, base string) (*offline, error) {
	key, err := offlineKey(ctx, s)
	if err != nil {
		return nil, err
	}
	idp := samltest.NewIdP(samltest.Options{
		URL: strings.Replace(base, "127.0.0.1", "localhost", 1) + idpPath, EntityID: idpEntityID,
		Now: time.Now, Key: key, People: people,
		ServiceProviders: []samltest.ServiceProvider{{
			EntityID: ourEntityID, ACS: []string{base + "/sso/" + idpID + "/acs"}, SLO: base + "/sso/" + idpID + "/slo",
		}},
	})
	return &offline{
		idp: idp, handler: http.StripPrefix(idpPath, idp.Handler()),
		login: base + "/sso/" + idpID + "/start", metadata: base + "/sso/" + idpID + "/metadata",
	}, nil
}

// offlineKey is that of the database: nobody can sign for it who has not read it.
func offlineKey(ctx context.Context, s settings) (samltest.Key, error) {
	text, err := s.share(ctx, "offline identity provider", newOfflineKey)
	if err != nil {
		return samltest.Key{}, err
	}
	return readOfflineKey(text)
}

// newOfflineKey makes a key, as it is kept.
func newOfflineKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	certificate, err := saml.NewCertificate(key, "Offline identity provider", now.Add(-time.Hour), now.AddDate(10, 0, 0))
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

// connect does with it what an administrator does with an identity provider: add, import, test, save,
// enable. Where that was done before, it does what has changed.
func (o *offline) connect(ctx context.Context, service *provider.Service) error {
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	actor := provider.Actor{Tenant: tenant, Name: "the server itself"}
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
	if _, page, err := o.idp.SignIn(&http.Client{Jar: jar, Timeout: connectFor}, url, people[0].NameID); err != nil {
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
