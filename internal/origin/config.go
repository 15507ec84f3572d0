package origin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// DefaultTimeout is how long a site may take where its Config says nothing.
const DefaultTimeout = 5 * time.Second

// Config says where the files of a site lie.
type Config struct {
	// Name is what assets, logs and metrics call it.
	Name string
	// URL is "file:DIR", "s3://BUCKET/PREFIX" or "http(s)://HOST/…/"; files lie below it. An HTTP address may have user:password@ and a query,
	// which goes with every request (a token, say); neither is ever logged.
	URL string
	// Endpoint is the S3 service, "https://HOST[:PORT]"; without it that of Amazon.
	Endpoint string
	// Region of the S3 service; without it what the endpoint's name tells, else us-east-1.
	Region string
	// AccessKey and SecretKey sign requests to S3; without them they are anonymous. They are never logged.
	AccessKey, SecretKey string
	// Timeout is how long the first byte of an answer may take, from asking, connecting and redirects included; and how long each further
	// byte may take. 0: DefaultTimeout. Half of it is for connecting.
	Timeout time.Duration
}

// String names a site without its secrets.
func (c Config) String() string {
	if address := c.address(); address != "" {
		return c.Name + " (" + address + ")"
	}
	return c.Name
}

// address is the URL without its secrets; "" where it is none.
func (c Config) address() string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// LogValue keeps secrets out of logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Check says what is wrong with a site's configuration, without a look at the site.
func (c Config) Check() error {
	_, _, err := c.parse()
	return err
}

// The kinds of site.
const (
	kindDirectory = "file"
	kindS3        = "s3"
	kindHTTP      = "http"
)

// parse tells the kind of a site and its address. For a directory that is a URL with nothing but a path.
func (c Config) parse() (kind string, u *url.URL, err error) {
	fail := func(format string, args ...any) (string, *url.URL, error) {
		return "", nil, fmt.Errorf("site %s: "+format, append([]any{c.Name}, args...)...)
	}
	switch {
	case c.Name == "":
		return "", nil, errors.New("a site has no name")
	case c.Timeout < 0:
		return fail("time-out %v is negative", c.Timeout)
	}
	if dir, ok := strings.CutPrefix(c.URL, "file:"); ok {
		dir = strings.TrimPrefix(dir, "//")
		if dir == "" {
			return fail("file: without a directory")
		}
		if c.Endpoint != "" || c.Region != "" || c.AccessKey != "" || c.SecretKey != "" {
			return fail("endpoint, region and keys are for s3: only")
		}
		return kindDirectory, &url.URL{Path: filepath.FromSlash(dir)}, nil
	}
	u, err = url.Parse(c.URL)
	if err != nil {
		// The error of url.Parse holds the address, and that may hold a password.
		return fail("its url is not one")
	}
	switch u.Scheme {
	case "s3":
		if u.Host == "" || u.User != nil || u.RawQuery != "" {
			return fail("an s3: url is s3://BUCKET/PREFIX")
		}
		if (c.AccessKey == "") != (c.SecretKey == "") {
			return fail("of access_key and secret_key only one is given")
		}
		return kindS3, u, c.checkEndpoint()
	case "http", "https":
		if u.Host == "" {
			return fail("its url has no host")
		}
		if c.Endpoint != "" || c.Region != "" || c.AccessKey != "" || c.SecretKey != "" {
			return fail("endpoint, region and keys are for s3: only")
		}
		return kindHTTP, u, nil
	}
	return fail("url is none of file:DIR, s3://BUCKET/PREFIX, http(s)://HOST/…")
}

// checkEndpoint refuses what is not the address of an S3 service.
func (c Config) checkEndpoint() error {
	if c.Endpoint == "" {
		return nil
	}
	e, err := url.Parse(c.Endpoint)
	if err != nil || (e.Scheme != "http" && e.Scheme != "https") || e.Host == "" || e.User != nil || e.RawQuery != "" || strings.Trim(e.Path, "/") != "" {
		return fmt.Errorf("site %s: endpoint is not http(s)://HOST[:PORT]", c.Name)
	}
	return nil
}

// timeout is the time-out that holds.
func (c Config) timeout() time.Duration {
	if c.Timeout == 0 {
		return DefaultTimeout
	}
	return c.Timeout
}
