package subtitle

import "strings"

// fromMarkup is the text of a SubRip cue as WebVTT has it, and its settings. Tags of italic, bold and underlined text stay, all others go, and
// so do the commands in braces that came from SubStation Alpha, but that they may say where the text is. Characters that mean something
// in WebVTT are escaped.
func fromMarkup(lines []string) (text, settings string) {
	var all []string
	place := byte(0)
	for _, line := range lines {
		var b strings.Builder
		for line != "" {
			n := strings.IndexAny(line, `<>&{`)
			if n < 0 {
				b.WriteString(line)
				break
			}
			b.WriteString(line[:n])
			line = line[n:]
			line = line[markup(&b, line, &place):]
		}
		if said := strings.TrimSpace(b.String()); said != "" { // an empty line would end the cue
			all = append(all, said)
		}
	}
	return strings.Join(all, "\n"), placed(place)
}

// maxMarkup is the most bytes that a tag or a command may have.
const maxMarkup = 512

// find is where c is in s, or -1: it is not there, or too far.
func find(s string, c byte) int { return strings.IndexByte(s[:min(len(s), maxMarkup)], c) }

// markup writes what s begins with, a character that may mean something, and is how many bytes of s that was.
func markup(b *strings.Builder, s string, place *byte) int {
	switch s[0] {
	case '{':
		end := find(s, '}')
		if end < 0 || !strings.HasPrefix(s, `{\`) {
			break
		}
		if i := strings.Index(s[:end], `\an`); i >= 0 && *place == 0 && i+3 < end {
			*place = s[i+3]
		}
		return end + 1
	case '<':
		end := find(s, '>')
		if end < 0 {
			break
		}
		name, closing := strings.CutPrefix(strings.ToLower(s[1:end]), "/")
		word, _, _ := strings.Cut(name, " ")
		switch {
		case word == "i" || word == "b" || word == "u":
			b.WriteByte('<')
			if closing {
				b.WriteByte('/')
			}
			b.WriteString(word + ">")
			return end + 1
		case word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789/") == "":
			return end + 1
		}
	case '&':
		if end := strings.IndexByte(s[:min(len(s), 10)], ';'); end > 1 && strings.Trim(strings.ToLower(s[1:end]), "abcdefghijklmnopqrstuvwxyz0123456789#") == "" {
			b.WriteString(s[:end+1]) // it is escaped already
			return end + 1
		}
	}
	switch s[0] {
	case '<':
		b.WriteString("&lt;")
	case '>':
		b.WriteString("&gt;")
	case '&':
		b.WriteString("&amp;")
	default:
		b.WriteByte(s[0])
	}
	return 1
}

// placed are the settings for a place by the digits of a keypad: 8 is in the middle of the top.
func placed(digit byte) string {
	if digit < '1' || digit > '9' {
		return ""
	}
	var all []string
	switch (digit - '1') / 3 {
	case 1:
		all = append(all, "line:50%")
	case 2:
		all = append(all, "line:0")
	}
	switch (digit - '1') % 3 {
	case 0:
		all = append(all, "position:0%", "align:left")
	case 2:
		all = append(all, "position:100%", "align:right")
	}
	return strings.Join(all, " ")
}
