package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// packet is one sample as ffprobe shows it.
type packet struct {
	hash     string
	pts, dts float64 // in seconds
	size     int
	early    bool // the init segment has an edit list, which takes off what is before 0
}

// packets lists the samples of a file's first track of that kind, "video" or "audio", in decoding order.
func packets(t testing.TB, file, kind string) []packet {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", kind[:1]+":0", "-show_data_hash", "sha256",
		"-show_entries", "packet=pts_time,dts_time,size,data_hash", "-show_packets", "-of", "json", file).Output()
	require.NoError(t, err, file)
	var probed struct {
		Packets []struct {
			PTS  string `json:"pts_time"`
			DTS  string `json:"dts_time"`
			Size string `json:"size"`
			Hash string `json:"data_hash"`
		}
	}
	require.NoError(t, json.Unmarshal(out, &probed))
	all := make([]packet, 0, len(probed.Packets))
	for _, p := range probed.Packets {
		size, err := strconv.Atoi(p.Size)
		require.NoError(t, err)
		one := packet{hash: p.Hash, pts: number(t, p.PTS), dts: number(t, p.PTS), size: size}
		if p.DTS != "" {
			one.dts = number(t, p.DTS)
		}
		all = append(all, one)
	}
	return all
}

// download writes the init segment and the segments of one run into one file, as a player appends them.
func (s *server) download(segments []listed) string {
	s.t.Helper()
	status, whole := s.get(segments[0].init)
	require.Equal(s.t, 200, status, segments[0].init)
	for _, segment := range segments {
		status, body := s.get(segment.uri)
		require.Equal(s.t, 200, status, segment.uri)
		whole = append(whole, body...)
	}
	file := filepath.Join(s.t.TempDir(), "run.mp4")
	require.NoError(s.t, os.WriteFile(file, whole, 0o600))
	return file
}

// requireSamePackets checks that got has every packet of want once, bit-exact, in order, at the same times but for one offset,
// the same for all, which is returned: so much later do the packets stand in got. Times may differ by a rounded millisecond.
func requireSamePackets(t testing.TB, want, got []packet) (offset float64) {
	t.Helper()
	require.Equal(t, len(want), len(got), "number of packets")
	offset = got[0].dts - want[0].dts
	for i := range want {
		require.Equal(t, want[i].hash, got[i].hash, "bytes of packet %d", i)
		require.InDelta(t, want[i].dts, got[i].dts-offset, 0.0021, "DTS of packet %d", i)
		require.InDelta(t, want[i].pts, got[i].pts-offset, 0.0021, "PTS of packet %d", i)
	}
	return offset
}
