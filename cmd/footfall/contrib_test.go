package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestContribNamesOptions: the files for operators, and the pages that show them,
// set only variables of options that serve has.
func TestContribNamesOptions(t *testing.T) {
	t.Parallel()
	help := run(t, "serve", "--help")
	files, err := filepath.Glob("../../contrib/*.*")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../../Dockerfile", "../../docs/install.md", "../../docs/operations.md")
	set := regexp.MustCompile(`(?m)^[ #A-Za-z{:-]*\b(FOOTFALL_[A-Z_]+)[=:,]`)
	seen := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range set.FindAllStringSubmatch(string(text), -1) {
			if name := m[1]; !strings.HasPrefix(name, "FOOTFALL_TEST") && !strings.Contains(help, "$"+name) {
				t.Errorf("%s sets %s, which is no option of serve", file, name)
			}
			seen++
		}
	}
	if seen < 15 {
		t.Errorf("the files set only %d variables; is the search wrong?", seen)
	}
}
