package pipeline

import (
	"encoding/xml"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// mpd is what a player takes from an MPD.
type mpd struct {
	Type         string `xml:"type,attr"`
	Available    string `xml:"availabilityStartTime,attr"`
	Published    string `xml:"publishTime,attr"`
	Update       length `xml:"minimumUpdatePeriod,attr"`
	MinBuffer    length `xml:"minBufferTime,attr"`
	Depth        length `xml:"timeShiftBufferDepth,attr"`
	Delay        length `xml:"suggestedPresentationDelay,attr"`
	LongestMedia length `xml:"maxSegmentDuration,attr"`
	Clocks       []struct {
		Scheme string `xml:"schemeIdUri,attr"`
	} `xml:"UTCTiming"`
	Services []struct {
		Latency struct {
			Min    int `xml:"min,attr"`
			Target int `xml:"target,attr"`
			Max    int `xml:"max,attr"`
		} `xml:"Latency"`
		Rate struct {
			Min float64 `xml:"min,attr"`
			Max float64 `xml:"max,attr"`
		} `xml:"PlaybackRate"`
	} `xml:"ServiceDescription"`
	Periods []period `xml:"Period"`
}

type period struct {
	ID       string          `xml:"id,attr"`
	Start    length          `xml:"start,attr"`
	Duration length          `xml:"duration,attr"`
	Sets     []adaptationSet `xml:"AdaptationSet"`
}

type adaptationSet struct {
	ID        string `xml:"id,attr"`
	SAP       int    `xml:"startWithSAP,attr"`
	Essential []struct {
		Scheme string `xml:"schemeIdUri,attr"`
		Value  string `xml:"value,attr"`
	} `xml:"EssentialProperty"`
	Reference []struct {
		Time string `xml:"presentationTime,attr"`
	} `xml:"ProducerReferenceTime"`
	Template struct {
		Early     string `xml:"availabilityTimeOffset,attr"`
		Complete  string `xml:"availabilityTimeComplete,attr"`
		Timescale int64  `xml:"timescale,attr"`
		Offset    int64  `xml:"presentationTimeOffset,attr"`
		First     uint64 `xml:"startNumber,attr"`
		Init      string `xml:"initialization,attr"`
		Media     string `xml:"media,attr"`
		Lines     []struct {
			T *int64 `xml:"t,attr"`
			D int64  `xml:"d,attr"`
			R int    `xml:"r,attr"`
		} `xml:"SegmentTimeline>S"`
	} `xml:"SegmentTemplate"`
	Representation struct {
		ID        string `xml:"id,attr"`
		Bandwidth int64  `xml:"bandwidth,attr"`
		Codecs    string `xml:"codecs,attr"`
	} `xml:"Representation"`
}

// length is an xs:duration without years and months. It is there or not.
type length struct {
	time.Duration
	there bool
}

var lengthForm = regexp.MustCompile(`^P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?$`)

// UnmarshalXMLAttr implements xml.UnmarshalerAttr.
func (l *length) UnmarshalXMLAttr(attr xml.Attr) error {
	parts := lengthForm.FindStringSubmatch(attr.Value)
	if parts == nil {
		return fmt.Errorf("%q is no duration", attr.Value)
	}
	l.there = true
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if parts[i+1] == "" {
			continue
		}
		n, ok := new(big.Rat).SetString(parts[i+1])
		if !ok {
			return fmt.Errorf("%q is no number", parts[i+1])
		}
		n.Mul(n, big.NewRat(int64(unit), 1))
		if !n.IsInt() || !n.Num().IsInt64() {
			return fmt.Errorf("%q is not a number of nanoseconds", attr.Value)
		}
		l.Duration += time.Duration(n.Num().Int64())
	}
	return nil
}

func readMPD(doc []byte) (m mpd, err error) {
	err = xml.Unmarshal(doc, &m)
	return m, err
}

// span is a segment of a timeline, in ticks of its set.
type span struct {
	number     uint64
	start, end int64
}

// trick is the id of the set that s has the key frames of; "" where it is a set to be played.
func (s adaptationSet) trick() string {
	for _, p := range s.Essential {
		if p.Scheme == "http://dashif.org/guidelines/trickmode" {
			return p.Value
		}
	}
	return ""
}

// spans are the segments of the set's timeline in their order.
func (s adaptationSet) spans() []span {
	var all []span
	at, number := int64(0), s.Template.First
	for _, line := range s.Template.Lines {
		if line.T != nil {
			at = *line.T
		}
		for range line.R + 1 {
			all = append(all, span{number, at, at + line.D})
			at += line.D
			number++
		}
	}
	return all
}

// url is where the segment of that number is, relative to the MPD.
func (s adaptationSet) url(number uint64) string {
	return s.expand(strings.ReplaceAll(s.Template.Media, "$Number$", strconv.FormatUint(number, 10)))
}

func (s adaptationSet) expand(template string) string {
	return strings.ReplaceAll(template, "$RepresentationID$", s.Representation.ID)
}
