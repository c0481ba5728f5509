package inorder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/inorder"
	"github.com/footfall/footfall/internal/base/meter"
)

// TestRun: parts overlap, and their findings, ends and stages come in the order of the parts,
// also if a later part ends first.
func TestRun(t *testing.T) {
	for _, atOnce := range []int{1, 2, 3} {
		synctest.Test(t, func(t *testing.T) {
			var m meter.Meter
			ctx := meter.With(t.Context(), &m)
			var seen []string
			part := func(name string, findings int, takes time.Duration) inorder.Part {
				return inorder.Part{
					Do: func(ctx context.Context, report func(string)) error {
						meter.Begin(ctx, name, meter.Clicks, 1).Add(1)
						time.Sleep(takes)
						for i := range findings {
							report(fmt.Sprintf("%s %d", name, i))
						}
						return errors.New(name)
					},
					Report: func(finding string) { seen = append(seen, finding) },
					Done:   func(err error) error { seen = append(seen, "end of "+err.Error()); return nil },
				}
			}
			begun := time.Now()
			if err := inorder.Run(ctx, atOnce, part("a", 2, 3*time.Second), part("b", 1000, time.Second), part("c", 1, 2*time.Second)); err != nil {
				t.Fatal(err)
			}
			want := []string{"a 0", "a 1", "end of a"}
			for i := range 1000 {
				want = append(want, fmt.Sprintf("b %d", i))
			}
			want = append(want, "end of b", "c 0", "end of c")
			if !slices.Equal(seen, want) {
				t.Errorf("%d at once: %v", atOnce, seen)
			}
			var stages []string
			for _, s := range m.All() {
				stages = append(stages, s.Stage)
			}
			if !slices.Equal(stages, []string{"a", "b", "c"}) {
				t.Errorf("%d at once: the stages are %v", atOnce, stages)
			}
			// b waits for its turn with its findings, and holds a seat.
			if took, want := time.Since(begun), []time.Duration{6, 5, 3}[atOnce-1]*time.Second; took != want {
				t.Errorf("%d at once took %v, want %v", atOnce, took, want)
			}
		})
	}
}

// TestPanic: a panic of a part reaches the caller, who may recover, and not the process.
func TestPanic(t *testing.T) {
	ended, running := false, make(chan struct{})
	defer func() {
		if got := recover(); got != "bug" || !ended {
			t.Errorf("the panic is %v; the other part ended: %v", got, ended)
		}
	}()
	quiet := func(string) {}
	done := func(err error) error { return err }
	_ = inorder.Run(t.Context(), 2,
		inorder.Part{Do: func(context.Context, func(string)) error { <-running; panic("bug") }, Report: quiet, Done: done},
		inorder.Part{Do: func(ctx context.Context, _ func(string)) error {
			close(running)
			<-ctx.Done()
			ended = true
			return nil
		}, Report: quiet, Done: done},
	)
	t.Error("Run returned")
}

// TestPartsOfParts: the stages of a part's parts come too, also those that began before their
// turn.
func TestPartsOfParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m meter.Meter
		part := func(do func(context.Context, func(string)) error) inorder.Part {
			return inorder.Part{Do: do, Report: func(string) {}, Done: func(err error) error { return err }}
		}
		stage := func(name string, takes time.Duration) inorder.Part {
			return part(func(ctx context.Context, _ func(string)) error {
				meter.Begin(ctx, name, meter.Clicks, 1)
				time.Sleep(takes)
				return nil
			})
		}
		inner := part(func(ctx context.Context, _ func(string)) error {
			return inorder.Run(ctx, 2, stage("b", 3*time.Second), stage("c", time.Second))
		})
		if err := inorder.Run(meter.With(t.Context(), &m), 2, stage("a", time.Second), inner, stage("d", 0)); err != nil {
			t.Fatal(err)
		}
		var stages string
		for _, s := range m.All() {
			stages += s.Stage
		}
		if stages != "abcd" {
			t.Errorf("the stages are %q", stages)
		}
	})
}

// TestError: an error of Done ends the parts that follow, also those with many findings.
func TestError(t *testing.T) {
	broken, ended := errors.New("broken"), 0
	first := inorder.Part{
		Do:     func(context.Context, func(string)) error { return broken },
		Report: func(string) {},
		Done:   func(err error) error { return err },
	}
	second := inorder.Part{
		Do: func(ctx context.Context, report func(string)) error {
			for range 1000 {
				report("finding")
			}
			<-ctx.Done()
			ended++
			return ctx.Err()
		},
		Report: func(string) { t.Error("a finding came after the error") },
		Done:   func(error) error { t.Error("Done was called after the error"); return nil },
	}
	if err := inorder.Run(t.Context(), 2, first, second); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	if ended > 1 {
		t.Errorf("the second part ended %d times", ended)
	}
}
