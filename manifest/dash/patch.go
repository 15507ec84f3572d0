package dash

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"weir/internal/media"
	"weir/manifest"
)

// patchPath is where patches are, relative to the MPD.
const patchPath = "manifest.mpp"

// patchLife is for how long after its publishTime an MPD may be patched.
func patchLife(w *media.Window) time.Duration {
	return max(10*w.Target, time.Minute).Round(time.Second)
}

// patchURL is where the patch from that publishTime is.
func patchURL(from string, links manifest.Links) string {
	url := patchPath + "?from=" + from
	if rest := strings.TrimPrefix(links.Playlists, "?"); rest != "" {
		url += "&" + rest
	}
	return url
}

// operationsMost is how many operations a patch may have: more are no gain over the whole MPD.
const operationsMost = 256

// patcher writes a patch (ISO/IEC 23009-1:2022, 5.15; RFC 5261). Players understand less than there is: elements are replaced, not their
// attributes, where a player has numbers of these; Periods and sets are named by their ids, S by their place; Periods do not change.
type patcher struct {
	channel             string
	original, published string
	operations          []byte
	count               int
}

// between collects what leads from the old state to the outline, which has the same structure. It is false where that is too much, or not known any more.
func (p *patcher) between(old *state, o *outline) bool {
	p.replace("/MPD/@publishTime", o.published)
	lines, often := old.lines, old.often
	for i := range o.fills {
		f := &o.fills[i]
		switch {
		case f.mark == patchMark:
			p.location(o, i)
		case f.line != nil:
			if len(lines) == 0 || !p.line(f.at, &lines[0], f.line) {
				return false
			}
			lines = lines[1:]
		case f.often && f.kind != plain:
			if len(often) == 0 {
				return false
			}
			if text := string(f.text); text != often[0] {
				p.attributes(f.at, text)
			}
			often = often[1:]
		}
	}
	return p.count <= operationsMost
}

// location replaces the PatchLocation. Its text is that of the document, which begins in the literal before the mark and ends in the one behind.
func (p *patcher) location(o *outline, i int) {
	const tag = "<PatchLocation"
	start := bytes.LastIndex(o.literals[i], []byte(tag))
	end := bytes.Index(o.literals[i+1], []byte("</PatchLocation>"))
	p.open("replace", "/MPD/PatchLocation[1]")
	p.operations = append(p.operations, o.literals[i][start:]...)
	p.operations = append(p.operations, o.fills[i].text...)
	p.operations = append(p.operations, o.literals[i+1][:end]...)
	p.operations = append(p.operations, "</PatchLocation>"...)
	p.close("replace")
}

// attributes replaces each attribute of the element: text is as it stands in a tag, in which no value has a space.
func (p *patcher) attributes(at, text string) {
	for _, attribute := range strings.Fields(text) {
		name, value, _ := strings.Cut(attribute, "=")
		p.replace(at+"/@"+name, strings.Trim(value, `"`))
	}
}

// line changes a timeline. Elements of the old one that are wholly before the first segment go, the first one left is told anew, and
// what is behind the old end is told anew too.
func (p *patcher) line(at string, was *savedLine, is *line) bool {
	old := line{strip: is.strip, from: was.from, to: was.to, tail: was.tail}
	if !is.complete() || !old.complete() {
		return p.short(at, &old, is)
	}
	s := is.strip
	if len(s.entries) == 0 || old.from < s.entries[0].number || old.from > is.from || old.to > is.to {
		return false
	}
	oldHead, oldI, oldJ, oldTail := old.elements()
	head, i, j, tail := is.elements()
	if oldI >= oldJ && len(oldTail) == 0 || i > oldJ {
		// The old end lies in the first element that is left, or before it: none of the old ones stays as it is.
		return p.rewrite(at, len(oldHead)+(oldJ-oldI)+len(oldTail), head, s.entries[i:j], tail)
	}
	// Element 1 is entry i-1. Entries from i up to oldJ, exclusive, are in both.
	for range i - oldI {
		p.remove(at, 1)
	}
	if was.from != is.from {
		p.element(at, 1, head[0], true)
	}
	p.tailFrom(at, 2+oldJ-i, oldTail, append(append([]entry(nil), s.entries[oldJ:j]...), tail...))
	return true
}

// short is line where there were no complete rows, or are none.
func (p *patcher) short(at string, old, is *line) bool {
	oldHead, oldI, oldJ, oldTail := old.elements()
	head, i, j, tail := is.elements()
	return p.rewrite(at, len(oldHead)+(oldJ-oldI)+len(oldTail), head, is.strip.entries[i:j], tail)
}

// rewrite tells a whole timeline anew, which had so many elements.
func (p *patcher) rewrite(at string, had int, head, middle, tail []entry) bool {
	all := append(append(append([]entry(nil), head...), middle...), tail...)
	if had+len(all) > operationsMost/2 {
		return false
	}
	for k := range all {
		if k < had {
			p.element(at, k+1, all[k], k == 0 || all[k].jump)
		}
	}
	for range had - len(all) {
		p.remove(at, len(all)+1)
	}
	if had < len(all) {
		p.add(at, all[had:])
	}
	return true
}

// tailFrom replaces the elements from place on, which were old, by those that are new.
func (p *patcher) tailFrom(at string, place int, old, is []entry) {
	for k := range min(len(old), len(is)) {
		if same := old[k].n == is[k].n && old[k].d == is[k].d && old[k].jump == is[k].jump && (!is[k].jump || old[k].start == is[k].start); !same {
			p.element(at, place+k, is[k], is[k].jump)
		}
	}
	for range len(old) - len(is) {
		p.remove(at, place+len(is))
	}
	if len(old) < len(is) {
		p.add(at, is[len(old):])
	}
}

// element replaces the S at that place, counted from 1.
func (p *patcher) element(at string, place int, e entry, start bool) {
	p.open("replace", at+"/S["+strconv.Itoa(place)+"]")
	p.operations = appendElement(p.operations, e, start)
	p.close("replace")
}

// add puts elements behind those that are there.
func (p *patcher) add(at string, all []entry) {
	p.open("add", at)
	for k := range all {
		p.operations = appendElement(p.operations, all[k], all[k].jump)
	}
	p.close("add")
	p.count += len(all)
}

func (p *patcher) remove(at string, place int) {
	p.count++
	p.operations = append(p.operations, `  <remove sel="`+at+"/S["+strconv.Itoa(place)+"]\"/>\n"...)
}

// replace gives an attribute another value.
func (p *patcher) replace(at, value string) {
	p.open("replace", at)
	p.operations = append(p.operations, value...)
	p.close("replace")
}

func (p *patcher) open(operation, at string) {
	p.count++
	p.operations = append(p.operations, "  <"+operation+` sel="`+at+`">`...)
}

func (p *patcher) close(operation string) {
	p.operations = append(p.operations, "</"+operation+">\n"...)
}

// document is the patch.
func (p *patcher) document() []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<Patch xmlns="urn:mpeg:dash:schema:mpd-patch:2020" mpdId="`)
	_ = xml.EscapeText(&b, []byte(p.channel)) // a buffer takes all
	b.WriteString(`" originalPublishTime="` + p.original + `" publishTime="` + p.published + "\">\n")
	b.Write(p.operations)
	b.WriteString("</Patch>\n")
	return b.Bytes()
}
