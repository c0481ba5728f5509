package await_test

import (
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/await"
)

func TestTry(t *testing.T) {
	tries := 0
	if err := await.Try(time.Time{}, "the third try", func() (string, bool) { tries++; return "", tries == 3 }); err != nil || tries != 3 {
		t.Errorf("Try called f %d times and returned %v, want 3 times and no error", tries, err)
	}
	err := await.Try(time.Now(), "it is Sunday", func() (string, bool) { return "Monday", false })
	if want := `it is Sunday: still false shortly before the deadline; the last result was "Monday"`; err == nil || err.Error() != want {
		t.Errorf("Try returned %v, want %s", err, want)
	}
}
