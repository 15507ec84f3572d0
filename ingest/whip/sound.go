package whip

import (
	"encoding/binary"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"weir/internal/media"
)

const (
	soundRate  = 48000 // ticks a second of every Opus stream (RFC 7587, 4.1)
	soundFrame = 960   // ticks of a frame of silence: 20 ms
	longest    = 5760  // ticks of a packet: 120 ms
	maxSilence = 10 * soundRate
	preSkip    = 312 // samples that encoders look ahead by, 6.5 ms
)

// soundFormat is that of every Opus stream of RTP: 48 kHz, two channels, whatever is in the packets (RFC 7587, 7).
func soundFormat() media.Format {
	config := make([]byte, 11) // body of the dOps box (Opus in ISOBMFF, 4.3.2), mapping family 0, no gain
	config[1] = 2
	binary.BigEndian.PutUint16(config[2:], preSkip)
	binary.BigEndian.PutUint32(config[4:], soundRate)
	return media.Format{Codec: media.Opus, Config: config, Clock: media.Clock{Timescale: soundRate}}
}

// soundDuration is how long an Opus packet is, in ticks; 0: it is none.
func soundDuration(packet []byte) int64 {
	d := opus.PacketDuration2(packet)
	if d > longest {
		return 0
	}
	return d
}

// silence is a packet of 20 ms without sound: a CELT frame, full band, stereo, that says so (RFC 6716, 3.1 and 4.3). A sender that uses DTX
// leaves packets out while nobody speaks; players want a track without holes.
func silence() []byte { return []byte{0xfc, 0xff, 0xfe} }

// soundGap is how many frames of silence belong between where one packet ended and where the next begins, when none was lost.
func soundGap(end, start int64) int {
	gap := start - end
	if end == 0 || gap < soundFrame || gap > maxSilence {
		return 0
	}
	return int(gap / soundFrame)
}
