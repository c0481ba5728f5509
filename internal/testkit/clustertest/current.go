package clustertest

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/internal/testkit/daemon"
)

// The current engine takes 167 MB to fetch, and 559 MB in the cache.
const (
	libraryPackage = "@chdb/lib-linux-x64-gnu"
	libraryVersion = "26.5.3"
	librarySHA512  = "7cfacb991b79328a2bf721b3e266b36eb3637b8b7b5fd281da64c6917156471441b3688acbcca1ea3c75d71b1ad10af788314c53fc87a9df9b55d6095eedd069"
	libraryFile    = "libchdb.so"
)

// newCurrent prepares a server of the current engine.
func (c *Cluster) newCurrent() (*Node, error) {
	library, err := Library()
	if err != nil {
		return nil, err
	}
	n := c.newNode(0, 0)
	n.Name = "clickhouse-current"
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return nil, err
	}
	program := filepath.Join(c.options.Dir, "chdbfront")
	build := exec.Command("go", "build", "-o", program, "github.com/footfall/footfall/internal/testkit/chdbfront")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build chdbfront: %w\n%s", err, out)
	}
	n.Daemon = &daemon.Daemon{
		Name: n.Name,
		Command: func() *exec.Cmd {
			cmd := exec.Command(program, "-library", library, "-data", filepath.Join(n.dir, "data"),
				"-listen", n.Addr, "-user", User, "-password", c.options.Password)
			cmd.Dir = n.dir // the engine reads a config.xml of the current directory
			cmd.Env = append(os.Environ(), "TZ=UTC")
			return cmd
		},
		Ready:    n.ping,
		Output:   filepath.Join(n.dir, "output"),
		Patience: 30 * time.Second,
	}
	return n, nil
}

// Library returns the path of the library. It fetches the library once, with npm, into
// the user's cache directory.
func Library() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "footfall")
	file := filepath.Join(cache, "libchdb-"+libraryVersion, libraryFile)
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := fetchLibrary(dir); err != nil {
		return "", fmt.Errorf("fetch %s@%s: %w", libraryPackage, libraryVersion, err)
	}
	whole := filepath.Join(dir, "whole")
	if err := os.Rename(whole, filepath.Dir(file)); err != nil {
		if _, missing := os.Stat(file); missing != nil { // otherwise another process has fetched it
			return "", err
		}
	}
	return file, nil
}

// fetchLibrary fetches the package into dir, checks it, and unpacks the library into
// dir/whole.
func fetchLibrary(dir string) error {
	npm := exec.Command("npm", "pack", "--silent", libraryPackage+"@"+libraryVersion)
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack: %w\n%s", err, out)
	}
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packed) != 1 {
		return fmt.Errorf("npm pack wrote %q, want one file (%v)", packed, err)
	}
	f, err := os.Open(packed[0])
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != librarySHA512 {
		return fmt.Errorf("the package has the SHA-512 %s, want %s", got, librarySHA512)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if err != nil {
			return fmt.Errorf("%s: %w", libraryFile, err)
		}
		if header.Name != "package/"+libraryFile {
			continue
		}
		if err := os.Mkdir(filepath.Join(dir, "whole"), 0o755); err != nil {
			return err
		}
		out, err := os.Create(filepath.Join(dir, "whole", libraryFile))
		if err != nil {
			return err
		}
		_, err = io.Copy(out, archive)
		return errors.Join(err, out.Close())
	}
}
