package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
)

const (
	sessionFor    = 12 * time.Hour
	sessionCookie = "gatehouse-session"
	signOutPath   = "/sign-out"
)

// A session is what a cookie carries: no server keeps it, so that any number of them may share a
// database. Whether it is over says [provider.Service.Check], at each request.
type session struct {
	User     string      `json:"u"`
	Provider provider.ID `json:"p"`
	UserName string      `json:"n"`
	Began    time.Time   `json:"b"`
	Until    time.Time   `json:"e"`
	Logout   string      `json:"l,omitempty"`
}

// sessions are sealed in cookies.
type sessions struct {
	key cipher.AEAD
	now func() time.Time
}

// sessionKey makes the key of cookies of a seal.
func sessionKey(seal []byte) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, seal, nil, "session cookies of the reference server", 32)
	if err != nil {
		panic(err) // the length is fixed
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// Start implements provider.Sessions. A person who has to have a second factor is not let in: this
// server cannot ask for one yet.
func (s sessions) Start(w http.ResponseWriter, r *http.Request, in provider.SignIn) error {
	if in.SecondFactor == provider.SecondFactorRequired {
		return nil
	}
	now := s.now()
	v := session{User: in.User.ID, Provider: in.Provider, UserName: in.User.UserName, Began: now, Until: now.Add(sessionFor), Logout: in.Logout}
	if !in.Until.IsZero() && in.Until.Before(v.Until) {
		v.Until = in.Until
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.set(w, base64.RawURLEncoding.EncodeToString(s.key.Seal(nil, nil, text, nil)), int(time.Until(v.Until)/time.Second))
	return nil
}

// Kill implements provider.Sessions: what is revoked is over at the next request already.
func (sessions) Kill(context.Context, provider.Kill) error { return nil }

// read returns what the cookie of a browser carries.
func (s sessions) read(r *http.Request) (v session, ok bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return v, false
	}
	data, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return v, false
	}
	text, err := s.key.Open(nil, nil, data, nil)
	if err != nil || json.Unmarshal(text, &v) != nil || !s.now().Before(v.Until) {
		return session{}, false
	}
	return v, true
}

// end deletes the cookie.
func (s sessions) end(w http.ResponseWriter) { s.set(w, "", -1) }

func (s sessions) set(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
