package mpd

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// MPD is the root element (5.3.1). Times and durations are as written: see Time and Duration.
type MPD struct {
	XMLName           xml.Name
	Type              string               `xml:"type,attr"`
	Profiles          string               `xml:"profiles,attr"`
	Start             string               `xml:"availabilityStartTime,attr"`
	Publish           string               `xml:"publishTime,attr"`
	Update            string               `xml:"minimumUpdatePeriod,attr"`
	Total             string               `xml:"mediaPresentationDuration,attr"`
	MinBuffer         string               `xml:"minBufferTime,attr"`
	TimeShift         string               `xml:"timeShiftBufferDepth,attr"`
	Delay             string               `xml:"suggestedPresentationDelay,attr"`
	BaseURL           []string             `xml:"BaseURL"`
	Location          []string             `xml:"Location"`
	Service           []ServiceDescription `xml:"ServiceDescription"`
	Periods           []Period             `xml:"Period"`
	UTCTiming         []Descriptor         `xml:"UTCTiming"`
	PatchLocation     []string             `xml:"PatchLocation"`
	EssentialProperty []Descriptor         `xml:"EssentialProperty"`
}

// Dynamic tells that the MPD may be updated.
func (m *MPD) Dynamic() bool { return m.Type == "dynamic" }

// Descriptor is a DescriptorType (5.8.2).
type Descriptor struct {
	Scheme string `xml:"schemeIdUri,attr"`
	Value  string `xml:"value,attr"`
}

// ServiceDescription is annex K.
type ServiceDescription struct {
	Latency []struct {
		Target string `xml:"target,attr"` // milliseconds
	} `xml:"Latency"`
	PlaybackRate []struct {
		Max string `xml:"max,attr"`
		Min string `xml:"min,attr"`
	} `xml:"PlaybackRate"`
}

// Period is 5.3.2.
type Period struct {
	ID       string               `xml:"id,attr"`
	Start    string               `xml:"start,attr"`
	Duration string               `xml:"duration,attr"`
	Href     string               `xml:"http://www.w3.org/1999/xlink href,attr"`
	BaseURL  []string             `xml:"BaseURL"`
	Template *Template            `xml:"SegmentTemplate"`
	Service  []ServiceDescription `xml:"ServiceDescription"`
	Sets     []Set                `xml:"AdaptationSet"`
}

// Set is an AdaptationSet (5.3.3).
type Set struct {
	ID        string           `xml:"id,attr"`
	Type      string           `xml:"contentType,attr"`
	Mime      string           `xml:"mimeType,attr"`
	Codecs    string           `xml:"codecs,attr"`
	Language  string           `xml:"lang,attr"`
	SAP       string           `xml:"startWithSAP,attr"`
	Aligned   string           `xml:"segmentAlignment,attr"`
	BaseURL   []string         `xml:"BaseURL"`
	Essential []Descriptor     `xml:"EssentialProperty"`
	Producer  []Producer       `xml:"ProducerReferenceTime"`
	Template  *Template        `xml:"SegmentTemplate"`
	List      *struct{}        `xml:"SegmentList"`
	Base      *struct{}        `xml:"SegmentBase"`
	Streams   []Representation `xml:"Representation"`
}

// TrickMode tells that the set is for trick play of another (4.3.2 of DASH-IF IOP).
func (s *Set) TrickMode() bool {
	for _, d := range s.Essential {
		if d.Scheme == "http://dashif.org/guidelines/trickmode" {
			return true
		}
	}
	return false
}

// Representation is 5.3.5.
type Representation struct {
	ID        string     `xml:"id,attr"`
	Bandwidth uint64     `xml:"-"`
	Rate      string     `xml:"bandwidth,attr"`
	Mime      string     `xml:"mimeType,attr"`
	Codecs    string     `xml:"codecs,attr"`
	SAP       string     `xml:"startWithSAP,attr"`
	BaseURL   []string   `xml:"BaseURL"`
	Producer  []Producer `xml:"ProducerReferenceTime"`
	Template  *Template  `xml:"SegmentTemplate"`
	List      *struct{}  `xml:"SegmentList"`
	Base      *struct{}  `xml:"SegmentBase"`
}

// Producer is a ProducerReferenceTime (5.12).
type Producer struct {
	ID    string `xml:"id,attr"`
	Type  string `xml:"type,attr"`
	Clock string `xml:"wallClockTime,attr"`
	At    string `xml:"presentationTime,attr"`
}

// Template is a SegmentTemplate (5.3.9.4); what is not told is nil, so that it can be inherited.
type Template struct {
	Media          *string   `xml:"media,attr"`
	Initialization *string   `xml:"initialization,attr"`
	StartNumber    *string   `xml:"startNumber,attr"`
	Timescale      *string   `xml:"timescale,attr"`
	Duration       *string   `xml:"duration,attr"`
	Offset         *string   `xml:"presentationTimeOffset,attr"`
	Available      *string   `xml:"availabilityTimeOffset,attr"`
	Complete       *string   `xml:"availabilityTimeComplete,attr"`
	Timeline       *Timeline `xml:"SegmentTimeline"`
}

// Timeline is a SegmentTimeline (5.3.9.6).
type Timeline struct {
	S []S `xml:"S"`
}

// S is an entry of a timeline.
type S struct {
	T *string `xml:"t,attr"`
	N *string `xml:"n,attr"`
	D string  `xml:"d,attr"`
	R string  `xml:"r,attr"`
}

// Parse reads an MPD. Its errors wrap ErrNotMPD.
func Parse(data []byte) (*MPD, error) {
	if err := bounded(data); err != nil {
		return nil, err
	}
	var m MPD
	if err := xml.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotMPD, err)
	}
	if m.XMLName.Local != "MPD" {
		return nil, fmt.Errorf("%w: the root is %.40q", ErrNotMPD, m.XMLName.Local)
	}
	return &m, nil
}

// bounded refuses what is too large, too deep, or has more elements than any MPD.
func bounded(data []byte) error {
	if len(data) > maxSize {
		return fmt.Errorf("%w: %d bytes", ErrNotMPD, len(data))
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	depth, elements := 0, 0
	for {
		token, err := d.RawToken()
		if err != nil {
			return nil // Unmarshal tells
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
			elements++
		case xml.EndElement:
			depth--
		case xml.Directive:
			return fmt.Errorf("%w: it has a document type", ErrNotMPD)
		}
		if depth > maxDepth || elements > maxElements {
			return fmt.Errorf("%w: more than %d levels or %d elements", ErrNotMPD, maxDepth, maxElements)
		}
	}
}
