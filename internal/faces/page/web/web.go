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
	"mime"
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
	encoding, suffix := "", ""
	accepted := r.Header.Get("Accept-Encoding")
	switch {
	case accepts(accepted, "br"):
		encoding, suffix = "br", ".br"
	case accepts(accepted, "gzip"):
		encoding, suffix = "gzip", ".gz"
	}
	ext := path.Ext(name)
	data, err := dist.ReadFile("dist/" + name + suffix)
	if err != nil || name == "manifest.json" || ext == ".br" || ext == ".gz" {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", mime.TypeByExtension(ext))
	if ext == ".js" {
		h.Set("Content-Type", "text/javascript; charset=utf-8")
	}
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // the browser has left
}

// accepts reports whether an Accept-Encoding header names an encoding, and does not refuse it.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && !strings.HasPrefix(q, "q=0.000")
		}
	}
	return false
}
