package server_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/testkit/await"
)

// all returns the number of all clicks of the users ann and cat, who may not exist.
func all(t *testing.T, app *server.App) (clicks int) {
	t.Helper()
	for _, login := range []string{"ann", "cat"} {
		n, err := app.UserClicks(t.Context(), login)
		if err != nil && !errors.Is(err, click.ErrNotFound) {
			t.Fatal(err)
		}
		clicks += int(n)
	}
	return clicks
}

// TestDeletedWhileImported: an import counts as many clicks as it returns, also if a
// user or a link is deleted meanwhile. Later clicks on it are rejected. They count
// when the same file is imported again.
func TestDeletedWhileImported(t *testing.T) {
	t.Parallel()
	const lines = 60_000 // in several records
	const at = 1_700_000_000
	ofCat := func(n int) string {
		return fmt.Sprintf(`{"t":%d,"h":"cat%d","g":"agg%d","l":"cat","u":"http://example.org/%d","hc":1300000000}`+"\n", at, n%2, n%2, n%2)
	}
	ofAnn := func(int) string {
		return fmt.Sprintf(`{"t":%d,"h":"ann","g":"aggann","l":"ann","u":"http://example.org/ann","hc":1300000000}`+"\n", at)
	}
	byName := func(n int) string { return fmt.Sprintf(`{"hash":"cat%d","ts":%d}`+"\n", n%2, at) }
	deleteUser := func(t *testing.T, app *server.App) (datadir.Removal, error) {
		return app.DeleteUser(t.Context(), "cat")
	}
	deleteLink := func(t *testing.T, app *server.App) (datadir.Removal, error) {
		return app.DeleteLink(t.Context(), "cat1")
	}
	half := func(n int) string { return []string{ofCat(n), ofAnn(n)}[n/2%2] }
	for _, c := range []struct {
		what, format string
		line         func(n int) string
		remove       func(*testing.T, *server.App) (datadir.Removal, error)
		reason       string
		again        bool // importing the same file again makes what was deleted again
	}{
		{"a user, of Bitly's feed", "bitly-feed", half, deleteUser, `the user "cat" was deleted`, true},
		{"a link, of Bitly's feed", "bitly-feed", half, deleteLink, `the link "cat1" was deleted`, true},
		{"a user, by names", "ndjson", byName, deleteUser, `no link "cat`, false},
		{"a link, by names", "ndjson", byName, deleteLink, `there is no link "cat1"`, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			app := open(t, t.TempDir(), time.Unix(at+1000, 0))
			defer closeApp(t, app)
			if c.format == "ndjson" {
				users := ofCat(0) + ofCat(1)
				if _, err := app.Import(t.Context(), "bitly-feed", strings.NewReader(users), func(feed.Rejected) {}); err != nil {
					t.Fatal(err)
				}
			}
			before := all(t, app)
			var input strings.Builder
			for n := range lines {
				input.WriteString(c.line(n))
			}
			first, second := input.String()[:input.Len()/2], input.String()[input.Len()/2:]
			in, out := io.Pipe()
			var reasons []string
			var result feed.Result
			imported := make(chan error)
			go func() {
				var err error
				result, err = app.Import(t.Context(), c.format, in, func(l feed.Rejected) {
					reasons = append(reasons, l.Reason)
					if (l.Kind == feed.Deleted) != c.again {
						t.Errorf("%s: the line is of the kind %q", l.Reason, l.Kind)
					}
				})
				imported <- err
			}()
			if _, err := io.WriteString(out, first); err != nil {
				t.Fatal(err)
			}
			await.Until(t, "some lines are recorded", func() (string, bool) {
				now := all(t, app)
				return fmt.Sprint(now), now != before
			})
			removed, err := c.remove(t, app)
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.WriteString(out, second)
			if err := errors.Join(err, out.Close(), <-imported); err != nil {
				t.Fatal(err)
			}
			if result.Lines != lines || result.Clicks+result.Rejected != lines || result.Rejected < lines/8 || removed.Clicks == 0 {
				t.Errorf("the import returned %+v, and %d clicks were deleted", result, removed.Clicks)
			}
			if len(reasons) != int(result.Rejected) || len(reasons) == 0 || !strings.Contains(reasons[0], c.reason) {
				t.Errorf("the import rejected %d lines, the first because of %q", len(reasons), reasons[:min(1, len(reasons))])
			}
			counted := before + int(result.Clicks) - int(removed.Clicks)
			if now := all(t, app); now != counted {
				t.Errorf("%d clicks are counted, want %d", now, counted)
			}
			again, err := app.Import(t.Context(), c.format, strings.NewReader(input.String()), func(feed.Rejected) {})
			want := 0
			if c.again {
				want = int(result.Rejected)
			}
			if err != nil || again.Clicks != uint64(want) || again.Known != result.Clicks {
				t.Errorf("the second import returned %+v (%v), want %d clicks", again, err, want)
			}
			if now := all(t, app); now != counted+want {
				t.Errorf("%d clicks are counted in the end, want %d", now, counted+want)
			}
			if _, err := app.Check(t.Context(), func(finding string) { t.Error(finding) }); err != nil {
				t.Fatal(err)
			}
		})
	}
}
