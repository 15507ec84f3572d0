package sizing

import (
	"fmt"
	"math"
)

// Unit is what a number counts.
type Unit string

// The units.
const (
	UnitBytes Unit = "bytes"
	UnitRate  Unit = "bit/s"
	UnitEach  Unit = "1/s"
	UnitCount Unit = ""
)

// Line is one number of a plan.
type Line struct {
	Key     string  `json:"key"` // stable, for programs
	Value   float64 `json:"value"`
	Unit    Unit    `json:"unit,omitempty"`
	What    string  `json:"what"`           // for people
	Formula string  `json:"formula"`        // in words
	With    string  `json:"with,omitempty"` // the same with the numbers
	// Impossible: there is no such number, and Formula says why. Value is 0.
	Impossible bool `json:"impossible,omitempty"`
}

// Text is the value as people read it.
func (l Line) Text() string {
	switch {
	case l.Impossible:
		return "none"
	case l.Unit == UnitBytes:
		return Bytes(whole(l.Value))
	case l.Unit == UnitRate:
		return Rate(whole(l.Value))
	case l.Unit == UnitEach:
		return number(l.Value) + "/s"
	}
	return number(l.Value)
}

// Plan is what a service takes.
type Plan struct {
	Lines []Line `json:"lines"`
}

// Line is the one with that key.
func (p *Plan) Line(key string) (Line, bool) {
	for _, l := range p.Lines {
		if l.Key == key {
			return l, true
		}
	}
	return Line{}, false
}

// totals are sums over all channels.
type totals struct {
	channels, bitrate, windows, disk float64
	least, known                     float64 // bytes of windows that every edge keeps of all channels, and of these what is no media
	node                             float64 // bytes of memory on a server of the bus that has all of them
}

func (in *Input) totals() totals {
	var t totals
	for _, g := range in.Channels {
		n := float64(g.Count)
		t.channels += n
		t.bitrate += n * float64(g.Bitrate)
		t.windows += n * float64(g.Memory())
		t.disk += n * float64(g.Disk())
		t.least += n * float64(g.Least())
		t.known += n * g.known()
		t.node += n * g.node()
	}
	return t
}

// New reckons what the service takes. It fails where the input makes no sense.
func New(in Input) (*Plan, error) {
	in, err := in.withDefaults()
	if err != nil {
		return nil, err
	}
	p, t := &Plan{}, in.totals()
	p.storage(&in, t)
	p.readBack(&in, t)
	p.bus(&in, t)
	p.bandwidth(&in, t)
	p.edges(&in, t)
	p.requests(&in)
	return p, nil
}

func (p *Plan) add(l Line) { p.Lines = append(p.Lines, l) }

// storage is memory of the windows, where all of them are in it.
func (p *Plan) storage(in *Input, t totals) {
	p.add(Line{
		Key: "memory.windows", Value: t.windows, Unit: UnitBytes, What: "memory for all windows, on an edge that has all channels",
		Formula: fmt.Sprintf("Σ bitrate ÷ 8 × (DVR + %d segments), and beside it per channel %s, per segment and track %d B + %d B a part, and ≤ 8 KiB of rounding",
			spareSegments, Bytes(windowBytes), segmentBytes, partBytes),
		With: fmt.Sprintf("%s channels, %s together", number(t.channels), Rate(whole(t.bitrate))),
	})
	garbage := max(garbageLeast, t.windows*garbageShare)
	copies := min(copiesMost, t.windows*copiesShare)
	p.add(Line{
		Key: "memory.process", Value: t.windows + garbage + copies + processBytes, Unit: UnitBytes, What: "memory of such an edge's process",
		Formula: "windows + max(64 MiB, 8 %) that the collector lets lie + min(256 MiB, 1/8) of second copies + 128 MiB",
		With:    fmt.Sprintf("%s + %s + %s + %s", Bytes(whole(t.windows)), Bytes(whole(garbage)), Bytes(whole(copies)), Bytes(processBytes)),
	})
	p.add(Line{
		Key: "memory.edge", Value: t.windows / WindowsShare, Unit: UnitBytes, What: "edge.memory for that",
		Formula: fmt.Sprintf("windows ÷ %g: the rest of edge.memory is for what is read back, copies and assets", WindowsShare),
		With:    fmt.Sprintf("%s ÷ %g", Bytes(whole(t.windows)), WindowsShare),
	})
}

// bandwidth is what goes in and out, and the interfaces for it.
func (p *Plan) bandwidth(in *Input, t totals) {
	p.add(Line{
		Key: "bandwidth.in", Value: t.bitrate, Unit: UnitRate, What: "bandwidth in, of the ingest and of an edge that has all channels",
		Formula: "Σ bitrate", With: fmt.Sprintf("%s channels", number(t.channels)),
	})
	p.add(Line{
		Key: "bandwidth.bus", Value: t.bitrate * float64(in.Replicas), Unit: UnitRate, What: "bandwidth that the bus writes",
		Formula: "Σ bitrate × replicas", With: fmt.Sprintf("%s × %d", Rate(whole(t.bitrate)), in.Replicas),
	})
	out := float64(in.Viewers) * float64(in.ViewerBitrate)
	p.add(Line{
		Key: "bandwidth.out", Value: out, Unit: UnitRate, What: "bandwidth out, to viewers",
		Formula: "viewers × bitrate of a viewer", With: fmt.Sprintf("%d × %s", in.Viewers, Rate(in.ViewerBitrate)),
	})
	nics := Line{Key: "nics", What: "network interfaces for it", Formula: fmt.Sprintf("bandwidth out ÷ (NIC × %g)", Usable)}
	if in.NIC == 0 {
		nics.Impossible, nics.Formula = true, "the speed of an interface is not known"
	} else {
		nics.Value = math.Ceil(out / (float64(in.NIC) * Usable))
		nics.With = fmt.Sprintf("%s ÷ (%s × %g)", Rate(whole(out)), Rate(in.NIC), Usable)
	}
	p.add(nics)
}

// edges is how many are needed.
func (p *Plan) edges(in *Input, t totals) {
	nics, _ := p.Line("nics")
	bandwidth := Line{
		Key: "edges.bandwidth", What: "edges for the bandwidth", Formula: "max(1, interfaces ÷ interfaces of an edge)", Impossible: nics.Impossible,
	}
	if nics.Impossible {
		bandwidth.Formula = nics.Formula
	} else {
		bandwidth.Value = max(1, math.Ceil(nics.Value/float64(in.NICs)))
		bandwidth.With = fmt.Sprintf("%s ÷ %d", number(nics.Value), in.NICs)
	}
	p.add(bandwidth)

	memory := Line{
		Key: "edges.memory", What: "edges for the memory", Formula: "1 where edge.memory is the least or more; more edges do not help where it is not",
	}
	least := t.least / WindowsShare
	switch have := float64(in.EdgeMemory); {
	case have == 0:
		memory.Impossible, memory.Formula = true, "the memory of an edge is not known"
	case least <= have:
		memory.Value = 1
		memory.With = fmt.Sprintf("%s of %s", Bytes(whole(least)), Bytes(in.EdgeMemory))
	default:
		memory.Impossible = true
		memory.Formula = fmt.Sprintf("the least edge.memory is %s more than there is, %s: pin channels to groups of edges", Bytes(whole(least-have)), Bytes(in.EdgeMemory))
	}
	p.add(memory)

	both := Line{
		Key: "edges", What: "edges for both; one more lets one fail", Formula: "max(edges for the bandwidth, edges for the memory)",
		Impossible: bandwidth.Impossible || memory.Impossible,
	}
	if both.Impossible {
		both.Formula = "one of the two is not known, or there is none"
	} else {
		both.Value = max(bandwidth.Value, memory.Value)
		both.With = fmt.Sprintf("max(%s, %s)", number(bandwidth.Value), number(memory.Value))
	}
	p.add(both)
	layer := Line{
		Key: "cache.sharded", Unit: UnitBytes, What: "media that those edges keep together of what was read back, where they share it", Impossible: both.Impossible,
		Formula: "edges × (1/16 of edge.memory, from 8 to 256 MiB)",
	}
	if layer.Impossible {
		layer.Formula = both.Formula
	} else {
		layer.Value = both.Value * readKept(in.EdgeMemory)
		layer.With = fmt.Sprintf("%s × %s", number(both.Value), Bytes(whole(readKept(in.EdgeMemory))))
	}
	p.add(layer)
	feeding := Line{
		Key: "bandwidth.bus.out", Unit: UnitRate, What: "bandwidth from the bus to those edges", Formula: "Σ bitrate × edges", Impossible: both.Impossible,
	}
	if both.Impossible {
		feeding.Formula = both.Formula
	} else {
		feeding.Value = t.bitrate * both.Value
		feeding.With = fmt.Sprintf("%s × %s", Rate(whole(t.bitrate)), number(both.Value))
	}
	p.add(feeding)
}
