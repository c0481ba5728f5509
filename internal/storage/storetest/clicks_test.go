package storetest_test

import (
	"testing"

	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

func TestMemoryClicks(t *testing.T) {
	storetest.Clicks(t, func(*testing.T) store.Clicks { return &storetest.MemoryClicks{} })
}
