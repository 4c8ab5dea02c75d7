package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
	"github.com/seed-30109bde/gatehouse/scim/scimtest"
)

const urn = extension.URN

// userBody is what a client sends for a user.
func userBody(name string, more ...string) string {
	return fmt.Sprintf(`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", %q], "userName": %q%s}`, urn, name, strings.Join(append([]string{""}, more...), ", "))
}

// placed is the part of a body with the values of the extension.
func placed(organization, userType string) string {
	return fmt.Sprintf(`%q: {"organizationId": %q, "userType": %q}`, urn, organization, userType)
}

// patch is the body of a PATCH.
func patch(ops ...string) string {
	return `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [` + strings.Join(ops, ", ") + `]}`
}

const deactivate = `{"op": "Replace", "path": "active", "value": "False"}`

// ask sends a request that has to be answered with a status, and returns the answer.
func ask(t *testing.T, h *providertest.Host, c scimtest.Host, method, path, body string, want int) map[string]any {
	t.Helper()
	status, text := h.Ask(c, method, path, body)
	if status != want {
		t.Errorf("%s %s: %d %s, want %d", method, path, status, text, want)
	}
	var answer map[string]any
	if text != "" {
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return answer
}

// stored is a user as the host has it.
func stored(t *testing.T, h *providertest.Host, id string) scim.User {
	t.Helper()
	u, err := h.Config.Stores.Users.User(t.Context(), providertest.Tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTokens(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p := h.Connect(h.IdP(), "default")
	if _, _, err := h.NewToken(ctx, providertest.Admin, p.ID, h.Proof(provider.ActionNewToken, p.ID)); !isProblem(err, provider.ProblemState) {
		t.Errorf("a token while SCIM is off: %v", err)
	}
	token, client := h.Provision(p.ID)
	ask(t, h, client, "GET", "/Users", "", 200)
	bare := client
	bare.Header = http.Header{"Authorization": {token}}
	ask(t, h, bare, "GET", "/Users", "", 200)
	for what, text := range map[string]string{
		"none": "", "another one": token[:len(token)-1] + "x", "its ID alone": token[:24], "in capitals": strings.ToUpper(token),
		"with a space": token + " x", "of another secret": token[:24] + strings.Repeat("A", 38),
	} {
		other := client
		other.Header = http.Header{"Authorization": {"Bearer " + text}}
		ask(t, h, other, "GET", "/Users", "", 401)
		if what == "none" {
			continue
		}
	}
	list, err := h.Tokens(ctx, providertest.Admin, p.ID)
	if err != nil || len(list) != 1 || !list[0].LastUsed.Equal(h.Clock.Now()) || list[0].Expires.Sub(h.Clock.Now()) != provider.TokenFor {
		t.Fatalf("tokens %+v, %v", list, err)
	}
	second, other, err := h.NewToken(ctx, providertest.Admin, p.ID, h.Proof(provider.ActionNewToken, p.ID))
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", second, second, second, second); strings.Contains(text, second.Reveal()) || !strings.HasPrefix(second.Reveal(), provider.TokenPrefix) {
		t.Errorf("a token prints: %s", text)
	}
	if text, err := json.Marshal(struct{ S provider.Secret }{second}); err != nil || strings.Contains(string(text), second.Reveal()) {
		t.Errorf("a token is written as JSON: %s, %v", text, err)
	}
	if _, _, err := h.NewToken(ctx, providertest.Admin, p.ID, h.Proof(provider.ActionNewToken, p.ID)); !isProblem(err, provider.ProblemTooMany) {
		t.Errorf("a third token: %v", err)
	}
	next := h.Client(second.Reveal())
	ask(t, h, next, "GET", "/Users", "", 200)
	if err := h.RevokeToken(ctx, providertest.Admin, p.ID, list[0].ID, h.Proof(provider.ActionRevokeToken, p.ID)); err != nil {
		t.Fatal(err)
	}
	ask(t, h, client, "GET", "/Users", "", 401)
	ask(t, h, next, "GET", "/Users", "", 200)
	blue := providertest.Actor("blue")
	if err := h.RevokeToken(ctx, blue, p.ID, other.ID, provider.Proof{}); !isProblem(err, provider.ProblemProof) {
		t.Errorf("revoking without a proof: %v", err)
	}
	// Off: a 503 that says where to turn it on. On again: as before.
	if _, err := h.DisableSCIM(ctx, providertest.Admin, p.ID, h.Proof(provider.ActionDisableSCIM, p.ID)); err != nil {
		t.Fatal(err)
	}
	if answer := ask(t, h, next, "GET", "/Users", "", 503); !strings.Contains(fmt.Sprint(answer["detail"]), "Identity Provider") {
		t.Errorf("while it is off: %v", answer)
	}
	if _, err := h.EnableSCIM(ctx, providertest.Admin, p.ID, h.Proof(provider.ActionEnableSCIM, p.ID)); err != nil {
		t.Fatal(err)
	}
	ask(t, h, next, "GET", "/Users", "", 200)
	for i, before := range []time.Duration{31, 30, 14, 7, 1, 0} {
		h.Clock.Add(other.Expires.Add(-before * 24 * time.Hour).Sub(h.Clock.Now()))
		for range 2 {
			if _, err := h.Maintain(ctx); err != nil {
				t.Error(err)
			}
		}
		page, err := h.Events(ctx, providertest.Admin, provider.EventQuery{Types: []provider.EventType{provider.EventTokenExpiring}})
		if err != nil || len(page.Events) != i {
			t.Errorf("%d days before: %d warnings, %v; want %d", before, len(page.Events), err, i)
		}
	}
	ask(t, h, next, "GET", "/Users", "", 401)
}

// TestEnableSCIM: provisioning belongs to a provider that signs people in, and starts with what it may.
func TestEnableSCIM(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	draft, err := h.Begin(ctx, providertest.Admin, provider.Draft{Name: "draft"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.EnableSCIM(ctx, providertest.Admin, draft.ID, h.Proof(provider.ActionEnableSCIM, draft.ID)); !isProblem(err, provider.ProblemState) {
		t.Errorf("a draft: %v", err)
	}
	a := h.Connect(h.IdP(), "A", "a.example")
	if _, err := h.EnableSCIM(ctx, providertest.Admin, a.ID, provider.Proof{}); !isProblem(err, provider.ProblemProof) {
		t.Errorf("without a proof: %v", err)
	}
	h.Provision(a.ID)
	b := h.Connect(h.IdP(), "B", "b.example")
	h.Provision(b.ID)
	for id, want := range map[provider.ID]bool{a.ID: true, b.ID: false} {
		p, err := h.Provider(ctx, providertest.Admin, id)
		if g := p.Provisioning.Grants; err != nil || g.AnyOrganization != want || g.AllowAll != want || len(g.UserTypes) != map[bool]int{true: 2, false: 1}[want] {
			t.Errorf("%s may hand out %+v, %v", p.Name, g, err)
		}
	}
	for _, bad := range []provider.Provisioning{
		{}, {Grants: provider.Grants{UserTypes: []string{"enduser"}}}, {Grants: provider.Grants{UserTypes: []string{"endUser"}}, Managed: "x"},
		{Grants: provider.Grants{UserTypes: []string{"endUser"}}, OnDelete: "x"}, {Grants: provider.Grants{UserTypes: []string{"endUser"}}, DefaultOrganization: "7"},
	} {
		if _, err := h.SetGrants(ctx, providertest.Admin, a.ID, bad, provider.Proof{}); !isProblem(err, provider.ProblemPolicy) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestOthersPeople: what belongs to another provider, and what is native and not covered, does not exist
// for a provider; all it learns is a 409 for a name.
func TestOthersPeople(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	a := h.Connect(h.IdP(), "A", "a.example")
	_, clientA := h.Provision(a.ID)
	b := h.Connect(h.IdP(), "B", "b.example")
	_, client := h.Provision(b.ID)
	alice := fmt.Sprint(ask(t, h, clientA, "POST", "/Users", userBody("alice@a.example", placed("1", "Technician")), 201)["id"])
	stray := h.User(providertest.Managed(a.ID, "stray@b.example"))
	native := h.User(scim.User{UserName: "native@a.example", Active: true})
	root := h.User(scim.User{UserName: "root@nowhere.example", Active: true, Administrator: true})
	covered := h.User(scim.User{UserName: "covered@b.example", Active: true})
	group := fmt.Sprint(ask(t, h, clientA, "POST", "/Groups", fmt.Sprintf(`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team", "members": [{"value": %q}]}`, alice), 201)["id"])

	for _, id := range []string{alice, stray.ID, native.ID, root.ID} {
		before := stored(t, h, id)
		ask(t, h, client, "GET", "/Users/"+id, "", 404)
		ask(t, h, client, "PUT", "/Users/"+id, userBody(before.UserName), 404)
		ask(t, h, client, "PATCH", "/Users/"+id, patch(deactivate), 404)
		ask(t, h, client, "DELETE", "/Users/"+id, "", 404)
		ask(t, h, client, "POST", "/Groups", fmt.Sprintf(`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Mine", "members": [{"value": %q}]}`, id), 400)
		for _, filter := range []string{`userName eq %q`, `userName sw %q`, `not (userName eq "x") and userName eq %q`} {
			if found := ask(t, h, client, "GET", "/Users?filter="+fmt.Sprintf(filter, before.UserName), "", 200); fmt.Sprint(found["totalResults"]) != "0" {
				t.Errorf("%s finds %v", fmt.Sprintf(filter, before.UserName), found)
			}
		}
		if after := stored(t, h, id); after.Version != before.Version {
			t.Errorf("%s was touched: %+v", before.UserName, after)
		}
	}
	// A name of another is a 409 if it is one that B may have, and says no more; else it is none of B's.
	taken := ask(t, h, client, "POST", "/Users", userBody("stray@b.example"), 409)
	if detail := fmt.Sprint(taken["detail"]); !strings.Contains(detail, "in use outside this provider") || strings.Contains(detail, a.Name+" ") {
		t.Errorf("the name of another's user: %s", detail)
	}
	for _, name := range []string{"alice@a.example", "new@a.example", "root@nowhere.example", "no-domain", "x@sub.b.example"} {
		ask(t, h, client, "POST", "/Users", userBody(name), 400)
	}
	ask(t, h, client, "GET", "/Groups/"+group, "", 404)
	ask(t, h, client, "PATCH", "/Groups/"+group, patch(`{"op": "remove", "path": "members"}`), 404)
	ask(t, h, client, "DELETE", "/Groups/"+group, "", 404)
	mine := fmt.Sprint(ask(t, h, client, "POST", "/Users", userBody("bob@b.example"), 201)["id"])
	ask(t, h, client, "PATCH", "/Users/"+mine, patch(`{"op": "replace", "path": "userName", "value": "bob@a.example"}`), 400)
	ask(t, h, client, "PATCH", "/Users/"+mine, patch(`{"op": "replace", "path": "userName", "value": "stray@b.example"}`), 409)
	// Covered: found by a look-up alone, and taken over by the first write.
	if found := ask(t, h, client, "GET", "/Users", "", 200); fmt.Sprint(found["totalResults"]) != "1" {
		t.Errorf("the list of B has %v", found["totalResults"])
	}
	if found := ask(t, h, client, "GET", `/Users?filter=userName eq "COVERED@b.example"`, "", 200); fmt.Sprint(found["totalResults"]) != "1" {
		t.Errorf("a user whom B covers is not found: %v", found)
	}
	taken = ask(t, h, client, "POST", "/Users", userBody("covered@b.example"), 409)
	if !strings.Contains(fmt.Sprint(taken["detail"]), "find it") {
		t.Errorf("the name of a covered user: %v", taken["detail"])
	}
	ask(t, h, client, "DELETE", "/Users/"+covered.ID, "", 403)
	ask(t, h, client, "PATCH", "/Users/"+covered.ID, patch(`{"op": "replace", "path": "active", "value": true}`), 200)
	if u := stored(t, h, covered.ID); u.ManagedBy != string(b.ID) || !u.SSO || !u.Adopted || u.Administrator {
		t.Errorf("taken over: %+v", u)
	}
}

// TestAdministrators: one is never taken over without approval, keeps its type of authentication, and is
// kept as a row when it is deleted; the last one stays.
func TestAdministrators(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	root := h.User(scim.User{UserName: "root@a.example", Active: true, Administrator: true})
	refused := ask(t, h, client, "PATCH", "/Users/"+root.ID, patch(deactivate), 409)
	if !strings.Contains(fmt.Sprint(refused["detail"]), "approval") {
		t.Errorf("taking an administrator over: %v", refused)
	}
	if found := ask(t, h, client, "GET", `/Users?filter=userName eq "root@a.example"`, "", 200); fmt.Sprint(found["totalResults"]) != "1" {
		t.Errorf("an administrator who is covered is not found: %v", found)
	}
	if _, err := h.Approve(ctx, providertest.Admin, p.ID, root.ID, h.Proof(provider.ActionApprove, p.ID)); err != nil {
		t.Fatal(err)
	}
	ask(t, h, client, "PATCH", "/Users/"+root.ID, patch(`{"op": "replace", "path": "displayName", "value": "Root"}`), 200)
	if u := stored(t, h, root.ID); u.ManagedBy != string(p.ID) || u.SSO || !u.Administrator {
		t.Errorf("approved and taken over: %+v", u)
	}
	for _, c := range []struct{ method, body string }{{"PATCH", patch(deactivate)}, {"PUT", userBody("root@a.example", `"active": false`)}, {"DELETE", ""}} {
		ask(t, h, client, c.method, "/Users/"+root.ID, c.body, 403)
		if u := stored(t, h, root.ID); !u.Active {
			t.Fatalf("%s has taken the last administrator away", c.method)
		}
	}
	page, err := h.Events(ctx, providertest.Admin, provider.EventQuery{Types: []provider.EventType{provider.EventGuarded}})
	if err != nil || len(page.Events) != 3 {
		t.Errorf("events %v, %v", page.Events, err)
	}
	h.User(scim.User{UserName: "sso@a.example", Active: true, Administrator: true, SSO: true})
	ask(t, h, client, "DELETE", "/Users/"+root.ID, "", 403) // the last one with a password
	h.User(scim.User{UserName: "second@a.example", Active: true, Administrator: true})
	ask(t, h, client, "DELETE", "/Users/"+root.ID, "", 204)
	ask(t, h, client, "GET", "/Users/"+root.ID, "", 404)
	if u := stored(t, h, root.ID); u.Active || u.ManagedBy != provider.Deleted || !u.Administrator {
		t.Errorf("a deleted administrator: %+v", u)
	}
	ask(t, h, client, "POST", "/Users", userBody("root@a.example"), 201) // the name is free
}

// TestGrants: what a provider may not hand out is refused where it changes, with the page to change it.
func TestGrants(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t, func(c *provider.Config) { c.Organizations = providertest.Organizations{"7", "8", extension.All} })
	ctx := t.Context()
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	old := fmt.Sprint(ask(t, h, client, "POST", "/Users", userBody("old@a.example", placed("8", "Technician")), 201)["id"])
	narrow := provider.Provisioning{Grants: provider.Grants{UserTypes: []string{extension.EndUser}, Organizations: []string{"7"}}}
	if _, err := h.SetGrants(ctx, providertest.Admin, p.ID, narrow, h.Proof(provider.ActionGrants, p.ID)); err != nil {
		t.Fatal(err)
	}
	for what, body := range map[string]string{
		"a technician": placed("7", "Technician"), "another organization": placed("8", "endUser"), "all": placed("All", "endUser"), "an unknown one": placed("9", "endUser"), "none": placed("", "endUser"),
	} {
		answer := ask(t, h, client, "POST", "/Users", userBody("new@a.example", body), 400)
		if answer["scimType"] != "invalidValue" || what != "an unknown one" && what != "none" && !strings.Contains(fmt.Sprint(answer["detail"]), "Grants") {
			t.Errorf("%s: %v", what, answer)
		}
	}
	ask(t, h, client, "POST", "/Users", userBody("new@a.example", placed("7", "endUser")), 201)
	// What does not change is not asked for.
	ask(t, h, client, "PATCH", "/Users/"+old, patch(`{"op": "replace", "path": "displayName", "value": "Old"}`), 200)
	ask(t, h, client, "PUT", "/Users/"+old, userBody("old@a.example", placed("8", "Technician")), 200)
	// A demotion is never refused.
	ask(t, h, client, "PATCH", "/Users/"+old, patch(fmt.Sprintf(`{"op": "replace", "path": "%s:userType", "value": "endUser"}`, urn)), 200)
	if u := stored(t, h, old); u.NinjaOne.UserType != extension.EndUser || u.NinjaOne.OrganizationID != "" {
		t.Errorf("demoted: %+v", u.NinjaOne)
	}
}

// TestLeavers: whatever else is wrong with a request that deactivates somebody, the person is out, and a
// retry finishes what has failed.
func TestLeavers(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		organization, userType, name string
		before                       func(*testing.T, *providertest.Host, provider.ID)
		kept                         bool // the attribute has its old value
	}{
		"nothing":            {"7", "endUser", "u@a.example", nil, true},
		"wrong organization": {"99", "endUser", "u@a.example", nil, true},
		"wrong user type":    {"7", "enduser", "u@a.example", nil, true},
		"moved domain":       {"7", "endUser", "u@elsewhere.example", nil, true},
		"no organization":    {"", "endUser", "u@a.example", nil, false},
		"not granted any more": {"8", "Technician", "u@a.example", func(t *testing.T, h *providertest.Host, id provider.ID) {
			v := provider.Provisioning{Grants: provider.Grants{UserTypes: []string{extension.EndUser}, Organizations: []string{"7"}}}
			if _, err := h.SetGrants(t.Context(), providertest.Admin, id, v, h.Proof(provider.ActionGrants, id)); err != nil {
				t.Fatal(err)
			}
		}, true},
		"failing killer": {"7", "endUser", "u@a.example", func(_ *testing.T, h *providertest.Host, _ provider.ID) { h.KillError = errors.New("no connection") }, true},
	} {
		for _, way := range []string{"PATCH", "PUT"} {
			t.Run(what+" by "+way, func(t *testing.T) {
				t.Parallel()
				h := providertest.NewHost(t, func(c *provider.Config) { c.Organizations = providertest.Organizations{"7", "8", extension.All} })
				p := h.Connect(h.IdP(), "A", "a.example")
				_, client := h.Provision(p.ID)
				id := fmt.Sprint(ask(t, h, client, "POST", "/Users", userBody("u@a.example", placed("7", "endUser")), 201)["id"])
				issued := h.Clock.Now()
				h.Clock.Add(time.Second)
				if c.before != nil {
					c.before(t, h, p.ID)
				}
				body := userBody(c.name, placed(c.organization, c.userType), `"active": false`)
				if way == "PATCH" { // as Entra ID sends it: all that differs in one
					body = patch(deactivate,
						fmt.Sprintf(`{"op": "Replace", "path": "%s:organizationId", "value": %q}`, urn, c.organization),
						fmt.Sprintf(`{"op": "Replace", "path": "%s:userType", "value": %q}`, urn, c.userType),
						fmt.Sprintf(`{"op": "Replace", "path": "userName", "value": %q}`, c.name))
				}
				want := 200
				if h.KillError != nil {
					want = 503
				}
				ask(t, h, client, way, "/Users/"+id, body, want)
				u := stored(t, h, id)
				if u.Active || u.UserName != "u@a.example" {
					t.Errorf("the user is %+v", u)
				}
				if c.kept && (u.NinjaOne.OrganizationID != "7" || u.NinjaOne.UserType != extension.EndUser) {
					t.Errorf("the extension has %+v", u.NinjaOne)
				}
				if err := h.Check(t.Context(), providertest.Tenant, id, p.ID, issued); !errors.Is(err, provider.ErrOver) {
					t.Errorf("a token is good: %v", err)
				}
				if h.KillError != nil {
					h.KillError = nil
					ask(t, h, client, way, "/Users/"+id, body, 200) // the identity provider tries again
				}
				if kills := h.Kills(); len(kills) != 1 || kills[0].User != id {
					t.Errorf("kills %+v", kills)
				}
			})
		}
	}
}

// TestKillerLater: what the identity provider does not try again maintenance finishes.
func TestKillerLater(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	ids := map[string]string{}
	for _, name := range []string{"deleted", "demoted", "deactivated"} {
		ids[name] = fmt.Sprint(ask(t, h, client, "POST", "/Users", userBody(name+"@a.example", placed("1", "Technician")), 201)["id"])
	}
	h.KillError = errors.New("no connection")
	ask(t, h, client, "DELETE", "/Users/"+ids["deleted"], "", 503)
	ask(t, h, client, "PATCH", "/Users/"+ids["demoted"], patch(fmt.Sprintf(`{"op": "remove", "path": "%s:userType"}`, urn)), 503)
	ask(t, h, client, "PATCH", "/Users/"+ids["deactivated"], patch(deactivate), 503)
	ask(t, h, client, "DELETE", "/Users/"+ids["deleted"], "", 404)
	h.KillError = nil
	h.Clock.Add(time.Hour)
	if _, err := h.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	killed := map[string]bool{}
	for _, k := range h.Kills() {
		killed[k.User] = true
	}
	for name, id := range ids {
		if !killed[id] {
			t.Errorf("the sessions of the one who was %s are not ended", name)
		}
	}
}

// TestTwoLeaveAtOnce: of two racing deactivations of the last two administrators not both succeed.
func TestTwoLeaveAtOnce(t *testing.T) {
	t.Parallel()
	providertest.TestLastAdministrator(t, inMemory)
}

// TestManaged: with the narrower set other attributes are readOnly, and writes to them pass over.
// A brokenStore fails to store users.
type brokenStore struct {
	scim.UserStore
	broken *bool
}

func (s brokenStore) UpdateUser(ctx context.Context, tenant scim.TenantID, u scim.User) (scim.User, error) {
	if *s.broken {
		return scim.User{}, errors.New("broken")
	}
	return s.UserStore.UpdateUser(ctx, tenant, u)
}

// TestWithdrawn has the store fail between the revocation and the user, where there are no transactions:
// the session goes on, until the deactivation is repeated.
func TestWithdrawn(t *testing.T) {
	var broken bool
	h := providertest.NewHost(t, func(c *provider.Config) { c.Stores.Users = brokenStore{c.Stores.Users, &broken} })
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	id := ask(t, h, client, http.MethodPost, "/Users", userBody("ada@example.com"), http.StatusCreated)["id"].(string)
	began := h.Clock.Now()
	h.Clock.Add(time.Hour)
	for range 2 {
		broken = true
		ask(t, h, client, http.MethodPatch, "/Users/"+id, patch(deactivate), http.StatusInternalServerError)
		if err := h.Check(t.Context(), providertest.Tenant, id, p.ID, began); err != nil {
			t.Errorf("the deactivation was not stored, and the session is over: %v", err)
		}
		h.Clock.Add(time.Hour)
		maintain(t, h)
		if len(h.Kills()) != 0 || len(eventsOf(t, h, provider.EventRevoked)) != 0 {
			t.Errorf("sessions were ended: %v, %v", h.Kills(), eventsOf(t, h, provider.EventRevoked))
		}
	}
	broken = false
	ask(t, h, client, http.MethodPatch, "/Users/"+id, patch(deactivate), http.StatusOK)
	if err := h.Check(t.Context(), providertest.Tenant, id, p.ID, began); err == nil {
		t.Error("the session goes on")
	}
	if len(h.Kills()) != 1 || len(eventsOf(t, h, provider.EventRevoked)) != 1 {
		t.Errorf("kills %v, events %v", h.Kills(), eventsOf(t, h, provider.EventRevoked))
	}
}

// TestUnmanagedOnce expects one event for each attribute that is written and not stored.
func TestUnmanagedOnce(t *testing.T) {
	h := providertest.NewHost(t)
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	grant(t, h, p.ID, provider.Provisioning{Grants: everything, Managed: provider.ManagedNinjaOne})
	id := ask(t, h, client, http.MethodPost, "/Users", userBody("ada@example.com", `"title": "Countess"`), http.StatusCreated)["id"].(string)
	ask(t, h, client, http.MethodPost, "/Users", userBody("bob@example.com", `"title": "Baron"`), http.StatusCreated)
	ask(t, h, client, http.MethodPatch, "/Users/"+id, patch(`{"op": "Add", "path": "nickName", "value": "Babs"}`), http.StatusOK)
	ask(t, h, client, http.MethodPatch, "/Users/"+id, patch(`{"op": "Add", "path": "name.givenName", "value": "Ada"}`), http.StatusOK)
	ask(t, h, client, http.MethodPut, "/Users/"+id, userBody("ada@example.com"), http.StatusOK)
	var got []string
	for _, e := range eventsOf(t, h, provider.EventUnmanaged) {
		got = append(got, e.Details["attribute"])
	}
	if strings.Join(got, " ") != "nickName title" {
		t.Errorf("events about %q, want nickName and title", got)
	}
}

// TestSCIMBaseURL expects locations at the base URLs of the tenant.
func TestSCIMBaseURL(t *testing.T) {
	h, _, client := setupHost(t)
	for host, want := range map[string]string{
		"login.acme.example": "https://login.acme.example/ws/scim/v2/Users/", "acme.example.com": "https://acme.example.com/ws/scim/v2/Users/",
		"elsewhere.example": "https://acme.example.com/ws/scim/v2/Users/",
	} {
		client.Base = "https://" + host + "/ws/scim/v2"
		answer := ask(t, h, client, http.MethodPost, "/Users", userBody("ada@"+host), http.StatusCreated)
		if got := answer["meta"].(map[string]any)["location"].(string); !strings.HasPrefix(got, want) {
			t.Errorf("asked at %s the location is %s, want %s…", host, got, want)
		}
	}
}

func TestManaged(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	id := fmt.Sprint(ask(t, h, client, "POST", "/Users", userBody("u@a.example", `"title": "Boss"`), 201)["id"])
	stored, err := h.Provider(t.Context(), providertest.Admin, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	v := stored.Provisioning
	v.Managed = provider.ManagedNinjaOne
	if _, err := h.SetGrants(t.Context(), providertest.Admin, p.ID, v, h.Proof(provider.ActionGrants, p.ID)); err != nil {
		t.Fatal(err)
	}
	answer := ask(t, h, client, "PATCH", "/Users/"+id, patch(`{"op": "replace", "path": "title", "value": "Other"}`, `{"op": "replace", "path": "name.givenName", "value": "Ann"}`), 200)
	if answer["title"] != "Boss" || fmt.Sprint(answer["name"]) != "map[givenName:Ann]" {
		t.Errorf("PATCH: %v", answer)
	}
	if answer = ask(t, h, client, "PUT", "/Users/"+id, userBody("u@a.example"), 200); answer["title"] != "Boss" || answer["name"] != nil {
		t.Errorf("PUT: %v", answer)
	}
}

// TestRelease: one user is edited here for a while, and given back.
func TestRelease(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx := t.Context()
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	id := fmt.Sprint(ask(t, h, client, "POST", "/Users", userBody("u@a.example", `"externalId": "x"`), 201)["id"])
	editable := func(want bool) {
		t.Helper()
		if ok, err := h.Editable(ctx, providertest.Tenant, id); err != nil || ok != want {
			t.Errorf("editable: %v, %v; want %v", ok, err, want)
		}
	}
	editable(false)
	if err := h.Release(ctx, providertest.Admin, p.ID, id, h.Proof(provider.ActionRelease, p.ID)); err != nil {
		t.Fatal(err)
	}
	editable(true)
	ask(t, h, client, "PATCH", "/Users/"+id, patch(`{"op": "replace", "path": "title", "value": "x"}`), 409)
	if err := h.Reclaim(ctx, providertest.Admin, p.ID, id, h.Proof(provider.ActionRelease, p.ID)); err != nil {
		t.Fatal(err)
	}
	editable(false)
	ask(t, h, client, "PATCH", "/Users/"+id, patch(`{"op": "replace", "path": "title", "value": "x"}`), 200)
	if err := h.Reclaim(ctx, providertest.Admin, p.ID, id, h.Proof(provider.ActionRelease, p.ID)); !isProblem(err, provider.ProblemState) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := h.DisableSCIM(ctx, providertest.Admin, p.ID, h.Proof(provider.ActionDisableSCIM, p.ID)); err != nil {
		t.Fatal(err)
	}
	editable(true)
}

// TestReleasedIsNobodyElses: who was released is given back to the same provider, also when another one covers
// the user name.
func TestReleasedIsNobodyElses(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t, func(c *provider.Config) { c.Menu = "Settings > Identity 100%" })
	ctx := t.Context()
	a := h.Connect(h.IdP(), "a", "a.example")
	_, clientA := h.Provision(a.ID)
	id := fmt.Sprint(ask(t, h, clientA, "POST", "/Users", userBody("u@a.example"), 201)["id"])
	if err := h.Release(ctx, providertest.Admin, a.ID, id, h.Proof(provider.ActionRelease, a.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Change(ctx, providertest.Admin, a.ID, provider.Change{Domains: &[]string{"other.example"}}); err != nil {
		t.Fatal(err)
	}
	b := h.Connect(h.IdP(), "b", "a.example")
	_, clientB := h.Provision(b.ID)
	refused := ask(t, h, clientB, "PATCH", "/Users/"+id, patch(`{"op": "replace", "path": "title", "value": "x"}`), 409)
	if !strings.Contains(fmt.Sprint(refused["detail"]), "outside this provider") {
		t.Errorf("another provider takes over: %v", refused)
	}
	if u := stored(t, h, id); u.ManagedBy != "" {
		t.Errorf("the user is managed by %q", u.ManagedBy)
	}
	if err := h.Reclaim(ctx, providertest.Admin, a.ID, id, h.Proof(provider.ActionRelease, a.ID)); err != nil {
		t.Error(err)
	}
	refused = ask(t, h, clientB, "POST", "/Users", userBody("u@elsewhere.example"), 400)
	if !strings.Contains(fmt.Sprint(refused["detail"]), "see Settings > Identity 100% > Domains") {
		t.Errorf("the menu of the host: %v", refused)
	}
}
