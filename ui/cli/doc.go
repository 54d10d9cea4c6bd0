// Package cli is the command line: the commands, their flags, their JSON and their exit codes (DESIGN §8), and the
// only place where the parts are wired together.
//
//	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
//
// A command makes connections (to a real cluster, or to the practice world), a plan (the runbook with its inputs) and a
// session (journal and engine of one run); then a person at the screens or an unattended policy drives the session.
package cli
