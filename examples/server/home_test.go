package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestEndOthers: a person ends their other sessions, and nobody else's, by a form of this server alone.
func TestEndOthers(t *testing.T) {
	t.Parallel()
	c := new(clock)
	h := newTestHost(t, c, inMemory)
	server := httptest.NewUnstartedServer(nil)
	h.base.Host = server.Listener.Addr().String()
	server.Config.Handler = newHandler(h, nil, false)
	server.Start()
	t.Cleanup(server.Close)
	other, err := h.db.stores.Users.CreateUser(t.Context(), tenant, scim.User{Meta: scim.Meta{ID: "other"}, UserName: "other@acme.example", Active: true})
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(user string, pending bool) *browser {
		t.Helper()
		w := httptest.NewRecorder()
		v := session{User: user, Pending: pending, facts: facts{How: byPassword, Factor: factorGiven}}
		if err := h.sessions.begin(w, httptest.NewRequest("GET", "/", nil), v); err != nil {
			t.Fatal(err)
		}
		b := newBrowser(t, server.URL)
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.http.Jar.SetCookies(r.URL, w.Result().Cookies())
		return b
	}
	const button = "Sign out everywhere else"
	mine := signIn(h.admin.id, false)
	if got := mine.get(homePath); got.status != 200 || strings.Contains(got.body, button) {
		t.Errorf("with one session: %d\n%s", got.status, got.body)
	}
	elsewhere, waiting, theirs := signIn(h.admin.id, false), signIn(h.admin.id, true), signIn(other.ID, false)
	c.advance(time.Second)
	mine.wants(mine.get(homePath), 200, homePath, "in 2 places", button)

	mine.wants(mine.send("POST", othersPath, nil, http.Header{"Sec-Fetch-Site": {"cross-site"}}), 403, othersPath, "another site")
	mine.wants(mine.get(othersPath), 405, othersPath)
	waiting.wants(waiting.post(othersPath), 200, factorPath) // without the second factor nothing is open
	nobody := newBrowser(t, server.URL)
	nobody.wants(nobody.post(othersPath), 200, signInPath)
	mine.wants(mine.get(homePath), 200, homePath, "in 2 places")

	mine.wants(mine.post(othersPath), 200, homePath, "here alone")
	elsewhere.wants(elsewhere.get(homePath), 200, signInPath)
	waiting.wants(waiting.get(factorPath), 200, signInPath)
	theirs.wants(theirs.get(homePath), 200, homePath, "You are other@acme.example")
}

// TestProviderName: a page names a provider as people do.
func TestProviderName(t *testing.T) {
	t.Parallel()
	h := newTestHost(t, new(clock), inMemory)
	nameless, err := h.Begin(t.Context(), serverActor(), provider.Draft{})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[provider.ID]string{"": "", idpID: "example.com", "gone": "gone", nameless.ID: string(nameless.ID)} {
		if got, err := h.providerName(t.Context(), id); err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", id, got, err, want)
		}
	}
}

// TestConsoleHint: the console says why there is no code, to whom it would show one.
func TestConsoleHint(t *testing.T) {
	t.Parallel()
	c := new(clock)
	c.awaitStep()
	h := newTestHost(t, c, inMemory)
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://127.0.0.1:8080/console/", nil)
	if err := h.sessions.begin(w, r, session{User: h.admin.id, Pending: true}); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	r.AddCookie(w.Result().Cookies()[0])
	if got := h.consoleHint(r); got != "" {
		t.Errorf("without a first look it shows %q", got)
	}
	h.admin.demo = true
	for range 2 { // the one of now, and the next one
		if got := h.consoleHint(r); len(got) != 6 || h.accounts.checkCode(t.Context(), h.admin.id, got) != nil {
			t.Errorf("it shows %q, which is not taken", got)
		}
	}
	if got := h.consoleHint(r); got != usedUp || h.factorHint(r) != "" {
		t.Errorf("it shows %q, and %q beside the other form", got, h.factorHint(r))
	}
	if got := h.consoleHint(httptest.NewRequest("GET", "/", nil)); got != "" {
		t.Errorf("it shows %q to whom nobody knows", got)
	}
	c.advance(30 * time.Second)
	if got := h.consoleHint(r); len(got) != 6 {
		t.Errorf("half a minute later it shows %q", got)
	}
}
