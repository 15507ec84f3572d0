package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bounds of a channel's feeds.
const (
	MaxRenditions = 8
	MaxGroups     = 16 // of edges that a channel is pinned to
	MaxInputs     = 8
	MaxName       = 40 // bytes of the name of a rendition or an input
	MinSilence    = 200 * time.Millisecond
	MaxSilence    = time.Minute
	MaxBack       = time.Hour
)

// What a channel has where neither file nor API says otherwise.
const (
	DefaultSilence = 2 * time.Second
	DefaultBack    = 30 * time.Second
)

// Names is a list of names, as MakeNames gives it: comma-separated, "" for the empty one. It is text, so that channels can be compared.
type Names string

// MakeNames is the list of those names.
func MakeNames(names []string) Names { return Names(strings.Join(names, ",")) }

// List is the names one by one, never nil.
func (n Names) List() []string {
	if n == "" {
		return []string{}
	}
	return strings.Split(string(n), ",")
}

// Input is one of the feeds that can put a channel on air.
type Input struct {
	Name   string `json:"name"`
	Source string `json:"source,omitempty"` // as that of a channel; "": open for a push. May have secrets: HideSource
}

// Inputs is a list of inputs, as MakeInputs gives it, the best first: a line each, name and source. It is text, so that channels can be compared.
type Inputs string

// MakeInputs is the list of those inputs.
func MakeInputs(inputs []Input) Inputs {
	lines := make([]string, len(inputs))
	for i, in := range inputs {
		lines[i] = in.Name
		if in.Source != "" {
			lines[i] += "=" + in.Source
		}
	}
	return Inputs(strings.Join(lines, "\n"))
}

// List is the inputs one by one, never nil.
func (in Inputs) List() []Input {
	list := []Input{}
	if in == "" {
		return list
	}
	for line := range strings.SplitSeq(string(in), "\n") {
		name, source, _ := strings.Cut(line, "=")
		list = append(list, Input{Name: name, Source: source})
	}
	return list
}

// Names are those of the inputs, never nil.
func (in Inputs) Names() []string {
	list := in.List()
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	return names
}

// Has tells whether there is an input of that name.
func (in Inputs) Has(name string) bool { return slices.Contains(in.Names(), name) }

// String is a short form for people, without secrets.
func (in Inputs) String() string {
	list := in.List()
	for i := range list {
		list[i].Source = HideSource(list[i].Source)
	}
	return fmt.Sprintf("%q", strings.ReplaceAll(string(MakeInputs(list)), "\n", " "))
}

// Switch is how a channel goes over from one of its inputs to another.
type Switch struct {
	Silence time.Duration // the input on air is left when it has brought nothing new for so long
	Back    time.Duration // a better input is taken again when it has been well for so long
}

// ValidateName tells whether a rendition or an input may be called that: it stands in URLs.
func ValidateName(field, name string) error {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	}
	if name == "" || len(name) > MaxName || strings.IndexFunc(name, odd) >= 0 {
		return invalid(field, "%.50q is no name: letters, digits, _, - and ., 1 to %d", name, MaxName)
	}
	return nil
}

func validateNames(field string, names []string, most int) error {
	if len(names) > most {
		return invalid(field, "%d are too many, at most %d", len(names), most)
	}
	for i, name := range names {
		if err := ValidateName(field, name); err != nil {
			return err
		}
		if slices.Contains(names[:i], name) {
			return invalid(field, "%q is there twice", name)
		}
	}
	return nil
}

func (c Channel) validateFeeds() error {
	if err := validateNames("renditions", c.Renditions.List(), MaxRenditions); err != nil {
		return err
	}
	if err := validateNames("groups", c.Groups.List(), MaxGroups); err != nil {
		return err
	}
	if err := validateNames("inputs", c.Inputs.Names(), MaxInputs); err != nil {
		return err
	}
	for _, in := range c.Inputs.List() {
		if err := validateSource(in.Source); err != nil {
			return invalid("inputs", "%s: %s", in.Name, err)
		}
		if c.Source != "" {
			return invalid("inputs", "a channel has either a source or inputs, and each of these a source of its own")
		}
	}
	if s := c.Switch.Silence; s < MinSilence || s > MaxSilence {
		return invalid("switch.silence", "%s is out of bounds, must be from %s to %s", s, MinSilence, MaxSilence)
	}
	if b := c.Switch.Back; b < 0 || b > MaxBack {
		return invalid("switch.back", "%s is out of bounds, must be from 0s to %s", b, MaxBack)
	}
	return nil
}
