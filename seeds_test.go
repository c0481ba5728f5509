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

// seeded says, of each package that draws, what tests may use of it: what
// draws from a seed that they pass.
var seeded = map[string][]string{
	"math/rand":          {},
	"math/rand/v2":       {"New", "NewPCG", "NewChaCha8", "Rand", "PCG", "ChaCha8", "Source"},
	"crypto/rand":        {},
	"hash/maphash":       {},
	"testing/quick":      {},
	"pgregory.net/rapid": nil, // all but what unseeded has
}

// unseeded is what tests may not use of packages that are theirs otherwise.
var unseeded = []string{"rapid.Check", "rapid.MakeCheck", "rapid.Example"}

// TestTestsDrawFromSeeds: what a test draws comes from package seedtest, so
// that the same tree has the same result, and a failure can be repeated.
func TestTestsDrawFromSeeds(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		if d.IsDir() && (path != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || path == "internal/testkit/seedtest") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") && !(strings.HasPrefix(path, "internal/storage/storetest/") && strings.HasSuffix(path, ".go")) {
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		drawing := map[string]string{} // a package's name → its path
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
				drawing[name] = imported
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			use, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if use.Sel.Name == "UnixNano" {
				t.Errorf("%s: UnixNano: a seed comes from seedtest, and not from the time", files.Position(use.Pos()))
			}
			if pkg, ok := use.X.(*ast.Ident); ok && pkg.Obj == nil && drawing[pkg.Name] != "" {
				allowed := seeded[drawing[pkg.Name]]
				if allowed != nil && !slices.Contains(allowed, use.Sel.Name) || slices.Contains(unseeded, pkg.Name+"."+use.Sel.Name) {
					t.Errorf("%s: %s.%s has no seed: use seedtest", files.Position(use.Pos()), pkg.Name, use.Sel.Name)
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
