package packager

import (
	"fmt"
	"slices"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"

	"weir/internal/media"
	"weir/packager/moof"
)

// TrackID is the ID of every track: each is alone in its file (ISO/IEC 23000-19, 6.4).
const TrackID = 1

// Header is the init segment of a track of that format: its CMAF header. The error wraps ErrUnsupported or ErrConfig.
func Header(f media.Format) ([]byte, error) { return HeaderFrom(f, 0) }

// HeaderFrom is Header for a track of which what is presented begins so many ticks into the media: an edit list takes that off all times
// (ISO/IEC 23000-19, 7.5.13), so that players drop what an encoder has put before the music.
func HeaderFrom(f media.Format, start media.Ticks) ([]byte, error) {
	d, err := describe(f)
	if err != nil {
		return nil, err
	}
	d.start = start
	return header(&d)
}

// header writes a CMAF header (ISO/IEC 23000-19, 7.3.1): ftyp and moov of one track. It depends on nothing but the format, so
// that equal formats have equal bytes. Live has no edit list: the timeline is that of the channel, presentation times are
// baseMediaDecodeTime plus composition offset, and an encoder's priming is left to the decoder (Opus: pre-skip in dOps).
func header(d *description) ([]byte, error) {
	init := mp4.NewMP4Init()
	brands := []string{"iso6", "cmfc"}
	if d.brand != "" {
		brands = append(brands, d.brand)
	}
	init.AddChild(mp4.NewFtyp("cmfc", 0, brands))
	moov := mp4.NewMoovBox()
	init.AddChild(moov)
	moov.AddChild(mp4.CreateMvhd())
	mvex := mp4.NewMvexBox()
	moov.AddChild(mvex)

	language := d.Language
	if language == "" {
		language = "und"
	}
	short := language
	if !plainLanguage(language) { // mdhd has room for three letters, the rest goes to elng
		short = "und"
	}
	handler := string(d.Kind)
	if d.Kind == media.Text {
		handler = textHandler(d.Codec)
	}
	trak := mp4.CreateEmptyTrak(TrackID, d.Timescale, handler, short)
	if short != language {
		addExtendedLanguage(trak, language)
	}
	if d.start > 0 {
		edts := new(mp4.EdtsBox)
		edts.AddChild(&mp4.ElstBox{Version: 1, Entries: []mp4.ElstEntry{{MediaTime: int64(d.start), MediaRateInteger: 1}}})
		trak.Children = slices.Insert(trak.Children, 1, mp4.Box(edts)) // behind tkhd
	}
	stsd := trak.Mdia.Minf.Stbl.Stsd
	switch d.Kind {
	case media.Video:
		width, height := d.unrotated()
		trak.Tkhd.Width, trak.Tkhd.Height, trak.Tkhd.Matrix = mp4.Fixed32(width<<16), mp4.Fixed32(height<<16), d.matrix()
		stsd.AddChild(visualEntry(d))
	case media.Audio:
		stsd.AddChild(audioEntry(d))
	case media.Text:
		stsd.Children = append(stsd.Children, rawBox(d.entry, textEntry(d))) // AddChild takes only its own types
		stsd.SampleCount++
	}
	moov.AddChild(trak)
	moov.Mvhd.NextTrackID = TrackID + 1
	trex := mp4.CreateTrex(TrackID)
	trex.DefaultSampleFlags = moof.SyncFlags
	if d.Kind == media.Video {
		trex.DefaultSampleFlags = moof.NonSyncFlags
	}
	mvex.AddChild(trex)

	w := bits.NewFixedSliceWriter(int(init.Size()))
	if err := init.EncodeSW(w); err != nil {
		return nil, fmt.Errorf("encode CMAF header of %s track: %w", d.Codec, err)
	}
	return w.Bytes(), nil
}

func plainLanguage(l string) bool {
	if len(l) != 3 {
		return false
	}
	for _, c := range []byte(l) {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// addExtendedLanguage puts an elng box behind the hdlr (ISO/IEC 14496-12, 8.4.6).
func addExtendedLanguage(trak *mp4.TrakBox, language string) {
	old := trak.Mdia.Children
	trak.Mdia.Children = nil
	for _, c := range old {
		trak.Mdia.AddChild(c)
		if c.Type() == "hdlr" {
			trak.Mdia.AddChild(mp4.CreateElng(language))
		}
	}
}

// rawBox is a box whose body is there already: a decoder configuration is passed on byte by byte.
func rawBox(name string, body []byte) mp4.Box {
	return mp4.CreateUnknownBox(name, uint64(8+len(body)), body)
}

func visualEntry(d *description) mp4.Box {
	e := mp4.CreateVisualSampleEntryBox(d.entry, uint16(d.codedWidth), uint16(d.codedHeight), rawBox(d.box, d.payload))
	e.CompressorName = ""
	if c := d.colour; c != nil {
		e.AddChild(&mp4.ColrBox{
			ColorType: mp4.ColorTypeOnScreenColors, ColorPrimaries: c.primaries,
			TransferCharacteristics: c.transfer, MatrixCoefficients: c.matrix, FullRangeFlag: c.full,
		})
	}
	e.AddChild(&mp4.PaspBox{HSpacing: uint32(d.sarWidth), VSpacing: uint32(d.sarHeight)})
	return e
}

func audioEntry(d *description) mp4.Box {
	rate := d.SampleRate
	if rate > 65535 {
		// The field has 16 bits. FLAC in ISOBMFF, 3.3.1, asks for the largest whole part that fits; elsewhere 0 says: see
		// the decoder configuration.
		rate = 0
		if d.Codec == media.FLAC {
			for n := 2; rate == 0; n++ {
				if d.SampleRate%n == 0 && d.SampleRate/n <= 65535 {
					rate = d.SampleRate / n
				} else if n > 768 {
					rate = 65535
				}
			}
		}
	}
	var config mp4.Box
	if d.box == "" {
		esds := mp4.CreateEsdsBox(d.payload)
		esds.DecConfigDescriptor.ObjectType = d.objectType
		if len(d.payload) == 0 {
			esds.DecConfigDescriptor.DecSpecificInfo = nil
		}
		config = esds
	} else {
		config = rawBox(d.box, d.payload)
	}
	e := mp4.CreateAudioSampleEntryBox(d.entry, uint16(d.Channels), d.sampleBits, uint16(rate), nil)
	e.Children = append(e.Children, config) // AddChild takes only its own types
	return e
}
