package runbook

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"sync"
)

// The comments of the types in runbook.go are the reference of the file format: what a reader of the code reads is what
// an author of a runbook reads, in an editor through Schema and on the reference page.
//
//go:embed runbook.go
var typesSource string

// docs are the comments of runbook.go: of types by name, of fields as Type.Field.
var docs = sync.OnceValue(func() map[string]string {
	found := map[string]string{}
	file, err := parser.ParseFile(token.NewFileSet(), "runbook.go", typesSource, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil { // it was compiled
		panic(err)
	}
	for _, d := range file.Decls {
		general, ok := d.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			t := spec.(*ast.TypeSpec)
			found[t.Name.Name] = flat(general.Doc)
			structure, ok := t.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range structure.Fields.List {
				text := flat(f.Comment)
				if text == "" {
					text = flat(f.Doc)
				}
				for _, name := range f.Names {
					found[t.Name.Name+"."+name.Name] = text
				}
			}
		}
	}
	return found
})

// flat is a comment in one line.
func flat(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// typeDoc is the comment of a type of runbook.go; empty when it has none.
func typeDoc(name string) string { return docs()[name] }

// fieldDoc is the comment of a field of a type of runbook.go; empty when it has none.
func fieldDoc(typeName, field string) string { return docs()[typeName+"."+field] }
