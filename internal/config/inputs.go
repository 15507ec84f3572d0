package config

import (
	"github.com/goccy/go-yaml/ast"

	"weir/internal/catalog"
)

// names takes names as they are; the catalog says what is allowed.
func names(all []string) (catalog.Names, error) { return catalog.MakeNames(all), nil }

// inputs is the reader of a list of mappings with name and source.
func inputs(to *catalog.Inputs) reader {
	return func(d *document, path string, n ast.Node) error {
		d.at[path] = n.GetToken()
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			return d.fail(path, "must be a list in brackets, like [{name: main}, {name: backup}]")
		}
		if len(seq.Values) > catalog.MaxInputs {
			return d.fail(path, "%d are too many, at most %d", len(seq.Values), catalog.MaxInputs)
		}
		all := make([]catalog.Input, len(seq.Values))
		for i, v := range seq.Values {
			err := d.section(path, v, []key{
				{"name", value(&all[i].Name, text)},
				{"source", value(&all[i].Source, text)},
			})
			if err != nil {
				return err
			}
		}
		d.at[path] = n.GetToken()
		*to = catalog.MakeInputs(all)
		return nil
	}
}
