package storetest_test

import (
	"testing"

	"github.com/footfall/footfall/store/storetest"
)

func TestMemoryLinks(t *testing.T) {
	storetest.LinkSuite(t, func(*testing.T) storetest.LinkStore { return storetest.NewMemoryLinks() })
}
