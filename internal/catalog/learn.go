package catalog

// learn takes in what the bucket holds for the ID, unless something newer is known already. Settings that are not valid
// change nothing while the process runs; at its start the file's settings stand.
func (s *store[V, P]) learn(id string, from stored[P]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.stored[id]
	if known && old.revision >= from.revision {
		return
	}
	if !known && len(s.stored) >= s.kind.records {
		s.log.Error("stored settings ignored: too many records in the bucket", s.kind.name, id, "limit", s.kind.records)
		return
	}
	v, _ := s.origin(id)
	if !from.deleted {
		v = from.patch.Apply(v).revised(from.revision)
		if err := v.Validate(); err != nil {
			s.log.Error("stored settings ignored", s.kind.name, id, "revision", from.revision, "err", err)
			s.stored[id] = stored[P]{record: old.record, revision: from.revision}
			return
		}
		if _, on := s.now[id]; !on && len(s.now) >= s.kind.most {
			s.log.Error("stored settings ignored", s.kind.name, id, "err", ErrFull, "limit", s.kind.most)
			return
		}
	}
	s.stored[id] = from
	s.show(id, v, !from.deleted)
}

// forget takes back what the bucket held for the ID: somebody removed the key itself. The file decides again.
func (s *store[V, P]) forget(id string, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, known := s.stored[id]; !known || old.revision >= revision {
		return
	}
	delete(s.stored, id)
	v, fromFile := s.origin(id)
	s.show(id, v, fromFile)
}

// show makes v the effective settings of that ID, or takes them away, and tells who watches. s.mu is held.
func (s *store[V, P]) show(id string, v V, present bool) {
	old, was := s.now[id]
	if was == present && (!present || old.equal(v)) {
		return
	}
	if was != present {
		s.ids = nil
	}
	if present {
		s.now[id] = v
		if !was {
			s.makings++
			s.made[id] = s.makings
		}
	} else {
		delete(s.now, id)
		delete(s.made, id)
	}
	for w := range s.watchers {
		w.mark(id)
	}
}
