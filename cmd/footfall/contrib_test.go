package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// contribFiles returns the files for operators.
func contribFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../contrib/*.*")
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := filepath.Glob("../../contrib/cluster/*.*")
	if err != nil {
		t.Fatal(err)
	}
	return append(files, cluster...)
}

// TestContribNamesOptions: the files for operators, and the pages that show them,
// set only variables of options that serve has.
func TestContribNamesOptions(t *testing.T) {
	t.Parallel()
	help := run(t, "serve", "--help")
	files := append(contribFiles(t), "../../Dockerfile", "../../docs/install.md", "../../docs/operations.md", "../../docs/cluster.md")
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

// TestContribValues: the program takes the values of all variables that the files for Compose
// and Kubernetes set, and the commands in them.
func TestContribValues(t *testing.T) {
	t.Parallel()
	variable := regexp.MustCompile(`(?m)^ *(?:(FOOTFALL_[A-Z_]+): |- \{name: (FOOTFALL_[A-Z_]+), value: )("[^"]*"|[^\s}]+)`)
	command := regexp.MustCompile(`\[(?:CMD, )?/footfall, ([a-z, -]+)\]`)
	// There is no such directory, so that the program ends once it has understood everything.
	const unusable = 5
	files := slices.DeleteFunc(contribFiles(t), func(file string) bool { return filepath.Ext(file) != ".yaml" })
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cmd := program(t.Context(), "serve", "--data", "/dev/null/data")
		found := variable.FindAllStringSubmatch(string(text), -1)
		for _, m := range found {
			value := strings.Trim(m[3], `"`)
			if strings.HasSuffix(m[1]+m[2], "_LISTEN") {
				value = "127.0.0.1:0"
			}
			cmd.Env = append(cmd.Env, m[1]+m[2]+"="+value)
		}
		cmd.Env = append(cmd.Env, "FOOTFALL_LISTEN=127.0.0.1:0")
		if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != unusable {
			t.Errorf("the values of %s: status %v, want %d: %s", file, cmd.ProcessState, unusable, out)
		}
		commands := command.FindAllStringSubmatch(string(text), -1)
		for _, m := range commands {
			succeeds(t, append(strings.Split(m[1], ", "), "--help")...)
		}
		if len(found) < 4 || strings.Count(string(text), "/footfall,") != len(commands) {
			t.Errorf("%s: found %d variables and %d commands; is the search wrong?", file, len(found), len(commands))
		}
	}
	if len(files) < 3 {
		t.Errorf("there are only %d files", len(files))
	}
}
