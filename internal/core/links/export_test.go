package links

// Remembered counts the answers that are remembered, and the bytes of their
// texts anew.
func (l *Links) Remembered() (entries, bytes int) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for _, m := range []*memory{&s.known, &s.rest} {
			for _, p := range m.answers.Keys() {
				a, _ := m.answers.Peek(p)
				entries++
				bytes += textBytes(p, &a)
			}
		}
		s.mu.Unlock()
	}
	return entries, bytes
}
