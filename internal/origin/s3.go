package origin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// s3Site is a bucket, or what lies below a prefix in one.
type s3Site struct {
	core           *minio.Core
	transport      *http.Transport
	timeout        time.Duration
	bucket, prefix string // prefix is "" or ends with a slash
}

// newS3 is a site of the bucket and prefix that u names.
func newS3(cfg Config, u *url.URL, net network) (backend, error) {
	endpoint, err := url.Parse(cmp.Or(cfg.Endpoint, "https://s3.amazonaws.com"))
	if err != nil {
		return nil, errors.New("endpoint is not an address")
	}
	region := cmp.Or(cfg.Region, s3utils.GetRegionFromURL(*endpoint))
	if region == "" && !s3utils.IsAmazonEndpoint(*endpoint) {
		region = "us-east-1" // or the library would ask the server, which few of them know
	}
	s := &s3Site{transport: net.transport(cfg.timeout()), timeout: cfg.timeout(), bucket: u.Host, prefix: strings.Trim(u.Path, "/")}
	if s.prefix != "" {
		s.prefix += "/"
	}
	s.core, err = minio.NewCore(endpoint.Host, &minio.Options{
		Creds:      credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""),
		Secure:     endpoint.Scheme == "https",
		Region:     region,
		Transport:  &recorder{s.transport},
		MaxRetries: 1, // the other sites are the retries
	})
	if err != nil {
		return nil, fmt.Errorf("S3: %w", err)
	}
	return newRemote(s, cfg.timeout()), nil
}

func (s *s3Site) close() { s.transport.CloseIdleConnections() }

func (s *s3Site) get(ctx context.Context, path string, header http.Header) (*answer, error) {
	var opts minio.GetObjectOptions
	for name := range header {
		opts.Set(name, header.Get(name))
	}
	x, ctx := exchanging(ctx)
	body, _, h, err := s.core.GetObject(ctx, s.bucket, s.prefix+path, opts)
	if err != nil {
		return x.failed(err)
	}
	return &answer{status: x.status, header: h, body: body}, nil
}

// list reads page after page until there are enough names.
func (s *s3Site) list(ctx context.Context, folder, after string, limit int) ([]Entry, error) {
	w := watching(ctx, s.timeout)
	defer w.end()
	x, ctx := exchanging(w.ctx)
	below := s.prefix
	if folder != "" {
		below += folder + "/"
	}
	opts := minio.ListObjectsOptions{Prefix: below, Recursive: true}
	if after != "" {
		opts.StartAfter = s.prefix + after
	}
	var found []Entry
	visited := 0
	objects := s.core.ListObjectsIter(ctx, s.bucket, opts)
	for o := range objects {
		w.timer.Reset(s.timeout)
		if o.Err != nil {
			a, err := x.failed(o.Err)
			if err != nil {
				return nil, w.network(err)
			}
			return nil, a.fault()
		}
		if visited++; visited > maxVisited {
			return nil, failed(Unfit, fmt.Errorf("more than %d names", maxVisited))
		}
		name := strings.TrimPrefix(o.Key, s.prefix)
		if checkPath(name) != nil || hidden(name) || name <= after { // there are servers that do not know where to begin
			continue // what stands for a folder ends with a slash
		}
		if found = append(found, Entry{Path: name, Size: o.Size, Modified: o.LastModified}); len(found) == limit {
			break
		}
	}
	if w.ctx.Err() != nil {
		return nil, w.network(w.ctx.Err())
	}
	slices.SortFunc(found, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return found, nil
}

// hidden tells whether an element of a path begins with a dot.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.Contains(path.Clean("/"+name), "/.")
}
