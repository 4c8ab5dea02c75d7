package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

// roles are those of a host, with what was provisioned.
type roles struct {
	mu   sync.Mutex
	of   map[string][]string
	fail error
}

func (r *roles) List(context.Context, scim.TenantID) ([]provider.Role, error) {
	return []provider.Role{
		{ID: "desk", Name: "Help desk", UserType: extension.Technician},
		{ID: "night", Name: "Night shift", UserType: extension.Technician},
		{ID: "portal", Name: "Portal", UserType: extension.EndUser},
		{ID: "root", Name: "System administrator", UserType: extension.Technician, Administrator: true},
	}, nil
}

func (r *roles) SetProvisioned(_ context.Context, _ scim.TenantID, user string, list []string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return false, r.fail
	}
	changed := !slices.Equal(r.of[user], list)
	if r.of[user] = list; len(list) == 0 {
		delete(r.of, user)
	}
	return changed, nil
}

// has expects a user to have some roles from groups.
func (r *roles) has(t *testing.T, user, want string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := strings.Join(r.of[user], " "); got != want {
		t.Errorf("the user has the roles %q, want %q", got, want)
	}
}

// A staff is a provider with people and groups.
type staff struct {
	*providertest.Host
	t      *testing.T
	p      provider.Provider
	client scimtest.Host
	roles  *roles
}

func newStaff(t *testing.T, change ...func(*provider.Config)) *staff {
	r := &roles{of: map[string][]string{}}
	h := providertest.NewHost(t, append(change, func(c *provider.Config) { c.Roles = r })...)
	s := &staff{Host: h, t: t, roles: r, p: h.Connect(h.IdP(), "default")}
	_, s.client = h.Provision(s.p.ID)
	return s
}

func (s *staff) user(name, userType string) string {
	s.t.Helper()
	return ask(s.t, s.Host, s.client, http.MethodPost, "/Users", userBody(name+"@example.com", placed("1", userType)), http.StatusCreated)["id"].(string)
}

func (s *staff) group(name string, members ...string) string {
	s.t.Helper()
	body := fmt.Sprintf(`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": %q, "members": [%s]}`, name, values(members))
	return ask(s.t, s.Host, s.client, http.MethodPost, "/Groups", body, http.StatusCreated)["id"].(string)
}

func values(members []string) string {
	var list []string
	for _, m := range members {
		list = append(list, fmt.Sprintf(`{"value": %q}`, m))
	}
	return strings.Join(list, ", ")
}

func (s *staff) patch(path string, ops ...string) {
	s.t.Helper()
	want := http.StatusNoContent
	if strings.HasPrefix(path, "/Users") {
		want = http.StatusOK
	}
	ask(s.t, s.Host, s.client, http.MethodPatch, path, patch(ops...), want)
}

func (s *staff) mapRoles(mapping ...provider.RoleMapping) {
	s.t.Helper()
	if _, err := s.MapRoles(s.t.Context(), providertest.Admin, s.p.ID, mapping); err != nil {
		s.t.Fatal(err)
	}
}

// TestRoles follows people through groups.
func TestRoles(t *testing.T) {
	s := newStaff(t)
	ada, bob, eve := s.user("ada", "Technician"), s.user("bob", "Technician"), s.user("eve", "endUser")
	desk, night := s.group("Desk", ada, eve), s.group("Night", ada)
	s.mapRoles(provider.RoleMapping{Group: desk, Roles: []string{"desk", "portal"}}, provider.RoleMapping{Group: night, Roles: []string{"night", "desk"}})
	s.roles.has(t, ada, "")
	maintain(t, s.Host)
	s.roles.has(t, ada, "desk night")
	s.roles.has(t, eve, "portal")
	if n := len(eventsOf(t, s.Host, provider.EventRoleSkipped)); n != 2 {
		t.Errorf("%d roles of the wrong type were recorded, want 2", n)
	}

	s.patch("/Groups/"+night, `{"op": "Remove", "path": "members", "value": [{"value": "`+ada+`"}]}`)
	s.roles.has(t, ada, "desk") // the other group gives it too
	s.patch("/Groups/"+night, `{"op": "Add", "path": "members", "value": [{"value": "`+bob+`"}]}`)
	s.roles.has(t, bob, "desk night")
	s.patch("/Groups/"+night, `{"op": "Replace", "path": "displayName", "value": "Nights"}`)
	s.roles.has(t, bob, "desk night")
	s.patch("/Groups/"+night, `{"op": "Replace", "path": "members", "value": [{"value": "`+ada+`"}]}`)
	s.roles.has(t, bob, "")
	s.roles.has(t, ada, "desk night")

	s.patch("/Users/"+ada, `{"op": "Replace", "path": "`+urn+`:userType", "value": "endUser"}`)
	s.roles.has(t, ada, "portal")
	s.patch("/Users/"+ada, `{"op": "Replace", "path": "`+urn+`:userType", "value": "Technician"}`)
	s.roles.has(t, ada, "desk night")

	ask(t, s.Host, s.client, http.MethodDelete, "/Groups/"+night, "", http.StatusNoContent)
	s.roles.has(t, ada, "desk")
	s.mapRoles(provider.RoleMapping{Group: desk, Roles: []string{"portal"}})
	maintain(t, s.Host)
	s.roles.has(t, ada, "")
	s.roles.has(t, eve, "portal")
	ask(t, s.Host, s.client, http.MethodDelete, "/Users/"+eve, "", http.StatusNoContent)
	s.roles.has(t, eve, "")
	if left, err := s.Host.Config.Store.Queued(t.Context(), provider.Queued{}, 10); err != nil || len(left) != 0 {
		t.Errorf("still queued: %v, %v", left, err)
	}
}

// TestRolesLater has the host fail, and more people than are waited for.
func TestRolesLater(t *testing.T) {
	s := newStaff(t)
	var all []string
	for n := range 60 {
		all = append(all, s.user(fmt.Sprint("user", n), "Technician"))
	}
	g := s.group("Desk")
	s.mapRoles(provider.RoleMapping{Group: g, Roles: []string{"desk"}})
	s.roles.fail = errors.New("down")
	s.patch("/Groups/"+g, `{"op": "Add", "path": "members", "value": [`+values(all[:1])+`]}`)
	maintain(t, s.Host)
	s.roles.has(t, all[0], "")
	s.roles.fail = nil
	s.patch("/Groups/"+g, `{"op": "Add", "path": "members", "value": [`+values(all[1:])+`]}`)
	if n := len(s.roles.of); n != 50 {
		t.Errorf("%d have the role before the answer, want 50", n)
	}
	maintain(t, s.Host)
	for _, u := range all {
		s.roles.has(t, u, "desk")
	}
	s.patch("/Groups/"+g, `{"op": "Remove", "path": "members"}`)
	maintain(t, s.Host)
	if len(s.roles.of) != 0 {
		t.Errorf("%d still have the role", len(s.roles.of))
	}
}

func TestMapRolesRefuses(t *testing.T) {
	s := newStaff(t)
	ctx, admin := t.Context(), providertest.Admin
	refused := func(words string, mapping ...provider.RoleMapping) {
		t.Helper()
		_, err := s.MapRoles(ctx, admin, s.p.ID, mapping)
		if problem, ok := errors.AsType[*provider.Problem](err); !ok || !strings.Contains(problem.Detail, words) {
			t.Errorf("%v: %v, want a problem about %q", mapping, err, words)
		}
		if _, preview := s.PreviewRoles(ctx, admin, s.p.ID, mapping); preview == nil || preview.Error() != err.Error() {
			t.Errorf("the preview says %v, not %v", preview, err)
		}
	}
	refused("No group was received", provider.RoleMapping{Group: "x", Roles: []string{"desk"}})
	g := s.group("Desk", s.user("ada", "Technician"))
	native, err := s.Host.Config.Stores.Groups.CreateGroup(ctx, providertest.Tenant, scim.Group{Meta: scim.Meta{ID: "native"}, DisplayName: "Native"}, scim.MemberChange{})
	if err != nil {
		t.Fatal(err)
	}
	refused("no group", provider.RoleMapping{Group: "x", Roles: []string{"desk"}})
	refused("no group", provider.RoleMapping{Group: native.ID, Roles: []string{"desk"}})
	refused("mapped twice", provider.RoleMapping{Group: g, Roles: []string{"desk"}}, provider.RoleMapping{Group: g, Roles: []string{"night"}})
	refused("0 roles", provider.RoleMapping{Group: g})
	refused("no role", provider.RoleMapping{Group: g, Roles: []string{"nobody's"}})
	refused("administrator", provider.RoleMapping{Group: g, Roles: []string{"root"}})
	grants := everything
	grants.Roles = []string{"night"}
	grant(t, s.Host, s.p.ID, provider.Provisioning{Grants: grants})
	refused("may not hand out", provider.RoleMapping{Group: g, Roles: []string{"desk"}})
	s.mapRoles(provider.RoleMapping{Group: g, Roles: []string{"night"}})
	grants.Roles = nil
	_, err = s.SetGrants(ctx, admin, s.p.ID, provider.Provisioning{Grants: grants}, s.Host.Proof(provider.ActionGrants, s.p.ID))
	if problem, ok := errors.AsType[*provider.Problem](err); !ok || !strings.Contains(problem.Detail, "night") {
		t.Errorf("a role that is given was taken from the grants: %v", err)
	}
	if _, err := s.MapRoles(ctx, providertest.Actor("other"), s.p.ID, nil); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("for another tenant: %v, want ErrNotFound", err)
	}
}

// TestRolesOfOthers has a provider put the people of another one into its groups, and map the other's.
func TestRolesOfOthers(t *testing.T) {
	s := newStaff(t)
	ada := s.user("ada", "Technician")
	theirs := s.group("Desk", ada)
	b := s.Connect(s.IdP(), "b", "b.example")
	_, client := s.Provision(b.ID)
	grants := everything
	grants.AnyRole = true
	grant(t, s.Host, b.ID, provider.Provisioning{Grants: grants})
	own := ask(t, s.Host, client, http.MethodPost, "/Groups", `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Desk"}`, http.StatusCreated)["id"].(string)
	if _, err := s.MapRoles(t.Context(), providertest.Admin, b.ID, []provider.RoleMapping{{Group: theirs, Roles: []string{"desk"}}}); err == nil {
		t.Error("a provider has mapped the group of another")
	}
	if _, err := s.MapRoles(t.Context(), providertest.Admin, b.ID, []provider.RoleMapping{{Group: own, Roles: []string{"desk"}}}); err != nil {
		t.Fatal(err)
	}
	s.Ask(client, http.MethodPatch, "/Groups/"+own, patch(`{"op": "Add", "path": "members", "value": [{"value": "`+ada+`"}]}`))
	maintain(t, s.Host)
	s.roles.has(t, ada, "")
	// Also where the membership is there: whoever manages the user decides.
	g, err := s.Host.Config.Stores.Groups.Group(t.Context(), providertest.Tenant, own)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Host.Config.Stores.Groups.UpdateGroup(t.Context(), providertest.Tenant, g, scim.MemberChange{Add: []string{ada}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Host.Config.Store.Enqueue(t.Context(), providertest.Tenant, "x", ada); err != nil {
		t.Fatal(err)
	}
	maintain(t, s.Host)
	s.roles.has(t, ada, "")
}

func TestPreviewRoles(t *testing.T) {
	s := newStaff(t)
	ada, bob, eve := s.user("ada", "Technician"), s.user("bob", "Technician"), s.user("eve", "endUser")
	desk, night := s.group("Desk", ada, bob, eve), s.group("Night", bob)
	s.mapRoles(provider.RoleMapping{Group: desk, Roles: []string{"desk"}}, provider.RoleMapping{Group: night, Roles: []string{"desk"}})
	got, err := s.PreviewRoles(t.Context(), providertest.Admin, s.p.ID, []provider.RoleMapping{{Group: desk, Roles: []string{"night"}}, {Group: night, Roles: []string{"desk"}}})
	if err != nil {
		t.Fatal(err)
	}
	names := func(list []provider.RoleChange) string {
		var out []string
		for _, c := range list {
			out = append(out, c.UserName+" "+c.Role.ID)
		}
		return strings.Join(out, ", ")
	}
	for _, c := range [][2]string{
		{names(got.Gain), "ada@example.com night, bob@example.com night"}, {names(got.Lose), "ada@example.com desk"}, {names(got.Skipped), "eve@example.com night"},
	} {
		if c[0] != c[1] {
			t.Errorf("the preview says %q, want %q", c[0], c[1])
		}
	}
	if len(s.roles.of) != 0 {
		t.Errorf("a preview has set %v", s.roles.of)
	}
}
