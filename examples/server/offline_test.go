package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// browse signs somebody in at the offline identity provider, and returns the browser and where it ended.
func browse(t *testing.T, s *running, name string) (*http.Client, int, string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: patience}
	idp := samltest.NewIdP(samltest.Options{URL: strings.TrimSuffix(s.IdPURL, "/metadata"), Now: time.Now})
	response, page, err := idp.SignIn(client, s.LoginURL, name)
	if err != nil {
		t.Fatalf("%v: %s", err, page)
	}
	return client, response.StatusCode, string(page)
}

// createAda makes the request that is printed first.
func createAda(t *testing.T, s *running) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.SCIMURL+"/Users", strings.NewReader(newcomer))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.SCIMToken)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %s", response.Status, body)
	}
}

// TestOfflineSignIn: somebody who was provisioned signs in, and nobody else; a second server of the same
// database knows them; signing out is the end of it.
func TestOfflineSignIn(t *testing.T) {
	t.Parallel()
	db := filepath.Join(t.TempDir(), "test.db")
	s := start(t, "-db", db)
	if !strings.Contains(s.stdout.String(), s.LoginURL) {
		t.Errorf("the welcome does not say where to sign in: %s", s.stdout)
	}
	if _, status, page := browse(t, s, "ada@example.com"); status != http.StatusForbidden || !strings.Contains(page, "Incident ID") {
		t.Errorf("before anybody is there: %d %s", status, page)
	}
	createAda(t, s)
	client, status, page := browse(t, s, "ada@example.com")
	if status != http.StatusOK || !strings.Contains(page, "You are ada@example.com") {
		t.Fatalf("%d %s; %s", status, page, s.stderr)
	}
	if _, status, _ := browse(t, s, "grace@example.com"); status != http.StatusForbidden {
		t.Errorf("somebody who was never provisioned: %d", status)
	}
	again := start(t, "-db", db)
	if _, status, page := browse(t, again, "ada@example.com"); status != http.StatusOK {
		t.Errorf("at another server of the database: %d %s; %s", status, page, again.stderr)
	}
	home := strings.TrimSuffix(s.SCIMURL, scimPath)
	response, err := client.Post(home+signOutPath, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response, err = client.Get(home + "/"); err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); strings.Contains(string(body), "You are") {
		t.Errorf("after signing out: %s", body)
	}
}

// TestOnlyHere: the identity provider that believes everybody is not there for others.
func TestOnlyHere(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-url", "https://acme.example.com/ws/scim/v2"}, {"-addr", "0.0.0.0:0", "-base-url", "https://acme.example.com"}, {"-addr", "0.0.0.0:0", "-base-url", "http://127.0.0.1:1"}} {
		s := start(t, args...)
		if s.LoginURL != "" || s.IdPURL != "" {
			t.Errorf("%v: %+v", args, s.ready)
		}
		_, port, _ := strings.Cut(s.Addr[strings.LastIndex(s.Addr, ":"):], ":")
		response, err := http.Get("http://127.0.0.1:" + port + idpPath + "/metadata")
		if err != nil || response.StatusCode != http.StatusNotFound {
			t.Errorf("%v: %v, %v", args, response, err)
		}
	}
}
