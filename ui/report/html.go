package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

// Law: the page is one file that loads nothing and runs nothing, and all that is foreign in it is text. Nothing is ever
// marked as safe markup; the template escapes every value for the place it stands in.

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"clean": clean}).Parse(pageText))

// document is what the template draws.
type document struct {
	Title    string
	Outcome  Part
	Verdict  Part
	Where    string
	When     string
	Sections []Section
}

// HTML writes the report as one page that needs nothing else.
func (r *Report) HTML(w io.Writer) error {
	d := document{
		Title: r.Heading(), Outcome: r.outcome(), Verdict: verdict(r.Verdict), Where: clean(r.Environment), When: stamp(r.Started), Sections: r.Sections(),
	}
	if err := page.Execute(w, d); err != nil {
		return fmt.Errorf("draw the report of run %s: %w", r.Run, err)
	}
	return nil
}
