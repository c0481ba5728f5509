package storetest_test

import (
	"io"
	"testing"

	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

func TestMemoryCounts(t *testing.T) {
	storetest.Counts(t, func(*testing.T) store.ClickCounts { return &storetest.MemoryCounts{} })
}

// TestRolesOfMemoryCounts: an engine that serves one role runs the suite of that
// role, and nothing else is asked of it.
func TestRolesOfMemoryCounts(t *testing.T) {
	t.Run("Questions", func(t *testing.T) {
		storetest.Questions(t, func(*testing.T) storetest.QuestionsEngine {
			m := &storetest.MemoryCounts{}
			return struct {
				store.Counting
				store.Questions
				io.Closer
			}{m, m, m}
		})
	})
	t.Run("Progress", func(t *testing.T) {
		storetest.Progress(t, func(*testing.T) storetest.ProgressEngine {
			m := &storetest.MemoryCounts{}
			return struct {
				store.Counting
				store.Progress
				io.Closer
			}{m, m, m}
		})
	})
	t.Run("Proof", func(t *testing.T) {
		storetest.Proof(t, func(*testing.T) storetest.ProofEngine {
			m := &storetest.MemoryCounts{}
			return struct {
				store.Counting
				store.Proof
				io.Closer
			}{m, m, m}
		})
	})
	t.Run("Identity", func(t *testing.T) {
		storetest.Identity(t, func(*testing.T) storetest.IdentityEngine {
			m := &storetest.MemoryCounts{}
			return struct {
				store.Identity
				io.Closer
			}{m, m}
		})
	})
	t.Run("Shared", func(t *testing.T) {
		storetest.Shared(t, func(*testing.T) storetest.SharedEngine {
			m := &storetest.MemoryCounts{}
			return struct {
				store.Counting
				store.Questions
				store.Progress
				store.JournalCounts
				io.Closer
			}{m, m, m, m, m}
		})
	})
}
