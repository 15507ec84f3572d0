package ingest

import "time"

// Transport is how the connection that brings a feed does, as its protocol counts it: SRT. Counts are since the connection began.
type Transport struct {
	RTT           time.Duration `json:"rtt"`           // smoothed (draft-sharabayko-srt, 4.10)
	Latency       time.Duration `json:"latency"`       // that both ends agreed on: how long there is to make losses good
	Buffered      time.Duration `json:"buffered"`      // from the first packet to the last of those that wait for their time
	Rate          int64         `json:"rate"`          // bit/s that come in, over the last second
	Bandwidth     int64         `json:"bandwidth"`     // bit/s that the line is thought to carry; 0: not known
	Received      uint64        `json:"received"`      // packets, the retransmitted ones among them
	Lost          uint64        `json:"lost"`          // packets that were missed and asked for again
	Retransmitted uint64        `json:"retransmitted"` // packets that came again
	Late          uint64        `json:"late"`          // packets that came when they had been given up
	Missing       uint64        `json:"missing"`       // packets that the feed went on without
	Undecrypted   uint64        `json:"undecrypted"`   // packets that could not be deciphered
	Encrypted     bool          `json:"encrypted"`
}
