package ladder

import (
	"encoding/binary"
	"fmt"

	"weir/internal/media"
)

// The child gets the pictures as Matroska (RFC 9559): it names presentation times only, of which encoders make what else they need, and,
// other than of fragmented MP4, ffmpeg keeps nothing of what it has read. A cluster holds one picture. Times are in µs.

// Elements of EBML (RFC 8794) and Matroska.
const (
	idEBML          = 0x1A45DFA3
	idDocType       = 0x4282
	idDocVersion    = 0x4287
	idDocReadable   = 0x4285
	idSegment       = 0x18538067
	idInfo          = 0x1549A966
	idTimestampUnit = 0x2AD7B1
	idTracks        = 0x1654AE6B
	idTrackEntry    = 0xAE
	idTrackNumber   = 0xD7
	idTrackUID      = 0x73C5
	idTrackType     = 0x83
	idCodecID       = 0x86
	idCodecPrivate  = 0x63A2
	idVideo         = 0xE0
	idPixelWidth    = 0xB0
	idPixelHeight   = 0xBA
	idCluster       = 0x1F43B675
	idTimestamp     = 0xE7
	idSimpleBlock   = 0xA3
)

// matroskaHeader begins a live stream of one track of pictures. The error is of a codec that has no name there.
func matroskaHeader(f media.Format, width, height int) ([]byte, error) {
	codec := codecID(f.Codec)
	if codec == "" {
		return nil, fmt.Errorf("pictures in %s cannot be given to ffmpeg", f.Codec)
	}
	b := element(nil, idEBML, join(
		element(nil, idDocType, []byte("matroska")), element(nil, idDocVersion, []byte{4}), element(nil, idDocReadable, []byte{2}),
	))
	b = appendID(b, idSegment)
	b = append(b, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // its size is not known
	b = element(b, idInfo, element(nil, idTimestampUnit, number(1000)))
	return element(b, idTracks, element(nil, idTrackEntry, join(
		element(nil, idTrackNumber, []byte{1}), element(nil, idTrackUID, []byte{1}), element(nil, idTrackType, []byte{1}),
		element(nil, idCodecID, []byte(codec)), element(nil, idCodecPrivate, f.Config),
		element(nil, idVideo, join(element(nil, idPixelWidth, number(uint64(width))), element(nil, idPixelHeight, number(uint64(height))))),
	))), nil
}

// matroskaPicture is a cluster before the data of its picture, which follows.
func matroskaPicture(p picture) []byte {
	head := []byte{0x81, 0, 0, 0} // track 1, at the cluster's time
	if p.sync {
		head[3] = 0x80
	}
	at := element(nil, idTimestamp, number(uint64(p.pts)))
	block := size(appendID(nil, idSimpleBlock), len(head)+len(p.data))
	b := size(appendID(make([]byte, 0, 64), idCluster), len(at)+len(block)+len(head)+len(p.data))
	return append(append(append(b, at...), block...), head...)
}

func element(b []byte, id uint32, body []byte) []byte {
	return append(size(appendID(b, id), len(body)), body...)
}

func appendID(b []byte, id uint32) []byte {
	var all [4]byte
	binary.BigEndian.PutUint32(all[:], id)
	i := 0
	for all[i] == 0 {
		i++
	}
	return append(b, all[i:]...)
}

// size is an element's size in eight bytes.
func size(b []byte, n int) []byte { return binary.BigEndian.AppendUint64(b, 1<<56|uint64(n)) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// codecID is what Matroska calls the codec of pictures; "": there is no name.
func codecID(c media.Codec) string {
	switch c {
	case media.AVC:
		return "V_MPEG4/ISO/AVC"
	case media.HEVC:
		return "V_MPEGH/ISO/HEVC"
	case media.AV1:
		return "V_AV1"
	}
	return ""
}
