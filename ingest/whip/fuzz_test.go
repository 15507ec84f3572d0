package whip

import (
	"encoding/binary"
	"log/slog"
	"strings"
	"testing"
	"time"

	"weir/ingest"
	"weir/ingest/ingesttest"
	"weir/internal/media"
)

// Any packets on two tracks: samples are well-formed, and nothing panics.
func FuzzIntake(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 0, 0, 0, 10, 0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 2, 1, 0x80, 1, 0, 0, 0, 0, 3, 0x65, 1, 2, 2})
	f.Add([]byte{0x40, 0, 0, 0, 0, 0, 3, 0xfc, 1, 2, 1, 0x40, 1, 0, 0, 4, 0, 3, 0xfc, 1, 2, 200})
	f.Fuzz(func(t *testing.T, in []byte) {
		feed := ingesttest.NewFeed(ingest.Publish{})
		o := offer{video: []format{{}}, audio: []format{{}}}
		i := newIntake(feed, time.Second, waits{video: videoWait, audio: audioWait}, o, slog.New(slog.DiscardHandler))
		now := ms(0)
		// A packet is: flags, number, timestamp, length, payload, and how much later it comes.
		for len(in) >= 8 {
			flags, number, stamp := in[0], binary.BigEndian.Uint16(in[1:]), binary.BigEndian.Uint32(in[2:])
			n := min(int(in[6]), len(in)-8)
			payload := in[7 : 7+n]
			now = now.Add(time.Duration(in[7+n]) * 5 * time.Millisecond)
			in = in[8+n:]
			kind := media.Video
			if flags&0x40 != 0 {
				kind = media.Audio
			}
			if flags&1 != 0 {
				i.reported(kind, senderReport{ntp: uint64(stamp) << 16, time: stamp})
			}
			if err := i.packet(kind, packet{number, stamp, flags&0x80 != 0, payload}, now); err != nil {
				t.Fatal(err)
			}
			if err := i.tick(now); err != nil {
				t.Fatal(err)
			}
			for _, in := range i.inlets {
				_ = in.queue.missing(now)
			}
		}
		for _, s := range feed.Got().Samples {
			if s.Track == 0 && feed.Got().Starts[0][0].Codec == media.AVC {
				whole := 0
				for _, u := range units(s.Data) {
					whole += 4 + len(u)
				}
				if whole != len(s.Data) {
					t.Fatalf("sample %x", s.Data)
				}
			}
		}
	})
}

// Any offer is answered or refused.
func FuzzOffer(f *testing.F) {
	ln, err := Listen("127.0.0.1:0", "")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(ln.Close)
	s := New(Config{Listener: ln, Log: slog.New(slog.DiscardHandler)})
	f.Add(testOffer)
	f.Add(strings.ReplaceAll(testOffer, "sendonly", "sendrecv"))
	f.Add(strings.ReplaceAll(testOffer, "a=mid:0", "a=mid:"))
	f.Fuzz(func(t *testing.T, sdp string) {
		_ = fragmentUser(sdp)
		_ = raiseLevels(sdp)
		o, err := parseOffer([]byte(sdp))
		if err != nil {
			return
		}
		c, answer, err := newSession(t.Context(), s, o, ingesttest.NewFeed(ingest.Publish{}), ingest.Publish{}, true)
		if err != nil {
			return
		}
		defer func() { _ = c.peer.GracefulClose() }()
		if !strings.HasPrefix(answer, "v=0") {
			t.Errorf("answer %q", answer)
		}
	})
}

// testOffer is about what a browser sends.
var testOffer = strings.ReplaceAll(`v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdef01234567
a=ice-options:trickle
a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:- audio
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=ssrc:1001 cname:x
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdef01234567
a=ice-options:trickle
a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08
a=setup:actpass
a=mid:1
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:- video
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 H264/90000
a=rtcp-fb:102 goog-remb
a=rtcp-fb:102 transport-cc
a=rtcp-fb:102 ccm fir
a=rtcp-fb:102 nack
a=rtcp-fb:102 nack pli
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=ssrc-group:FID 2001 2002
a=ssrc:2001 cname:x
a=ssrc:2002 cname:x
`, "\n", "\r\n")
