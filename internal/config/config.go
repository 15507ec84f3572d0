// Package config reads Weir's configuration: one YAML file in, a Config out.
//
// Every key has a default, so that an empty file, or none, is a configuration too. Whatever is not known or not allowed is
// refused with file, line and column. The channels and assets of the file are where the catalog starts from; the API changes them at run time.
package config

import (
	"log/slog"
	"time"

	"weir/internal/catalog"
	"weir/internal/shard"
)

// Config is all that can be configured. It is not changed after Load.
type Config struct {
	// Data is the directory that the program keeps everything in, relative to the working directory. Default: ./data.
	Data   string
	Edge   Edge
	Admin  Admin
	Ingest Ingest
	Bus    Bus
	Node   Node
	// Channels are valid, sorted by ID, no ID twice. Default: demo, a looped clip, and live, open for a push.
	Channels []catalog.Channel
	VOD      VOD
	// Assets are valid, sorted by ID, no ID twice; their sites are there, and no album is a track. Default: none.
	Assets []catalog.Asset
	Log    Log
	// Drain is for how long everything goes on after the program is told to stop, with a /readyz that fails. Default: 5 s where there are others to
	// go to, with bus.url or edge.upstream; otherwise 0.
	Drain time.Duration
}

// drainAmong is Config.Drain where nothing is set, and there are others.
const drainAmong = 5 * time.Second

// Edge is what players talk to.
type Edge struct {
	Listen string // HOST:PORT. Default: ":8080"
	Memory int64  // bytes that media may take, of which three quarters are for the windows of channels. Default: 2 GiB
	// Backfill is how many bytes a second of what is older are read into memory at the most when channels are joined. Default: 256 MiB
	Backfill int64
	// Idle is after how long without a request a channel is not read from the bus any more; 0: all are, always. Default: 0
	Idle time.Duration
	// Carry names the query parameters of a manifest's URL that every URL in the manifest is given too: what a session needs. Default: token
	Carry []string
	// Group is that of the edge: it shares with edges of its own, and serves the channels that are pinned to it, and to none. Default: ""
	Group string
	Peer  Peer
	// Upstream is edges of another cluster, which are the source of a `weir edge` that has no part in a bus: http://HOST[:PORT] or https://…, the
	// first choice first. Default: none
	Upstream []string
}

// Admin is the admin API.
type Admin struct {
	Listen string // HOST:PORT. Default: "127.0.0.1:8081"
}

// Ingest is where feeds come in.
type Ingest struct {
	RTMP      string // HOST:PORT, "" for no RTMP. Default: ":1935"
	RTMPS     RTMPS
	SRT       SRT
	HTTP      string // HOST:PORT of what is pushed by HTTP, "" for none. Default: ":8082"
	WHIP      WHIP
	Admission Admission
	Ladder    Ladder
	Limits    Limits
}

// Log is how the program tells what happens.
type Log struct {
	Level  slog.Level // debug, info, warn or error. Default: info
	Format LogFormat  // Default: auto
}

// LogFormat is how log lines look.
type LogFormat string

// The log formats.
const (
	LogAuto LogFormat = "auto" // text on a terminal, JSON elsewhere
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Default is the configuration where no file says otherwise.
func Default() Config {
	demo, live := catalog.New("demo"), catalog.New("live")
	demo.Title, demo.DVR, demo.Source = "Demo", 15*time.Minute, catalog.SourceFile+"testdata/demo.mp4"
	live.Title, live.DVR = "Live", 15*time.Minute
	return Config{
		Data:     "./data",
		Edge:     Edge{Listen: ":8080", Memory: 2 << 30, Backfill: 256 << 20, Carry: []string{"token"}, Peer: Peer{Timeout: shard.DefaultTimeout}},
		Admin:    Admin{Listen: "127.0.0.1:8081"},
		Ingest:   Ingest{RTMP: ":1935", HTTP: ":8082", WHIP: WHIP{UDP: ":8189"}, SRT: SRT{Listen: ":8890", Latency: 120 * time.Millisecond}, Ladder: DefaultLadder(), Limits: DefaultLimits()},
		Bus:      Bus{Replicas: 1, Fast: true},
		Node:     DefaultNode(),
		Channels: []catalog.Channel{demo, live},
		VOD:      VOD{Segment: 4 * time.Second, Head: 64 << 20},
		Log:      Log{Level: slog.LevelInfo, Format: LogAuto},
	}
}
