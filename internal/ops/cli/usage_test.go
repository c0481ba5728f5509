package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// leaves calls f with each command and its path.
func leaves(node *kong.Node, f func(*kong.Node)) {
	if node.Leaf() {
		f(node)
	}
	for _, child := range node.Children {
		leaves(child, f)
	}
}

// TestHelpShowsDefaults: help shows the default of every option that has one,
// and its variable.
func TestHelpShowsDefaults(t *testing.T) {
	parser := newParser(new(commands), new(env), func(int) {})
	options := 0
	leaves(parser.Model.Node, func(command *kong.Node) {
		path := slices.DeleteFunc(strings.Fields(command.Path()), func(word string) bool { return strings.HasPrefix(word, "(") }) // an alias
		var out bytes.Buffer
		if code := Main(t.Context(), append(path, "--help"), nil, &out, &out); code != 0 {
			t.Fatalf("%v --help: %s", path, out.String())
		}
		printed := strings.Join(strings.Fields(out.String()), " ")
		for _, f := range command.Flags {
			if f.Name == "help" {
				continue
			}
			options++
			if strings.Contains(f.Help, "default:") {
				t.Errorf("the help text of --%s (%v) repeats its default: use the tag otherwise", f.Name, path)
			}
			wants := []string{"--" + f.Name}
			if f.HasDefault {
				wants = append(wants, "default: "+f.Default)
			}
			aboutOne := (path[0] == "link" || path[0] == "user") && !slices.Contains([]string{"data", "domain", "json"}, f.Name)
			ofServe := path[0] == "export" && f.Name == "clicks"                                                                               // serve has the variable
			if !aboutOne && !ofServe && !slices.Contains([]string{"yes", "all", "new", "lossy", "give-up-damaged", "give-up-links"}, f.Name) { // what cannot be taken back is typed
				wants = append(wants, "$FOOTFALL_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")))
			}
			for _, want := range wants {
				if !strings.Contains(printed, want) {
					t.Errorf("%v --help lacks %q", path, want)
				}
			}
		}
	})
	if options < 40 {
		t.Errorf("the commands have only %d options; is the search wrong?", options)
	}
}

// TestSentence: errors are printed without the names of packages.
func TestSentence(t *testing.T) {
	inner := errors.New("disk full")
	for want, err := range map[string]error{
		"open counts: disk full":      fmt.Errorf("open counts: store/pebble: journal: %w", inner),
		"disk full":                   fmt.Errorf("backup: %w", inner),
		"restore: disk full":          fmt.Errorf("restore: backup: %w", inner),
		"disk full\nand another":      errors.Join(inner, fmt.Errorf("store/sql: %w", inner), errors.New("and another")),
		"import x: interrupted":       fmt.Errorf("import x: %w", context.Canceled),
		"user links: no such journal": errors.New("user links: no such journal"),
	} {
		if got := sentence(err, nil); got != want {
			t.Errorf("%q is printed as %q, want %q", err, got, want)
		}
	}
}
