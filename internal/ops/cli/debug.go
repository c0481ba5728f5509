package cli

import (
	"io"
	"os"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/server"
)

type debugCmd struct {
	dataDir
	Out     string `help:"The file to write. A terminal gets only text." type:"path" placeholder:"FILE" otherwise:"standard output"`
	Seconds number `help:"How many seconds to sample for the cpu profile." least:"1" most:"600" default:"30" placeholder:"N"`
	Binary  bool   `help:"Write a binary profile for go tool pprof instead of text. The cpu profile is always binary."`
	Profile string `arg:"" optional:"" default:"goroutine" help:"goroutine: what each goroutine does now. heap: what holds memory. allocs: what allocated memory since the start. cpu: what uses the processors. Or another profile of Go: block, mutex, threadcreate."`
}

func (c *debugCmd) Run(e *env) (err error) {
	text := !c.Binary && c.Profile != "cpu"
	to := e.data
	if c.Out != "" {
		file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = joinClose(err, file) }()
		to = file
	} else if !text && isTerminal(to) {
		return usage("the profile is not text: name a file with --out")
	}
	running, err := server.Running(e.ctx, c.options(e))
	if err != nil {
		return err
	}
	return pieces(e, running, control.Debug, control.Profile{Name: c.Profile, Seconds: int(c.Seconds), Text: text}, to)
}

func joinClose(err error, c io.Closer) error {
	if closed := c.Close(); err == nil {
		return closed
	}
	return err
}
