package logtest_test

import (
	"log/slog"
	"testing"

	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestTo: who logs after the test was over does not end the tests, as it would by
// writing to the test's output itself.
func TestTo(t *testing.T) {
	var log *slog.Logger
	t.Run("a test", func(t *testing.T) {
		log = logtest.To(t)
		log.Info("while it runs")
	})
	log.Info("after it")
}
