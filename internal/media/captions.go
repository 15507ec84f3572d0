package media

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Captions are the caption channels that the SEI messages of a video track carry (ANSI/SCTE 128-1, 8): bit 0 to 3 are CC1 to CC4
// of CEA-608, bit 3+n is service n of CEA-708, up to 32.
type Captions uint64

// MaxService is the highest number of a CEA-708 service that is told apart.
const MaxService = 32

// maxCaptions has all bits that mean something.
const maxCaptions = Captions(1)<<(4+MaxService) - 1

// Caption608 is channel CC1 to CC4.
func Caption608(n int) Captions {
	if n < 1 || n > 4 {
		return 0
	}
	return 1 << (n - 1)
}

// Caption708 is service n.
func Caption708(n int) Captions {
	if n < 1 || n > MaxService {
		return 0
	}
	return 1 << (3 + n)
}

// Valid tells whether every bit of c means something.
func (c Captions) Valid() bool { return c&^maxCaptions == 0 }

// IDs are the channels, in the form of INSTREAM-ID in HLS (rfc8216bis, 4.4.6.1): CC1 to CC4, then SERVICE1 and so on.
func (c Captions) IDs() []string {
	ids := make([]string, 0, bits.OnesCount64(uint64(c)))
	for i := range 4 + MaxService {
		switch {
		case c>>i&1 == 0:
		case i < 4:
			ids = append(ids, "CC"+strconv.Itoa(i+1))
		default:
			ids = append(ids, "SERVICE"+strconv.Itoa(i-3))
		}
	}
	return ids
}

// Caption is one caption channel as manifests announce it.
type Caption struct {
	ID       string `json:"id"`                 // CC1 … CC4, SERVICE1 … SERVICE63
	Language string `json:"language,omitempty"` // BCP 47; "" is not known
}

// NoCaptions is how operators say that there are no captions, whatever is found.
const NoCaptions = "none"

// ParseCaptions reads what an operator says of a channel's captions: "" for nothing, "none", or channels with their languages, such as
// "CC1=en,CC3=es,SERVICE1=en,SERVICE2". They come back as manifests list them: CEA-608 before 708, by number.
func ParseCaptions(s string) ([]Caption, error) {
	if s == "" || s == NoCaptions {
		return nil, nil
	}
	languages := make(map[string]string)
	var set Captions
	for one := range strings.SplitSeq(s, ",") {
		id, language, tagged := strings.Cut(strings.TrimSpace(one), "=")
		c := captionOf(id)
		switch {
		case c == 0:
			return nil, fmt.Errorf("%.20q is no caption channel: CC1 to CC4, or SERVICE1 to SERVICE%d", id, MaxService)
		case set&c != 0:
			return nil, fmt.Errorf("%s is there twice", id)
		case tagged && !IsLanguage(language):
			return nil, fmt.Errorf("%.20q of %s is no language, write it like en or pt-BR", language, id)
		}
		set |= c
		languages[id] = language
	}
	var all []Caption
	for _, id := range set.IDs() {
		all = append(all, Caption{ID: id, Language: languages[id]})
	}
	return all, nil
}

// captionOf is the channel of that ID, or 0.
func captionOf(id string) Captions {
	number, is608 := strings.CutPrefix(id, "CC")
	if !is608 {
		var is708 bool
		if number, is708 = strings.CutPrefix(id, "SERVICE"); !is708 {
			return 0
		}
	}
	n, err := strconv.Atoi(number)
	if err != nil || strconv.Itoa(n) != number {
		return 0
	}
	if is608 {
		return Caption608(n)
	}
	return Caption708(n)
}
