package server

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
)

// TestLogStopped: the last line of the log says that footfall stopped, and what is on
// disk.
func TestLogStopped(t *testing.T) {
	t.Parallel()
	app, log := openIn(t, t.TempDir())
	log.Reset()
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, `level=INFO msg="stopped: everything is on disk, and all clicks are counted" took=`},
		{errors.New("disk full"), `level=ERROR msg="stopped, but not cleanly; acknowledged clicks are in the journal`},
	} {
		app.logStopped(time.Now(), c.err)
		if text := log.String(); !strings.Contains(text, c.want) || strings.Count(text, "\n") != 1 {
			t.Errorf("after %v the log is %s", c.err, text)
		}
		log.Reset()
	}
	// If counting ends before all is counted, the next start continues.
	if err := app.data.Recorder.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := app.data.Recorder.Record(t.Context(), click.Click{User: 1, Link: 2, Time: time.Now().UnixMilli()}); err != nil {
		t.Fatal(err)
	}
	if app.logStopped(time.Now(), nil); log.Count(`msg="stopped: everything is on disk, and the next start counts the clicks that are not counted yet"`) != 1 {
		t.Errorf("with a click that is not counted the log is %s", log)
	}
	_ = app.Close(t.Context()) // fails, because counting has ended
}
