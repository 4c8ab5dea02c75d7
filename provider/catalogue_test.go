package provider_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
)

// TestCatalogue: every type of events that the source declares is documented, and so is every detail.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	declared := declaredTypes(t)
	if len(declared) < 15 {
		t.Fatalf("found %d types in the source", len(declared))
	}
	for _, e := range declared {
		entry := e.Entry()
		if entry.Type != e || !strings.HasSuffix(entry.Meaning, ".") {
			t.Errorf("%s has no entry", e)
		}
		for _, d := range entry.Details {
			if d.Name == "" || d.Meaning == "" {
				t.Errorf("a detail of %s is not documented: %+v", e, d)
			}
		}
	}
	slices.Sort(declared)
	if !slices.Equal(declared, provider.EventTypes()) {
		t.Errorf("types %v, catalogue %v", declared, provider.EventTypes())
	}
	if entry := provider.EventType("nonsense").Entry(); entry.Meaning != "" {
		t.Errorf("the entry of nonsense: %+v", entry)
	}
}

// declaredTypes returns the constants of type EventType in the source.
func declaredTypes(t *testing.T) (types []provider.EventType) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "EventType" {
				for _, v := range spec.Values {
					text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					types = append(types, provider.EventType(text))
				}
			}
			return true
		})
	}
	return types
}

// TestRedaction: an event prints, and logs, nothing about a person.
func TestRedaction(t *testing.T) {
	t.Parallel()
	for _, name := range provider.EventTypes() {
		e := provider.Event{
			ID: "1", Time: providertest.Began, Tenant: "acme", Type: name, Provider: "p", User: "u7",
			By: "private-by", From: "private-from", Incident: "I", Details: map[string]string{"of another": "private-other"},
		}
		for _, d := range name.Entry().Details {
			e.Details[d.Name] = "public-" + d.Name
			if d.Personal {
				e.Details[d.Name] = "private-" + d.Name
			}
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("event", "event", e)
		for what, text := range map[string]string{
			"%v": fmt.Sprintf("%v", e), "%+v": fmt.Sprintf("%+v", e), "%#v": fmt.Sprintf("%#v", e), "%s": fmt.Sprintf("%s", e), "%v of a pointer": fmt.Sprintf("%v", &e),
			"%v of a list": fmt.Sprintf("%+v", []provider.Event{e}), "slog": log.String(), "Redacted": fmt.Sprint(e.Redacted().Details, e.Redacted().By),
		} {
			if strings.Contains(text, "private") {
				t.Errorf("%s of %s: %s", what, name, text)
			}
		}
		if e.By != "private-by" {
			t.Error("redacting an event has changed it")
		}
	}
}

// A sink that fails now and then.
type sink struct {
	fail error
	got  []string
}

func (s *sink) Record(_ context.Context, events []provider.Event) error {
	if s.fail != nil {
		return s.fail
	}
	for _, e := range events {
		s.got = append(s.got, e.ID)
	}
	return nil
}

// TestSink: the sink is told of everything, in order, also of what happened while it failed.
func TestSink(t *testing.T) {
	t.Parallel()
	out := new(sink)
	h := providertest.NewHost(t, func(c *provider.Config) { c.Sink = out })
	begin := func(n int) {
		for range n {
			if _, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin(2)
	out.fail = errors.New("no connection")
	begin(250)
	if len(out.got) != 2 {
		t.Errorf("the sink was told of %d events, want 2", len(out.got))
	}
	if _, err := h.Maintain(t.Context()); !errors.Is(err, out.fail) {
		t.Errorf("Maintain: %v", err)
	}
	out.fail = nil
	if _, err := h.Maintain(t.Context()); err != nil {
		t.Error(err)
	}
	if len(out.got) != 252 || !slices.IsSorted(out.got) {
		t.Errorf("the sink was told of %d events, sorted %v; want 252", len(out.got), slices.IsSorted(out.got))
	}
	begin(1)
	if len(out.got) != 253 {
		t.Errorf("the sink was told of %d events, want 253", len(out.got))
	}
}

// TestMaintain: warnings come once for each threshold, drafts go when nobody touches them, and tests end.
func TestMaintain(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	p := h.Connect(h.IdP(), "A", "a.example")
	idle, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{Name: "idle"})
	if err != nil {
		t.Fatal(err)
	}
	run, _, err := h.Test(t.Context(), providertest.Admin, p.ID, provider.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	maintain := func() time.Time {
		t.Helper()
		next, err := h.Maintain(t.Context())
		if err != nil {
			t.Error(err)
		}
		return next
	}
	events := func(kind provider.EventType) []provider.Event {
		page, err := h.Events(t.Context(), providertest.Admin, provider.EventQuery{Types: []provider.EventType{kind}})
		if err != nil {
			t.Fatal(err)
		}
		return page.Events
	}
	if next := maintain(); !next.Equal(run.Began.Add(provider.TestFor)) {
		t.Errorf("with a test under way it is wanted again at %s", next)
	}
	h.Clock.Add(provider.TestFor)
	maintain()
	if list := events(provider.EventTested); len(list) != 2 || list[0].Details["result"] != "unanswered" {
		t.Errorf("tests %v", list)
	}
	if next := maintain(); next.Sub(h.Clock.Now()) != time.Hour {
		t.Errorf("with nothing to do it is wanted again in %s", next.Sub(h.Clock.Now()))
	}
	h.Clock.Add(provider.IdleFor - provider.TestFor - time.Second)
	maintain()
	if _, err := h.Provider(t.Context(), providertest.Admin, idle.ID); err != nil {
		t.Errorf("a second before: %v", err)
	}
	h.Clock.Add(time.Second)
	maintain()
	if _, err := h.Provider(t.Context(), providertest.Admin, idle.ID); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("after 90 days: %v", err)
	}
	if _, err := h.Provider(t.Context(), providertest.Admin, p.ID); err != nil || len(events(provider.EventIdleRemoved)) != 1 {
		t.Errorf("the one that is enabled: %v; %v", err, events(provider.EventIdleRemoved))
	}
	end, _ := p.CertificateEnd()
	for i, before := range []time.Duration{31, 30, 29, 14, 7, 2, 1, 0, -1, -40} {
		h.Clock.Add(end.Add(-before * 24 * time.Hour).Sub(h.Clock.Now()))
		for range 2 {
			maintain()
		}
		want := []int{0, 1, 1, 2, 3, 3, 4, 5, 5, 5}[i]
		list := events(provider.EventExpiring)
		if len(list) != want {
			t.Fatalf("%d days before the end: %d warnings, want %d: %v", before, len(list), want, list)
		}
	}
}
