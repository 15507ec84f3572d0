package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Bus is the way from ingest to the edges.
type Bus struct {
	// URL is of NATS servers, comma-separated, maybe with a password; srv+nats://SERVICE is a name of DNS SRV records; "" for the embedded
	// one. Default: ""
	URL         string
	Credentials string // file of a user's JWT and seed, as nsc makes it. Default: ""
	NKey        string // file of a user's seed. Default: ""
	TLS         BusTLS
	Replicas    int  // how many servers store each channel: 1, 3 or 5. Default: 1
	Fast        bool // edges show media that the servers have not stored yet. Default: true
}

// BusTLS is PEM files, which are read again for each connection. With any of them servers need TLS.
type BusTLS struct {
	CA          string // of the servers' certificates. Default: "", those that the system knows
	Certificate string // of this process. Default: "", none
	Key         string // of the certificate
}

// String is the bus without the passwords in its URL.
func (b Bus) String() string {
	return fmt.Sprintf("{url:%q credentials:%q nkey:%q replicas:%d}", redact(b.URL), b.Credentials, b.NKey, b.Replicas)
}

// GoString is String, so that %#v keeps the passwords to itself too.
func (b Bus) GoString() string { return "config.Bus" + b.String() }

// LogValue is String: a log has no passwords.
func (b Bus) LogValue() slog.Value { return slog.StringValue(b.String()) }

// redact takes user and password out of each URL of a list.
func redact(urls string) string {
	all := strings.Split(urls, ",")
	for i, s := range all {
		u, err := url.Parse(strings.TrimSpace(s))
		switch {
		case err == nil && u.User != nil:
			u.User = url.User("hidden")
			all[i] = u.String()
		case err != nil || strings.Contains(s, "@"):
			all[i] = "hidden"
		}
	}
	return strings.Join(all, ",")
}

// bus reads the section of that name.
func bus(to *Bus) reader {
	return section(
		key{"url", value(&to.URL, servers)},
		key{"credentials", value(&to.Credentials, text)},
		key{"nkey", value(&to.NKey, text)},
		key{"tls", section(
			key{"ca", value(&to.TLS.CA, text)},
			key{"certificate", value(&to.TLS.Certificate, text)},
			key{"key", value(&to.TLS.Key, text)},
		)},
		key{"replicas", value(&to.Replicas, replicas)},
		key{"fast", value(&to.Fast, yesNo)},
	)
}

// checkBus refuses settings that do not go together.
func (d *document) checkBus(b Bus) error {
	for _, k := range []struct {
		path  string
		given bool
	}{
		{"bus.credentials", b.Credentials != ""}, {"bus.nkey", b.NKey != ""}, {"bus.tls", b.TLS != BusTLS{}},
	} {
		if b.URL == "" && k.given {
			return d.fail(k.path, "is for the NATS servers that bus.url names, and it names none")
		}
	}
	switch {
	case b.URL == "" && b.Replicas != 1:
		return d.fail("bus.replicas", "%d need a NATS cluster in bus.url: the embedded server stores everything once", b.Replicas)
	case b.Credentials != "" && b.NKey != "":
		return d.fail("bus.nkey", "says who this is, and so does bus.credentials: leave one out")
	case (b.TLS.Certificate == "") != (b.TLS.Key == ""):
		return d.fail("bus.tls", "certificate and key are two PEM files: one is missing")
	}
	return nil
}

// servers checks the URLs of NATS servers. They may have a password: no message shows it.
func servers(s string) (string, error) {
	if s == "" {
		return s, nil
	}
	for one := range strings.SplitSeq(s, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil {
			return "", errors.New("is no URL, write it as nats://HOST:PORT")
		}
		service := false
		switch u.Scheme {
		case "nats", "tls", "ws", "wss":
		case "srv+nats", "srv+tls":
			service = true
		default:
			return "", fmt.Errorf("%q must begin with nats://, tls://, ws://, wss://, srv+nats:// or srv+tls://", redact(one))
		}
		if u.Hostname() == "" || !hostname(u.Hostname()) && net.ParseIP(u.Hostname()) == nil {
			return "", fmt.Errorf("%q names no host, write it as nats://HOST:PORT", redact(one))
		}
		if service && u.Port() != "" {
			return "", fmt.Errorf("%q names a port, which DNS tells", redact(one))
		}
		if n, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || n == 0) {
			return "", fmt.Errorf("%q has no port from 1 to 65535", redact(one))
		}
	}
	return s, nil
}

func yesNo(s string) (bool, error) {
	switch s {
	case "true", "false":
		return s == "true", nil
	}
	return false, fmt.Errorf("%.50q must be true or false", s)
}

func replicas(s string) (int, error) {
	switch s {
	case "1", "3", "5":
		return int(s[0] - '0'), nil
	}
	return 0, fmt.Errorf("%.50q must be 1, 3 or 5", s)
}
