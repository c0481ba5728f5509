package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/internal/base/guess"
)

// prefix begins the variable of each option.
const prefix = "FOOTFALL_"

// testPrefix begins the variables of the tests, which run the program with what
// they were started with themselves.
const testPrefix = prefix + "TEST_"

// serviceLink is the name of a variable that Kubernetes gives every pod for a
// Service that is called footfall, or footfall-anything.
var serviceLink = regexp.MustCompile(`^FOOTFALL_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// servicePort is the value of another such variable, …_PORT. With another value
// it is somebody's guess at an option.
var servicePort = regexp.MustCompile(`^(tcp|udp|sctp)://`)

// variables are the names of the environment that options of any command read,
// and those of options that are given on the command line alone.
type variables struct{ read, typed map[string]bool }

// variablesOf collects them. One file of variables may serve all commands, so
// each command knows those of the others.
func variablesOf(model *kong.Node) variables {
	v := variables{map[string]bool{}, map[string]bool{}}
	_ = kong.Visit(model, func(node kong.Visitable, next kong.Next) error { // which fails where next does
		if f, ok := node.(*kong.Flag); ok {
			for _, name := range f.Envs {
				v.read[name] = true
			}
			if len(f.Envs) == 0 {
				v.typed[prefix+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))] = true
			}
		}
		return next(nil)
	})
	return v
}

// unknownVariables is the error about an environment, in one line.
type unknownVariables string

func (e unknownVariables) Error() string { return "environment: " + string(e) }

// check fails where the environment, as os.Environ gives it, has a variable that
// looks like one of footfall's and is not read by any option. Its value is not
// repeated: it may be a secret.
func (v variables) check(environ []string) error {
	var wrong []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case !strings.HasPrefix(name, prefix), value == "", v.read[name], strings.HasPrefix(name, testPrefix):
		case serviceLink.MatchString(name), servicePort.MatchString(value) && strings.HasSuffix(name, "_PORT"):
		case v.typed[name]:
			wrong = append(wrong, fmt.Sprintf("%s: --%s is given on the command line alone; unset the variable", name, strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", "-"))))
		default:
			known := make([]string, 0, len(v.read))
			for k := range v.read {
				known = append(known, strings.TrimPrefix(k, prefix))
			}
			if near := guess.Nearest(strings.TrimPrefix(name, prefix), known, "_"); near != "" {
				wrong = append(wrong, fmt.Sprintf("%s: did you mean %s%s?", name, prefix, near))
			} else {
				wrong = append(wrong, name+": no option reads this variable; unset it, or give it a name that does not begin with "+prefix)
			}
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return unknownVariables(strings.Join(wrong, "; "))
}
