package srt

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	gosrt "github.com/datarhei/gosrt"
	"github.com/datarhei/gosrt/circular"
	"github.com/datarhei/gosrt/packet"

	"weir/ingest/source"
	"weir/internal/catalog"
)

const (
	callTimeout = 3 * time.Second        // for each of the two parts of a call
	probeEvery  = 250 * time.Millisecond // an unanswered question is asked again
)

// call connects to a sender that listens; source.ErrRefused where it does not want us: a wrong streamid or passphrase. The connection has to be closed with hangUp.
func call(ctx context.Context, src catalog.SRTSource) (gosrt.Conn, error) {
	// A call of gosrt's that fails leaves a goroutine behind, and it asks only once: it is made only where somebody answers.
	if err := probe(ctx, src.Address); err != nil {
		return nil, err
	}
	cfg := gosrt.DefaultConfig()
	cfg.StreamId, cfg.Passphrase = src.StreamID, src.Passphrase
	cfg.ReceiverLatency = latencyOr(src.Latency)
	cfg.ConnectionTimeout, cfg.PeerIdleTimeout = callTimeout, peerIdle
	conn, err := gosrt.DialWithContext(ctx, "srt", src.Address, cfg)
	if code, ok := rejection(err); ok {
		return nil, fmt.Errorf("call %s: %w: code %d", src.Address, source.ErrRefused, code)
	}
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", src.Address, err)
	}
	return conn, nil
}

// rejection is the code in an error of gosrt's, which tells it as a number with the base 32.
func rejection(err error) (code uint64, ok bool) {
	if err == nil {
		return 0, false
	}
	rest, ok := strings.CutPrefix(err.Error(), "connection rejected: REJECT (")
	if !ok {
		return 0, false
	}
	code, err = strconv.ParseUint(strings.TrimSuffix(rest, ")"), 32, 32)
	return code, err == nil
}

// probe asks whether anybody speaks SRT at the address: the first half of a handshake (draft-sharabayko-srt, 4.3.1.1), which leaves nothing
// behind at the other end.
func probe(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	nc, err := new(net.Dialer).DialContext(ctx, "udp", address)
	if err != nil {
		return fmt.Errorf("call %s: %w", address, err)
	}
	defer func() { _ = nc.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = nc.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var id [4]byte
	_, _ = rand.Read(id[:])
	question, err := induction(binary.BigEndian.Uint32(id[:]), nc.LocalAddr())
	if err != nil {
		return fmt.Errorf("call %s: %w", address, err)
	}
	answer := make([]byte, gosrt.MAX_MSS_SIZE)
	for ctx.Err() == nil {
		if _, err := nc.Write(question); err != nil && ctx.Err() == nil {
			if source.Sleep(ctx, probeEvery) != nil { // nobody has the port, as its system says
				break
			}
			continue
		}
		_ = nc.SetReadDeadline(time.Now().Add(probeEvery))
		n, err := nc.Read(answer)
		if err == nil && isHandshake(answer[:n], id) {
			return nil
		}
		if err != nil && !isTimeout(err) && source.Sleep(ctx, probeEvery) != nil {
			break
		}
	}
	return fmt.Errorf("call %s: nobody answers", address)
}

// induction is the first packet of a handshake.
func induction(socket uint32, local net.Addr) ([]byte, error) {
	p := packet.NewPacket(nil)
	defer p.Decommission()
	h := p.Header()
	h.IsControlPacket, h.ControlType = true, packet.CTRLTYPE_HANDSHAKE
	cif := &packet.CIFHandshake{
		IsRequest: true, Version: 4, ExtensionField: 2, HandshakeType: packet.HSTYPE_INDUCTION, SRTSocketId: socket,
		InitialPacketSequenceNumber: circular.New(0, packet.MAX_SEQUENCENUMBER),
		MaxTransmissionUnitSize:     gosrt.MAX_MSS_SIZE, MaxFlowWindowSize: 25600,
	}
	cif.PeerIP.FromNetAddr(local)
	if err := p.MarshalCIF(cif); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := p.Marshal(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// isHandshake tells whether b is a handshake for that socket: a control packet of type 0 (draft-sharabayko-srt, 3.2).
func isHandshake(b []byte, socket [4]byte) bool {
	const header, handshake = 16, 48
	return len(b) >= header+handshake && b[0] == 0x80 && b[1] == 0 && bytes.Equal(b[12:16], socket[:])
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// hangUp closes a connection that was called, and reads until gosrt's own goroutine has ended: it waits for that.
func hangUp(conn gosrt.Conn) {
	_ = conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for ctx.Err() == nil {
		p, err := conn.ReadPacket()
		switch {
		case err == nil:
			p.Decommission()
		case errors.Is(err, gosrt.ErrClientClosed), errors.Is(err, net.ErrClosed):
			return
		default:
			_ = source.Sleep(ctx, 5*time.Millisecond)
		}
	}
}
