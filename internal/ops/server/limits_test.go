package server

import "testing"

// TestExpensiveQuestions: a processor is left to visitors, unless other servers work on the questions.
func TestExpensiveQuestions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		processors int
		elsewhere  bool
		all, each  int
	}{
		{1, false, 1, 1}, {2, false, 1, 1}, {3, false, 2, 2}, {4, false, 3, 2}, {5, false, 4, 2}, {64, false, 4, 2},
		{1, true, 4, 2}, {64, true, 4, 2},
	} {
		if l := expensiveQuestions(c.processors, c.elsewhere); l.All != c.all || l.Each != c.each {
			t.Errorf("%d processors, data elsewhere: %v: %d questions at once and %d of a user, want %d and %d", c.processors, c.elsewhere, l.All, l.Each, c.all, c.each)
		}
	}
}
