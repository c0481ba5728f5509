package storetest_test

import (
	"testing"

	"github.com/footfall/footfall/internal/storage/storetest"
)

func TestMemoryLinks(t *testing.T) {
	storetest.LinkSuite(t, func(*testing.T) storetest.LinkStore { return storetest.NewMemoryLinks() })
}
