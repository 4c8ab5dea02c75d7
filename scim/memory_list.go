package scim

import (
	"iter"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
)

// chunkSize is how many elements are moved at most to make room for one. Small enough to be
// copied in a microsecond, large enough that a million elements are a list of 2,000 chunks.
const chunkSize = 512

// keyed is an element of an ordered list.
type keyed interface{ key() string }

// An ordered list keeps elements in the order of their keys, in chunks, so that a place is found and an
// element added or removed in little time however long the list is. Copies of a list share
// chunks until one of the lists changes them.
type ordered[E keyed] struct {
	chunks []*chunk[E] // none is empty
	size   int
	epoch  int         // chunks of another epoch may be shared, and are copied to be changed
	lent   atomic.Bool // somebody reads all chunks of now
}

type chunk[E keyed] struct {
	epoch    int
	elements []E
}

// lend returns the chunks as they are now; they will not change. It may be called concurrently.
func (l *ordered[E]) lend() []*chunk[E] {
	l.lent.Store(true)
	return l.chunks
}

// fork returns a copy that may be changed. Then l may not be any more.
func (l *ordered[E]) fork() *ordered[E] {
	return &ordered[E]{chunks: slices.Clone(l.chunks), size: l.size, epoch: l.epoch + 1}
}

// edit prepares for a change.
func (l *ordered[E]) edit() {
	if l.lent.Swap(false) {
		l.chunks = slices.Clone(l.chunks)
		l.epoch++
	}
}

// own returns chunk i for a change.
func (l *ordered[E]) own(i int) *chunk[E] {
	c := l.chunks[i]
	if c.epoch != l.epoch {
		c = &chunk[E]{l.epoch, slices.Clone(c.elements)}
		l.chunks[i] = c
	}
	return c
}

// search returns where the element with the key is, or belongs: place j of chunk i.
func (l *ordered[E]) search(key string) (i, j int, found bool) { return search(l.chunks, key) }

func search[E keyed](chunks []*chunk[E], key string) (i, j int, found bool) {
	if len(chunks) == 0 {
		return 0, 0, false
	}
	i = sort.Search(len(chunks), func(i int) bool { return chunks[i].elements[0].key() > key })
	i = max(i-1, 0)
	j, found = slices.BinarySearchFunc(chunks[i].elements, key, func(e E, key string) int {
		return strings.Compare(e.key(), key)
	})
	return i, j, found
}

func (l *ordered[E]) has(key string) bool {
	_, _, found := l.search(key)
	return found
}

// put adds e, or puts it in the place of the element with its key.
func (l *ordered[E]) put(e E) {
	l.edit()
	i, j, found := l.search(e.key())
	if found {
		l.own(i).elements[j] = e
		return
	}
	l.size++
	last := i >= len(l.chunks)-1
	switch {
	case len(l.chunks) == 0 || last && j == chunkSize: // in order of keys: all chunks get full
		l.chunks = append(l.chunks, &chunk[E]{l.epoch, []E{e}})
		return
	case len(l.chunks[i].elements) == chunkSize:
		l.split(i)
		if j > chunkSize/2 {
			i, j = i+1, j-chunkSize/2
		}
	}
	c := l.own(i)
	c.elements = slices.Insert(c.elements, j, e)
}

// split makes two chunks of chunk i.
func (l *ordered[E]) split(i int) {
	full := l.chunks[i].elements
	l.chunks[i] = &chunk[E]{l.epoch, slices.Clone(full[:chunkSize/2])}
	l.chunks = slices.Insert(l.chunks, i+1, &chunk[E]{l.epoch, slices.Clone(full[chunkSize/2:])})
}

// remove removes the element with the key, if there is one.
func (l *ordered[E]) remove(key string) {
	i, j, found := l.search(key)
	if !found {
		return
	}
	l.edit()
	l.size--
	if len(l.chunks[i].elements) == 1 {
		l.chunks = slices.Delete(l.chunks, i, i+1)
		return
	}
	c := l.own(i)
	c.elements = slices.Delete(c.elements, j, j+1)
}

// after returns up to limit elements with greater keys than key.
func (l *ordered[E]) after(key string, limit int) []E {
	i, j, found := l.search(key)
	if found {
		j++
	}
	return take(l.chunks[min(i, len(l.chunks)):], j, limit)
}

// take copies up to limit elements of chunks, without the first offset ones.
func take[E keyed](chunks []*chunk[E], offset, limit int) []E {
	var page []E
	for _, c := range chunks {
		if offset >= len(c.elements) {
			offset -= len(c.elements)
			continue
		}
		rest := c.elements[offset:]
		offset = 0
		page = append(page, rest[:min(len(rest), limit-len(page))]...)
		if len(page) == limit {
			break
		}
	}
	return page
}

// A walk goes through the elements of a list, one step after the other: forwards or backwards.
type walk[E keyed] struct {
	chunks     []*chunk[E]
	i, j, step int // element j of chunk i
}

// walkFrom returns a walk whose first step leads to the first element, or to that behind a key.
func walkFrom[E keyed](chunks []*chunk[E], key string, back bool) walk[E] {
	w := walk[E]{chunks: chunks, step: 1}
	last := len(chunks) - 1
	switch {
	case back && key == "":
		w.i, w.j, w.step = last, len(chunks[last].elements), -1
	case back:
		w.i, w.j, _ = search(chunks, key)
		w.step = -1
	case key == "":
		w.j = -1
	default:
		var found bool
		if w.i, w.j, found = search(chunks, key); !found {
			w.j--
		}
	}
	return w
}

func (w *walk[E]) at() E { return w.chunks[w.i].elements[w.j] }

// next goes a step, and reports whether that leads to an element.
func (w *walk[E]) next() bool {
	if w.j += w.step; 0 <= w.j && w.j < len(w.chunks[w.i].elements) {
		return true
	}
	if w.i += w.step; w.i < 0 || w.i >= len(w.chunks) {
		return false
	}
	if w.j = 0; w.step < 0 {
		w.j = len(w.chunks[w.i].elements) - 1
	}
	return true
}

// merge yields the elements of several lists in the order of their keys, or the other way back: all, or
// those behind a key. No list is empty, and none has a key of another.
func merge[E keyed](lists [][]*chunk[E], key string, back bool) iter.Seq[E] {
	return func(yield func(E) bool) {
		walks := make([]walk[E], 0, len(lists))
		for _, chunks := range lists {
			if w := walkFrom(chunks, key, back); w.next() {
				walks = append(walks, w)
			}
		}
		for len(walks) > 0 {
			first, e := 0, walks[0].at()
			for i := 1; i < len(walks); i++ {
				if o := walks[i].at(); (o.key() < e.key()) != back {
					first, e = i, o
				}
			}
			if !yield(e) {
				return
			}
			if !walks[first].next() {
				walks = slices.Delete(walks, first, first+1)
			}
		}
	}
}
