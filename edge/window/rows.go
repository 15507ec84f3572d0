package window

import (
	"slices"
	"sync/atomic"

	"weir/internal/media"
)

// blockRows is how many rows a block holds. It bounds the work of cutting off a row (one block is copied), and how often
// the table of blocks is copied (once for so many rows).
const blockRows = 32

// block is a stretch of rows. Slots behind the newest row are filled in place: no snapshot that is out reaches that far. A row is replaced in place
// too, by one that differs in what media is at hand.
type block [blockRows]atomic.Pointer[media.Row]

// list is a sequence of rows with successive numbers, as a value: append and cut give back another list and leave what readers
// of this one see unchanged. Only the newest list of a line may be appended to. It implements media.Rows.
type list struct {
	head  *block   // holds the oldest row; nil: the list is empty
	rest  []*block // the blocks behind it
	first int      // position of the oldest row, counted from the start of head
	n     int
}

// Len is the number of rows.
func (l *list) Len() int { return l.n }

// At is the row at position i, 0 ≤ i < Len.
func (l *list) At(i int) *media.Row {
	if i < 0 || i >= l.n {
		panic("window: row position out of range")
	}
	return l.slot(l.first + i).Load()
}

// slot is where the row at position p from the start of head stands.
func (l *list) slot(p int) *atomic.Pointer[media.Row] {
	if p < blockRows {
		return &l.head[p]
	}
	p -= blockRows
	return &l.rest[p/blockRows][p%blockRows]
}

// last is the newest row, nil in an empty list.
func (l *list) last() *media.Row {
	if l.n == 0 {
		return nil
	}
	return l.At(l.n - 1)
}

// find is the row with that number, nil where there is none.
func (l *list) find(number uint64) *media.Row {
	if l.n == 0 {
		return nil
	}
	first := l.At(0).Number
	if number < first || number-first >= uint64(l.n) {
		return nil
	}
	return l.At(int(number - first))
}

// replace puts a row in the place of one with its number, for all that have this list.
func (l *list) replace(r *media.Row) { l.slot(l.first + int(r.Number-l.At(0).Number)).Store(r) }

// append is the list with one more row at its end.
func (l list) append(r *media.Row) list {
	if l.n == 0 {
		b := new(block)
		b[0].Store(r)
		return list{head: b, n: 1}
	}
	p := l.first + l.n
	if p%blockRows == 0 && p/blockRows > len(l.rest) {
		l.rest = append(l.rest, new(block))
	}
	l.slot(p).Store(r)
	l.n++
	return l
}

// cut is the list without its k oldest rows. It shares no memory with them: the block that has rows on both sides of
// the cut is copied, and so is the table where blocks leave it.
func (l list) cut(k int) list {
	switch {
	case k <= 0:
		return l
	case k >= l.n:
		return list{}
	}
	p := l.first + k
	from := l.head
	if whole := p / blockRows; whole > 0 {
		from = l.rest[whole-1]
		l.rest = append(make([]*block, 0, len(l.rest)-whole+1), l.rest[whole:]...)
		p %= blockRows
	}
	l.head = new(block)
	for i := p; i < blockRows; i++ {
		l.head[i].Store(from[i].Load())
	}
	l.first = p
	l.n -= k
	return l
}

// chop is the list without its k newest rows. What is appended to it takes slots of its own: others may still look at the ones that are cut off.
func (l list) chop(k int) list {
	switch {
	case k <= 0:
		return l
	case k >= l.n:
		return list{}
	}
	l.n -= k
	p := l.first + l.n // the first free slot
	whole, rest := p/blockRows, p%blockRows
	from := l.head
	if whole > 0 && rest > 0 {
		from = l.rest[whole-1]
	}
	if rest == 0 { // the block before is full
		l.rest = slices.Clone(l.rest[:whole-1])
		return l
	}
	b := new(block)
	for i := range rest {
		b[i].Store(from[i].Load())
	}
	if whole == 0 {
		l.head, l.rest = b, nil
		return l
	}
	l.rest = append(slices.Clone(l.rest[:whole-1]), b)
	return l
}

// tail is a view of the list without its k oldest rows, which it goes on referring to.
func (l list) tail(k int) *list {
	l.first += k
	l.n -= k
	return &l
}
