package provider_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// A recorder remembers what meters were told.
type recorder struct {
	mu  sync.Mutex
	got map[string][]string // values of attributes, by metric and attribute
}

func (r *recorder) add(name string, attributes attribute.Set) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.got == nil {
		r.got = map[string][]string{}
	}
	r.got[name] = append(r.got[name], "")
	for _, kv := range attributes.ToSlice() {
		key := name + " " + string(kv.Key)
		r.got[key] = append(r.got[key], kv.Value.AsString())
	}
}

// A meters hands out a recorder.
type meters struct {
	metricnoop.MeterProvider
	r *recorder
}

func (m meters) Meter(string, ...metric.MeterOption) metric.Meter { return meter{r: m.r} }

type meter struct {
	metricnoop.Meter
	r *recorder
}

func (m meter) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return counter{name: name, r: m.r}, nil
}

func (m meter) Float64Histogram(name string, _ ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return histogram{name: name, r: m.r}, nil
}

type counter struct {
	metricnoop.Int64Counter
	name string
	r    *recorder
}

func (c counter) Add(_ context.Context, _ int64, options ...metric.AddOption) {
	c.r.add(c.name, metric.NewAddConfig(options).Attributes())
}

type histogram struct {
	metricnoop.Float64Histogram
	name string
	r    *recorder
}

func (h histogram) Record(_ context.Context, _ float64, options ...metric.RecordOption) {
	h.r.add(h.name, metric.NewRecordConfig(options).Attributes())
}

// A tracers remembers the names of spans.
type tracers struct {
	tracenoop.TracerProvider
	mu    sync.Mutex
	names []string
}

func (p *tracers) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{p: p} }

type tracer struct {
	tracenoop.Tracer
	p *tracers
}

func (t tracer) Start(ctx context.Context, name string, o ...trace.SpanStartOption) (context.Context, trace.Span) {
	t.p.mu.Lock()
	t.p.names = append(t.p.names, name)
	t.p.mu.Unlock()
	return t.Tracer.Start(ctx, name, o...)
}

// TestTelemetry: everything that is documented is measured, and no attribute says anything of a person, a
// tenant or a provider.
func TestTelemetry(t *testing.T) {
	t.Parallel()
	r, spans := new(recorder), new(tracers)
	h := providertest.NewHost(t, func(c *provider.Config) { c.Meter, c.Tracer = meters{r: r}, spans })
	idp := h.IdP()
	p, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{Name: "A"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Import(t.Context(), providertest.Admin, p.ID, provider.Given{URL: idp.URL() + "/metadata"}); err != nil {
		t.Fatal(err)
	}
	p = h.ConnectFor(providertest.Admin, idp, p.ID, "a.example")
	h.User(providertest.Managed(p.ID, "alice@a.example"))
	for _, name := range []string{"alice@a.example", "nobody@a.example"} {
		assert(t, h, idp, providertest.Browser(t), p, false, func(o *samltest.ResponseOptions) { o.Person.NameID = name })
	}
	assert(t, h, idp, providertest.Browser(t), p, false, func(o *samltest.ResponseOptions) { o.Faults = []samltest.Fault{samltest.WrongAudience} })
	proof, err := h.Prove(t.Context(), providertest.Admin, provider.ActionDisable, p.ID, providertest.Code)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Disable(t.Context(), providertest.Admin, p.ID, proof); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		provider.MetricSignIns + " gatehouse.result":        "accepted refused refused",
		provider.MetricSignInDuration + " gatehouse.result": "accepted refused refused",
		provider.MetricRefusals + " gatehouse.reason":       "audience signin.unknown_user",
		provider.MetricFetches + " gatehouse.result":        "ok",
		provider.MetricFetchDuration + " gatehouse.result":  "ok",
		provider.MetricKills + " gatehouse.result":          "ok",
	} {
		got := slices.Sorted(slices.Values(r.got[name]))
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if types := r.got[provider.MetricEvents+" gatehouse.type"]; !slices.Contains(types, string(provider.EventSignedIn)) || !slices.Contains(types, string(provider.EventDisabled)) {
		t.Errorf("events %q", types)
	}
	for name, values := range r.got {
		for _, value := range values {
			for _, private := range []string{"alice", "a.example", string(p.ID), string(providertest.Tenant), "root", "127.0.0.1"} {
				if strings.Contains(value, private) {
					t.Errorf("%s has the value %q", name, value)
				}
			}
		}
	}
	for _, want := range []string{"gatehouse start", "gatehouse sign-in", "gatehouse maintain"} {
		if !slices.Contains(spans.names, want) {
			t.Errorf("spans %q, want %s", spans.names, want)
		}
	}
}
