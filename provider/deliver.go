package provider

import "context"

// maxDelivery bounds how many events a sink is given at once.
const maxDelivery = 100

// deliver tells the sink what it was not told yet. What fails is told by the next call, or by
// [Service.Maintain].
func (s *Service) deliver(ctx context.Context) {
	if s.config.Sink == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	events, err := s.config.Store.Unsent(ctx, maxDelivery)
	if err != nil || len(events) == 0 {
		return
	}
	if err := s.config.Sink.Record(ctx, events); err != nil {
		s.config.Logger.WarnContext(ctx, "the event sink failed; it is told again", "error", err)
		return
	}
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	if err := s.config.Store.Sent(ctx, ids...); err != nil {
		s.config.Logger.WarnContext(ctx, "events were sent and could not be marked; they are sent again", "error", err)
	}
}
