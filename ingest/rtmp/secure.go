package rtmp

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// Secure is ln for RTMPS: RTMP inside of TLS, with the certificate (and those between it and a root) and the key in these PEM
// files. They are read again when they change, so that a renewed certificate needs no restart; until the new ones fit together the old
// ones hold. Handshakes are part of what Config.HandshakeTimeout bounds.
func Secure(ln net.Listener, certificate, key string) (net.Listener, error) {
	k := &keyPair{certificate: certificate, key: key}
	if _, err := k.current(); err != nil {
		return nil, err
	}
	return tls.NewListener(ln, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return k.current() },
	}), nil
}

// keyPair is a certificate and its key in files. Any goroutine may use it.
type keyPair struct {
	certificate, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	stamps [2]stamp // of the files when they were looked at last
}

// stamp tells one state of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

// current is the certificate as the files have it.
func (k *keyPair) current() (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	stamps := [2]stamp{stampOf(k.certificate), stampOf(k.key)}
	if k.loaded != nil && stamps == k.stamps {
		return k.loaded, nil
	}
	k.stamps = stamps
	pair, err := tls.LoadX509KeyPair(k.certificate, k.key)
	switch {
	case err == nil:
		k.loaded = &pair
	case k.loaded == nil:
		return nil, fmt.Errorf("certificate %s with key %s: %w", k.certificate, k.key, err)
	}
	return k.loaded, nil
}
