package samltest

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
)

// A refusing service provider takes no metadata. What is refused with it has not signed anybody in.
func TestTrustRefused(t *testing.T) {
	target := new(testACS).newTarget(t)
	target.Trust = func([]byte) error { return errors.New("expired") }
	trial := newTrial(target)
	if err := trial.judge(caseOf(t, "B5")); err != nil {
		t.Errorf("B5: %v", err)
	}
	if err := trial.judge(caseOf(t, "A1")); err == nil || !strings.Contains(err.Error(), "its metadata was refused") {
		t.Errorf("A1: %v", err)
	}
}

// Options turn the verdicts of their cases.
func TestTargetOptions(t *testing.T) {
	target := new(testACS).newTarget(t)
	target.Options = []string{"MergeAttributes"}
	trial := newTrial(target)
	if err := trial.judge(caseOf(t, "C26")); err == nil || !strings.Contains(err.Error(), "nobody is signed in") {
		t.Errorf("C26: %v", err)
	}
}

// A sign-in may begin with a request by HTTP-POST, and the target may say what the request does not.
func TestTargetPOST(t *testing.T) {
	request := []byte(`<p:AuthnRequest xmlns:p="` + nsProtocol + `" ID="_1" Version="2.0" IssueInstant="2026-01-15T10:00:00Z">` +
		`<Issuer xmlns="` + nsAssertion + `">urn:test:sp</Issuer></p:AuthnRequest>`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		show(w, postPage, post{SSOURL, "SAMLRequest", base64.StdEncoding.EncodeToString(request), "handle"})
	}))
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	trial := newTrial(Target{
		Client: func() *http.Client { return &http.Client{Jar: jar} },
		Begin:  server.URL, ACS: "https://app.test/acs", Now: testNow, NameID: "dora@example.com",
	})
	j, err := trial.begin()
	if err != nil {
		t.Fatal(err)
	}
	p := j.params
	if p.RequestID != "_1" || p.ACS != "https://app.test/acs" || p.EntityID != "urn:test:sp" || p.NameID != "dora@example.com" {
		t.Errorf("the sign-in is %+v", p)
	}
	if j.relayState != "handle" {
		t.Errorf("RelayState is %q", j.relayState)
	}
}
