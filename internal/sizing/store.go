package sizing

import "fmt"

// What a NATS node takes, measured with channels of 1 Mb/s (docs/operations.md).
const (
	nodeBytes    = 64 << 20 // of the process, without channels
	channelBytes = 8 << 20  // of a channel on air: the block that is being filled, and its garbage
	recent       = 10       // seconds of media that are kept for readers
	subjectBytes = 256      // of a message, whose subject the server knows by heart
)

// node is how many bytes of memory the channel takes on each server of the bus that keeps it.
func (c Channel) node() float64 {
	return channelBytes + float64(max(c.Bitrate, 0))/8*recent + c.messages()*subjectBytes
}

// readBack is what an edge needs at the least, and what follows where it has no more.
func (p *Plan) readBack(in *Input, t totals) {
	p.add(Line{
		Key: "memory.least", Value: t.least / WindowsShare, Unit: UnitBytes, What: "least edge.memory, where what is not live is read back from the bus",
		Formula: fmt.Sprintf("(Σ bitrate ÷ 8 × %d segments, and beside it per channel %s, per segment of the DVR and track %d B) ÷ %g",
			liveSegments, Bytes(windowBytes), segmentBytes+partBytes, WindowsShare),
		With: fmt.Sprintf("%s ÷ %g", Bytes(whole(t.least)), WindowsShare),
	})
	back := Line{
		Key: "memory.readback", Unit: UnitBytes, What: "media of the windows that is not in memory with this edge.memory, and is read back when it is asked for, once for all who ask",
		Formula: fmt.Sprintf("windows − %g × edge.memory", WindowsShare),
	}
	have := float64(in.EdgeMemory) * WindowsShare
	switch {
	case in.EdgeMemory == 0:
		back.Impossible, back.Formula = true, "the memory of an edge is not known"
	case have < t.least:
		back.Impossible, back.Formula = true, fmt.Sprintf("edge.memory, %s, is less than the least", Bytes(in.EdgeMemory))
	default:
		back.Value = max(0, t.windows-have)
		back.With = fmt.Sprintf("%s − %g × %s", Bytes(whole(t.windows)), WindowsShare, Bytes(in.EdgeMemory))
	}
	p.add(back)
	process := Line{
		Key: "memory.process.edge", Unit: UnitBytes, What: "memory of an edge's process with this edge.memory", Impossible: back.Impossible,
		Formula: fmt.Sprintf("min(windows, %g × edge.memory + %d B a segment and track), and beside it as above, and 1/16 of edge.memory, from 8 to 256 MiB", WindowsShare, segmentBytes+partBytes),
	}
	if process.Impossible {
		process.Formula = back.Formula
	} else {
		held := min(t.windows, have+t.known)
		other := max(garbageLeast, held*garbageShare) + min(copiesMost, held*copiesShare) + processBytes
		process.Value = held + other + readKept(in.EdgeMemory)
		process.With = fmt.Sprintf("%s + %s + %s", Bytes(whole(held)), Bytes(whole(other)), Bytes(whole(readKept(in.EdgeMemory))))
	}
	p.add(process)
}

// bus is what the servers of the bus take.
func (p *Plan) bus(in *Input, t totals) {
	disk := t.disk * float64(in.Replicas)
	p.add(Line{
		Key: "disk", Value: disk, Unit: UnitBytes, What: "disk of the bus, all servers together",
		Formula: fmt.Sprintf("(Σ bitrate ÷ 8 × (DVR + %s + 2 segments) + %d B a part and %d B a segment of a track + %s a channel) × replicas",
			Span(streamSlack), messageBytes, messageBytes+indexBytes, Bytes(streamBytes)),
		With: fmt.Sprintf("%s × %d", Bytes(whole(t.disk)), in.Replicas),
	})
	p.add(Line{
		Key: "disk.node", Value: disk / float64(in.Nodes), Unit: UnitBytes, What: "disk of each server of the bus",
		Formula: "disk ÷ nodes", With: fmt.Sprintf("%s ÷ %d", Bytes(whole(disk)), in.Nodes),
	})
	memory := nodeBytes + t.node*float64(in.Replicas)/float64(in.Nodes)
	p.add(Line{
		Key: "memory.node", Value: memory, Unit: UnitBytes, What: "memory of each server of the bus, with all channels on air",
		Formula: fmt.Sprintf("%s + (%s a channel + Σ bitrate ÷ 8 × %d s + %d B a part and segment) × replicas ÷ nodes",
			Bytes(nodeBytes), Bytes(channelBytes), recent, subjectBytes),
		With: fmt.Sprintf("%s + %s × %d ÷ %d", Bytes(nodeBytes), Bytes(whole(t.node)), in.Replicas, in.Nodes),
	})
}
