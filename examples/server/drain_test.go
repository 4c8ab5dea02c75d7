package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestDrain: a server that is to end says so before it stops listening.
func TestDrain(t *testing.T) {
	t.Parallel()
	const drain = 500 * time.Millisecond
	s := start(t, "-drain", drain.String())
	ask := func(path string) string {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.base()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true // a new connection each time
		w, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return "refused"
		}
		w.Body.Close()
		return fmt.Sprint(w.StatusCode)
	}
	if ready := ask(readyPath); ready != "200" {
		t.Fatalf("ready: %s", ready)
	}
	began := time.Now()
	s.cancel()
	for ask(readyPath) == "200" {
		if time.Since(began) > patience {
			t.Fatal("it does not say that it ends")
		}
	}
	said := time.Since(began)
	if ready, alive, page := ask(readyPath), ask(livePath), ask(signInPath); ready != "503" || alive != "200" || page != "200" {
		t.Errorf("ready %s, alive %s, a page %s", ready, alive, page)
	}
	for ask(readyPath) != "refused" {
		if time.Since(began) > patience {
			t.Fatal("it does not end")
		}
	}
	if took := time.Since(began); took < drain {
		t.Errorf("it listens for %v, want %v", took, drain)
	}
	if code := s.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	t.Logf("it said so after %v, and listened for %v", said, time.Since(began))
}

// TestDrainAt: where nobody balances, nobody waits.
func TestDrainAt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args, addr string
		want       time.Duration
	}{
		{"", "127.0.0.1:80", 0},
		{"", "[::1]:80", 0},
		{"", "0.0.0.0:80", defaultDrain},
		{"", "10.1.2.3:80", defaultDrain},
		{"-drain 0", "10.1.2.3:80", 0},
		{"-drain 7s", "127.0.0.1:80", 7 * time.Second},
	} {
		c, err := parseConfig(t.Context(), strings.Fields(test.args), new(buffer))
		if err != nil {
			t.Fatal(err)
		}
		addr, err := net.ResolveTCPAddr("tcp", test.addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.drainAt(addr); got != test.want {
			t.Errorf("%q at %s: %v, want %v", test.args, test.addr, got, test.want)
		}
	}
	for _, wrong := range []string{"-1s", "11m", "soon", "5"} {
		if _, err := parseConfig(t.Context(), []string{"-drain", wrong}, new(buffer)); err == nil || !strings.Contains(err.Error(), "from 0s to 10m0s") {
			t.Errorf("-drain %s: %v", wrong, err)
		}
	}
}
