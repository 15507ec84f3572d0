// Package web holds the player page: what `npm run build` made of this folder, embedded in the program.
//
// The page is built before the program. Without a build the program compiles all the same, and Built tells.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// index is the page itself; the rest of the folder is what it loads.
const index = "index.html"

// Pages is the built page as a read-only file system rooted at dist: index.html, favicon.svg, assets/…. Names under
// assets/ carry a hash of their contents, so they may be cached for ever; index.html may not.
func Pages() fs.FS {
	pages, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: " + err.Error()) // cannot be: "dist" is a valid path
	}
	return pages
}

// Built tells whether the page was built into the program. Where it was not, Pages has no index.html.
func Built() bool {
	_, err := fs.Stat(Pages(), index)
	return err == nil
}
