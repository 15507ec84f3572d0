package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"weir/internal/catalog"
)

// SRT is how feeds come in by SRT. In the file it is an address alone, or a section.
type SRT struct {
	Listen     string        // HOST:PORT of UDP, "" for no SRT. Default: ":8890"
	Latency    time.Duration // the least that connections have. Default: 120 ms
	Passphrase string        // of channels that have none of their own; "": they are not encrypted. A secret. Default: ""
}

// String is the settings without the passphrase.
func (s SRT) String() string {
	return fmt.Sprintf("{listen:%q latency:%s hasPassphrase:%t}", s.Listen, s.Latency, s.Passphrase != "")
}

// GoString is String, so that %#v keeps the passphrase to itself too.
func (s SRT) GoString() string { return "config.SRT" + s.String() }

// LogValue is String: a log has no passphrase.
func (s SRT) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Admission is who may publish, apart from the channels' own settings.
type Admission struct {
	Allow       catalog.Addresses // where publishers may come from; "": from anywhere. Default: ""
	OnPublish   string            // URL that is asked whether a feed may come in; "": nobody is. It may have a secret. Default: ""
	OnPublishIn bool              // feeds come in while OnPublish does not answer. Default: false
}

// String is the settings without the URL, for it may have a secret.
func (a Admission) String() string {
	return fmt.Sprintf("{allow:%s hasOnPublish:%t onPublishIn:%t}", a.Allow, a.OnPublish != "", a.OnPublishIn)
}

// GoString is String, so that %#v keeps the URL to itself too.
func (a Admission) GoString() string { return "config.Admission" + a.String() }

// LogValue is String: a log has no secrets.
func (a Admission) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Limits are what feeds may use.
type Limits struct {
	Feeds       int           // at one time. Default: 500
	Connections int           // of each protocol, at one time. Default: 1000
	Tracks      int           // of a feed. Default: 16
	Sample      int64         // bytes of one frame. Default: 16 MiB
	Bitrate     int64         // of a feed, in bits a second over 5 s. Default: 400 million
	Handshake   time.Duration // for everything before the first media. Default: 10 s
	Idle        time.Duration // without media. Default: 30 s
}

// DefaultLimits are those where no file says otherwise.
func DefaultLimits() Limits {
	return Limits{
		Feeds: 500, Connections: 1000, Tracks: 16, Sample: 16 << 20, Bitrate: 400_000_000,
		Handshake: 10 * time.Second, Idle: 30 * time.Second,
	}
}

// ingest reads the section of that name.
func ingest(c *Ingest) reader {
	l := &c.Limits
	return section(
		key{"rtmp", value(&c.RTMP, listenOrOff)},
		key{"rtmps", rtmps(&c.RTMPS)},
		key{"srt", srt(&c.SRT)},
		key{"http", value(&c.HTTP, listenOrOff)},
		key{"whip", whip(&c.WHIP)},
		key{"allow", list(&c.Admission.Allow, catalog.ParseAddresses)},
		key{"on_publish", value(&c.Admission.OnPublish, hook)},
		key{"on_publish_fail", value(&c.Admission.OnPublishIn, hookFails)},
		key{"ladder", children(&c.Ladder)},
		key{"limits", section(
			key{"feeds", value(&l.Feeds, count(10_000))},
			key{"connections", value(&l.Connections, count(100_000))},
			key{"tracks", value(&l.Tracks, count(64))},
			key{"sample", value(&l.Sample, sample)},
			key{"bitrate", value(&l.Bitrate, bitrate)},
			key{"handshake", value(&l.Handshake, between(time.Second, time.Minute))},
			key{"idle", value(&l.Idle, between(time.Second, time.Hour))},
		)},
	)
}

// srt reads an address, or a section with more.
func srt(to *SRT) reader {
	address := value(&to.Listen, listenOrOff)
	all := section(
		key{"listen", address},
		key{"latency", value(&to.Latency, between(0, catalog.MaxSRTLatency))},
		key{"passphrase", value(&to.Passphrase, passphrase)},
	)
	return func(d *document, path string, n ast.Node) error {
		if n != nil && n.Type() == ast.MappingType {
			return all(d, path, n)
		}
		return address(d, path, n)
	}
}

func passphrase(s string) (string, error) { return s, catalog.ValidatePassphrase(s) }

// hook checks the URL of on_publish. It may have a secret: no message shows it.
func hook(s string) (string, error) {
	if s == "" {
		return s, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", errors.New("is no URL, write it as http://HOST:PORT/PATH or https://…")
	}
	return s, nil
}

func hookFails(s string) (bool, error) {
	if s != "allow" && s != "refuse" {
		return false, fmt.Errorf("%.50q must be refuse or allow", s)
	}
	return s == "allow", nil
}

// count reads a whole number from 1 to most.
func count(most int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > most {
			return 0, fmt.Errorf("%.50q must be a whole number from 1 to %d", s, most)
		}
		return n, nil
	}
}

// between reads a duration within bounds.
func between(least, most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := duration(s)
		if err == nil && (d < least || d > most) {
			return 0, fmt.Errorf("%s is out of bounds, must be from %s to %s", d, least, most)
		}
		return d, err
	}
}

// Bounds of ingest.limits.
const (
	minSample, maxSample   = 64 << 10, 256 << 20     // bytes
	minBitrate, maxBitrate = 10_000, 100_000_000_000 // bits a second
)

func sample(s string) (int64, error) {
	n, ok := size(s)
	if !ok {
		return 0, fmt.Errorf("%.50q is no size, write it like 16MiB, 512KiB or as a number of bytes", s)
	}
	if n < minSample || n > maxSample {
		return 0, fmt.Errorf("%.50s is out of bounds, must be from %dKiB to %dMiB", s, minSample>>10, maxSample>>20)
	}
	return n, nil
}

// bitrate reads 400M, 2500k or plain bits a second.
func bitrate(s string) (int64, error) {
	number, unit := s, int64(1)
	for suffix, factor := range map[string]int64{"k": 1_000, "M": 1_000_000, "G": 1_000_000_000} {
		if n, ok := strings.CutSuffix(s, suffix); ok {
			number, unit = n, factor
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.50q is no bitrate, write it like 400M, 2500k or as a number of bits a second", s)
	}
	if n < minBitrate/unit || n > maxBitrate/unit {
		return 0, fmt.Errorf("%.50s is out of bounds, must be from %dk to %dG", s, minBitrate/1_000, maxBitrate/1_000_000_000)
	}
	return n * unit, nil
}
