package whip

import (
	"encoding/binary"
	"time"

	"weir/internal/media"
)

// picture takes a frame of the video track.
func (t *intake) picture(in *inlet, f frame, now time.Time) error {
	kept, size := f.units[:0], 0
	pictures, sync := false, false
	idr := f.has(nalIDR)
	for _, u := range f.units {
		switch k := u[0] & 31; {
		case k == nalSPS || k == nalPPS:
			// At an IDR they go into the configuration. What comes in between is needed where it stands.
			if !in.parameters.take(u) || idr {
				continue
			}
		case k == nalDelimiter, k > 9 && k <= nalFiller:
			continue // delimiter, ends, filler: nothing to decode
		case k >= nalSlice && k <= nalIDR:
			pictures = true
			sync = sync || k == nalIDR
		}
		kept = append(kept, u)
		size += 4 + len(u)
	}
	switch {
	case f.damaged != "":
		t.dropped("video frame: " + f.damaged)
		in.broken = true
	case !pictures:
		return nil
	case in.broken && !sync:
		t.dropped("video frame: it waits for a key frame after loss")
	default:
		return t.show(in, f.time, sync, sample(kept, size), now)
	}
	t.wanted = t.keys.need(now) || t.wanted
	return nil
}

// show hands a frame that can be decoded to the feed.
func (t *intake) show(in *inlet, stamp int64, sync bool, data []byte, now time.Time) error {
	answer := false
	if sync {
		answer = t.keys.came(now)
		config, err := in.parameters.record()
		if config == nil {
			why := "video frame: no SPS and PPS came before the key frame"
			if err != nil {
				why = "video frame: " + err.Error()
			}
			t.dropped(why)
			in.broken = true
			t.wanted = t.keys.need(now) || t.wanted
			return nil
		}
		in.broken = false
		if in.on && string(config) != string(in.format.Config) || !in.on && t.ready(in, now) {
			in.format.Config = config
			in.format.KeysOnDemand, _ = t.keys.onDemand(now)
			if err := t.announce(in); err != nil {
				return err
			}
		}
	}
	if !in.on {
		if _, known := t.keys.onDemand(now); in.clock.placed || !known {
			t.wanted = t.keys.need(now) || t.wanted
		}
		return nil
	}
	at := stamp + in.clock.offset
	if back := in.last - at; back >= 0 && back < pictureRate && t.started {
		t.dropped("video frame: out of order, as B-frames are: switch them off")
		return nil
	}
	in.last = at
	if err := t.write(in, at, sync, data, now); err != nil {
		return err
	}
	place := media.Ticks(at) + t.base
	if sync {
		t.keys.next(place, answer)
	} else if t.keys.passed(place, now) {
		t.wanted = true
	}
	return nil
}

// ready tells whether the video track may begin: it is on the feed's clock, and how its key frames come is known.
func (t *intake) ready(in *inlet, now time.Time) bool {
	_, known := t.keys.onDemand(now)
	return in.clock.placed && known
}

// sample is NAL units with 4-byte lengths.
func sample(units [][]byte, size int) []byte {
	data := make([]byte, 0, size)
	for _, u := range units {
		data = binary.BigEndian.AppendUint32(data, uint32(len(u)))
		data = append(data, u...)
	}
	return data
}

// sound takes a packet of the audio track.
func (t *intake) sound(in *inlet, payload []byte, stamp int64, lost int, now time.Time) error {
	for range min(lost, countMost) {
		t.dropped("audio packet was lost")
	}
	if len(payload) == 0 || !in.clock.placed {
		return nil
	}
	duration := soundDuration(payload)
	if duration == 0 {
		t.dropped("audio packet is malformed")
		return nil
	}
	if !in.on {
		if !t.started && t.inlet(media.Video) != nil && now.Sub(t.first) < soloWait {
			return nil
		}
		if err := t.announce(in); err != nil {
			return err
		}
	}
	at := stamp + in.clock.offset
	if lost == 0 {
		for range soundGap(in.end, at) {
			if err := t.write(in, in.end, true, silence(), now); err != nil {
				return err
			}
			in.end += soundFrame
		}
	}
	in.end = at + duration
	return t.write(in, at, true, payload, now)
}
