package footfall

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPackageCommentsListTheFiles: the comment of a package with mapped files or more
// names each of them, or a pattern, so that a reader finds the file for a change; and no package
// comment names a file that is gone.
func TestPackageCommentsListTheFiles(t *testing.T) {
	const mapped = 10
	named := regexp.MustCompile(`(?:^|[\s(,:])([a-z0-9_]+(?:\*)?\.go)\b`)
	err := filepath.WalkDir("internal", func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() == "testdata" {
			return err
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		files, comment := map[string]bool{}, ""
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				return err
			}
			files[e.Name()] = true
			if file.Doc != nil {
				comment += file.Doc.Text()
			}
		}
		delete(files, "doc.go")
		listed := map[string]bool{}
		for _, m := range named.FindAllStringSubmatch(comment, -1) {
			found := false
			for name := range files {
				if match, _ := filepath.Match(m[1], name); match {
					found, listed[name] = true, true
				}
			}
			if !found {
				t.Errorf("the comment of %s names %s, which is not there", dir, m[1])
			}
		}
		for name := range files {
			if len(files) >= mapped && !listed[name] {
				t.Errorf("the comment of %s lists its files, but not %s", dir, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
