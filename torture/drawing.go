package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// drawing finds the tests that draw from package seedtest, by what functions and variables name in each other: a test
// draws if it names seedtest, or something that draws. Methods count by their name alone, because types are not known.
// So it may take a test too many.
type drawing struct {
	names map[node][]node // what each one names
	draws map[node]bool   // those that are settled
}

// node is a function, a variable, or all methods of that name of a package.
type node struct {
	pkg, name string
	method    bool
}

func newDrawing() *drawing { return &drawing{map[node][]node{}, map[node]bool{}} }

// add reads files of a package.
func (d *drawing) add(pkg, dir string, files []string) error {
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		imported := map[string]string{}
		for _, i := range file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			as := path[strings.LastIndexByte(path, '/')+1:]
			if i.Name != nil {
				as = i.Name.Name
			}
			imported[as] = path
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				n := node{pkg, decl.Name.Name, decl.Recv != nil}
				d.names[n] = append(d.names[n], named(decl, pkg, imported)...)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok {
						for _, name := range v.Names {
							n := node{pkg, name.Name, false}
							d.names[n] = append(d.names[n], named(v, pkg, imported)...)
						}
					}
				}
			}
		}
	}
	return nil
}

// named returns what a declaration of a package may name. imported has the paths of its file's imports by their names.
func named(decl ast.Node, pkg string, imported map[string]string) (names []node) {
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && imported[x.Name] != "" {
				names = append(names, node{imported[x.Name], n.Sel.Name, false})
				return false
			}
			names = append(names, node{pkg, n.Sel.Name, true})
			names = append(names, named(n.X, pkg, imported)...)
			return false
		case *ast.Ident:
			names = append(names, node{pkg, n.Name, false})
		}
		return true
	})
	return names
}

// settle finds out which ones draw, after all files were added.
func (d *drawing) settle() {
	for more := true; more; {
		more = false
		for n, names := range d.names {
			if !d.draws[n] && slices.ContainsFunc(names, func(m node) bool { return m != n && (m.pkg == seedtestPath || d.draws[m]) }) {
				d.draws[n], more = true, true
			}
		}
	}
}

// tests returns the names of the tests of a package that draw, in order.
func (d *drawing) tests(pkg string) (names []string) {
	for n := range d.draws {
		if n.pkg == pkg && !n.method && strings.HasPrefix(n.name, "Test") && n.name != "TestMain" {
			names = append(names, n.name)
		}
	}
	slices.Sort(names)
	return names
}
