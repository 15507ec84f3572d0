package clip

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir/manifest/manifesttest"
)

// The test's binary as a program that makes a clip, or deletes one, and is killed on the way.
const (
	crashDir  = "WEIR_TEST_CLIPS"
	crashStep = "WEIR_TEST_STEP" // how many steps it goes
	crashDel  = "WEIR_TEST_DELETE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		os.Exit(crash(dir))
	}
	os.Exit(m.Run())
}

// crash makes or deletes a clip and kills itself at a step; 3: there was no such step.
func crash(dir string) int {
	steps, err := strconv.Atoi(os.Getenv(crashStep))
	if err != nil {
		return 1
	}
	s, err := Open(Config{Dir: dir, Log: quiet, Now: func() time.Time { return manifesttest.Epoch }, Free: func(string) (int64, error) { return 1 << 40, nil }})
	if err != nil {
		return 1
	}
	s.step = func(string) {
		if steps--; steps < 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	if id := os.Getenv(crashDel); id != "" {
		err = s.Delete(id)
	} else {
		f := twoRuns()
		_, err = NewMaker(s, channels{"news": f}).Make(context.Background(), whole(f))
	}
	if err != nil {
		return 1
	}
	return 3
}

// killedAt runs the program in dir until it is killed at that step; false: it came to its end before.
func killedAt(t *testing.T, dir string, step int, more ...string) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(more, crashDir+"="+dir, crashStep+"="+strconv.Itoa(step))...)
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit), "%v %s", err, said)
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return true
	}
	require.Equal(t, 3, exit.ExitCode(), "%s", said)
	return false
}

func TestKilledWhileMakingAClip(t *testing.T) {
	t.Parallel()
	f := twoRuns()
	whole, none := 0, 0
	for step := 0; ; step++ {
		dir := t.TempDir()
		killed := killedAt(t, dir, step)
		s := open(t, dir)
		clips := s.List("")
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, len(clips), "step %d: something is left", step)
		if len(clips) == 0 {
			none++
		} else {
			whole++
			a, err := s.Open(clips[0].ID)
			require.NoError(t, err)
			same(t, a, f, 0, f.Window.Rows.Len())
			a.Release()
		}
		s.Close()
		if !killed {
			break
		}
	}
	require.GreaterOrEqual(t, none, 4)
	require.GreaterOrEqual(t, whole, 2)
}

func TestKilledWhileDeletingAClip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	f := twoRuns()
	info, err := NewMaker(s, channels{"news": f}).Make(t.Context(), whole(f))
	require.NoError(t, err)
	s.Close()
	require.True(t, killedAt(t, dir, 0, crashDel+"="+info.ID))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.True(t, strings.HasPrefix(left[0].Name(), gonePrefix))
	again := open(t, dir)
	defer again.Close()
	require.Empty(t, again.List(""))
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
