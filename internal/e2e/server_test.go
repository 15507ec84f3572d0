package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// weirBinary is the program under test, built once; tests have it with the race detector.
var weirBinary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "weir-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		weirBinary = filepath.Join(dir, "weir")
		args := []string{"build", "-o", weirBinary}
		flag.Parse()
		if flag.Lookup("test.bench").Value.String() == "" { // a benchmark measures what operators run
			args = append(args, "-race")
		}
		build := exec.Command("go", append(args, "weir/cmd/weir")...)
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build weir: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// server is one running process of the program, `weir serve` unless a test says otherwise.
type server struct {
	t                    testing.TB
	cmd                  *exec.Cmd
	log                  *logLines
	exited               chan struct{}
	players, admin, rtmp string // host:port
	ingest               string // of what is pushed by HTTP
	srt                  string // host:port of UDP
}

// settings of a server: what goes into its configuration file.
type settings struct {
	data     string // its data directory; kept over restarts
	channels string // YAML, the lines under `channels:`
	memory   string // of the edge, "" for the default
	ingest   string // YAML, more keys of `ingest:` in braces, "" for none
	more     string // YAML, more sections
}

// start runs a server until the test ends and returns once it listens.
func start(t testing.TB, s settings) *server {
	t.Helper()
	if s.data == "" {
		s.data = t.TempDir()
	}
	config := filepath.Join(t.TempDir(), "weir.yaml")
	more := ""
	if s.ingest != "" {
		more = ", " + s.ingest
	}
	memory := ""
	if s.memory != "" {
		memory = ", memory: " + s.memory
	}
	text := fmt.Sprintf("data: %s\nedge: {listen: \"127.0.0.1:0\"%s}\nadmin: {listen: \"127.0.0.1:0\"}\n"+
		"ingest: {rtmp: \"127.0.0.1:0\", srt: \"127.0.0.1:0\", http: \"127.0.0.1:0\", whip: {udp: \"127.0.0.1:0\"}%s}\nlog: {format: json}\n%schannels:\n%s", s.data, memory, more, s.more, s.channels)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))

	srv := launch(t, "serve", config)
	srv.players = srv.waitListening("players")
	srv.admin = srv.waitListening("admin")
	srv.rtmp = srv.waitListening("rtmp")
	srv.ingest = srv.waitListening("http")
	srv.srt = srv.waitListening("srt")
	return srv
}

// launch runs a command of the program with a configuration file until the test ends. It does not wait for anything.
func launch(t testing.TB, command, config string) *server {
	t.Helper()
	return launchBinary(t, weirBinary, []string{command, "--config", config})
}

// launchBinary is launch of any build of the program, with any arguments, and more in its environment.
func launchBinary(t testing.TB, binary string, arguments []string, environment ...string) *server {
	t.Helper()
	srv := &server{
		t: t, cmd: exec.Command(binary, arguments...), log: &logLines{added: make(chan struct{})},
		exited: make(chan struct{}),
	}
	srv.cmd.Env = append(append(os.Environ(), "GORACE=halt_on_error=1"), environment...)
	stderr, err := srv.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, srv.cmd.Start())
	go func() {
		defer close(srv.exited)
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			srv.log.add(lines.Text())
		}
		_ = srv.cmd.Wait()
	}()
	t.Cleanup(func() {
		srv.stop()
		if t.Failed() {
			t.Logf("log of %s:\n%s", strings.Join(srv.cmd.Args, " "), srv.log.tail(200))
		}
		require.NotContains(t, srv.log.tail(2000), "DATA RACE")
		require.NotContains(t, srv.log.tail(2000), "panic")
	})
	return srv
}

// waitListening waits for the log line that tells where a listener is.
func (s *server) waitListening(what string) string {
	s.t.Helper()
	line := s.waitLog(time.Minute, `"msg":"listening"`, fmt.Sprintf(`"for":%q`, what))
	var fields struct{ Address string }
	require.NoError(s.t, json.Unmarshal([]byte(line), &fields))
	return fields.Address
}

// waitLog waits for a log line that has all the parts.
func (s *server) waitLog(atMost time.Duration, parts ...string) string {
	s.t.Helper()
	deadline := time.NewTimer(atMost)
	defer deadline.Stop()
	for {
		line, more := s.log.find(parts...)
		if line != "" {
			return line
		}
		select {
		case <-more:
		case <-s.exited:
			s.t.Fatalf("the server ended before it logged %q:\n%s", parts, s.log.tail(50))
		case <-deadline.C:
			s.t.Fatalf("no log line with %q within %s:\n%s", parts, atMost, s.log.tail(50))
		}
	}
}

// stop ends the server as a service manager does and checks that it leaves well.
func (s *server) stop() {
	s.t.Helper()
	select {
	case <-s.exited:
		return
	default:
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
		if s.cmd.ProcessState.ExitCode() != 0 {
			s.t.Errorf("exit code %d after SIGTERM:\n%s", s.cmd.ProcessState.ExitCode(), s.log.tail(100))
		}
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Signal(syscall.SIGQUIT)
		<-s.exited
		s.t.Errorf("the server did not stop within 30 s of SIGTERM:\n%s", s.log.tail(300))
	}
}

// kill ends the server at once, as a power cut does.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

func (s *server) url(path string) string { return "http://" + s.players + path }

func (s *server) push(path string) string { return "rtmp://" + s.rtmp + path }

// get fetches a path from the players' port; the body is that of a 200, else nil.
func (s *server) get(path string) (status int, body []byte) {
	s.t.Helper()
	return fetch(s.t, http.MethodGet, s.url(path), "")
}

// api calls the admin API and decodes the answer into out, where that is not nil.
func (s *server) api(method, path, body string, out any) int {
	s.t.Helper()
	status, answer := fetch(s.t, method, "http://"+s.admin+path, body)
	if out != nil && status < 300 {
		require.NoError(s.t, json.Unmarshal(answer, out), string(answer))
	}
	return status
}

func fetch(t testing.TB, method, url, body string) (int, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var answer bytes.Buffer
	_, err = answer.ReadFrom(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, answer.Bytes()
}

// eventually asks until ok says yes.
func eventually(t testing.TB, atMost time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(atMost)
	defer deadline.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatalf("not within %s: %s", atMost, what)
		}
	}
}

// logLines collects what a server logs.
type logLines struct {
	mu    sync.Mutex
	lines []string
	added chan struct{} // closed and replaced with each line
}

func (l *logLines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	close(l.added)
	l.added = make(chan struct{})
}

// find is the first line with all the parts, or "" and a channel that tells of more lines.
func (l *logLines) find(parts ...string) (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
next:
	for _, line := range l.lines {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue next
			}
		}
		return line, nil
	}
	return "", l.added
}

func (l *logLines) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines[max(0, len(l.lines)-n):], "\n")
}

// need skips the test where a program that it drives is not installed; `make test` installs all of them.
func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); errors.Is(err, exec.ErrNotFound) {
			t.Skipf("%s is not installed: `make test` sees to it", program)
		}
	}
}
