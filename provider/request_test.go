package provider_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/scim"
)

// TestRequests: an administrator sees the last requests of a provider, with what was refused and why, and
// finds the one that went wrong here by its incident.
func TestRequests(t *testing.T) {
	t.Parallel()
	broken := false
	h := providertest.NewHost(t, func(c *provider.Config) {
		c.Hooks.Before = func(_ context.Context, _ scim.Stores, _ *scim.Change) error {
			if broken {
				return errors.New("the disk is gone")
			}
			return nil
		}
	})
	ctx := t.Context()
	p := h.Connect(h.IdP(), "Acme", "acme.test")
	_, client := h.Provision(p.ID)
	tokens, err := h.Tokens(ctx, providertest.Admin, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.Ask(client, "GET", `/Users?filter=userName eq "ada@acme.test"`, "")
	h.Ask(client, "POST", "/Users", `{"userName": "ada@acme.test", "password": "secret of ada"}`)
	h.Ask(client, "POST", "/Users", `{"userName": "ada@elsewhere.test"}`)
	broken = true
	_, answer := h.Ask(client, "POST", "/Users", `{"userName": "bob@acme.test"}`)
	list, err := h.Requests(ctx, providertest.Admin, p.ID)
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v, %v", list, err)
	}
	failed, refused, created, searched := list[0], list[1], list[2], list[3]
	if searched.Method != "GET" || searched.Path != "/Users" || searched.Filter != `userName eq "ada@acme.test"` || searched.Status != 200 || searched.Token != tokens[0].ID {
		t.Errorf("the search: %+v", searched)
	}
	if created.Status != 201 || created.Name != "ada@acme.test" || created.ID == "" || created.Sentence != "" {
		t.Errorf("the create: %+v", created)
	}
	if refused.Status != 400 || refused.Reason != "invalidValue" || !strings.Contains(refused.Sentence, "domain is none of this provider's") || refused.Incident != "" {
		t.Errorf("the refusal: %+v", refused)
	}
	if failed.Status != 500 || failed.Incident == "" || !strings.Contains(answer, failed.Incident) {
		t.Errorf("the failure: %+v", failed)
	}
	if text := fmt.Sprintf("%+v", list); strings.Contains(text, "secret of ada") {
		t.Error("what was sent is kept")
	}
	report, err := h.Incident(ctx, providertest.Admin, strings.ToLower(failed.Incident))
	if err != nil || report.Request == nil || report.Request.Name != "bob@acme.test" {
		t.Errorf("the incident: %+v, %v", report, err)
	}
	if _, err := h.Incident(ctx, provider.Actor{Tenant: "other"}, failed.Incident); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("another tenant finds the incident: %v", err)
	}
	if _, err := h.Requests(ctx, provider.Actor{Tenant: "other"}, p.ID); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("another tenant sees the requests: %v", err)
	}
	broken = false
	for range 250 {
		h.Ask(client, "GET", "/Users?count=1", "")
	}
	if list, err := h.Requests(ctx, providertest.Admin, p.ID); err != nil || len(list) != 100 || list[0].Path != "/Users" {
		t.Errorf("%d requests are kept, %v", len(list), err)
	}
}
