package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"weir/internal/catalog"
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
	err := d.section("", d.body, []key{
		{"data", value(&c.Data, directory)},
		{"edge", section(
			key{"listen", value(&c.Edge.Listen, listen)},
			key{"memory", value(&c.Edge.Memory, memory)},
			key{"carry", list(&c.Edge.Carry, carry)},
		)},
		{"admin", section(
			key{"listen", value(&c.Admin.Listen, listen)},
		)},
		{"ingest", ingest(&c.Ingest)},
		{"bus", section(
			key{"url", value(&c.Bus.URL, servers)},
			key{"replicas", value(&c.Bus.Replicas, replicas)},
		)},
		{"channels", channels(&c.Channels)},
		{"log", section(
			key{"level", value(&c.Log.Level, level)},
			key{"format", value(&c.Log.Format, format)},
		)},
	})
	if err != nil {
		return err
	}
	if c.Bus.URL == "" && c.Bus.Replicas != 1 {
		return d.fail("bus.replicas", "%d need a NATS cluster in bus.url: the embedded server stores everything once", c.Bus.Replicas)
	}
	if err := c.Ingest.RTMPS.check(); err != nil {
		return d.fail("ingest.rtmps", "%v", err)
	}
	return d.apart(
		endpoint{"edge.listen", c.Edge.Listen},
		endpoint{"admin.listen", c.Admin.Listen},
		endpoint{"ingest.rtmp", c.Ingest.RTMP},
		endpoint{"ingest.rtmps.listen", c.Ingest.RTMPS.Listen},
		endpoint{"ingest.http", c.Ingest.HTTP},
	)
}

// channels reads the mapping of IDs to settings. Where it is given it takes the place of the default channels.
func channels(to *[]catalog.Channel) reader {
	return func(d *document, path string, n ast.Node) error {
		entries, err := d.entries(path, n)
		if err != nil || entries == nil {
			return err
		}
		if len(entries) > catalog.MaxChannels {
			return d.fail(path, "%d are too many, at most %d", len(entries), catalog.MaxChannels)
		}
		*to = make([]catalog.Channel, 0, len(entries))
		for _, e := range entries {
			ch := catalog.New(e.name)
			err := d.section(join(path, e.name), e.value, []key{
				{"title", value(&ch.Title, text)},
				{"dvr", value(&ch.DVR, duration)},
				{"segment", value(&ch.Segment, duration)},
				{"chunk", value(&ch.Chunk, duration)},
				{"source", value(&ch.Source, text)},
				{"key", value(&ch.Key, text)},
				{"passphrase", value(&ch.Passphrase, text)},
				{"allow", list(&ch.Allow, catalog.ParseAddresses)},
				{"captions", list(&ch.Captions, catalog.ParseCaptions)},
				{"subtitles", list(&ch.Subtitles, catalog.ParseLanguages)},
				{"renditions", list(&ch.Renditions, names)},
				{"ladder", ladder(&ch.Ladder)},
				{"inputs", inputs(&ch.Inputs)},
				{"switch", section(
					key{"silence", value(&ch.Switch.Silence, duration)},
					key{"back", value(&ch.Switch.Back, duration)},
				)},
			})
			if err != nil {
				return err
			}
			if err := ch.Validate(); err != nil {
				return d.badChannel(path, e, err)
			}
			*to = append(*to, ch)
		}
		slices.SortFunc(*to, func(a, b catalog.Channel) int { return strings.Compare(a.ID, b.ID) })
		return nil
	}
}

// badChannel says where the setting stands that the catalog refuses.
func (d *document) badChannel(path string, e entry, err error) error {
	var f *catalog.FieldError
	if !errors.As(err, &f) {
		return d.failAt(e.at, "%s: %s", join(path, e.name), err)
	}
	if field := join(path, e.name, f.Field); d.at[field] != nil {
		return d.fail(field, "%s", f.Problem)
	}
	if f.Field == "id" {
		return d.failAt(e.at, "%s: a channel's ID %s", path, f.Problem)
	}
	return d.failAt(e.at, "%s: %s", join(path, e.name, f.Field), f.Problem)
}
