// Package process starts programs beside this one so that they do not get in its way, nor outlive it.
package process

import (
	"os/exec"
	"syscall"
)

// Confine makes the child one that does not outlive the thread which starts it, nor this program, and has a group of its own. Who starts it
// locks its goroutine to its thread before.
func Confine(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// Lower gives the calling thread, and what it starts, a lower priority. It cannot be raised again: the goroutine that is locked to the thread has to
// end with it.
func Lower(nice int) error {
	return syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice)
}

// EndGroup ends what a child has left behind.
func EndGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
