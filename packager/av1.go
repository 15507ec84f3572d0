package packager

import (
	"fmt"

	"github.com/Eyevinn/mp4ff/av1"

	"weir/internal/media"
)

// describeAV1 reads an AV1CodecConfigurationRecord (AV1-ISOBMFF, 2.3) and the sequence header in it, which it must have: the
// record alone does not say how large a picture is.
func describeAV1(d *description, f media.Format) error {
	c := f.Config
	if len(c) < 4 || c[0] != 0x81 {
		return fmt.Errorf("not an AV1CodecConfigurationRecord: %w", ErrConfig)
	}
	obus, err := av1.SplitOBUs(c[4:])
	if err != nil {
		return fmt.Errorf("configOBUs: %w: %w", err, ErrConfig)
	}
	for _, o := range obus {
		if o.Header.Type != av1.OBUSequenceHeader {
			continue
		}
		s, err := av1.ParseSequenceHeader(o.Payload)
		if err != nil {
			return fmt.Errorf("sequence header: %w: %w", err, ErrConfig)
		}
		if s.SeqProfile != c[1]>>5 || s.SeqLevelIdx0 != c[1]&31 {
			return fmt.Errorf("record and sequence header name different profiles or levels: %w", ErrConfig)
		}
		d.entry, d.box, d.payload = "av01", "av1C", c
		d.Codecs = s.CodecString("av01")
		if s.MaxFrameWidthMinus1 >= maxDimension || s.MaxFrameHeightMinus1 >= maxDimension {
			return fmt.Errorf("picture of %d×%d: %w", uint64(s.MaxFrameWidthMinus1)+1, uint64(s.MaxFrameHeightMinus1)+1, ErrConfig)
		}
		d.codedWidth, d.codedHeight = int(s.Width()), int(s.Height())
		if s.ColorPrimaries != 2 || s.TransferCharacteristics != 2 || s.MatrixCoefficients != 2 {
			d.colour = &colour{
				primaries: uint16(s.ColorPrimaries), transfer: uint16(s.TransferCharacteristics),
				matrix: uint16(s.MatrixCoefficients), full: s.ColorRange,
			}
		}
		if s.TimingInfoPresent && s.EqualPictureInterval && s.NumTicksPerPictureMinus1 < 1<<20 {
			d.rate = fraction(uint64(s.TimeScale), uint64(s.NumUnitsInDisplayTick)*(s.NumTicksPerPictureMinus1+1))
		}
		return nil
	}
	return fmt.Errorf("no sequence header in the configuration: %w", ErrConfig)
}
