package mpegts

import "strings"

// descriptors are what the descriptors of a stream or program say (ISO/IEC 13818-1, 2.6; ETSI EN 300 468, 6.2).
type descriptors struct {
	registration string // format_identifier: four characters, or ""
	ac3, eac3    bool   // descriptors of DVB
	data         bool   // of teletext, subtitles, or other DVB data: no media of ours
	opus         byte   // channel_config_code; 0: none
	metadata     string // metadata_format_identifier, or ""
	language     string // BCP 47, or ""
}

func readDescriptors(b []byte) (d descriptors) {
	for len(b) >= 2 {
		tag, n := b[0], int(b[1])
		if 2+n > len(b) {
			return d
		}
		body := b[2 : 2+n]
		b = b[2+n:]
		switch tag {
		case 0x05:
			if n >= 4 && d.registration == "" {
				d.registration = string(body[:4])
			}
		case 0x0a: // ISO_639_language_descriptor: the first language stands for all
			if n >= 4 {
				d.language = language(string(body[:3]))
			}
		case 0x26: // metadata_descriptor
			d.metadata = metadataFormat(body)
		case 0x6a, 0x81: // AC-3 of DVB and of ATSC (A/52, A3.4)
			d.ac3 = true
		case 0x7a, 0xcc:
			d.eac3 = true
		case 0x45, 0x46, 0x56, 0x59: // VBI data, VBI teletext, teletext, subtitling
			d.data = true
		case 0x7f: // extension: of Opus
			if n >= 2 && body[0] == 0x80 {
				d.opus = body[1]
			}
		}
	}
	return d
}

// metadataFormat is the metadata_format_identifier of a metadata descriptor (2.6.60).
func metadataFormat(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	if b[0] == 0xff && b[1] == 0xff {
		b = b[min(6, len(b)):]
	} else {
		b = b[2:]
	}
	if len(b) >= 5 && b[0] == 0xff {
		return string(b[1:5])
	}
	return ""
}

// shortest are ISO 639-1 codes for those of ISO 639-2, terminological and bibliographic: BCP 47 wants the shortest (RFC 5646, 2.2.1).
var shortest = func() map[string]string {
	const table = "alb:sq ara:ar arm:hy baq:eu bel:be ben:bn bod:bo bos:bs bul:bg bur:my cat:ca ces:cs chi:zh cym:cy cze:cs dan:da " +
		"deu:de dut:nl ell:el eng:en est:et eus:eu fao:fo fas:fa fin:fi fra:fr fre:fr fry:fy geo:ka ger:de gla:gd gle:ga glg:gl " +
		"gre:el guj:gu heb:he hin:hi hrv:hr hun:hu hye:hy ice:is ind:id isl:is ita:it jpn:ja kat:ka kaz:kk khm:km kor:ko lao:lo " +
		"lat:la lav:lv lit:lt ltz:lb mac:mk mal:ml mao:mi mar:mr may:ms mkd:mk mlt:mt mon:mn mri:mi msa:ms mya:my nep:ne nld:nl " +
		"nno:nn nob:nb nor:no oci:oc pan:pa per:fa pol:pl por:pt roh:rm ron:ro rum:ro rus:ru sin:si slk:sk slo:sk slv:sl sme:se " +
		"som:so spa:es sqi:sq srp:sr swa:sw swe:sv tam:ta tel:te tgl:tl tha:th tib:bo tur:tr ukr:uk urd:ur uzb:uz vie:vi wel:cy " +
		"xho:xh yid:yi zho:zh zul:zu"
	m := make(map[string]string)
	for pair := range strings.FieldsSeq(table) {
		long, short, _ := strings.Cut(pair, ":")
		m[long] = short
	}
	return m
}()

// language makes a BCP 47 tag of three letters of ISO 639-2; "" where they name no language.
func language(code string) string {
	code = strings.ToLower(code)
	for _, c := range []byte(code) {
		if c < 'a' || c > 'z' {
			return ""
		}
	}
	if short := shortest[code]; short != "" {
		return short
	}
	switch {
	case code == "und", code == "mis", code == "zxx", code == "mul", code >= "qaa" && code <= "qtz":
		return "" // qaa, in DVB the original sound, is no language either
	}
	return code
}
