package footfall

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/pebble"
)

// source calls f with each Go file. test says that it is a file of tests.
func source(t *testing.T, f func(path string, file *ast.File, test bool)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(path), file, strings.HasSuffix(path, "_test.go"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// alarms returns the messages of the errors and warnings that the program logs. Of a
// message that is put together from parts it returns the first part.
func alarms(t *testing.T) (messages []string) {
	t.Helper()
	source(t, func(path string, file *ast.File, test bool) {
		if test || strings.HasPrefix(path, "bench/") || strings.HasPrefix(path, "internal/storage/storetest/") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Error", "Warn", "ErrorContext", "WarnContext"}, method.Sel.Name) {
				return true
			}
			message := call.Args[0]
			if sum, ok := message.(*ast.BinaryExpr); ok {
				message = sum.X
			}
			if text, ok := message.(*ast.BasicLit); ok && text.Kind == token.STRING {
				value, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				messages = append(messages, strings.TrimSpace(value))
			}
			return true
		})
	})
	return messages
}

// TestAlarmsAreExplained compares the table of alarms with the code: every message of the
// log has a line, and every line has a message.
func TestAlarmsAreExplained(t *testing.T) {
	page, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## What alarms mean")
	table, _, _ = strings.Cut(table, "\n## ")
	var explained []string
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 5 {
			explained = append(explained, strings.TrimSpace(cells[1]))
		}
	}
	if len(explained) < 10 {
		t.Fatalf("the table of docs/operations.md has only the lines %q; is the search wrong?", explained)
	}
	explained = explained[2:] // without the head of the table
	messages := alarms(t)
	for _, m := range messages {
		if !slices.ContainsFunc(explained, func(e string) bool { return strings.HasPrefix(m, e) }) {
			t.Errorf("docs/operations.md does not explain the log line %q: add it to \"What alarms mean\"", m)
		}
	}
	for _, e := range explained {
		if !slices.ContainsFunc(messages, func(m string) bool { return strings.HasPrefix(m, e) }) {
			t.Errorf("docs/operations.md explains %q, but no log line begins so: correct or remove its line", e)
		}
	}
}

// TestLimitsExist: the constants that the table of limits in docs/operations.md names are
// declared in the code. A name without a package is one of package server.
func TestLimitsExist(t *testing.T) {
	declared := map[string]bool{}
	source(t, func(path string, file *ast.File, _ bool) {
		for _, d := range file.Decls {
			var names []*ast.Ident
			switch d := d.(type) {
			case *ast.FuncDecl:
				names = append(names, d.Name)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok {
						names = append(names, v.Names...)
					}
				}
			}
			for _, name := range names {
				declared[filepath.Base(filepath.Dir(path))+"."+name.Name] = true
			}
		}
	})
	page, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "\n## Limits")
	named := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 {
			continue
		}
		for _, name := range regexp.MustCompile("`(.*?)`").FindAllStringSubmatch(cells[4], -1) {
			named++
			if !declared[name[1]] && !declared["server."+name[1]] {
				t.Errorf("docs/operations.md names the limit %s, which is not declared: correct the table \"Limits\"", name[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("the table \"Limits\" of docs/operations.md names only %d constants; is the search wrong?", named)
	}
}

// TestVersionsAreDocumented: docs/release.md and CHANGELOG.md name the versions of the formats that
// are written now.
func TestVersionsAreDocumented(t *testing.T) {
	migrations, err := filepath.Glob("internal/storage/sql/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	schema := strconv.Itoa(len(migrations))
	counts := strconv.Itoa(pebble.Version)
	for page, wants := range map[string][]string{
		"docs/release.md": {"`footfall.db` | schema " + schema + " |", "`clicks/`, `checkpoint/` | " + counts + ","},
		"CHANGELOG.md":    {"`footfall.db` (schema " + schema + ")", "`clicks/` (format " + counts + ")"},
	} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not say %q: correct the version of the format", page, want)
			}
		}
	}
}

// TestProofsExist: the tests that docs/security.md names exist.
func TestProofsExist(t *testing.T) {
	tests := map[string]bool{}
	source(t, func(_ string, file *ast.File, test bool) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && test {
				tests[f.Name.Name] = true
			}
		}
	})
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`).FindAllString(string(page), -1)
	if len(named) < 10 {
		t.Errorf("docs/security.md names only the tests %q; is the search wrong?", named)
	}
	for _, name := range named {
		if !tests[name] {
			t.Errorf("docs/security.md names %s, but there is no such test", name)
		}
	}
}

// TestLinksLead: everything that the pages link to exists, and so does each file of the
// repository that they name.
func TestLinksLead(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", ".github/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, files...)
	}
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading := regexp.MustCompile(`(?m)^#+ (.*)$`)
	mark := regexp.MustCompile("[^a-z0-9 _-]")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, section, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			there, err := os.Stat(target)
			if err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
				continue
			}
			if section == "" || there.IsDir() {
				continue
			}
			other, err := os.ReadFile(target)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(other), `<a id="`+section+`">`) && !slices.ContainsFunc(heading.FindAllStringSubmatch(string(other), -1), func(h []string) bool {
				return strings.ReplaceAll(mark.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-") == section
			}) {
				t.Errorf("%s links to %s, which has no such section", page, m[1])
			}
		}
	}
	named := regexp.MustCompile("`((?:internal|docs|contrib|cmd|bench|torture|clients)/[a-z0-9_/.-]+)`")
	for _, page := range pages {
		if strings.HasPrefix(page, "docs/adr/") || page == "CHANGELOG.md" {
			continue // they describe the tree as it was when they were written
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(strings.TrimSuffix(m[1], "/")); err != nil {
				t.Errorf("%s names %s: %v", page, m[1], err)
			}
		}
	}
}

// TestQuotesAreSaid: the pages for operators quote the log and errors as *words in
// italics*. These words must be in the code; … stands for words that vary.
func TestQuotesAreSaid(t *testing.T) {
	var said strings.Builder
	source(t, func(_ string, file *ast.File, test bool) {
		if test {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if value, err := strconv.Unquote(text.Value); err == nil {
					said.WriteString(strings.ToLower(value) + "\n")
				}
			}
			return true
		})
	})
	quote := regexp.MustCompile(`(?:^|[^*])\*([^* \n][^*]*)\*(?:[^*]|$)`)
	code := regexp.MustCompile("`[^`\n]*`")
	for _, page := range []string{"docs/operations.md", "docs/debugging.md", "docs/data.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		flat := strings.ReplaceAll(code.ReplaceAllString(string(text), ""), "\n* ", "\n- ") // lists
		for _, m := range quote.FindAllStringSubmatch(flat, -1) {
			for part := range strings.SplitSeq(m[1], "…") {
				words := strings.ToLower(strings.Join(strings.Fields(part), " "))
				if !strings.Contains(said.String(), words) {
					t.Errorf("%s quotes %q, but no string in the code has the words %q", page, m[1], words)
				}
			}
		}
	}
}
