package runbook

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"sync"
)

// The comments of the types in runbook.go, action.go and window.go are the reference of the file format: what a reader of the code reads is what
// an author of a runbook reads, in an editor through Schema and on the reference page.
//
//go:embed runbook.go action.go window.go
var typesSource embed.FS

// docs are the comments of those files: of types by name, of fields as Type.Field.
var docs = sync.OnceValue(func() map[string]string {
	found := map[string]string{}
	for _, name := range []string{"runbook.go", "action.go", "window.go"} {
		source, err := typesSource.ReadFile(name)
		if err != nil { // it was embedded
			panic(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil { // it was compiled
			panic(err)
		}
		readDocs(file, found)
	}
	return found
})

// readDocs notes the comments of one file.
func readDocs(file *ast.File, found map[string]string) {
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
}

// flat is a comment in one line.
func flat(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// typeDoc is the comment of a type of the file format; empty when it has none.
func typeDoc(name string) string { return docs()[name] }

// fieldDoc is the comment of a field of such a type; empty when it has none.
func fieldDoc(typeName, field string) string { return docs()[typeName+"."+field] }
