package config

import "weir/internal/catalog"

// names takes names as they are; the catalog says what is allowed.
func names(all []string) (catalog.Names, error) { return catalog.MakeNames(all), nil }

// inputs is the reader of a list of mappings with name and source.
func inputs(to *catalog.Inputs) reader {
	return sections(catalog.MaxInputs, "[{name: main}, {name: backup}]", func(in *catalog.Input) []key {
		return []key{{"name", value(&in.Name, text)}, {"source", value(&in.Source, text)}}
	}, func(all []catalog.Input) { *to = catalog.MakeInputs(all) })
}
