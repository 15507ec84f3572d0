package ladder

import (
	"os/exec"
	"syscall"
)

// confine makes the child one that does not outlive the thread which starts it, nor this program, and has a group of its own.
func confine(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// lower gives the calling thread, and what it starts, a lower priority. It cannot be raised again.
func lower(nice int) error {
	return syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice)
}

// endGroup ends what a child has left behind.
func endGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
