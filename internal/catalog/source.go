package catalog

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Schemes of a channel's source.
const (
	SourceFile = "file:"  // a looped file
	SourceSRT  = "srt://" // a sender that listens and is called
)

// Bounds of SRT's settings.
const (
	MinPassphrase = 10 // characters (draft-sharabayko-srt, 6.1.4)
	MaxPassphrase = 79
	MaxStreamID   = 512 // bytes (draft-sharabayko-srt, 3.2.1.3)
	MaxSRTLatency = 30 * time.Second
)

// validateSource tells whether a source is one that the program can fetch. What is secret in it is never part of the error.
func validateSource(s string) error {
	if s == "" {
		return nil
	}
	if err := validateText("source", HideSource(s), MaxSource); err != nil {
		return err
	}
	if len(s) > MaxSource {
		return invalid("source", "has %d bytes, must have at most %d", len(s), MaxSource)
	}
	if path, ok := strings.CutPrefix(s, SourceFile); ok && path != "" {
		return nil
	}
	// What the API tells may come back to it.
	if !strings.HasPrefix(s, SourceUDP) && secrets.MatchString(s) && HideSource(s) == s {
		return invalid("source", "%q has %q where a secret belongs: give the secret, or leave the source as it is", s, hidden)
	}
	if strings.HasPrefix(s, SourceSRT) {
		if _, err := ParseSRT(s); err != nil {
			return invalid("source", "%s", err)
		}
		return nil
	}
	if strings.HasPrefix(s, SourceUDP) {
		if _, err := ParseUDP(s); err != nil {
			return invalid("source", "%s", err)
		}
		return nil
	}
	if strings.HasPrefix(s, SourceHTTP) || strings.HasPrefix(s, SourceHTTPS) {
		if _, err := ParsePull(s); err != nil {
			return invalid("source", "%s", err)
		}
		return nil
	}
	return invalid("source", `%q is not known, must begin with file:, udp://, http://, https:// or srt://, or be "" (open for a push)`, HideSource(s))
}

// SRTSource is a sender that listens for SRT and is called.
type SRTSource struct {
	Address    string        // HOST:PORT
	StreamID   string        // may be ""
	Passphrase string        // "": no encryption. A secret
	Latency    time.Duration // 0: as the sender wants it
}

// ParseSRT reads srt://HOST:PORT?streamid=…&passphrase=…&latency=200ms&mode=caller, all parameters optional; a latency without a unit is in
// milliseconds, as other programs write it. The error has no secrets.
func ParseSRT(source string) (SRTSource, error) {
	const form = "write it like srt://HOST:PORT?streamid=…&latency=200ms"
	u, err := url.Parse(source)
	if err != nil || u.Scheme != "srt" || u.User != nil || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return SRTSource{}, fmt.Errorf("%q is no SRT address, %s", HideSource(source), form)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 || u.Hostname() == "" {
		return SRTSource{}, fmt.Errorf("%q needs a host and a port from 1 to 65535, %s", HideSource(source), form)
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return SRTSource{}, fmt.Errorf("the query of %q cannot be read: %s", HideSource(source), form)
	}
	out := SRTSource{Address: net.JoinHostPort(u.Hostname(), u.Port())}
	for name, values := range q {
		v := values[0]
		switch name {
		case "streamid":
			out.StreamID = v
		case "passphrase":
			out.Passphrase = v
		case "latency":
			if _, err := strconv.ParseUint(v, 10, 31); err == nil {
				v += "ms"
			}
			if out.Latency, err = time.ParseDuration(v); err != nil || out.Latency < 0 || out.Latency > MaxSRTLatency {
				return SRTSource{}, fmt.Errorf("latency %.30q must be from 0 to %s, like 200ms", v, MaxSRTLatency)
			}
		case "mode":
			if v != "caller" {
				return SRTSource{}, fmt.Errorf("mode %.30q is not known: a source is called, mode=caller; who pushes needs no source", v)
			}
		default:
			return SRTSource{}, fmt.Errorf("%.30q is no parameter of an SRT source: streamid, passphrase, latency, mode", name)
		}
		if len(values) > 1 {
			return SRTSource{}, fmt.Errorf("%s is there twice", name)
		}
	}
	if len(out.StreamID) > MaxStreamID {
		return SRTSource{}, fmt.Errorf("streamid has %d bytes, must have at most %d", len(out.StreamID), MaxStreamID)
	}
	if err := ValidatePassphrase(out.Passphrase); err != nil {
		return SRTSource{}, fmt.Errorf("passphrase %w", err)
	}
	return out, nil
}

// ValidatePassphrase tells whether SRT can take it; "" is none. The value is never part of the error.
func ValidatePassphrase(s string) error {
	if s == "" {
		return nil
	}
	if len(s) < MinPassphrase || len(s) > MaxPassphrase {
		return fmt.Errorf("has %d characters, must have %d to %d", len(s), MinPassphrase, MaxPassphrase)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Errorf("must be printable ASCII without spaces: character %d is not", i+1)
		}
	}
	return nil
}

// secrets are the places of a source that are nobody's business: what stands before the host, and parameters that let somebody in.
var secrets = regexp.MustCompile(`(?i)(://)[^/?#@]*@|([?&](?:passphrase|streamid|key|token|password)=)[^&#]+`)

// hidden stands for a secret.
const hidden = "hidden"

// HideSource is a source for people: what is secret in it is left out.
func HideSource(s string) string {
	if strings.HasPrefix(s, SourceUDP) { // what stands before its host is an address, too
		return s
	}
	return secrets.ReplaceAllStringFunc(s, func(found string) string {
		if m := secrets.FindStringSubmatch(found); m[1] == "" {
			return m[2] + hidden
		}
		return "://" + hidden + "@"
	})
}
