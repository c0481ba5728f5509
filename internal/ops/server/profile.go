package server

import (
	"context"
	"fmt"
	"io"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/ops/control"
)

// profile writes a profile of this process.
func profile(ctx context.Context, w io.Writer, p control.Profile) error {
	if p.Name == "cpu" {
		if err := pprof.StartCPUProfile(w); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
		select {
		case <-time.After(time.Duration(p.Seconds) * time.Second):
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	profile := pprof.Lookup(p.Name)
	if profile == nil {
		var names []string
		for _, p := range pprof.Profiles() {
			names = append(names, p.Name())
		}
		return fmt.Errorf("there is no profile %q: say cpu, %s", p.Name, strings.Join(names, ", "))
	}
	form := 0
	if p.Text {
		if form = 1; p.Name == "goroutine" {
			form = 2 // each with its own stack, as after a panic
		}
	}
	return profile.WriteTo(w, form)
}
