package srt

import (
	"errors"
	"strings"
	"testing"

	gosrt "github.com/datarhei/gosrt"
)

func TestStreamID(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]streamID{
		"publish:news":                                       {Channel: "news"},
		"publish:news:s3cret:with:colons":                    {Channel: "news", Key: "s3cret:with:colons"},
		"publish:news/720p:k":                                {Channel: "news", Rendition: "720p", Key: "k"},
		"publish:news/a/b":                                   {Channel: "news", Rendition: "a/b"}, // refused by Open
		"#!::m=publish,r=news":                               {Channel: "news"},
		"#!::r=news/720p,m=publish,key=a=b":                  {Channel: "news", Rendition: "720p", Key: "a=b"},
		"#!::u=me,t=stream,m=publish,r=news":                 {Channel: "news"},
		"publish%3Anews%3As3cret":                            {Channel: "news", Key: "s3cret"},
		"%23!%3A%3Am=publish,r=news":                         {Channel: "news"},
		"#!::m=publish,r=news,input=backup,h=host,s=1,x,,y=": {Channel: "news", Input: "backup"},
	} {
		if got, err := parseStreamID(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for in, code := range map[string]gosrt.RejectionReason{
		"":                                    gosrt.REJX_BAD_REQUEST,
		"news":                                gosrt.REJX_BAD_REQUEST,
		"publish:":                            gosrt.REJX_BAD_REQUEST,
		"publish:/720p":                       gosrt.REJX_BAD_REQUEST,
		"#!::m=publish":                       gosrt.REJX_BAD_REQUEST,
		"#!::m=publish,r=a,r=b":               gosrt.REJX_BAD_REQUEST,
		"publish:n\x00ws":                     gosrt.REJX_BAD_REQUEST,
		"publish%3An%00ws":                    gosrt.REJX_BAD_REQUEST,
		"publish:nëws":                        gosrt.REJX_BAD_REQUEST,
		"publish:" + strings.Repeat("a", 505): gosrt.REJX_BAD_REQUEST,
		"read:news":                           gosrt.REJX_BAD_MODE,
		"#!::r=news":                          gosrt.REJX_BAD_MODE, // the mode is request where none is given
		"#!::r=news,m=bidirectional":          gosrt.REJX_BAD_MODE,
		"#!::r=news,m=publish,t=file":         rejectMedia,
	} {
		_, err := parseStreamID(in)
		var r *refusal
		if !errors.As(err, &r) || r.code != code {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func FuzzStreamID(f *testing.F) {
	for _, s := range []string{
		"publish:a", "publish:a/b:c", "#!::m=publish,r=a/b,key=c,input=d", "#!::", "#!::m", "read:a", ":", "publish:key=x", "publish%3Aa%253a", "%", "\xff", "#!::m=key=x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := parseStreamID(s)
		if err != nil {
			if len(err.Error()) > 200 || strings.ContainsAny(err.Error(), "\r\n") || codeOf(err) < 1400 {
				t.Errorf("%q: %q", s, err)
			}
			return
		}
		if id.Channel == "" || len(s) > maxStreamID || strings.Contains(id.Channel, "/") {
			t.Errorf("%q: %+v", s, id)
		}
	})
}
