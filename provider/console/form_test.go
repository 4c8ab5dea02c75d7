package console_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
)

// TestFormsAgain: a form that was refused has all that was entered.
func TestFormsAgain(t *testing.T) {
	s := newSite(t)
	p := s.Connect(s.IdP(), "Acme", "acme.test")
	s.Connect(s.IdP(), "Other", "other.test")
	draft := s.begin("draft.test")
	root := "/providers/" + string(p.ID)

	page := s.post(root+"/settings", url.Values{"version": {p.Version}, "name": {"Other"}, "domains": {"acme.test\nb.test"}, "match": {"work email"}, "idp_initiated": {"1"}, "bypass_shown": {""}}, 422)
	s.contains(page, `name="name" maxlength="128" value="Other"`, ">acme.test\nb.test</textarea>", `value="work email" checked`, `name="idp_initiated" value="1" checked`)
	page = s.post(root+"/settings", url.Values{"version": {p.Version}, "name": {""}, "domains": {"/"}, "match": {""}, "bypass_shown": {""}}, 422)
	s.contains(page, `name="name" maxlength="128" value=""`, ">/</textarea>")

	page = s.post(draft+"/identifiers", url.Values{"entity_id": {"a b"}, "reply_url": {"https://elsewhere.example/acs"}}, 422)
	s.contains(page, "<details open><summary>Your identity provider has other", `value="a b"`, `value="https://elsewhere.example/acs"`)

	page = s.post(root+"/policy", url.Values{"max_age": {"x"}, "signed": {"both"}, "format": {"f"}, "contexts": {"c1 c2"}, "post": {"1"}, "sha1": {"1"}}, 422)
	s.contains(page, "<details open><summary><h2>Sign-in policy", `value="both" selected`, `name="format" class="mono" value="f"`, ">c1 c2</textarea>", `inputmode="numeric" value="x"`, `name="post" value="1" checked`, `name="sha1" value="1" checked`)
	if strings.Contains(page, `name="merge" value="1" checked`) {
		t.Error("a box is ticked that was not")
	}

	page = s.post(root+"/links", url.Values{"for": {"Jane"}, "valid": {"30"}, "power": {"tokens", "users"}, "code": {"wrong"}}, 422)
	s.contains(page, `value="Jane"`, `value="30" selected`, `value="tokens" checked`, `value="users" checked`)
	if strings.Contains(page, `value="enable" checked`) || strings.Contains(page, `value="7" selected`) {
		t.Errorf("a choice that was not made:\n%s", page)
	}
}

// TestFormsWithout: what a form does not have stays.
func TestFormsWithout(t *testing.T) {
	s := newSite(t)
	p := s.Connect(s.IdP(), "Acme", "acme.test")
	ctx, root := t.Context(), "/providers/"+string(p.ID)
	if _, err := s.Change(ctx, providertest.Admin, p.ID, provider.Change{AllowIdPInitiated: new(true), Match: new(provider.MatchWorkEmail)}); err != nil {
		t.Fatal(err)
	}
	s.post(root+"/settings", url.Values{"name": {"Acme Ltd"}}, 200)
	got, err := s.Provider(ctx, providertest.Admin, p.ID)
	if err != nil || got.Name != "Acme Ltd" || !slices.Equal(got.Domains, []string{"acme.test"}) || !got.AllowIdPInitiated || got.Match != provider.MatchWorkEmail {
		t.Errorf("settings %+v, %v", got, err)
	}
	s.post(root+"/settings", url.Values{"domains": {"b.test"}, "bypass_shown": {""}}, 200)
	got, err = s.Provider(ctx, providertest.Admin, p.ID)
	if err != nil || got.Name != "Acme Ltd" || !slices.Equal(got.Domains, []string{"b.test"}) || got.AllowIdPInitiated {
		t.Errorf("settings %+v, %v", got, err)
	}
	draft := s.begin("draft.test")
	s.post(draft+"/identifiers", url.Values{"entity_id": {"urn:ours"}}, 200)
	s.post(draft+"/identifiers", url.Values{"reply_url": {""}}, 200)
	if got, err = s.Provider(ctx, providertest.Admin, provider.ID(draft[len("/providers/"):])); err != nil || got.EntityID != "urn:ours" {
		t.Errorf("identifiers %q, %v", got.EntityID, err)
	}
}

// TestPolicyMaxAge: an age that is no whole minute stays what it is while other settings change.
func TestPolicyMaxAge(t *testing.T) {
	s := newSite(t)
	p := s.Connect(s.IdP(), "Acme", "acme.test")
	root := "/providers/" + string(p.ID)
	age := func() time.Duration {
		got, err := s.Provider(t.Context(), providertest.Admin, p.ID)
		if err != nil || got.Candidate == nil {
			t.Fatal(got.Candidate, err)
		}
		return got.Candidate.Policy.MaxAuthnAge
	}
	if _, err := s.SetPolicy(t.Context(), providertest.Admin, p.ID, provider.SignInPolicy{MaxAuthnAge: 90 * time.Second}); err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`name="max_age" inputmode="numeric" value="([^"]*)"`).FindStringSubmatch(s.get(root, 200))[1]
	s.post(root+"/policy", url.Values{"max_age": {shown}, "post": {"1"}}, 200)
	if got := age(); got != 90*time.Second {
		t.Errorf("the age is %v", got)
	}
	s.post(root+"/policy", url.Values{"max_age": {"5"}}, 200)
	if got := age(); got != 5*time.Minute {
		t.Errorf("the age is %v", got)
	}
	s.post(root+"/policy", url.Values{"max_age": {""}}, 200)
	if got := age(); got != 0 {
		t.Errorf("the age is %v", got)
	}
}
