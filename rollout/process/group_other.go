//go:build !unix

package process

import "os/exec"

// Without process groups only the program itself can be ended.

func detach(*exec.Cmd) {}

func terminate(cmd *exec.Cmd) { kill(cmd) }

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func alive(*exec.Cmd) bool { return false }
