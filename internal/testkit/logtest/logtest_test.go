package logtest_test

import (
	"log/slog"
	"strings"
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

// TestAlarms: lines of level INFO are no alarms.
func TestAlarms(t *testing.T) {
	t.Parallel()
	var log logtest.Log
	logger := log.Logger()
	logger.Info("a note")
	if alarms := log.Alarms(); alarms != "" {
		t.Errorf("a note is an alarm: %s", alarms)
	}
	logger.Warn("a warning")
	logger.Error("an error")
	if alarms := log.Alarms(); strings.Count(alarms, "\n") != 2 || strings.Contains(alarms, "a note") {
		t.Errorf("of a note, a warning and an error the alarms are %q", alarms)
	}
}
