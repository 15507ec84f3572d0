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
		{"dta: x\n", `1:1: unknown key "dta", known: data, edge, admin, ingest, bus, node, channels, vod, assets, log, drain`},
		{"data: ./d\ningest:\n  rtmp: \":1935\"\n  webrtc: \":8890\"\n", `4:3: unknown key "webrtc" in ingest, known: rtmp, rtmps, srt, http, whip, allow, on_publish, on_publish_fail, ladder, limits`},
		{"channels:\n  news: {dvr: 2h, ttile: x}\n", `2:19: unknown key "ttile" in channels.news, known: title, dvr, segment, chunk, source, key, passphrase, allow, captions, subtitles, renditions, ladder, inputs, switch, redundant, groups`},
		{"channels: {news: {inputs: {name: main}}}\n", "1:27: channels.news.inputs: must be a list in brackets, like [{name: main}, {name: backup}]"},
		{"channels: {news: {inputs: [{name: main, url: x}]}}\n", `1:41: unknown key "url" in channels.news.inputs, known: name, source`},
		{"channels: {news: {inputs: [{name: a}, {name: a}]}}\n", `1:27: channels.news.inputs: "a" is there twice`},
		{"channels: {news: {renditions: [a b]}}\n", `1:31: channels.news.renditions: "a b" is no name: letters, digits, _, - and ., 1 to 40`},
		{"channels: {news: {switch: {silence: 1ms}}}\n", "1:37: channels.news.switch.silence: 1ms is out of bounds, must be from 200ms to 1m0s"},
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
		{"edge: {group: a b}\n", `1:15: edge.group: "a b" is no name of a group: letters, digits, _, - and ., at most 40`},
		{"edge: {peer: {address: 10.0.0.1}}\n", `1:24: edge.peer.address: "10.0.0.1" is no address of an edge, write it as http://HOST:PORT`},
		{"edge: {peer: {address: http://a/b}}\n", `1:24: edge.peer.address: "http://a/b" is no address of an edge, write it as http://HOST:PORT`},
		{"edge: {peer: {secret: short}}\n", `1:23: edge.peer.secret: must be 16 to 256 characters of ASCII without spaces`},
		{"edge: {peer: {timeout: 1ms}}\n", `1:24: edge.peer.timeout: 1ms is out of bounds, must be from 50ms to 30s`},
		{"edge: {peer: {address: http://a}}\n", `1:14: edge.peer: secret is missing, which keeps players from what edges ask of each other`},
		{"edge: {upstream: [a.example]}\n", `1:18: edge.upstream: "a.example" is no address of an edge, write it as https://HOST or http://HOST:PORT`},
		{"edge: {upstream: [http://a, http://a/]}\n", `1:18: edge.upstream: "http://a/" is there twice`},
		{"edge: {upstream: [http://a]}\nbus: {url: nats://b}\n", `1:18: edge.upstream: is for edges that have no part in a bus, and bus.url names one: leave one out`},
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
		{"ingest: {rtmps: {listen: \":1936\", key: k.pem}}\n", "1:17: ingest.rtmps: certificate and key are needed: two PEM files"},
		{"ingest: {rtmps: {certificate: c.pem, key: k.pem}}\n", "1:17: ingest.rtmps: listen is missing: write an address like :1936"},
		{"ingest: {rtmp: \":9\", rtmps: {listen: \":9\", certificate: c.pem, key: k.pem}}\n", "1:38: ingest.rtmps.listen: :9 is taken by ingest.rtmp: :9"},
		{"edge: {listen: \"127.0.0.1:9\"}\ningest: {rtmp: \"127.0.0.1:9\"}\n", "2:16: ingest.rtmp: 127.0.0.1:9 is taken by edge.listen: 127.0.0.1:9"},
		{"edge:\n  memory: 2GB\n", `2:11: edge.memory: "2GB" is no size, write it like 2GiB, 512MiB or as a number of bytes`},
		{"edge: {memory: -1}\n", `1:16: edge.memory: "-1" is no size, write it like 2GiB, 512MiB or as a number of bytes`},
		{"edge: {idle: 1s}\n", `1:14: edge.idle: 1s is out of bounds, must be from 10s to 24h0m0s, or 0 for never`},
		{"edge: {memory: 15MiB}\n", `1:16: edge.memory: 15MiB is out of bounds, must be from 16MiB to 16TiB`},
		{"edge: {memory: 99999999999999999999}\n", `1:16: edge.memory: 99999999999999999999 is out of bounds, must be from 16MiB to 16TiB`},
		{"edge: {memory: 9000000000000TiB}\n", `1:16: edge.memory: 9000000000000TiB is out of bounds, must be from 16MiB to 16TiB`},
		{"bus: {url: \"http://x\"}\n", `1:12: bus.url: "http://x" must begin with nats://, tls://, ws://, wss://, srv+nats:// or srv+tls://`},
		{"bus: {url: \"nats://:4222\"}\n", `1:12: bus.url: "nats://:4222" names no host, write it as nats://HOST:PORT`},
		{"bus: {url: \"nats://a,nats://me:s3cret@b:0\"}\n", `1:12: bus.url: "nats://hidden@b:0" has no port from 1 to 65535`},
		{"bus: {url: \"nats://me:s3c%ret@b\"}\n", "1:12: bus.url: is no URL, write it as nats://HOST:PORT"},
		{"bus: {url: \"srv+nats://me:s3cret@_nats._tcp.x:1\"}\n", `1:12: bus.url: "srv+nats://hidden@_nats._tcp.x:1" names a port, which DNS tells`},
		{"bus: {nkey: n.nk}\n", "1:13: bus.nkey: is for the NATS servers that bus.url names, and it names none"},
		{"bus: {url: \"nats://a\", nkey: n.nk, credentials: c.creds}\n", "1:30: bus.nkey: says who this is, and so does bus.credentials: leave one out"},
		{"bus: {url: \"nats://a\", tls: {key: k.pem}}\n", "1:29: bus.tls: certificate and key are two PEM files: one is missing"},
		{"node: {name: a b}\n", `1:14: node.name: "a b" is no name: letters, digits, _, - and ., at most 64`},
		{"node: {cluster: {listen: \":6222\"}}\n", "1:17: node.cluster: needs node.name, by which nodes tell each other apart, and a name of its own"},
		{"node: {cluster: {routes: [\"a:6222\"]}}\n", "1:17: node.cluster: listen is missing: write an address like :6222"},
		{"node: {name: a, cluster: {listen: \":4222\"}}\n", "1:35: node.cluster.listen: :4222 is taken by node.listen: :4222"},
		{"node: {cluster: {routes: [\"a:6222\", \":6222\"]}}\n", `1:26: node.cluster.routes: ":6222" is no address of a node, write it as HOST:PORT`},
		{"drain: 6m\n", "1:8: drain: 6m0s is out of bounds, must be from 0s to 5m0s"},
		{"node: {cluster: {routes: [\"a:1\", \"a:1\"]}}\n", `1:26: node.cluster.routes: "a:1" is there twice`},
		{"node: {memory: 1}\n", "1:16: node.memory: 1 is out of bounds, must be from 16MiB to 16TiB"},
		{"node: {store: 1}\n", "1:15: node.store: 1 is out of bounds, must be from 16MiB to 16TiB"},
		{"bus: {replicas: 2}\n", `1:17: bus.replicas: "2" must be 1, 3 or 5`},
		{"bus: {replicas: 3}\n", "1:17: bus.replicas: 3 need a NATS cluster in bus.url: the embedded server stores everything once"},
		{"bus: {fast: 1}\n", `1:13: bus.fast: "1" must be true or false`},
		{"log: {level: verbose}\n", `1:14: log.level: "verbose" must be debug, info, warn or error`},
		{"log: {format: xml}\n", `1:15: log.format: "xml" must be auto, text or json`},
		{"ingest: {srt: 8890}\n", `1:15: ingest.srt: "8890" is no address, write it as HOST:PORT or :PORT`},
		{"ingest: {srt: {listen: 8890}}\n", `1:24: ingest.srt.listen: "8890" is no address, write it as HOST:PORT or :PORT`},
		{"ingest: {srt: {latency: 31s}}\n", "1:25: ingest.srt.latency: 31s is out of bounds, must be from 0s to 30s"},
		{"ingest: {srt: {passphrase: s3cret}}\n", "1:28: ingest.srt.passphrase: has 6 characters, must have 10 to 79"},
		{"ingest: {srt: {port: 1}}\n", `1:16: unknown key "port" in ingest.srt, known: listen, latency, passphrase`},
		{"ingest: {allow: [10.0.0.0/8, there]}\n", `1:17: ingest.allow: "there" is no address and no block of addresses, write it like 192.0.2.7 or 10.0.0.0/8`},
		{"ingest: {on_publish: \"ftp://me:s3cret@h\"}\n", "1:22: ingest.on_publish: is no URL, write it as http://HOST:PORT/PATH or https://…"},
		{"ingest: {on_publish_fail: maybe}\n", `1:27: ingest.on_publish_fail: "maybe" must be refuse or allow`},
		{"ingest: {limits: {feeds: 0}}\n", `1:26: ingest.limits.feeds: "0" must be a whole number from 1 to 10000`},
		{"ingest: {limits: {sample: 1GiB}}\n", "1:27: ingest.limits.sample: 1GiB is out of bounds, must be from 64KiB to 256MiB"},
		{"ingest: {limits: {sample: big}}\n", `1:27: ingest.limits.sample: "big" is no size, write it like 16MiB, 512KiB or as a number of bytes`},
		{"ingest: {limits: {bitrate: 400m}}\n", `1:28: ingest.limits.bitrate: "400m" is no bitrate, write it like 400M, 2500k or as a number of bits a second`},
		{"ingest: {limits: {bitrate: 9000000000000000G}}\n", "1:28: ingest.limits.bitrate: 9000000000000000G is out of bounds, must be from 10k to 100G"},
		{"ingest: {limits: {idle: 1ms}}\n", "1:25: ingest.limits.idle: 1ms is out of bounds, must be from 1s to 1h0m0s"},
		// channels
		{"channels: {news: {passphrase: s3cret}}\n", "1:31: channels.news.passphrase: has 6 characters, must have 10 to 79"},
		{"channels: {news: {allow: 10.0.0.1}}\n", "1:26: channels.news.allow: must be a list in brackets, like [a, b]"},
		{"channels:\n  \"a b\": {}\n", `2:3: channels: a channel's ID "a b" must be letters, digits, _ and - only, and start with a letter or a digit`},
		{"channels:\n  news:\n    dvr: 2 hours\n", `3:10: channels.news.dvr: "2 hours" is no duration, write it like 2h, 90s or 200ms`},
		{"channels:\n  news:\n    dvr: 7200\n", `3:10: channels.news.dvr: "7200" is no duration, write it like 2h, 90s or 200ms`},
		{"channels:\n  news: {segment: 4s, dvr: 20s}\n", "2:28: channels.news.dvr: 20s is out of bounds, must be from 24s (6 segments of 4s) to 168h0m0s"},
		{"channels: {news: {segment: 20s}}\n", "1:28: channels.news.segment: 20s is out of bounds, must be from 500ms to 10s"},
		{"channels: {news: {chunk: 3s}}\n", "1:26: channels.news.chunk: 3s is out of bounds, must be 0 (one chunk a segment) or from 50ms to the segment's 2s"},
		{"channels: {news: {source: \"ftp://x\"}}\n", `1:27: channels.news.source: "ftp://x" is not known, must begin with file:, udp://, http://, https:// or srt://, or be "" (open for a push)`},
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
		"backfill and idle": {"edge: {backfill: 64MiB, idle: 10m}", func(c *Config) { c.Edge.Backfill, c.Edge.Idle = 64<<20, 10*time.Minute }},
		"memory in bytes":   {"edge: {memory: 16777216}", func(c *Config) { c.Edge.Memory = 16 << 20 }},
		"addresses": {
			"edge: {listen: \"[::1]:0\"}\nadmin: {listen: \"localhost:0\"}\ningest: {rtmp: \"\"}",
			func(c *Config) { c.Edge.Listen, c.Admin.Listen, c.Ingest.RTMP = "[::1]:0", "localhost:0", "" },
		},
		"srt in short": {"ingest: {srt: \"127.0.0.1:9000\"}", func(c *Config) { c.Ingest.SRT.Listen = "127.0.0.1:9000" }},
		"no srt":       {"ingest: {srt: \"\"}", func(c *Config) { c.Ingest.SRT.Listen = "" }},
		"srt": {"ingest:\n  srt: {listen: \":9000\", latency: 1s, passphrase: 0123456789}", func(c *Config) {
			c.Ingest.SRT = SRT{Listen: ":9000", Latency: time.Second, Passphrase: "0123456789"}
		}},
		"admission": {"ingest: {allow: [10.1.2.3/8, \"::1\"], on_publish: \"http://h/x?token=y\", on_publish_fail: allow}", func(c *Config) {
			c.Ingest.Admission = Admission{Allow: "10.0.0.0/8,::1", OnPublish: "http://h/x?token=y", OnPublishIn: true}
		}},
		"limits": {"ingest: {limits: {feeds: 2, connections: 3, tracks: 4, sample: 1MiB, bitrate: 20M, handshake: 5s, idle: 1m}}", func(c *Config) {
			c.Ingest.Limits = Limits{2, 3, 4, 1 << 20, 20_000_000, 5 * time.Second, time.Minute}
		}},
		"cluster": {"bus: {url: \"nats://a:4222, tls://b,srv+nats://_nats._tcp.example\", replicas: 3, nkey: n.nk, tls: {ca: ca.pem, certificate: c.pem, key: k.pem}}", func(c *Config) {
			c.Drain = drainAmong
			c.Bus = Bus{
				URL: "nats://a:4222, tls://b,srv+nats://_nats._tcp.example", Replicas: 3, Fast: true, NKey: "n.nk",
				TLS: BusTLS{CA: "ca.pem", Certificate: "c.pem", Key: "k.pem"},
			}
		}},
		"node": {"node: {name: n1, listen: \":4223\", accounts: a.conf, store: 2GiB, memory: 3GiB, cluster: {name: c, listen: \":6223\", routes: [\"a:6222\", \"b:6222\"], secret: s}}", func(c *Config) {
			c.Node = Node{"n1", ":4223", "a.conf", 2 << 30, 3 << 30, NodeCluster{"c", ":6223", []string{"a:6222", "b:6222"}, "s"}}
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
	if len(c.Channels) != 5 || c.Channels[3].Title != "News" {
		t.Error(c.Channels)
	}
	c.Channels = Default().Channels
	if len(c.Assets) != 4 || c.Assets[2].Title != "The night" || len(c.VOD.Sites) != 3 || len(c.VOD.Libraries) != 1 {
		t.Error(c.Assets, c.VOD)
	}
	c.Assets, c.VOD.Sites, c.VOD.Libraries = nil, nil, nil
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
		shown := func(section string, names ...string) bool {
			return strings.HasPrefix(key, section) && slices.ContainsFunc(names, func(name string) bool { return d.at[section+name+"."+lastOf(key)] != nil })
		}
		if d.at[key] == nil && !shown("channels.", "news", "sports", "match", "demo") && !shown("assets.", "night", "album") &&
			!shown("vod.sites.", "store", "backup") {
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
		{"bad.yaml", "data: x\nfoo: 1\n", dir + `/bad.yaml:2:1: unknown key "foo", known: data, edge, admin, ingest, bus, node, channels, vod, assets, log, drain`},
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
	c.Ingest.SRT.Passphrase, c.Ingest.Admission.OnPublish = "s3cret-phrase", "http://h/?token=s3cret"
	c.Channels[0].Key, c.Channels[0].Passphrase, c.Channels[0].Source = "s3cret", "s3cret-phrase", "srt://h:1?passphrase=s3cret-phrase"
	c.VOD.Sites = []Site{
		{Name: "a", URL: "https://me:s3cret@h/?sig=s3cret", AccessKey: "s3cid", SecretKey: "s3cret"},
		{Name: "b", URL: "https://s3c%ret@h/", SecretKey: "s3cret"},
		{Name: "c", URL: "https://me:s3c,ret@h/", Endpoint: "https://e"},
	}
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
		"edge: {memory: 0x10}", "data: ~", "data: .inf", "data: 1_0", "\ufeff", "\r\r\n", "vod: {head: 0, sites: {a: {url: \"s3://b\", timeout: 1s}}, libraries: {l: {sites: [a]}}}\nassets: {f: {sites: [a], files: [\"x#de\"]}, g: {tracks: [f]}}",
		"channels:\n  a:\n    key: \"\\x00\"",
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
		for i, a := range c.Assets {
			if err := a.Validate(); err != nil || i > 0 && c.Assets[i-1].ID >= a.ID || len(c.VOD.Sites) == 0 && len(a.Sites) > 0 {
				t.Fatalf("%q: %v, %v", text, c.Assets, err)
			}
		}
		if c.Data == "" || c.Edge.Memory < minMemory || c.Edge.Memory > maxMemory || c.Bus.Replicas < 1 || c.Log.Format == "" {
			t.Fatalf("%q: %v", text, c)
		}
	})
}
