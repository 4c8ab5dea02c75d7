package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits of the pages of provisioning.
const (
	cycleSessionFor  = time.Hour // without being used
	maxCycleSessions = 100
	maxCycleToken    = 4096 // bytes
	cycleCookie      = "offline-provisioning"
)

// A cycleSession is what one browser has entered, and what came of it. It is in memory alone.
type cycleSession struct {
	tenantURL string
	token     string
	product   product
	person    string
	message   string // a sentence; "" = none
	last      *cycleRun
	running   bool
	used      time.Time
}

// cycleSessions are those of all browsers, by what is in their cookies.
type cycleSessions struct {
	secure bool // cookies are for https alone
	mu     sync.Mutex
	all    map[string]*cycleSession
}

func newCycleSessions(secure bool) *cycleSessions {
	return &cycleSessions{secure: secure, all: map[string]*cycleSession{}}
}

// read returns a copy of the session of a browser.
func (s *cycleSessions) read(r *http.Request) (cycleSession, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.find(r); v != nil {
		return *v, true
	}
	return cycleSession{}, false
}

// find returns the session of a browser, or nil. s is locked.
func (s *cycleSessions) find(r *http.Request) *cycleSession {
	c, err := r.Cookie(cycleCookie)
	if err != nil {
		return nil
	}
	v := s.all[c.Value]
	if v == nil || time.Since(v.used) > cycleSessionFor {
		return nil
	}
	return v
}

// change changes the session of a browser, which it begins if there is none, and returns a copy.
func (s *cycleSessions) change(w http.ResponseWriter, r *http.Request, f func(*cycleSession)) cycleSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.find(r)
	if v == nil {
		v = &cycleSession{product: productEntra}
		id := rand.Text()
		s.makeRoom()
		s.all[id] = v
		c := &http.Cookie{Name: cycleCookie, Value: id, Path: idpPath + "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode}
		http.SetCookie(w, c)
		r.AddCookie(c) // for the rest of this request
	}
	v.used = time.Now()
	f(v)
	return *v
}

// makeRoom forgets sessions that are over, and if there still are too many the one not used for longest. s
// is locked.
func (s *cycleSessions) makeRoom() {
	oldest := ""
	for id, v := range s.all {
		switch {
		case time.Since(v.used) > cycleSessionFor:
			delete(s.all, id)
		case oldest == "" || v.used.Before(s.all[oldest].used):
			oldest = id
		}
	}
	if len(s.all) >= maxCycleSessions {
		delete(s.all, oldest)
	}
}

// tenantURL is that of this server: the only one that cycles are sent to.
func (o *offline) tenantURL() string { return o.base + scimPath }

// ownTenantURL reports whether a tenant URL is that of this server, and whether it has the flag of Entra ID.
func (o *offline) ownTenantURL(text string) (flag, ok bool) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return false, false
	}
	flag = u.RawQuery == entraFlag
	if u.RawQuery != "" && !flag {
		return false, false
	}
	u.RawQuery, u.ForceQuery = "", false
	return flag, strings.TrimRight(u.String(), "/") == o.tenantURL()
}

// A provisioningPage is what the page shows.
type provisioningPage struct {
	TenantURL string
	HasToken  bool
	Product   product
	Person    string
	People    []employee
	Message   string
	Running   bool
	Run       *cycleRun
	Counts    []cycleCount
	Products  []product
}

type cycleCount struct {
	What string
	N    int
}

// serveProvisioning shows the page of provisioning, as an administrator sees it at the identity provider.
func (o *offline) serveProvisioning(w http.ResponseWriter, r *http.Request) {
	s, ok := o.cycles.read(r)
	p := provisioningPage{
		TenantURL: s.tenantURL, HasToken: s.token != "", Product: s.product, Person: s.person, People: o.directory.list(),
		Message: s.message, Running: s.running, Run: s.last, Products: []product{productEntra, productOkta},
	}
	if !ok || p.TenantURL == "" {
		p.TenantURL = o.tenantURL()
	}
	if !ok {
		p.Product = productEntra
	}
	if s.last != nil {
		for _, what := range []string{becameCreated, becameUpdated, becameReactivated, becameDeactivated, becameUnchanged, becameSkipped, becameFailed} {
			p.Counts = append(p.Counts, cycleCount{what, s.last.Count(what)})
		}
	}
	o.show(w, http.StatusOK, "provisioning", "Provisioning", p)
}

// startProvisioning does what a button of the page says, and shows the page again.
func (o *offline) startProvisioning(w http.ResponseWriter, r *http.Request) {
	act := r.PostFormValue("act")
	begins := false
	s := o.cycles.change(w, r, func(s *cycleSession) { begins = o.enter(s, r, act) })
	if begins {
		o.runFor(w, r, s, act)
	}
	http.Redirect(w, r, idpPath+"/provisioning", http.StatusSeeOther)
}

// runFor runs a cycle for a browser, which sees what came of it, or nothing if it has panicked.
func (o *offline) runFor(w http.ResponseWriter, r *http.Request, s cycleSession, act string) {
	var run *cycleRun
	defer func() {
		o.cycles.change(w, r, func(s *cycleSession) { s.last, s.running = run, false })
	}()
	done := o.runCycle(r.Context(), s, act)
	run = &done
}

// enter takes what was entered, and reports whether a cycle begins.
func (o *offline) enter(s *cycleSession, r *http.Request, act string) (begins bool) {
	if s.running {
		s.message = "A cycle is running. Look again when it is finished."
		return false
	}
	s.message = ""
	if act == "forget" {
		s.token, s.last = "", nil
		s.message = "The token is forgotten."
		return false
	}
	token := strings.TrimSpace(r.PostFormValue("token"))
	s.tenantURL = strings.TrimSpace(r.PostFormValue("tenant_url"))
	s.product, s.person = product(r.PostFormValue("product")), r.PostFormValue("person")
	if token != "" {
		s.token = token
	}
	_, isOurs := o.ownTenantURL(s.tenantURL)
	_, isThere := o.directory.byID(s.person)
	switch {
	case !isOurs:
		s.message = "This identity provider sends requests to the tenant URL of its own server alone, which is " + o.tenantURL() + "."
	case s.product != productEntra && s.product != productOkta:
		s.product = productEntra
		s.message = "Choose Entra ID or Okta."
	case s.token == "":
		s.message = "Enter the secret token that the server has shown."
	case len(s.token) > maxCycleToken || strings.ContainsFunc(s.token, func(c rune) bool { return c <= ' ' || c > '~' }):
		s.token = ""
		s.message = "This is no token: it has characters that cannot be sent."
	case !slices.Contains([]string{"test", "cycle", "demand"}, act):
		s.message = "This page has no such button."
	case act == "demand" && !isThere:
		s.message = "Choose the person to provision."
	default:
		s.running = true
		return true
	}
	return false
}

// runCycle sends what a button stands for.
func (o *offline) runCycle(ctx context.Context, s cycleSession, act string) cycleRun {
	ctx, cancel := context.WithTimeout(ctx, cycleFor)
	defer cancel()
	flag, _ := o.ownTenantURL(s.tenantURL)
	c := newCycle(s.product, o.tenantURL(), s.token, flag && s.product == productEntra)
	switch act {
	case "test":
		return c.finish("Test connection", c.test(ctx))
	case "demand":
		p, _ := o.directory.byID(s.person) // of somebody who has just gone nothing is found
		return c.finish("Provision on demand: "+p.UserName, c.provision(ctx, []employee{p}, nil))
	}
	return c.finish("Provisioning cycle", c.provision(ctx, o.directory.list(), directoryGroups))
}
