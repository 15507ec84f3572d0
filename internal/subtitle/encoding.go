package subtitle

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// The names of encodings that Decode tells.
const (
	UTF8        = "UTF-8"
	UTF16       = "UTF-16"
	Windows1252 = "Windows-1252"
)

// Decode is the text of a document, and how it was encoded: UTF-8 and UTF-16 by their byte order marks, UTF-8 where it is that without one,
// else Windows-1252, of which Latin-1 is a part. Bytes that mean nothing become U+FFFD.
func Decode(b []byte) (text, name string) {
	switch {
	case bytes.HasPrefix(b, []byte("\xFF\xFE")), bytes.HasPrefix(b, []byte("\xFE\xFF")):
		return decoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), b), UTF16
	case bytes.HasPrefix(b, []byte("\uFEFF")):
		return strings.ToValidUTF8(string(b[3:]), string(utf8.RuneError)), UTF8
	case utf8.Valid(b):
		return string(b), UTF8
	}
	return decoded(charmap.Windows1252, b), Windows1252
}

// decoded is b in UTF-8. These encodings have a character for every byte, U+FFFD at least: the decoder has no errors.
func decoded(e encoding.Encoding, b []byte) string {
	text, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), string(utf8.RuneError))
	}
	return string(text)
}
