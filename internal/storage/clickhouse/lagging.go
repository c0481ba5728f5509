package clickhouse

// Lagging returns how many servers are away or lack rows, and how many scopes wait to be
// removed because of them, as far as this process has noticed: it does not ask.
func (s *Store) Lagging() (servers, deletions int) {
	for _, n := range s.cluster.nodes {
		if !n.known.Load() || n.lacks.rows() {
			servers++
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsettled { // epochs wait for a server
		servers = max(servers, 1)
	}
	for _, src := range s.sources {
		deletions += len(src.epoch.deleted)
		for _, epochs := range [][]epoch{src.ended, src.undone} {
			for i := range epochs {
				deletions += len(epochs[i].deleted)
			}
		}
	}
	return servers, deletions
}
