package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/internal/catalog"
)

func TestErrorsNameThePlace(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, want string }{
		// syntax
		{"edge: {listen: \":1\"", "1:7: could not find flow mapping end token '}'"},
		{"a: b\n c: d\n", "1:4: mapping value is not allowed in this context"},
		{"data: \"x\n", "1:7: could not find end character of double-quoted text"},
		{"data: x\ndata: \xff\n", "2:7: this is no UTF-8 text"},
		{"data: é\x00", "1:8: this is no UTF-8 text"},
		{"data: x\n---\ndata: y\n", "2:1: a second document begins here: a configuration is one"},
		{"- data\n", "1:1: a list is written in brackets, like [a, b]"},
		{"[data]\n", "1:1: this key has no list as its value"},
		{"data: [x]\n", "1:7: this key has no list as its value"},
		{"edge: {carry: [a, [b]]}\n", "1:19: this key has no list as its value"},
		{"edge: {carry: " + strings.Repeat("[", 20), "1:22: this is nested too deeply"},
		{"data: &x y\n", "1:7: anchors, aliases, tags and the like are not known here"},
		{"edge:\n  <<: *x\n", "2:3: anchors, aliases, tags and the like are not known here"},
		{"data: !!str 5\n", "1:7: anchors, aliases, tags and the like are not known here"},
		{strings.Repeat("{a: ", 20), "1:33: this is nested too deeply"},
		{"hello\n", "1:1: this must be keys with values"},
		// shape
		{"dta: x\n", `1:1: unknown key "dta", known: data, edge, admin, ingest, bus, channels, log`},
		{"data: ./d\ningest:\n  rtmp: \":1935\"\n  webrtc: \":8890\"\n", `4:3: unknown key "webrtc" in ingest, known: rtmp, srt, http`},
		{"channels:\n  news: {dvr: 2h, ttile: x}\n", `2:19: unknown key "ttile" in channels.news, known: title, dvr, segment, chunk, source, key`},
		{"edge: 5\n", "1:7: edge: must be keys with values, not a single value"},
		{"data: {a: b}\n", "1:7: data: must be a single value"},
		{"data:\n", `1:7: data: has no value; write "" for an empty one, or leave the key out`},
		{"data: |\n  x\n", "1:7: data: must stand on one line"},
		{"data: x\nedge: {}\ndata: y\n", "3:1: data: is there twice, first in line 1"},
		{"channels:\n  a: {}\n  b: {}\n  \"a\": {}\n", "4:3: channels.a: is there twice, first in line 2"},
		// values
		{"data: \"\"\n", "1:7: data: must be the path of a directory"},
		{"edge: {listen: 8080}\n", `1:16: edge.listen: "8080" is no address, write it as HOST:PORT or :PORT`},
		{"edge: {listen: \"\"}\n", `1:16: edge.listen: "" is no address, write it as HOST:PORT or :PORT`},
		{"edge: {listen: \":http\"}\n", `1:16: edge.listen: ":http" has no port from 0 (any) to 65535`},
		{"edge: {listen: \":65536\"}\n", `1:16: edge.listen: ":65536" has no port from 0 (any) to 65535`},
		{"edge: {listen: \":-1\"}\n", `1:16: edge.listen: ":-1" has no port from 0 (any) to 65535`},
		{"edge: {carry: token}\n", "1:15: edge.carry: must be a list in brackets, like [a, b]"},
		{"edge: {carry: [a b]}\n", `1:15: edge.carry: "a b" is no name of a query parameter: letters, digits, _, - and ., at most 64`},
		{"edge: {carry: [a, \"\"]}\n", `1:15: edge.carry: "" is no name of a query parameter: letters, digits, _, - and ., at most 64`},
		{"edge: {carry: [a, b, a]}\n", `1:15: edge.carry: "a" is there twice`},
		{"edge: {carry: [token, dvr]}\n", `1:15: edge.carry: "dvr" has a meaning of its own`},
		{"edge: {carry: [_HLS_msn]}\n", `1:15: edge.carry: "_HLS_msn" has a meaning of its own`},
		{"edge: {carry: [a, b, c, d, e, f, g, h, i]}\n", "1:15: edge.carry: 9 are too many, at most 8"},
		{"admin: {listen: \"http://x:80\"}\n", `1:17: admin.listen: "http://x:80" is no address, write it as HOST:PORT or :PORT`},
		{"admin: {listen: \"a b:80\"}\n", `1:17: admin.listen: "a b:80" has neither an IP address nor a host's name before the port`},
		{"admin:\n  listen: \":8080\"\n", "2:11: admin.listen: :8080 is taken by edge.listen: :8080"},
		{"edge:\n  listen: \":8081\"\n", "2:11: edge.listen: :8081 is taken by admin.listen: 127.0.0.1:8081"},
		{"edge: {listen: \"127.0.0.1:9\"}\ningest: {rtmp: \"127.0.0.1:9\"}\n", "2:16: ingest.rtmp: 127.0.0.1:9 is taken by edge.listen: 127.0.0.1:9"},
		{"edge:\n  memory: 2GB\n", `2:11: edge.memory: "2GB" is no size, write it like 2GiB, 512MiB or as a number of bytes`},
		{"edge: {memory: -1}\n", `1:16: edge.memory: "-1" is no size, write it like 2GiB, 512MiB or as a number of bytes`},
		{"edge: {memory: 15MiB}\n", `1:16: edge.memory: 15MiB is out of bounds, must be from 16MiB to 16TiB`},
		{"edge: {memory: 99999999999999999999}\n", `1:16: edge.memory: 99999999999999999999 is out of bounds, must be from 16MiB to 16TiB`},
		{"edge: {memory: 9000000000000TiB}\n", `1:16: edge.memory: 9000000000000TiB is out of bounds, must be from 16MiB to 16TiB`},
		{"bus: {url: \"http://x\"}\n", `1:12: bus.url: "http://x" must begin with nats://, tls://, ws:// or wss://`},
		{"bus: {url: \"nats://:4222\"}\n", `1:12: bus.url: "nats://:4222" names no host, write it as nats://HOST:PORT`},
		{"bus: {url: \"nats://a,nats://me:s3cret@b:0\"}\n", `1:12: bus.url: "nats://hidden@b:0" has no port from 1 to 65535`},
		{"bus: {url: \"nats://me:s3c%ret@b\"}\n", "1:12: bus.url: is no URL, write it as nats://HOST:PORT"},
		{"bus: {replicas: 2}\n", `1:17: bus.replicas: "2" must be 1, 3 or 5`},
		{"bus: {replicas: 3}\n", "1:17: bus.replicas: 3 need a NATS cluster in bus.url: the embedded server stores everything once"},
		{"log: {level: verbose}\n", `1:14: log.level: "verbose" must be debug, info, warn or error`},
		{"log: {format: xml}\n", `1:15: log.format: "xml" must be auto, text or json`},
		// channels
		{"channels:\n  \"a b\": {}\n", `2:3: channels: a channel's ID "a b" must be letters, digits, _ and - only, and start with a letter or a digit`},
		{"channels:\n  news:\n    dvr: 2 hours\n", `3:10: channels.news.dvr: "2 hours" is no duration, write it like 2h, 90s or 200ms`},
		{"channels:\n  news:\n    dvr: 7200\n", `3:10: channels.news.dvr: "7200" is no duration, write it like 2h, 90s or 200ms`},
		{"channels:\n  news: {segment: 4s, dvr: 20s}\n", "2:28: channels.news.dvr: 20s is out of bounds, must be from 24s (6 segments of 4s) to 168h0m0s"},
		{"channels: {news: {segment: 20s}}\n", "1:28: channels.news.segment: 20s is out of bounds, must be from 500ms to 10s"},
		{"channels: {news: {chunk: 3s}}\n", "1:26: channels.news.chunk: 3s is out of bounds, must be 0 (one chunk a segment) or from 50ms to the segment's 2s"},
		{"channels: {news: {source: \"http://x\"}}\n", `1:27: channels.news.source: "http://x" is not known, must be "file:PATH" or "" (open for a push)`},
		{"channels: {news: {key: \"my s3cret\"}}\n", `1:24: channels.news.key: must be printable ASCII without spaces and "#%&/?\, for it goes into a URL: character 3 is not`},
		{"channels: {news: 5}\n", "1:18: channels.news: must be keys with values, not a single value"},
	} {
		_, err := parse("weir.yaml", []byte(tc.text))
		var at *Error
		if !errors.As(err, &at) || err.Error() != "weir.yaml:"+tc.want {
			t.Errorf("%q\n got %v\nwant weir.yaml:%s", tc.text, err, tc.want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	news := catalog.New("news")
	news.Title, news.DVR, news.Chunk, news.Key = "The News", 2*time.Hour, 0, "0042"
	bare := catalog.New("A")
	for name, tc := range map[string]struct {
		text string
		want func(*Config)
	}{
		"empty":          {"", func(*Config) {}},
		"comments":       {"# nothing\n", func(*Config) {}},
		"empty sections": {"edge:\nchannels:\nlog: {}\n", func(*Config) {}},
		"no channels":    {"channels: {}\n", func(c *Config) { c.Channels = []catalog.Channel{} }},
		"byte order mark, carriage returns": {"\ufeffdata: x y\r\nedge:\r\n  memory: 512MiB\r\n", func(c *Config) {
			c.Data, c.Edge.Memory = "x y", 512<<20
		}},
		"channels": {"channels:\n  news: {title: The News, dvr: 2h, chunk: 0, key: 0042}\n  A:\n", func(c *Config) {
			c.Channels = []catalog.Channel{bare, news}
		}},
		"memory in bytes": {"edge: {memory: 16777216}", func(c *Config) { c.Edge.Memory = 16 << 20 }},
		"addresses": {
			"edge: {listen: \"[::1]:0\"}\nadmin: {listen: \"localhost:0\"}\ningest: {rtmp: \"\"}",
			func(c *Config) { c.Edge.Listen, c.Admin.Listen, c.Ingest.RTMP = "[::1]:0", "localhost:0", "" },
		},
		"cluster": {"bus: {url: \"nats://a:4222, tls://b\", replicas: 3}", func(c *Config) {
			c.Bus = Bus{URL: "nats://a:4222, tls://b", Replicas: 3}
		}},
		"nothing carried": {"edge: {carry: []}", func(c *Config) { c.Edge.Carry = []string{} }},
		"carried":         {"edge:\n  carry: [token, X-Session.id]", func(c *Config) { c.Edge.Carry = []string{"token", "X-Session.id"} }},
		"log":             {"log: {level: debug, format: json}", func(c *Config) { c.Log = Log{slog.LevelDebug, LogJSON} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := Default()
			tc.want(&want)
			got, err := parse("weir.yaml", []byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestDefaultChannelsAreValid(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, ch := range Default().Channels {
		if err := ch.Validate(); err != nil {
			t.Error(err)
		}
		ids = append(ids, ch.ID)
	}
	if !slices.Equal(ids, []string{"demo", "live"}) {
		t.Error(ids)
	}
}

// The example has every key, and but for the channels says what the defaults are.
func TestExample(t *testing.T) {
	t.Parallel()
	const path = "../../weir.example.yaml"
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Channels) != 3 || c.Channels[2].Title != "News" {
		t.Error(c.Channels)
	}
	c.Channels = Default().Channels
	if diff := cmp.Diff(Default(), c); diff != "" {
		t.Error(diff)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := open(path, b)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.root(&Config{}); err != nil {
		t.Fatal(err)
	}
	if len(d.known) < 10 {
		t.Fatal(d.known)
	}
	for _, key := range d.known {
		if d.at[key] == nil && (!strings.HasPrefix(key, "channels.") ||
			d.at["channels.news."+lastOf(key)] == nil && d.at["channels.demo."+lastOf(key)] == nil) {
			t.Errorf("%s is not in the example", key)
		}
	}
}

func lastOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, tc := range []struct{ name, text, want string }{
		{"good.yaml", "data: x\n", "<nil>"},
		{"bad.yaml", "data: x\nfoo: 1\n", dir + `/bad.yaml:2:1: unknown key "foo", known: data, edge, admin, ingest, bus, channels, log`},
		{"large.yaml", strings.Repeat("#", maxFile+1), "read configuration: " + dir + "/large.yaml has more than 512 KiB"},
		{"none.yaml", "", "read configuration: open " + dir + "/none.yaml: no such file or directory"},
	} {
		path := filepath.Join(dir, tc.name)
		if tc.text != "" {
			if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Load(path); fmt.Sprint(err) != tc.want {
			t.Errorf("got %v, want %s", err, tc.want)
		}
	}
	if _, err := Load(dir); err == nil || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Bus.URL = "nats://me:s3cret@a,nats://s3cret@b,nats://s3c%ret@c"
	c.Channels[0].Key = "s3cret"
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if s := fmt.Sprintf(verb, c); strings.Contains(s, "s3c") {
			t.Error(s)
		}
	}
}

func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("../../weir.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	for _, s := range []string{
		"", "# c", "data: x\n", "edge: {listen: \":1\", memory: 2GiB}", "channels: {a: {dvr: 1h}, b: }", "? a\n: b", "a: |\n  x", "\ta: b",
		"- a", "{{{{", "a: 'x", "---\n---\n", "%YAML 1.2\n---\na: b", "<<: {}", "bus: {url: \"nats://a:b@c\", replicas: 3}", "log: {level: warn}",
		"edge: {memory: 0x10}", "data: ~", "data: .inf", "data: 1_0", "\ufeff", "\r\r\n", "channels:\n  a:\n    key: \"\\x00\"",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 4<<10 {
			return // long inputs find the same, slower
		}
		c, err := parse("f", text)
		if err != nil {
			var at *Error
			if !errors.As(err, &at) || at.Line < 1 || at.Column < 1 || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("%q: %q", text, err)
			}
			return
		}
		for i, ch := range c.Channels {
			if err := ch.Validate(); err != nil || i > 0 && c.Channels[i-1].ID >= ch.ID {
				t.Fatalf("%q: %v, %v", text, c.Channels, err)
			}
		}
		if c.Data == "" || c.Edge.Memory < minMemory || c.Edge.Memory > maxMemory || c.Bus.Replicas < 1 || c.Log.Format == "" {
			t.Fatalf("%q: %v", text, c)
		}
	})
}

// Keys of the design whose part is not built are accepted, so that configurations can be shared, and told of.
func TestUnserved(t *testing.T) {
	t.Parallel()
	c, err := parse("weir.yaml", []byte("ingest: {rtmp: \":1935\", srt: \":8890\", http: \":8082\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Unserved(); len(got) != 2 || got[0] != "ingest.srt" || got[1] != "ingest.http" {
		t.Errorf("unserved: %q", got)
	}
	if got := Default().Unserved(); len(got) != 0 {
		t.Errorf("unserved by default: %q", got)
	}
}
