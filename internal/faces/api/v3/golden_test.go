package v3_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden wire files")

// TestWire compares the API with the golden files. An exchange there is a request line
// and headers, and then the answer. The second line of a file may set the domain.
func TestWire(t *testing.T) {
	t.Parallel()
	compareWire(t, func(t *testing.T, domains ...string) http.Handler { return newAPI(t, domains...) })
}

// compareWire compares APIs with the golden files. open makes the API of a file.
func compareWire(t *testing.T, open func(t *testing.T, domains ...string) http.Handler) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			golden, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var domains []string
			if _, rest, ok := strings.Cut(string(golden), "\n# domain: "); ok {
				domain, _, _ := strings.Cut(rest, "\n")
				domains = []string{domain}
			}
			api := open(t, domains...)
			var out bytes.Buffer
			for _, block := range strings.Split(string(golden), "\n\n") {
				request := block
				if lines := strings.SplitAfter(block, "\n"); !strings.HasPrefix(block, "#") {
					request = ""
					for _, l := range lines {
						if strings.HasPrefix(l, "< ") {
							break
						}
						request += l
					}
					request = strings.TrimRight(request, "\n")
				}
				if out.Len() > 0 {
					out.WriteString("\n\n")
				}
				out.WriteString(strings.TrimRight(request, "\n"))
				if !strings.HasPrefix(block, "#") {
					out.WriteString("\n" + exchange(t, api, request))
				}
			}
			out.WriteByte('\n')
			if *update {
				if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got, want := out.String(), string(golden); got != want {
				g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
				for i := range g {
					if i >= len(w) || g[i] != w[i] {
						t.Fatalf("line %d\n got %s\nwant %s", i+1, g[i], w[min(i, len(w)-1)])
					}
				}
				t.Fatal("the answers are cut short")
			}
		})
	}
}

// exchange sends a request and prints the answer, each line after "< ".
func exchange(t *testing.T, api http.Handler, request string) string {
	t.Helper()
	lines := strings.Split(request, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	r := httptest.NewRequest(method, strings.ReplaceAll(target, " ", "%20"), nil)
	for _, l := range lines[1:] {
		key, value, _ := strings.Cut(l, ": ")
		r.Header.Add(key, value)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	h := w.Result().Header
	var b strings.Builder
	fmt.Fprintf(&b, "< %d %s", w.Code, h.Get("Content-Type"))
	for _, key := range []string{"Allow", "Warning"} {
		for _, value := range h.Values(key) {
			fmt.Fprintf(&b, "; %s: %s", key, value)
		}
	}
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	if h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%s: no Access-Control-Allow-Origin", request)
	}
	wellFormed(t, request, h.Get("Content-Type"), body)
	if strings.HasPrefix(h.Get("Content-Type"), "text/csv") {
		body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")) // wellFormed has checked them
	}
	for l := range strings.SplitSeq(strings.TrimRight(string(body), "\n"), "\n") {
		if l != "" {
			b.WriteString("\n< " + l)
		}
	}
	return b.String()
}

// wellFormed parses a body with a strict parser of its type.
func wellFormed(t *testing.T, request, contentType string, body []byte) {
	t.Helper()
	if len(body) == 0 {
		return
	}
	switch {
	case strings.HasPrefix(contentType, "application/json"):
		if !json.Valid(body) {
			t.Errorf("%s: not JSON: %s", request, body)
		}
	case strings.HasPrefix(contentType, "text/csv"):
		// Every row has as many cells as the header, or this is an error.
		rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
		if err != nil || len(rows) == 0 || bytes.Count(body, []byte("\r\n")) < len(rows) || !bytes.HasSuffix(body, []byte("\r\n")) {
			t.Errorf("%s: not CSV of %d rows that end with CRLF: %v: %q", request, len(rows), err, body)
		}
	case strings.HasPrefix(contentType, "application/xml"):
		for d := xml.NewDecoder(bytes.NewReader(body)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatalf("%s: not XML: %v: %s", request, err, body)
			}
		}
	}
}

func TestETag(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	ask := func(ifNoneMatch string) *http.Response {
		r := httptest.NewRequest("GET", "/v3/user/clicks?access_token=good&unit=day", nil)
		r.Header.Set("If-None-Match", ifNoneMatch)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w.Result()
	}
	etag := ask("").Header.Get("ETag")
	for _, c := range []struct {
		ifNoneMatch string
		want        int
	}{
		{etag, 304}, {`"a", ` + etag, 304}, {"W/" + etag, 304}, {"*", 304}, {`"a"`, 200}, {"", 200}, {strings.Trim(etag, `"`), 200},
	} {
		if got := ask(c.ifNoneMatch); got.StatusCode != c.want || got.Header.Get("ETag") != etag {
			t.Errorf("If-None-Match %s: %d, want %d", c.ifNoneMatch, got.StatusCode, c.want)
		}
	}
}

// TestCacheControl: only the browser may store an answer, and must revalidate it. An
// answer with an apiKey must not be stored.
func TestCacheControl(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	for question, want := range map[string]string{
		"user/clicks?access_token=good": "private, no-cache",
		"user/info?access_token=good":   "no-store",
		"user/info?access_token=bad":    "no-store",
	} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest("GET", "/v3/"+question, nil))
		if got := w.Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q, want %q", question, got, want)
		}
	}
}

// TestDocs runs the examples of docs/api.md. Each method has an example there and in
// the golden files.
func TestDocs(t *testing.T) {
	t.Parallel()
	const path, begin = "../../../../docs/api.md", "<!-- api/v3: example -->\n```\n"
	docs, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(docs), begin)
	for i, block := range blocks[1:] {
		api := newAPI(t)
		block, rest, _ := strings.Cut(block, "\n```")
		examples := strings.Split(block, "\n\n")
		for j, example := range examples {
			request, want, _ := strings.Cut(example, "\n")
			got := strings.TrimPrefix(exchange(t, api, request), "< 200 application/json; charset=utf-8\n< ")
			if got != want && !*update {
				t.Errorf("%s\n got %s\nwant %s", request, got, want)
			}
			examples[j] = request + "\n" + got
		}
		blocks[i+1] = strings.Join(examples, "\n\n") + "\n```" + rest
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(blocks, begin)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, absent, _ := strings.Cut(string(docs), "\nBundles, campaigns")
	absent, _, listed := strings.Cut(absent, "are not supported")
	for _, name := range regexp.MustCompile("`[^`]+`").FindAllString(absent, -1) {
		if method := strings.Trim(name, "`"); newAPI(t).Method("/v3/"+method) != "" {
			t.Errorf("%s says that %s is not supported", path, method)
		}
	}
	if !listed {
		t.Errorf("%s does not say what is not supported", path)
	}
	golden := ""
	files, err := filepath.Glob("testdata/*.txt")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		golden += string(data)
	}
	if err != nil || golden == "" {
		t.Fatal("no golden files", err)
	}
	for _, method := range newAPI(t).Methods() {
		for place, text := range map[string]string{path: string(docs), "the golden files": golden} {
			if !strings.Contains(text, "GET /v3/"+method+"?") {
				t.Errorf("%s has no example of %s", place, method)
			}
		}
	}
}
