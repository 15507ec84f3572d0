// Package pipeline holds no code, only tests of the whole way from a feed to what a player reads:
//
//	samples ─► packager.Packager ─► window.Window ─► hls.Multivariant, hls.Media, dash.MPD ─► a viewer
//
// The viewer is made of small parsers of its own and shares nothing with the writers. It reads every state of the window that
// is published, fetches what is listed, opens the fragments, and holds each state against all before it. At random moments, in the middle of
// rows too, it asks for what low-latency players read. The numbers in its messages are those of the project's conformance rules.
//
// Time is simulated: the clock stands at the arrival of the newest sample, and the window sees it go on by a nanosecond each time it looks.
package pipeline
