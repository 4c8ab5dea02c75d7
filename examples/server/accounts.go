package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// Limits of attempts. Six digits of which three are good at a time stand one chance in 333,000 an attempt:
// five attempts in five minutes, day and night, need half a year for a chance of even.
const (
	maxFailures = 5
	lockedFor   = 5 * time.Minute
)

const (
	stepOf  = 30 * time.Second // of TOTP (RFC 6238), which every app assumes
	skew    = 1                // how many steps a clock may be wrong, either way
	linkFor = 15 * time.Minute // how long a sign-in link is good
)

// Accounts sign in with what this server knows of them: a password, a second factor, or both. Who signs in
// through an identity provider has one for the second factor at most.
type accounts struct {
	db     *sql.DB
	factor sealer
	hashes *hasher
	now    func() time.Time
}

// credentials are what somebody signs in with.
type credentials struct {
	Password string
	Factor   string // the secret of TOTP, in base32
}

func newCredentials() credentials { return credentials{Password: rand.Text(), Factor: newFactor()} }

func newFactor() string {
	secret := make([]byte, 20) // as long as what it is hashed with, as RFC 4226 asks for
	rand.Read(secret)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// errWrong says that a password or a code is none of the account, or that there is no account.
var errWrong = errors.New("the password or the code is wrong")

// A lockedError says that an account takes no attempts for a while.
type lockedError struct{ wait time.Duration }

// Error says so.
func (e *lockedError) Error() string { return "the account is locked" }

// empty reports whether there is no account at all: the database is new.
func (a *accounts) empty(ctx context.Context) (bool, error) {
	var n int
	err := a.db.QueryRowContext(ctx, "SELECT count(*) FROM server_accounts").Scan(&n)
	return n == 0, err
}

// add makes the account of a user, and reports false if there is one.
func (a *accounts) add(ctx context.Context, user string, c credentials) (bool, error) {
	password, err := a.hashes.hash(ctx, c.Password)
	if err != nil {
		return false, err
	}
	n, err := changed(ctx, a.db, `INSERT INTO server_accounts (user_id, password, factor, last_step, failures, locked_until)
		VALUES ($1, $2, $3, 0, 0, 0) ON CONFLICT DO NOTHING`, user, password, a.factor.seal(c.Factor, user))
	return n == 1, err
}

// reset gives a user new credentials, in place of all there were.
func (a *accounts) reset(ctx context.Context, user string, c credentials) error {
	password, err := a.hashes.hash(ctx, c.Password)
	if err != nil {
		return err
	}
	_, err = a.db.ExecContext(ctx, `INSERT INTO server_accounts (user_id, password, factor, last_step, failures, locked_until)
		VALUES ($1, $2, $3, 0, 0, 0) ON CONFLICT (user_id)
		DO UPDATE SET password = excluded.password, factor = excluded.factor, last_step = 0, failures = 0, locked_until = 0`,
		user, password, a.factor.seal(c.Factor, user))
	return err
}

// An account is what is stored of one.
type account struct {
	password string // as hasher writes it; "" = none
	factor   string // sealed; "" = none
	lastStep int64  // of the code that was taken last
	locked   time.Time
}

// get returns the account of a user; of a user without one it is empty.
func (a *accounts) get(ctx context.Context, user string) (v account, err error) {
	var locked int64
	err = a.db.QueryRowContext(ctx, "SELECT password, factor, last_step, locked_until FROM server_accounts WHERE user_id = $1", user).
		Scan(&v.password, &v.factor, &v.lastStep, &locked)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, nil
	}
	v.locked = time.UnixMilli(locked)
	return v, err
}

// attempt counts an attempt before it is judged, so that many at once are not more than those in a row. Who
// has passed all that is asked takes it back.
func (a *accounts) attempt(ctx context.Context, user string) error {
	now := a.now()
	n, err := changed(ctx, a.db, `UPDATE server_accounts
		SET failures = CASE WHEN failures >= $1 THEN 1 ELSE failures + 1 END,
			locked_until = CASE WHEN failures + 1 = $1 THEN CAST($2 AS bigint) ELSE 0 END
		WHERE user_id = $3 AND locked_until <= $4`, maxFailures, now.Add(lockedFor).UnixMilli(), user, now.UnixMilli())
	if err != nil || n == 1 {
		return err
	}
	v, err := a.get(ctx, user)
	if err != nil {
		return err
	}
	return &lockedError{max(v.locked.Sub(now), time.Second)}
}

// checkPassword returns nil if it is the password of the user, who "" is if nobody has the name: that takes
// as long.
func (a *accounts) checkPassword(ctx context.Context, user, password string) error {
	var v account
	var refused error
	if user != "" {
		var err error
		if v, err = a.get(ctx, user); err != nil {
			return err
		}
	}
	if v.password != "" {
		refused = a.attempt(ctx, user)
	}
	same, err := a.hashes.matches(ctx, v.password, password)
	switch {
	case err != nil:
		return err
	case refused != nil:
		return refused
	case !same:
		return errWrong
	}
	// One step of two: the failures before it stay, or a password would buy any number of codes.
	_, err = a.db.ExecContext(ctx, "UPDATE server_accounts SET failures = failures - 1, locked_until = 0 WHERE user_id = $1 AND failures > 0", user)
	return err
}

// checkCode returns nil if the code is the user's, now and for the first time. Of servers that are asked at
// once, one takes it.
func (a *accounts) checkCode(ctx context.Context, user, code string) error {
	v, err := a.get(ctx, user)
	if err != nil {
		return err
	}
	if v.factor == "" {
		return errWrong
	}
	if err := a.attempt(ctx, user); err != nil {
		return err
	}
	secret, err := a.factor.open(v.factor, user)
	if err != nil {
		return err
	}
	step, ok := a.stepOf(secret, code, v.lastStep)
	if !ok {
		return errWrong
	}
	n, err := changed(ctx, a.db, `UPDATE server_accounts SET last_step = $1, failures = 0, locked_until = 0
		WHERE user_id = $2 AND factor = $3 AND last_step < $1`, step, user, v.factor)
	if err == nil && n != 1 {
		return errWrong // somebody has just used it
	}
	return err
}

// enroll makes a secret the second factor of a user who has none, once a code shows that an app has it.
func (a *accounts) enroll(ctx context.Context, user, secret, code string) error {
	step, ok := a.stepOf(secret, code, 0)
	if !ok {
		return errWrong
	}
	n, err := changed(ctx, a.db, `INSERT INTO server_accounts (user_id, password, factor, last_step, failures, locked_until)
		VALUES ($1, '', $2, $3, 0, 0) ON CONFLICT (user_id)
		DO UPDATE SET factor = excluded.factor, last_step = excluded.last_step WHERE server_accounts.factor = ''`,
		user, a.factor.seal(secret, user), step)
	if err == nil && n != 1 {
		return errWrong // there is one by now
	}
	return err
}

// stepOf returns the first step after a given one whose code it is, of those that are good now. All of them
// are looked at, however soon one fits.
func (a *accounts) stepOf(secret, code string, after int64) (step int64, ok bool) {
	code = strings.Join(strings.Fields(code), "")
	now := a.now().Unix() / int64(stepOf/time.Second)
	for s := now + skew; s >= now-skew; s-- {
		good, err := codeOf(secret, s)
		if err == nil && subtle.ConstantTimeCompare([]byte(good), []byte(code)) == 1 && s > after {
			step, ok = s, true
		}
	}
	return step, ok
}

// codeOf returns the code of a step.
func codeOf(secret string, step int64) (string, error) {
	return hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// nextCode returns a code that would be taken now, "" if all of them were.
func (a *accounts) nextCode(ctx context.Context, user string) (string, error) {
	v, err := a.get(ctx, user)
	if err != nil || v.factor == "" {
		return "", err
	}
	secret, err := a.factor.open(v.factor, user)
	if err != nil {
		return "", err
	}
	now := a.now().Unix() / int64(stepOf/time.Second)
	step := max(now, v.lastStep+1)
	if step > now+skew {
		return "", nil
	}
	return codeOf(secret, step)
}

// newLink returns the token of a link that signs a user in once, up to the second factor.
func (a *accounts) newLink(ctx context.Context, user string) (string, error) {
	token := rand.Text()
	_, err := a.db.ExecContext(ctx, "INSERT INTO server_links (digest, user_id, expires) VALUES ($1, $2, $3)",
		digest(token), user, a.now().Add(linkFor).UnixMilli())
	return token, err
}

// useLink returns the user of a link, once; else errWrong.
func (a *accounts) useLink(ctx context.Context, token string) (user string, err error) {
	now := a.now().UnixMilli()
	err = a.db.QueryRowContext(ctx, "SELECT user_id FROM server_links WHERE digest = $1 AND expires > $2", digest(token), now).Scan(&user)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errWrong
	}
	if err != nil {
		return "", err
	}
	n, err := changed(ctx, a.db, "DELETE FROM server_links WHERE digest = $1", digest(token))
	if err == nil && n != 1 {
		return "", errWrong
	}
	return user, err
}

// dropLinks ends the links of a user.
func (a *accounts) dropLinks(ctx context.Context, user string) error {
	_, err := a.db.ExecContext(ctx, "DELETE FROM server_links WHERE user_id = $1", user)
	return err
}

// prune forgets links that are over.
func (a *accounts) prune(ctx context.Context) error {
	_, err := a.db.ExecContext(ctx, "DELETE FROM server_links WHERE expires <= $1", a.now().UnixMilli())
	return err
}

// factorURI is what an authenticator app reads from a QR code.
func factorURI(userName, secret string) string {
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s", tenantName, strings.ReplaceAll(userName, " ", "%20"), secret, tenantName)
}
