// Build makes the folder dist of package web from its sources: it bundles the scripts, minifies
// them and the styles, names each file by its content, and compresses it. The same sources give
// the same bytes.
//
//	go -C internal/faces/page/web/build run .           # writes dist
//	go -C internal/faces/page/web/build run . -check    # fails if dist is not fresh
//
// It needs npm, which installs what the scripts import.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
	"github.com/klauspost/compress/zstd"
)

func main() {
	log.SetFlags(0)
	check := flag.Bool("check", false, "write nothing, and fail if dist is not what the sources give")
	flag.Parse()
	if err := run("..", *check); err != nil {
		log.Fatal(err)
	}
}

func run(web string, check bool) error {
	if _, err := os.Stat(filepath.Join(web, "node_modules")); errors.Is(err, os.ErrNotExist) {
		c := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		c.Dir, c.Stdout, c.Stderr = web, os.Stderr, os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("install what the scripts import: %w", err)
		}
	}
	files, err := assets(web)
	if err != nil {
		return err
	}
	dist := filepath.Join(web, "dist")
	if check {
		return compare(dist, files)
	}
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dist, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// assets is the files of dist, by name.
func assets(web string) (map[string][]byte, error) {
	src, err := filepath.Abs(filepath.Join(web, "src"))
	if err != nil {
		return nil, err
	}
	entries, err := filepath.Glob(filepath.Join(src, "*.entry.js"))
	if err != nil {
		return nil, err
	}
	styles, err := filepath.Glob(filepath.Join(src, "*.entry.css"))
	if err != nil {
		return nil, err
	}
	plain := map[string][]byte{} // by name, before it has a hash
	for _, in := range append(entries, styles...) {
		format := api.FormatESModule
		if strings.HasSuffix(in, "theme.entry.js") { // it runs before the page is drawn
			format = api.FormatIIFE
		}
		r := api.Build(api.BuildOptions{
			EntryPoints: []string{in}, Bundle: true, Write: false, Format: format, Target: api.ES2022,
			MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, LegalComments: api.LegalCommentsNone, Charset: api.CharsetUTF8,
			LogLevel: api.LogLevelWarning,
		})
		if len(r.Errors) > 0 {
			return nil, fmt.Errorf("bundle %s: %s", filepath.Base(in), r.Errors[0].Text)
		}
		plain[strings.Replace(filepath.Base(in), ".entry", "", 1)] = r.OutputFiles[0].Contents
	}
	if plain["world.json"], err = os.ReadFile(filepath.Join(src, "world.json")); err != nil {
		return nil, err
	}
	files, manifest := map[string][]byte{}, map[string]string{}
	for name, data := range plain {
		sum := sha256.Sum256(data)
		base, ext, _ := strings.Cut(name, ".")
		hashed := base + "-" + hex.EncodeToString(sum[:5]) + "." + ext
		manifest[name] = hashed
		files[hashed] = data
		if files[hashed+".br"], err = brotlied(data); err != nil {
			return nil, err
		}
		if files[hashed+".zst"], err = zstded(data); err != nil {
			return nil, err
		}
		if files[hashed+".gz"], err = gzipped(data); err != nil {
			return nil, err
		}
	}
	list, err := json.MarshalIndent(manifest, "", "  ")
	files["manifest.json"] = append(list, '\n')
	return files, err
}

func brotlied(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w := brotli.NewWriterLevel(&b, brotli.BestCompression)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func zstded(data []byte) ([]byte, error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return w.EncodeAll(data, nil), w.Close()
}

func gzipped(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// again is how to make dist fresh.
const again = "go -C internal/faces/page/web/build run ."

// compare fails if the folder does not have exactly these files.
func compare(dist string, files map[string][]byte) error {
	have, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	for _, e := range have {
		if files[e.Name()] == nil {
			return fmt.Errorf("dist has %s, which the sources do not give: %s", e.Name(), again)
		}
	}
	for name, data := range files {
		got, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil || !bytes.Equal(got, data) {
			return fmt.Errorf("dist/%s is not what the sources give: %s", name, again)
		}
	}
	return nil
}
