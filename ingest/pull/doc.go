// Package pull fetches transport streams that channels name as their source: by UDP and RTP, by HTTP, from files.
//
//	source.Supervisor ─► source (udp://…, http://…, file:….ts) ─► bytes ─► mpegts.Demuxer ─► Feed
//
// For UDP a socket stands open all the time, and a feed begins with the first datagram of a sender, ends when it falls silent, and begins
// anew. A file is looped: its clock references say how fast it is read, and its timestamps go on over the loop.
package pull
