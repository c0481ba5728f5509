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

// profile writes a profile of this process: of runtime/pprof, or of the CPU.
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
		return fmt.Errorf("unknown profile %q: the profiles are cpu, %s", p.Name, strings.Join(names, ", "))
	}
	debug := 0
	if p.Text {
		if debug = 1; p.Name == "goroutine" {
			debug = 2 // each with its own stack, as after a panic
		}
	}
	return profile.WriteTo(w, debug)
}
