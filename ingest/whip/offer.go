package whip

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

const (
	maxOffer   = 128 << 10 // bytes; browsers need a tenth of that
	maxSection = 8         // m= lines of an offer
	maxFormats = 64        // payload types of one that are looked at
)

// offer is an SDP offer that can be answered.
type offer struct {
	sdp   string
	video []format // H.264 in the order that the publisher prefers; none: it sends no video
	audio []format // Opus
	ufrag string   // ICE user fragment, by which a later restart is told from a trickle
}

// format is one way to send a track.
type format struct {
	payload uint8
	params  string // a=fmtp
	repair  uint8  // payload type of its retransmissions (RFC 4588); 0: none
}

// parseOffer reads an offer and checks that it can be answered at all. The error is a *refusal.
func parseOffer(body []byte) (offer, error) {
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil {
		return offer{}, refuse(http.StatusBadRequest, "the body is no SDP offer: %s", shorten(err.Error()))
	}
	o := offer{sdp: string(body)}
	if n := len(d.MediaDescriptions); n == 0 || n > maxSection {
		return offer{}, refuse(http.StatusUnprocessableEntity, "the offer has %d m= lines: one of video and one of audio are taken", n)
	}
	for _, m := range d.MediaDescriptions {
		if err := o.section(&d, m); err != nil {
			return offer{}, err
		}
	}
	return o, nil
}

// section reads what stands under one m= line.
func (o *offer) section(d *sdp.SessionDescription, m *sdp.MediaDescription) error {
	kind := m.MediaName.Media
	_, bundled := m.Attribute("bundle-only")
	switch {
	case kind != "video" && kind != "audio":
		return refuse(http.StatusUnprocessableEntity, "the offer has %q: only video and audio are taken", shorten(kind))
	case m.MediaName.Port.Value == 0 && !bundled:
		return refuse(http.StatusUnprocessableEntity, "the offer's %s has port 0: leave out what is not sent", kind)
	case kind == "video" && o.video != nil, kind == "audio" && o.audio != nil:
		return refuse(http.StatusUnprocessableEntity, "the offer has more than one %s track: send one", kind)
	}
	for _, a := range []string{"recvonly", "inactive"} {
		if _, ok := m.Attribute(a); ok {
			return refuse(http.StatusUnprocessableEntity, "the offer's %s is %s: a publisher sends", kind, a)
		}
	}
	if _, ok := m.Attribute("simulcast"); ok {
		return refuse(http.StatusUnprocessableEntity, "the offer has simulcast: send one encoding")
	}
	user, pass := attribute(d, m, "ice-ufrag"), attribute(d, m, "ice-pwd")
	if user == "" || pass == "" || attribute(d, m, "fingerprint") == "" {
		return refuse(http.StatusBadRequest, "the offer's %s has no ICE credentials or no fingerprint", kind)
	}
	o.ufrag = user
	if kind == "video" {
		if o.video = formats(m, "h264/90000"); o.video == nil {
			return refuse(http.StatusNotAcceptable, "the offer's video has no H.264: send H.264")
		}
		return nil
	}
	if o.audio = formats(m, "opus/48000/2"); o.audio == nil {
		return refuse(http.StatusNotAcceptable, "the offer's audio has no Opus: send Opus")
	}
	return nil
}

// attribute is that of the section, or else of the whole offer.
func attribute(d *sdp.SessionDescription, m *sdp.MediaDescription, name string) string {
	if v, ok := m.Attribute(name); ok {
		return v
	}
	v, _ := d.Attribute(name)
	return v
}

// formats are those of a section that carry a codec, in the order of its m= line.
func formats(m *sdp.MediaDescription, codec string) []format {
	maps, params := make(map[uint8]string), make(map[uint8]string)
	for _, a := range m.Attributes {
		to := maps
		switch a.Key {
		case "fmtp":
			to = params
		case "rtpmap":
		default:
			continue
		}
		number, value, _ := strings.Cut(a.Value, " ")
		if pt, err := strconv.ParseUint(number, 10, 7); err == nil {
			to[uint8(pt)] = strings.TrimSpace(value)
		}
	}
	var found []format
	for i, number := range m.MediaName.Formats {
		pt, err := strconv.ParseUint(number, 10, 7)
		if err != nil || i == maxFormats || !strings.EqualFold(maps[uint8(pt)], codec) || !taken(params[uint8(pt)]) {
			continue
		}
		f := format{payload: uint8(pt), params: params[uint8(pt)]}
		for repair, of := range params {
			if strings.EqualFold(maps[repair], "rtx/90000") && parameter(of, "apt") == number {
				f.repair = repair
			}
		}
		found = append(found, f)
	}
	return found
}

// taken tells whether a format's packets can be read: interleaved ones (packetization-mode 2, RFC 6184, 8.1) cannot.
func taken(params string) bool {
	mode := parameter(params, "packetization-mode")
	return mode == "" || mode == "0" || mode == "1"
}

// parameter is one of an a=fmtp line.
func parameter(params, name string) string {
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// maxLevel is what is told to be the highest level that is decoded: 5.2, for nothing is decoded here.
const maxLevel = "34"

// raiseLevels lets a publisher send more than the level that it has offered, where it allows that the two differ (RFC 6184, 8.2.2): browsers
// offer 3.1, which is 720p, and obey the answer.
func raiseLevels(answer string) string {
	const key = "profile-level-id="
	lines := strings.SplitAfter(answer, "\n")
	for i, line := range lines {
		at := strings.Index(line, key)
		if at < 0 || !strings.HasPrefix(line, "a=fmtp:") || !strings.Contains(line, "level-asymmetry-allowed=1") {
			continue
		}
		if level := at + len(key) + 4; len(line) >= level+2 && line[level:level+2] < maxLevel {
			lines[i] = line[:level] + maxLevel + line[level+2:]
		}
	}
	return strings.Join(lines, "")
}

// refusal is why a request is not done, in words for its sender.
type refusal struct {
	status int
	words  string
}

func (r *refusal) Error() string { return r.words }

func refuse(status int, words string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(words, args...)}
}
