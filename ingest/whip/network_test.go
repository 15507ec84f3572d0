package whip

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// inFlight is how many packets may be on their way: what the socket of the server holds while nobody reads.
const inFlight = 64

// network is what lies between a publisher and the server: it loses RTP packets of video, and knows how many are on their way.
type network struct {
	interceptor.NoOp
	rate float64 // of losses

	mu    sync.Mutex
	dice  *rand.Rand
	sent  int           // packets, also those that were lost
	taken int           // up to which of them the server has read, by its reports on every packet
	news  chan struct{} // has a token after such a report
}

func newNetwork(loss float64) *network {
	return &network{rate: loss, dice: rand.New(rand.NewPCG(1, 2)), news: make(chan struct{}, 1)}
}

func (n *network) NewInterceptor(string) (interceptor.Interceptor, error) { return n, nil }

func (n *network) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		n.mu.Lock()
		n.sent++
		lose := info.MimeType == webrtc.MimeTypeH264 && n.dice.Float64() < n.rate
		n.mu.Unlock()
		if lose {
			return len(payload), nil
		}
		return w.Write(h, payload, a)
	})
}

// feedback takes what the server reports on every packet.
func (n *network) feedback(packets []rtcp.Packet) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range packets {
		if r, ok := p.(*rtcp.TransportLayerCC); ok {
			behind := uint16(n.sent) - (r.BaseSequenceNumber + r.PacketStatusCount)
			n.taken = max(n.taken, n.sent-int(behind))
		}
	}
	select {
	case n.news <- struct{}{}:
	default:
	}
}

// room waits until another frame may be sent: a server that stands still loses nothing.
func (n *network) room(t *testing.T) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		n.mu.Lock()
		waiting := n.sent - n.taken
		n.mu.Unlock()
		if waiting < inFlight {
			return
		}
		select {
		case <-n.news:
		case <-limit:
			t.Fatalf("the server did not report on %d packets within a minute", waiting)
		}
	}
}
