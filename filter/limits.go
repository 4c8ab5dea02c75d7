package filter

// Limits on what Parse and ParsePath accept. The filters of Entra ID, Okta and the others have one
// to four comparisons, so these leave an order of magnitude of room.
const (
	// MaxLength bounds a filter or path, in bytes; it is also what servers commonly take as a
	// request line.
	MaxLength = 8 << 10
	// MaxDepth bounds nested parentheses and brackets: the grammar behind us recurses on each.
	MaxDepth = 32
	// MaxGroups bounds the pairs of parentheses of a filter; each costs some 10 µs to parse.
	MaxGroups = 200
	// MaxTerms bounds the comparisons of a filter, and so what one match can cost.
	MaxTerms = 200
	// MaxValueFilters bounds the value paths, name[…], of a filter.
	MaxValueFilters = 32
	// MaxNumber bounds a number, in bytes; int64 and float64 need 24.
	MaxNumber = 40
	// maxShapes and maxShape bound the cache of parsed shapes: entries, and bytes of one.
	maxShapes, maxShape = 1024, 256
)
