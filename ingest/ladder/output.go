package ladder

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/isobmff"
	"weir/internal/media"
)

// maxBox bounds what is taken of a box that a child writes.
const maxBox = 32 << 20

var errOutput = errors.New("ffmpeg's output is not understood")

// made is a picture that a child has made.
type made struct {
	pts, dts int64 // µs on the child's clock
	sync     bool
	data     []byte
}

// readOutput reads fragmented MP4 with one track until it ends (ISO/IEC 14496-12): it gives format what the header says, without a clock,
// then each picture to take. io.EOF is no error.
func readOutput(r io.Reader, format func(media.Format) error, take func(made) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var moof *mp4.MoofBox
	for {
		name, body, err := readBox(in)
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch name {
		case "moov":
			f, err := isobmff.Format("vide", isobmff.Child(body, "trak", "mdia", "minf", "stbl"))
			if err != nil {
				return fmt.Errorf("%w: %w", errOutput, err)
			}
			f.Config = bytes.Clone(f.Config)
			if err := format(f); err != nil {
				return err
			}
		case "moof":
			if moof, err = decodeMoof(body); err != nil {
				return err
			}
		case "mdat":
			if moof == nil {
				return fmt.Errorf("%w: pictures without a fragment", errOutput)
			}
			if err := pictures(moof, body, take); err != nil {
				return err
			}
			moof = nil
		}
	}
}

// readBox reads a box whole. The error is io.EOF where the stream ends before it, and where it ends within: a child that is killed stops anywhere.
func readBox(in io.Reader) (name string, body []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return "", nil, io.EOF
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 8 || n > maxBox {
		return "", nil, fmt.Errorf("%w: box %q of %d bytes", errOutput, head[4:], n)
	}
	body = make([]byte, n-8)
	if _, err := io.ReadFull(in, body); err != nil {
		return "", nil, io.EOF
	}
	return string(head[4:]), body, nil
}

func decodeMoof(body []byte) (moof *mp4.MoofBox, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: moof: %v", errOutput, p)
		}
	}()
	whole := binary.BigEndian.AppendUint32(make([]byte, 0, len(body)+8), uint32(len(body)+8))
	whole = append(append(whole, "moof"...), body...)
	box, err := mp4.DecodeBoxSR(0, bits.NewFixedSliceReader(whole))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errOutput, err)
	}
	m, ok := box.(*mp4.MoofBox)
	if !ok || m.Traf == nil || m.Traf.Tfhd == nil || m.Traf.Tfdt == nil || m.Traf.Trun == nil {
		return nil, fmt.Errorf("%w: moof without a part", errOutput)
	}
	return m, nil
}

// pictures are those of a fragment, one behind the other in its data.
func pictures(moof *mp4.MoofBox, data []byte, take func(made) error) error {
	traf := moof.Traf
	traf.Trun.AddSampleDefaultValues(traf.Tfhd, nil)
	dts := int64(traf.Tfdt.BaseMediaDecodeTime())
	for _, s := range traf.Trun.Samples {
		if uint64(s.Size) > uint64(len(data)) {
			return fmt.Errorf("%w: a picture of %d bytes in %d", errOutput, s.Size, len(data))
		}
		p := made{pts: dts + int64(s.CompositionTimeOffset), dts: dts, sync: s.IsSync(), data: data[:s.Size:s.Size]}
		if err := take(p); err != nil {
			return err
		}
		data = data[s.Size:]
		dts += int64(s.Dur)
	}
	return nil
}
