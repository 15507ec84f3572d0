package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/internal/media"
)

// recordBucket holds what must outlive the streams' max_age. Its keys are
//
//	CHANNEL.run.ID               a run, in JSON
//	CHANNEL.init.TRACK.VERSION   an init segment
//	CHANNEL.target               the target duration, in JSON
//	CHANNEL.state                what the next writer goes on from, in JSON
const recordBucket = "weir-live"

const (
	recordStream  = "KV_" + recordBucket
	recordSubject = "$KV." + recordBucket + "."

	maxRecord = 1 << 20 // bytes
	maxTracks = 64      // of a run
)

func runKey(channel string, id uint64) string { return channel + ".run." + strconv.FormatUint(id, 10) }

func initKey(channel, track string, version uint32) string {
	return channel + ".init." + track + "." + strconv.FormatUint(uint64(version), 10)
}

func targetKey(channel string) string { return channel + ".target" }
func stateKey(channel string) string  { return channel + ".state" }

// state is what the next writer must know even where the stream is empty.
type state struct {
	Segment uint64        `json:"segment"` // next number
	Run     uint64        `json:"run"`     // next run's ID
	End     time.Time     `json:"end"`     // of the last run, on the channel timeline
	Target  time.Duration `json:"target"`  // nanoseconds; 0: not fixed
	Epoch   uint64        `json:"epoch"`   // of whoever wrote this
}

// target is the record of the target duration.
type target struct {
	Duration time.Duration `json:"duration"` // nanoseconds
}

// record is the newest value of a key. The error is ErrNotFound where there is none.
func (b *Bus) record(ctx context.Context, key string) ([]byte, error) {
	m, err := b.last(ctx, recordStream, recordSubject+key)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	if m.Header.Get("KV-Operation") != "" {
		return nil, fmt.Errorf("record %s: deleted: %w", key, ErrNotFound)
	}
	if len(m.Data) > maxRecord {
		return nil, fmt.Errorf("record %s: %w: %d bytes", key, ErrMalformed, len(m.Data))
	}
	return m.Data, nil
}

// jsonRecord reads a key's value into v.
func (b *Bus) jsonRecord(ctx context.Context, key string, v any) error {
	data, err := b.record(ctx, key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("record %s: %w: %w", key, ErrMalformed, err)
	}
	return nil
}

// purgeRecords removes all keys that match.
func (b *Bus) purgeRecords(ctx context.Context, keys string) error {
	s, err := b.js.Stream(ctx, recordStream)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSubject(recordSubject+keys))
	}
	if err != nil {
		return fmt.Errorf("remove records %s: %w", keys, err)
	}
	return nil
}

// Init is a track's init segment of that version. The error is ErrNotFound where there is none.
func (b *Bus) Init(ctx context.Context, channel, track string, version uint32) ([]byte, error) {
	if err := checkChannel(channel); err != nil {
		return nil, err
	}
	if !validTrack(track) {
		return nil, fmt.Errorf("channel %s: track %q: %w", channel, track, ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return b.record(ctx, initKey(channel, track, version))
}

// run is a run and the init segments of its tracks, in their order. The errors are ErrNotFound and ErrMalformed.
func (b *Bus) run(ctx context.Context, channel string, id uint64) (media.Run, []media.Init, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var run media.Run
	if err := b.jsonRecord(ctx, runKey(channel, id), &run); err != nil {
		return media.Run{}, nil, err
	}
	if run.ID != id {
		return media.Run{}, nil, fmt.Errorf("run %d: %w: says that it is run %d", id, ErrMalformed, run.ID)
	}
	if err := checkRun(run); err != nil {
		return media.Run{}, nil, fmt.Errorf("run %d: %w: %w", id, ErrMalformed, err)
	}
	inits := make([]media.Init, 0, len(run.Tracks))
	for _, t := range run.Tracks {
		data, err := b.record(ctx, initKey(channel, t.Name, t.Init))
		if err != nil {
			return media.Run{}, nil, fmt.Errorf("run %d: %w", id, err)
		}
		inits = append(inits, media.Init{Track: t.Name, Version: t.Init, Data: data})
	}
	return run, inits, nil
}

// checkRun keeps runs to what readers take.
func checkRun(run media.Run) error {
	if run.ID > maxNumber || run.First > maxNumber || len(run.Tracks) == 0 || len(run.Tracks) > maxTracks {
		return fmt.Errorf("run %d from segment %d has %d tracks", run.ID, run.First, len(run.Tracks))
	}
	seen := map[string]bool{}
	for _, t := range run.Tracks {
		if !validTrack(t.Name) || seen[t.Name] || t.Timescale == 0 || t.Part < 0 || t.Part > time.Hour {
			return fmt.Errorf("run %d: track %q, timescale %d, part of %s", run.ID, t.Name, t.Timescale, t.Part)
		}
		seen[t.Name] = true
	}
	return nil
}

// lastInits are the newest init segments of every track that the channel ever had.
func (b *Bus) lastInits(ctx context.Context, channel string) (map[string]media.Init, error) {
	keys, err := b.recordKeys(ctx, channel+".init.>")
	if err != nil {
		return nil, err
	}
	newest := map[string]uint32{}
	for _, k := range keys {
		if track, version, ok := parseInitKey(channel, k); ok && version >= newest[track] {
			newest[track] = version
		}
	}
	inits := map[string]media.Init{}
	for track, version := range newest {
		data, err := b.record(ctx, initKey(channel, track, version))
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		inits[track] = media.Init{Track: track, Version: version, Data: data}
	}
	return inits, nil
}

// putState records what the next writer goes on from.
func (b *Bus) putState(ctx context.Context, channel string, s state) error {
	value, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return b.put(ctx, &nats.Msg{Subject: recordSubject + stateKey(channel), Data: value})
}
