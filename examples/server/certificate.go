package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// reloadEvery is how often, at most, the files of a certificate are looked at.
const reloadEvery = time.Minute

// A certificate is that of two files. It is read again when they have changed, so whoever renews it restarts
// nothing.
type certificate struct {
	cert, key string // files
	log       *slog.Logger
	now       func() time.Time
	current   atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // of who looks
	state  string     // of the files that current was read from
	looked time.Time
}

// readCertificate reads the two files.
func readCertificate(cert, key string, now func() time.Time, logger *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: logger, now: now, looked: now()}
	return c, c.read()
}

// config is what TLS is served with.
func (c *certificate) config() *tls.Config {
	return &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12}
}

// get is [tls.Config.GetCertificate]. While one connection looks at the files, others take what there is.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.mu.TryLock() {
		defer c.mu.Unlock()
		if now := c.now(); now.Sub(c.looked) >= reloadEvery {
			c.looked = now
			if err := c.read(); err != nil {
				c.log.Warn("the certificate cannot be read again; the one from before stays in use", "error", err)
			}
		}
	}
	return c.current.Load(), nil
}

// read reads the files if they are others than those that were read. They are looked at first: what changes
// while it reads is another one the next time.
func (c *certificate) read() error {
	var state string
	for _, name := range []string{c.cert, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		state += fmt.Sprintln(info.ModTime().UnixNano(), info.Size())
	}
	if state == c.state {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	if c.state != "" {
		c.log.Info("the certificate was read again", "until", pair.Leaf.NotAfter)
	}
	c.current.Store(&pair)
	c.state = state
	return nil
}
