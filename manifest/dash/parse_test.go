package dash_test

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// document is an MPD as a player reads it. The structs share nothing with the writer.
type document struct {
	Profiles   string `xml:"profiles,attr"`
	Type       string `xml:"type,attr"`
	Start      string `xml:"availabilityStartTime,attr"`
	Published  string `xml:"publishTime,attr"`
	Update     span   `xml:"minimumUpdatePeriod,attr"`
	MinBuffer  span   `xml:"minBufferTime,attr"`
	Depth      span   `xml:"timeShiftBufferDepth,attr"`
	Delay      span   `xml:"suggestedPresentationDelay,attr"`
	MaxSegment span   `xml:"maxSegmentDuration,attr"`
	Title      string `xml:"ProgramInformation>Title"`
	ID         string `xml:"id,attr"`
	Length     span   `xml:"mediaPresentationDuration,attr"`
	Patches    []struct {
		TTL int    `xml:"ttl,attr"`
		URL string `xml:",chardata"`
	} `xml:"PatchLocation"`
	Services []struct {
		Latency []struct {
			Target int `xml:"target,attr"`
			Min    int `xml:"min,attr"`
			Max    int `xml:"max,attr"`
		} `xml:"Latency"`
		Rates []struct {
			Min float64 `xml:"min,attr"`
			Max float64 `xml:"max,attr"`
		} `xml:"PlaybackRate"`
	} `xml:"ServiceDescription"`
	Clocks []struct {
		Scheme string `xml:"schemeIdUri,attr"`
		Value  string `xml:"value,attr"`
	} `xml:"UTCTiming"`
	Periods []period `xml:"Period"`
}

type period struct {
	ID       string `xml:"id,attr"`
	Start    span   `xml:"start,attr"`
	Duration span   `xml:"duration,attr"`
	Sets     []set  `xml:"AdaptationSet"`
}

type set struct {
	ID         string `xml:"id,attr"`
	Content    string `xml:"contentType,attr"`
	Lang       string `xml:"lang,attr"`
	Aligned    bool   `xml:"segmentAlignment,attr"`
	SAP        int    `xml:"startWithSAP,attr"`
	Properties []struct {
		Scheme string `xml:"schemeIdUri,attr"`
		Value  string `xml:"value,attr"`
	} `xml:"SupplementalProperty"`
	Essential []struct {
		Scheme string `xml:"schemeIdUri,attr"`
		Value  string `xml:"value,attr"`
	} `xml:"EssentialProperty"`
	References []struct {
		Wall string `xml:"wallClockTime,attr"`
		Time int64  `xml:"presentationTime,attr"`
	} `xml:"ProducerReferenceTime"`
	Template        template `xml:"SegmentTemplate"`
	Representations []struct {
		ID        string `xml:"id,attr"`
		Bandwidth int    `xml:"bandwidth,attr"`
		Codecs    string `xml:"codecs,attr"`
		MIME      string `xml:"mimeType,attr"`
		Width     int    `xml:"width,attr"`
		Height    int    `xml:"height,attr"`
		Dependent string `xml:"codingDependency,attr"`
		Fastest   string `xml:"maxPlayoutRate,attr"`

		Template *template `xml:"SegmentTemplate"`
	} `xml:"Representation"`
}

type template struct {
	Available string `xml:"availabilityTimeOffset,attr"`
	Complete  string `xml:"availabilityTimeComplete,attr"`
	Timescale int64  `xml:"timescale,attr"`
	Offset    int64  `xml:"presentationTimeOffset,attr"`
	Number    uint64 `xml:"startNumber,attr"`
	Init      string `xml:"initialization,attr"`
	Media     string `xml:"media,attr"`
	S         []struct {
		T *int64 `xml:"t,attr"`
		D int64  `xml:"d,attr"`
		R int    `xml:"r,attr"`
	} `xml:"SegmentTimeline>S"`
}

// span is an xs:duration; the zero value is an attribute that is not there.
type span struct{ time.Duration }

var spanPattern = regexp.MustCompile(`^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,9}))?S)?$`)

// UnmarshalXMLAttr implements xml.UnmarshalerAttr.
func (s *span) UnmarshalXMLAttr(attr xml.Attr) error {
	m := spanPattern.FindStringSubmatch(attr.Value)
	if m == nil {
		return fmt.Errorf("duration %q", attr.Value)
	}
	number := func(digits string) time.Duration {
		n, _ := strconv.ParseInt(digits, 10, 64)
		return time.Duration(n)
	}
	fraction := (m[4] + "000000000")[:9]
	s.Duration = number(m[1])*time.Hour + number(m[2])*time.Minute + number(m[3])*time.Second + number(fraction)
	return nil
}

// keys tells whether the set has key frames only.
func (s set) keys() bool { return len(s.Essential) > 0 }

func parse(doc []byte) (d document, err error) {
	if err := xml.Unmarshal(doc, &d); err != nil {
		return d, err
	}
	for i := range d.Periods {
		d.Periods[i].Sets, err = apart(d.Periods[i].Sets)
		if err != nil {
			return d, err
		}
	}
	return d, nil
}

// apart makes a set for each Representation, as where there is one only.
func apart(sets []set) (all []set, err error) {
	for _, s := range sets {
		shared := len(s.Representations) > 1
		for _, r := range s.Representations {
			one := s
			one.Representations = s.Representations[:0:0]
			one.Representations = append(one.Representations, r)
			if r.Template != nil {
				one.Template = *r.Template
			}
			if shared && (r.Template == nil || s.Template.Timescale != 0 || s.Content != "video") {
				return nil, fmt.Errorf("set %s is shared, and its templates are not apart", s.ID)
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// listed is a segment as the timeline of its set has it.
type listed struct {
	number     uint64
	start, end int64 // in the set's timescale
}

func (s set) segments() []listed {
	var all []listed
	number, at := s.Template.Number, int64(0)
	for _, line := range s.Template.S {
		if line.T != nil {
			at = *line.T
		}
		for range line.R + 1 {
			all = append(all, listed{number: number, start: at, end: at + line.D})
			number, at = number+1, at+line.D
		}
	}
	return all
}
