package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// fetching is a service that can do nothing but fetch.
func fetching(t *testing.T, c Config) *Service {
	t.Helper()
	c.Now = time.Now
	s := &Service{config: c}
	var err error
	if s.measure, err = newMeasure(nil, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// loopback is the network that tests may connect to as if it were the host's own.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// serve serves metadata over TLS, to a service that trusts it.
func serve(t *testing.T, h http.HandlerFunc) (*Service, *httptest.Server) {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	s := fetching(t, Config{Networks: loopback})
	s.fetchRoots = x509.NewCertPool()
	s.fetchRoots.AddCert(server.Certificate())
	return s, server
}

// detail is what an administrator is told.
func detail(err error) string {
	if p, ok := errors.AsType[*Problem](err); ok && p.Code == ProblemFetch {
		return p.Detail
	}
	return fmt.Sprintf("no problem of a fetch: %v", err)
}

func TestConnects(t *testing.T) {
	t.Parallel()
	s := fetching(t, Config{})
	for address, want := range map[string]bool{
		"93.184.216.34": true, "1.1.1.1": true, "8.8.8.8": true, "172.15.255.255": true, "172.32.0.0": true, "100.63.255.255": true, "100.128.0.0": true,
		"2606:4700::1111": true, "2a00:1450:4001::1": true, "::ffff:8.8.8.8": true,

		"127.0.0.1": false, "127.255.255.254": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "100.127.255.255": false, "0.0.0.0": false, "0.1.2.3": false, "192.0.0.170": false,
		"192.0.2.1": false, "198.18.0.1": false, "198.19.255.255": false, "198.51.100.1": false, "203.0.113.1": false, "192.88.99.1": false,
		"224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12:3456::1": false, "ff02::1": false, "fec0::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::808:808": false, "64:ff9b:1::1": false, "100::1": false,
		"2001::1": false, "2001:db8::1": false, "2002:7f00:1::1": false, "2002:808:808::1": false, "3fff::1": false, "5f00::1": false, "4000::1": false,
	} {
		if got := s.connects(netip.MustParseAddr(address)); got != want {
			t.Errorf("connects to %s: %v, want %v", address, got, want)
		}
	}
	own := fetching(t, Config{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/16")}})
	for address, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "127.0.0.1": false, "fd12::1": true, "fd13::1": false} {
		if got := own.connects(netip.MustParseAddr(address)); got != want {
			t.Errorf("with networks of its own, connects to %s: %v, want %v", address, got, want)
		}
	}
	here := fetching(t, Config{AllowLoopbackInsecure: true})
	for address, want := range map[string]bool{"127.0.0.1": true, "::1": true, "10.0.0.1": false, "169.254.169.254": false, "0.0.0.0": false} {
		if got := here.connects(netip.MustParseAddr(address)); got != want {
			t.Errorf("with loopback allowed, connects to %s: %v, want %v", address, got, want)
		}
	}
}

// TestFetchNotPublic: neither a name nor an address in a URL leads inside, and the error does not say what
// is there.
func TestFetchNotPublic(t *testing.T) {
	t.Parallel()
	asked := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	s := fetching(t, Config{})
	s.fetchRoots = x509.NewCertPool()
	s.fetchRoots.AddCert(server.Certificate())
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "127.1", "2130706433", "0x7f000001"} {
		_, err := s.fetch(t.Context(), "https://"+host+":"+port+"/metadata", "")
		if text := detail(err); err == nil || strings.Contains(text, "127.0.0.1:") || strings.Contains(text, "refused") {
			t.Errorf("%s: %s", host, text)
		}
	}
	if asked {
		t.Error("the server inside was asked")
	}
}

// TestRebinding: a name that is public when it is looked at, and is not when it is connected to, is not
// connected to. The check is made on the address of the connection, so a resolver cannot come between.
func TestRebinding(t *testing.T) {
	t.Parallel()
	s := fetching(t, Config{})
	for address, want := range map[string]bool{
		"93.184.216.34:443": true, "127.0.0.1:443": false, "[::1]:443": false, "169.254.169.254:80": false, "[::ffff:10.0.0.1]:443": false,
		"[fe80::1%1]:443": false, "nonsense": false, "": false,
	} {
		if err := s.control(context.Background(), "tcp", address, nil); (err == nil) != want {
			t.Errorf("connect to %q: %v, want %v", address, err, want)
		}
	}
	dialer := s.fetcher().Transport.(*http.Transport).DialContext
	if _, err := dialer(t.Context(), "tcp", "127.0.0.1:1"); !errors.Is(err, errAddress) {
		t.Errorf("the dialler of the client: %v, want errAddress", err)
	}
}

func TestFetchURL(t *testing.T) {
	t.Parallel()
	s := fetching(t, Config{})
	for _, address := range []string{
		"", "x", "/metadata", "example.com/metadata", "http://example.com/metadata", "ftp://example.com/", "file:///etc/passwd", "https:///x", "https://",
		"https:example.com", "https://user@example.com/", "https://user:secret@example.com/", "gopher://example.com", "HTTP://example.com", "http://localhost/x", "http://127.0.0.1/x",
		"https://example.com/\x00", "https://example.com/" + strings.Repeat("x", 2050), "jar:https://example.com", "data:text/xml,<x/>",
	} {
		_, err := s.fetch(t.Context(), address, "")
		if p, ok := errors.AsType[*Problem](err); !ok || p.Code != ProblemFetch || strings.Contains(p.Detail, "secret@") && !strings.Contains(address, "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	var header http.Header
	s, server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"one"`)
		w.Write([]byte("<metadata/>"))
	})
	f, err := s.fetch(t.Context(), server.URL, "")
	if err != nil || string(f.data) != "<metadata/>" || f.etag != `"one"` {
		t.Errorf("%q %q, %v", f.data, f.etag, err)
	}
	for _, name := range []string{"Cookie", "Authorization", "Referer", "Accept-Encoding"} {
		if header.Get(name) != "" {
			t.Errorf("%s: %s was sent", name, header.Get(name))
		}
	}
	if _, err := s.fetch(t.Context(), server.URL, `"one"`); !errors.Is(err, errNotModified) {
		t.Errorf("with the ETag: %v, want errNotModified", err)
	}
}

func TestFetchAnswers(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		answer http.HandlerFunc
		want   string // in the detail
	}{
		"not found":    {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) }, "404"},
		"forbidden":    {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(403) }, "sign-in"},
		"broken":       {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }, "500"},
		"no content":   {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }, "204"},
		"not modified": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(304) }, "304"},
		"too large":    {func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, maxMetadata+1)) }, "2 MiB"},
		"to http": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.com/", http.StatusFound)
		}, "not https"},
		"to a user": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://a:b@example.com/", http.StatusFound)
		}, "user name"},
		"to a file": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, "not https"},
		"round and round": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, "more than 3 times"},
		"inside": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://10.0.0.1/", http.StatusFound)
		}, "not public"},
		"metadata service": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://169.254.169.254/latest/meta-data", http.StatusTemporaryRedirect)
		}, "not public"},
		"many headers": {func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X", strings.Repeat("x", maxHeader+1)) }, "cannot be reached"},
		"broken off": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("<a>"))
		}, "broke off"},
	} {
		s, server := serve(t, c.answer)
		_, err := s.fetch(t.Context(), server.URL+"/", "")
		if got := detail(err); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want something about %q", what, got, c.want)
		}
	}
	s, server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.Path) < 4 {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
			return
		}
		w.Write(make([]byte, maxMetadata))
	})
	if f, err := s.fetch(t.Context(), server.URL+"/", ""); err != nil || len(f.data) != maxMetadata {
		t.Errorf("three redirects and 2 MiB: %d bytes, %v", len(f.data), err)
	}
}

func TestFetchTLS(t *testing.T) {
	t.Parallel()
	s, server := serve(t, func(http.ResponseWriter, *http.Request) {})
	name := strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // which the certificate does not have
	if _, err := s.fetch(t.Context(), name, ""); !strings.Contains(detail(err), "another name") {
		t.Errorf("a certificate for another name: %v", err)
	}
	s.fetchRoots = x509.NewCertPool()
	if _, err := s.fetch(t.Context(), server.URL, ""); !strings.Contains(detail(err), "nobody known") {
		t.Errorf("a certificate of nobody: %v", err)
	}
	if _, err := s.fetch(t.Context(), "https://does-not-exist.invalid/", ""); err == nil {
		t.Error("a name that does not exist was fetched")
	}
}

// TestFetchSlow: whoever waits does not wait for ever.
func TestFetchSlow(t *testing.T) {
	t.Parallel()
	released := make(chan bool)
	s, server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("<a>"))
		w.(http.Flusher).Flush()
		<-released
	})
	t.Cleanup(func() { close(released) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.fetch(ctx, server.URL, ""); !strings.Contains(detail(err), "did not end") {
		t.Errorf("a server that does not end: %v", err)
	}
	if s.fetcher().Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy of the environment would be asked")
	}
}
