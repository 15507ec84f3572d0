package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir/internal/catalog"
)

// Bounds of edge.memory, in bytes.
const (
	minMemory = 16 << 20
	maxMemory = 1 << 44
)

// text takes what is written; who uses it says what is allowed.
func text(s string) (string, error) { return s, nil }

// boolean is true or false, and nothing else that is one in other YAML.
func boolean(s string) (bool, error) {
	if s != "true" && s != "false" {
		return false, errors.New("must be true or false")
	}
	return s == "true", nil
}

func directory(s string) (string, error) {
	if s == "" || strings.ContainsRune(s, 0) || len(s) > 4096 {
		return "", errors.New("must be the path of a directory")
	}
	return s, nil
}

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%.50q is no duration, write it like 2h, 90s or 200ms", s)
	}
	return d, nil
}

// listen checks HOST:PORT.
func listen(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%.100q is no address, write it as HOST:PORT or :PORT", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return "", fmt.Errorf("%.100q has no port from 0 (any) to 65535", s)
	}
	if net.ParseIP(strings.SplitN(host, "%", 2)[0]) == nil && !hostname(host) {
		return "", fmt.Errorf("%.100q has neither an IP address nor a host's name before the port", s)
	}
	return s, nil
}

// hostname tells whether s can be a host's name; "" is all addresses of the machine.
func hostname(s string) bool {
	return len(s) <= 253 && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	}) < 0
}

// listenOrOff is listen, where "" means not to listen.
func listenOrOff(s string) (string, error) {
	if s == "" {
		return s, nil
	}
	return listen(s)
}

// ParseMemory reads a size as edge.memory is written: 2GiB, 512MiB or plain bytes.
func ParseMemory(s string) (int64, error) { return memory(s) }

// memory reads 2GiB, 512MiB or plain bytes.
func memory(s string) (int64, error) {
	n, ok := size(s)
	if !ok {
		return 0, fmt.Errorf("%.50q is no size, write it like 2GiB, 512MiB or as a number of bytes", s)
	}
	if n < minMemory || n > maxMemory {
		return 0, fmt.Errorf("%.50s is out of bounds, must be from %dMiB to %dTiB", s, minMemory>>20, maxMemory>>40)
	}
	return n, nil
}

// memoryOrNone reads a size as memory does, or 0 for no limit.
func memoryOrNone(s string) (int64, error) {
	if n, ok := size(s); ok && n == 0 {
		return 0, nil
	}
	return memory(s)
}

// Bounds of edge.idle.
const (
	minIdle = 10 * time.Second
	maxIdle = 24 * time.Hour
)

// idle reads edge.idle, of which 0 is never.
func idle(s string) (time.Duration, error) {
	d, err := duration(s)
	if err == nil && d != 0 && (d < minIdle || d > maxIdle) {
		return 0, fmt.Errorf("%s is out of bounds, must be from %s to %s, or 0 for never", d, minIdle, maxIdle)
	}
	return d, err
}

// size reads a number of bytes with a unit or without; one that is too large for an int64 is the largest.
func size(s string) (n int64, ok bool) {
	number, shift := s, 0
	for _, u := range []struct {
		name  string
		shift int
	}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}} {
		if n, ok := strings.CutSuffix(s, u.name); ok {
			number, shift = strings.TrimSuffix(n, " "), u.shift
		}
	}
	v, err := strconv.ParseUint(number, 10, 63)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	if err != nil || v > math.MaxInt64>>shift {
		return math.MaxInt64, true
	}
	return int64(v << shift), true
}

// Bounds of edge.carry.
const (
	maxCarried     = 8
	maxCarriedName = 64
)

// carry checks names of query parameters.
func carry(names []string) ([]string, error) {
	if len(names) > maxCarried {
		return nil, fmt.Errorf("%d are too many, at most %d", len(names), maxCarried)
	}
	for i, name := range names {
		odd := func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
		}
		switch {
		case name == "" || len(name) > maxCarriedName || strings.IndexFunc(name, odd) >= 0:
			return nil, fmt.Errorf("%.80q is no name of a query parameter: letters, digits, _, - and ., at most %d", name, maxCarriedName)
		case slices.Contains(names[:i], name):
			return nil, fmt.Errorf("%q is there twice", name)
		case strings.HasPrefix(name, "_HLS_"),
			slices.Contains([]string{"start", "end", "dvr", "tracks", "maxheight", "maxbitrate", "lang", "ll", "from"}, name):
			return nil, fmt.Errorf("%q has a meaning of its own", name)
		}
	}
	return names, nil
}

func level(s string) (slog.Level, error) {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if s == strings.ToLower(l.String()) {
			return l, nil
		}
	}
	return 0, fmt.Errorf("%.50q must be debug, info, warn or error", s)
}

func format(s string) (LogFormat, error) {
	switch f := LogFormat(s); f {
	case LogAuto, LogText, LogJSON:
		return f, nil
	}
	return "", fmt.Errorf("%.50q must be auto, text or json", s)
}

// endpoint is an address that the program listens on, and where the file sets it.
type endpoint struct{ path, address string }

// apart refuses two endpoints of one port: the second would find it in use.
func (d *document) apart(all ...endpoint) error {
	for i, a := range all {
		for _, b := range all[:i] {
			if !clash(a.address, b.address) {
				continue
			}
			if d.at[a.path] == nil {
				a, b = b, a
			}
			return d.fail(a.path, "%s is taken by %s: %s", a.address, b.path, b.address)
		}
	}
	return nil
}

// clash tells whether both addresses cannot be listened on. Names are not looked up.
func clash(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	return portA == portB && portA != "0" && (hostA == hostB || everywhere(hostA) || everywhere(hostB))
}

func everywhere(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// group is the name of a group of edges, or none.
func group(s string) (string, error) {
	if s != "" && catalog.ValidateName("group", s) != nil {
		return "", fmt.Errorf("%.70q is no name of a group: letters, digits, _, - and ., at most %d", s, catalog.MaxName)
	}
	return s, nil
}
