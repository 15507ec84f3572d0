package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// stored is a message as a stream has it.
type stored struct {
	Subject string
	Seq     uint64
	Header  nats.Header
	Data    []byte
}

// last is the newest message of a stream on a subject, which may have wildcards. The error is
// ErrNotFound where there is none.
func (b *Bus) last(ctx context.Context, stream, subject string) (stored, error) {
	return b.ask(ctx, stream, map[string]any{"last_by_subj": subject})
}

// first is the oldest message of a stream.
func (b *Bus) first(ctx context.Context, stream string) (stored, error) {
	return b.ask(ctx, stream, map[string]any{"seq": 1, "next_by_subj": ">"})
}

// ask gets one message of a stream. Where there are replicas, its leader is asked: a direct get may be answered by one that
// lags, which a writer that takes over must not believe, nor a reader that looks for a run.
func (b *Bus) ask(ctx context.Context, stream string, query map[string]any) (stored, error) {
	q, err := json.Marshal(query)
	if err != nil {
		return stored{}, fmt.Errorf("ask stream %s: %w", stream, err)
	}
	api, read := "$JS.API.DIRECT.GET.", readDirect
	if b.cfg.Replicas > 1 || b.cfg.Role == Edge { // an edge does not know how many there are
		api, read = "$JS.API.STREAM.MSG.GET.", readFromLeader
	}
	m, err := again(ctx, b, func(ctx context.Context) (stored, error) {
		reply, err := b.nc.RequestWithContext(ctx, api+stream, q)
		if err != nil {
			return stored{}, err
		}
		return read(reply)
	})
	if err != nil {
		return stored{}, fmt.Errorf("ask stream %s: %w", stream, err)
	}
	return m, nil
}

// readDirect reads the answer to a direct get: the message as it is, with some headers more.
func readDirect(reply *nats.Msg) (stored, error) {
	switch status := reply.Header.Get("Status"); status {
	case "":
	case "404":
		return stored{}, ErrNotFound
	default:
		return stored{}, fmt.Errorf("status %s %s", status, reply.Header.Get("Description"))
	}
	m := stored{Subject: reply.Header.Get(jetstream.SubjectHeader), Header: reply.Header, Data: reply.Data}
	seq, err := number(reply.Header.Get(jetstream.SequenceHeader), math.MaxUint64)
	if err != nil {
		return stored{}, fmt.Errorf("sequence: %w", err)
	}
	m.Seq = seq
	return m, nil
}

// readFromLeader reads the answer of a stream's leader, which is JSON.
func readFromLeader(reply *nats.Msg) (stored, error) {
	var r struct {
		Message struct {
			Subject string `json:"subject"`
			Seq     uint64 `json:"seq"`
			Header  []byte `json:"hdrs"`
			Data    []byte `json:"data"`
		} `json:"message"`
		Error *struct {
			Code        int    `json:"err_code"`
			Description string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &r); err != nil {
		return stored{}, err
	}
	if e := r.Error; e != nil {
		if jetstream.ErrorCode(e.Code) == jetstream.JSErrCodeMessageNotFound {
			return stored{}, ErrNotFound
		}
		return stored{}, &jetstream.APIError{ErrorCode: jetstream.ErrorCode(e.Code), Description: e.Description}
	}
	m := stored{Subject: r.Message.Subject, Seq: r.Message.Seq, Data: r.Message.Data}
	if len(r.Message.Header) > 0 {
		var err error
		if m.Header, err = nats.DecodeHeadersMsg(r.Message.Header); err != nil {
			return stored{}, fmt.Errorf("message %d: headers: %w", m.Seq, err)
		}
	}
	return m, nil
}

// lastMessage is the newest message of a channel on a subject, decoded.
func (b *Bus) lastMessage(ctx context.Context, channel, subject string) (message, error) {
	m, err := b.last(ctx, streamName(channel), subject)
	if err != nil {
		return message{}, err
	}
	return decodeMessage(channel, m.Subject, m.Header.Get(headerName), m.Data)
}

// recordKeys are the keys of the record bucket that match a pattern.
func (b *Bus) recordKeys(ctx context.Context, pattern string) ([]string, error) {
	info, err := again(ctx, b, func(ctx context.Context) (*jetstream.StreamInfo, error) {
		s, err := b.js.Stream(ctx, recordStream)
		if err != nil {
			return nil, err
		}
		return s.Info(ctx, jetstream.WithSubjectFilter(recordSubject+pattern))
	})
	if err != nil {
		return nil, fmt.Errorf("list records %s: %w", pattern, err)
	}
	keys := make([]string, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		keys = append(keys, strings.TrimPrefix(subject, recordSubject))
	}
	return keys, nil
}

// parseInitKey is the inverse of initKey.
func parseInitKey(channel, key string) (track string, version uint32, ok bool) {
	rest, ok := strings.CutPrefix(key, channel+".init.")
	if !ok {
		return "", 0, false
	}
	track, v, ok := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(v, 10, 32)
	return track, uint32(n), ok && err == nil && validTrack(track)
}

// parseRunKey is the inverse of runKey.
func parseRunKey(channel, key string) (id uint64, ok bool) {
	rest, ok := strings.CutPrefix(key, channel+".run.")
	if !ok {
		return 0, false
	}
	id, err := number(rest, maxNumber)
	return id, err == nil
}

// put stores one message and waits for it. A subject that has one already is no error.
func (b *Bus) put(ctx context.Context, m *nats.Msg) error {
	if m.Header == nil {
		m.Header = nats.Header{}
	}
	if m.Header.Get(jetstream.MsgIDHeader) == "" {
		m.Header.Set(jetstream.MsgIDHeader, nuid.Next()) // what is sent again and comes late must not be stored over what has come since
	}
	_, err := again(ctx, b, func(ctx context.Context) (*jetstream.PubAck, error) {
		return b.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(5), jetstream.WithRetryWait(200*time.Millisecond))
	})
	var api *jetstream.APIError
	if errors.As(err, &api) && isWrongSequence(int(api.ErrorCode)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", m.Subject, err)
	}
	return nil
}

// isWrongSequence is how a server refuses a message to a subject that has one: 10071 with one replica, 10164 with more.
func isWrongSequence(code int) bool {
	return code == int(jetstream.JSErrCodeStreamWrongLastSequence) || code == int(jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// newMsg is a message that is stored once: the server refuses it where the subject has one, and knows its ID again.
func newMsg(subject, value string, data []byte) *nats.Msg {
	return &nats.Msg{
		Subject: subject,
		Header: nats.Header{
			headerName:                          {value},
			jetstream.MsgIDHeader:               {subject},
			jetstream.ExpectedLastSubjSeqHeader: {"0"},
		},
		Data: data,
	}
}
