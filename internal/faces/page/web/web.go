// Package web has the files of the page as browsers get them: scripts, styles and a map. Their
// sources are in src, and the program in build makes dist of them, which is committed, so that
// footfall itself is built with Go alone.
//
//	src/*.entry.js, src/*.entry.css   one file of dist each, with all that it imports
//	src/world.json                    the map, which map/world.js makes of Natural Earth's borders
//	package.json                      what the scripts import
package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed dist
var dist embed.FS

// manifest is the names of the files by their names without a hash.
var manifest = read()

// Prefix is the beginning of the paths of all files.
const Prefix = "/-/assets/"

func read() (m map[string]string) {
	data, err := dist.ReadFile("dist/manifest.json")
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		panic(fmt.Sprintf("the embedded files of the page: %v", err)) // they are in the binary
	}
	return m
}

// Path returns the path of a file, such as "world.json"; empty if there is none.
func Path(name string) string {
	if manifest[name] == "" {
		return ""
	}
	return Prefix + manifest[name]
}

// Script returns the path of a script by its name, such as "overview".
func Script(name string) string { return Path(name + ".js") }

// Style returns the path of a style by its name.
func Style(name string) string { return Path(name + ".css") }

// ServeHTTP answers with a file: compressed if the browser takes that, and to be kept for ever,
// because another content has another name.
func ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	encoding := encodingFor(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	kind := types[path.Ext(name)]
	data, err := dist.ReadFile("dist/" + name + encoding.suffix)
	if err != nil || name == "manifest.json" || kind == "" {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	if encoding.name != "" {
		h.Set("Content-Encoding", encoding.name)
	}
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // the browser has left
}

// types are the types of files by the end of their names. Those of package mime depend on the
// machine.
var types = map[string]string{
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".svg":  "image/svg+xml",
}

// encoding is a way in which every file is compressed; the zero value is none.
type encoding struct{ name, suffix string }

// encodings lists them, the smallest files first.
var encodings = []encoding{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}

// encodingFor returns the first encoding that an Accept-Encoding header names and does not
// refuse.
func encodingFor(header string) encoding {
	for _, e := range encodings {
		if accepts(header, e.name) {
			return e
		}
	}
	return encoding{}
}

// accepts reports whether an Accept-Encoding header names an encoding with a weight above 0.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		for p := range strings.SplitSeq(parameters, ";") {
			key, weight, _ := strings.Cut(p, "=")
			if strings.EqualFold(strings.TrimSpace(key), "q") {
				q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
				return err == nil && q > 0
			}
		}
		return true
	}
	return false
}
