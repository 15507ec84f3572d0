package dash_test

import (
	"fmt"
	"testing"

	"weir/internal/media"
	"weir/manifest"
	"weir/manifest/dash"
)

// BenchmarkWindow is what a new row costs, in a window of two minutes and in one of twelve hours: the whole MPD by the pure function and by a
// Renderer, and a patch from the MPD before. The channel's audio has segments of two lengths, so that its timeline does not fold.
func BenchmarkWindow(b *testing.B) {
	const steps = 256
	for _, rows := range []int{60, 21600} {
		all := live(rows + steps).Window()
		at := func(i int) *media.Window {
			w := *all
			w.Rows = stretchOf{all.Rows, i, i + rows}
			w.Published = all.Rows.At(i + rows - 1).End()
			return &w
		}
		run := func(name string, fn func(form *dash.Form, i int) ([]byte, error)) {
			b.Run(fmt.Sprintf("%s/%d", name, rows), func(b *testing.B) {
				b.ReportAllocs()
				var form *dash.Form
				size := 0
				for i := 0; b.Loop(); i++ {
					k := i%(steps-1) + 1
					if k == 1 { // a channel that was seen up to here
						b.StopTimer()
						form = dash.NewRenderer().Form(manifest.Links{})
						if _, err := form.MPD(at(0)); err != nil {
							b.Fatal(err)
						}
						b.StartTimer()
					}
					doc, err := fn(form, k)
					if err != nil {
						b.Fatal(err)
					}
					size = len(doc)
				}
				b.ReportMetric(float64(size), "B/doc")
			})
		}
		run("pure", func(_ *dash.Form, i int) ([]byte, error) { return dash.MPD(at(i), manifest.Links{}) })
		run("renderer", func(form *dash.Form, i int) ([]byte, error) { return form.MPD(at(i)) })
		run("patch", func(form *dash.Form, i int) ([]byte, error) {
			doc, news, err := form.Patch(at(i), stampOf(at(i-1).Published))
			if err == nil && news != dash.Newer {
				err = fmt.Errorf("row %d: no patch", i)
			}
			return doc, err
		})
	}
}
