package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"weir/internal/catalog"
	"weir/internal/origin"
)

// VOD is what is made of files on demand.
type VOD struct {
	Segment time.Duration // how long a segment should be. Default: 4 s
	// Head is how many bytes the beginnings of all assets may take together that are kept in memory. They are a part of Edge.Memory. Default: 64 MiB
	Head      int64
	Sites     []Site            // valid, sorted by name
	Libraries []catalog.Library // valid, sorted by name; their sites are there
}

// Places are the sites and libraries as the catalog wants to know them.
func (v VOD) Places() catalog.Places {
	p := catalog.Places{Sites: make([]string, len(v.Sites)), Libraries: v.Libraries}
	for i, s := range v.Sites {
		p.Sites[i] = s.Name
	}
	return p
}

// Origins are the sites as origin.New wants to know them.
func (v VOD) Origins() []origin.Config {
	all := make([]origin.Config, len(v.Sites))
	for i, s := range v.Sites {
		all[i] = origin.Config(s)
	}
	return all
}

// Site is a place where files lie.
type Site struct {
	Name string // what assets call it
	// URL is file:DIR, s3://BUCKET/PREFIX or http(s)://HOST/…. It may have a password
	URL       string
	Endpoint  string // URL of the S3 service; "": that of Amazon. Default: ""
	Region    string // of the S3 service; "": what Endpoint tells. Default: ""
	AccessKey string // for S3; "": nothing is signed. Default: ""
	SecretKey string // for S3. A secret. Default: ""
	// Timeout is how long the site may take to begin an answer, and for every further piece of it; 0: origin.DefaultTimeout. Default: 0
	Timeout time.Duration
}

// String is the site without its secrets.
func (s Site) String() string { return origin.Config(s).String() }

// GoString is String, so that %#v keeps the secrets to itself too.
func (s Site) GoString() string { return "config.Site " + s.String() }

// LogValue is String: a log has no secrets.
func (s Site) LogValue() slog.Value { return slog.StringValue(s.String()) }

// validate finds what is wrong with the site. Its secrets are never part of the error.
func (s Site) validate() error {
	if err := catalog.ValidateName("id", s.Name); err != nil {
		return err
	}
	if s.URL == "" {
		return &catalog.FieldError{Field: "url", Problem: "is missing: write file:DIR, s3://BUCKET/PREFIX or http(s)://HOST/…"}
	}
	if err := origin.Config(s).Check(); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "site "+s.Name+": "))
	}
	return nil
}

// Bounds of vod.
const (
	maxSites       = 100
	maxSiteTimeout = time.Minute
)

// vod reads the section of that name.
func vod(to *VOD) reader {
	sites := named[Site]{
		most: maxSites, name: "a site's name", fresh: func(name string) Site { return Site{Name: name} }, valid: Site.validate,
		keys: func(s *Site) []key {
			return []key{
				{"url", value(&s.URL, text)},
				{"endpoint", value(&s.Endpoint, text)},
				{"region", value(&s.Region, text)},
				{"access_key", value(&s.AccessKey, text)},
				{"secret_key", value(&s.SecretKey, text)},
				{"timeout", value(&s.Timeout, between(100*time.Millisecond, maxSiteTimeout))},
			}
		},
	}
	libraries := named[catalog.Library]{
		most: catalog.MaxLibraries, name: "a library's name", fresh: func(name string) catalog.Library { return catalog.Library{Name: name} },
		valid: catalog.Library.Validate,
		keys:  func(l *catalog.Library) []key { return []key{{"sites", list(&l.Sites, asTheyAre)}} },
	}
	return section(
		key{"segment", value(&to.Segment, between(catalog.MinSegment, catalog.MaxSegment))},
		key{"head", value(&to.Head, head)},
		key{"sites", sites.into(&to.Sites)},
		key{"libraries", libraries.into(&to.Libraries)},
	)
}

// head reads 64MiB, plain bytes, or 0 for nothing.
func head(s string) (int64, error) {
	n, ok := size(s)
	if !ok {
		return 0, fmt.Errorf("%.50q is no size, write it like 64MiB or as a number of bytes, or 0", s)
	}
	if n > maxMemory {
		return 0, fmt.Errorf("%.50s is out of bounds, must be from 0 to %dTiB", s, maxMemory>>40)
	}
	return n, nil
}
