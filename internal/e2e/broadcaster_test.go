package e2e

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// broadcaster is a program that pushes a feed until it is stopped.
type broadcaster struct {
	cmd    *exec.Cmd
	output *syncBuffer
	ended  chan struct{}
}

// broadcast starts ffmpeg with these arguments; it is stopped when the test ends.
func broadcast(t testing.TB, args ...string) *broadcaster {
	t.Helper()
	need(t, "ffmpeg")
	b := &broadcaster{
		cmd:    exec.Command("ffmpeg", append(strings.Fields("-hide_banner -nostdin -loglevel warning"), args...)...),
		output: &syncBuffer{}, ended: make(chan struct{}),
	}
	b.cmd.Stderr = b.output
	if err := b.cmd.Start(); err != nil {
		t.Fatalf("start ffmpeg: %v", err)
	}
	go func() {
		defer close(b.ended)
		_ = b.cmd.Wait()
	}()
	t.Cleanup(func() {
		b.stop()
		if t.Failed() {
			t.Logf("ffmpeg %s:\n%s", strings.Join(args, " "), b.output)
		}
	})
	return b
}

// pushFile is the arguments that push a file in real time, looped, as it is.
func pushFile(file, to string) []string {
	return []string{"-re", "-stream_loop", "-1", "-i", file, "-c", "copy", "-f", "flv", to}
}

// pushPattern is the arguments that push a moving test pattern with a tone: 25 fps, a key frame every second.
func pushPattern(size, to string) []string {
	return []string{
		"-re", "-f", "lavfi", "-i", "testsrc2=rate=25:size=" + size, "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p",
		"-c:a", "aac", "-b:a", "96k", "-f", "flv", to,
	}
}

// stop cuts the feed off at once, as a lost line does.
func (b *broadcaster) stop() {
	_ = b.cmd.Process.Kill()
	<-b.ended
}

// syncBuffer is a buffer that a process writes while a test reads.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
