package vod

// pair is how long a sample lasts, and how far behind its decoding it is presented.
type pair struct {
	duration uint32
	cts      int32
}

// turns is what is known in a block of the pairs that came, to guess the next one. Who packs and who reads keep the same.
type turns struct {
	pairs [maxPairs]pair
	then  [maxPairs]uint8 // the place of the pair that followed last time
	count int             // of pairs that came, the oldest are overwritten
	last  int             // place of the last one
}

func (t *turns) reset() { t.count, t.last = 0, 0 }

// guess is the pair that is most likely next.
func (t *turns) guess() pair {
	if t.count == 0 {
		return pair{}
	}
	return t.pairs[t.then[t.last]]
}

// place is where p is remembered, or -1.
func (t *turns) place(p pair) int {
	for i := range min(t.count, maxPairs) {
		if t.pairs[i] == p {
			return i
		}
	}
	return -1
}

// take remembers that p came.
func (t *turns) take(p pair) {
	var i int
	switch {
	case t.count > 0 && t.pairs[t.then[t.last]] == p:
		i = int(t.then[t.last])
	default:
		if i = t.place(p); i < 0 {
			i = t.count % maxPairs
			t.pairs[i], t.then[i] = p, uint8(i)
			t.count++
		}
	}
	if t.count > 1 {
		t.then[t.last] = uint8(i)
	}
	t.last = i
}
