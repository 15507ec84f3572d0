package edge

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fasthttp"
)

// static is the files of the player page, in memory. It is immutable.
type static struct{ files map[string]*file }

// file is one of them.
type file struct {
	tag []byte
	content
}

// Bounds of the page's files.
const (
	maxStaticFile = 32 << 20 // bytes
	year          = int(365 * 24 * time.Hour / time.Second)
)

// loadStatic reads and compresses all files. A directory's index.html stands for the directory too.
func loadStatic(files fs.FS) (*static, error) {
	s := &static{files: make(map[string]*file)}
	if files == nil {
		return s, nil
	}
	hashed := regexp.MustCompile(`[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$`)
	z, err := gzip.NewWriterLevel(nil, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Size() > maxStaticFile {
			return fmt.Errorf("%s: no regular file of at most %d bytes", name, maxStaticFile)
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		mime, text := typeOf(name)
		c := &file{content: content{kind: kindPage, data: data, mime: mime, varies: text, ranges: len(data) > 0, maxAge: -1}}
		c.tag, c.zipTag = textTags(data)
		if text {
			c.zipped = gzipped(z, data)
		}
		if strings.HasPrefix(name, "assets/") && hashed.MatchString(name) {
			c.maxAge, c.constant = year, true
		}
		s.files["/"+name] = c
		if dir, ok := strings.CutSuffix("/"+name, "index.html"); ok && strings.HasSuffix(dir, "/") {
			s.files[dir] = c
		}
		return nil
	})
	return s, err
}

// typeOf is the content type of a file by its name, and whether compressing it pays.
func typeOf(name string) (mime string, text bool) {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8", true
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8", true
	case ".css":
		return "text/css; charset=utf-8", true
	case ".json", ".map":
		return "application/json", true
	case ".webmanifest":
		return "application/manifest+json", true
	case ".svg":
		return "image/svg+xml", true
	case ".txt":
		return textType, true
	case ".wasm":
		return "application/wasm", true
	case ".woff2":
		return "font/woff2", false
	case ".woff":
		return "font/woff", false
	case ".png":
		return "image/png", false
	case ".jpg", ".jpeg":
		return "image/jpeg", false
	case ".webp":
		return "image/webp", false
	case ".ico":
		return "image/x-icon", false
	case ".mp4":
		return "video/mp4", false
	}
	return "application/octet-stream", false
}

// servePage sends a file of the player page.
func (s *Server) servePage(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	c := s.static.files[string(ctx.URI().PathOriginal())]
	if c == nil {
		s.fail(ctx, kindPage, fasthttp.StatusNotFound, "there is nothing under this path")
		return
	}
	s.send(ctx, &c.content, c.tag)
}
