// Package library is the assets that an edge serves under /vod/: clips, and files that are packaged when they are asked for.
//
//	catalog ─► asset ─► files on sites ─► index ─► title ─► segments ─► cache ─► player
//
// A title is opened when it is first asked for: its files' indexes are read, once however many ask, and kept while there is room. A segment is
// made of a head, which the index is enough for, and of stretches of files, which are read once however many ask: the answers begin while it is
// being read. What was read is kept in memory by how often it is asked for.
//
// # What a segment costs
//
// Files have audio and video in turns. What lies between the stretches of a segment is read with it where that is little, and where that
// makes the segment of another track complete, or nearly so, that is read and kept too: a player asks for it next.
//
// # Bounds
//
// Everything has one: indexes, segments in memory, segments that are being read, reads ahead. A title that cannot be opened is not tried
// again for a moment, so that a broken file costs one line in the log and not one a request.
package library
