// Package origin reads the files that are packaged on demand from where they lie: directories, S3 buckets and web servers, which it calls sites.
//
//	Origin.Open(sites, path) ─► File ─► Open(offset, length) ─► reader ─► replica ─► site (health, slots, counts) ─► directory | remote ─► HTTP | S3
//
// A File is pinned to the bytes it had when it was opened, by its size and ETag (or Last-Modified, where there is no strong ETag), or by an
// open descriptor, its size and time. Every request is for one range, under the condition that the file is still so (If-Match); every
// answer is checked once more, as not all servers know the condition: state, place, and length, to the byte. What has changed gives
// ErrChanged, never other bytes.
//
// Where a site fails, the next is asked, in the order the asset names them: before the first byte by Origin.Open, and in the middle of a
// stretch by the reader, which goes on at the very byte. But another site's copy is read from only after File.Same has said that it is the
// same file; a replica remembers what was said. An error tells what happened on each site (Failure).
//
// health is what is remembered of a site. One failure that cost a time-out, or three in a row that did not, take it down; from then on it
// is passed over without a request, for a second, and twice as long after each failed probe, up to a minute. A probe is a request like any
// other, one at a time. Where no other site is left, a site is asked though it is down. That it lacks a file (404) or refuses one (403)
// speaks not against a site; 404s are remembered for some seconds, so that what lies on the second site only costs the first one little.
//
// Time-outs are per silence, not per request: until the first byte, and between bytes while somebody waits for them. A player that reads
// slowly is none of the site's failures. They run on timers and contexts, so that tests drive them with testing/synctest over connections
// in memory. A disk that hangs (NFS) cannot be interrupted: it takes up its site's slots, and who finds none in time asks the next site.
//
// What is not here: caching, equal requests in flight, reading ahead: the library's. Nothing runs in the background. Whoever opens a File
// closes it, and every reader; Origin.Close lets go of idle connections.
//
// Secrets: addresses are never in errors and logs, as users, passwords and tokens are in them; sites are told by name.
package origin
