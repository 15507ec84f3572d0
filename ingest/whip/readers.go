package whip

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"weir/internal/media"
)

// send hands an event to the session's goroutine; false: the session is over.
func (c *session) send(e event) bool {
	select {
	case c.events <- e:
		return true
	case <-c.over:
		return false
	}
}

// begin reads a track that has come. A second one of a kind is left alone: its packets go nowhere.
func (c *session) begin(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	kind := media.Video
	if track.Kind() == webrtc.RTPCodecTypeAudio {
		kind = media.Audio
	}
	in := c.inlet(kind)
	if in == nil || in.begun {
		c.log.Warn("another track of the publisher is left out", "kind", kind)
		return
	}
	in.begun, in.ssrc = true, uint32(track.SSRC())
	c.log.Debug("track of the publisher", "kind", kind, "ssrc", in.ssrc, "codec", track.Codec().MimeType, "format", track.Codec().SDPFmtpLine)
	c.readers.Go(func() { c.readPackets(kind, track) })
	c.readers.Go(func() { c.readReports(kind, in.ssrc, receiver) })
}

// readPackets reads until the connection is closed.
func (c *session) readPackets(kind media.Kind, track *webrtc.TrackRemote) {
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		e := event{kind: kind, packet: packet{seq: p.SequenceNumber, time: p.Timestamp, marker: p.Marker, payload: p.Payload}}
		if !c.send(e) {
			return
		}
	}
}

// readReports reads until the connection is closed.
func (c *session) readReports(kind media.Kind, ssrc uint32, receiver *webrtc.RTPReceiver) {
	for {
		packets, _, err := receiver.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			if r, ok := p.(*rtcp.SenderReport); ok && r.SSRC == ssrc {
				if !c.send(event{kind: kind, report: &senderReport{ntp: r.NTPTime, time: r.RTPTime}}) {
					return
				}
			}
		}
	}
}

// askForLost asks for the packets that are missing (RFC 4585, 6.2.1).
func (c *session) askForLost(now time.Time) {
	for _, in := range c.inlets {
		if in.kind != media.Video {
			continue // browsers do not keep sound to send it again
		}
		if numbers := in.queue.missing(now); len(numbers) > 0 {
			_ = c.peer.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{MediaSSRC: in.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(numbers)}})
		}
	}
}

// askForKey asks for a key frame, if the intake wants one (RFC 4585, 6.3.1).
func (c *session) askForKey() {
	if in := c.inlet(media.Video); in != nil && in.begun && c.wanted {
		c.wanted = false
		_ = c.peer.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: in.ssrc}})
	}
}
