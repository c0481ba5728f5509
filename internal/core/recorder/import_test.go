package recorder_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// gatedFS blocks the syncs of the journal while gate is not nil.
type gatedFS struct {
	vfs.FS
	gate, waiting chan struct{}
}

func (f *gatedFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.OpenReadWrite(name, c, o...)
	if err != nil || f.PathBase(f.PathDir(name)) != "journal" {
		return file, err
	}
	return &gatedFile{file, f}, nil
}

type gatedFile struct {
	vfs.File
	fs *gatedFS
}

func (f *gatedFile) SyncData() error {
	select {
	case f.fs.waiting <- struct{}{}:
	default:
	}
	<-f.fs.gate
	return f.File.SyncData()
}

// TestImportCutOff: an import that ends while the disk is slow, and is started
// again, counts its clicks once.
func TestImportCutOff(t *testing.T) {
	t.Parallel()
	fs := &gatedFS{vfs.NewMem(), make(chan struct{}), make(chan struct{}, 1)}
	h := open(t, fs, 0)
	source := [32]byte{1}
	imported := func(ctx context.Context) error {
		marks, end, err := h.BeginImport(ctx, source)
		if err != nil {
			return err
		}
		defer end()
		if len(marks) > 0 {
			return nil
		}
		return h.Import(ctx, []click.Click{{Time: begin.UnixMilli(), User: 1, Link: 2}}, store.Mark{Input: source, Offset: 10, Lines: 1, Clicks: 1})
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { first <- imported(ctx) }()
	<-fs.waiting
	cancel()
	again, late := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer late()
	if err := imported(again); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an import did not wait for one of the same input that waits for the disk: %v", err)
	}
	close(fs.gate)
	<-first
	if err := imported(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := rollup.Key{Scope: rollup.Scope{User: 1}, Facet: rollup.All, Slot: begin.Unix()}
	if n := h.cells(t)[all]; n != 1 {
		t.Errorf("%d clicks are counted, want 1", n)
	}
	h.close(t)
}

// TestImportBusy: an import fails if an earlier one of the same input does not end.
func TestImportBusy(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	counts, err := pebble.Open(pebble.Options{Dir: "clicks", FS: fs, Cache: 1 << 20, MemTable: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r, err := recorder.Open(t.Context(), recorder.Options{
		Journal: j, Counts: counts, Now: func() time.Time { return begin }, Log: new(logtest.Log).Logger(),
	}.WithImportTimeout(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	h := &instance{r, j, counts}
	defer h.close(t)
	_, end, err := h.BeginImport(t.Context(), [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.BeginImport(t.Context(), [32]byte{1}); !errors.Is(err, recorder.ErrImporting) {
		t.Errorf("another import of the input: %v, want %v", err, recorder.ErrImporting)
	}
	if _, end, err := h.BeginImport(t.Context(), [32]byte{2}); err != nil {
		t.Errorf("an import of another input: %v", err)
	} else {
		end()
	}
	end()
	if _, end, err := h.BeginImport(t.Context(), [32]byte{1}); err != nil {
		t.Errorf("an import after the first has ended: %v", err)
	} else {
		end()
	}
}
