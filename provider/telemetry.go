package provider

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// scope names the instrumentation.
const scope = "github.com/seed-30109bde/gatehouse/provider"

// The metrics of a [Service]. Their names and attributes are part of the API. An attribute never holds
// anything about a tenant, a provider or a person.
const (
	MetricSignIns        = "gatehouse.signin.count"      // finished sign-ins; gatehouse.result: accepted, refused
	MetricSignInDuration = "gatehouse.signin.duration"   // seconds from the POST to the answer; gatehouse.result
	MetricRefusals       = "gatehouse.refusal.count"     // all refusals; gatehouse.reason: the family of a code, such as audience
	MetricFetches        = "gatehouse.metadata.count"    // fetches of metadata; gatehouse.result: ok, failed
	MetricFetchDuration  = "gatehouse.metadata.duration" // seconds; gatehouse.result
	MetricEvents         = "gatehouse.event.count"       // recorded events; gatehouse.type
	MetricKills          = "gatehouse.kill.count"        // calls of Sessions.Kill; gatehouse.result: ok, failed
)

// The attributes of metrics.
const (
	attributeResult = attribute.Key("gatehouse.result")
	attributeReason = attribute.Key("gatehouse.reason")
	attributeType   = attribute.Key("gatehouse.type")
)

// A measure counts and times what a service does.
type measure struct {
	signIns, refusals, fetches, events, kills metric.Int64Counter
	signInTime, fetchTime                     metric.Float64Histogram
	tracer                                    trace.Tracer
}

// newMeasure returns the instruments; nil providers make some that do nothing.
func newMeasure(meters metric.MeterProvider, tracers trace.TracerProvider) (m measure, err error) {
	if meters == nil {
		meters = metricnoop.NewMeterProvider()
	}
	if tracers == nil {
		tracers = tracenoop.NewTracerProvider()
	}
	m.tracer = tracers.Tracer(scope)
	meter := meters.Meter(scope)
	for _, c := range []struct {
		at         *metric.Int64Counter
		name, text string
	}{
		{&m.signIns, MetricSignIns, "Finished sign-ins"},
		{&m.refusals, MetricRefusals, "Sign-ins, tests and logouts that were refused"},
		{&m.fetches, MetricFetches, "Fetches of metadata"},
		{&m.events, MetricEvents, "Recorded events"},
		{&m.kills, MetricKills, "Calls of the host to end sessions"},
	} {
		if *c.at, err = meter.Int64Counter(c.name, metric.WithDescription(c.text)); err != nil {
			return m, err
		}
	}
	for _, h := range []struct {
		at         *metric.Float64Histogram
		name, text string
	}{
		{&m.signInTime, MetricSignInDuration, "Time from the POST of a response to its answer"},
		{&m.fetchTime, MetricFetchDuration, "Time of a fetch of metadata"},
	} {
		if *h.at, err = meter.Float64Histogram(h.name, metric.WithDescription(h.text), metric.WithUnit("s")); err != nil {
			return m, err
		}
	}
	return m, nil
}

// result is an attribute.
func result(ok bool, yes, no string) metric.MeasurementOption {
	if ok {
		return metric.WithAttributes(attributeResult.String(yes))
	}
	return metric.WithAttributes(attributeResult.String(no))
}

func (m *measure) signIn(ctx context.Context, ok bool, took time.Duration) {
	m.signIns.Add(ctx, 1, result(ok, "accepted", "refused"))
	m.signInTime.Record(ctx, took.Seconds(), result(ok, "accepted", "refused"))
}

func (m *measure) refused(ctx context.Context, r Reason) {
	family, rest, _ := strings.Cut(string(r), ".")
	if family == "signin" {
		family += "." + rest
	}
	m.refusals.Add(ctx, 1, metric.WithAttributes(attributeReason.String(family)))
}

func (m *measure) fetch(ctx context.Context, ok bool, took time.Duration) {
	m.fetches.Add(ctx, 1, result(ok, "ok", "failed"))
	m.fetchTime.Record(ctx, took.Seconds(), result(ok, "ok", "failed"))
}

func (m *measure) kill(ctx context.Context, ok bool) {
	m.kills.Add(ctx, 1, result(ok, "ok", "failed"))
}

func (m *measure) recorded(ctx context.Context, events []Event) {
	for i := range events {
		m.events.Add(ctx, 1, metric.WithAttributes(attributeType.String(string(events[i].Type))))
	}
}

// span begins a span. Its name says what is done, and it has no attributes: a span is no place for
// personal data either.
func (m *measure) span(ctx context.Context, name string) (context.Context, trace.Span) {
	return m.tracer.Start(ctx, "gatehouse "+name)
}
