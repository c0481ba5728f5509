package web_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/faces/page/web"
)

func get(path, encoding string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	web.ServeHTTP(w, r)
	return w
}

// TestFiles: every file is there plain and compressed, may be kept for ever, and has its type.
func TestFiles(t *testing.T) {
	for name, kind := range map[string]string{
		web.Script("overview"): "text/javascript; charset=utf-8", web.Script("links"): "text/javascript; charset=utf-8", web.Script("account"): "text/javascript; charset=utf-8",
		web.Script("login"): "text/javascript; charset=utf-8", web.Script("theme"): "text/javascript; charset=utf-8",
		web.Style("base"): "text/css; charset=utf-8", web.Path("world.json"): "application/json",
	} {
		plain := get(name, "")
		if plain.Code != http.StatusOK || plain.Body.Len() == 0 || plain.Header().Get("Content-Encoding") != "" {
			t.Fatalf("%q is answered %d %v", name, plain.Code, plain.Header())
		}
		for accepted, want := range map[string]string{"gzip": "gzip", "gzip, deflate, br, zstd": "br", "br;q=0, gzip;q=0.5": "gzip", "identity": "", "br; q=0.000, GZIP;q=0": "",
			"br;q=0.0, zstd, gzip": "zstd", "br;q=0.00,gzip;q=0.0": "", "br;q=0.001": "br", "br;q=x, gzip; Q = 1.0": "gzip", "zstd;v=1;q=0.0": "", "*": ""} {
			w := get(name, accepted)
			h := w.Header()
			if h.Get("Content-Encoding") != want || h.Get("Content-Type") != kind || h.Get("Vary") != "Accept-Encoding" || h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
				t.Errorf("%s for %q has the headers %v", name, accepted, h)
			}
			switch want {
			case "gzip":
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				if data, err := io.ReadAll(z); err != nil || string(data) != plain.Body.String() {
					t.Errorf("%s compressed is another file (%v)", name, err)
				}
			case "zstd":
				if !bytes.HasPrefix(w.Body.Bytes(), []byte{0x28, 0xb5, 0x2f, 0xfd}) || w.Body.Len() > plain.Body.Len() {
					t.Errorf("%s is not compressed with zstd", name)
				}
			}
		}
	}
	for _, none := range []string{"manifest.json", "overview.js", "", "../web.go", strings.TrimPrefix(web.Style("base"), web.Prefix) + ".br", strings.TrimPrefix(web.Style("base"), web.Prefix) + ".zst", "none.js"} {
		if w := get(web.Prefix+none, "br"); w.Code != http.StatusNotFound {
			t.Errorf("%q is answered %d", none, w.Code)
		}
	}
	if p := web.Path("none"); p != "" {
		t.Errorf("a file that does not exist has the path %q", p)
	}
}

// TestTypes: the types of files do not depend on the machine.
func TestTypes(t *testing.T) {
	for _, ext := range []string{".js", ".css", ".json"} {
		if err := mime.AddExtensionType(ext, "text/x-wrong"); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{web.Script("links"): "text/javascript; charset=utf-8", web.Style("base"): "text/css; charset=utf-8", web.Path("world.json"): "application/json"} {
		if kind := get(path, "").Header().Get("Content-Type"); kind != want {
			t.Errorf("%s is %q", path, kind)
		}
	}
}

// TestBudget: the files of the overview are small.
func TestBudget(t *testing.T) {
	scripts := get(web.Script("overview"), "br").Body.Len() + get(web.Script("theme"), "br").Body.Len()
	all := scripts + get(web.Style("base"), "br").Body.Len() + get(web.Path("world.json"), "br").Body.Len()
	if scripts > 50_000 || all > 120_000 {
		t.Errorf("the scripts have %d bytes, all files %d", scripts, all)
	}
}

// TestMap: no border crosses the picture, also of countries on both sides of 180 degrees: they are
// whole, and in their place.
func TestMap(t *testing.T) {
	var world struct {
		Width  int
		Paths  map[string]string
		Points map[string][2]int
	}
	if err := json.Unmarshal(get(web.Path("world.json"), "").Body.Bytes(), &world); err != nil {
		t.Fatal(err)
	}
	if len(world.Paths) < 150 || world.Width != 1600 {
		t.Fatalf("the map is %d wide and has %d countries", world.Width, len(world.Paths))
	}
	number := regexp.MustCompile(`-?\d+`)
	left, right := map[string]int{}, map[string]int{}
	for code, path := range world.Paths {
		left[code], right[code] = world.Width, 0
		for ring := range strings.SplitSeq(strings.TrimSuffix(path, "z"), "z") {
			x := 0
			for i, s := range number.FindAllString(ring, -1) {
				n, err := strconv.Atoi(s)
				if err != nil {
					t.Fatal(err)
				}
				if i%2 == 1 { // y
					continue
				}
				if x += n; i > 0 && (n > 150 || n < -150) {
					t.Errorf("a border of %s goes %d to the side at once", code, n)
				}
				left[code], right[code] = min(left[code], x), max(right[code], x)
			}
		}
	}
	for code, want := range map[string][2]int{"RU": {800, 1370}, "FJ": {1530, 1560}, "NZ": {1380, 1500}, "US": {0, 560}} {
		if left[code] < want[0] || right[code] > want[1] || left[code] > right[code] {
			t.Errorf("%s is from %d to %d, and not within %v", code, left[code], right[code], want)
		}
	}
}
