package vod

// id3Size is how long the ID3v2 tag is that begins b, with header and footer (ID3v2.4, 3.1 and 3.4); 0 where none does. Ten bytes tell.
func id3Size(b []byte) int64 {
	if len(b) < 10 || string(b[:3]) != "ID3" || b[3] == 0xff || b[4] == 0xff || (b[6]|b[7]|b[8]|b[9])&0x80 != 0 {
		return 0
	}
	n := 10 + (int64(b[6])<<21 | int64(b[7])<<14 | int64(b[8])<<7 | int64(b[9]))
	if b[5]&0x10 != 0 {
		n += 10 // footer
	}
	return n
}

// skipID3 passes over the ID3v2 tags that come next.
func (s *stream) skipID3() error {
	for {
		b, err := s.peek(10)
		if err != nil {
			return err
		}
		n := id3Size(b)
		if n == 0 {
			return nil
		}
		if err := s.skip(n); err != nil {
			return err
		}
	}
}

// isTail tells whether b begins with what is written behind the frames of a music file: an ID3v1, APE or Lyrics3 tag.
func isTail(b []byte) bool {
	for _, tag := range []string{"TAG", "APETAGEX", "LYRICSBEGIN"} {
		if len(b) >= len(tag) && string(b[:len(tag)]) == tag {
			return true
		}
	}
	return false
}
