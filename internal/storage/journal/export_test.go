package journal

// WithLeastAhead sets the number of zeros from which on they are written.
func (o Options) WithLeastAhead(n int64) Options {
	o.leastAhead = n
	return o
}
