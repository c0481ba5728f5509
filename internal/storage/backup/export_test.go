package backup

// Unwritable and UnsafePlace are for tests: root may write everywhere, and a
// test is one user.
var (
	Unwritable  = unwritable
	UnsafePlace = unsafePlace
)
