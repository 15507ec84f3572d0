package edge

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"weir/manifest/hls"
)

var carried = []string{"token", "sid"}

func TestQueriesThatMeanTheSame(t *testing.T) {
	t.Parallel()
	for want, all := range map[string][]string{
		"": {"", "&&", "x=1&y", "ll=1", "=5", "_HLS_msn=x&_HLS_skip=no&from=x"},
		"start=1700000000": {
			"start=1700000000", "start=2023-11-14T22:13:20Z", "start=2023-11-14T23:13:20%2B01:00", "start=2023-11-14T23:13:20+01:00", "x=&%73tart=1700000000.000",
		},
		"start=1700000000.5&end=1700000100.000000001": {"end=1700000100.000000001&start=2023-11-14T22:13:20.5Z"},
		"dvr=90":                     {"dvr=90", "dvr=90s", "dvr=1m30s", "dvr=1.5m"},
		"dvr=0.5&ll=0":               {"ll=0&dvr=500ms"},
		"tracks=a1,v1":               {"tracks=v1,a1", "tracks=a1%2cv1", "tracks=a1,v1,a1"},
		"maxheight=720":              {"maxheight=720"},
		"maxbitrate=2500000":         {"maxbitrate=2500000", "maxbitrate=2.5M", "maxbitrate=2500k", "maxbitrate=2500K"},
		"lang=de,en-gb":              {"lang=en-GB,DE"},
		"dvr=3600&tracks=v1&lang=en": {"lang=en&tracks=v1&dvr=1h"},
	} {
		for _, raw := range all {
			q, err := parseQuery([]byte(raw), kindMPD, carried, epoch)
			if err != nil || q.whole != want || q.session != nil || q.block.on || q.delta != hls.Whole {
				t.Errorf("%q: %q, %v; want %q", raw, q.whole, err, want)
			}
			again, err := parseQuery([]byte(q.whole), kindMPD, carried, epoch)
			if err != nil || again.whole != q.whole || !strings.HasPrefix(q.whole, q.stretch) {
				t.Errorf("%q: %q comes out as %q, %v", raw, q.whole, again.whole, err)
			}
		}
	}
}

func TestQueriesThatAreWrong(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"start=yesterday":                    `start: "yesterday" is no point in time: write it like 2026-01-31T20:15:00Z, or as seconds since 1970`,
		"start=2026-01-31T20:15:00":          `start: "2026-01-31T20:15:00" is no point in time: write it like 2026-01-31T20:15:00Z, or as seconds since 1970`,
		"start=":                             `start: "" is no point in time: write it like 2026-01-31T20:15:00Z, or as seconds since 1970`,
		"end=-5":                             `end: "-5" is no point in time: write it like 2026-01-31T20:15:00Z, or as seconds since 1970`,
		"end=1960-01-31T20:15:00Z":           `end: "1960-01-31T20:15:00Z" is out of bounds`,
		"start=5&end=5":                      "end: it is not after start",
		"start=5&start=5":                    "start: it is there twice",
		"%64vr=5&dvr=5":                      "dvr: it is there twice",
		"dvr=0":                              `dvr: "0" must be more than 0 and at most 8760h`,
		"dvr=2 h":                            `dvr: "2 h" is no length of time: write it like 90s or 2h, or as seconds`,
		"dvr=999999h":                        `dvr: "999999h" must be more than 0 and at most 8760h`,
		"ll=yes":                             `ll: "yes" must be 0 or 1`,
		"tracks=":                            `tracks: "" must be names of tracks with commas between, at most 32`,
		"tracks=v1,":                         `tracks: "v1," must be names of tracks with commas between, at most 32`,
		"tracks=../x":                        `tracks: "../x" must be names of tracks with commas between, at most 32`,
		"maxheight=0":                        `maxheight: "0" must be a number of pixels from 1 to 65536`,
		"maxheight=720p":                     `maxheight: "720p" must be a number of pixels from 1 to 65536`,
		"maxbitrate=fast":                    `maxbitrate: "fast" must be bits a second: a number, or one with k or M behind it`,
		"maxbitrate=M":                       `maxbitrate: "M" must be bits a second: a number, or one with k or M behind it`,
		"maxbitrate=8000000000M":             `maxbitrate: "8000000000M" must be bits a second: a number, or one with k or M behind it`,
		"lang=english_":                      `lang: "english_" must be language tags (BCP 47) with commas between, at most 32`,
		"lang=%zz":                           `lang: "%zz" is not well-formed`,
		"%=1":                                `query: "%" is not well-formed`,
		"_HLS_part=1":                        "_HLS_part: it means nothing without _HLS_msn",
		"_HLS_msn=-1":                        `_HLS_msn: "-1" must be the number of a segment`,
		"_HLS_msn=1&_HLS_part=99999999":      `_HLS_part: "99999999" must be the number of a part`,
		"_HLS_skip=v3":                       `_HLS_skip: "v3" must be YES or v2`,
		"token=1&token=1":                    "token: it is there twice",
		"x=" + strings.Repeat("x", maxQuery): "query: it is longer than 4096 bytes",
	} {
		_, err := parseQuery([]byte(raw), kindMedia, carried, epoch)
		var bad *queryError
		if !errors.As(err, &bad) || err.Error() != want {
			t.Errorf("%.60q: %v, want %s", raw, err, want)
		}
	}
}

func TestBlockingQuery(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]query{
		"_HLS_msn=7":                           {block: block{7, -1, true}},
		"_HLS_part=3&_HLS_msn=7&_HLS_skip=YES": {block: block{7, 3, true}, delta: hls.Skip},
		"_HLS_skip=v2":                         {block: block{part: -1}, delta: hls.SkipRanges},
	} {
		q, err := parseQuery([]byte(raw), kindIFrames, nil, epoch)
		if err != nil || q.block != want.block || q.delta != want.delta {
			t.Errorf("%q: %+v, %v", raw, q, err)
		}
	}
	q, err := parseQuery([]byte("end=5"), kindMedia, nil, time.Unix(66, 0))
	if err != nil || !q.sel.Over {
		t.Errorf("%+v, %v", q, err)
	}
	if q, err = parseQuery([]byte("end=5"), kindMedia, nil, time.Unix(65, 0)); err != nil || q.sel.Over {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestCarriedParameters(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"x=1&token=abc&y":                       "token=abc",
		"token=exp=5~acl=/*~hmac=0a":            "token=exp=5~acl=/*~hmac=0a",
		"sid=2&dvr=90&token=1":                  "sid=2&token=1",
		"token":                                 "token",
		"token=":                                "token=",
		`token=a"<b>'$Number$` + "\x00\xff{$x}": "token=a%22%3Cb%3E%27%24Number%24%00%FF%7B%24x%7D",
		"token=%41%4":                           "token=%41%254",
		"%74oken=1":                             "%74oken=1",
	} {
		q, err := parseQuery([]byte(raw), kindMedia, carried, epoch)
		if err != nil || string(q.session) != want {
			t.Errorf("%q: %q, %v; want %q", raw, q.session, err, want)
		}
	}
}

// A blocking reload must not cost allocations before it is known whether it has to wait.
func TestReloadsParseWithoutAllocations(t *testing.T) {
	raw := []byte("_HLS_msn=4711&_HLS_part=3&_HLS_skip=YES&token=abc")
	if n := testing.AllocsPerRun(100, func() { _, _ = parseQuery(raw, kindMedia, carried, epoch) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"", "start=1700000000&end=2023-11-14T23:13:20%2B01:00", "dvr=1h30m&ll=0", "tracks=v1,a1&maxheight=720&maxbitrate=2.5M&lang=en,de-AT",
		"_HLS_msn=1&_HLS_part=2&_HLS_skip=v2", "token=a%20b&sid=$", "from=2023-11-14T22:13:20.123456789Z", "dvr=9e9", "start=1.", "&=&%", "lang=i-klingon",
	} {
		f.Add([]byte(s), uint8(kindMedia))
		f.Add([]byte(s), uint8(kindPatch))
	}
	f.Fuzz(func(t *testing.T, raw []byte, of uint8) {
		k := kind(of % uint8(kinds))
		before := bytes.Clone(raw)
		q, err := parseQuery(raw, k, carried, epoch)
		if !bytes.Equal(raw, before) {
			t.Fatalf("%q is changed", before)
		}
		var bad *queryError
		if err != nil {
			if !errors.As(err, &bad) || bad.name == "" || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		if bytes.ContainsAny(q.session, "\"'<>$ \r\n\\{") || len(q.session) > 3*len(raw) {
			t.Fatalf("%q carries %q", raw, q.session)
		}
		again, err := parseQuery([]byte(q.whole), k, carried, epoch)
		if err != nil || again.whole != q.whole || again.stretch != q.stretch || !again.sel.Start.Equal(q.sel.Start) || !again.sel.End.Equal(q.sel.End) {
			t.Fatalf("%q is %q, which is %q: %v", raw, q.whole, again.whole, err)
		}
	})
}
