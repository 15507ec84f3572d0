package ingest

import (
	"strings"
	"testing"
)

// A publisher whose frames were all left out had a status without a fault, and a line in the log when it had gone.
func TestSamplesThatAnAdapterLeavesOutAreShown(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	feed := f.open(t, "news")
	feed.Dropped("no header")
	feed.Dropped("no header")
	st, _ := f.Status("news")
	if st.DroppedSamples != 2 || st.LastError != "no header" || !st.LastErrorAt.Equal(f.clock.now()) {
		t.Errorf("%+v", st)
	}
	if log := f.log.String(); strings.Count(log, "no header") != 1 {
		t.Error(log)
	}
	feed.Close(nil)
	if st, _ := f.Status("news"); st.State != OffAir || st.DroppedSamples != 2 {
		t.Errorf("%+v", st)
	}
}
