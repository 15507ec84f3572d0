package mpegts

import (
	"bytes"
	"slices"

	"weir/ingest"
	"weir/internal/elementary"
	"weir/internal/media"
)

// videoParser makes samples of the PES of a track of H.264 or HEVC: a PES has an access unit, as a rule.
type videoParser struct {
	codec media.Codec
	// The parameter sets of the configuration that was announced last.
	vps, sps, pps [][]byte
	known         bool
	interlaced    bool
	frame         media.Ticks // what a frame lasts; 0: not known
	lastDTS       timestamps

	nals    [][]byte // of the PES at hand, reused
	joins   bool     // PES without timestamps go on with the one before: an access unit waits for the next PES
	pending []byte
	at      timestamps
}

func (v *videoParser) lose() { v.pending, v.at = v.pending[:0], timestamps{} }

func (v *videoParser) take(payload []byte, t timestamps, to sink) error {
	if !t.ok && !v.joins {
		// The access unit before was handed over without this; from now on they wait for their ends.
		v.joins = true
		to.dropped("a PES packet of video without a timestamp: from now on such are joined with the one before")
		return nil
	}
	if !v.joins {
		return v.units(payload, t, to)
	}
	if t.ok {
		if err := v.flush(to); err != nil {
			return err
		}
		v.at = t
	}
	if len(v.pending)+len(payload) > maxPES {
		v.lose()
		to.dropped(tooLarge)
		return nil
	}
	if v.at.ok {
		v.pending = append(v.pending, payload...)
	}
	return nil
}

// flush hands over what waits for its end.
func (v *videoParser) flush(to sink) error {
	if len(v.pending) == 0 {
		return nil
	}
	err := v.units(v.pending, v.at, to)
	v.lose()
	return err
}

// units cuts a byte stream into access units; the first is at t.
func (v *videoParser) units(stream []byte, t timestamps, to sink) error {
	v.nals = v.nals[:0]
	picture := false
	for nal := range elementary.NALUnits(stream) {
		if nal[0]&0x80 != 0 { // forbidden_zero_bit: the header of another PES packet, whose beginning was not told, or worse
			to.dropped("a picture is damaged")
			return nil
		}
		slice, first, begins := v.classify(nal)
		if picture && (begins || slice && first && !v.interlaced) {
			if err := v.unit(t, to); err != nil {
				return err
			}
			v.nals, picture = v.nals[:0], false
			if v.frame > 0 && t.ok {
				t.dts, t.pts = (t.dts+v.frame)&timeMask, (t.pts+v.frame)&timeMask
			} else {
				t.ok = false
			}
		}
		picture = picture || slice
		v.nals = append(v.nals, nal)
	}
	if !picture { // parameter sets alone are learned all the same
		v.learn(to)
		return nil
	}
	return v.unit(t, to)
}

// classify tells whether a NAL unit is a slice, the first of a picture, or one that only stands before a picture
// (ISO/IEC 14496-10, 7.4.1.2.3; 23008-2, 7.4.2.4.4).
func (v *videoParser) classify(nal []byte) (slice, first, begins bool) {
	if v.codec == media.AVC {
		switch kind := nal[0] & 0x1f; {
		case kind >= elementary.AVCSlice && kind <= elementary.AVCIDR:
			// first_mb_in_slice is 0; partitions B and C have none of their own
			return true, kind != 3 && kind != 4 && len(nal) > 1 && nal[1]&0x80 != 0, false
		case kind >= elementary.AVCSEI && kind <= elementary.AVCAUD, kind >= 15 && kind <= 18:
			return false, false, !v.interlaced || kind == elementary.AVCSPS
		}
		return false, false, false
	}
	if len(nal) < 3 || nal[0]&1 != 0 || nal[1]&0xf8 != 0 {
		return false, false, false // a layer above the base
	}
	switch kind := nal[0] >> 1 & 0x3f; {
	case kind < elementary.HEVCVPS:
		return true, nal[2]&0x80 != 0, false
	case kind <= elementary.HEVCAUD, kind == elementary.HEVCPrefixSEI, kind >= 41 && kind <= 44, kind >= 48 && kind <= 55:
		return false, false, true
	}
	return false, false, false
}

// unit hands over the access unit of v.nals.
func (v *videoParser) unit(t timestamps, to sink) error {
	v.learn(to)
	if !v.known {
		to.dropped("video before its first parameter sets")
		return nil
	}
	if !t.ok {
		to.dropped("video without a timestamp")
		return nil
	}
	if delta := (t.dts - v.lastDTS.dts) & timeMask; v.frame == 0 && v.lastDTS.ok && delta > 0 && delta < second {
		v.frame = delta
	}
	v.lastDTS = t
	size := 0
	for _, nal := range v.nals {
		size += 4 + len(nal)
	}
	data := make([]byte, 0, size)
	for _, nal := range v.nals {
		data = elementary.AppendNALUnit(data, nal)
	}
	return to.sample(media.Sample{PTS: t.pts, DTS: t.dts, Sync: ingest.SyncSample(v.codec, false, data), Data: data})
}

func has(sets [][]byte, nal []byte) bool {
	return slices.ContainsFunc(sets, func(s []byte) bool { return bytes.Equal(s, nal) })
}

// learn takes parameter sets of v.nals. A sequence or video parameter set that is not in the configuration makes another one, of the sets
// that came with it; picture parameter sets that change alone stand in the samples and need none.
func (v *videoParser) learn(to sink) {
	var vps, sps, pps [][]byte
	for _, nal := range v.nals {
		switch {
		case v.codec == media.AVC && nal[0]&0x1f == elementary.AVCSPS:
			sps = append(sps, nal)
		case v.codec == media.AVC && nal[0]&0x1f == elementary.AVCPPS:
			pps = append(pps, nal)
		case v.codec == media.AVC:
		case nal[0]>>1&0x3f == elementary.HEVCVPS:
			vps = append(vps, nal)
		case nal[0]>>1&0x3f == elementary.HEVCSPS:
			sps = append(sps, nal)
		case nal[0]>>1&0x3f == elementary.HEVCPPS:
			pps = append(pps, nal)
		}
	}
	if len(sps)+len(pps)+len(vps) == 0 {
		return
	}
	fresh := func(old, now [][]byte) bool {
		return slices.ContainsFunc(now, func(s []byte) bool { return !has(old, s) })
	}
	if v.known && !fresh(v.sps, sps) && !fresh(v.vps, vps) {
		return
	}
	keep := func(old *[][]byte, now [][]byte) {
		if len(now) == 0 {
			return
		}
		*old = nil
		for _, s := range now {
			if !has(*old, s) {
				*old = append(*old, bytes.Clone(s))
			}
		}
	}
	keep(&v.vps, vps)
	keep(&v.sps, sps)
	keep(&v.pps, pps)
	if len(v.sps) == 0 || len(v.pps) == 0 || v.codec == media.HEVC && len(v.vps) == 0 {
		return
	}
	v.configure(to)
}

// configure announces the configuration of the sets at hand.
func (v *videoParser) configure(to sink) {
	f := media.Format{Codec: v.codec}
	var err error
	v.frame, v.interlaced = 0, false
	if v.codec == media.AVC {
		f.Config, err = elementary.AVCConfig(v.sps, v.pps)
		timing := elementary.ReadAVCTiming(v.sps[0])
		v.frame, v.interlaced = media.Ticks(timing.FrameTicks), timing.Interlaced
	} else {
		f.Config, err = elementary.HEVCConfig(v.vps, v.sps, v.pps)
		v.frame = media.Ticks(elementary.ReadHEVCFrameTicks(v.sps[0]))
	}
	if err != nil {
		to.refuse(err)
		v.known = false
		return
	}
	v.known = to.format(f)
}
