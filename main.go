// Command sop walks an operator through a deployment procedure.
package main

import (
	"os"

	"github.com/politicalsphere/sop/ui/cli"
)

func main() {
	cli.Silence()
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
