package meter_test

import (
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/meter"
)

func TestMeter(t *testing.T) {
	var m meter.Meter
	if _, any := m.State(); any {
		t.Error("there is a state before a stage was begun")
	}
	ctx := meter.With(t.Context(), &m)
	s := meter.Begin(ctx, "files", meter.Bytes, 10)
	s.Add(3)
	meter.Current(ctx).Add(4)
	if got, _ := m.State(); got != (meter.State{Stage: "files", Unit: meter.Bytes, Done: 7, Total: 10}) {
		t.Errorf("the state is %+v", got)
	}
	s.Add(4) // a file that grew
	meter.Begin(ctx, "journal", meter.Clicks, 9).Add(6)
	if got, _ := m.State(); got.Done != 6 {
		t.Errorf("the state is %+v", got)
	}
	want := []meter.State{{"files", meter.Bytes, 10, 10}, {"journal", meter.Clicks, 6, 9}}
	if got := m.All(); !slices.Equal(got, want) {
		t.Errorf("the stages are %+v, want %+v", got, want)
	}
	var shown meter.Meter
	for _, s := range append(want, meter.State{Stage: "journal", Unit: meter.Clicks, Done: 9, Total: 9}) {
		shown.Show(s)
	}
	want[1].Done = 9
	if got := shown.All(); !slices.Equal(got, want) {
		t.Errorf("the copy is %+v, want %+v", got, want)
	}
}

// TestWithoutMeter: work without a meter can report.
func TestWithoutMeter(t *testing.T) {
	ctx := meter.With(t.Context(), nil)
	meter.Begin(ctx, "files", meter.Bytes, 10).Add(1)
	meter.Current(ctx).Add(1)
	meter.Current(meter.With(ctx, new(meter.Meter))).Add(1)
	if meter.Of(ctx) != nil {
		t.Error("the context has a meter")
	}
}
