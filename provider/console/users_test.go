package console_test

import (
	"errors"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
)

// TestUserAgain: the form of a user that was refused has all that was entered.
func TestUserAgain(t *testing.T) {
	s := newSite(t)
	u := s.Host.User(scim.User{UserName: "ada@acme.test", Active: true})
	page := s.post("/users/"+u.ID, url.Values{"version": {u.Version}, "active_shown": {"1"}, "organization": {"9"}, "user_type": {"endUser"}}, 422)
	if strings.Contains(page, `name="active" value="1" checked`) {
		t.Error("who was to be deactivated is active in the form again")
	}
	s.contains(page, `name="version" value="`+u.Version+`"`)
}

// TestBulkFilter: whoever changes some of a filtered list is back in that list, and has it again if refused.
func TestBulkFilter(t *testing.T) {
	s := newSite(t)
	ada := s.Host.User(scim.User{UserName: "ada@acme.test", Active: true})
	s.Host.User(scim.User{UserName: "bob@acme.test", Active: true})
	page := s.get("/users?q=ada&done=user", 200)
	action := html.UnescapeString(regexp.MustCompile(`action="[^"]*(/users/authentication[^"]*)"`).FindStringSubmatch(page)[1])
	page = s.post(action, url.Values{"user": {ada.ID}, "authentication": {"fax"}}, 422)
	s.contains(page, `value="`+ada.ID+`" checked`, `value="ada"`)
	if strings.Contains(page, "bob@acme.test") {
		t.Error("refused: the filter is gone")
	}
	page = s.post(action, url.Values{"user": {ada.ID}, "authentication": {"sso"}}, 200)
	s.contains(page, "The authentication type was changed", "ada@acme.test")
	if strings.Contains(page, "bob@acme.test") {
		t.Error("changed: the filter is gone")
	}
}

// TestLater: what cannot be finished now says when to try again.
func TestLater(t *testing.T) {
	s := newSite(t)
	u := s.Host.User(scim.User{UserName: "ada@acme.test", Active: true})
	s.KillError = errors.New("down")
	r, err := s.browser.PostForm(s.url+"/users/"+u.ID, url.Values{"version": {u.Version}, "active_shown": {"1"}})
	if err == nil && r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.contains(s.read("POST", r, err, 503), "Not now", "Incident")
}
