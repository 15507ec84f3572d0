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
// Errors are one line of plain text. HTTP semantics are those of RFC 9110: strong entity tags, If-None-Match, single ranges
// with If-Range, HEAD, gzip for text by Accept-Encoding.
package edge
