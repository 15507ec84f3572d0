package hls_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/hls"
	"weir/manifest/manifesttest"
)

// TestMultivariantRules checks rules 9 and 10.
func TestMultivariantRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for _, w := range manifesttest.Draw(t) {
			doc, err := hls.Multivariant(w, manifest.Links{})
			require.NoError(t, err)
			m, err := parseMultivariant(doc)
			require.NoError(t, err, "%s", doc)
			groups := checkMedia(t, m)
			require.NotEmpty(t, m.variants)
			for _, v := range m.variants {
				checkVariant(t, w, v, groups[v["AUDIO"]], groups[v["SUBTITLES"]])
				switch captions := v["CLOSED-CAPTIONS"]; {
				case v["RESOLUTION"] == "":
					require.Empty(t, captions)
				case len(w.Captions) == 0:
					require.Equal(t, "NONE", captions, "rule 9")
				default:
					require.Len(t, groups[captions], len(w.Captions), "rule 9")
				}
			}
			checkIFrames(t, w, m)
		}
	})
}

// checkMedia checks the renditions and gives them by group.
func checkMedia(t *rapid.T, m multivariant) map[string][]map[string]string {
	groups := make(map[string][]map[string]string)
	for _, r := range m.renditions {
		id := r["GROUP-ID"]
		require.NotEmpty(t, id)
		require.NotEmpty(t, r["NAME"], "rule 10")
		require.Contains(t, []string{"AUDIO", "SUBTITLES", "CLOSED-CAPTIONS"}, r["TYPE"])
		require.NotEmpty(t, r["LANGUAGE"], "rule 10")
		if r["TYPE"] == "AUDIO" {
			require.NotEmpty(t, r["CHANNELS"], "rule 10")
		}
		automatic := "YES"
		for _, other := range groups[id] {
			require.NotEqual(t, other["NAME"], r["NAME"], "names are distinct within a group")
			require.Equal(t, "NO", r["DEFAULT"], "one default a group")
			require.Equal(t, r["TYPE"], other["TYPE"], "a group is of one type")
			if r["TYPE"] == "AUDIO" && strings.EqualFold(other["LANGUAGE"], r["LANGUAGE"]) {
				automatic = "NO"
			}
		}
		require.Equal(t, automatic, r["AUTOSELECT"], "rule 10")
		groups[id] = append(groups[id], r)
	}
	require.Equal(t, len(groups) > 0, m.version == 4, "rule 12")
	return groups
}

func checkVariant(t *rapid.T, w *media.Window, v map[string]string, group, subtitles []map[string]string) {
	name := strings.TrimSuffix(v["URI"], "/index.m3u8")
	names := []string{name}
	require.Equal(t, v["AUDIO"] != "", len(group) > 0, "the group of a variant exists")
	most := func(group []map[string]string) (most media.Rate) {
		for _, r := range group {
			rendition := strings.TrimSuffix(r["URI"], "/index.m3u8")
			names = append(names, rendition)
			most.Peak = max(most.Peak, w.Rates[rendition].Peak)
			most.Average = max(most.Average, w.Rates[rendition].Average)
		}
		return most
	}
	audio, text := most(group), most(subtitles)
	require.Equal(t, v["SUBTITLES"] != "", len(subtitles) > 0, "the group of a variant exists")
	named := strings.Split(v["CODECS"], ",")
	for i := range w.Rows.Len() { // rule 9: exact for all that it names, in all that is listed
		for _, n := range names {
			if in, ok := w.Rows.At(i).Run.Track(n); ok {
				require.Contains(t, named, in.Codecs, "rule 9: %s in run %d", n, w.Rows.At(i).Run.ID)
			}
		}
	}
	peak, average := 0, 0
	for _, track := range w.Tracks {
		if track.Name != name {
			continue
		}
		if track.Kind == media.Video {
			require.Equal(t, fmt.Sprintf("%dx%d", track.Width, track.Height), v["RESOLUTION"], "rule 9")
			rate, err := strconv.ParseFloat(v["FRAME-RATE"], 64)
			require.NoError(t, err)
			require.InDelta(t, track.FrameRate.Float(), rate, 0.0005, "rule 9")
			if told := v["VIDEO-RANGE"]; told != "" || track.VideoRange != "SDR" { // all variants tell it where one must
				require.Equal(t, track.VideoRange, told, "rule 9")
			}
			peak, average = w.Rates[name].Peak+audio.Peak, w.Rates[name].Average+audio.Average
		} else {
			peak, average = max(w.Rates[name].Peak, audio.Peak), max(w.Rates[name].Average, audio.Average)
		}
	}
	peak, average = peak+text.Peak, average+text.Average
	bandwidth, err := strconv.Atoi(v["BANDWIDTH"])
	require.NoError(t, err)
	require.GreaterOrEqual(t, bandwidth, peak, "rule 9")
	require.LessOrEqual(t, float64(bandwidth), float64(peak)*1.25, "no more than it must be")
	mean, err := strconv.Atoi(v["AVERAGE-BANDWIDTH"])
	require.NoError(t, err)
	require.GreaterOrEqual(t, mean, average, "rule 9")
	require.LessOrEqual(t, mean, bandwidth)
}

// checkIFrames checks rule 11: each video track of a variant has its I-frame playlist, if it has I-frames.
func checkIFrames(t *rapid.T, w *media.Window, m multivariant) {
	lists := make(map[string]map[string]string)
	for _, x := range m.iframes {
		require.NotContains(t, lists, x["URI"], "twice")
		lists[x["URI"]] = x
	}
	used := make(map[string]bool)
	for _, v := range m.variants {
		name := strings.TrimSuffix(v["URI"], "/index.m3u8")
		peak := 0.0
		for i := range w.Rows.Len() {
			s := w.Rows.At(i).Segment(name)
			if s != nil && len(s.Parts) > 0 && strings.HasPrefix(name, "v") {
				peak = max(peak, float64(s.Parts[0].Key)*8/s.Duration.Seconds(s.Timescale))
			}
		}
		x, ok := lists[name+"/iframes.m3u8"]
		require.Equal(t, peak > 0, ok, "rule 11: %s", name)
		if !ok {
			continue
		}
		used[name+"/iframes.m3u8"] = true
		for _, a := range []string{"RESOLUTION", "VIDEO-RANGE"} {
			require.Equal(t, v[a], x[a], "rule 11")
		}
		require.Contains(t, v["CODECS"], strings.Split(x["CODECS"], ",")[0], "rule 11")
		bandwidth, err := strconv.ParseFloat(x["BANDWIDTH"], 64)
		require.NoError(t, err)
		require.GreaterOrEqual(t, bandwidth, peak-1, "rule 11")
		require.LessOrEqual(t, bandwidth, max(2000, peak*1.8), "no more than it must be")
	}
	require.Len(t, lists, len(used), "I-frames of no variant")
}
