package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"text/template"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// adminName is the administrator whom a new database begins with.
const adminName = "admin@acme.example"

// The environment may have what that administrator signs in with.
const (
	passwordVariable = "GATEHOUSE_ADMIN_PASSWORD"
	factorVariable   = "GATEHOUSE_ADMIN_TOTP"
	minimumPassword  = 12 // characters
	minimumFactor    = 16 // bytes, which RFC 4226 asks for
)

// An administrator is the one of this database, as far as this start knows.
type administrator struct {
	id string // "" = the database had accounts before
	credentials
	passwordMade, factorMade bool // by this start: nobody else knows
	// demo says that the server is for a first look on this machine: it shows codes of the second factor.
	demo bool
	link string // a way in that works once; "" = none
}

// firstAdministrator makes the administrator of a new database. Of servers that start at once, one makes it;
// to the others the database is not new.
func (h *host) firstAdministrator(ctx context.Context, given credentials) (a administrator, err error) {
	empty, err := h.accounts.empty(ctx)
	if err != nil || !empty {
		return a, err
	}
	u, err := administratorOf(ctx, h.db.stores, h.now())
	if errors.Is(err, errTaken) { // what the identity provider needs works
		h.log.WarnContext(ctx, "nobody can administer this server", "error", err)
		return a, nil
	}
	if err != nil {
		return a, err
	}
	a = complete(given)
	made, err := h.accounts.add(ctx, u.ID, a.credentials)
	if err != nil || !made {
		return administrator{}, err
	}
	a.id = u.ID
	return a, nil
}

// complete fills in what is not given.
func complete(given credentials) administrator {
	a := administrator{credentials: newCredentials(), passwordMade: true, factorMade: true}
	if given.Password != "" {
		a.Password, a.passwordMade = given.Password, false
	}
	if given.Factor != "" {
		a.Factor, a.factorMade = given.Factor, false
	}
	return a
}

// errTaken says that somebody else has the name of the administrator, as in a database that an identity provider
// has filled before this server had accounts.
var errTaken = errors.New(adminName + " is a user who is not an administrator with a password, so nobody is given one; begin with another database, or have whoever has made that user delete it")

// administratorOf returns the user who administers, and makes it if there is none.
func administratorOf(ctx context.Context, stores scim.Stores, now time.Time) (scim.User, error) {
	users, err := scim.UserRegistry()
	if err != nil {
		return scim.User{}, err
	}
	u, err := userNamed(ctx, stores, users, adminName)
	if errors.Is(err, scim.ErrNotFound) {
		now = now.UTC().Truncate(time.Millisecond)
		u, err = stores.Users.CreateUser(ctx, tenant, scim.User{
			Meta:     scim.Meta{ID: strings.ToLower(rand.Text()), Created: now, LastModified: now},
			UserName: adminName, Name: scim.Name{GivenName: "Alex", FamilyName: "Admin"}, DisplayName: "Alex Admin",
			Emails: []scim.MultiValue{{Type: "work", Value: adminName}},
			Active: true, Administrator: true, NinjaOne: extension.User{UserType: extension.Technician},
		})
		if _, taken := errors.AsType[*scim.ConflictError](err); taken { // by a server that starts too
			u, err = userNamed(ctx, stores, users, adminName)
		}
	}
	if err == nil && (!u.Administrator || u.SSO) {
		return scim.User{}, errTaken
	}
	return u, err
}

// checkCredentials says what of those in the environment cannot be used.
func checkCredentials(c credentials) (credentials, error) {
	if c.Password != "" && len(c.Password) < minimumPassword {
		return c, fmt.Errorf("%s has %d characters; it needs %d", passwordVariable, len(c.Password), minimumPassword)
	}
	if len(c.Password) > maxPassword {
		return c, fmt.Errorf("%s has more than %d characters", passwordVariable, maxPassword)
	}
	if c.Factor == "" {
		return c, nil
	}
	c.Factor = strings.TrimRight(strings.ToUpper(strings.Join(strings.Fields(c.Factor), "")), "=")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(c.Factor)
	if err != nil || len(secret) < minimumFactor {
		return c, fmt.Errorf("%s has to be a secret in base32 (A-Z, 2-7) of 26 characters or more", factorVariable)
	}
	return c, nil
}

var resetText = template.Must(template.New("reset").Parse(`The administrator of {{.Tenant}} has new credentials, shown this once; the sessions are over.

  User                  {{.User}}
  Password              {{.Password}}
  Authenticator secret  {{.Factor}}
                        {{.URI}}

This link signs in once, within 15 minutes, up to the second factor, at a server that runs at this address;
-addr or -base-url says another one:

  {{.Link}}
`))

// adminUsage is the help of "server admin reset".
const adminUsage = `usage: server admin reset [-db database] [-addr address] [-base-url URL]

Gives the administrator of a database a new password and second factor, prints them with a link that signs in
once, and ends the administrator's sessions. A server that runs takes them at once. The flags are those that
the server is started with; server -h explains them.
`

// adminCommand serves what follows "server admin".
func adminCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] != "reset" {
		fmt.Fprintln(stderr, "server: the one thing that admin does is reset, as in: server admin reset -db "+defaultDatabase)
		return exitUsage
	}
	c, err := parseConfig(ctx, args[1:], io.Discard)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, adminUsage)
		return exitOK
	case err != nil:
		fmt.Fprintln(stderr, "server:", err)
		return exitUsage
	case c.db == inMemory:
		fmt.Fprintf(stderr, "server: %s is the memory of a server that runs, which nobody else can reset; start it anew\n", inMemory)
		return exitUsage
	}
	if err := resetAdministrator(ctx, c, stdout); err != nil {
		fmt.Fprintln(stderr, "server:", err)
		return exitFailed
	}
	return exitOK
}

// resetAdministrator gives the administrator of a database new credentials, whether a server runs or not.
func resetAdministrator(ctx context.Context, c config, stdout io.Writer) (err error) {
	if err := isThere(c.db); err != nil {
		return err
	}
	db, err := openDatabase(ctx, c.db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	ring, err := sharedKeys(ctx, db.settings)
	if err != nil {
		return err
	}
	u, err := administratorOf(ctx, db.stores, c.now())
	if err != nil {
		return err
	}
	accounts := newAccounts(db, ring, c.now)
	fresh := newCredentials()
	if err := accounts.reset(ctx, u.ID, fresh); err != nil {
		return err
	}
	if err := accounts.dropLinks(ctx, u.ID); err != nil {
		return err
	}
	sessions := &sessions{db: db.own, accounts: accounts, now: c.now}
	if err := sessions.Kill(ctx, provider.Kill{Tenant: tenant, User: u.ID, Reason: "the credentials were reset"}); err != nil {
		return err
	}
	token, err := accounts.newLink(ctx, u.ID)
	if err != nil {
		return err
	}
	base := c.base
	if base == "" {
		base = "http://" + c.addr
	}
	return resetText.Execute(stdout, map[string]any{
		"Tenant": tenantName, "User": adminName, "Password": fresh.Password, "Factor": fresh.Factor,
		"URI": factorURI(adminName, fresh.Factor), "Link": linkTo(base, token),
	})
}

// isThere refuses a file that is none: there is no administrator to reset in a database that is made now.
func isThere(db string) error {
	if isPostgres(db) || isURI(db) {
		return nil
	}
	if _, err := os.Stat(db); err != nil {
		return fmt.Errorf("there is no database %s; name the one of the server with -db", shown(db))
	}
	return nil
}

// linkTo is a sign-in link.
func linkTo(base, token string) string { return base + linkPath + "?t=" + url.QueryEscape(token) }
