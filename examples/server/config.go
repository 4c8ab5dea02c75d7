package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
)

// config is what the flags ask for.
type config struct {
	addr                string
	url                 string // public URL of the endpoint; "" = where it listens
	ready               string // file to write when it listens; "" = none
	db                  string // file, URL of PostgreSQL, or inMemory
	token               string // never empty
	tokenMade           bool   // by this start, and for it alone
	defaultOrganization string // "" = none
	rate                int    // as scim.Limits.Rate
	strict              bool
	verbose             bool
	grace               time.Duration // for requests under way when the server is to end
}

// parseConfig reads the flags. Its errors are sentences for whoever started the server, except for
// [flag.ErrHelp], before which it has written the help to stderr.
func parseConfig(ctx context.Context, args []string, stderr io.Writer) (config, error) {
	c := config{grace: shutdownTimeout}
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 finds a free one")
	flags.StringVar(&c.url, "url", "", "public `URL` of the endpoint, if a proxy stands in front of this server")
	flags.StringVar(&c.ready, "ready", "", "`file` to write, once the server listens, with address, URL and token as JSON")
	flags.StringVar(&c.db, "db", defaultDatabase, "`database` of users and groups: a file, which is made if there is none, or a URL such as "+postgresExample+", whose password may be in PGPASSWORD; a file: URI is given to SQLite as it is, and "+inMemory+" keeps nothing")
	flags.StringVar(&c.token, "token", os.Getenv(tokenVariable), "secret `token` to accept instead of a random one; better set "+tokenVariable+", which other users of the machine cannot read")
	flags.StringVar(&c.defaultOrganization, "default-organization", "", "`ID` of the organization for end users who arrive without one, who are refused otherwise")
	flags.IntVar(&c.rate, "rate", 0, "`requests` a second that the token may make; 0 is the library's default, -1 is no limit")
	flags.BoolVar(&c.strict, "strict", false, "refuse what RFC 7644 does not have; Entra ID and Okta do not work with it")
	flags.BoolVar(&c.verbose, "v", false, "log every request, not only those that are refused")
	flags.Lookup("token").DefValue = "" // the help shows defaults, and this one may be a secret

	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stderr, "usage: server [flags]")
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return c, err
	case err != nil:
		return c, fmt.Errorf("%w; -h lists the flags", err)
	}
	return c, c.complete(ctx, flags.Args())
}

// complete checks what was asked for and fills in what was left open.
func (c *config) complete(ctx context.Context, rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("%q is not a flag, and the server takes nothing else", rest[0])
	}
	if c.rate < -1 || 0 < c.rate && c.rate < minimumRate {
		return fmt.Errorf("-rate %d is too low: identity providers need at least %d requests a second", c.rate, minimumRate)
	}
	if err := c.checkURL(); err != nil {
		return err
	}
	if err := checkDatabase(c.db); err != nil {
		return err
	}
	if c.defaultOrganization != "" {
		id, err := resolveOrganization(ctx, c.defaultOrganization)
		if err != nil {
			return fmt.Errorf("-default-organization %q is no organization of %s; there are %s", c.defaultOrganization, tenantName, organizationList())
		}
		c.defaultOrganization = id
	}
	return c.checkToken()
}

// minimumRate is the lowest rate the library accepts.
const minimumRate = 25

// checkURL brings the public URL into the form that answers begin with.
func (c *config) checkURL() error {
	if c.url == "" {
		return nil
	}
	u, err := url.Parse(c.url)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("-url has to be an absolute URL without query, such as https://acme.example.com%s", scimPath)
	}
	c.url = strings.TrimRight(u.String(), "/")
	return nil
}

const (
	tokenVariable = "GATEHOUSE_TOKEN"
	tokenPrefix   = "ghs_" // by which secret scanners, and people, can tell what they found
	minimumToken  = 16     // bytes; shorter ones can be guessed
)

// tokenForm is that of a bearer token (RFC 6750 §2.1).
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

func (c *config) checkToken() error {
	switch {
	case c.token == "":
		c.token, c.tokenMade = tokenPrefix+rand.Text(), true
	case len(c.token) < minimumToken:
		return fmt.Errorf("the token has %d characters; below %d it could be guessed", len(c.token), minimumToken)
	case !tokenForm.MatchString(c.token):
		return errors.New("the token has characters that cannot be sent: use letters, digits and - . _ ~ + /")
	}
	return nil
}

func organizationList() string {
	var b strings.Builder
	for _, o := range organizations {
		fmt.Fprintf(&b, "%s (%s), ", o.ID, o.Name)
	}
	return b.String() + "and " + extension.All
}
