// Command bench measures footfall, and footfall beside others: one program for
// each question, named by the first argument.
//
// It asserts nothing, but for torture, which fails where a click was lost or
// doubled. Figures are of the machine they were made on; quote ratios, and
// medians of several runs.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
)

// programs are what can be measured. Each takes the arguments after its name.
func programs() map[string]func(args []string) error {
	return map[string]func(args []string) error{
		"layout":   layout,
		"redirect": redirect,
		"bare":     bare,
		"answers":  answers,
		"torture":  torture,
		"large":    large,
		"siege":    besiege,
	}
}

func main() {
	all := programs()
	if len(os.Args) < 2 || all[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: bench PROGRAM [options]\nprograms: %v\n", slices.Sorted(maps.Keys(all)))
		os.Exit(2)
	}
	if err := all[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
