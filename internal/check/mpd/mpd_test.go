package mpd

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const live = `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime="2026-11-21T20:15:42.3Z" minimumUpdatePeriod="PT2S" minBufferTime="PT2S">
  <Period id="p0" start="PT498692H15M30.5S">
    <SegmentTemplate timescale="90000" startNumber="7"/>
    <AdaptationSet id="1" contentType="video" lang="en-GB">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate media="$RepresentationID$/$Number%05d$.m4s" initialization="i.mp4">
        <SegmentTimeline><S t="100" d="10" r="2"/><S d="20"/><S t="160" d="10" r="-1"/></SegmentTimeline>
      </SegmentTemplate>
      <Representation id="v1" bandwidth="3300000" codecs="avc1.64001f" frameRate="30000/1001"/>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
</MPD>
`

func TestParse(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Structure([]byte(live)))
	m, err := Parse([]byte(live))
	require.NoError(t, err)
	assert.True(t, m.Dynamic())
	set := m.Periods[0].Sets[0]
	template := Merge(set.Streams[0].Template, set.Template, m.Periods[0].Template)
	assert.Equal(t, uint64(90000), Number(template.Timescale, 1))
	list, err := template.Expand(200)
	require.NoError(t, err)
	assert.Equal(t, []Entry{
		{7, 100, 10, 0},
		{8, 110, 10, 0},
		{9, 120, 10, 0},
		{10, 130, 20, 0},
		{11, 160, 10, 10},
		{12, 170, 10, 0},
		{13, 180, 10, 0},
		{14, 190, 10, 0},
	}, list)
	assert.Equal(t, "v1/00011.m4s", Fill(*template.Media, "v1", 0, 11, 160))
	assert.Equal(t, "$-5-160", Fill("$$-$Bandwidth$-$Time$", "v1", 5, 11, 160))
	assert.Empty(t, Fill("$Nonsense$", "v1", 5, 11, 160))
	assert.Empty(t, Fill("$Number", "v1", 5, 11, 160))
}

func TestStructureTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, now, says string }{
		"a missing attribute":     {` profiles="urn:mpeg:dash:profile:isoff-live:2011"`, ``, "no @profiles"},
		"an attribute of its own": {`bandwidth=`, `rate="5" bandwidth=`, `attribute "rate"`},
		"a number in words":       {`bandwidth="3300000"`, `bandwidth="much"`, `@bandwidth`},
		"a bad duration":          {`"PT2S" minBuffer`, `"2s" minBuffer`, "@minimumUpdatePeriod"},
		"a bad time":              {`2026-11-21T20:15:42.3Z`, `today`, "@publishTime"},
		"a bad language":          {`en-GB`, `en_GB`, "@lang"},
		"a child of its own":      {`<Role `, `<Part/><Role `, `child "Part"`},
		"an order of its own":     {`<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>`, ``, ""},
		"two of a kind":           {`<SegmentTemplate timescale="90000" startNumber="7"/>`, `<SegmentTemplate/><SegmentTemplate/>`, "more than one SegmentTemplate"},
		"an empty timeline":       {`<S t="100" d="10" r="2"/><S d="20"/><S t="160" d="10" r="-1"/>`, ``, "no S"},
		"text":                    {`<SegmentTimeline>`, `<SegmentTimeline>x`, "text"},
		"another namespace":       {`mpd:2011" prof`, `mpd:2012" prof`, "namespace"},
		"an end that is missing":  {`</Period>`, ``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(live, c.old, c.now, 1)
			require.NotEqual(t, live, text)
			problems := Structure([]byte(text))
			if name == "an order of its own" {
				text = strings.Replace(text, "<Representation", "<Representation id=\"v0\" bandwidth=\"1\"/><Role schemeIdUri=\"x\"/><Representation", 1)
				problems = Structure([]byte(text))
				require.Len(t, problems, 1)
				assert.Contains(t, problems[0].Text, "behind")
				return
			}
			require.NotEmpty(t, problems)
			assert.Contains(t, problems[0].Text, c.says)
		})
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for text, d := range map[string]time.Duration{
		"PT2S": 2 * time.Second, "PT498692H15M30.123466667S": 498692*time.Hour + 15*time.Minute + 30123466667*time.Nanosecond,
		"P1DT1H": 25 * time.Hour, "PT0.5S": 500 * time.Millisecond, "P2D": 48 * time.Hour,
	} {
		got, ok := Duration(text)
		assert.True(t, ok, text)
		assert.Equal(t, d, got, text)
	}
	for _, text := range []string{"", "P", "PT", "2S", "PT2", "P1Y", "PT-2S", "P1DT", "PT999999999999S", "P5S"} {
		_, ok := Duration(text)
		assert.False(t, ok, text)
	}
	inf := "INF"
	assert.Equal(t, time.Duration(math.MaxInt64), Seconds(&inf))
}

func TestHostileTimelines(t *testing.T) {
	t.Parallel()
	for _, s := range []string{`<S d="0"/>`, `<S d="1" r="9999999999"/>`, `<S t="18446744073709551615" d="5"/>`, `<S d="9223372036854775808" r="3"/>`, `<S/>`} {
		m, err := Parse([]byte(strings.Replace(live, `<S t="100" d="10" r="2"/>`, s, 1)))
		require.NoError(t, err)
		_, err = m.Periods[0].Sets[0].Template.Expand(200)
		require.ErrorIs(t, err, ErrTimeline, s)
	}
	deep := strings.Repeat("<a>", maxDepth+1)
	_, err := Parse([]byte(deep))
	require.ErrorIs(t, err, ErrNotMPD)
	_, err = Parse([]byte(`<!DOCTYPE x [<!ENTITY a "b">]><MPD/>`))
	require.ErrorIs(t, err, ErrNotMPD)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(live))
	f.Add([]byte(`<MPD><Period><AdaptationSet><SegmentTemplate><SegmentTimeline><S t="5" d="1" r="-1"/><S t="4" d="1"/></SegmentTimeline></SegmentTemplate></AdaptationSet></Period></MPD>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		Structure(data)
		m, err := Parse(data)
		if err != nil {
			return
		}
		for _, p := range m.Periods {
			Duration(p.Start)
			for _, s := range p.Sets {
				x := Merge(s.Template, p.Template)
				if x == nil {
					continue
				}
				list, _ := x.Expand(1 << 20)
				if len(list) > maxTimes {
					t.Fatalf("%d segments", len(list))
				}
				if x.Media != nil {
					Fill(*x.Media, "v", 1, 2, 3)
				}
			}
		}
	})
}
