// Server is the reference host: single sign-on and a SCIM endpoint to try an identity provider
// against, or a script.
//
//	go run ./examples/server
//
// It serves one tenant with three organizations and one identity provider, and prints the tenant
// URL, the secret token, requests to begin with, and where somebody signs in, offline. Users and groups are kept in the file
// gatehouse.db of the working directory, unless -db names another one or a PostgreSQL, and any
// number of servers may share one.
//
// What it decides as a host is in demo.go; flags are in config.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever presses Ctrl-C a second time does not want to wait
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit codes.
const (
	exitOK     = 0 // it was asked to end, or for its flags
	exitFailed = 1
	exitUsage  = 2 // the flags ask for what cannot be
)

// run serves until ctx is done and returns the exit code. Whatever goes wrong is one sentence on
// stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parseConfig(ctx, args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintln(stderr, "server:", err)
		return exitUsage
	}
	err = serve(ctx, c, stdout, stderr)
	if err != nil && ctx.Err() == nil { // else it was told to end before it had begun
		fmt.Fprintln(stderr, "server:", err)
		return exitFailed
	}
	return exitOK
}

func serve(ctx context.Context, c config, stdout, stderr io.Writer) error {
	listener, err := listen(ctx, c.addr)
	if err != nil {
		return err
	}
	defer listener.Close()

	local := "http://" + reachable(listener.Addr()) + scimPath
	public := c.url
	if public == "" {
		public = local
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	if c.url == "" && !loopback(listener.Addr()) {
		logger.Warn("other machines can reach this address, and the token travels over it without TLS; "+
			"put a proxy with TLS in front and name its address with -url", "addr", listener.Addr())
	}
	db, err := openDatabase(ctx, c.db)
	if err != nil {
		return err
	}
	defer func() {
		if err := db.close(); err != nil {
			logger.Warn("the database did not close in order", "error", err)
		}
	}()
	base := strings.TrimSuffix(public, scimPath)
	host, err := newHost(ctx, c, db, base, public, logger)
	if err != nil {
		return err
	}
	// The identity provider believes everybody, so it is there for this machine alone.
	var sso *offline
	if c.url == "" && loopback(listener.Addr()) {
		if sso, err = newOffline(ctx, db.settings, base); err != nil {
			return err
		}
	}
	requests := &gate{Handler: newHandler(host, sso, public, c.verbose, logger)}
	server := newServer(requests, logger)

	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()

	if sso != nil {
		if err := sso.connect(ctx, host.Service); err != nil {
			logger.Warn("the offline identity provider could not be connected; the server goes on without", "error", err)
		}
	}
	if c.ready != "" {
		if err := writeReady(c.ready, newReady(listener.Addr().String(), public, c.token, sso)); err != nil {
			return fmt.Errorf("cannot say in the file of -ready that the server listens: %w", err)
		}
	}
	if err := welcome(stdout, c, public, local, db.note, sso); err != nil {
		return fmt.Errorf("cannot print where the server listens: %w", err)
	}
	defer host.maintain(ctx, logger)() // which ends before the database is closed

	select {
	case err := <-stopped:
		return fmt.Errorf("the server stopped by itself: %w", err)
	case <-ctx.Done():
	}
	shutDown(context.WithoutCancel(ctx), server, requests, c.grace, logger)
	return nil
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program; stop that one, or choose another port with -addr (port 0 finds a free one)", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return listener, nil
}

// reachable returns the address under which a program on this machine finds the listener.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
}

func loopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// newServer returns a server that no single client can hold up.
func newServer(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute, // a group of 16 MiB over a slow line
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10, // a filter of 8 KiB, every byte of it percent-encoded, and room
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}
