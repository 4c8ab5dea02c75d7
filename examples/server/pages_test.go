package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestHeaders: every page has those that keep a browser from doing what no page here asks for.
func TestHeaders(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t, s.base())
	for _, path := range []string{"/", signInPath, "/sign-in?way=password", linkPath, factorPath, homePath, consolePath, "/nothing", "/sso/none/start"} {
		got := b.get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": pagePolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if have := got.header.Get(name); have != want {
				t.Errorf("%s: %s is %q", path, name, have)
			}
		}
		if got.header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: https is asked for", path)
		}
		for _, want := range []string{"<!DOCTYPE html>", `<html lang="en">`, "<main", "<h1>", "<title>"} {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s has no %s", path, want)
			}
		}
	}
	if got := b.get("/assets/style.css"); got.status != 200 || got.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the style sheet: %d %v", got.status, got.header)
	}
	got := b.send("PUT", signInPath, nil, nil)
	if got.status != 405 || got.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("PUT: %d %v", got.status, got.header)
	}
}

// TestTemplates: nothing inline, a label for each field.
func TestTemplates(t *testing.T) {
	files, err := fs.Glob(templateFiles, "html/*.html")
	if err != nil || len(files) < 7 {
		t.Fatal(files, err)
	}
	inline := regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son[a-z]+=`)
	field := regexp.MustCompile(`<input id="([a-z]+)"`)
	for _, name := range files {
		text, err := templateFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := inline.FindString(string(text)); found != "" {
			t.Errorf("%s has %q", name, found)
		}
		for _, m := range field.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(text), `<label for="`+m[1]+`"`) {
				t.Errorf("%s: the field %s has no label", name, m[1])
			}
		}
	}
}

// TestCanonical: pages are at one address.
func TestCanonical(t *testing.T) {
	t.Parallel()
	s := start(t)
	port := s.Addr[strings.LastIndex(s.Addr, ":"):]
	ask := func(method, path string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addr+path, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "localhost" + port
		r.Header.Set("Authorization", "Bearer "+s.SCIMToken)
		w, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, w.Body)
		w.Body.Close()
		return w
	}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 308}, {"HEAD", "/sign-in?return=/a", 308}, {"GET", "/sso/entra/start", 308}, {"GET", "//evil.example/", 308},
		{"POST", signInPath, 421}, {"POST", signOutPath, 421}, {"DELETE", "/nothing", 421},
		{"GET", "/healthz", 200}, {"GET", "/readyz", 200}, {"GET", "/ws/scim/v2/Users", 200}, {"GET", "/offline-idp/metadata", 200},
		{"POST", "/sso/entra/acs", 403}, // a verdict, not an address
	} {
		w := ask(c.method, c.path)
		if w.StatusCode != c.status || len(w.Cookies()) > 0 {
			t.Errorf("%s %s: %d %v, want %d", c.method, c.path, w.StatusCode, w.Cookies(), c.status)
		}
		if at := w.Header.Get("Location"); c.status == 308 && at != s.base()+c.path {
			t.Errorf("%s leads to %s", c.path, at)
		}
	}
}

// TestCrossSite: forms are taken from pages of this server, and responses from identity providers.
func TestCrossSite(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t, s.base())
	for _, header := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}}} {
		for _, path := range []string{signInPath, factorPath, linkPath, signOutPath, "/console/anything"} {
			b.wants(b.send("POST", path, nil, header), 403, path, "another site")
		}
		b.wants(b.send("POST", "/sso/entra/acs", nil, header), 403, "/sso/entra/acs", "Incident ID")
		b.wants(b.send("POST", "/old/reply/url", nil, header), 403, "/old/reply/url", "Incident ID")
	}
}

// TestHTTPS: behind https, cookies are for this host and for https alone.
func TestHTTPS(t *testing.T) {
	t.Parallel()
	cert, key, pool := selfSigned(t)
	s := start(t, "-tls-cert", cert, "-tls-key", key)
	if !strings.HasPrefix(s.SCIMURL, "https://gatehouse.example:") || !strings.HasPrefix(s.ConsoleURL, "https://gatehouse.example:") {
		t.Fatalf("the URLs are %s and %s", s.SCIMURL, s.ConsoleURL)
	}
	if s.LoginURL != "" || strings.Contains(s.stdout.String(), linkPath) {
		t.Errorf("it offers what is for a first look alone:\n%s", s.stdout)
	}
	b := newBrowser(t, s.base())
	b.http.Transport = &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.Addr)
		},
	}
	var set []*http.Cookie
	b.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		set = append(set, r.Response.Cookies()...)
		return nil
	}
	got := b.password(s.ConsolePassword)
	b.wants(got, 200, factorPath)
	if strings.Contains(got.body, "First look") {
		t.Error("the code is shown")
	}
	if got.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("https is not asked for: %v", got.header)
	}
	if len(set) != 1 || set[0].Name != "__Host-"+sessionCookie || !set[0].Secure || !set[0].HttpOnly || set[0].SameSite != http.SameSiteLaxMode || set[0].Path != "/" {
		t.Errorf("cookies %v", set)
	}
	b.wants(b.post(factorPath, "code", new(clock).code(t, s.TOTPSecret)), 200, checklistPath)
}

// selfSigned makes a certificate of gatehouse.example.
func selfSigned(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"gatehouse.example"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(cert, chain, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(chain)
	return cert, key, pool
}

// TestReturnPath: a sign-in ends here.
func TestReturnPath(t *testing.T) {
	for text, want := range map[string]string{
		"/": "/", "/console/": "/console/", "/console/?a=b&c=%2F": "/console/?a=b&c=%2F", "/a#b": "/a#b",
		"": "/", "home": "/", "//evil.example": "/", `/\evil.example`: "/", `\\evil.example`: "/", "https://evil.example/": "/",
		"javascript:alert(1)": "/", "/%2F/evil.example": "/", "/a\nb": "/", "/\t/evil.example": "/", "/" + strings.Repeat("a", maxReturn): "/",
	} {
		if got := returnPath(text); got != want {
			t.Errorf("returnPath(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestWhereAdministratorsGo: to the checklist, where there is one.
func TestWhereAdministratorsGo(t *testing.T) {
	t.Parallel()
	c := new(clock)
	h := newTestHost(t, c, inMemory)
	handler := newHandler(h, nil, false)
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://127.0.0.1:8080/", nil)
	if err := h.sessions.begin(w, r, session{User: h.admin.id, facts: facts{Factor: factorGiven}}); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	ask := func(path string) *httptest.ResponseRecorder {
		got, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://127.0.0.1:8080"+path, nil)
		r.AddCookie(w.Result().Cookies()[0])
		handler.ServeHTTP(got, r)
		return got
	}
	if at := ask("/").Header().Get("Location"); at != consolePath+"/" {
		t.Errorf("to %q", at)
	}
	serve := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text+" "+r.URL.Path) })
	}
	h.checklist, h.console = serve("checklist"), serve("console")
	if at := ask("/").Header().Get("Location"); at != checklistPath {
		t.Errorf("to %q", at)
	}
	for path, want := range map[string]string{"/checklist": "checklist /checklist", "/checklist/x": "checklist /checklist/x", "/console/": "console /console/", "/console/a/b": "console /console/a/b"} {
		got := ask(path)
		if got.Body.String() != want || got.Header().Get("Content-Security-Policy") != pagePolicy {
			t.Errorf("%s: %s %v", path, got.Body, got.Header())
		}
	}
	if at := ask("/console").Header().Get("Location"); at != consolePath+"/" {
		t.Errorf("/console leads to %q", at)
	}
}
