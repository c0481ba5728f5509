package feed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// visit is a line of an access log; each second has at most one.
func visit(host string, second int, name, agent string) string {
	at := time.Unix(1_200_000_000+int64(second), 0).UTC().Format("02/Jan/2006:15:04:05 -0700")
	return fmt.Sprintf("%s1.2.3.4 - - [%s] \"GET /%s HTTP/1.1\" 301 5 \"-\" \"%s\"\n", host, at, name, agent)
}

func makeLink(t interface{ Fatal(...any) }, im *feed.Importer, name string) store.Link {
	made, err := im.Links.ImportLinks(context.Background(), []store.ForeignLink{{Login: "ann", Hash: click.Hash(name), LongURL: "http://a/" + name, Created: 5}})
	if err != nil {
		t.Fatal(err)
	}
	return made[0]
}

// TestLinksComeLater: lines without a link count when the link exists and the input is
// imported again: once, and without being reported again.
func TestLinksComeLater(t *testing.T) {
	for _, c := range []struct{ format, in string }{
		{"combined", visit("", 1, "one", "x") + visit("", 2, "two", "x") + "garbage\n" + visit("", 3, "one", "x") + visit("", 4, "abc", "x")},
		{"ndjson", `{"ts":1360000000,"hash":"one"}
{"ts":1360000000,"hash":"two"}
garbage
{"type":"counts","ts":1359999900,"hash":"one","clicks":1}
{"ts":1360000000,"hash":"abc"}
`},
	} {
		t.Run(c.format, func(t *testing.T) {
			tape := newTape()
			im := importer(tape)
			abc, _ := makeLinks(t, im)
			step := func(want feed.Result, reason int) {
				t.Helper()
				got, rejected := imports(t, im, c.format, c.in)
				if got != want || len(rejected) != reason {
					t.Errorf("%+v, want %+v; %d lines are reported, want %d: %q", got, want, len(rejected), reason, rejected)
				}
			}
			step(feed.Result{Lines: 5, Clicks: 1, Rejected: 4, NoLink: 3, Alien: 1}, 4)
			step(feed.Result{Lines: 5, Known: 1, Rejected: 4, NoLink: 3, Alien: 1}, 0)
			one := makeLink(t, im, "one")
			step(feed.Result{Lines: 5, Clicks: 2, Known: 1, Rejected: 2, NoLink: 1, Alien: 1}, 0)
			step(feed.Result{Lines: 5, Known: 3, Rejected: 2, NoLink: 1, Alien: 1}, 0)
			two := makeLink(t, im, "two")
			c.in += strings.SplitAfter(c.in, "\n")[0]
			step(feed.Result{Lines: 6, Clicks: 2, Known: 3, Rejected: 1, Alien: 1}, 0)
			step(feed.Result{Lines: 6, Known: 5, Rejected: 1, Alien: 1}, 0)
			got := map[click.LinkID]int{}
			for _, c := range tape.clicks {
				got[c.Link]++
			}
			if want := map[click.LinkID]int{abc.ID: 1, one.ID: 3, two.ID: 1}; !maps.Equal(got, want) {
				t.Errorf("clicks of links %v, want %v", got, want)
			}
		})
	}
}

// TestTimeInTheFuture: a line with a time in the future counts when the time has come.
func TestTimeInTheFuture(t *testing.T) {
	im := importer(newTape())
	at := time.Unix(1_200_000_000, 0)
	im.Now = func() time.Time { return at }
	makeLinks(t, im)
	in := visit("", 0, "abc", "x") + visit("", 1, "abc", "x")
	if got, reason := imports(t, im, "combined", in); got != (feed.Result{Lines: 2, Clicks: 1, Rejected: 1}) || !strings.Contains(reason[0], "future") {
		t.Errorf("a line in the future: %+v, rejected %q", got, reason)
	}
	at = at.Add(time.Second)
	if got, _ := imports(t, im, "combined", in); got != (feed.Result{Lines: 2, Clicks: 1, Known: 1}) {
		t.Errorf("a second later %+v", got)
	}
}

// TestOnceAtAnyTime imports a log repeatedly while it grows, cut off anywhere, killed in
// between, and while links are made. In the end each line with a link has counted once,
// and no other line has.
func TestOnceAtAnyTime(t *testing.T) {
	seedtest.Check(t, func(t *rapid.T) {
		tape := newTape()
		im := importer(tape)
		names := []string{"a", "b", "c", "d"}
		agent := strings.Repeat("x", rapid.SampledFrom([]int{1, 500, 2000}).Draw(t, "agent"))
		var log strings.Builder
		of := map[int64]string{} // time → name
		n := rapid.IntRange(1, 1500).Draw(t, "lines")
		pattern := rapid.SliceOfN(rapid.IntRange(-1, len(names)-1), 1, 7).Draw(t, "pattern")
		for i := range n {
			p := pattern[i%len(pattern)]
			if p < 0 {
				log.WriteString("garbage\n")
				continue
			}
			log.WriteString(visit("", i, names[p], agent))
			of[1000*(1_200_000_000+int64(i))] = names[p]
		}
		in := log.String()
		first := strings.IndexByte(in, '\n') + 1 // so that the input has a name
		here := map[string]bool{}
		size := first
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "link") {
				name := rapid.SampledFrom(names).Draw(t, "name")
				makeLink(t, im, name)
				here[name] = true
				continue
			}
			size = rapid.IntRange(size, len(in)).Draw(t, "size")
			if end := strings.IndexByte(in[size:], '\n'); end >= 0 && rapid.Bool().Draw(t, "whole line") {
				size += end // without its newline
			}
			tape.breaks = rapid.IntRange(-1, 4).Draw(t, "breaks")
			_, err := im.Import(context.Background(), "combined", strings.NewReader(in[:size]), func(feed.Rejected) {})
			if err != nil && !errors.Is(err, errBroken) {
				t.Fatal(err)
			}
		}
		tape.breaks = -1
		want := 0
		for _, name := range of {
			if here[name] {
				want++
			}
		}
		for i := range 2 {
			got, err := im.Import(context.Background(), "combined", strings.NewReader(in), func(feed.Rejected) {})
			if err != nil {
				t.Fatal(err)
			}
			if int(got.Lines) != n || int(got.Clicks+got.Known) != want || got.Lines != got.Clicks+got.Known+got.Rejected ||
				int(got.NoLink) != len(of)-want || i == 1 && got.Clicks > 0 {
				t.Fatalf("import %d: %+v of %d lines, %d clicks and %d without a link", i+1, got, n, want, len(of)-want)
			}
		}
		seen := map[int64]int{}
		for _, c := range tape.clicks {
			if seen[c.Time]++; seen[c.Time] > 1 || !here[of[c.Time]] {
				t.Fatalf("the click of %d on %q counts %d times", c.Time, of[c.Time], seen[c.Time])
			}
		}
		if len(seen) != want {
			t.Fatalf("%d clicks, want %d", len(seen), want)
		}
	})
}

// TestManyCountsComeLater: a rejected line that is taken later may have many clicks, which
// fit into their records.
func TestManyCountsComeLater(t *testing.T) {
	tape := newTape()
	im := importer(tape)
	makeLink(t, im, "one")
	in := strings.Repeat(`{"type":"counts","ts":1359999900,"hash":"one","clicks":10000}`+"\n", 9)
	im.Now = func() time.Time { return time.Unix(1359999899, 0) }
	if got, _ := imports(t, im, "ndjson", in); got != (feed.Result{Lines: 9, Rejected: 9}) {
		t.Errorf("counts in the future: %+v", got)
	}
	im.Now = func() time.Time { return now }
	tape.breaks = 2 // and the rest of it comes later
	if _, err := im.Import(t.Context(), "ndjson", strings.NewReader(in), func(feed.Rejected) {}); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	if n := len(tape.clicks); n < 20_000 || n >= 90_000 {
		t.Errorf("%d clicks when it was killed", n)
	}
	done := uint64(len(tape.clicks))
	tape.breaks = -1
	if got, _ := imports(t, im, "ndjson", in); got != (feed.Result{Lines: 9, Clicks: 90_000 - done, Known: done}) {
		t.Errorf("%+v; %d clicks were recorded before", got, done)
	}
	if len(tape.clicks) != 90_000 {
		t.Errorf("%d clicks", len(tape.clicks))
	}
}

// TestFormatsApart: an input that was imported in a wrong format is new in the right one.
func TestFormatsApart(t *testing.T) {
	log := visit("", 1, "abc", "x")
	tape := newTape()
	im := importer(tape)
	makeLinks(t, im)
	for _, format := range []string{"bitly-feed", "ndjson"} {
		if got, _ := imports(t, im, format, log); got != (feed.Result{Lines: 1, Rejected: 1, Alien: 1}) {
			t.Errorf("as %s: %+v", format, got)
		}
	}
	if got, _ := imports(t, im, "combined", log); got != (feed.Result{Lines: 1, Clicks: 1}) {
		t.Errorf("in the right format: %+v", got)
	}
	if len(tape.marks) != 3 {
		t.Errorf("three formats of an input share marks: %d kinds", len(tape.marks))
	}
	// Marks of Bitly's feed are still found under the digest of the first line.
	const first = `{"_heartbeat_": 1331923261}`
	imports(t, im, "bitly-feed", first+"\n")
	if n := len(tape.marks[sha256.Sum256([]byte(first))]); n != 1 {
		t.Errorf("%d marks of Bitly's feed under the digest of the first line", n)
	}
}

// TestGrownLogs: only the new lines of a log that has grown count, packed or not, with the
// host in front or without.
func TestGrownLogs(t *testing.T) {
	pack := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, s)
		_ = w.Close()
		return b.String()
	}
	const parts, lines = 4, 700
	for name, file := range map[string]func(parts []string) string{
		"plain":           func(parts []string) string { return strings.Join(parts, "") },
		"packed whole":    func(parts []string) string { return pack(strings.Join(parts, "")) },
		"packed by parts": func(parts []string) string { return pack(parts[0]) + pack(strings.Join(parts[1:], "")) },
	} {
		for _, host := range []string{"", "sho.rt ", "sho.rt:443 "} {
			if host != "" && name != "plain" {
				continue // the host does not depend on how the file is packed
			}
			t.Run(name+"/"+host, func(t *testing.T) {
				t.Parallel()
				tape := newTape()
				im := importer(tape)
				makeLinks(t, im)
				var log []string
				for i := range parts {
					part := ""
					for j := range lines {
						part += visit(host, i*lines+j, "abc", strings.Repeat("x", 1000))
					}
					log = append(log, part)
					want := feed.Result{Lines: uint64(len(log) * lines), Clicks: lines, Known: uint64(i * lines)}
					if got, reason := imports(t, im, "combined", file(log)); got != want {
						t.Errorf("%+v, want %+v; %q", got, want, reason)
					}
				}
				if len(tape.clicks) != parts*lines {
					t.Errorf("%d clicks", len(tape.clicks))
				}
			})
		}
	}
}

func TestNotesRoundTrip(t *testing.T) {
	seedtest.Check(t, func(t *rapid.T) {
		waiting := rapid.SliceOfNDistinct(rapid.Uint64Range(1, 100), 0, 60, rapid.ID).Draw(t, "waiting")
		slices.Sort(waiting)
		s := feed.Notes(rapid.Uint64().Draw(t, "users"), 3, 2, 1, waiting)
		got, again, err := feed.ParseNotes(s)
		if err != nil || !slices.Equal(got, waiting) || again != s {
			t.Fatalf("%v is encoded as %x, read as %v, and encoded again as %x (%v)", waiting, s, got, again, err)
		}
	})
	if s := feed.Notes(0, 0, 0, 0, nil); s != "" {
		t.Errorf("empty notes are written as %x", s)
	}
	// The encoded texts stay as they are: stores keep them.
	if s := feed.Notes(1, 300, 4, 5, []uint64{2, 3, 4, 9}); s != "\x01\xac\x02\x04\x05\x00\x00\x00\x01\x03\x04\x01" {
		t.Errorf("written as %x", s)
	}
}

func FuzzNotes(f *testing.F) {
	f.Add(feed.Notes(1, 300, 4, 5, []uint64{2, 3, 4, 9}))
	f.Add("\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x7f")
	f.Fuzz(func(t *testing.T, s string) {
		waiting, again, err := feed.ParseNotes(s)
		if err == nil && (again != s || !slices.IsSorted(waiting)) {
			t.Fatalf("%x is read as %v and written as %x", s, waiting, again)
		}
	})
}
