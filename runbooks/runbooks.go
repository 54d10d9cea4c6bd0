// Package runbooks holds the procedures that ship with the program, embedded, so that it runs without any file at
// hand. A file of one's own is given by its path instead.
//
//	data, ok := runbooks.Find("deployment")
//	doc, problems := runbook.Load(kinds, runbook.Source{Name: "deployment.yaml", Data: data})
package runbooks

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

const (
	runbookEnd = ".yaml"
	siteEnd    = ".site.yaml"
)

// Find returns the runbook of that name, such as "deployment" or "deployment.yaml". A site file, such as
// "testbed.site.yaml", is only found by its whole name.
func Find(name string) ([]byte, bool) {
	if strings.ContainsAny(name, `/\`) {
		return nil, false
	}
	if !strings.HasSuffix(name, runbookEnd) {
		name += runbookEnd
	}
	data, err := files.ReadFile(name)
	return data, err == nil
}

// Names are the names of the runbooks that ship, in order, without site files.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil // an embedded directory is always there
	}
	var names []string
	for _, e := range entries {
		if n := e.Name(); !strings.HasSuffix(n, siteEnd) {
			names = append(names, strings.TrimSuffix(n, runbookEnd))
		}
	}
	slices.Sort(names)
	return names
}
