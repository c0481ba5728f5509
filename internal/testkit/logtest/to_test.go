package logtest_test

import (
	"log/slog"
	"testing"

	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestTo: logging after the end of a test does not panic.
func TestTo(t *testing.T) {
	var log *slog.Logger
	t.Run("a test", func(t *testing.T) {
		log = logtest.To(t)
		log.Info("while it runs")
	})
	log.Info("after it")
}
