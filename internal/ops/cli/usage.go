package cli

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/internal/base/spelling"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/server"
)

// newParser makes the parser of the command line. It calls exit after it printed
// help.
func newParser(c *commands, e *env, exit func(int)) *kong.Kong {
	var known variables
	parser, err := kong.New(c,
		kong.Name("footfall"),
		kong.Description("A server for short links: it redirects visitors, counts clicks and answers in Bitly's v3 API. Begin with footfall serve --demo.\n\n"+statusHelp),
		kong.DefaultEnvars("FOOTFALL"),
		kong.Vars{"formats": strings.Join(append(feed.Formats(), feed.LinksCSV), ","), "listen": server.DefaultHost},
		kong.Writers(e.data, e.terminal), // it asks these how wide they are
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(help),
		kong.WithBeforeApply(complete),
		kong.WithBeforeApply(once),
		kong.WithBeforeApply(func() error { return known.check(os.Environ()) }),
		kong.Bind(e),
	)
	if err == nil {
		known = variablesOf(parser.Model.Node)
		err = kong.Visit(parser.Model.Node, forgetEmpty)
	}
	if err != nil {
		panic(err) // the declarations are wrong
	}
	return parser
}

// forgetEmpty treats an empty variable of the environment as one that is not set,
// because files of variables have names without a value, to be filled in later.
func forgetEmpty(node kong.Visitable, next kong.Next) error {
	if f, ok := node.(*kong.Flag); ok {
		f.Tag.Envs = slices.DeleteFunc(slices.Clone(f.Tag.Envs), func(name string) bool {
			value, set := os.LookupEnv(name)
			return set && value == ""
		})
	}
	return next(nil)
}

// help returns the help of an option: what it does, its default and its variable. If
// the default is not a value, the tag otherwise describes it.
func help(v *kong.Value) string {
	if v.Flag == nil {
		return v.Help
	}
	var notes []string
	if otherwise := v.Tag.Get("otherwise"); otherwise != "" {
		notes = append(notes, "default: "+otherwise)
	} else if v.HasDefault {
		notes = append(notes, "default: "+v.Default)
	}
	for _, name := range v.Flag.Envs {
		notes = append(notes, "$"+name)
	}
	if len(notes) == 0 {
		return v.Help
	}
	return fmt.Sprintf("%s (%s).", strings.TrimSuffix(v.Help, "."), strings.Join(notes, "; "))
}

// complete fails if a command line lacks an argument. Its errors are clearer than those
// of the parser.
func complete(c *kong.Context) error {
	command := c.Selected()
	if command == nil {
		return errors.New("give a command")
	}
	if len(command.Children) > 0 {
		return fmt.Errorf("give a command after %s", command.Name)
	}
	given := map[*kong.Value]bool{}
	for _, p := range c.Path {
		if p.Positional != nil {
			given[p.Positional] = true
		}
	}
	var missing []string
	for _, arg := range command.Positional {
		if arg.Required && !given[arg] {
			missing = append(missing, "a "+strings.ToUpper(arg.Name))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("give %s", strings.Join(missing, " and "))
	}
	return nil
}

// once fails if a command line gives an option twice that takes one value: the
// parser would silently ignore one of them.
func once(c *kong.Context) error {
	given := map[*kong.Flag]bool{}
	for _, p := range c.Path {
		if p.Flag == nil || p.Resolved || p.Flag.IsCumulative() {
			continue
		}
		if given[p.Flag] {
			return fmt.Errorf("--%s is given twice: give it once", p.Flag.Name)
		}
		given[p.Flag] = true
	}
	return nil
}

// givenEmpty returns the option to which a command line gives an empty value: most
// likely a variable of a script was not set. It is empty if there is none.
func givenEmpty(args []string) (option string) {
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		switch {
		case arg == "--":
			return ""
		case !strings.HasPrefix(arg, "--"):
		case joined && value == "", !joined && i+1 < len(args) && args[i+1] == "":
			return name
		}
	}
	return ""
}

// lacksValue matches the parser's error about an option whose value is missing, or
// looks like an option.
var lacksValue = regexp.MustCompile(`^(--[a-z-]+): expected .* value but got "(.*)" \(.*$`)

// noneOf matches the parser's error about a value that the option does not have.
var noneOf = regexp.MustCompile(`^--[a-z-]+ must be one of (.*) but got "(.*)"$`)

// near returns the value that a wrong one was perhaps meant to be: one spelt like it, or one
// that has it as a part, as links-csv has csv. It is empty if there is none.
func near(wrong string, values []string) string {
	if v := spelling.Nearest(wrong, values, "-"); v != "" || wrong == "" {
		return v
	}
	if i := slices.IndexFunc(values, func(v string) bool { return strings.Contains(v, wrong) }); i >= 0 {
		return values[i]
	}
	return ""
}

// misused returns the error about a wrong command line.
func misused(err error) error {
	var variables unknownVariables
	if errors.As(err, &variables) {
		return kindError{variables, errUsage}
	}
	command := "footfall"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		command = parse.Context.Selected().FullPath()
	}
	said := err.Error()
	if m := lacksValue.FindStringSubmatch(said); m != nil {
		if said = m[1] + " lacks its value"; m[2] != "EOL" {
			said += fmt.Sprintf(", because %s looks like an option", m[2])
		}
	}
	if options, ok := strings.CutPrefix(said, "missing flags: "); ok {
		said = "give " + strings.ReplaceAll(strings.ReplaceAll(options, ", ", " and "), "=", " ")
	}
	if m := noneOf.FindStringSubmatch(said); m != nil {
		if near := near(m[2], strings.Split(strings.ReplaceAll(m[1], `"`, ""), ",")); near != "" {
			said += fmt.Sprintf(": did you mean %q?", near)
		}
	}
	return usage("%s (%s --help shows how)", said, command)
}
