package scim

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
)

// A Principal is who sent a request, as the [Authenticator] found it.
type Principal struct {
	Tenant TenantID // whose data the request is about
	// Manager is the identity provider: the resources it creates belong to it, and it sees no
	// others. It is never empty.
	Manager string
	Key     string // which of its tokens; for rate limits and logs
}

// An Authenticator tells from the header of a request who sent it. It compares secrets in
// constant time, and may be called concurrently. Its error is [ErrUnauthenticated] for a missing or
// wrong secret, or a [*Refusal]; any other means that no verdict was reached, and the answer is a 503.
type Authenticator interface {
	Authenticate(context.Context, http.Header) (Principal, error)
}

// ErrUnauthenticated says that a request carries no valid secret.
var ErrUnauthenticated = errors.New("scim: unauthenticated")

// BearerToken returns the token of an Authorization header of scheme Bearer (RFC 6750 §2.1).
func BearerToken(h http.Header) (string, bool) {
	scheme, token, ok := strings.Cut(strings.TrimSpace(h.Get("Authorization")), " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// Tokens is the simplest [Authenticator]: a fixed set of bearer tokens. It keeps their digests
// only. The zero Tokens admits nobody.
type Tokens struct {
	// AcceptBare also takes a token that stands alone in the Authorization header, as Okta's
	// "HTTP Header" mode may send it.
	AcceptBare bool

	known []knownToken
}

type knownToken struct {
	digest [sha256.Size]byte
	who    Principal
}

// Add admits whoever sends the token as the principal. It must not be called while the Tokens
// are in use.
func (t *Tokens) Add(token string, who Principal) {
	t.known = append(t.known, knownToken{sha256.Sum256([]byte(token)), who})
}

// Authenticate looks the token up; every known one is compared.
func (t *Tokens) Authenticate(_ context.Context, h http.Header) (Principal, error) {
	token, ok := BearerToken(h)
	if bare := strings.TrimSpace(h.Get("Authorization")); !ok && t.AcceptBare && !strings.Contains(bare, " ") {
		token, ok = bare, bare != ""
	}
	digest := sha256.Sum256([]byte(token))
	found := -1
	for i := range t.known {
		if subtle.ConstantTimeCompare(digest[:], t.known[i].digest[:]) == 1 {
			found = i
		}
	}
	if !ok || found < 0 {
		return Principal{}, ErrUnauthenticated
	}
	return t.known[found].who, nil
}

var _ Authenticator = (*Tokens)(nil)
