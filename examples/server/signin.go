package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"html/template"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

// Limits of what is typed.
const (
	maxForm     = 16 << 10 // bytes
	maxLogin    = 320      // as long as an e-mail address can be
	maxPassword = 1024
)

// notSignedIn is the one sentence for all that can be wrong with a name and a password: it tells nobody who
// exists, and everybody what to do.
const notSignedIn = "That did not work. Check the e-mail address and the password, and if they are right wait five minutes: " +
	"five wrong attempts lock an account that long."

// readForm reads a form that somebody has typed.
func (h *host) readForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		h.message(w, r, http.StatusBadRequest, "This form cannot be read", "Go back, reload the page, and try again.")
		return false
	}
	return true
}

// mayTry takes one attempt of an address, or says how long to wait.
func (h *host) mayTry(w http.ResponseWriter, r *http.Request) bool {
	if wait := h.addresses.take(addressKey(h.from(r))); wait > 0 {
		h.tooMany(w, r, wait)
		return false
	}
	return true
}

// showSignIn asks who it is. Somebody who is signed in already goes on.
func (h *host) showSignIn(w http.ResponseWriter, r *http.Request) {
	back := returnPath(r.URL.Query().Get("return"))
	s, _, err := h.current(r)
	switch {
	case err == nil && s.Pending:
		http.Redirect(w, r, signInAt(factorPath, back), http.StatusSeeOther)
	case err == nil:
		http.Redirect(w, r, back, http.StatusSeeOther)
	case !errors.Is(err, errSignedOut):
		h.down(w, r, err)
	default:
		problem := ""
		if _, err := r.Cookie(h.sessions.cookieName(sessionCookie)); err == nil {
			h.sessions.setCookie(w, sessionCookie, "", 0)
			problem = "Your session has ended. Sign in again."
		}
		h.askWho(w, r, http.StatusOK, problem, "", back, r.URL.Query().Get("way") == "password")
	}
}

// askWho shows the form for a name, and for a password if that is the way.
func (h *host) askWho(w http.ResponseWriter, r *http.Request, status int, problem, login, back string, password bool) {
	other := signInAt(signInPath, back)
	if !password {
		other = signInPath + "?" + url.Values{"way": {"password"}, "return": {back}}.Encode()
	}
	h.render(w, r, status, "signin", view{
		Title: "Sign in", Problem: problem, Return: back,
		Data: map[string]any{"Login": login, "Password": password, "Other": other},
	})
}

// signIn takes a name, and says which way; or a name and a password.
func (h *host) signIn(w http.ResponseWriter, r *http.Request) {
	if !h.mayTry(w, r) || !h.readForm(w, r) {
		return
	}
	back := returnPath(r.PostForm.Get("return"))
	login := strings.TrimSpace(r.PostForm.Get("login"))
	switch {
	case login == "" || len(login) > maxLogin:
		h.askWho(w, r, http.StatusUnprocessableEntity, "Enter your e-mail address.", "", back, r.PostForm.Has("password"))
	case r.PostForm.Has("password"):
		h.takePassword(w, r, login, r.PostForm.Get("password"), back)
	default:
		way, err := h.Discover(r.Context(), tenant, login, back)
		if err != nil {
			h.down(w, r, err)
			return
		}
		if way.Provider == "" {
			h.askWho(w, r, http.StatusOK, "", login, back, true)
			return
		}
		// No redirect: browsers hold the policy for forms against where one leads in the end, which is another site.
		h.render(w, r, http.StatusOK, "continue", view{
			Title: "Continue to your identity provider", Refresh: way.StartURL, Return: back,
			Data: map[string]any{"URL": way.StartURL, "Text": "You sign in at your identity provider, and come back here."},
		})
	}
}

// takePassword signs somebody in with a password, up to the second factor.
func (h *host) takePassword(w http.ResponseWriter, r *http.Request, login, password, back string) {
	ctx := r.Context()
	key := filter.Fold(login)
	if wait := h.logins.take(key); wait > 0 {
		h.tooMany(w, r, wait)
		return
	}
	user, err := h.mayUsePassword(r, login)
	if err == nil && len(password) > maxPassword {
		password = ""
	}
	if err == nil {
		err = h.accounts.checkPassword(ctx, user, password)
	}
	if _, locked := errors.AsType[*lockedError](err); locked || errors.Is(err, errWrong) {
		h.log.WarnContext(ctx, "a sign-in with a password was refused", "user", user, "from", h.from(r), "locked", locked)
		h.askWho(w, r, http.StatusUnauthorized, notSignedIn, login, back, true)
		return
	}
	if err == nil {
		h.logins.forget(key)
		err = h.sessions.begin(w, r, session{User: user, Pending: true, facts: facts{How: byPassword}})
	}
	if err != nil {
		h.down(w, r, err)
		return
	}
	http.Redirect(w, r, signInAt(factorPath, back), http.StatusSeeOther)
}

// mayUsePassword returns the ID of a user of a name who may sign in with a password, "" if there is none.
func (h *host) mayUsePassword(r *http.Request, login string) (string, error) {
	u, err := h.userNamed(r.Context(), login)
	if errors.Is(err, scim.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if may, err := h.MayUsePassword(r.Context(), tenant, u.ID); err != nil || !may {
		return "", err
	}
	return u.ID, nil
}

// showLink shows the button that uses a sign-in link: programs that look at links press none.
func (h *host) showLink(w http.ResponseWriter, r *http.Request) {
	h.render(w, r, http.StatusOK, "link", view{Title: "Sign in", Data: r.URL.Query().Get("t")})
}

// useLink signs somebody in with a link, up to the second factor.
func (h *host) useLink(w http.ResponseWriter, r *http.Request) {
	if !h.mayTry(w, r) || !h.readForm(w, r) {
		return
	}
	user, err := h.accounts.useLink(r.Context(), r.PostForm.Get("t"))
	if err == nil {
		var may bool
		if may, err = h.MayUsePassword(r.Context(), tenant, user); err == nil && !may {
			err = errWrong
		}
	}
	if errors.Is(err, errWrong) {
		h.message(w, r, http.StatusForbidden, "This link is not good any more", "A sign-in link works once, within 15 minutes. Sign in with the password, or have \"server admin reset\" make another link.")
		return
	}
	if err == nil {
		err = h.sessions.begin(w, r, session{User: user, Pending: true, facts: facts{How: byLink}})
	}
	if err != nil {
		h.down(w, r, err)
		return
	}
	http.Redirect(w, r, factorPath, http.StatusSeeOther)
}

// pending returns the session that waits for a second factor, or sends the browser where it belongs.
func (h *host) pending(w http.ResponseWriter, r *http.Request, back string) (s session, u scim.User, ok bool) {
	s, u, err := h.current(r)
	switch {
	case errors.Is(err, errSignedOut):
		http.Redirect(w, r, signInAt(signInPath, back), http.StatusSeeOther)
	case err != nil:
		h.down(w, r, err)
	case !s.Pending:
		http.Redirect(w, r, back, http.StatusSeeOther)
	default:
		return s, u, true
	}
	return s, u, false
}

// showFactor asks for the second factor.
func (h *host) showFactor(w http.ResponseWriter, r *http.Request) {
	back := returnPath(r.URL.Query().Get("return"))
	if s, u, ok := h.pending(w, r, back); ok {
		h.askFactor(w, r, http.StatusOK, s, u, back, "")
	}
}

// enrollment is what an app has to know, for a person who has no second factor yet.
type enrollment struct {
	Secret string
	URI    template.URL // of a scheme that no script has
	Image  template.URL // a QR code of it
}

func (h *host) askFactor(w http.ResponseWriter, r *http.Request, status int, s session, u scim.User, back, problem string) {
	data := map[string]any{"UserName": u.UserName, "Hint": h.factorHint(r), "Demo": h.admin.demo && s.User == h.admin.id}
	title := "Enter your code"
	if s.Enroll != "" {
		secret, err := h.accounts.factor.open(s.Enroll, "enrollment "+s.User)
		if err != nil {
			h.down(w, r, err)
			return
		}
		uri := factorURI(u.UserName, secret)
		data["Enroll"] = &enrollment{spaced(secret), template.URL(uri), template.URL(qrCode(uri))}
		title = "Set up your second factor"
	}
	h.render(w, r, status, "factor", view{Title: title, Problem: problem, Return: back, Data: data})
}

// spaced writes a secret in groups, for whoever types it.
func spaced(secret string) string {
	var b strings.Builder
	for i, c := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// qrCode returns a picture as a URL, "" if it cannot be made: the secret is beside it.
func qrCode(uri string) string {
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		return ""
	}
	picture, err := key.Image(240, 240)
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	if png.Encode(&b, picture) != nil {
		return ""
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// giveFactor takes the second factor, and the session begins.
func (h *host) giveFactor(w http.ResponseWriter, r *http.Request) {
	if !h.mayTry(w, r) || !h.readForm(w, r) {
		return
	}
	back := returnPath(r.PostForm.Get("return"))
	s, u, ok := h.pending(w, r, back)
	if !ok {
		return
	}
	ctx, code := r.Context(), r.PostForm.Get("code")
	var err error
	if s.Enroll != "" {
		var secret string
		if secret, err = h.accounts.factor.open(s.Enroll, "enrollment "+s.User); err == nil {
			err = h.accounts.enroll(ctx, s.User, secret, code)
		}
	} else {
		err = h.accounts.checkCode(ctx, s.User, code)
	}
	if locked, ok := errors.AsType[*lockedError](err); ok {
		h.log.WarnContext(ctx, "a second factor was not looked at: the account is locked", "user", s.User, "from", h.from(r))
		h.tooMany(w, r, locked.wait)
		return
	}
	if errors.Is(err, errWrong) {
		h.log.WarnContext(ctx, "a second factor was refused", "user", s.User, "from", h.from(r))
		h.askFactor(w, r, http.StatusUnauthorized, s, u, back, "That code was not taken. Enter the one that is shown now; each works once.")
		return
	}
	if err == nil {
		err = h.recordSignIn(r, s)
	}
	if err == nil {
		err = h.sessions.pass(w, r, s)
	}
	if errors.Is(err, provider.ErrOver) {
		http.Redirect(w, r, signInAt(signInPath, back), http.StatusSeeOther)
		return
	}
	if err != nil {
		h.down(w, r, err)
		return
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// recordSignIn makes an event of a sign-in that no identity provider has made, as the library does of its own.
func (h *host) recordSignIn(r *http.Request, s session) error {
	if s.Provider != "" {
		return nil
	}
	_, err := h.db.providers.Record(r.Context(), tenant, true, provider.Event{
		Time: h.now().UTC().Truncate(time.Millisecond), Tenant: tenant, Type: provider.EventSignedIn, User: s.User, From: h.from(r),
		Details: map[string]string{"second_factor": factorGiven},
	})
	return err
}

// signOut ends the session here, and sends the browser to end it at the identity provider.
func (h *host) signOut(w http.ResponseWriter, r *http.Request) {
	s, err := h.sessions.read(r)
	if err != nil && !errors.Is(err, provider.ErrOver) {
		h.down(w, r, err)
		return
	}
	if err := h.sessions.end(w, r); err != nil {
		h.down(w, r, err)
		return
	}
	if s.Logout == "" {
		http.Redirect(w, r, signedOutPath, http.StatusSeeOther)
		return
	}
	h.sessions.setCookie(w, leavingCookie, url.QueryEscape(s.Logout), leavingFor)
	h.render(w, r, http.StatusOK, "continue", view{
		Title: "You have signed out here", Refresh: leavePath,
		Data: map[string]any{"URL": leavePath, "Text": "Your session at the identity provider ends next."},
	})
}

// leave ends the session at the identity provider, after the one here.
func (h *host) leave(w http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie(h.sessions.cookieName(leavingCookie))
	if err == nil {
		h.sessions.setCookie(w, leavingCookie, "", 0)
		if ticket, err := url.QueryUnescape(c.Value); err == nil && h.StartLogout(w, r, tenant, ticket, signedOutPath) == nil {
			return
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
