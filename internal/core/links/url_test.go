package links_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/core/links"
)

// table reads pairs of lines: an input and the wanted result.
func table(t testing.TB, path string) (pairs [][2]string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n\n") {
		if strings.HasPrefix(block, "#") {
			continue
		}
		given, want, ok := strings.Cut(block, "\n")
		if !ok {
			t.Fatalf("%s: %q has no wanted result", path, block)
		}
		if strings.HasPrefix(given, `"`) {
			if given, err = strconv.Unquote(given); err != nil {
				t.Fatalf("%s: %q: %v", path, block, err)
			}
		}
		pairs = append(pairs, [2]string{given, want})
	}
	return pairs
}

func TestParseLongURL(t *testing.T) {
	t.Parallel()
	for _, pair := range table(t, "testdata/urls.txt") {
		got, err := links.ParseLongURL(pair[0])
		if reason, refused := strings.CutPrefix(pair[1], "! "); refused {
			if !errors.Is(err, links.ErrURL) || !strings.Contains(err.Error(), reason) || got != "" {
				t.Errorf("ParseLongURL(%q) is %q, %v; want ErrURL for %q", pair[0], got, err, reason)
			}
			continue
		}
		if err != nil || got != pair[1] {
			t.Errorf("ParseLongURL(%q) is %q, %v; want %q", pair[0], got, err, pair[1])
		}
	}
}

// TestCheckForeignURL: imports may have any spelling, but no host that leads elsewhere than
// it seems to.
func TestCheckForeignURL(t *testing.T) {
	t.Parallel()
	for longURL, reason := range map[string]string{
		"http://a.example": "", "HTTPS://A.Example:8443/x y?\x1b#\\": "", "ftp://files.example/a b": "", "http://ü.example/ü": "", "http://a_b.example./": "",
		"http://a.example/@b": "", "http://a.example?x@b": "", "http://a.example#x@b": "", "http://192.0.2.1/": "", "http://[2001:db8::1]:80/": "",
		`http://good.com\@evil.com/`: "a user name or password", "http://user:pw@evil.com/": "a user name or password", "http://good.com@evil.com": "a user name or password",
		`http://good.com\evil.com/`: "character that hosts may not have", "http://a%2eexample/": "", "http://ex%61mple.example/": "", "http://a%2fexample/": "character that hosts may not have", "http://a%zzexample/": "badly escaped", "http://a%ffexample/": "badly escaped", "http://a%252eexample/": "character that hosts may not have", "http://a%40b.example/": "character that hosts may not have", "http://%5b::1%5d/": "character that hosts may not have", "http://127.0.0.%31/": "", "http://a b/": "character that hosts may not have",
		"http://a\x1b[2J/": "character that hosts may not have", "http://a\t.example/": "character that hosts may not have", "http://0x7f.1/": "neither a name nor an IPv4 address", "http://2130706433/": "neither",
		"http:///evil.com": "missing", "http://": "missing", "http://:80/": "missing", "http://a.example:port/": "port", "http://a.example:0/": "port",
		"javascript:alert(1)": "is not an http, https or ftp URL", "data:text/html,x": "is not an http, https or ftp URL", "file:///etc/passwd": "is not an http, https or ftp URL", "//a.example/": "is not an http, https or ftp URL", "": "is not an http, https or ftp URL",
		`http:\\a.example`: "is not an http, https or ftp URL", "http:/a.example": "is not an http, https or ftp URL", " http://a.example/": "is not an http, https or ftp URL",
	} {
		err := links.CheckForeignURL(longURL)
		if (err == nil) != (reason == "") || err != nil && (!errors.Is(err, links.ErrURL) || !strings.Contains(err.Error(), reason)) {
			t.Errorf("%q may be imported: %v; want %q", longURL, err, reason)
		}
		if _, bad := links.ParseLongURL(longURL); bad == nil && err != nil && strings.TrimSpace(longURL) == longURL {
			t.Errorf("%q may be shortened and not imported", longURL)
		}
	}
}

func TestLongURLsAreBounded(t *testing.T) {
	t.Parallel()
	const start = "http://a.example/"
	label := strings.Repeat("a", 63)
	for _, c := range []struct {
		name, raw string
		good      bool
	}{
		{"longest", start + strings.Repeat("x", links.MaxLongURL-len(start)), true},
		{"longest, blanks around", "  " + start + strings.Repeat("x", links.MaxLongURL-len(start)) + "\n", true},
		{"too long", start + strings.Repeat("x", links.MaxLongURL-len(start)+1), false},
		{"longest when encoded", "http://a.example/aa" + strings.Repeat("ü", (links.MaxLongURL-len(start)-2)/6), true},
		{"too long when encoded", start + strings.Repeat("ü", links.MaxLongURL/6), false},
		{"too long by the path that was missing", "http://a.example?" + strings.Repeat("x", links.MaxLongURL-len(start)), false},
		{"longest part of a host", "http://" + label + ".example/", true},
		{"too long a part of a host", "http://" + label + "a.example/", false},
		{"longest host", "http://" + strings.Repeat(label+".", 3) + label[:61] + "/", true},
		{"longest host with the root's dot", "http://" + strings.Repeat(label+".", 3) + label[:61] + "./", true},
		{"too long a host", "http://" + strings.Repeat(label+".", 3) + label[:62] + "/", false},
		{"a host that would take long to encode", "http://" + strings.Repeat("日", 2500) + "/", false},
	} {
		got, err := links.ParseLongURL(c.raw)
		if good := err == nil; good != c.good || !good && !errors.Is(err, links.ErrURL) {
			t.Errorf("%s: %d bytes became %d, %v", c.name, len(c.raw), len(got), err)
		}
	}
}

func TestLocation(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "http://a/%zz?x=\"<>\\": "http://a/%zz?x=\"<>\\", "~!": "~!",
		"http://a/b c\r\nd\x00\x7fü\xff": "http://a/b%20c%0D%0Ad%00%7F%C3%BC%FF",
	} {
		if got := links.Location(in); got != want {
			t.Errorf("Location(%q) is %q, want %q", in, got, want)
		}
	}
}

// FuzzParseLongURL: any input becomes visible ASCII of bounded length that is its own
// ParseLongURL, or is refused.
func FuzzParseLongURL(f *testing.F) {
	for _, pair := range table(f, "testdata/urls.txt") {
		f.Add(pair[0])
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := links.ParseLongURL(raw)
		if err != nil {
			if !errors.Is(err, links.ErrURL) {
				t.Fatalf("ParseLongURL(%q) failed with %v, want ErrURL", raw, err)
			}
			return
		}
		for _, b := range []byte(got) {
			if b <= 0x20 || b >= 0x7f {
				t.Fatalf("ParseLongURL(%q) is %q, which has byte %#x", raw, got, b)
			}
		}
		if len(got) > links.MaxLongURL || links.Location(got) != got {
			t.Fatalf("ParseLongURL(%q) is %q", raw, got)
		}
		rest, ok := strings.CutPrefix(got, "http://")
		if !ok {
			rest, ok = strings.CutPrefix(got, "https://")
		}
		if err := links.CheckForeignURL(got); err != nil {
			t.Fatalf("ParseLongURL(%q) is %q, which an import refuses: %v", raw, got, err)
		}
		if host, _, path := strings.Cut(rest, "/"); !ok || host == "" || !path || strings.ContainsAny(host, "@?#\\%") {
			t.Fatalf("ParseLongURL(%q) is %q, which has no plain host", raw, got)
		}
		if again, err := links.ParseLongURL(got); err != nil || again != got {
			t.Fatalf("ParseLongURL(%q) is %q, whose ParseLongURL is %q, %v", raw, got, again, err)
		}
	})
}
