package packager

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShiftTTML(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, tc := range map[string]struct {
		doc, want string
		by        time.Duration
	}{
		"paragraphs": {
			`<?xml version="1.0"?><!-- a < b --><tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1s" end='2.5s'>a<br/>b</p><p begin="10ms" dur="5s"/></body></tt>`,
			`<?xml version="1.0"?><!-- a < b --><tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="24:00:01.000" end='24:00:02.500'>a<br/>b</p><p begin="24:00:00.010" dur="5s"/></body></tt>`,
			day,
		},
		"only the outermost": {
			`<tt><body begin="00:00:10" end="00:00:20"><p begin="1s" end="2s">x</p></body><!--y--></tt>`,
			`<tt><body begin="00:00:11.000" end="00:00:21.000"><p begin="1s" end="2s">x</p></body><!--y--></tt>`,
			time.Second,
		},
		"siblings of a timed element": {
			`<tt><div begin="1s"><p begin="1s"/></div><div><p end="3s"/></div><p dur="4s"/></tt>`,
			`<tt><div begin="00:00:02.000"><p begin="1s"/></div><div><p end="00:00:04.000"/></div><p dur="00:00:05.000"/></tt>`,
			time.Second,
		},
		"frames and ticks": {
			`<tt xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:tickRate="10000000"><p begin="00:00:01:15" end="30000000t"/><p begin="30f"/></tt>`,
			`<tt xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:tickRate="10000000"><p begin="00:00:01.501" end="00:00:03.000"/><p begin="00:00:01.001"/></tt>`,
			0,
		},
		"to the past, not before 0": {
			`<tt><p begin="496110:00:01.250" end="1s"/></tt>`, `<tt><p begin="00:00:01.250" end="00:00:00.000"/></tt>`, -496110 * time.Hour,
		},
		"a bracket in an attribute": {`<tt a="x>y" b = 'begin="1s"' begin = "1s"></tt>`, `<tt a="x>y" b = 'begin="1s"' begin = "00:00:02.000"></tt>`, time.Second},
	} {
		got, err := shiftTTML([]byte(tc.doc), tc.by)
		require.NoError(t, err, name)
		assert.Equal(t, tc.want, string(got), name)
	}
	for _, doc := range []string{
		"", "text", "<tt>", "</tt>", "<tt", "<tt><!-- </tt>", "<!DOCTYPE tt []><tt/>", `<tt begin="x"/>`, `<tt begin="-1s"/>`, `<tt begin="1e99s"/>`,
		`<tt begin=1s></tt>`, `<tt begin></tt>`, `<tt/><tt/>`, `<tt begin="NaNs"/>`, `<tt xmlns:ttp="x" ttp:timeBase="clock"></tt>`,
	} {
		_, err := shiftTTML([]byte(doc), time.Second)
		assert.ErrorIs(t, err, errTTML, doc)
	}
}

func FuzzShiftTTML(f *testing.F) {
	f.Add([]byte(`<tt ttp:frameRate="25"><body><div begin="1s"><p begin="00:00:01:02" end="5.5s">x</p></div><p dur="3t"/></body></tt>`), int64(time.Hour))
	f.Add([]byte(`<tt><![CDATA[<p begin="x">]]><?pi?></tt>`), int64(-1))
	f.Fuzz(func(t *testing.T, doc []byte, by int64) {
		limit := int64(60 * 365 * 24 * time.Hour)
		got, err := shiftTTML(doc, time.Duration(by%limit))
		if err != nil {
			return
		}
		if _, err := shiftTTML(got, 0); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, got)
		}
	})
}
