package control

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"weir/internal/clip"
	"weir/internal/media"
)

// downloadClip sends a clip as one MP4. It is made of the clip's files as it is sent; what is deleted meanwhile is sent to its end.
func (s *Server) downloadClip(_ context.Context, in *clipPath) (*huma.StreamResponse, error) {
	a, err := s.cfg.Clips.Open(in.Clip)
	if err != nil {
		return nil, s.clipRefusal("", in.Clip, err)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer a.Release()
		r, w := humago.Unwrap(ctx)
		h := w.Header()
		h.Set("Content-Type", mp4Type(a.Info))
		h.Set("Content-Disposition", disposition(a.Info))
		h.Set("ETag", `"`+a.ID+`"`) // an ID is never used again, and what is behind it never changes
		from := &following{ReadSeeker: a.MP4(), control: http.NewResponseController(w)}
		http.ServeContent(w, r, "", a.Created, from)
		if from.failed != nil {
			s.cfg.Log.Error("the download of a clip broke off", "channel", a.Channel, "clip", a.ID, "err", from.failed)
		}
	}}, nil
}

// mp4Type is the content type of a clip as one MP4.
func mp4Type(in clip.Info) string {
	for _, t := range in.Tracks {
		if t.Kind == media.Video {
			return "video/mp4"
		}
	}
	return "audio/mp4"
}

// disposition asks a browser to save the file under the clip's name.
func disposition(in clip.Info) string {
	name := strings.Trim(strings.Map(func(c rune) rune {
		if c < ' ' || strings.ContainsRune(`/\:*?"<>|`, c) {
			return '-'
		}
		return c
	}, in.Name), ". ")
	if name == "" {
		name = in.ID
	}
	if d := mime.FormatMediaType("attachment", map[string]string{"filename": name + ".mp4"}); d != "" {
		return d
	}
	return fmt.Sprintf("attachment; filename=%q", in.ID+".mp4")
}

// A download may take as long as it needs, but whoever takes nothing for a while is cut off.
const (
	stallTimeout = time.Minute
	extendEvery  = 1 << 20 // bytes
)

// following moves the connection's deadline along as the file is read, and remembers what went wrong.
type following struct {
	io.ReadSeeker
	control *http.ResponseController
	left    int // bytes until the deadline is moved again
	failed  error
}

// Read implements io.Reader.
func (f *following) Read(p []byte) (int, error) {
	if f.left -= len(p); f.left <= 0 {
		f.left = extendEvery
		_ = f.control.SetWriteDeadline(time.Now().Add(stallTimeout)) // else the server's own holds
	}
	n, err := f.ReadSeeker.Read(p)
	if err != nil && err != io.EOF {
		f.failed = err
	}
	return n, err
}
