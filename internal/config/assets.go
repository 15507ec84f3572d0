package config

import (
	"errors"

	"weir/internal/catalog"
)

// assets reads the mapping of IDs to settings.
func assets(to *[]catalog.Asset) reader {
	return named[catalog.Asset]{
		most: catalog.MaxAssets, name: "an asset's ID", fresh: catalog.NewAsset, valid: catalog.Asset.Validate,
		keys: func(a *catalog.Asset) []key {
			return []key{
				{"title", value(&a.Title, text)},
				{"sites", list(&a.Sites, asTheyAre)},
				{"files", list(&a.Files, catalog.ParseAssetFiles)},
				{"tracks", list(&a.Tracks, asTheyAre)},
			}
		},
	}.into(to)
}

// asTheyAre takes a list without a look: the catalog says what is allowed.
func asTheyAre(all []string) ([]string, error) { return all, nil }

// references refuses what names a site that is not there, and albums of albums.
func (d *document) references(c *Config) error {
	places := c.VOD.Places()
	for _, l := range places.Libraries {
		if err := l.CheckReferences(places); err != nil {
			return d.misled(join("vod.libraries", l.Name), err)
		}
	}
	byID := make(map[string]catalog.Asset, len(c.Assets))
	for _, a := range c.Assets {
		byID[a.ID] = a
	}
	find := func(id string) (catalog.Asset, bool) { a, ok := byID[id]; return a, ok }
	for _, a := range c.Assets {
		if err := a.CheckReferences(places, find); err != nil {
			return d.misled(join("assets", a.ID), err)
		}
	}
	return nil
}

// misled is the error about a setting of the section at path that names what is not there.
func (d *document) misled(path string, err error) error {
	var f *catalog.FieldError
	if errors.As(err, &f) {
		return d.fail(join(path, f.Field), "%s", f.Problem)
	}
	return d.fail(path, "%s", err)
}
