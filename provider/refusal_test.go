package provider

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/scim"
)

// asked notes which providers and tests a store is asked for.
type asked struct {
	MemoryStore
	ids []string
}

func (a *asked) Connection(ctx context.Context, id ID) (scim.TenantID, Provider, error) {
	a.ids = append(a.ids, string(id))
	return a.MemoryStore.Connection(ctx, id)
}

func (a *asked) Test(ctx context.Context, tenant scim.TenantID, id ID, run string) (Test, error) {
	a.ids = append(a.ids, run)
	return a.MemoryStore.Test(ctx, tenant, id, run)
}

// TestRefusalsOfNobody: what strangers write in place of an ID is neither remembered nor looked up, and
// keeps nothing from being remembered of a provider.
func TestRefusalsOfNobody(t *testing.T) {
	t.Parallel()
	store := new(asked)
	s := &Service{config: Config{Store: store, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}}
	var err error
	if s.measure, err = newMeasure(nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := store.PutProvider(t.Context(), "acme", Provider{ID: "known", EntityID: "urn:known"}); err != nil {
		t.Fatal(err)
	}
	s.refuse(t.Context(), Refusal{Tenant: "acme", Provider: "known", Reason: ReasonDisabled}, false)
	send := func(method, path string) {
		r := httptest.NewRequest(method, "https://acme.example"+path, strings.NewReader("SAMLResponse=x"))
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s %.40s: status %d", method, path, w.Code)
		}
	}
	for range keptRecentOf + 1 {
		send(http.MethodPost, "/sso/"+string(newID())+"/acs")
	}
	if n := len(s.refusals.list("acme", "known")); n != 1 {
		t.Errorf("strangers have pushed out what is known of a provider: %d refusals", n)
	}
	store.ids = nil
	for _, odd := range []string{"%00", "%ff", "a%00b", "UPPER", url.PathEscape("a b"), strings.Repeat("x", 65), strings.Repeat("x", 100_000)} {
		send(http.MethodPost, "/sso/"+odd+"/acs")
		send(http.MethodPost, "/sso/"+odd+"/slo")
		send(http.MethodGet, "/sso/"+odd+"/slo")
		send(http.MethodGet, "/sso/"+odd+"/start")
		send(http.MethodGet, "/sso/"+odd+"/metadata")
		send(http.MethodGet, "/sso/"+odd+"/test/x")
		send(http.MethodGet, "/sso/known/test/"+odd)
	}
	for _, id := range store.ids {
		if id != "known" {
			t.Errorf("the store was asked for %.20q", id)
		}
	}
	kept := 0
	for key, list := range s.refusals.of {
		kept += len(key.provider)
		for _, r := range list {
			kept += len(r.Provider) + len(fmt.Sprint(r.Cause))
		}
	}
	if most := 2 * keptRecent * 400; kept > most {
		t.Errorf("%d bytes of strangers are kept, more than %d", kept, most)
	}
}
