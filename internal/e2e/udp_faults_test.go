package e2e

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	tsPacket      = 188
	udpSeconds    = 24 // of the feed that these tests send
	udpFaultFrom  = 4  // seconds; good media before
	udpFaultUntil = 16 // and behind
	burst         = 8  // datagrams that are sent in a row
)

// udpFault is what the network does to the datagrams of a feed in the middle of it.
type udpFault struct {
	// spoil gives what arrives of those datagrams, and how many holes it has made that a receiver can see.
	spoil func(all [][]byte, random *rand.Rand) (arrive [][]byte, holes int)
	rtp   bool // each datagram has an RTP header with its number
	// mixed: what comes out need not be what was sent, as nothing in bare datagrams says in which order they were.
	mixed bool
	told  string // to the operator, in the log
}

var udpFaults = map[string]udpFault{
	"loss":         {spoil: loseOnePercent, told: "packets were lost"},
	"shuffled":     {spoil: shuffle, mixed: true, told: "packets were lost"},
	"shuffled-rtp": {spoil: shuffle, rtp: true},
	"garbage":      {spoil: addGarbage, told: "bytes between the packets"},
}

// loseOnePercent drops one TS packet in a hundred.
func loseOnePercent(all [][]byte, random *rand.Rand) (arrive [][]byte, holes int) {
	open := make(map[uint16]bool)
	for _, datagram := range all {
		var left []byte
		for packet := range slices.Chunk(datagram, tsPacket) {
			pid := binary.BigEndian.Uint16(packet[1:]) & 0x1fff
			media := pid >= 0x100 && pid <= 0x101 // where ffmpeg puts picture and sound
			if lost := random.IntN(100) == 0; lost {
				open[pid] = media
				continue
			}
			if open[pid] { // the first packet behind a hole shows it
				holes++
				open[pid] = false
			}
			left = append(left, packet...)
		}
		if len(left) > 0 {
			arrive = append(arrive, left)
		}
	}
	return arrive, holes
}

// shuffle changes the order within each burst.
func shuffle(all [][]byte, random *rand.Rand) (arrive [][]byte, holes int) {
	arrive = slices.Clone(all)
	for block := range slices.Chunk(arrive, burst) {
		random.Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
	}
	return arrive, 0
}

// addGarbage puts datagrams of nonsense between those of the feed.
func addGarbage(all [][]byte, random *rand.Rand) (arrive [][]byte, holes int) {
	for i, datagram := range all {
		arrive = append(arrive, datagram)
		if i%10 == 0 {
			nonsense := make([]byte, 1+random.IntN(1400))
			for j := range nonsense {
				nonsense[j] = byte(random.Uint32()) & 0x3f // no sync byte, and no RTP
			}
			arrive = append(arrive, nonsense)
			holes++
		}
	}
	return arrive, holes
}

// Datagrams get lost, arrive in another order, and between others: what comes out of the channel is nothing but what was sent, what was
// lost is counted, the operator is told, the channel comes back by itself, memory stays bounded, and a second channel does not notice.
func TestFaultsOverUDP(t *testing.T) {
	t.Parallel()
	realtime(t, faultsOverUDP)
}

func faultsOverUDP(t *attempt) {
	need(t, "ffmpeg", "ffprobe")
	file, copied := filepath.Join(t.TempDir(), "clip.ts"), filepath.Join(t.TempDir(), "clip.mp4")
	for _, args := range []string{
		fmt.Sprintf("-f lavfi -i testsrc2=rate=25:size=320x180:duration=%d -f lavfi -i sine=sample_rate=48000:duration=%[1]d -c:v libx264 -preset ultrafast"+
			" -tune zerolatency -b:v 500k -maxrate 500k -bufsize 100k -g 25 -pix_fmt yuv420p -c:a aac -b:a 64k %s", udpSeconds, file),
		"-i " + file + " -c copy " + copied,
	} {
		out, err := exec.Command("ffmpeg", append([]string{"-v", "error"}, strings.Fields(args)...)...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	all := datagramsOf(t, file)
	addresses := map[string]string{"steady": freeUDP(t)}
	channels := "  steady: {dvr: 10m, source: \"udp://" + addresses["steady"] + "\"}\n"
	for name := range udpFaults {
		addresses[name] = freeUDP(t)
		channels += "  " + name + ": {dvr: 10m, source: \"udp://" + addresses[name] + "\"}\n"
	}
	srv := start(t, settings{channels: channels, ingest: "limits: {idle: 10s}"})
	for _, address := range addresses {
		srv.waitLog(time.Minute, "waiting for datagrams", address)
	}
	before := srv.residentBytes()
	sent := make(chan error, 1)
	var senders sync.WaitGroup
	defer senders.Wait()
	senders.Go(func() { sent <- sendFeed(addresses["steady"], all, udpSeconds*time.Second) })

	parts := map[string]func(*attempt){}
	for name, f := range udpFaults {
		parts[name] = func(t *attempt) { srv.showUDPFault(t, name, addresses[name], f, all, copied) }
	}
	t.RunAll(parts)
	growth := srv.residentBytes() - before
	t.Logf("resident memory grew by %d MB", growth>>20)
	require.Less(t, growth, 400<<20)

	require.NoError(t, <-sent)
	for kind, track := range map[string]string{"video": "v1", "audio": "a1"} {
		want := packets(t, copied, kind)
		list := srv.waitListed("steady", track, len(want), kind)
		for _, segment := range list.segments {
			require.False(t, segment.discontinuity, "segment %d of the other channel", segment.number)
		}
		requireSamePackets(t, want, packets(t, srv.download(list.segments), kind))
	}
	st := srv.status("steady")
	require.Zero(t, st.Drops.Samples)
	require.Contains(t, st.LastError, "nothing received") // at its end
}

// showUDPFault sends a feed at twice its pace, with the fault in the middle.
func (s *server) showUDPFault(t testing.TB, name, address string, f udpFault, all [][]byte, reference string) {
	first, last := len(all)*udpFaultFrom/udpSeconds/burst*burst, len(all)*udpFaultUntil/udpSeconds
	datagrams := all
	if f.rtp {
		datagrams = inRTP(all)
	}
	spoilt, holes := f.spoil(datagrams[first:last], rand.New(rand.NewPCG(1, 2)))
	arrive := slices.Concat(datagrams[:first], spoilt, datagrams[last:])
	require.NoError(t, sendFeed(address, arrive, udpSeconds*time.Second/2))
	s.waitLog(time.Minute, `"feed ended"`, fmt.Sprintf(`"channel":%q`, name))

	st, missing := s.status(name), 0
	for kind, track := range map[string]string{"video": "v1", "audio": "a1"} {
		want := packets(t, reference, kind)
		tail := want[len(want)*(udpFaultUntil+2)/udpSeconds:] // from the key frame behind the fault on
		var got []packet
		eventually(t, time.Minute, "the end of "+name+" is listed", func() bool {
			got = s.inRuns(name, track, kind)
			return len(got) >= len(tail) && slices.EqualFunc(got[len(got)-len(tail):], tail, func(a, b packet) bool { return a.hash == b.hash })
		})
		if f.mixed {
			continue
		}
		i := 0
		for _, g := range got {
			for i < len(want) && want[i].hash != g.hash {
				i++
				missing++
			}
			require.Less(t, i, len(want), "%s has samples that were not sent, or in another order", track)
			i++
		}
		missing += len(want) - i
	}
	t.Logf("%d samples are missing, %d holes, %d counted", missing, holes, st.Drops.Samples)
	if f.told != "" {
		s.waitLog(time.Minute, "samples of the feed are dropped", fmt.Sprintf(`"channel":%q`, name), f.told)
	}
	require.GreaterOrEqual(t, st.Drops.Samples, holes)
	if missing > 0 {
		require.Positive(t, st.Drops.Samples)
	}
	if f.rtp { // a machine that stands still makes a datagram late that was not: it is counted
		var transport struct {
			Feed struct {
				Transport struct{ Received, Missing int }
			}
		}
		s.api(http.MethodGet, "/api/v1/channels/"+name, "", &transport)
		require.Equal(t, len(arrive), transport.Feed.Transport.Received)
		if transport.Feed.Transport.Missing == 0 {
			require.Zero(t, missing)
			require.Zero(t, st.Drops.Samples)
		}
	}
}

// waitListed waits until so many samples of a track are listed.
func (s *server) waitListed(channel, track string, samples int, kind string) (list mediaPlaylist) {
	s.t.Helper()
	eventually(s.t, time.Minute, fmt.Sprintf("%d samples of %s/%s are listed", samples, channel, track), func() bool {
		list, _ = s.media(channel, track)
		return len(list.segments) > 0 && len(packets(s.t, s.download(list.segments), kind)) >= samples
	})
	return list
}

// inRuns are the samples of a track that are listed, run by run.
func (s *server) inRuns(channel, track, kind string) (all []packet) {
	s.t.Helper()
	list, _ := s.media(channel, track)
	var run []listed
	for i, segment := range list.segments {
		if !segment.gap {
			run = append(run, segment)
		}
		if len(run) > 0 && (i == len(list.segments)-1 || list.segments[i+1].discontinuity) {
			all, run = append(all, packets(s.t, s.download(run), kind)...), nil
		}
	}
	return all
}

// datagramsOf is a transport stream in pieces as they are sent by UDP.
func datagramsOf(t testing.TB, file string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return slices.Collect(slices.Chunk(b, 7*tsPacket))
}

// inRTP puts a header of RTP before each datagram (RFC 2250).
func inRTP(all [][]byte) (wrapped [][]byte) {
	for i, payload := range all {
		header := []byte{0x80, 33, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}
		binary.BigEndian.PutUint16(header[2:], uint16(65_500+i)) // the number wraps
		wrapped = append(wrapped, append(header, payload...))
	}
	return wrapped
}

// sendFeed sends datagrams over so long a time, a burst in a row. Where the machine stood still it hurries, but not so that buffers run over.
func sendFeed(address string, all [][]byte, length time.Duration) error {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	begun := time.Now()
	for i, datagram := range all {
		if i%burst == 0 {
			<-time.After(max(time.Millisecond, time.Until(begun.Add(length*time.Duration(i)/time.Duration(len(all))))))
		}
		if _, err := conn.Write(datagram); err != nil {
			return err
		}
	}
	return nil
}
