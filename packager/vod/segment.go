package vod

import "context"

// Segment is a CMAF segment (ISO/IEC 23000-19, 7.3.3): Head, then what the spans are of the files. Its bytes are exactly what a packager
// writes for the same samples in one chunk: styp, moof, mdat. Head ends with the header of mdat;
// that of a file of subtitles is all of the segment.
type Segment struct {
	Head  []byte // must not be changed
	Spans []Span
	Size  int64 // of all together
}

// Span is a stretch of a file. Samples that lie one behind the other are one span.
type Span struct {
	File           int // Input.File of the file
	Offset, Length int64
}

// Source gives the file with that Input.File.
type Source func(file int) File

// Read gives the bytes of the segment, reading each span by one Open. It is for those who have no cache of their own.
func (s *Segment) Read(ctx context.Context, files Source) ([]byte, error) {
	data := make([]byte, 0, s.Size)
	data = append(data, s.Head...)
	for _, span := range s.Spans {
		var err error
		if data, err = appendRange(ctx, data, files(span.File), span.Offset, span.Length); err != nil {
			return nil, err
		}
	}
	return data, nil
}
