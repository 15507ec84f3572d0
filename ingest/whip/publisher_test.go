package whip

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"weir/ingest/ingesttest"
)

// serve runs a server until the test ends, and gives the URL that it is at.
func serve(t *testing.T, cfg Config) string {
	t.Helper()
	ln, err := Listen("127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, cfg, ln)
}

func serveOn(t *testing.T, cfg Config, ln *Listener) string {
	t.Helper()
	cfg.Listener = ln
	// A machine that stands still for seconds ends no session, unless the test is about that.
	for _, limit := range []*time.Duration{&cfg.ConnectTimeout, &cfg.IdleTimeout, &cfg.VideoWait, &cfg.AudioWait} {
		if *limit == 0 {
			*limit = time.Minute
		}
	}
	cfg.Log = ingesttest.Log(t)
	s := New(cfg)
	web := httptest.NewServer(s)
	t.Cleanup(func() { // behind the end of Run
		web.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	ingesttest.Run(t, s.Run)
	waitServing(t, web.URL)
	return web.URL
}

// waitServing waits until Run has begun: before, every offer is answered 503.
func waitServing(t *testing.T, url string) {
	t.Helper()
	limit := time.Now().Add(time.Minute)
	for time.Now().Before(limit) {
		if answer := post(t, url+"/whip/", "", ""); answer.StatusCode == http.StatusNotFound {
			return
		}
	}
	t.Fatal("the server does not serve")
}

// post sends an offer with a key. The body of the response is read and can be read again.
func post(t *testing.T, url, key, offer string) *http.Response {
	t.Helper()
	return request(t, http.MethodPost, url, offer, "Content-Type", typeSDP, "Authorization", "Bearer "+key)
}

func request(t *testing.T, method, url, body string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	return answer
}

// publisher is a WebRTC sender of H.264 and Opus.
type publisher struct {
	peer         *webrtc.PeerConnection
	video, audio *webrtc.TrackLocalStaticRTP
	network      *network
	location     string
	etag         string
	onlyTCP      bool // it does not know of the server's UDP port

	h264    codecs.H264Payloader
	numbers [2]uint16
}

// newPublisher is a sender with these tracks that has not posted its offer.
func newPublisher(t *testing.T, video, audio bool) *publisher {
	t.Helper()
	return newPublisherBy(t, time.Now, newNetwork(0), video, audio)
}

// newPublisherBy is one whose sender reports are made by a clock.
func newPublisherBy(t *testing.T, now func() time.Time, net *network, video, audio bool) *publisher {
	t.Helper()
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	responder, err := nack.NewResponderInterceptor()
	if err != nil {
		t.Fatal(err)
	}
	reports, err := report.NewSenderInterceptor(report.SenderInterval(200*time.Millisecond), report.SenderNow(now))
	if err != nil {
		t.Fatal(err)
	}
	chain := &interceptor.Registry{}
	chain.Add(net) // what is sent again may be lost again
	if err := webrtc.ConfigureTWCCHeaderExtensionSender(m, chain); err != nil {
		t.Fatal(err)
	}
	chain.Add(responder)
	chain.Add(reports)
	e := webrtc.SettingEngine{}
	e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeTCP4})
	e.SetIncludeLoopbackCandidate(true)
	e.SetICETimeouts(time.Minute, time.Minute, time.Second)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(chain), webrtc.WithSettingEngine(e))
	peer, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	p := &publisher{peer: peer, network: net, numbers: [2]uint16{65500, 65530}}
	var readers sync.WaitGroup
	t.Cleanup(func() {
		_ = peer.GracefulClose()
		readers.Wait()
	})
	add := func(mime string, rate uint32, id string) *webrtc.TrackLocalStaticRTP {
		codec := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: rate}
		if mime == webrtc.MimeTypeOpus {
			codec.Channels = 2
		}
		track, err := webrtc.NewTrackLocalStaticRTP(codec, id, "stream")
		if err != nil {
			t.Fatal(err)
		}
		tr, err := peer.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			t.Fatal(err)
		}
		readers.Go(func() { p.readFeedback(tr.Sender()) })
		return track
	}
	if video {
		p.video = add(webrtc.MimeTypeH264, 90000, "video")
	}
	if audio {
		p.audio = add(webrtc.MimeTypeOpus, 48000, "audio")
	}
	return p
}

// readFeedback lets the interceptors see what the server asks for, and the network what it has read.
func (p *publisher) readFeedback(s *webrtc.RTPSender) {
	for {
		packets, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		p.network.feedback(packets)
	}
}

// offer is the publisher's, with its candidates.
func (p *publisher) offer(t *testing.T) string {
	t.Helper()
	o, err := p.peer.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(p.peer)
	if err := p.peer.SetLocalDescription(o); err != nil {
		t.Fatal(err)
	}
	ingesttest.Receive(t, gathered, "candidates")
	return p.peer.LocalDescription().SDP
}

// publish posts the offer and waits for the connection.
func (p *publisher) publish(t *testing.T, url, key string) {
	t.Helper()
	connected := make(chan struct{})
	var once sync.Once
	p.peer.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	answer := post(t, url, key, p.offer(t))
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %s", answer.Status, text)
	}
	if p.onlyTCP {
		text = regexp.MustCompile("a=candidate:.* udp .*\r\n").ReplaceAll(text, nil)
	}
	p.location, p.etag = answer.Header.Get("Location"), answer.Header.Get("ETag")
	if err := p.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(text)}); err != nil {
		t.Fatalf("answer: %v\n%s", err, text)
	}
	ingesttest.Receive(t, connected, "connection")
}

// sendVideo sends the NAL units of a frame.
func (p *publisher) sendVideo(t *testing.T, at uint32, units ...[]byte) {
	t.Helper()
	var stream []byte
	for _, u := range units {
		stream = append(append(stream, 0, 0, 0, 1), u...)
	}
	payloads := p.h264.Payload(1200, stream)
	for i, payload := range payloads {
		p.send(t, 0, p.video, at, i == len(payloads)-1, payload)
	}
}

// begin sends key frames until the feed has one.
func (p *publisher) begin(t *testing.T, feed *ingesttest.Feed) {
	t.Helper()
	n := uint32(0)
	feed.Wait(t, "a frame", func(r ingesttest.Record) bool {
		p.sendVideo(t, n*2700, testSPS, testPPS, []byte{0x65, 1, 2, 3})
		n++
		return len(r.Samples) > 0
	})
}

func (p *publisher) send(t *testing.T, track int, to *webrtc.TrackLocalStaticRTP, at uint32, marker bool, payload []byte) {
	t.Helper()
	header := rtp.Header{Version: 2, SequenceNumber: p.numbers[track], Timestamp: at, Marker: marker}
	p.numbers[track]++
	if err := to.WriteRTP(&rtp.Packet{Header: header, Payload: payload}); err != nil {
		t.Fatal(err)
	}
}

// units are NAL units as a sample has them, with their lengths.
func units(data []byte) (all [][]byte) {
	for len(data) >= 4 {
		n := int(binary.BigEndian.Uint32(data))
		all = append(all, data[4:4+n])
		data = data[4+n:]
	}
	return all
}
