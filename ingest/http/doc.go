// Package http listens for feeds that come by HTTP, and for all that is pushed beside a feed: one listener for several adapters.
//
//	POST, PUT /ts/CHANNEL or /ts/CHANNEL/RENDITION    an MPEG transport stream as the body, as long as the feed lasts
//	/cmaf/…  /whip/…  /subtitles/…                    handlers of their adapters, where Config has them
//
// A key is given as ?key=KEY, as Authorization: Bearer KEY, or as the password of Basic. Answers are one line of plain text: 403 for a
// wrong key, 404 for an unknown channel, 408 for a body that stands still, 409 for a channel that is taken, 413 for limits, 415 for what is
// no transport stream or has nothing that can be packaged, 503 when the server is full or shuts down, and 200 when a feed has ended as
// its sender wanted.
//
// The listener bounds connections, headers and the time for them. Bodies are the handlers' matter: each sets read deadlines of its own.
package http
