package media

import (
	"math/bits"
	"strconv"
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
