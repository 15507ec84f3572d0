package origin

import (
	"errors"
	"strings"
)

// What callers can tell apart. An error about several sites wraps what happened on each; it is ErrNotFound only where every site said so.
var (
	ErrNotFound    = errors.New("no such file")               // none of the sites has it
	ErrChanged     = errors.New("file has changed")           // it is no longer what it was when it was opened: open it anew
	ErrUnavailable = errors.New("site cannot be read")        // down, too slow, broken, or its answers make no sense
	ErrRefused     = errors.New("site refuses access")        // 401, 403, no permission, a symbolic link that leads out
	ErrDifferent   = errors.New("site has another file")      // a copy on another site that is not known to be the same
	ErrUnlisted    = errors.New("site cannot be listed")      // HTTP servers tell no names
	ErrUnknownSite = errors.New("no site is named so")        // a name that New was not told
	errPassedOver  = errors.New("passed over, as it is down") // by health memory: no request was made
)

// Reason says why a request to a site failed, as metrics name it.
type Reason string

// The reasons. Those marked with a star tell that the site itself is ill: health memory counts them.
const (
	Connect   Reason = "connect"   // * no connection, or it ended before an answer came
	Timeout   Reason = "timeout"   // * no first byte in time
	Stalled   Reason = "stalled"   // * no further byte in time
	Cut       Reason = "cut"       // * the answer ended early
	Status    Reason = "status"    // * 5xx, 429 and other statuses that tell of trouble there
	Disk      Reason = "disk"      // * a directory cannot be read
	Length    Reason = "length"    // another stretch, or more or fewer bytes, than was asked for
	Unfit     Reason = "unfit"     // a server without ranges or without ETag and Last-Modified, not a regular file, a status that makes no sense
	Busy      Reason = "busy"      // too many of our own requests are under way there
	Refused   Reason = "refused"   // 401, 403, no permission
	Missing   Reason = "missing"   // 404
	Changed   Reason = "changed"   // not what was opened
	Different Reason = "different" // a copy that is another file
)

// ill tells whether a reason speaks against the site, and not only against one file of it.
func (r Reason) ill() bool {
	switch r {
	case Connect, Timeout, Stalled, Cut, Status, Disk:
		return true
	}
	return false
}

// slow tells whether who asked had to wait for a time-out to learn it.
func (r Reason) slow() bool { return r == Timeout || r == Stalled }

// sentinel is the error that callers know a reason by.
func (r Reason) sentinel() error {
	switch r {
	case Missing:
		return ErrNotFound
	case Changed:
		return ErrChanged
	case Refused:
		return ErrRefused
	case Different:
		return ErrDifferent
	}
	return ErrUnavailable
}

// fault is what went wrong with one request to one site. Its text never holds an address with secrets in it.
type fault struct {
	reason Reason
	err    error
}

func failed(reason Reason, err error) error { return &fault{reason, err} }

func (f *fault) Error() string   { return f.err.Error() }
func (f *fault) Unwrap() []error { return []error{f.reason.sentinel(), f.err} }

// reasonOf is why a request failed, or "" for an error that is not a site's: a context that ended.
func reasonOf(err error) Reason {
	var f *fault
	if errors.As(err, &f) {
		return f.reason
	}
	return ""
}

// Failure is the error about a file that none of its sites could give: what happened on each, in the order they were tried.
type Failure struct {
	Path  string
	Sites []SiteError
}

// SiteError is what happened on one site.
type SiteError struct {
	Site string
	Err  error
}

func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString(f.Path)
	if len(f.Sites) == 0 {
		b.WriteString(": no site to read it from")
	}
	for i, s := range f.Sites {
		if i == 0 {
			b.WriteString(": site ")
		} else {
			b.WriteString("; site ")
		}
		b.WriteString(s.Site + ": " + s.Err.Error())
	}
	return b.String()
}

// Unwrap gives what happened, without "not found" where another site might have the file: who asks for ErrNotFound asks of all.
func (f *Failure) Unwrap() []error {
	all := make([]error, 0, len(f.Sites))
	missing := 0
	for _, s := range f.Sites {
		if reasonOf(s.Err) == Missing {
			missing++
			continue
		}
		all = append(all, s.Err)
	}
	if missing == len(f.Sites) {
		return []error{ErrNotFound}
	}
	return all
}

// note adds what happened on a site. Of a site that was passed over first and asked after all only the latter is told.
func (f *Failure) note(site string, err error) {
	for i := range f.Sites {
		if f.Sites[i].Site == site {
			f.Sites[i].Err = err
			return
		}
	}
	f.Sites = append(f.Sites, SiteError{site, err})
}
