package provider

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// TokenPrefix begins every SCIM token, so that people and secret scanners know what they have found. A
// token is the prefix, its ID, what is secret, and six digits of a checksum of what is before them, by
// which a scanner tells a token from a text that looks like one:
//
//	ghscim_ + 16 letters and digits + _ + 32 letters and digits + 6 hexadecimal digits
const TokenPrefix = "ghscim_"

// TokenFor is how long a token is good unless [Config.TokenFor] says otherwise: six months.
const TokenFor = 183 * 24 * time.Hour

// maxTokenFor bounds Config.TokenFor: a token that nobody has to think of is forgotten.
const maxTokenFor = 2 * 366 * 24 * time.Hour

// A Token is what is kept of a SCIM token: not the token.
type Token struct {
	ID       string // the part of the token that is no secret
	Provider ID
	Digest   [sha256.Size]byte // of the whole token
	By       string            // the [Actor.Name] that made it
	Created  time.Time
	Expires  time.Time
	Revoked  time.Time // zero = it is not
	LastUsed time.Time // to the minute; zero = never
}

// Good reports whether a token can be used at a time.
func (t *Token) Good(now time.Time) bool { return t.Revoked.IsZero() && now.Before(t.Expires) }

// maxTokens bounds the tokens of a provider that are good at once: the one in use, and the one that
// takes its place.
const maxTokens = 2

// NewToken makes a SCIM token for a provider whose SCIM is enabled, and returns it, for this once. A
// second one may be made while the first is good: both work until the first is revoked or expires. The
// proof is for [ActionNewToken].
func (s *Service) NewToken(ctx context.Context, a Actor, id ID, proof Proof) (Secret, Token, error) {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return Secret{}, Token{}, err
	}
	if !p.SCIM {
		return Secret{}, Token{}, &Problem{Code: ProblemState, Detail: "SCIM provisioning is off for this provider: enable it first."}
	}
	if err := s.consume(ctx, a, proof, ActionNewToken, id); err != nil {
		return Secret{}, Token{}, err
	}
	text, t := s.newToken(a, id)
	err = s.act(ctx, a, func(ctx context.Context, st Store) ([]Event, error) {
		tokens, err := st.Tokens(ctx, a.Tenant, id)
		if err != nil {
			return nil, err
		}
		good := slices.DeleteFunc(tokens, func(t Token) bool { return !t.Good(s.now()) })
		if len(good) >= maxTokens {
			return nil, &Problem{Code: ProblemTooMany, Detail: fmt.Sprintf("%d tokens of this provider are good already. Revoke the one that is not in use.", maxTokens)}
		}
		if err := st.PutToken(ctx, a.Tenant, t); err != nil {
			return nil, err
		}
		return []Event{{Type: EventTokenMade, Provider: id, Details: map[string]string{"token": t.ID, "expires": t.Expires.Format(time.RFC3339)}}}, nil
	})
	if err != nil {
		return Secret{}, Token{}, err
	}
	return newSecret(text), t, nil
}

// newToken makes a token.
func (s *Service) newToken(a Actor, id ID) (text string, t Token) {
	name := strings.ToLower(rand.Text()[:16])
	text = TokenPrefix + name + "_" + (rand.Text() + rand.Text())[:32]
	text += checksum(text)
	now := s.now()
	return text, Token{ID: name, Provider: id, Digest: sha256.Sum256([]byte(text)), By: a.Name, Created: now, Expires: now.Add(s.config.TokenFor)}
}

// checksum returns six digits that a text ends in if it was not mistyped.
func checksum(text string) string {
	return fmt.Sprintf("%06x", crc32.ChecksumIEEE([]byte(text))&0xffffff)
}

// tokenID returns the ID in a token, and false for what has not the form of one.
func tokenID(text string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(text, TokenPrefix)
	if !ok || len(rest) != 16+1+32+6 || rest[16] != '_' || checksum(text[:len(text)-6]) != text[len(text)-6:] {
		return "", false
	}
	return rest[:16], true
}

// Tokens returns the tokens of a provider, the latest first, with those that are over.
func (s *Service) Tokens(ctx context.Context, a Actor, id ID) ([]Token, error) {
	if _, err := s.config.Store.Provider(ctx, a.Tenant, id); err != nil {
		return nil, err
	}
	return s.config.Store.Tokens(ctx, a.Tenant, id)
}

// RevokeToken ends a token, at once. The proof is for [ActionRevokeToken].
func (s *Service) RevokeToken(ctx context.Context, a Actor, id ID, token string, proof Proof) error {
	if err := s.consume(ctx, a, proof, ActionRevokeToken, id); err != nil {
		return err
	}
	return s.act(ctx, a, func(ctx context.Context, st Store) ([]Event, error) {
		tenant, t, err := st.Token(ctx, token)
		if err != nil {
			return nil, err
		}
		if tenant != a.Tenant || t.Provider != id {
			return nil, ErrNotFound
		}
		if !t.Revoked.IsZero() {
			return nil, nil
		}
		t.Revoked = s.now()
		return []Event{{Type: EventTokenRevoked, Provider: id, Details: map[string]string{"token": t.ID}}}, st.PutToken(ctx, a.Tenant, t)
	})
}

// scimRetry is when an identity provider should come again whose provisioning is off.
const scimRetry = 10 * time.Minute

// Authenticate implements [scim.Authenticator] with the tokens of all providers: as a bearer token, or
// alone in the header, as Okta may send it. It is nil only for a good token of a provider whose SCIM is
// on. Where it is off the answer is a 503: a 401 would have Entra ID give up.
func (s *Service) Authenticate(ctx context.Context, h http.Header) (scim.Principal, error) {
	text, ok := scim.BearerToken(h)
	if !ok {
		text = strings.TrimSpace(h.Get("Authorization"))
	}
	id, ok := tokenID(text)
	if !ok {
		return scim.Principal{}, scim.ErrUnauthenticated
	}
	tenant, t, err := s.config.Store.Token(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return scim.Principal{}, err
	}
	digest := sha256.Sum256([]byte(text)) // compared with nothing where there is no token
	if subtle.ConstantTimeCompare(digest[:], t.Digest[:]) != 1 || err != nil || !t.Good(s.now()) {
		return scim.Principal{}, scim.ErrUnauthenticated
	}
	p, err := s.config.Store.Provider(ctx, tenant, t.Provider)
	if errors.Is(err, ErrNotFound) {
		return scim.Principal{}, scim.ErrUnauthenticated
	}
	if err != nil {
		return scim.Principal{}, err
	}
	if !p.SCIM {
		return scim.Principal{}, &scim.Refusal{
			Status: http.StatusServiceUnavailable, RetryAfter: scimRetry,
			Detail: "SCIM provisioning is off for " + strconv.Quote(p.Name) + "; turn it on in " + s.config.Menu,
		}
	}
	s.provisioning.Store(t.ID, &p)
	s.touch(ctx, tenant, t)
	return scim.Principal{Tenant: tenant, Manager: string(p.ID), Key: t.ID}, nil
}

// touch writes down that a token was used, once a minute. That it could not be is no reason to refuse.
func (s *Service) touch(ctx context.Context, tenant scim.TenantID, t Token) {
	minute := s.now().Truncate(time.Minute)
	if !minute.After(t.LastUsed) {
		return
	}
	if err := s.config.Store.TouchToken(ctx, tenant, t.ID, minute); err != nil {
		s.config.Logger.WarnContext(ctx, "the last use of a token could not be written down", "token", t.ID, "error", err)
	}
}

// The thresholds of warnings before a token expires are those of certificates: [thresholds].

// maintainTokens warns of tokens that expire, each once for each threshold.
func (s *Service) maintainTokens(ctx context.Context, c Connection) error {
	tokens, err := s.config.Store.Tokens(ctx, c.Tenant, c.Provider.ID)
	if err != nil || !c.Provider.SCIM {
		return err
	}
	now := s.now()
	for _, t := range tokens {
		if !t.Revoked.IsZero() || t.Expires.Sub(now) > thresholds[0] || replaced(tokens, t) {
			continue
		}
		days := daysBefore(t.Expires, now)
		key := fmt.Sprintf("token %s %d", t.ID, days)
		err := s.once(ctx, c.Tenant, key, Event{Type: EventTokenExpiring, Provider: c.Provider.ID, Details: map[string]string{
			"token": t.ID, "expires": t.Expires.Format(time.RFC3339), "days": strconv.Itoa(days),
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// replaced reports whether a token is good that was made after this one, and was used.
func replaced(tokens []Token, t Token) bool {
	return slices.ContainsFunc(tokens, func(o Token) bool {
		return o.Created.After(t.Created) && o.Revoked.IsZero() && !o.LastUsed.IsZero()
	})
}
