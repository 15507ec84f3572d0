// Package relay is an edge whose source is an edge of another cluster, over HTTP: for a partner's network, that has no part in the bus.
//
//	players ─► requests ─► objects in memory ─► one flight an object ─► upstream, or the next
//
// It answers under the same URLs. What players ask for is asked for once, however many do so: a blocking reload or a part that is yet to come is one
// request upstream, which is held there. Media of a segment that is being made goes out piece by piece as it comes in.
//
// # What is kept
//
// Texts for as long as Cache-Control says, and then they are asked for anew by their entity tag. Media under its path alone: the parameters of
// sessions never go upstream; in texts a mark stands in their place, which each session's own parameters take. All of it within one bound of memory,
// what was asked for the longest ago goes first.
//
// # Upstreams
//
// The first one in the order of the configuration that answers is asked; each is looked at every second. A request that fails is made to the next,
// in the middle of a segment too: what was sent already has to be the same there. Where none answers, texts are served for a while as they were, and
// say so: with a Warning, and in the metrics.
package relay
