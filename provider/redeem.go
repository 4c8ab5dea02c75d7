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
	Began   time.Time     `json:"b"` // when the assertion arrived
	Expires time.Time     `json:"e"`
	SignIn  SignIn        `json:"s"`
}

// withCode returns a return target with a one-time code for a sign-in. What is long, or can be read
// from the stores, does not travel.
func (s *Service) withCode(keys KeyRing, target string, began time.Time, in SignIn) (string, error) {
	ticket := codeTicket{Token: rand.Text(), Tenant: in.Tenant, User: in.User.ID, Began: began, Expires: s.now().Add(codeFor), SignIn: in}
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

// ErrCode is returned by [Service.Redeem] for a code that is not good: made up, older than a minute, used,
// or of a person whom the provider would not sign in any more.
var ErrCode = errors.New("provider: the code is not good, or not any more")

// Redeem returns the sign-in that a one-time code stands for, once: the host starts the session. The
// user is as the stores have it now, and so is what is said of a second factor; the attributes of the
// assertion do not travel.
//
// A code does not say in which browser or app the sign-in began. One that must not be given a code of
// somebody else, or of an app that has taken its link, puts a digest of a secret of its own into the
// return target, and the host compares [SignIn.Return] with the secret that comes with the code (as in
// RFC 7636).
func (s *Service) Redeem(ctx context.Context, tenant scim.TenantID, code string) (SignIn, error) {
	keys, err := s.config.Keys.Keys(ctx, tenant)
	if err != nil {
		return SignIn{}, fmt.Errorf("provider: the keys of the tenant: %w", err)
	}
	var ticket codeTicket
	if err := keys.open(sealCode, code, &ticket); err != nil || ticket.Tenant != tenant || !s.now().Before(ticket.Expires) {
		return SignIn{}, ErrCode
	}
	in := ticket.SignIn
	now, err := s.again(ctx, tenant, in.Provider, ticket.User, ticket.Began)
	if err != nil {
		return SignIn{}, err
	}
	if now.reason != "" {
		return SignIn{}, ErrCode
	}
	if in.SecondFactor, in.Evidence, err = s.secondFactorOf(ctx, tenant, &now.provider, now.user, in.Evidence); err != nil {
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
	in.User = now.user
	return in, nil
}
