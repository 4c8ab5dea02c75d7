package provider_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// eventsOf returns the events of a type.
func eventsOf(t *testing.T, h *providertest.Host, kind provider.EventType) []provider.Event {
	t.Helper()
	page, err := h.Events(t.Context(), providertest.Admin, provider.EventQuery{Types: []provider.EventType{kind}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Events
}

func health(t *testing.T, h *providertest.Host, id provider.ID) provider.Health {
	t.Helper()
	got, err := h.Health(t.Context(), providertest.Admin, id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func maintain(t *testing.T, h *providertest.Host) {
	t.Helper()
	if _, err := h.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSilence(t *testing.T) {
	for _, c := range []struct {
		name, entityID string
		after          time.Duration
	}{
		{"Entra ID comes every 40 minutes", "https://sts.windows.net/6babcaad-604b-40ac-a9d7-9fd97c0b779f/", 24 * time.Hour},
		{"others come when something changes", "https://idp.example.com/saml", 30 * 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := providertest.NewHost(t)
			p := h.Connect(h.IdP(func(o *samltest.Options) { o.EntityID = c.entityID }), "default")
			_, client := h.Provision(p.ID)
			h.Clock.Add(100 * 24 * time.Hour)
			maintain(t, h)
			if got := health(t, h, p.ID); !got.Silent.IsZero() || len(eventsOf(t, h, provider.EventSilent)) != 0 {
				t.Errorf("nobody has come yet: %+v", got)
			}
			ask(t, h, client, http.MethodGet, "/Users?count=1", "", http.StatusOK)
			last := h.Clock.Now()
			h.Clock.Add(c.after - time.Minute)
			maintain(t, h)
			if got := health(t, h, p.ID); !got.Silent.IsZero() || len(eventsOf(t, h, provider.EventSilent)) != 0 {
				t.Errorf("before its time: %+v", got)
			}
			h.Clock.Add(time.Minute)
			maintain(t, h)
			maintain(t, h)
			if got := health(t, h, p.ID); !got.Silent.Equal(last) || len(eventsOf(t, h, provider.EventSilent)) != 1 {
				t.Errorf("silent: %+v, %d events", got, len(eventsOf(t, h, provider.EventSilent)))
			}
			ask(t, h, client, http.MethodGet, "/Users?count=1", "", http.StatusOK)
			if got := health(t, h, p.ID); !got.Silent.IsZero() {
				t.Errorf("heard again: %+v", got)
			}
			h.Clock.Add(c.after)
			maintain(t, h)
			if n := len(eventsOf(t, h, provider.EventSilent)); n != 2 {
				t.Errorf("silent once more: %d events, want 2", n)
			}
			if _, err := h.DisableSCIM(t.Context(), providertest.Admin, p.ID, h.Proof(provider.ActionDisableSCIM, p.ID)); err != nil {
				t.Fatal(err)
			}
			if got := health(t, h, p.ID); !got.Silent.IsZero() {
				t.Errorf("off: %+v", got)
			}
		})
	}
}

// TestLongNames has a client name a user at length.
func TestLongNames(t *testing.T) {
	h := providertest.NewHost(t, func(c *provider.Config) { c.Organizations = providertest.Organizations{"7"} })
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	long := strings.Repeat("é", 100_000)
	for _, name := range []string{long + "a", long + "b", long + "a"} {
		ask(t, h, client, http.MethodPost, "/Users", userBody(name+"@example.com", placed("70", "endUser")), http.StatusBadRequest)
	}
	list := health(t, h, p.ID).Failing
	if len(list) != 2 || list[0].Count+list[1].Count != 3 {
		t.Fatalf("%d users fail, want two", len(list))
	}
	for _, f := range list {
		if len(f.Name)+len(f.Sentence)+len(f.Subject)+len(f.ID) > 2000 || !utf8.ValidString(f.Name+f.Sentence) {
			t.Errorf("%d bytes are kept of a failure", len(f.Name)+len(f.Sentence)+len(f.Subject))
		}
	}
}

func TestFailing(t *testing.T) {
	h := providertest.NewHost(t, func(c *provider.Config) { c.Organizations = providertest.Organizations{"7"} })
	p := h.Connect(h.IdP(), "default")
	_, client := h.Provision(p.ID)
	bad, good := userBody("Ada@example.com", placed("70", "endUser")), userBody("ada@example.com", placed("7", "endUser"))
	ask(t, h, client, http.MethodPost, "/Users", bad, http.StatusBadRequest)
	ask(t, h, client, http.MethodPost, "/Users", userBody("bob@example.com", placed("7", "EndUser")), http.StatusBadRequest)
	ask(t, h, client, http.MethodPost, "/Users", `{"userName": `, http.StatusBadRequest)
	ask(t, h, client, http.MethodGet, "/Users/nobody", "", http.StatusNotFound)
	ask(t, h, client, http.MethodDelete, "/Users/nobody", "", http.StatusNotFound)
	h.Clock.Add(time.Hour)
	ask(t, h, client, http.MethodPost, "/Users", bad, http.StatusBadRequest)
	got := health(t, h, p.ID)
	if len(got.Failing) != 3 || got.Reasons[0] != (provider.ReasonCount{Reason: "400 invalidValue", Subjects: 2, Requests: 3}) {
		t.Errorf("failing: %+v, %+v", got.Failing, got.Reasons)
	}
	ask(t, h, client, http.MethodPost, "/Users", userBody("carl@example.com", placed("7", "endUser")), http.StatusCreated)
	if got := health(t, h, p.ID); len(got.Failing) != 2 {
		t.Errorf("a request that can be read ends what one that cannot has begun: %+v", got.Failing)
	}
	maintain(t, h)
	if n := len(eventsOf(t, h, provider.EventFailing)); n != 0 {
		t.Errorf("%d events before a day is over", n)
	}
	h.Clock.Add(23 * time.Hour)
	ask(t, h, client, http.MethodPost, "/Users", bad, http.StatusBadRequest)
	maintain(t, h)
	maintain(t, h)
	events := eventsOf(t, h, provider.EventFailing)
	if len(events) != 1 || events[0].Details["name"] != "Ada@example.com" || events[0].Provider != p.ID {
		t.Errorf("after a day: %v", events)
	}
	id := ask(t, h, client, http.MethodPost, "/Users", good, http.StatusCreated)["id"].(string)
	move := patch(`{"op": "Replace", "path": "` + urn + `:organizationId", "value": "70"}`)
	ask(t, h, client, http.MethodPatch, "/Users/"+id, move, http.StatusBadRequest)
	if got := health(t, h, p.ID); len(got.Failing) != 2 || got.Failing[1].ID != id {
		t.Errorf("a user who is there fails: %+v", got.Failing)
	}
	ask(t, h, client, http.MethodPatch, "/Users/"+id, patch(deactivate), http.StatusOK)
	h.Clock.Add(7 * 24 * time.Hour)
	if got := health(t, h, p.ID); len(got.Failing) != 0 {
		t.Errorf("nobody is heard of for a week: %+v", got.Failing)
	}
	maintain(t, h)
	if list, err := h.Config.Store.Failures(t.Context(), providertest.Tenant, p.ID); err != nil || len(list) != 0 {
		t.Errorf("maintenance keeps %+v, %v", list, err)
	}
	if _, err := h.Health(t.Context(), providertest.Actor("other"), p.ID); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("for another tenant: %v, want ErrNotFound", err)
	}
}
