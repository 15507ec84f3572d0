package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nginx is a running nginx with one worker: the peer that benchmarks compare with.
type nginx struct {
	address string
	worker  int // its PID
}

// startNginxFiles serves the files below a directory, as the nginx of the distribution does: sendfile, keep-alive. more is further
// directives of its http block.
func startNginxFiles(b *testing.B, docs, more string) nginx {
	return startNginx(b, "", `http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; `+more+`
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	server { listen %[2]s; root `+docs+`; } }`)
}

// startNginxRTMP takes RTMP feeds and writes HLS segments of two seconds.
func startNginxRTMP(b *testing.B) nginx {
	const module = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
	if _, err := os.Stat(module); err != nil {
		b.Skip("libnginx-mod-rtmp is not installed: no figure for nginx-rtmp")
	}
	return startNginx(b, "load_module "+module+";", `rtmp { server { listen %[2]s; chunk_size 65536; application live { live on; hls on; hls_path %[1]s/hls;
	hls_fragment 2s; hls_playlist_length 160s; } } }`)
}

// startNginx runs nginx until the benchmark ends. In the configuration %[1]s is a directory to write to and %[2]s its address.
func startNginx(b *testing.B, head, config string) nginx {
	b.Helper()
	need(b, "nginx")
	dir := b.TempDir()
	require.NoError(b, os.Chmod(dir, 0o777))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	address := free.Addr().String()
	require.NoError(b, free.Close())

	file := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("%s\nuser root;\ndaemon off;\nworker_processes 1;\npid %s/pid;\nerror_log %[2]s/error.log;\nevents {}\n", head, dir) +
		fmt.Sprintf(config, dir, address)
	require.NoError(b, os.WriteFile(file, []byte(text), 0o600))
	cmd := exec.Command("nginx", "-c", file, "-p", dir)
	cmd.Stderr = os.Stderr
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	eventually(b, 10*time.Second, "nginx listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return nginx{address: address, worker: children(b, cmd.Process.Pid)[0]}
}
