// Package inorder does several parts of a piece of work at the same time, and reports what they
// find as if they came one after another.
package inorder

import (
	"context"
	"errors"

	"github.com/footfall/footfall/internal/base/meter"
)

// Part is a part of the work. All fields are required.
type Part struct {
	// Do does the part. It calls report with each finding, and must end soon after ctx ends.
	// Nothing that it changes may be used by the other parts.
	Do func(ctx context.Context, report func(finding string)) error
	// Report gets the findings of Do.
	Report func(finding string)
	// Done gets the error of Do, after all findings. Its error ends the work.
	Done func(error) error
}

var errPanicked = errors.New("a part panicked")

// waiting is the maximum number of findings of a part that wait for their turn. Then the part
// waits.
const waiting = 100

// Run does the parts, at most atOnce at the same time. Report and Done are called by the caller's
// goroutine, part by part. After an error of Done it stops the parts that follow, waits until
// they have ended, and returns the error. If Do panics, Run panics in the same way. The stages of the meter of ctx come part by part too.
func Run(ctx context.Context, atOnce int, parts ...Part) error {
	ctx, cancel := context.WithCancel(ctx)
	whole := meter.Of(ctx)
	running := make([]*part, len(parts))
	for i := range parts {
		running[i] = &part{findings: make(chan string, waiting)}
		if whole != nil {
			running[i].meter = new(meter.Meter)
		}
	}
	seats := make(chan struct{}, max(atOnce, 1))
	started := make(chan struct{}) // closed when no further part starts
	go func() {
		defer close(started)
		for i, p := range running {
			seats <- struct{}{}
			go func() {
				defer func() { <-seats }()
				p.do(ctx, parts[i].Do)
			}()
		}
	}()
	var err error
	for i, p := range running {
		if err == nil {
			whole.Follow(p.meter)
		}
		for finding := range p.findings {
			if err == nil {
				parts[i].Report(finding)
			}
		}
		switch {
		case p.panicked != nil:
			cancel()
			defer panic(p.panicked) // when all have ended
			err = errPanicked
		case err == nil:
			if err = parts[i].Done(p.err); err != nil {
				cancel()
			}
		}
	}
	cancel()
	<-started
	return err
}

// part is a part that is done.
type part struct {
	meter    *meter.Meter
	findings chan string // closed at the end
	err      error       // set before that, as panicked
	panicked any
}

func (p *part) do(ctx context.Context, f func(context.Context, func(string)) error) {
	defer close(p.findings)
	defer func() { p.panicked = recover() }()
	p.err = ctx.Err()
	if p.err == nil {
		p.err = f(meter.With(ctx, p.meter), func(finding string) { p.findings <- finding })
	}
}
