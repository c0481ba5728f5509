package links

// Remembered is the number of answers in the cache, and the bytes of their texts.
func (l *Links) Remembered() (entries, bytes int) {
	for i := range l.shards {
		known, knownBytes := l.shards[i].known.Len()
		rest, restBytes := l.shards[i].rest.Len()
		entries, bytes = entries+known+rest, bytes+knownBytes+restBytes
	}
	return entries, bytes
}
