package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// How long requests under way may take to finish when the server is to end, and how long those that
// did not may take to notice.
const (
	shutdownTimeout = 10 * time.Second
	cutOffTimeout   = 5 * time.Second
)

// How long a server that is to end goes on answering where balancers may send to it: two looks at whether it is
// ready, a second apart, and some. Nobody should have to wait longer than maxDrain for the end of one.
const (
	defaultDrain = 3 * time.Second
	maxDrain     = 10 * time.Minute
)

// drainAt is how long a server that listens at an address goes on answering, once it is to end.
func (c *config) drainAt(addr net.Addr) time.Duration {
	switch {
	case c.drain >= 0:
		return c.drain
	case loopback(addr):
		return 0
	}
	return defaultDrain
}

// shutDown takes no more requests and returns when those under way are over, so that the database
// is closed behind the last of them. What does not finish in time is cut off: its change is then
// made as a whole, or not at all.
func shutDown(ctx context.Context, server *http.Server, requests *gate, timeout time.Duration, logger *slog.Logger) {
	ending, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if server.Shutdown(ending) == nil {
		return
	}
	logger.Warn("some requests did not finish in time and were cut off", "timeout", timeout)
	server.Close() // which cancels them
	select {
	case <-requests.over():
	case <-time.After(cutOffTimeout):
		logger.Warn("some requests are still under way; what they have not committed is undone", "timeout", cutOffTimeout)
	}
}

// A gate knows whether requests are under way. [http.Server] does not, once their connections are
// closed.
type gate struct {
	http.Handler
	under sync.RWMutex
}

// ServeHTTP lets a request through.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.under.RLock()
	defer g.under.RUnlock()
	g.Handler.ServeHTTP(w, r)
}

// over is closed when no request is under way. None is let through any more.
func (g *gate) over() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		g.under.Lock()
		close(done)
	}()
	return done
}
