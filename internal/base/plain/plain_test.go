package plain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/plain"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "http://a.example/ü?日 x": "http://a.example/ü?日 x", "o'neill": "o'neill",
		"a\x1b[2J\x07": `"a\x1b[2J\a"`, "a\nb": `"a\nb"`, "a\tb": `"a\tb"`, "a\u202eb": `"a\u202eb"`, "a\u009bb": `"a\u009bb"`,
		"\xff": `"\xff"`, "a\x7f": `"a\x7f"`, "\u200b": `"\u200b"`, `"quoted"`: `"\"quoted\""`, `a\nb`: `"a\\nb"`,
	} {
		if got := plain.Text(text); got != want {
			t.Errorf("%q is shown as %s, want %s", text, got, want)
		}
	}
}

func TestError(t *testing.T) {
	bad := &fs.PathError{Op: "open", Path: "a\nfootfall: all is well\x1b[2J", Err: fs.ErrNotExist}
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("two\nlines"), "two\nlines"},
		{bad, `open "a\nfootfall: all is well\x1b[2J": file does not exist`},
		{errors.Join(errors.New("one"), fmt.Errorf("import: %w", bad)), "one\nimport: open \"a\\nfootfall: all is well\\x1b[2J\": file does not exist"},
		{fmt.Errorf("%w and %w", fs.ErrExist, &os.LinkError{Op: "rename", Old: "old\r", New: "new", Err: fs.ErrExist}), `file already exists and rename "old\r" new: file already exists`},
		{&fs.PathError{Op: "open", Path: "plain.log", Err: fs.ErrNotExist}, "open plain.log: file does not exist"},
	} {
		if got := plain.Error(c.err); got != c.want {
			t.Errorf("an error is shown as %q, want %q", got, c.want)
		}
	}
}

func FuzzWriter(f *testing.F) {
	for _, s := range []string{"", "plain ü\n\t", "\x1b]0;owned\x07\r\x00\x7f", "\u202e\u009b\u200b\ufeff", "\xff\xfe", "\U000e0001\U0001f600", "\u3000\u00a0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var out strings.Builder
		if n, err := plain.Writer(&out).Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("%d bytes of %d, %v", n, len(s), err)
		}
		got := out.String()
		if i := strings.IndexFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Cf, r) }); i >= 0 || !utf8.ValidString(got) {
			t.Fatalf("%q is written as %q", s, got)
		}
		// What is JSON stays the same JSON.
		in, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		out.Reset()
		if _, err := plain.Writer(&out).Write(in); err != nil {
			t.Fatal(err)
		}
		var before, after string
		if json.Unmarshal(in, &before) != nil || json.Unmarshal([]byte(out.String()), &after) != nil || before != after {
			t.Fatalf("%q, the JSON %s, is written as %s, and is %q", s, in, out.String(), after)
		}
	})
}
