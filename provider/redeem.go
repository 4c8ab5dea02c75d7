package provider

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// codeFor is how long a one-time code is good: a redirect and a request.
const codeFor = time.Minute

// A codeTicket is a sign-in on its way to an app: a code carries it, sealed.
type codeTicket struct {
	Token   string        `json:"x"` // makes it work once
	Tenant  scim.TenantID `json:"t"`
	User    string        `json:"u"`
	Expires time.Time     `json:"e"`
	SignIn  SignIn        `json:"s"`
}

// withCode returns a return target with a one-time code for a sign-in. What is long, or can be read
// from the stores, does not travel.
func (s *Service) withCode(keys KeyRing, target string, in SignIn) (string, error) {
	ticket := codeTicket{Token: rand.Text(), Tenant: in.Tenant, User: in.User.ID, Expires: s.now().Add(codeFor), SignIn: in}
	ticket.SignIn.User, ticket.SignIn.Attributes, ticket.SignIn.Return = scim.User{}, nil, target
	code, err := keys.seal(sealCode, ticket)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(target)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("code", code)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// ErrCode is returned by [Service.Redeem] for a code that is not good: made up, older than a minute, or
// used.
var ErrCode = errors.New("provider: the code is not good, or not any more")

// Redeem returns the sign-in that a one-time code stands for, once: the host starts the session. The
// user is as the stores have it now; the attributes of the assertion do not travel.
func (s *Service) Redeem(ctx context.Context, tenant scim.TenantID, code string) (SignIn, error) {
	keys, err := s.config.Keys.Keys(ctx, tenant)
	if err != nil {
		return SignIn{}, fmt.Errorf("provider: the keys of the tenant: %w", err)
	}
	var ticket codeTicket
	if err := keys.open(sealCode, code, &ticket); err != nil || ticket.Tenant != tenant || !s.now().Before(ticket.Expires) {
		return SignIn{}, ErrCode
	}
	user, err := s.config.Stores.Users.User(ctx, tenant, ticket.User)
	if errors.Is(err, scim.ErrNotFound) || err == nil && (!user.Active || !user.SSO) {
		return SignIn{}, ErrCode
	}
	if err != nil {
		return SignIn{}, err
	}
	sum := sha256.Sum256([]byte("gatehouse provider code\x00" + ticket.Token))
	err = s.config.Replays.Use(ctx, hex.EncodeToString(sum[:]), ticket.Expires)
	if errors.Is(err, saml.ErrReplayed) {
		return SignIn{}, ErrCode
	}
	if err != nil {
		return SignIn{}, fmt.Errorf("provider: the code could not be used up: %w", err)
	}
	ticket.SignIn.User = user
	return ticket.SignIn, nil
}
