// Package testdata carries the clip of the demo channel inside the program, so that it plays wherever the program runs.
package testdata

import _ "embed"

// Demo is demo.mp4, as demo.sh beside it makes it: 24 s of H.264 and AAC that loop without a seam. Nobody may change it.
//
//go:embed demo.mp4
var Demo string
