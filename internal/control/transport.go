package control

import "weir/ingest"

// Transport is how the connection of a feed does. Counts are of packets, since the connection began.
type Transport struct {
	RTT           float64 `json:"rttSeconds" doc:"Round-trip time, smoothed"`
	Latency       float64 `json:"latencySeconds" doc:"That both ends agreed on: how long there is to make losses good"`
	Buffered      float64 `json:"bufferedSeconds" doc:"What waits for its time. Much less than the latency: hardly time to make losses good; much more: the sender's clock runs fast"`
	Rate          int64   `json:"rate" doc:"bit/s that come in"`
	Bandwidth     int64   `json:"bandwidth" doc:"bit/s that the line is thought to carry; 0: not known"`
	Received      uint64  `json:"received" doc:"Packets, the retransmitted ones among them"`
	Lost          uint64  `json:"lost" doc:"Packets that were missed and asked for again"`
	Retransmitted uint64  `json:"retransmitted" doc:"Packets that came again"`
	Late          uint64  `json:"late" doc:"Packets that came when they had been given up"`
	Missing       uint64  `json:"missing" doc:"Packets that the feed went on without"`
	Undecrypted   uint64  `json:"undecrypted" doc:"Packets that could not be deciphered"`
	Encrypted     bool    `json:"encrypted"`
}

// transportOf is t as the API tells it.
func transportOf(t *ingest.Transport) *Transport {
	if t == nil {
		return nil
	}
	return &Transport{
		RTT: t.RTT.Seconds(), Latency: t.Latency.Seconds(), Buffered: t.Buffered.Seconds(), Rate: t.Rate, Bandwidth: t.Bandwidth,
		Received: t.Received, Lost: t.Lost, Retransmitted: t.Retransmitted, Late: t.Late, Missing: t.Missing,
		Undecrypted: t.Undecrypted, Encrypted: t.Encrypted,
	}
}
