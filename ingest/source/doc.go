// Package source keeps the feeds going that the server fetches itself, as channels and their inputs name them.
//
//	catalog ─► Supervisor ─► Kind.Run (file, pull, srt) ─► Job.Open ─► Feed
//
// The Supervisor follows the catalog and has a job for each source. A source that fails is tried again after a while, that grows; one that
// changes gets a new job, after the old one has ended. What a source is, and how it is fetched, is for its Kind alone.
package source
