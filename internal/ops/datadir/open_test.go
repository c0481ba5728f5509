package datadir

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestDamageAtStart: an error of Open says which part is damaged.
func TestDamageAtStart(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		spoil func(dir string) error
		want  Part
	}{
		"a table that is cut short": {func(dir string) error {
			tables, err := filepath.Glob(filepath.Join(dir, "clicks", "*.sst"))
			return errors.Join(err, os.Truncate(tables[0], 100))
		}, PartCounts},
		"a table that is missing": {func(dir string) error {
			tables, err := filepath.Glob(filepath.Join(dir, "clicks", "*.sst"))
			return errors.Join(err, os.Remove(tables[0]))
		}, PartCounts},
		"no database": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, databaseFile), []byte(strings.Repeat("x", 5000)), 0o600)
		}, PartLinks},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			o := Options{Path: dir, Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
			d, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			d, err = Open(t.Context(), o)
			if err == nil {
				err = d.Close(t.Context())
			}
			part := new(PartError)
			if !errors.As(err, &part) || part.Part != c.want || !errors.As(err, new(*store.CorruptError)) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v, want damage of %s in one line", err, c.want)
			}
		})
	}
}

// TestRemedies: each kind of finding has its remedies.
func TestRemedies(t *testing.T) {
	t.Parallel()
	d, err := Open(t.Context(), Options{Path: t.TempDir(), Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(t.Context())
	if v, err := d.Check(t.Context(), func(f string) { t.Error(f) }); err != nil || v.Remedies != nil {
		t.Errorf("a check of a sound directory: %+v, %v", v, err)
	}
	for _, c := range []struct {
		links int
		wrong audit.Wrong
		want  []Remedy
	}{
		{0, audit.Wrong{Counts: 1, Days: 3}, []Remedy{RebuildCounts}},
		{0, audit.Wrong{Days: 3}, []Remedy{RepairDays}},
		{2, audit.Wrong{}, []Remedy{RestoreLinks}},
		{1, audit.Wrong{Counts: 1}, []Remedy{RestoreLinks, RebuildCounts}},
		{0, audit.Wrong{Journal: 1}, []Remedy{RebuildFromOld}},
		{0, audit.Wrong{Journal: 1, Damage: 1}, []Remedy{RepairJournal}},
	} {
		if got := remedies(c.links, c.wrong); !slices.Equal(got, c.want) {
			t.Errorf("after %d findings about links and users, and %+v, the remedies are %q, want %q", c.links, c.wrong, got, c.want)
		}
	}
}
