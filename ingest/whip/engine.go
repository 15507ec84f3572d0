package whip

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

const (
	// replayWindow is how many packets late a retransmission may come and still be decrypted.
	replayWindow = 2048
	receiveMTU   = 2048 // bytes of a packet
)

// newPeer is a connection that takes what o offers, and nothing else. local: the publisher is on this machine.
func (s *Server) newPeer(o offer, local bool) (*webrtc.PeerConnection, error) {
	m := &webrtc.MediaEngine{}
	interceptors := &interceptor.Registry{}
	if err := errors.Join(register(m, o), intercept(m, interceptors, logs{s.cfg.Log})); err != nil {
		return nil, fmt.Errorf("set up the codecs of a session: %w", err)
	}
	e := webrtc.SettingEngine{LoggerFactory: logs{s.cfg.Log}}
	e.SetLite(true)
	e.SetICEUDPMux(s.cfg.Listener.offer(local))
	networks := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	if s.cfg.Listener.tcp != nil {
		e.SetICETCPMux(s.cfg.Listener.tcp)
		networks = append(networks, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
	}
	e.SetNetworkTypes(networks)
	e.SetIncludeLoopbackCandidate(local)
	e.DisableActiveTCP(true)
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.SetICETimeouts(s.cfg.IdleTimeout, s.cfg.IdleTimeout, 2*time.Second)
	e.SetReceiveMTU(receiveMTU)
	e.SetSRTPReplayProtectionWindow(replayWindow)
	e.EnableDataChannelBlockWrite(false)
	if err := e.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, err
	}
	if len(s.cfg.NAT) > 0 {
		ips := make([]string, len(s.cfg.NAT))
		for i, ip := range s.cfg.NAT {
			ips[i] = ip.String()
		}
		rule := webrtc.ICEAddressRewriteRule{External: ips, AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteAppend}
		if err := e.SetICEAddressRewriteRules(rule); err != nil {
			return nil, fmt.Errorf("offer the addresses outside of the NAT: %w", err)
		}
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(interceptors), webrtc.WithSettingEngine(e))
	peer, err := api.NewPeerConnection(webrtc.Configuration{BundlePolicy: webrtc.BundlePolicyMaxBundle})
	if err != nil {
		return nil, fmt.Errorf("set up a session: %w", err)
	}
	return peer, nil
}

// register makes m know the formats of an offer.
func register(m *webrtc.MediaEngine, o offer) error {
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	for _, f := range o.video {
		codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: pictureRate, SDPFmtpLine: f.params, RTCPFeedback: feedback}
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: codec, PayloadType: webrtc.PayloadType(f.payload)}, webrtc.RTPCodecTypeVideo); err != nil {
			return err
		}
		if f.repair == 0 {
			continue
		}
		repair := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: pictureRate, SDPFmtpLine: "apt=" + strconv.Itoa(int(f.payload))}
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: repair, PayloadType: webrtc.PayloadType(f.repair)}, webrtc.RTPCodecTypeVideo); err != nil {
			return err
		}
	}
	for _, f := range o.audio {
		codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: soundRate, Channels: 2, SDPFmtpLine: f.params}
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: codec, PayloadType: webrtc.PayloadType(f.payload)}, webrtc.RTPCodecTypeAudio); err != nil {
			return err
		}
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.SDESMidURI}, kind); err != nil {
			return err
		}
	}
	return nil
}

// intercept has receiver reports made, and those on every packet (transport-wide congestion control), without which a browser keeps its
// bitrate where it began.
func intercept(m *webrtc.MediaEngine, r *interceptor.Registry, l logs) error {
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(l))
	if err != nil {
		return err
	}
	r.Add(reports)
	return webrtc.ConfigureTWCCSenderWithOptions(m, r, twcc.WithLoggerFactory(l))
}
