package pebble_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestFlushBeforeBatchIsVisible: the engine may flush a large batch before the batch is
// visible. Meanwhile readers see everything as it was before: what the batch adds to,
// replaces and deletes.
func TestFlushBeforeBatchIsVisible(t *testing.T) {
	t.Parallel()
	const few, many = 3, 600 // many do not fit into half a table
	const day = 100 * rollup.Day
	gone := rollup.Scope{User: 1, Link: 1000} // deleted
	batch := func(n uint64, links, referrers int, slot, minutesFrom int64) *store.Batch {
		b := &store.Batch{From: n, To: n + 1, MinutesFrom: minutesFrom, Marks: []store.Mark{{Offset: 5, Clicks: n}}}
		count := func(k rollup.Key) {
			k.Slot = day + slot*rollup.QuarterHour
			b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: 1})
			b.Minutes = append(b.Minutes, rollup.Cell{Key: k, Clicks: 1})
		}
		for link := range links + 1 { // 0 is all links
			count(rollup.Key{Scope: rollup.Scope{User: 1, Link: click.LinkID(link)}, Facet: rollup.All})
		}
		for i := range referrers {
			for _, s := range []rollup.Scope{{User: 1}, gone} {
				count(rollup.Key{Scope: s, Facet: rollup.Referrer, Value: fmt.Sprintf("http://%d.example/", i)})
			}
		}
		b.Journaled.Add(b.Cells...)
		return b
	}
	for _, c := range []struct {
		name  string
		write func(s *pebble.Store) error
	}{
		{"clicks", func(s *pebble.Store) error { return s.AddBatch(t.Context(), batch(2, many, 0, 1, day)) }},
		{"clicks that end the minutes of an hour", func(s *pebble.Store) error {
			return s.AddBatch(t.Context(), batch(2, many, 0, 5, day+3600))
		}},
		{"a deletion", func(s *pebble.Store) error { return s.Delete(t.Context(), []rollup.Scope{gone}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			gates := &gates{}
			fs := errorfs.Wrap(vfs.NewMem(), gates)
			s := open(t, pebble.Options{Dir: "clicks", FS: fs, MemTable: 64 << 10, Cache: 1 << 20})
			defer s.Close()
			add := func(b *store.Batch) {
				t.Helper()
				if err := s.AddBatch(t.Context(), b); err != nil {
					t.Fatal(err)
				}
			}
			add(batch(0, few, many, 0, day))
			if err := s.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			add(batch(1, few, few, 0, day)) // stays in memory
			before := contents(t, s.DB())

			// Writes become visible in their order, so not before a table that is
			// being ingested, whose entry in the manifest is blocked.
			table(t, s.DB(), fs, "table")
			taking, takeIn := gates.add(errorfs.OpFileWrite, "MANIFEST-", true)
			var writing sync.WaitGroup
			writing.Go(func() {
				if err := s.DB().Ingest(t.Context(), []string{"table"}); err != nil {
					panic(err) // else the test would wait for ever
				}
			})
			<-taking
			flushing, _ := gates.add(errorfs.OpCreate, ".sst", false)
			writing.Go(func() {
				if err := c.write(s); err != nil {
					t.Error(err)
				}
			})
			<-flushing // the contents of the new file are fixed now
			reader := s.DB().NewSnapshot()
			defer reader.Close()
			takeIn()
			writing.Wait()
			if err := s.Sync(t.Context()); err != nil { // until the new file is used
				t.Fatal(err)
			}
			if d := difference(before, contents(t, reader)); d != "" {
				t.Errorf("a reader found half of the batch: %s", d)
			}
			if difference(before, contents(t, s.DB())) == "" {
				t.Error("nothing was written")
			}
		})
	}
}

// TestWritesUseApply: a part of a write without apply may be visible.
func TestWritesUseApply(t *testing.T) {
	t.Parallel()
	write := regexp.MustCompile(`\.Apply\(|\.Commit\(|\bdb\.(Set|Merge|Delete|SingleDelete|DeleteRange|LogData|Ingest|Excise)\(`)
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		code, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(code), "\n") {
			if write.MatchString(line) && !allowed[strings.TrimSpace(line)] {
				t.Errorf("%s:%d: use Store.apply instead of\n%s", name, i+1, line)
			}
		}
	}
}

// allowed is the write of apply, and that of the version, before the store has
// readers.
var allowed = map[string]bool{
	"err := s.db.Apply(batch, pebble.NoSync)":                                             true,
	"return db.Set([]byte{keyVersion}, binary.AppendUvarint(nil, newest), pebble.NoSync)": true,
}

// table makes a file to ingest. Its only key is after all others.
func table(t *testing.T, db *engine.DB, fs vfs.FS, name string) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(f), sstable.WriterOptions{TableFormat: db.TableFormat(), MergerName: "nullptr"})
	if err := w.Set([]byte{0xff}, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// contents is all keys and values in r, except the key of table.
func contents(t *testing.T, r engine.Reader) map[string]string {
	t.Helper()
	it, err := r.NewIter(&engine.IterOptions{UpperBound: []byte{0xff}})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for ok := it.First(); ok; ok = it.Next() {
		all[string(it.Key())] = string(it.Value())
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

// difference says how many keys differ, and names one.
func difference(want, got map[string]string) string {
	var keys []string
	for k := range want {
		if v, ok := got[k]; !ok || v != want[k] {
			keys = append(keys, fmt.Sprintf("%x is %x (%t), was %x", k, v, ok, want[k]))
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			keys = append(keys, fmt.Sprintf("%x is new", k))
		}
	}
	if len(keys) == 0 {
		return ""
	}
	return fmt.Sprintf("%d keys of %d: %s", len(keys), len(want), keys[0])
}

// gates report when the engine reaches an operation, and may block it there.
type gates struct {
	mu   sync.Mutex
	list []*gate
}

type gate struct {
	kind          errorfs.OpKind
	path          string
	reached, open chan struct{}
}

// add adds a gate for the next operation of a kind on a file whose name contains path.
// If hold is set, the operation blocks until open is called.
func (g *gates) add(kind errorfs.OpKind, path string, hold bool) (reached <-chan struct{}, open func()) {
	n := &gate{kind, path, make(chan struct{}), make(chan struct{})}
	if !hold {
		close(n.open)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.list = append(g.list, n)
	return n.reached, func() { close(n.open) }
}

func (g *gates) String() string { return "gates" }

// MaybeError implements errorfs.Injector.
func (g *gates) MaybeError(op errorfs.Op) error {
	g.mu.Lock()
	var at *gate
	for i, n := range g.list {
		if n.kind == op.Kind && strings.Contains(op.Path, n.path) {
			at, g.list = n, append(g.list[:i:i], g.list[i+1:]...)
			break
		}
	}
	g.mu.Unlock()
	if at != nil {
		close(at.reached)
		<-at.open
	}
	return nil
}
