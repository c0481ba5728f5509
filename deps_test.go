// Package footfall has tests only, about the tree as a whole: which package may
// import which, why each dependency is there, and what the pages of docs name.
package footfall

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/footfall/footfall/"

// floor is one folder of the tree. A package imports only packages of lower
// floors, and packages below it on its own floor.
type floor struct {
	folder   string
	packages []place
}

// place is a package, with the reason for its place.
type place struct{ name, reason string }

// floors is the tree from the top down. ARCHITECTURE.md shows the same folders
// and packages in the same order.
var floors = []floor{
	{"", []place{
		{"cmd/footfall", "a few lines"},
		{"bench", "programs that measure from outside"},
		{"bench/clicks", "what they measure with; uses nothing"},
		{"bench/table", "what they print; uses nothing"},
		{"torture", "programs that test from outside"},
		{"clients", "tests alone: other people's programs against ours"},
		{"contrib", "tests alone: what operators run it with"},
	}},
	{"internal/ops", []place{
		{"cli", "commands call the server"},
		{"server", "the one place that uses all parts"},
		{"control", "the operator's socket; it carries what feed and datadir report"},
		{"datadir", "uses the parts of a data directory; the server and commands use it"},
		{"monitor", "metrics; gets them from the server"},
	}},
	{"internal/faces", []place{
		{"redirect", "a face uses no other face"},
		{"page", "a face uses no other face; it is given the API as a handler"},
		{"page/web", "the files that browsers get; uses nothing"},
		{"api/v3", "a face uses no other face"},
		{"api/v4", "a face uses no other face"},
		{"oauth", "a face uses no other face"},
		{"feed", "a face uses no other face"},
		{"envelope", "no face: what answers have in common"},
	}},
	{"internal/core", []place{
		{"audit", "proofs about what the recorder and the stores keep"},
		{"recorder", "uses the journal and the port of counts"},
		{"metrics", "questions to the port"},
		{"links", "making and finding links over the port"},
		{"auth", "tokens over the port"},
		{"useragent", "reads request headers alone"},
		{"geo", "reads addresses, which go no further"},
	}},
	{"internal/storage", []place{
		{"pebble", "an engine uses its port and no other engine"},
		{"clickhouse", "an engine uses its port and no other engine"},
		{"sql", "an engine uses its port and no other engine"},
		{"storetest", "the rules use the ports and no engine"},
		{"store", "the ports: contracts alone, so that engines and users of them meet here only"},
		{"journal", "bytes; uses nothing of clicks"},
		{"progress", "numbers that the parts of a data directory keep about each other; uses none of them"},
		{"backup", "files, whatever is in them"},
	}},
	{"internal/base", []place{
		{"argument", "numbers, instants and zones in the texts of parameters; uses calendar and rollup"},
		{"rollup", "arithmetic on the types of click"},
		{"cache", "cached answers of any source"},
		{"calendar", "the only package that computes with time zones"},
		{"click", "the shared types; every package may use them"},
		{"fsync", "syncs files and directories of any kind"},
		{"inorder", "that parts of a work overlap"},
		{"lograte", "how often any line is logged"},
		{"meter", "the progress of any work"},
		{"plain", "foreign text on a terminal; every package may use it"},
		{"reload", "reads any file again when it changes"},
		{"spelling", "similar words of any kind"},
		{"throttle", "limits of any kind"},
		{"version", "which footfall this is; every package may use it"},
		{"weburl", "how any URL and host is written"},
	}},
	{"internal/testkit", []place{
		{"harness", "tests and measurements alone: the real program in processes of its own"},
		{"clustertest", "tests and measurements alone: servers of ClickHouse; uses daemon and faultproxy"},
		{"pgtest", "tests and measurements alone: a real PostgreSQL; uses daemon"},
		{"chdbfront", "tests alone: a program, which clustertest builds and runs"},
		{"daemon", "tests and measurements alone: any server of others in a process of its own"},
		{"faultproxy", "tests and measurements alone: any HTTP server that fails on command"},
		{"seedtest", "tests alone: the seed of what they draw"},
		{"await", "tests alone: asking again until it is so"},
		{"logtest", "tests alone: a log that is read while others write to it"},
		{"tracetest", "tests alone: words in the files of a data directory"},
		{"certtest", "tests alone: certificates in files"},
		{"mmdbtest", "tests alone: databases of places in files"},
		{"siege", "tests and measurements alone: hostile clients"},
	}},
}

// places returns the place of each package, counted from the top, and the reason for it.
func places() (at map[string]int, reason map[string]string) {
	at, reason = map[string]int{}, map[string]string{}
	for _, f := range floors {
		for _, r := range f.packages {
			name := path.Join(f.folder, r.name)
			at[name], reason[name] = len(at), r.reason
		}
	}
	return at, reason
}

// dependencies has the reason for each module that our code imports.
var dependencies = map[string]string{
	"github.com/alecthomas/kong":              "the command line, with environment variables, from one declaration",
	"github.com/boombuler/barcode":            "QR codes: the modules alone, without dependencies of its own, and kept up; we draw the picture",
	"github.com/dchest/siphash":               "the hash that ClickHouse computes too, by which check compares without reading all counts; one file without dependencies",
	"github.com/ebitengine/purego":            "tests alone: calls the library of the current ClickHouse without cgo",
	"github.com/jackc/pgx/v5":                 "PostgreSQL in Go: links and users that many servers share; of the drivers it alone has notices, locks and database/sql in one",
	"github.com/makiuchi-d/gozxing":           "tests alone: a decoder that shares no code with what draws our QR codes",
	"github.com/cockroachdb/pebble/v2":        "the embedded store of counts: merge operators, range deletion, and a file system that forgets what was not synced, for crash tests",
	"github.com/hashicorp/golang-lru/v2":      "bounded caches",
	"github.com/oschwald/maxminddb-golang/v2": "geo databases that operators bring",
	"github.com/phuslu/iploc":                 "the built-in country data: inside the module, new every month, 14 ns a lookup",
	"github.com/prometheus/client_golang":     "metrics as Prometheus reads them",
	"github.com/rogpeppe/go-internal":         "tests alone: testscript, in which a reported fault reads as a user would type it",
	"github.com/schollz/progressbar/v3":       "progress bars on terminals of every width, and the rate; its dependencies are two, of text width and colour",
	"github.com/ua-parser/uap-go":             "tests alone: the list of bots that the uap-core project keeps, with which ours must agree",
	"github.com/valyala/fastjson":             "feed lines, and long answers for the page, are read three times as fast as with encoding/json",
	"github.com/zeebo/xxh3":                   "128-bit hashes of cells for the ledger, and ETags",
	"golang.org/x/crypto":                     "bcrypt: passwords; autocert: certificates by ACME",
	"golang.org/x/net":                        "internationalised hosts of long URLs and of certificates; which names of headers are valid",
	"golang.org/x/sync":                       "singleflight: one lookup for many visitors who ask for the same name at once; semaphore: locks for which a context ends the wait",
	"golang.org/x/sys":                        "locks of the data directory, owners of sockets and files, free space",
	"golang.org/x/text":                       "names of regions without their accents; x/net has it already",
	"golang.org/x/term":                       "a terminal does not show a password that is typed",
	"github.com/dustin/go-humanize":           "numbers of bytes as people read and write them",
	"modernc.org/sqlite":                      "SQLite without cgo: links and users",
	"pgregory.net/rapid":                      "property tests that shrink what they find",
}

// imports calls f with each package and each path that it imports. test says that the
// import is in a test.
func imports(t *testing.T, f func(pkg, path string, test bool)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || err == nil { // a module of its own
				return filepath.SkipDir
			}
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			f(filepath.ToSlash(filepath.Dir(path)), imported, strings.HasSuffix(path, "_test.go"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFloors(t *testing.T) {
	at, reason := places()
	imports(t, func(pkg, path string, test bool) {
		inside, ok := strings.CutPrefix(path, module)
		if !ok || test {
			return
		}
		for _, p := range []string{pkg, inside} {
			if _, known := at[p]; !known {
				t.Fatalf("package %s is not in floors (deps_test.go): give it a line there, with the reason for its place", p)
			}
		}
		if at[inside] <= at[pkg] {
			t.Errorf("%s (%s) imports %s (%s), which is above it in floors", pkg, reason[pkg], inside, reason[inside])
		}
	})
}

// TestProgramHasNoTestkit: what the program is made of imports nothing that is for tests
// alone, and so none of the dependencies that only tests have.
func TestProgramHasNoTestkit(t *testing.T) {
	forTests := []string{"bench", "torture", "internal/storage/storetest"}
	imports(t, func(pkg, path string, test bool) {
		if strings.HasPrefix(path, module+"internal/testkit/") && !test && !strings.HasPrefix(pkg, "internal/testkit/") && !slices.Contains(forTests, pkg) {
			t.Errorf("%s imports %s", pkg, strings.TrimPrefix(path, module))
		}
	})
}

// TestArchitectureShowsTheFloors compares the table of ARCHITECTURE.md with the tree: it
// must have the same folders and packages in the same order.
func TestArchitectureShowsTheFloors(t *testing.T) {
	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## Packages")
	table, _, _ = strings.Cut(table, "\n## ")
	var shown []string
	for _, m := range regexp.MustCompile("(?m)^(?:\\| `([a-z0-9/]+)` \\||### `internal/([a-z]+)`)").FindAllStringSubmatch(table, -1) {
		shown = append(shown, m[1]+m[2])
	}
	var want []string
	for _, f := range floors {
		if f.folder != "" {
			want = append(want, path.Base(f.folder))
		}
		for _, r := range f.packages {
			want = append(want, r.name)
		}
	}
	if !slices.Equal(shown, want) {
		t.Errorf("ARCHITECTURE.md shows the packages\n%q,\nbut floors (deps_test.go) has\n%q", shown, want)
	}
	for _, f := range floors {
		for _, r := range f.packages {
			if info, err := os.Stat(path.Join(f.folder, r.name)); err != nil || !info.IsDir() {
				t.Errorf("floors (deps_test.go) has %s, but there is no such folder", path.Join(f.folder, r.name))
			}
		}
	}
}

func TestDependencies(t *testing.T) {
	used := map[string]bool{}
	imports(t, func(pkg, path string, _ bool) {
		if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") || strings.HasPrefix(path, module) {
			return
		}
		for module := range dependencies {
			if path == module || strings.HasPrefix(path, module+"/") {
				used[module] = true
				return
			}
		}
		t.Errorf("%s imports %s, but dependencies (deps_test.go) has no line that says why", pkg, path)
	})
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for module := range dependencies {
		if !used[module] {
			t.Errorf("no package imports %s: remove its line from dependencies (deps_test.go)", module)
		}
		if !strings.Contains(string(mod), module+" ") {
			t.Errorf("dependencies (deps_test.go) has %s, but go.mod does not", module)
		}
	}
}
