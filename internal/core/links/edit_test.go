package links_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

func TestEdit(t *testing.T) {
	w := newWorld(t, links.Options{Domains: []string{"sho.rt"}})
	l := w.importLink(store.ForeignLink{Login: "ann", Hash: "hash", AggregateHash: "agg", LongURL: "http://a.example/", Created: 1, Domain: "sho.rt", Keyword: "word"})
	w.resolves("sho.rt", "hash", l)
	w.resolves("other.example", "word", l)
	longURL, err := w.NewURL(t.Context(), "HTTP://B.example", "sho.rt")
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Edit(t.Context(), l.ID, store.LinkEdit{LongURL: &longURL, Modified: 9})
	if err != nil || got.LongURL != "http://b.example/" || got.AggregateHash == "agg" {
		t.Fatalf("the edited link is %+v, %v", got, err)
	}
	w.resolves("sho.rt", "hash", got)
	w.resolves("other.example", "word", got)
	for number, want := range map[int64]string{1: "http://a.example/", 2: "http://b.example/", 3: "", 0: ""} {
		was, err := w.Version(t.Context(), l.ID, number)
		if was != want || errors.Is(err, links.ErrNoVersion) != (want == "") {
			t.Errorf("version %d is %q, %v; want %q", number, was, err, want)
		}
	}
	for raw, want := range map[string]error{"ftp://a.example/": links.ErrURL, "http://sho.rt/x": links.ErrOwnLink} {
		if _, err := w.NewURL(t.Context(), raw, "sho.rt"); !errors.Is(err, want) {
			t.Errorf("%s gave %v, want %v", raw, err, want)
		}
	}
	if _, err := w.Edit(t.Context(), got.Aggregate, store.LinkEdit{}); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an edit of an aggregate link gave %v", err)
	}
}

// TestEditDrawsAgain: hashes that are taken are drawn again, some times.
func TestEditDrawsAgain(t *testing.T) {
	same := io.Reader(zeros{})
	w := newWorld(t, links.Options{Random: same})
	l := w.importLink(store.ForeignLink{Login: "ann", Hash: "0000000", AggregateHash: "agg", LongURL: "http://a.example/"})
	for i := range 5 {
		longURL := fmt.Sprintf("http://b.example/%d", i)
		got, err := w.Edit(t.Context(), l.ID, store.LinkEdit{LongURL: &longURL, Modified: 9})
		if want := strings.Repeat("0", 8+i); i < 4 && (err != nil || string(got.AggregateHash) != want) {
			t.Errorf("the new aggregate link is %q, %v; want %q", got.AggregateHash, err, want)
		}
		if i == 4 && !errors.Is(err, click.ErrUnavailable) {
			t.Errorf("with all hashes taken: %+v, %v", got, err)
		}
	}
}

// zeros is a random source without end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestParseTags(t *testing.T) {
	long := strings.Repeat("ü", links.MaxTag)
	for _, c := range []struct {
		raw  []string
		want store.Tags
		bad  bool
	}{
		{nil, "", false},
		{[]string{"b", " A ", "a", "Two \t  words"}, "a,b,two words", false},
		{[]string{"Ünïcode-1_2.3:4/5#@&+'\"<é日本"}, "ünïcode-1_2.3:4/5#@&+'\"<é日本", false},
		{[]string{long}, store.Tags(long), false},
		{[]string{long + "x"}, "", true},
		{[]string{"a,b"}, "", true},
		{[]string{"a", ""}, "", true},
		{[]string{" "}, "", true},
		{[]string{"a\x00b"}, "", true},
		{[]string{"a\u200bb"}, "", true},
		{[]string{"\xff"}, "", true},
	} {
		got, err := links.ParseTags(c.raw...)
		if got != c.want || errors.Is(err, links.ErrTag) != c.bad {
			t.Errorf("%q are the tags %q, %v; want %q", c.raw, got, err, c.want)
		}
	}
	var many []string
	for i := range links.MaxTags + 1 {
		many = append(many, fmt.Sprint(i))
	}
	if tags, err := links.ParseTags(append(slices.Clone(many[1:]), many[1:]...)...); err != nil || len(tags.List()) != links.MaxTags {
		t.Errorf("%d tags, twice, gave %q, %v", links.MaxTags, tags, err)
	}
	if _, err := links.ParseTags(many...); !errors.Is(err, links.ErrTag) {
		t.Errorf("%d tags gave %v", len(many), err)
	}
}
