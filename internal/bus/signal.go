package bus

import (
	"encoding/json"
	"errors"
	"fmt"

	"weir/internal/media"
)

// signalTrack stands in a subject where others have the name of a track: no packager gives a track that name. Such a message is in all
// else that of a whole chunk of the segment at which it was sent, numbered in the order of sending; its payload is a media.Signal in
// JSON. Readers that do not know it take it for a chunk of a track that its run does not have, and drop it.
const signalTrack = "signal"

const (
	maxSignal   = 64 << 10 // bytes of a payload
	maxSignalID = 128      // bytes
	maxScheme   = 512      // bytes of a scheme, or of its value
)

// Signal sends a signal, which belongs to the run that was announced last.
func (w *Writer) Signal(s media.Signal) error {
	value := ""
	err := errors.Join(w.usable(), checkSignal(&s))
	payload, jsonErr := json.Marshal(s)
	if err = errors.Join(err, jsonErr); err == nil && len(payload) > min(maxSignal, w.limit) {
		err = fmt.Errorf("%d bytes", len(payload))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		// What counts of a header is its epoch and its run.
		value, err = header{Epoch: w.epoch, Run: w.run, Timescale: 1}.encode(false)
	}
	if err != nil {
		return fmt.Errorf("channel %s: signal %q: %w", w.channel, s.ID, err)
	}
	if w.queue.len() >= maxQueue {
		w.fail()
		return fmt.Errorf("channel %s: %d messages wait for the bus: %w", w.channel, w.queue.len(), ErrLost)
	}
	at := max(w.signalsAt, s.Row)
	if w.state.Segment > w.resume.Segment { // a row of this writer's has begun: no other has used its number
		at = max(at, w.state.Segment-1)
	}
	if at != w.signalsAt {
		w.signalsAt, w.signals = at, 0
	}
	if w.signals > maxIndex {
		return nil // it is told again later
	}
	a := address{Track: signalTrack, Segment: at, Chunk: w.signals, Part: -1}
	w.signals++
	w.queue.push(entry{subject: a.subject(w.channel), value: value, data: payload, kind: signalEntry})
	w.kick()
	return nil
}

// checkSignal keeps a signal to what readers take.
func checkSignal(s *media.Signal) error {
	if !validSignalID(s.ID) || s.Row > maxNumber || s.Run > maxNumber || len(s.Scheme) > maxScheme || len(s.Value) > maxScheme {
		return fmt.Errorf("ID, row %d, run %d or a scheme of %d bytes is out of range", s.Row, s.Run, len(s.Scheme))
	}
	if s.InBand {
		if s.Scheme == "" {
			return errors.New("messages of no scheme")
		}
		return nil
	}
	if !timeInRange(s.Start) || !timeInRange(s.Date) || s.Planned < 0 || s.Planned > maxTicks/2 || s.Duration < 0 || s.Duration > maxTicks/2 {
		return fmt.Errorf("start %v, date %v, %v planned or %v in all is out of range", s.Start, s.Date, s.Planned, s.Duration)
	}
	if len(s.Out)+len(s.In)+len(s.Command) == 0 {
		return errors.New("no section")
	}
	return nil
}

// validSignalID keeps to what can stand in a playlist and an MPD without quoting.
func validSignalID(id string) bool {
	if id == "" || len(id) > maxSignalID {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// signal is the signal that m carries. The error is ErrMalformed.
func (m *message) signal() (media.Signal, error) {
	var s media.Signal
	if len(m.Data) > maxSignal {
		return s, fmt.Errorf("%w: a signal of %d bytes", ErrMalformed, len(m.Data))
	}
	err := json.Unmarshal(m.Data, &s)
	if err == nil {
		err = checkSignal(&s)
	}
	if err != nil {
		return s, fmt.Errorf("%w: signal: %w", ErrMalformed, err)
	}
	return s, nil
}
