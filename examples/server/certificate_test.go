package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

// TestRenewedCertificate: new files are served without a restart, broken ones are not, and nobody looks more
// often than once a minute.
func TestRenewedCertificate(t *testing.T) {
	t.Parallel()
	cert, key, pool := selfSigned(t)
	c := new(clock)
	s := startWith(t, c.into, "-tls-cert", cert, "-tls-key", key)
	served := func(pool *x509.CertPool) error {
		connection, err := tls.Dial("tcp", s.Addr, &tls.Config{RootCAs: pool, ServerName: "gatehouse.example"})
		if err == nil {
			connection.Close()
		}
		return err
	}
	replace := func(from, to string) {
		t.Helper()
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Duration(len(data)) * time.Second) // file systems may be coarse
		if err := os.Chtimes(to, later, later); err != nil {
			t.Fatal(err)
		}
	}
	newCert, newKey, newPool := selfSigned(t)
	if err := served(pool); err != nil {
		t.Fatal(err)
	}

	replace(newCert, cert) // and the key is still the old one
	c.advance(reloadEvery)
	if err := served(pool); err != nil {
		t.Errorf("half a change: %v", err)
	}
	if n := strings.Count(s.stderr.String(), "the one from before stays in use"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, s.stderr)
	}
	replace(newKey, key)
	if err := served(pool); err != nil {
		t.Errorf("it has looked within the minute: %v", err)
	}
	c.advance(reloadEvery)
	if err := served(newPool); err != nil {
		t.Errorf("the new certificate is not served: %v", err)
	}
	if err := served(pool); err == nil {
		t.Error("the old certificate is served")
	}

	for _, broken := range []func() error{
		func() error { return os.WriteFile(cert, []byte("none"), 0o600) },
		func() error { return os.Remove(cert) },
	} {
		if err := broken(); err != nil {
			t.Fatal(err)
		}
		c.advance(reloadEvery)
		if err := served(newPool); err != nil {
			t.Errorf("a broken file: %v", err)
		}
	}
	if n := strings.Count(s.stderr.String(), "the one from before stays in use"); n != 3 {
		t.Errorf("%d warnings:\n%s", n, s.stderr)
	}
}

// TestCertificateAtOnce: whoever connects while another connection looks at the files does not wait.
func TestCertificateAtOnce(t *testing.T) {
	t.Parallel()
	cert, key, _ := selfSigned(t)
	c, log := new(clock), new(bytes.Buffer)
	pair, err := readCertificate(cert, key, c.now, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	c.advance(reloadEvery)
	pair.mu.Lock()
	if got, err := pair.get(nil); err != nil || got == nil || log.Len() > 0 {
		t.Errorf("%v, %v, %s", got, err, log)
	}
	pair.mu.Unlock()
	if got, err := pair.get(nil); err != nil || got == nil || log.Len() == 0 {
		t.Errorf("%v, %v, %s", got, err, log)
	}
}
