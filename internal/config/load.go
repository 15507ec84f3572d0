package config

import (
	"fmt"
	"io"
	"os"
	"time"
)

// maxFile is the largest configuration file that is read, in bytes: room for some thousand channels.
const maxFile = 512 << 10

// Load reads the file. Its errors are one line each: an *Error, FILE:LINE:COL: and what is wrong, or that the file cannot be read.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	if len(b) > maxFile {
		return Config{}, fmt.Errorf("read configuration: %s has more than %d KiB", path, maxFile>>10)
	}
	return parse(path, b)
}

// parse makes a Config of the file's text, over the defaults.
func parse(file string, text []byte) (Config, error) {
	c := Default()
	d, err := open(file, text)
	if err != nil {
		return Config{}, err
	}
	if err := d.root(&c); err != nil {
		return Config{}, err
	}
	return c, nil
}

// root reads the whole document: the shape of the file is written down here.
func (d *document) root(c *Config) error {
	c.Drain = -1
	err := d.section("", d.body, []key{
		{"data", value(&c.Data, directory)},
		{"edge", section(
			key{"listen", value(&c.Edge.Listen, listen)},
			key{"memory", value(&c.Edge.Memory, memory)},
			key{"backfill", value(&c.Edge.Backfill, memory)},
			key{"idle", value(&c.Edge.Idle, idle)},
			key{"carry", list(&c.Edge.Carry, carry)},
			key{"group", value(&c.Edge.Group, group)},
			key{"peer", peer(&c.Edge.Peer)},
			key{"upstream", list(&c.Edge.Upstream, upstreams)},
		)},
		{"admin", section(
			key{"listen", value(&c.Admin.Listen, listen)},
		)},
		{"ingest", ingest(&c.Ingest)},
		{"bus", bus(&c.Bus)},
		{"node", node(&c.Node)},
		{"channels", channels(&c.Channels)},
		{"vod", vod(&c.VOD)},
		{"assets", assets(&c.Assets)},
		{"log", section(
			key{"level", value(&c.Log.Level, level)},
			key{"format", value(&c.Log.Format, format)},
		)},
		{"drain", value(&c.Drain, between(0, 5*time.Minute))},
	})
	if err != nil {
		return err
	}
	if c.Drain < 0 {
		c.Drain = 0
		if c.Bus.URL != "" || len(c.Edge.Upstream) > 0 {
			c.Drain = drainAmong
		}
	}
	if err := d.checkBus(c.Bus); err != nil {
		return err
	}
	if err := d.checkPeer(c.Edge); err != nil {
		return err
	}
	if err := d.checkUpstream(c); err != nil {
		return err
	}
	if err := d.checkNode(c.Node); err != nil {
		return err
	}
	if err := c.Ingest.RTMPS.check(); err != nil {
		return d.fail("ingest.rtmps", "%v", err)
	}
	if c.VOD.Head > c.Edge.Memory && d.at["vod.head"] != nil {
		return d.fail("vod.head", "is more than edge.memory, which it is a part of")
	}
	if err := d.references(c); err != nil {
		return err
	}
	return d.apart(
		endpoint{"edge.listen", c.Edge.Listen},
		endpoint{"admin.listen", c.Admin.Listen},
		endpoint{"ingest.rtmp", c.Ingest.RTMP},
		endpoint{"ingest.rtmps.listen", c.Ingest.RTMPS.Listen},
		endpoint{"ingest.http", c.Ingest.HTTP},
	)
}
