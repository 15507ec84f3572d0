package sizing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Have is what a server has for its channels.
type Have struct {
	Memory   int64 // bytes that the windows may take together; 0: this process has none
	Disk     int64 // bytes that the bus may take, with what it has taken; 0: not known
	Replicas int   // that count against Disk; 0: 1
}

// Room is what is needed of something, and what there is.
type Room struct {
	Need int64 // bytes
	Have int64 // bytes; 0: not known, or there is no bound
}

// Over is by how many bytes it is too little; 0: it fits.
func (r Room) Over() int64 {
	if r.Have <= 0 {
		return 0
	}
	return max(r.Need-r.Have, 0)
}

// Share is what of each DVR duration would fit, from 0 to 1.
func (r Room) Share() float64 {
	if r.Over() == 0 {
		return 1
	}
	return float64(r.Have) / float64(r.Need)
}

// Need is what a channel takes.
type Need struct {
	Channel
	Memory, Disk int64 // bytes; Disk with all replicas
	Least        int64 // bytes of memory with which an edge works
}

// Verdict is whether the channels fit.
type Verdict struct {
	Memory, Disk Room   // with all windows in memory
	Least        Room   // memory, where all that is not live is read back
	Channels     []Need // those that take most of the memory first
}

// Check reckons whether the windows of all channels fit when they are full.
func Check(channels []Channel, have Have) Verdict {
	v := Verdict{Memory: Room{Have: have.Memory}, Least: Room{Have: have.Memory}, Disk: Room{Have: have.Disk}, Channels: make([]Need, 0, len(channels))}
	replicas := float64(max(have.Replicas, 1))
	for _, c := range channels {
		n := Need{Channel: c, Memory: c.Memory(), Disk: whole(float64(c.Disk()) * replicas), Least: c.Least()}
		v.Memory.Need, v.Disk.Need = plus(v.Memory.Need, n.Memory), plus(v.Disk.Need, n.Disk)
		v.Least.Need = plus(v.Least.Need, n.Least)
		v.Channels = append(v.Channels, n)
	}
	slices.SortStableFunc(v.Channels, func(a, b Need) int {
		return cmp.Or(cmp.Compare(b.Memory, a.Memory), strings.Compare(a.ID, b.ID))
	})
	return v
}

// Fits tells whether nothing is too little. Memory is not where edges work with what there is, and read back the rest.
func (v Verdict) Fits() bool { return v.Least.Over() == 0 && v.Disk.Over() == 0 }

// Assumed is how many channels' bitrates were not measured.
func (v Verdict) Assumed() int {
	n := 0
	for _, c := range v.Channels {
		if c.Assumed {
			n++
		}
	}
	return n
}

// Of is what that channel takes.
func (v Verdict) Of(id string) (Need, bool) {
	for _, c := range v.Channels {
		if c.ID == id {
			return c, true
		}
	}
	return Need{}, false
}

// Warnings say what does not fit and by how much, a sentence each; none: all fits.
func (v Verdict) Warnings() []string {
	var all []string
	if r := v.Least; r.Over() > 0 {
		all = append(all, fmt.Sprintf("what is live of %s, and what is to be known of their DVR windows, takes %s of memory, edge.memory has %s for them: %s too much%s",
			count(len(v.Channels), "channel"), Bytes(r.Need), Bytes(r.Have), Bytes(r.Over()), v.assumption()))
	}
	if r := v.Disk; r.Over() > 0 {
		all = append(all, fmt.Sprintf("the DVR windows of %s need %s of the bus's disk when they are full, it has %s: %s too much%s%s",
			count(len(v.Channels), "channel"), Bytes(r.Need), Bytes(r.Have), Bytes(r.Over()), part(r), v.assumption()))
	}
	return all
}

// Notes say what follows from what there is, and by how much it is less than all, a sentence each.
func (v Verdict) Notes() []string {
	r := v.Memory
	if r.Over() == 0 || v.Least.Over() > 0 {
		return nil
	}
	return []string{fmt.Sprintf("the DVR windows of %s need %s of memory when they are full, edge.memory has %s for them: %s too much%s%s",
		count(len(v.Channels), "channel"), Bytes(r.Need), Bytes(r.Have), Bytes(r.Over()), stays(r), v.assumption())}
}

// stays says what of the windows is in memory.
func stays(r Room) string {
	return fmt.Sprintf("; about %d%% of them stay in memory, what is older is read back from the bus when it is asked for", int(math.Floor(100*r.Share())))
}

// part says what would fit.
func part(r Room) string {
	percent := int(math.Floor(100 * r.Share()))
	if percent == 0 {
		return "; less than 1% of every DVR would fit"
	}
	return fmt.Sprintf("; about %d%% of every DVR would fit", percent)
}

// assumption says which bitrates are guesses.
func (v Verdict) assumption() string {
	n := v.Assumed()
	switch {
	case n == 0:
		return " (bitrates as measured)"
	case n == len(v.Channels):
		return fmt.Sprintf(" (nothing was on air yet: %s a feed is assumed)", Rate(AssumedBitrate))
	}
	return fmt.Sprintf(" (of %d that nothing came of yet %s a feed is assumed)", n, Rate(AssumedBitrate))
}

// Words say what the channel takes.
func (n Need) Words() string {
	how := "measured"
	if n.Assumed {
		how = "assumed"
	}
	return fmt.Sprintf("%s takes %s of memory and %s of disk of that: %s (%s) for %s", n.ID, Bytes(n.Memory), Bytes(n.Disk), Rate(n.Bitrate), how, Span(n.DVR))
}

// Span is d as people write it: 2h, not 2h0m0s.
func Span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// count is n things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
