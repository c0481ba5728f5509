package footfall

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// advice is what an error below the command line must not have: options, the
// program's commands, programs of the system, and what to do. A verb after the name of a
// package says what failed, and is no advice.
var advice = regexp.MustCompile(`^.\S* .*[:;.,] (?i:configure|get|give|import|look|move|name|pass|put|restore|run|try|unpack|use) |^.(?i:configure|give an?|name|pass|try|unpack|use) |footfall (check|rebuild|user|link|serve|import|backup|restore|export)|\b(sudo|chown|chmod|ulimit)\b|\b(give|name|pass|with|by) .*--[a-z]+`)

// TestErrorsGiveNoAdvice: packages below the command line say what is wrong; what
// to do about it is in the hints of package cli. Log lines may say it, because
// they do not pass the command line.
func TestErrorsGiveNoAdvice(t *testing.T) {
	source(t, func(path string, file *ast.File, test bool) {
		if test || !strings.HasPrefix(path, "internal/") || strings.HasPrefix(path, "internal/ops/cli/") || strings.HasPrefix(path, "internal/testkit/") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			function, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Errorf", "New", "Sprintf"}, function.Sel.Name) {
				return true
			}
			if text, ok := call.Args[0].(*ast.BasicLit); ok && text.Kind == token.STRING && advice.MatchString(text.Value) {
				t.Errorf("%s: the advice in %s belongs into internal/ops/cli/hints.go", path, text.Value)
			}
			return true
		})
	})
}
