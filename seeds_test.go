package footfall

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// seeded has the packages that draw random values, each with the names that tests may
// use: those that draw from a seed which the test passes.
var seeded = map[string][]string{
	"math/rand":          {},
	"math/rand/v2":       {"New", "NewPCG", "NewChaCha8", "NewZipf", "Zipf", "Rand", "PCG", "ChaCha8", "Source"},
	"crypto/rand":        {},
	"hash/maphash":       {},
	"testing/quick":      {},
	"pgregory.net/rapid": nil, // all names except those in unseeded
}

// unseeded has the names of such packages that tests may not use.
var unseeded = []string{"rapid.Check", "rapid.MakeCheck", "rapid.Example"}

// drawing has the folders whose code draws for tests, in addition to files of tests.
var drawing = []string{"bench/", "torture/", "internal/storage/storetest/", "internal/testkit/"}

// unchecked may draw without a seed: one file draws seeds, and one package makes keys.
var unchecked = []string{"torture/seed.go", "internal/testkit/certtest/certtest.go"}

// TestTestsDrawFromSeeds: tests and torture draw only from seeds that can be given, so the
// same tree has the same result, and a failure can be replayed.
func TestTestsDrawFromSeeds(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		if d.IsDir() && (path != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || path == "internal/testkit/seedtest") {
			return filepath.SkipDir
		}
		forTests := slices.ContainsFunc(drawing, func(dir string) bool { return strings.HasPrefix(path, dir) })
		if !strings.HasSuffix(path, ".go") || !strings.HasSuffix(path, "_test.go") && !forTests || slices.Contains(unchecked, path) {
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		names := map[string]string{} // the name of a package in this file → its path
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if _, ok := seeded[imported]; ok {
				name := filepath.Base(strings.TrimSuffix(imported, "/v2"))
				if i.Name != nil {
					name = i.Name.Name
				}
				names[name] = imported
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			use, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if use.Sel.Name == "UnixNano" {
				t.Errorf("%s: UnixNano is not a seed that can be replayed: take the seed from package seedtest", files.Position(use.Pos()))
			}
			if pkg, ok := use.X.(*ast.Ident); ok && pkg.Obj == nil && names[pkg.Name] != "" {
				allowed := seeded[names[pkg.Name]]
				if allowed != nil && !slices.Contains(allowed, use.Sel.Name) || slices.Contains(unseeded, pkg.Name+"."+use.Sel.Name) {
					t.Errorf("%s: %s.%s draws without a seed: use package seedtest", files.Position(use.Pos()), pkg.Name, use.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
