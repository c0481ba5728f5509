package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/internal/base/spelling"
)

// prefix begins the name of each variable that an option reads.
const prefix = "FOOTFALL_"

// testPrefix begins the variables of the tests, which pass their own environment
// to the program.
const testPrefix = prefix + "TEST_"

// serviceLink matches the variables that Kubernetes sets in every pod if there is a
// Service named footfall or footfall-….
var serviceLink = regexp.MustCompile(`^FOOTFALL_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// servicePort matches the value of another such variable, …_PORT. With any other
// value, …_PORT is a misspelt option.
var servicePort = regexp.MustCompile(`^(tcp|udp|sctp)://`)

// variables has the names of all variables that options read. typed has the variables
// that would belong to options which only the command line can set.
type variables struct{ read, typed map[string]bool }

// variablesOf collects the variables of all commands, because one file of variables
// may serve all of them.
func variablesOf(model *kong.Node) variables {
	v := variables{map[string]bool{}, map[string]bool{}}
	_ = kong.Visit(model, func(node kong.Visitable, next kong.Next) error { // it fails if next does
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

// unknownVariables is the error about variables that no option reads, on one line.
type unknownVariables string

func (e unknownVariables) Error() string { return "environment: " + string(e) }

// check fails if the environment, in the form of os.Environ, has a variable with the
// prefix that no option reads. The error does not show the value, which may be a
// secret.
func (v variables) check(environ []string) error {
	var wrong []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case !strings.HasPrefix(name, prefix), value == "", v.read[name], strings.HasPrefix(name, testPrefix):
		case serviceLink.MatchString(name), servicePort.MatchString(value) && strings.HasSuffix(name, "_PORT"):
		case v.typed[name]:
			wrong = append(wrong, fmt.Sprintf("%s: --%s can only be set on the command line; unset the variable", name, strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", "-"))))
		default:
			known := make([]string, 0, len(v.read))
			for k := range v.read {
				known = append(known, strings.TrimPrefix(k, prefix))
			}
			if near := spelling.Nearest(strings.TrimPrefix(name, prefix), known, "_"); near != "" {
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
