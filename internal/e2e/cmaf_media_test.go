package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"

	"weir/internal/testmedia"
)

// sharedCMAF are the presentations of the shared media, and what becomes of each.
var sharedCMAF = map[string]struct {
	dir    string
	tracks []string // as they are pushed
	names  []string // which they get: those behind are left out
	left   string   // what is said of the one that is left out
}{
	"ladder":   {dir: "testpic_2s_low_delay", tracks: []string{"1080", "720", "360", "A48"}, names: []string{"v1", "v2", "v3", "a1"}},
	"chunks":   {dir: "testpic_2s_low_delay", tracks: []string{"LD_1080", "LD_720", "LD_360", "LD_A48"}, names: []string{"v1", "v2", "v3", "a1"}},
	"captions": {dir: "testpic_2s", tracks: []string{"V300_with_cc1_and_cc3", "A48"}, names: []string{"v1", "a1"}},
	"encoder":  {dir: "awsMediaLiveScte35", tracks: []string{"video", "audio"}, names: []string{"v1", "a1"}},
	"images":   {dir: "testpic_2s", tracks: []string{"V300", "A48", "imsc1_img_en"}, names: []string{"v1", "a1"}, left: "track imsc1_img_en is left out: stpp"},
}

// Every shared presentation of CMAF plays, sample by sample, in HLS and DASH; what is left out of one is told.
func TestSharedCMAF(t *testing.T) {
	t.Parallel()
	realtime(t, sharedCMAFPlays)
}

func sharedCMAFPlays(t *attempt) {
	channels, pushed := "", map[string]sent{}
	for name := range sharedCMAF {
		channels += "  " + name + ": {dvr: 2m}\n"
	}
	srv := start(t, settings{channels: channels, ingest: "limits: {idle: 15s}"})
	for name, p := range sharedCMAF {
		files := make([][][]byte, len(p.tracks))
		want := sent{tracks: form{}, apart: 0.003}
		for i, track := range p.tracks {
			files[i] = cmafFiles(t, filepath.Join("cmaf", p.dir, track))
			if i < len(p.names) {
				want.tracks[p.names[i]] = samplesOfCMAF(t, bytes.Join(files[i], nil))
			}
		}
		for n := range files[0] {
			for i, track := range p.tracks {
				status, answer := srv.post("/cmaf/"+name+"/Streams("+track+".cmfv)", bytes.NewReader(files[i][n]))
				require.Equal(t, http.StatusOK, status, "%s, file %d of %s: %s", name, n, track, answer)
			}
		}
		pushed[name] = want
	}
	for name, p := range sharedCMAF {
		t.Run(name, func(t *attempt) {
			srv.requireForms(t, name, pushed[name])
			if p.left != "" {
				srv.waitLog(time.Minute, "samples of the feed are dropped", fmt.Sprintf(`"channel":%q`, name), p.left)
			}
		})
	}
}

// cmafFiles are the init segment and the segments of a shared track.
func cmafFiles(t testing.TB, dir string) (files [][]byte) {
	t.Helper()
	inits, err := filepath.Glob(filepath.Join(testmedia.File(t, dir), "init.*"))
	require.NoError(t, err)
	segments, err := filepath.Glob(filepath.Join(testmedia.File(t, dir), "[0-9]*"))
	require.NoError(t, err)
	require.Len(t, inits, 1)
	require.Len(t, segments, 4)
	for _, file := range append(inits, segments...) { // Glob sorts, and all numbers have as many digits
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		files = append(files, b)
	}
	return files
}

// samplesOfCMAF lists the samples of a CMAF track.
func samplesOfCMAF(t testing.TB, track []byte) (all []packet) {
	t.Helper()
	file, err := mp4.DecodeFile(bytes.NewReader(track))
	require.NoError(t, err)
	trak, scale := file.Init.Moov.Trak, float64(file.Init.Moov.Trak.Mdia.Mdhd.Timescale)
	shift := 0.
	if trak.Edts != nil {
		shift = float64(trak.Edts.Elst[0].Entries[0].MediaTime) / scale
	}
	for _, segment := range file.Segments {
		for _, fragment := range segment.Fragments {
			samples, err := fragment.GetFullSamples(file.Init.Moov.Mvex.Trex)
			require.NoError(t, err)
			for _, s := range samples {
				dts := float64(s.DecodeTime) / scale
				all = append(all, packet{hash: hashOf(s.Data), size: len(s.Data), dts: dts - shift, pts: dts + float64(s.CompositionTimeOffset)/scale - shift})
			}
		}
	}
	return all
}
