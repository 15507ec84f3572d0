package config

import "weir/internal/catalog"

// channels reads the mapping of IDs to settings. Where it is given it takes the place of the default channels.
func channels(to *[]catalog.Channel) reader {
	return named[catalog.Channel]{
		most: catalog.MaxChannels, name: "a channel's ID", fresh: catalog.New, valid: catalog.Channel.Validate,
		keys: func(ch *catalog.Channel) []key {
			return []key{
				{"title", value(&ch.Title, text)},
				{"dvr", value(&ch.DVR, duration)},
				{"segment", value(&ch.Segment, duration)},
				{"chunk", value(&ch.Chunk, duration)},
				{"source", value(&ch.Source, text)},
				{"key", value(&ch.Key, text)},
				{"passphrase", value(&ch.Passphrase, text)},
				{"allow", list(&ch.Allow, catalog.ParseAddresses)},
				{"captions", list(&ch.Captions, catalog.ParseCaptions)},
				{"subtitles", list(&ch.Subtitles, catalog.ParseLanguages)},
				{"renditions", list(&ch.Renditions, names)},
				{"ladder", ladder(&ch.Ladder)},
				{"inputs", inputs(&ch.Inputs)},
				{"switch", section(
					key{"silence", value(&ch.Switch.Silence, duration)},
					key{"back", value(&ch.Switch.Back, duration)},
				)},
				{"redundant", value(&ch.Redundant, boolean)},
				{"groups", list(&ch.Groups, names)},
			}
		},
	}.into(to)
}
