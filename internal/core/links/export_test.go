package links

// Remembered is the number of answers in the cache, and the bytes of their texts.
func (l *Links) Remembered() (entries, bytes int) {
	for i := range l.shards {
		own, ownBytes := l.shards[i].ownHosts.Len()
		others, othersBytes := l.shards[i].others.Len()
		entries, bytes = entries+own+others, bytes+ownBytes+othersBytes
	}
	return entries, bytes
}
