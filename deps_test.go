// Package footfall holds no code. Its tests guard the house as a whole: who
// imports whom, and why each dependency is there.
package footfall

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/footfall/footfall/"

// floors says how high each package lies; a package imports lower ones only.
var floors = map[string]struct {
	floor  int
	reason string
}{
	"click":    {0, "the words; everybody may use them"},
	"calendar": {0, "zones become instants here, before any other part sees them"},
	"journal":  {0, "bytes; does not know that clicks exist"},
	"regular":  {0, "files that end; does not know what is in them"},

	"plain":    {0, "foreign text on a terminal; everybody may use it"},
	"guess":    {0, "words; does not know of what"},
	"meter":    {0, "how far work is; does not know what work"},
	"seedtest": {0, "tests alone: the seed of what they draw"},

	"version": {0, "which footfall this is; everybody may say so"},

	"progress": {0, "numbers that the parts of a data directory keep of each other; knows none of them"},

	"backup": {1, "files; does not know what is in them"},
	"rollup": {1, "arithmetic on the words"},
	"limit":  {1, "how often, whoever it is"},
	"sparse": {1, "how often the log is told, whatever it is"},
	"bot":    {1, "headers → person, bot or prefetch"},

	"redirect": {2, "a face that declares the few things it needs, and so imports none of them"},
	"geo":      {2, "address → country, and no further"},
	"store":    {2, "the ports: contracts alone, so that engines and users of them meet here only"},

	"store/pebble":    {3, "an engine knows its port and no other engine"},
	"store/sql":       {3, "an engine knows its port and no other engine"},
	"store/storetest": {3, "the laws know the ports and no engine"},

	"recorder": {4, "the hinge between journal and port"},
	"metrics":  {4, "questions to the port"},
	"links":    {4, "making and finding links over the port"},
	"auth":     {4, "tokens over the port"},

	"api/v3":          {5, "a face knows no other face"},
	"api/v4":          {5, "a face that says what it does not speak yet"},
	"feed":            {5, "a face: clicks of others"},
	"oauth":           {5, "a face: programs that ask for a token"},
	"audit":           {5, "a face: proofs"},
	"monitor":         {5, "a face: the operator's watch"},
	"server/certtest": {0, "tests alone: certificates in files"},
	"server/siege":    {0, "tests and measurements alone: hostile clients"},
	"control":         {6, "a face: the operator; it carries what feed and audit report"},

	"server": {7, "the one place that knows all"},
	"cli":    {8, "commands reach the server"},

	"cmd/footfall": {9, "a few lines"},
	"contrib":      {9, "tests alone: what operators run it with"},
	"clients":      {9, "tests alone: other people's programs against ours"},
	"bench":        {9, "programs that measure from outside"},
}

// dependencies says why each module that our code imports is there.
var dependencies = map[string]string{
	"github.com/alecthomas/kong":              "the command line, with environment variables, from one declaration",
	"github.com/cockroachdb/pebble/v2":        "the embedded store of counts: merge operators, range deletion, and a file system that forgets what was not synced, for crash tests",
	"github.com/hashicorp/golang-lru/v2":      "bounded caches",
	"github.com/oschwald/maxminddb-golang/v2": "country databases that operators bring",
	"github.com/phuslu/iploc":                 "the built-in country data: inside the module, new every month, 14 ns a lookup",
	"github.com/prometheus/client_golang":     "metrics as Prometheus reads them",
	"github.com/rogpeppe/go-internal":         "tests alone: testscript, in which a reported fault reads as a user would type it",
	"github.com/schollz/progressbar/v3":       "progress bars on terminals of every width, and the rate; its dependencies are two, of text width and colour",
	"github.com/ua-parser/uap-go":             "the list of bots, kept by the uap-core project",
	"github.com/valyala/fastjson":             "feed lines are read three times as fast as with encoding/json",
	"github.com/zeebo/xxh3":                   "128-bit hashes of cells for the ledger, and ETags",
	"golang.org/x/crypto":                     "bcrypt: passwords; autocert: certificates by ACME",
	"golang.org/x/net":                        "internationalised hosts of long URLs and of certificates",
	"golang.org/x/sync":                       "singleflight: a name asked by many at once is looked up once",
	"golang.org/x/sys":                        "flock on the data directory, fallocate",
	"golang.org/x/term":                       "passwords are typed without an echo",
	"github.com/dustin/go-humanize":           "numbers of bytes as people read and write them",
	"modernc.org/sqlite":                      "SQLite without cgo: links and users",
	"pgregory.net/rapid":                      "property tests that shrink what they find",
}

// imports calls f with the package and each path it imports, tests aside.
func imports(t *testing.T, f func(pkg, path string, test bool)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
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
	imports(t, func(pkg, path string, test bool) {
		inside, ok := strings.CutPrefix(path, module)
		if !ok || test {
			return
		}
		from, known := floors[pkg]
		if !known {
			t.Fatalf("package %s has no floor: give it one here, with the reason", pkg)
		}
		to, known := floors[inside]
		if !known {
			t.Fatalf("package %s has no floor: give it one here, with the reason", inside)
		}
		if to.floor >= from.floor {
			t.Errorf("%s (floor %d: %s) imports %s (floor %d: %s)", pkg, from.floor, from.reason, inside, to.floor, to.reason)
		}
	})
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
		t.Errorf("%s imports %s, and no line of dependencies says why", pkg, path)
	})
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for module := range dependencies {
		if !used[module] {
			t.Errorf("nothing imports %s any more: remove its line here", module)
		}
		if !strings.Contains(string(mod), module+" ") {
			t.Errorf("go.mod does not name %s", module)
		}
	}
}
