// Package bus carries a channel's media from its one writer to every edge, over NATS JetStream.
//
//	packager ─► Writer ─► stream weir-live-CHANNEL (files, max_age) ─► Read ─► Handler (edge window)
//	                 └──► KV weir-live: runs, init segments, target duration, state ──┘
//
// By default the nats-server runs inside of this process, without a listener, on a directory that is locked; with
// Config.URL the same code talks to an outside NATS.
//
// One message is one CMAF chunk (or a part of it, where it is larger than the server's payload limit), or the end of a
// segment of one track. What is to be known of it stands in its subject and one compact header; the payload is the media as
// it is served. What must outlive the stream's max_age stands in KV.
//
// # Who may write
//
// A channel has one writer at a time: it holds a lease in the KV bucket weir-leases, and the revision at which it took the
// lease is its epoch, which travels in every message. A reader that has seen an epoch drops all older ones. A writer that
// takes over first closes what its predecessor left open, so that every row up to the last one is complete.
//
// # What is promised about order
//
// A segment's end is stored only when all of its chunks are stored, a chunk only when its run and init segments are. What is
// not acknowledged is sent again in order, and is stored once: messages are put only where their subject has none yet.
// Readers on the fast path, where NATS is outside, get chunks and ends before that, each track in order; see fast.go and settle.go.
package bus
