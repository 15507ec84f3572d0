package check

import (
	"slices"
	"strings"
	"time"
)

const (
	peakSlack    = 1.25             // of BANDWIDTH [A 1.28]
	averageSlack = 1.10             // of AVERAGE-BANDWIDTH
	longAverage  = 10 * time.Minute // of media: less says little of a long average
)

// rates are what the fetched segments of a rendition need, in bits a second; total is how long they are together.
func (r *rendition) rates() (peak, average float64, total time.Duration) {
	bits := 0.0
	for _, l := range r.segs {
		if l.facts == nil || l.duration <= 0 {
			continue
		}
		b := float64(l.facts.size) * 8
		bits += b
		total += l.duration
		if l.duration >= r.last.Target/2 {
			peak = max(peak, b/l.duration.Seconds())
		}
	}
	if total > 0 {
		average = bits / total.Seconds()
	}
	return peak, average, total
}

// bandwidths compares what variants say with what was fetched (rule 9).
func (h *hls) bandwidths() {
	for i := range h.variants {
		v := &h.variants[i]
		if v.main == nil || v.main.last == nil {
			continue
		}
		peak, average, total := v.main.rates()
		audio := 0.0
		for _, r := range v.audio {
			if r.last != nil && r != v.main {
				_, a, _ := r.rates()
				audio = max(audio, a)
			}
		}
		if total > 0 {
			h.measured(v, peak+audio, average+audio, total)
		}
		h.codecs(v)
	}
}

// measured compares rates with those that a variant tells.
func (h *hls) measured(v *variant, peak, average float64, total time.Duration) {
	a := v.stream.Attributes
	if told, ok := a.Integer("BANDWIDTH"); ok {
		h.expect(peak <= peakSlack*float64(told), ruleVariants, v.at, "BANDWIDTH is %d, the largest segment needs %.0f", told, peak)
	}
	told, ok := a.Integer("AVERAGE-BANDWIDTH")
	if !ok {
		return
	}
	switch {
	case average <= averageSlack*float64(told):
		h.ok(ruleVariants)
	case total >= longAverage || v.main.last.Ended:
		h.fail(ruleVariants, v.at, "AVERAGE-BANDWIDTH is %d, over %v it was %.0f", told, total, average)
	default:
		h.warn(ruleVariants, v.at, "AVERAGE-BANDWIDTH is %d, over %v it was %.0f", told, total.Round(time.Second), average)
	}
}

// codecs compares CODECS and VIDEO-RANGE with the init segments of all that the variant names.
func (h *hls) codecs(v *variant) {
	var real []string
	transfer := 0
	whole := true // all that it names is known
	for _, r := range append([]*rendition{v.main}, v.audio...) {
		known := false
		for _, in := range r.inits {
			if in == nil {
				continue
			}
			for i := range in.mp4.Tracks {
				t := &in.mp4.Tracks[i]
				known = known || t.Codecs != ""
				if t.Codecs != "" && !slices.Contains(real, t.Codecs) {
					real = append(real, t.Codecs)
				}
				if t.Video() {
					transfer = max(transfer, t.Transfer)
				}
			}
		}
		whole = whole && known
	}
	text := v.stream.Attributes.Text("CODECS")
	if len(real) == 0 || text == "" {
		return
	}
	var told []string
	for _, c := range strings.Split(text, ",") {
		told = append(told, strings.TrimSpace(c))
	}
	for _, c := range real {
		h.expect(slices.ContainsFunc(told, func(x string) bool { return sameCodec(x, c) }), ruleVariants, v.at, "CODECS is %q, without %s of the media", text, c)
	}
	for _, c := range told {
		text := strings.HasPrefix(c, "stpp") || strings.HasPrefix(c, "wvtt")
		if whole && !text {
			h.expect(slices.ContainsFunc(real, func(x string) bool { return sameCodec(c, x) }), ruleVariants, v.at, "CODECS has %s, the media are %v", c, real)
		}
	}
	if r := v.stream.Attributes.Text("VIDEO-RANGE"); transfer == 16 || transfer == 18 {
		want := map[int]string{16: "PQ", 18: "HLG"}[transfer]
		h.expect(r == want, ruleVariants, v.at, "VIDEO-RANGE is %q, the media are %s", r, want)
	}
}

// sameCodec compares RFC 6381 strings: hexadecimal digits may be written either way, the optional fields of AV1 and VP9 may be there,
// and HE-AAC may be told where the configuration leaves it to the decoder to find out.
func sameCodec(told, real string) bool {
	told, real = strings.ToLower(told), strings.ToLower(real)
	switch {
	case told == real:
		return true
	case strings.HasPrefix(real, "av01.") || strings.HasPrefix(real, "vp09."):
		return strings.HasPrefix(told, real+".")
	case real == "mp4a.40.2":
		return told == "mp4a.40.5" || told == "mp4a.40.29"
	case real == "mp4a.6b" || real == "mp4a.69":
		return told == "mp4a.40.34" || told == "mp4a.40.33" // MPEG-4's names of layers III and II, which the object type does not tell apart
	}
	return false
}
