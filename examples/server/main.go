// Server is the reference host: single sign-on and a SCIM endpoint to try an identity provider
// against, or a script.
//
//	go run ./examples/server
//
// It serves one tenant with three organizations and one identity provider, and prints how to sign in as its
// administrator, the tenant URL, the secret token, requests to begin with, and where somebody signs in,
// offline. Everything is kept in the file gatehouse.db of the working directory, unless -db names another one
// or a PostgreSQL, and any number of servers may share one.
//
//	go run ./examples/server admin reset
//
// gives the administrator of a database new credentials.
//
// What it decides as a host is in demo.go; flags are in config.go; who signs in, and how, is in signin.go and
// accounts.go.
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
	"net/url"
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
	if len(args) > 0 && args[0] == "admin" {
		return adminCommand(ctx, args[1:], stdout, stderr)
	}
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
		if _, usage := errors.AsType[usageError](err); usage {
			return exitUsage
		}
		return exitFailed
	}
	return exitOK
}

// A usageError says that the flags ask for what cannot be, which only shows when the server listens.
type usageError string

// Error is the sentence.
func (e usageError) Error() string { return string(e) }

func serve(ctx context.Context, c config, stdout, stderr io.Writer) error {
	listener, err := listen(ctx, c.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	certificate, err := c.certificate(logger)
	if err != nil {
		return err
	}
	base, err := c.baseAt(listener.Addr(), certificate)
	if err != nil {
		return err
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
	here := loopback(listener.Addr()) && isLoopbackHost(base.Hostname())
	host, sso, err := c.hostOn(ctx, db, base, here, logger)
	if err != nil {
		return err
	}
	requests := &gate{Handler: newHandler(host, sso, c.verbose)}
	server := newServer(requests, logger)

	stopped := make(chan error, 1)
	go func() {
		if certificate != nil {
			server.TLSConfig = certificate.config()
			stopped <- server.ServeTLS(listener, "", "")
			return
		}
		stopped <- server.Serve(listener)
	}()

	if sso != nil {
		if err := sso.connect(ctx, host.Service); err != nil {
			logger.Warn("the offline identity provider could not be connected; the server goes on without", "error", err)
		}
	}
	if err := c.announce(stdout, listener.Addr(), certificate != nil, host, sso); err != nil {
		return err
	}
	defer host.maintain(ctx)() // which ends before the database is closed

	select {
	case err := <-stopped:
		return fmt.Errorf("the server stopped by itself: %w", err)
	case <-ctx.Done():
	}
	host.ending.Store(true)
	select {
	case err := <-stopped:
		return fmt.Errorf("the server stopped by itself: %w", err)
	case <-time.After(c.drainAt(listener.Addr())):
	}
	shutDown(context.WithoutCancel(ctx), server, requests, c.grace, logger)
	return nil
}

// hostOn returns the host on a database, with its pages, and the identity provider beside it, nil = there is
// none. here says that the server is for this machine alone.
func (c *config) hostOn(ctx context.Context, db *database, base *url.URL, here bool, logger *slog.Logger) (*host, *offline, error) {
	h, err := newHost(ctx, *c, db, base, logger)
	if err != nil {
		return nil, nil, err
	}
	if h.admin, err = h.firstAdministrator(ctx, c.administrator); err != nil {
		return nil, nil, err
	}
	if h.admin.id != "" && here {
		token, err := h.accounts.newLink(ctx, h.admin.id)
		if err != nil {
			return nil, nil, err
		}
		h.admin.demo, h.admin.link = true, linkTo(base.String(), token)
	}
	if err := h.provision(ctx, c.defaultOrganization); err != nil {
		return nil, nil, fmt.Errorf("the identity provider of the token could not be set up: %w", err)
	}
	var sso *offline
	if here || c.demo { // it believes everybody
		if sso, err = newOffline(ctx, db.settings, base.String(), c.now); err != nil {
			return nil, nil, err
		}
	}
	return h, sso, h.mountPages(sso)
}

// announce says where the server listens: to a script in a file, to a person on the terminal.
func (c *config) announce(stdout io.Writer, addr net.Addr, tls bool, h *host, sso *offline) error {
	if c.ready != "" {
		if err := writeReady(c.ready, newReady(addr.String(), c.token, h, sso)); err != nil {
			return fmt.Errorf("cannot say in the file of -ready that the server listens: %w", err)
		}
	}
	local := h.scimURL
	if !tls {
		local = "http://" + reachable(addr) + scimPath
	}
	if err := welcome(stdout, *c, h, local, sso); err != nil {
		return fmt.Errorf("cannot print where the server listens: %w", err)
	}
	return nil
}

// certificate returns what TLS is served with, nil = plain http.
func (c *config) certificate(logger *slog.Logger) (*certificate, error) {
	if c.cert == "" {
		return nil, nil
	}
	pair, err := readCertificate(c.cert, c.key, c.now, logger)
	if err != nil {
		return nil, usageError(fmt.Sprintf("the files of -tls-cert and -tls-key cannot be used: %v", err))
	}
	return pair, nil
}

// baseAt returns the base URL of a server that listens at an address. Without one in the flags it is that
// address, or the name in the certificate.
func (c *config) baseAt(addr net.Addr, certificate *certificate) (*url.URL, error) {
	if c.base != "" {
		return url.Parse(c.base)
	}
	if certificate == nil {
		if !loopback(addr) {
			return nil, usageError(fmt.Sprintf("other machines can reach %s, and passwords and tokens would travel over it without TLS; "+
				"give -tls-cert and -tls-key, or put a proxy with TLS in front and name its address with -base-url", addr))
		}
		return &url.URL{Scheme: "http", Host: reachable(addr)}, nil
	}
	host := reachable(addr)
	if names := certificate.current.Load().Leaf.DNSNames; len(names) > 0 && !strings.HasPrefix(names[0], "*") {
		_, port, err := net.SplitHostPort(host)
		if err != nil {
			return nil, err
		}
		host = net.JoinHostPort(names[0], port)
	} else if !loopback(addr) {
		return nil, usageError("the certificate does not say under which name browsers reach this server; name it with -base-url")
	}
	base, err := parseBase("-base-url", "https://"+host)
	if err != nil {
		return nil, err
	}
	return url.Parse(base)
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
