package library

// Entry is an asset in a list.
type Entry struct {
	ID, Title string // Title may be ""
}

// List is what can be played: clips first, then what the catalog lists, at most limit. Members of mapped directories are not among them.
func (l *Library) List(limit int) []Entry {
	var all []Entry
	if l.cfg.Clips != nil {
		for _, info := range l.cfg.Clips.List("") {
			if len(all) == limit {
				return all
			}
			all = append(all, Entry{info.ID, info.Name})
		}
	}
	if l.cfg.Catalog != nil {
		for _, a := range l.cfg.Catalog.Page("", "", limit-len(all)) {
			all = append(all, Entry{a.ID, a.Title})
		}
	}
	return all
}
