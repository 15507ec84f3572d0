package rtmp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"

	"weir/ingest/ingesttest"
)

// writePair makes a certificate for localhost with that serial number, and its key, as files.
func writePair(t *testing.T, dir string, serial int64) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &about, &about, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		// Two writings within the resolution of a file system's clock are still two.
		at := time.Unix(1_700_000_000+serial, 0)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// serveSecurely is serve with RTMPS.
func serveSecurely(t *testing.T, in *ingesttest.Server, certificate, key string, handshake time.Duration) string {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := Secure(plain, certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- New(Config{Listener: ln, Ingest: in, Log: ingesttest.Log(t), HandshakeTimeout: handshake}).Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return plain.Addr().String()
}

// Feeds come in over TLS as without; a renewed certificate is shown from then on, and one that does not fit its key is not.
func TestRTMPS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate, key := writePair(t, dir, 1)
	in := &ingesttest.Server{}
	addr := serveSecurely(t, in, certificate, key, 0)
	for _, serial := range []int64{1, 1, 2, 2} {
		if serial == 2 {
			writePair(t, dir, 2)
		}
		nc, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := nc.ConnectionState().PeerCertificates[0].SerialNumber.Int64(); got != serial {
			t.Errorf("certificate %d, want %d", got, serial)
		}
		c := greet(t, nc, amf0.Object{{Key: "app", Value: "live"}})
		if code, text := c.publish("news"); code != codePublished {
			t.Fatalf("%s: %s", code, text)
		}
		feed := in.Next(t)
		c.video(0, avcHeader...)
		c.video(0, avcIDR...)
		c.command("deleteStream", 7, nil, float64(1))
		if err, n := feed.WaitClosed(t), len(feed.Got().Samples); err != nil || n != 1 {
			t.Errorf("closed by %v with %d samples", err, n)
		}
		_ = nc.Close()
	}
	if err := os.WriteFile(key, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	nc, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatalf("while a new key is being written: %v", err)
	}
	_ = nc.Close()
	if _, err := Secure(nil, certificate, key); err == nil {
		t.Error("a certificate without its key is taken")
	}
}

// Who holds the handshake of TLS is closed like others who hold theirs; who does not speak it is closed at once.
func TestRTMPSHandshakeIsBounded(t *testing.T) {
	t.Parallel()
	certificate, key := writePair(t, t.TempDir(), 1)
	addr := serveSecurely(t, &ingesttest.Server{}, certificate, key, 300*time.Millisecond)
	for _, said := range []string{"", "\x16\x03\x01", "\x03 plain RTMP"} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = nc.Write([]byte(said))
		_ = nc.SetReadDeadline(time.Now().Add(time.Minute))
		for err == nil {
			_, err = nc.Read(make([]byte, 64))
		}
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Errorf("%q: still connected", said)
		}
		_ = nc.Close()
	}
}

func TestFFmpegPushesByRTMPS(t *testing.T) {
	t.Parallel()
	needs(t, "ffmpeg")
	certificate, key := writePair(t, t.TempDir(), 1)
	in := &ingesttest.Server{}
	addr := serveSecurely(t, in, certificate, key, 0)
	if out, err := ffmpeg(t, "-f", "lavfi", "-i", "anullsrc=d=2", "-c:a", "aac", "-f", "flv", "rtmps://"+addr+"/live/news"); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	feed := in.Next(t)
	if err := feed.WaitClosed(t); err != nil && !lost(err) {
		t.Errorf("closed by %v", err)
	}
	if n := len(feed.Got().Samples); n < 86 {
		t.Errorf("%d samples", n)
	}
}
