package provider_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// codeOf signs in on the way to an app, and returns the code.
func (s *site) codeOf() string {
	s.t.Helper()
	client := providertest.Browser(s.t)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r := begin(s.t, client, s.StartURL(s.p.ID)+"?return="+url.QueryEscape("https://app.example.com/in"))
	response, err := client.PostForm(r.ACS, s.answer(r))
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	to, err := response.Location()
	if err != nil {
		s.t.Fatal(err)
	}
	return to.Query().Get("code")
}

// user returns the person of a site as the store has it.
func (s *site) user() scim.User {
	s.t.Helper()
	for _, u := range s.allUsers() {
		if u.UserName == person {
			return u
		}
	}
	s.t.Fatal("the person is gone")
	return scim.User{}
}

func (s *site) allUsers() []scim.User {
	s.t.Helper()
	page, err := s.Config.Stores.Users.Users(s.t.Context(), providertest.Tenant, scim.Query{Scope: scim.Scope{All: true}, Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	return page.Items
}

// update changes the person of a site.
func (s *site) update(change func(*scim.User)) {
	s.t.Helper()
	u := s.user()
	change(&u)
	if _, err := s.Config.Stores.Users.UpdateUser(s.t.Context(), providertest.Tenant, u); err != nil {
		s.t.Fatal(err)
	}
}

// disable disables a provider.
func disable(t *testing.T, h *providertest.Host, id provider.ID) {
	t.Helper()
	if _, err := h.Disable(t.Context(), providertest.Admin, id, h.Proof(provider.ActionDisable, id)); err != nil {
		t.Error(err)
	}
}

// TestRedeemLater: a code is no way around what has happened since it was made.
func TestRedeemLater(t *testing.T) {
	t.Parallel()
	for what, act := range map[string]func(*site){
		"the provider is disabled": func(s *site) { disable(t, s.Host, s.p.ID) },
		"it was disabled and enabled": func(s *site) {
			disable(t, s.Host, s.p.ID)
			if _, err := s.Enable(t.Context(), providertest.Admin, s.p.ID); err != nil {
				t.Fatal(err)
			}
		},
		"another provider manages the user": func(s *site) { s.update(func(u *scim.User) { u.ManagedBy = "another" }) },
		"the sessions of the user are revoked": func(s *site) {
			err := s.Config.Store.PutRevocation(t.Context(), providertest.Tenant, provider.Revocation{User: s.user().ID, At: s.Clock.Now(), Until: s.Clock.Now().Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
		},
		"the provider is disabled in the store": func(s *site) {
			p, err := s.Provider(t.Context(), providertest.Admin, s.p.ID)
			if err != nil {
				t.Fatal(err)
			}
			p.Enabled = false
			if _, err := s.Config.Store.PutProvider(t.Context(), providertest.Tenant, p); err != nil {
				t.Fatal(err)
			}
		},
		"the user is deleted": func(s *site) {
			u := s.user()
			if err := s.Config.Stores.Users.DeleteUser(t.Context(), providertest.Tenant, u.ID, u.Version); err != nil {
				t.Fatal(err)
			}
		},
		"the user is inactive": func(s *site) { s.update(func(u *scim.User) { u.Active = false }) },
		"the user is native":   func(s *site) { s.update(func(u *scim.User) { u.SSO = false }) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(c *provider.Config) { c.Returns = []string{"https://app.example.com"} })
			code := s.codeOf()
			s.Clock.Add(time.Second)
			act(s)
			s.Clock.Add(time.Second)
			if in, err := s.Redeem(t.Context(), providertest.Tenant, code); !errors.Is(err, provider.ErrCode) {
				t.Errorf("%+v, %v; want ErrCode", in, err)
			}
		})
	}
}

// TestRedeemAsNow: whether a second factor is asked for is as the user is now.
func TestRedeemAsNow(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *provider.Config) { c.Returns = []string{"https://app.example.com"} })
	code := s.codeOf()
	s.update(func(u *scim.User) { u.NinjaOne.UserType = extension.Technician })
	in, err := s.Redeem(t.Context(), providertest.Tenant, code)
	if err != nil || in.SecondFactor != provider.SecondFactorRequired {
		t.Errorf("%q, %v; want a second factor of somebody who has become a technician", in.SecondFactor, err)
	}
}

// TestRedeemEvidence: a second factor at the identity provider counts by way of a code too, as long as the
// bypass is on.
func TestRedeemEvidence(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *provider.Config) { c.Returns = []string{"https://app.example.com"} })
	s.update(func(u *scim.User) { u.NinjaOne.UserType = extension.Technician })
	for _, bypass := range []bool{true, false} {
		change := func(on bool) {
			p, err := s.Provider(t.Context(), providertest.Admin, s.p.ID)
			if err != nil {
				t.Fatal(err)
			}
			p.BypassMFA = on
			if _, err := s.Config.Store.PutProvider(t.Context(), providertest.Tenant, p); err != nil {
				t.Fatal(err)
			}
		}
		change(true)
		s.attributes = []samltest.Attribute{samltest.EntraMFA()}
		code := s.codeOf()
		change(bypass)
		in, err := s.Redeem(t.Context(), providertest.Tenant, code)
		want := provider.SecondFactorRequired
		if bypass {
			want = provider.SecondFactorByIdP
		}
		if err != nil || in.SecondFactor != want || (in.Evidence != "") != bypass {
			t.Errorf("bypass %v: %q %q, %v", bypass, in.SecondFactor, in.Evidence, err)
		}
	}
}

// TestRevokedMeanwhile: a session that the host starts while the person loses the right to it does not
// stay: the host has ended those that were there before.
func TestRevokedMeanwhile(t *testing.T) {
	t.Parallel()
	for what, act := range map[string]func(s *site){
		"disabled": func(s *site) { disable(t, s.Host, s.p.ID) },
		"disabled and enabled": func(s *site) {
			disable(t, s.Host, s.p.ID)
			if _, err := s.Enable(t.Context(), providertest.Admin, s.p.ID); err != nil {
				t.Error(err)
			}
		},
		"deactivated": func(s *site) { s.update(func(u *scim.User) { u.Active = false }) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var s *site
			armed := false
			s = newSite(t, func(c *provider.Config) {
				c.SecondFactor = func(context.Context, scim.TenantID, scim.User) (bool, error) {
					if armed {
						armed = false
						s.Clock.Add(time.Second)
						act(s)
					}
					return false, nil
				}
			})
			client := providertest.Browser(t)
			r := begin(t, client, s.StartURL(s.p.ID))
			armed = true
			status, page := post(t, client, r.ACS, s.answer(r))
			if armed {
				t.Fatal("nothing has happened meanwhile")
			}
			if status != http.StatusForbidden {
				t.Errorf("%d %s", status, page)
			}
			s.in(client, false, what)
			if n := len(s.Sessions()); n != 0 {
				t.Errorf("%d sessions are left", n)
			}
		})
	}
}

// faltering is a store that may be down.
type faltering struct {
	provider.Store
	down, readOnly bool
}

var errDown = errors.New("down")

func (f *faltering) Revocations(ctx context.Context, tenant scim.TenantID, user string, id provider.ID) ([]provider.Revocation, error) {
	if f.down {
		f.down = false
		return nil, errDown
	}
	return f.Store.Revocations(ctx, tenant, user, id)
}

func (f *faltering) Transact(ctx context.Context, tenant scim.TenantID, do func(context.Context, provider.Store) error) error {
	if f.readOnly {
		return errDown
	}
	return f.Store.Transact(ctx, tenant, do)
}

// starting does something when a session has started.
type starting struct {
	provider.Sessions
	then func()
}

func (s starting) Start(w http.ResponseWriter, r *http.Request, in provider.SignIn) error {
	defer s.then()
	return s.Sessions.Start(w, r, in)
}

// TestNobodyKnows: a session does not stay either when no store says whether it may, or takes down that
// it may not.
func TestNobodyKnows(t *testing.T) {
	t.Parallel()
	for _, readOnly := range []bool{false, true} {
		store := &faltering{}
		s := newSite(t, func(c *provider.Config) {
			store.Store = c.Store
			c.Store = store
			c.Sessions = starting{c.Sessions, func() { store.down, store.readOnly = true, readOnly }}
		})
		client := providertest.Browser(t)
		r := begin(t, client, s.StartURL(s.p.ID))
		if status, page := post(t, client, r.ACS, s.answer(r)); status != http.StatusServiceUnavailable || s.Reasons(s.p.ID)[0] != provider.ReasonStore {
			t.Errorf("read-only %v: %d %s; %v", readOnly, status, page, s.Reasons(s.p.ID))
		}
		s.in(client, false, "nobody knows")
		list, err := store.Store.Revocations(t.Context(), providertest.Tenant, s.user().ID, s.p.ID)
		if err != nil || (len(list) == 1) == readOnly {
			t.Errorf("read-only %v: revocations %v, %v", readOnly, list, err)
		}
	}
}
