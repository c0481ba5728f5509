package metrics

import "context"

// At returns Metrics whose answers are all about the counts as they are now, until close is
// called. So several answers agree with each other, while clicks go on being counted.
func (m *Metrics) At(ctx context.Context) (at *Metrics, close func() error, err error) {
	s, err := m.snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &Metrics{s, func(context.Context) (Snapshot, error) { return open{s}, nil }, m.all}, s.Close, nil
}

// open is a snapshot that stays open after Close.
type open struct{ Snapshot }

func (open) Close() error { return nil }
