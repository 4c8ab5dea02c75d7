package provider

import (
	"context"
	"fmt"
	"time"
)

// maxDelivery bounds how many events a sink is given at once, and deliverTimeout how long whoever made
// one waits for it.
const (
	maxDelivery    = 100
	deliverTimeout = 2 * time.Second
)

// deliver tells the sink what it was not told yet. What fails is told by the next call, or by
// [Service.Maintain].
func (s *Service) deliver(ctx context.Context) {
	if s.config.Sink == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliverTimeout)
	defer cancel()
	if _, err := s.deliverBatch(ctx); err != nil {
		s.config.Logger.WarnContext(ctx, "events could not be delivered; it is tried again", "error", err)
	}
}

// deliverBatch tells the sink of up to [maxDelivery] events, and returns of how many.
func (s *Service) deliverBatch(ctx context.Context) (int, error) {
	events, err := s.config.Store.Unsent(ctx, maxDelivery)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	if err := s.config.Sink.Record(ctx, events); err != nil {
		return 0, fmt.Errorf("provider: the event sink: %w", err)
	}
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	return len(events), s.config.Store.Sent(ctx, ids...)
}
