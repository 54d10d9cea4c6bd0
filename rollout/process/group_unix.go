//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

// detach gives the program a session of its own: a process group to signal, and no terminal.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// terminate asks the group to end. One that is stopped would not hear it.
func terminate(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGCONT)
}

// kill ends what is left of the group. The number cannot mean another one as long as a member lives, and an empty
// one's is not given out again so soon.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// alive tells whether the group has a member.
func alive(cmd *exec.Cmd) bool { return syscall.Kill(-cmd.Process.Pid, 0) == nil }
