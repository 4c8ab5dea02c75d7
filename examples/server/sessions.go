package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
)

const (
	sessionFor = 12 * time.Hour
	pendingFor = 10 * time.Minute // for the second factor to come
	// leavingFor is how long a browser has to take the way to the identity provider after signing out here.
	leavingFor = time.Minute
)

// How somebody signed in.
const (
	byPassword = "a password"
	byLink     = "a sign-in link"
	byProvider = "single sign-on"
)

// What became of the second factor.
const (
	factorNotAsked = "not asked for"
	factorGiven    = "given here"
	factorByIdP    = "given at the identity provider"
)

// A session is that of a browser. The cookie has a random token, of which the digest is kept.
type session struct {
	digest       string
	User         string
	Provider     provider.ID // "" = with a password or a link
	SessionIndex string
	Began        time.Time
	Expires      time.Time
	Pending      bool // the second factor has yet to come: nothing but that is open
	facts
}

// facts are what else is kept of a session, as JSON.
type facts struct {
	How          string    `json:"how"`
	Factor       string    `json:"factor,omitempty"` // "" = pending
	Until        time.Time `json:"until,omitzero"`   // as the identity provider has said
	Enroll       string    `json:"enroll,omitempty"` // a secret for a user who has none, sealed
	Logout       string    `json:"logout,omitempty"` // [provider.SignIn.Logout]
	NameID       string    `json:"name_id,omitempty"`
	NameIDFormat string    `json:"name_id_format,omitempty"`
	AuthnInstant time.Time `json:"authn_instant,omitzero"`
	Evidence     string    `json:"evidence,omitempty"`
	Attributes   []fact    `json:"attributes,omitempty"`
}

// A fact is an attribute of an assertion.
type fact struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// sessions are kept in the database, so that any number of servers may share them, and end when a row is
// deleted.
type sessions struct {
	db       *sql.DB
	accounts *accounts
	now      func() time.Time
	secure   bool // the server is reached by https
}

// cookieName is that of a cookie, which over https no other host can set.
func (s *sessions) cookieName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

// The names of cookies, but for the prefix.
const (
	sessionCookie = "gatehouse-session"
	leavingCookie = "gatehouse-leaving"
)

func (s *sessions) setCookie(w http.ResponseWriter, name, value string, d time.Duration) {
	c := &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(d / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure,
	}
	if d <= 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// token returns what the cookie of a browser holds.
func (s *sessions) token(r *http.Request) string {
	c, err := r.Cookie(s.cookieName(sessionCookie))
	if err != nil {
		return ""
	}
	return c.Value
}

// Start implements provider.Sessions: for a person who has to have a second factor the session is pending.
func (s *sessions) Start(w http.ResponseWriter, r *http.Request, in provider.SignIn) error {
	v := session{
		User: in.User.ID, Provider: in.Provider, SessionIndex: in.SessionIndex,
		Pending: in.SecondFactor == provider.SecondFactorRequired,
		facts: facts{
			How: byProvider, Until: in.Until, Logout: in.Logout, NameID: in.NameID.Value, NameIDFormat: in.NameID.Format,
			AuthnInstant: in.AuthnInstant, Evidence: in.Evidence,
		},
	}
	for _, a := range in.Attributes {
		v.Attributes = append(v.Attributes, fact{a.Name, a.Values})
	}
	switch in.SecondFactor {
	case provider.SecondFactorByIdP:
		v.Factor = factorByIdP
	case provider.SecondFactorNotAsked:
		v.Factor = factorNotAsked
	default:
		// Who is vouched for and has no second factor yet may choose one now: see signin.go.
		known, err := s.accounts.get(r.Context(), v.User)
		if err != nil {
			return err
		}
		if known.factor == "" {
			v.Enroll = s.accounts.factor.seal(newFactor(), "enrollment "+v.User)
		}
	}
	return s.begin(w, r, v)
}

// begin stores a new session, in place of the one that the browser has, and sets its cookie.
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, v session) error {
	v.Began = s.now()
	v.Expires = v.end()
	text, err := json.Marshal(v.facts)
	if err != nil {
		return err
	}
	if err := s.end(w, r); err != nil {
		return err
	}
	token := rand.Text()
	_, err = s.db.ExecContext(r.Context(), `INSERT INTO server_sessions
		(digest, user_id, provider, session_index, began, expires, pending, rest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		digest(token), v.User, string(v.Provider), v.SessionIndex, v.Began.UnixMilli(), v.Expires.UnixMilli(), number(v.Pending), string(text))
	if err != nil {
		return fmt.Errorf("cannot keep the session: %w", err)
	}
	s.setCookie(w, sessionCookie, token, v.Expires.Sub(v.Began))
	return nil
}

// end returns when a session ends.
func (v *session) end() time.Time {
	end := v.Began.Add(sessionFor)
	if v.Pending {
		end = v.Began.Add(pendingFor)
	}
	if !v.Until.IsZero() && v.Until.Before(end) {
		end = v.Until
	}
	return end
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// pass ends the wait for the second factor. The token is another one from then on: whoever has seen the one
// from before has nothing.
func (s *sessions) pass(w http.ResponseWriter, r *http.Request, v session) error {
	v.Pending, v.Factor, v.Enroll = false, factorGiven, ""
	v.Expires = v.end()
	text, err := json.Marshal(v.facts)
	if err != nil {
		return err
	}
	token := rand.Text()
	n, err := changed(r.Context(), s.db, "UPDATE server_sessions SET digest = $1, expires = $2, pending = 0, rest = $3 WHERE digest = $4 AND pending = 1",
		digest(token), v.Expires.UnixMilli(), string(text), v.digest)
	if err == nil && n != 1 {
		return provider.ErrOver
	}
	if err != nil {
		return err
	}
	s.setCookie(w, sessionCookie, token, v.Expires.Sub(s.now()))
	return nil
}

// read returns the session of a browser, or provider.ErrOver if there is none.
func (s *sessions) read(r *http.Request) (v session, err error) {
	token := s.token(r)
	if token == "" {
		return v, provider.ErrOver
	}
	var began, expires, pending int64
	var text string
	v.digest = digest(token)
	err = s.db.QueryRowContext(r.Context(), `SELECT user_id, provider, session_index, began, expires, pending, rest
		FROM server_sessions WHERE digest = $1`, v.digest).
		Scan(&v.User, &v.Provider, &v.SessionIndex, &began, &expires, &pending, &text)
	if errors.Is(err, sql.ErrNoRows) || err == nil && expires <= s.now().UnixMilli() {
		return session{}, provider.ErrOver
	}
	if err != nil {
		return session{}, err
	}
	v.Began, v.Expires, v.Pending = time.UnixMilli(began).UTC(), time.UnixMilli(expires).UTC(), pending != 0
	return v, json.Unmarshal([]byte(text), &v.facts)
}

// end deletes the session of a browser, if there is one, and its cookie.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) error {
	token := s.token(r)
	if token == "" {
		return nil
	}
	s.setCookie(w, sessionCookie, "", 0)
	_, err := s.db.ExecContext(r.Context(), "DELETE FROM server_sessions WHERE digest = $1", digest(token))
	return err
}

// endOthers ends all sessions of a user but one, those too that wait for a second factor.
func (s *sessions) endOthers(ctx context.Context, v session) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM server_sessions WHERE user_id = $1 AND digest <> $2", v.User, v.digest)
	return err
}

// Kill implements provider.Sessions.
func (s *sessions) Kill(ctx context.Context, k provider.Kill) error {
	where, args := []string{"1 = 1"}, []any{}
	add := func(column string, values ...string) {
		var marks []string
		for _, v := range values {
			args = append(args, v)
			marks = append(marks, fmt.Sprintf("$%d", len(args)))
		}
		where = append(where, column+" IN ("+strings.Join(marks, ", ")+")")
	}
	if k.User != "" {
		add("user_id", k.User)
	}
	if k.Provider != "" {
		add("provider", string(k.Provider))
	}
	if len(k.Sessions) > 0 {
		add("session_index", k.Sessions...)
	}
	if len(args) == 0 {
		return errors.New("this would end all sessions")
	}
	_, err := s.db.ExecContext(ctx, "DELETE FROM server_sessions WHERE "+strings.Join(where, " AND "), args...)
	return err
}

// count returns how many sessions a user has.
func (s *sessions) count(ctx context.Context, user string) (n int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT count(*) FROM server_sessions WHERE user_id = $1 AND expires > $2 AND pending = 0",
		user, s.now().UnixMilli()).Scan(&n)
	return n, err
}

// prune forgets sessions that are over.
func (s *sessions) prune(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM server_sessions WHERE expires <= $1", s.now().UnixMilli())
	return err
}
