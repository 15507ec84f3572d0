// Package edge is what players talk to: an HTTP/1.1 server (fasthttp) for manifests, media and the player page.
//
//	catalog ─► channels, started and stopped ─┐
//	bus ─────► one window a channel ──────────┴─► routes ─► players
//
// Each channel of the catalog has a window and one goroutine that reads the channel from the bus into it. Requests
// take no lock: they load the window's snapshot. Manifests are rendered at the first request after a change, once for all
// who ask, and kept as bytes; media is sent from the window's own memory. What a request costs does not depend on how
// much the window holds.
//
// # Manifests
//
// A query is read strictly and brought into a normal form; kind, track and form make an edition, which has one text for each state of the window
// (editions.go). Forms that queries make up are bounded in number, bytes and processors (turns). The parameters of a session are no part
// of the form: the text is rendered with a placeholder.
//
// # Waiting
//
// A request for what is about to come (blocking reload, preload hint, MPD patch) is held: its connection is taken from fasthttp
// and waits in the channel's lot, as a record without goroutine, timer or buffers. What comes about is answered once for all who wait for the same,
// written to them one after the other without waiting for anybody, and then their connections are served on (lot.go, handover.go). A few rare
// kinds of requests wait in their own goroutine (hold.go).
//
// Errors are one line of plain text. HTTP semantics are those of RFC 9110: strong entity tags, If-None-Match, single ranges
// with If-Range, HEAD, gzip for text by Accept-Encoding.
package edge
