package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"weir/internal/config"
	"weir/internal/sizing"
)

// sizeCommand is `weir size`.
type sizeCommand struct {
	Config string `short:"c" type:"existingfile" placeholder:"FILE" help:"The YAML file: its channels, edge.memory and bus.replicas, where flags do not say otherwise."`

	Channels int           `help:"How many channels there are, without --config." default:"1" group:"Channels:"`
	Bitrate  []string      `placeholder:"RATE" help:"Of a channel with all of its renditions, as 8M; with --config also ID=8M for one of them. Default: a ladder's, and 5M for each feed." group:"Channels:"`
	DVR      time.Duration `name:"dvr" help:"How much can be rewound, without --config." default:"2h" group:"Channels:"`
	Segment  time.Duration `help:"How long a segment is, without --config." default:"2s" group:"Channels:"`
	Chunk    time.Duration `help:"How long a part is, without --config; 0: no parts." default:"200ms" group:"Channels:"`
	Tracks   int           `help:"Of a channel, all renditions and languages. Default: what --config says, else 2." group:"Channels:"`

	Viewers       int           `help:"At the peak." default:"1000" group:"Viewers:"`
	ViewerBitrate string        `help:"That one takes. Default: 5M." default:"5M" placeholder:"RATE" group:"Viewers:"`
	DASH          float64       `name:"dash" help:"Share of the viewers that play DASH, 0 to 1; the others play HLS." default:"0" group:"Viewers:"`
	LowLatency    float64       `help:"Share of the viewers with low latency, 0 to 1." default:"1" group:"Viewers:"`
	Session       time.Duration `help:"How long one watches." default:"10m" group:"Viewers:"`

	NIC        string `name:"nic" help:"Speed of a network interface. Default: 10G." default:"10G" placeholder:"RATE" group:"Machines:"`
	NICs       int    `name:"nics" help:"Interfaces of an edge." default:"1" group:"Machines:"`
	EdgeMemory string `help:"For the media of an edge (edge.memory), three quarters of it for windows. Default: what --config says, else 2GiB." placeholder:"SIZE" group:"Machines:"`
	Replicas   int    `help:"Of each channel on the bus. Default: what --config says, else 1." group:"Machines:"`
	Nodes      int    `help:"Servers of the bus. Default: as many as replicas." group:"Machines:"`

	JSON bool `name:"json" help:"Print it as JSON."`
}

// Help is what the help of the command adds.
func (*sizeCommand) Help() string {
	return "Bitrates are written like 8M, 500k or 10G. What of the windows does not fit an edge's memory is read back from the bus; what the process takes besides is told."
}

// Run prints the plan.
func (c *sizeCommand) Run() error {
	in, err := c.input()
	if err != nil {
		return err
	}
	plan, err := sizing.New(in)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(plan)
	}
	return writePlan(os.Stdout, plan)
}

// input is what the flags and the file say.
func (c *sizeCommand) input() (sizing.Input, error) {
	cfg := config.Default()
	if c.Config != "" {
		var err error
		if cfg, err = config.Load(c.Config); err != nil {
			return sizing.Input{}, err
		}
	}
	in := sizing.Input{
		Viewers: c.Viewers, DASH: c.DASH, LowLatency: c.LowLatency, Session: c.Session,
		NICs: c.NICs, EdgeMemory: cfg.Edge.Memory, Nodes: c.Nodes, Replicas: cfg.Bus.Replicas,
	}
	if c.Replicas != 0 {
		in.Replicas = c.Replicas
	}
	var err error
	if in.ViewerBitrate, err = sizing.ParseRate(c.ViewerBitrate); err != nil {
		return in, fmt.Errorf("--viewer-bitrate: %w", err)
	}
	if in.NIC, err = sizing.ParseRate(c.NIC); err != nil {
		return in, fmt.Errorf("--nic: %w", err)
	}
	if c.EdgeMemory != "" {
		if in.EdgeMemory, err = config.ParseMemory(c.EdgeMemory); err != nil {
			return in, fmt.Errorf("--edge-memory: %w", err)
		}
	}
	in.Channels, err = c.groups(cfg)
	return in, err
}

// groups are the channels of the file, or as the flags say.
func (c *sizeCommand) groups(cfg config.Config) ([]sizing.Group, error) {
	every, named, err := rates(c.Bitrate)
	if err != nil {
		return nil, err
	}
	if c.Config == "" {
		if len(named) > 0 {
			return nil, errors.New("--bitrate: channels have names with --config only")
		}
		if every == 0 {
			every = sizing.AssumedBitrate
		}
		return []sizing.Group{{Count: c.Channels, Channel: sizing.Channel{
			Bitrate: every, DVR: c.DVR, Segment: c.Segment, Chunk: c.Chunk, Tracks: c.Tracks,
		}}}, nil
	}
	expected := &capacity{}
	var all []sizing.Group
	for _, ch := range cfg.Channels {
		g := sizing.Group{Count: 1, Channel: expected.channel(ch)}
		if every > 0 {
			g.Bitrate = every
		}
		if rate, ok := named[ch.ID]; ok {
			g.Bitrate = rate
			delete(named, ch.ID)
		}
		if c.Tracks > 0 {
			g.Tracks = c.Tracks
		}
		all = append(all, g)
	}
	for id := range named {
		return nil, fmt.Errorf("--bitrate: %s has no channel %.70q", c.Config, id)
	}
	return all, nil
}

// rates reads RATE, which is that of all channels, and ID=RATE.
func rates(flags []string) (every int64, named map[string]int64, err error) {
	named = make(map[string]int64)
	for _, flag := range flags {
		id, text, one := strings.Cut(flag, "=")
		if !one {
			text = flag
		}
		rate, err := sizing.ParseRate(text)
		if err != nil {
			return 0, nil, fmt.Errorf("--bitrate: %w", err)
		}
		if one {
			named[id] = rate
		} else {
			every = rate
		}
	}
	return every, named, nil
}

// writePlan writes a table for people: value, what it is, and under it how it was reckoned.
func writePlan(w io.Writer, p *sizing.Plan) error {
	width := 0
	for _, l := range p.Lines {
		width = max(width, len(l.Text()))
	}
	var b strings.Builder
	for _, l := range p.Lines {
		fmt.Fprintf(&b, "%*s  %s\n", width, l.Text(), l.What)
		how := "= " + l.Formula
		if l.Impossible {
			how = l.Formula
		}
		fmt.Fprintf(&b, "%*s    %s\n", width, "", how)
		if l.With != "" {
			fmt.Fprintf(&b, "%*s    = %s\n", width, "", l.With)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
