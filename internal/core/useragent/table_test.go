package useragent

import (
	"os"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/testkit/seedtest"
	"pgregory.net/rapid"
)

// TestTable: a table finds what a search for each word in its turn finds.
func TestTable(t *testing.T) {
	word := rapid.SampledFrom([]string{"ab", "^ab", "abc", "bc", "^bc", "c/a", "/a", "c/"})
	piece := rapid.SampledFrom([]string{"a", "b", "c", "/", "ab", "bc", "é"})
	seedtest.Check(t, func(t *rapid.T) {
		var rows []row[int]
		for i := range 4 {
			rows = append(rows, row[int]{i, rapid.SliceOfN(word, 0, 2).Draw(t, "words")})
		}
		text := strings.Join(rapid.SliceOfN(piece, 3, 12).Draw(t, "text"), "")
		end := rapid.IntRange(0, 14).Draw(t, "end")
		want, found := 0, false
		for _, r := range rows {
			for _, w := range r.words {
				w, atStart := strings.CutPrefix(w, "^")
				i := strings.Index(text, w)
				if i >= 0 && i < end && (i == 0 || !atStart) && !found {
					want, found = r.value, true
				}
			}
		}
		if got, ok := tableOf(rows...).findBefore(text, end); got != want || ok != found {
			t.Fatalf("%d, %v in %q before %d; want %d, %v", got, ok, text, end, want, found)
		}
	})
}

// TestFamilies: names are stored, so they are short and plain, and each has an agent in
// testdata. Words are in lower case, as the agents are that are searched.
func TestFamilies(t *testing.T) {
	text, err := os.ReadFile("testdata/bots.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := map[click.BotFamily]bool{}
	for _, f := range families.rows {
		if names[f.value] || f.value == "" || len(f.value) > 32 || strings.ContainsFunc(string(f.value), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("the name %q is taken, or not plain", f.value)
		}
		names[f.value] = true
		if !strings.Contains(string(text), "\n"+string(f.value)+"\t") {
			t.Errorf("no agent of %s in testdata/bots.txt", f.value)
		}
		for _, w := range f.words {
			if w != strings.ToLower(w) || len(strings.TrimPrefix(w, "^")) < 2 {
				t.Errorf("%q cannot be found", w)
			}
		}
		if ParseFamily(string(f.value)) != f.value {
			t.Errorf("%q is not a family", f.value)
		}
	}
	for name, want := range map[string]click.BotFamily{"": "", string(NoAgent): NoAgent, "nobody's": click.OtherBots} {
		if got := ParseFamily(name); got != want {
			t.Errorf("%q is the family %q, want %q", name, got, want)
		}
	}
}
