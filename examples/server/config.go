package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
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
	base                string // public base URL, without a slash at the end; "" = where it listens
	url                 string // public URL of the endpoint, which implies base
	cert, key           string // files of TLS; "" = plain http
	proxies             []netip.Prefix
	ready               string // file to write when it listens; "" = none
	db                  string // file, URL of PostgreSQL, or inMemory
	token               string // never empty
	tokenMade           bool   // by this start, and for it alone
	administrator       credentials
	defaultOrganization string // "" = none
	rate                int    // as scim.Limits.Rate
	strict              bool
	demo                bool // the offline identity provider is for everybody
	verbose             bool
	drain               time.Duration // between saying that it ends and taking no more connections; negative = drainAt
	grace               time.Duration // for requests under way when the server is to end
	now                 func() time.Time
}

// variablePrefix begins the names of environment variables that stand for flags.
const variablePrefix = "GATEHOUSE_"

// variableOf is the environment variable that stands for a flag.
func variableOf(name string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

const usage = `usage: server [flags]              serve
       server admin reset [flags]  give the administrator a new password and a new second factor

Each flag can be in the environment too, as GATEHOUSE_ and its name (GATEHOUSE_BASE_URL for -base-url); a flag
wins. GATEHOUSE_ADMIN_PASSWORD and GATEHOUSE_ADMIN_TOTP (a secret in base32) are what ` + adminName + ` signs in
with on a new database; without them they are made and printed.

`

// parseConfig reads the environment and the flags. Its errors are sentences for whoever started the server,
// except for [flag.ErrHelp], before which it has written the help to stderr.
func parseConfig(ctx context.Context, args []string, stderr io.Writer) (config, error) {
	c := config{drain: -1, grace: shutdownTimeout, now: time.Now}
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 finds a free one")
	flags.StringVar(&c.base, "base-url", "", "public base `URL`, such as https://acme.example.com, under which browsers and identity providers reach this server, whether by itself or through a proxy that preserves the Host header; pages are served under it alone")
	flags.StringVar(&c.url, "url", "", "public `URL` of the SCIM endpoint, which is the base URL and "+scimPath+"; -base-url says the same")
	flags.StringVar(&c.cert, "tls-cert", "", "`file` of a certificate chain (PEM), to serve https; needs -tls-key; both are read again when they have changed")
	flags.StringVar(&c.key, "tls-key", "", "`file` of the key of -tls-cert (PEM)")
	flags.Func("trust-proxy", "`networks` (CIDR, separated by commas) of proxies whose X-Forwarded-For and X-Forwarded-Host are believed", func(s string) (err error) {
		c.proxies, err = parseNetworks(s)
		return err
	})
	flags.StringVar(&c.ready, "ready", "", "`file` to write, once the server listens, with addresses, token and credentials as JSON")
	flags.StringVar(&c.db, "db", defaultDatabase, "`database` of users and groups: a file, which is made if there is none, or a URL such as "+postgresExample+", whose password may be in PGPASSWORD; a file: URI is given to SQLite as it is, and "+inMemory+" keeps nothing")
	flags.StringVar(&c.token, "token", "", "secret `token` to accept instead of a random one; better set "+tokenVariable+", which other users of the machine cannot read")
	flags.StringVar(&c.defaultOrganization, "default-organization", "", "`ID` of the organization for end users who arrive without one, who are refused otherwise")
	flags.IntVar(&c.rate, "rate", 0, "`requests` a second that the token may make; 0 is the library's default, -1 is no limit")
	flags.BoolVar(&c.strict, "strict", false, "refuse what RFC 7644 does not have; Entra ID and Okta do not work with it")
	flags.BoolVar(&c.demo, "demo", false, "serve the offline identity provider, which believes everybody, although other machines reach it: whoever does can sign in as any user")
	flags.Func("drain", "`time` to go on answering after SIGTERM while "+readyPath+" says 503, so that a load balancer stops sending before the server stops listening; by default 0 on a loopback address, else "+defaultDrain.String(), func(s string) (err error) {
		c.drain, err = parseDrain(s)
		return err
	})
	flags.BoolVar(&c.verbose, "v", false, "log every request, not only those that are refused")

	if err := fromEnvironment(flags); err != nil {
		return c, err
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, usage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return c, err
	case err != nil:
		return c, fmt.Errorf("%w; -h lists the flags", err)
	}
	return c, c.complete(ctx, flags.Args())
}

// fromEnvironment sets the flags that environment variables stand for. Values are not repeated: one may be a
// secret.
func fromEnvironment(flags *flag.FlagSet) (err error) {
	flags.VisitAll(func(f *flag.Flag) {
		name := variableOf(f.Name)
		if v := os.Getenv(name); v != "" && f.Value.Set(v) != nil {
			err = errors.Join(err, fmt.Errorf("%s has a value that -%s cannot have; -h lists the flags", name, f.Name))
		}
	})
	return err
}

// complete checks what was asked for and fills in what was left open.
func (c *config) complete(ctx context.Context, rest []string) (err error) {
	if len(rest) > 0 {
		return fmt.Errorf("%q is not a flag, and the server takes nothing else; -h lists the flags", rest[0])
	}
	if c.rate < -1 || 0 < c.rate && c.rate < minimumRate {
		return fmt.Errorf("-rate %d is too low: identity providers need at least %d requests a second", c.rate, minimumRate)
	}
	if (c.cert == "") != (c.key == "") {
		return errors.New("-tls-cert and -tls-key go together: a certificate and its key")
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
	if c.administrator, err = checkCredentials(credentials{os.Getenv(passwordVariable), os.Getenv(factorVariable)}); err != nil {
		return err
	}
	return c.checkToken()
}

// minimumRate is the lowest rate the library accepts.
const minimumRate = 25

// checkURL brings the public URL into the form that all others begin with.
func (c *config) checkURL() error {
	if c.url != "" {
		base, ok := strings.CutSuffix(strings.TrimRight(c.url, "/"), scimPath)
		if u, err := url.Parse(c.url); err != nil || u.RawQuery != "" || u.Fragment != "" || !ok {
			return fmt.Errorf("-url has to be an absolute URL without query that ends in %[1]s, such as https://acme.example.com%[1]s", scimPath)
		}
		if base, err := parseBase("-url", base); err != nil {
			return err
		} else if c.base != "" && strings.TrimRight(c.base, "/") != base {
			return errors.New("-base-url and -url name two addresses; -base-url is enough")
		}
		c.base = base
	}
	if c.base == "" {
		return nil
	}
	base, err := parseBase("-base-url", c.base)
	c.base, c.url = base, base+scimPath
	return err
}

// parseBase returns a base URL in one form: scheme and host, which is all that cookies and identity providers
// tell apart.
func parseBase(name, text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" ||
		u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("%s has to be an absolute URL of a host, without path, query or user, such as https://acme.example.com", name)
	case u.Scheme == "http" && !isLoopbackHost(u.Hostname()):
		return "", fmt.Errorf("%s cannot be %s: passwords and tokens travel over plain http in the clear, so it is for this machine alone; use https, with a proxy or with -tls-cert and -tls-key", name, shown(text))
	}
	host := strings.ToLower(u.Host)
	if port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; strings.HasSuffix(host, port) {
		host = strings.TrimSuffix(host, port)
	}
	return u.Scheme + "://" + host, nil
}

// isLoopbackHost reports whether a name or address is this machine, for everybody who reads it.
func isLoopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// parseDrain reads how long a server that ends goes on answering.
func parseDrain(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxDrain {
		return 0, fmt.Errorf("it is a time from 0s to %v, such as 5s", maxDrain)
	}
	return d, nil
}

// parseNetworks reads a list of networks; an address is one of its own.
func parseNetworks(text string) (list []netip.Prefix, err error) {
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		p, err := netip.ParsePrefix(part)
		if err != nil {
			ip, err := netip.ParseAddr(part)
			if err != nil {
				return nil, fmt.Errorf("%q is no network such as 10.0.0.0/8", part)
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		list = append(list, p.Masked())
	}
	return list, nil
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
